"""Everybody's submissions as each learning platform exports them, made from the platforms' documented formats.

Each builder gives {path: content} of the same class: Ann One (1017) in time, Bob Two (1018) late, Zoë Ümlaut (1019)
with a zip. `EXPECTED` says who has to come out of it: (name, id, time as the platform writes it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from autograder.tests.conftest import SUMS, WORDS
from autograder.tests.packing import zipped

Export = dict[str, str | bytes]
TIME = datetime(2026, 11, 20, 22, 58)
LATE = datetime(2026, 11, 21, 1, 5)
ZOE = "Zoë Ümlaut"


HOMEWORK = zipped({"sums.py": SUMS, "words.py": WORDS})


@dataclass(frozen=True)
class HandedIn:
    """Who handed what in, in the words that names of files are made of."""

    name: str
    sid: str
    time: datetime
    content: str | bytes
    path: str  # within the upload
    sortable: str  # Canvas's form of the name
    anon: str  # and its id of a student whose name is hidden
    number: int  # of the upload
    login: int  # Brightspace's number of the student, if the id is shown too

    @property
    def file(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def late(self) -> bool:
        return self.time > TIME

    @property
    def clock(self) -> str:
        """ "1058 PM", as Brightspace writes it."""
        return f"{self.time:%I%M %p}".lstrip("0")


ANN = HandedIn("Ann One", "1017", TIME, SUMS, "sums.py", "oneann", "Ab3dE", 5001, 27)
BOB = HandedIn("Bob Two", "1018", LATE, SUMS, "hw/sums.py", "twobob", "xY9zQ", 5003, 28)
LAST = HandedIn(ZOE, "1019", TIME, HOMEWORK, "submission.zip", "ümlautzoë", "Kk2mN", 5004, 29)
CLASS = (ANN, BOB, LAST)


def named(form: Callable[[HandedIn], str], handed_in: Iterable[HandedIn] = CLASS) -> Export:
    """What each handed in, under the name that `form` gives it."""
    return {form(one): one.content for one in handed_in}


def gradescope() -> Export:
    """assignment_1_export/ with a folder a submission, unpacked by Gradescope, and the metadata."""
    metadata = "".join(
        f"submission_{one.number}:\n  :submitters:\n  - :name: {one.name}\n    :sid: '{one.sid}'\n"
        f"  :created_at: {one.time} Z\n  :score: 3.0\n"
        for one in CLASS
    )
    top = "assignment_1_export"
    unpacked = {f"{top}/submission_5004/sums.py": SUMS, f"{top}/submission_5004/words.py": WORDS}
    files = named(lambda one: f"{top}/submission_{one.number}/{one.path}", (ANN, BOB))
    return {f"{top}/submission_metadata.yml": metadata, **files, **unpacked}


def canvas() -> Export:
    """lib/content_zipper.rb: sortable name in lower case without a separator, LATE, user, attachment, file."""
    files = named(lambda o: f"{o.sortable}{'_LATE' if o.late else ''}_{o.sid}_{o.number}_{o.file}")
    return files | {"oneann_1017_5002_words-1.py": WORDS}


def canvas_anonymous() -> Export:
    """The same with anonymous grading: anon and five letters stand for name and user."""
    return named(lambda one: f"{'LATE_' if one.late else ''}anon_{one.anon}_{one.number}_{one.file}")


def canvas_typed() -> Export:
    """add_text_or_url: what was typed is …_text.html, an address …_link.html."""
    return {
        "oneann_1017_5001_sums.py": SUMS,
        "twobob_LATE_1018_text.html": "<p>def add</p>",
        "ümlautzoë_1019_link.html": "<a>",
    }


def moodle3() -> Export:
    """mod/assign/locallib.php of Moodle 3: name_number_assignsubmission_plugin_ is the folder."""
    typed = {"Bob Two_1018_assignsubmission_onlinetext_/onlinetext.html": "<p>late</p>"}
    return named(lambda one: f"{one.name}_{one.sid}_assignsubmission_file_/{one.path}") | typed


def moodle4() -> Export:
    """mod/assign/classes/downloader.php of Moodle 4: no underscore at the end."""
    typed = {"Bob Two_1018_assignsubmission_onlinetext/onlinetext.html": "<p>late</p>"}
    return named(lambda one: f"{one.name}_{one.sid}_assignsubmission_file/{one.path}") | typed


def moodle_flat() -> Export:
    """downloader.php with "Download submissions in folders" off."""
    typed = {"Bob Two_1018_assignsubmission_onlinetext_onlinetext.html": "<p>late</p>"}
    return named(lambda one: f"{one.name}_{one.sid}_assignsubmission_file_{one.file}") | typed


def brightspace() -> Export:
    """A folder an attempt: numbers of student and assignment, name, local time without a colon; and index.html."""
    before = {"1018-205 - Bob Two - Nov 20, 2026 910 PM/sums.py": "old = True"}
    files = named(lambda o: f"{o.sid}-205 - {o.name} - {o.time:%b %d, %Y} {o.clock}/{o.file}")
    return {"index.html": "<html>"} | before | files


def brightspace_logins() -> Export:
    """The same where the organisation shows the id before the name, in a British course."""
    files = named(lambda o: f"{o.login}-205 - {o.sid} {o.name} - {o.time:%d %B %Y} {o.clock}/{o.file}")
    return {"index.html": "<html>"} | files


def blackboard() -> Export:
    """Assignment, user name, attempt, file; and a text file for each attempt."""
    old = replace(BOB, time=datetime(2026, 11, 19, 10), content="old = True")
    attempt = lambda one: f"Homework_4_{one.sid}_attempt_{one.time:%Y-%m-%d-%H-%M-%S}"  # noqa: E731
    texts = {
        f"{attempt(one)}.txt": f"Name: {one.name} ({one.sid})\r\nAssignment: Homework_4\r\n"
        "Date Submitted: a Friday\r\n\r\n"
        "Submission Field:\r\nThere is no student submission text data for this assignment.\r\n\r\n"
        "Comments:\r\nThere are no student comments for this assignment.\r\n\r\nFiles:\r\n"
        f"\tOriginal filename: {one.file}\r\n\tFilename: {attempt(one)}_{one.file}\r\n"
        for one in (*CLASS, old)
    }
    return named(lambda one: f"{attempt(one)}_{one.file}", (*CLASS, old)) | texts


def github() -> Export:
    """`gh classroom clone student-repos`: a clone a student in assignment-submissions/."""
    return {
        f"homework-4-submissions/homework-4-{user}/{path}": content
        for user in ("ann-one", "ann-two", "ann-1019")
        for path, content in ((".git/HEAD", "ref: refs/heads/main"), ("README.md", ""), ("hw/sums.py", SUMS))
    }


def plain() -> Export:
    return named(lambda one: f"{one.name}/{one.path}", (ANN, BOB)) | {f"{ZOE}.zip": HOMEWORK}


_TIMED = {(one.name, one.sid, one.time) for one in CLASS}
_UNTIMED = {(one.name, one.sid, None) for one in CLASS}
_SORTABLE = {(one.sortable, one.sid, None) for one in CLASS}
EXPECTED: dict[Callable[[], Export], tuple[str, set[tuple[str, str, datetime | None]]]] = {
    gradescope: ("gradescope", _TIMED),
    canvas: ("canvas", _SORTABLE),
    canvas_anonymous: ("canvas", {(f"anon_{one.anon}", one.anon, None) for one in CLASS}),
    canvas_typed: ("canvas", _SORTABLE),
    moodle3: ("moodle", _UNTIMED),
    moodle4: ("moodle", _UNTIMED),
    moodle_flat: ("moodle", _UNTIMED),
    brightspace: ("brightspace", _TIMED),
    brightspace_logins: ("brightspace", _TIMED),
    blackboard: ("blackboard", _TIMED),
    github: ("github", {(user, user, None) for user in ("ann-one", "ann-two", "ann-1019")}),
    plain: ("plain", {(one.name, "", None) for one in CLASS}),
}
