"""Everybody's submissions as each learning platform exports them, made from the platforms' documented formats.

Each builder gives {path: content} of the same class: Ann One (1017) in time, Bob Two (1018) late, Zoë Ümlaut (1019)
with a zip. `EXPECTED` says who has to come out of it: (name, id, time as the platform writes it).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import datetime

from autograder.tests.conftest import SUMS, WORDS

Export = dict[str, str | bytes]
TIME = datetime(2026, 11, 20, 22, 58)
LATE = datetime(2026, 11, 21, 1, 5)
ZOE = "Zoë Ümlaut"


def zipped(files: dict[str, str | bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


HOMEWORK = zipped({"sums.py": SUMS, "words.py": WORDS})


def gradescope() -> Export:
    """assignment_1_export/ with a folder a submission, unpacked by Gradescope, and the metadata."""
    people = {
        17: ("Ann One", 1017, "20 22:58"),
        18: ("Bob Two", 1018, "21 01:05"),
        19: (ZOE, 1019, "20 22:58"),
    }
    metadata = "".join(
        f"submission_{number}:\n  :submitters:\n  - :name: {name}\n    :sid: '{sid}'\n"
        f"  :created_at: 2026-11-{when}:00 Z\n  :score: 3.0\n"
        for number, (name, sid, when) in people.items()
    )
    top = "assignment_1_export"
    return {
        f"{top}/submission_metadata.yml": metadata,
        f"{top}/submission_17/sums.py": SUMS,
        f"{top}/submission_18/hw/sums.py": SUMS,
        f"{top}/submission_19/sums.py": SUMS,
        f"{top}/submission_19/words.py": WORDS,
    }


def canvas() -> Export:
    """lib/content_zipper.rb: sortable name in lower case without a separator, LATE, user, attachment, file."""
    return {
        "oneann_1017_5001_sums.py": SUMS,
        "oneann_1017_5002_words-1.py": WORDS,
        "twobob_LATE_1018_5003_sums.py": SUMS,
        "ümlautzoë_1019_5004_submission.zip": HOMEWORK,
    }


def canvas_anonymous() -> Export:
    """The same with anonymous grading: anon and five letters stand for name and user."""
    return {
        "anon_Ab3dE_5001_sums.py": SUMS,
        "LATE_anon_xY9zQ_5003_sums.py": SUMS,
        "anon_Kk2mN_5004_submission.zip": HOMEWORK,
    }


def canvas_typed() -> Export:
    """add_text_or_url: what was typed is …_text.html, an address …_link.html."""
    return {
        "oneann_1017_5001_sums.py": SUMS,
        "twobob_LATE_1018_text.html": "<p>def add</p>",
        "ümlautzoë_1019_link.html": "<a>",
    }


def moodle3() -> Export:
    """mod/assign/locallib.php of Moodle 3: name_number_assignsubmission_plugin_ is the folder."""
    return {
        "Ann One_1017_assignsubmission_file_/sums.py": SUMS,
        "Bob Two_1018_assignsubmission_file_/hw/sums.py": SUMS,
        "Bob Two_1018_assignsubmission_onlinetext_/onlinetext.html": "<p>late</p>",
        f"{ZOE}_1019_assignsubmission_file_/submission.zip": HOMEWORK,
    }


def moodle4() -> Export:
    """mod/assign/classes/downloader.php of Moodle 4: no underscore at the end."""
    return {
        "Ann One_1017_assignsubmission_file/sums.py": SUMS,
        "Bob Two_1018_assignsubmission_file/hw/sums.py": SUMS,
        "Bob Two_1018_assignsubmission_onlinetext/onlinetext.html": "<p>late</p>",
        f"{ZOE}_1019_assignsubmission_file/submission.zip": HOMEWORK,
    }


def moodle_flat() -> Export:
    """downloader.php with "Download submissions in folders" off."""
    return {
        "Ann One_1017_assignsubmission_file_sums.py": SUMS,
        "Bob Two_1018_assignsubmission_file_sums.py": SUMS,
        "Bob Two_1018_assignsubmission_onlinetext_onlinetext.html": "<p>late</p>",
        f"{ZOE}_1019_assignsubmission_file_submission.zip": HOMEWORK,
    }


def brightspace() -> Export:
    """A folder an attempt: numbers of student and assignment, name, local time without a colon; and index.html."""
    return {
        "index.html": "<html>",
        "1017-205 - Ann One - Nov 20, 2026 1058 PM/sums.py": SUMS,
        "1018-205 - Bob Two - Nov 20, 2026 910 PM/sums.py": "old = True",
        "1018-205 - Bob Two - Nov 21, 2026 105 AM/sums.py": SUMS,
        f"1019-205 - {ZOE} - Nov 20, 2026 1058 PM/submission.zip": HOMEWORK,
    }


def brightspace_logins() -> Export:
    """The same where the organisation shows the id before the name, in a British course."""
    return {
        "index.html": "<html>",
        "27-205 - 1017 Ann One - 20 November 2026 1058 PM/sums.py": SUMS,
        "28-205 - 1018 Bob Two - 21 November 2026 105 AM/sums.py": SUMS,
        f"29-205 - 1019 {ZOE} - 20 November 2026 1058 PM/submission.zip": HOMEWORK,
    }


def blackboard() -> Export:
    """Assignment, user name, attempt, file; and a text file for each attempt."""
    export: Export = {}
    for name, user, stamp, file, content in (
        ("Ann One", "1017", "2026-11-20-22-58-00", "sums.py", SUMS),
        ("Bob Two", "1018", "2026-11-19-10-00-00", "sums.py", "old = True"),
        ("Bob Two", "1018", "2026-11-21-01-05-00", "sums.py", SUMS),
        (ZOE, "1019", "2026-11-20-22-58-00", "submission.zip", HOMEWORK),
    ):
        attempt = f"Homework_4_{user}_attempt_{stamp}"
        export[f"{attempt}_{file}"] = content
        export[f"{attempt}.txt"] = (
            f"Name: {name} ({user})\r\nAssignment: Homework_4\r\nDate Submitted: a Friday\r\n\r\n"
            "Submission Field:\r\nThere is no student submission text data for this assignment.\r\n\r\n"
            "Comments:\r\nThere are no student comments for this assignment.\r\n\r\nFiles:\r\n"
            f"\tOriginal filename: {file}\r\n\tFilename: {attempt}_{file}\r\n"
        )
    return export


def github() -> Export:
    """`gh classroom clone student-repos`: a clone a student in assignment-submissions/."""
    return {
        f"homework-4-submissions/homework-4-{user}/{path}": content
        for user in ("ann-one", "ann-two", "ann-1019")
        for path, content in ((".git/HEAD", "ref: refs/heads/main"), ("README.md", ""), ("hw/sums.py", SUMS))
    }


def plain() -> Export:
    return {"Ann One/sums.py": SUMS, "Bob Two/hw/sums.py": SUMS, f"{ZOE}.zip": HOMEWORK}


_IDS = {"Ann One": "1017", "Bob Two": "1018", ZOE: "1019"}
_TIMED = {("Ann One", "1017", TIME), ("Bob Two", "1018", LATE), (ZOE, "1019", TIME)}
_UNTIMED = {(name, sid, None) for name, sid in _IDS.items()}
EXPECTED: dict[Callable[[], Export], tuple[str, set[tuple[str, str, datetime | None]]]] = {
    gradescope: ("gradescope", _TIMED),
    canvas: ("canvas", {("oneann", "1017", None), ("twobob", "1018", None), ("ümlautzoë", "1019", None)}),
    canvas_anonymous: ("canvas", {(f"anon_{id_}", id_, None) for id_ in ("Ab3dE", "xY9zQ", "Kk2mN")}),
    canvas_typed: (
        "canvas",
        {("oneann", "1017", None), ("twobob", "1018", None), ("ümlautzoë", "1019", None)},
    ),
    moodle3: ("moodle", _UNTIMED),
    moodle4: ("moodle", _UNTIMED),
    moodle_flat: ("moodle", _UNTIMED),
    brightspace: ("brightspace", _TIMED),
    brightspace_logins: ("brightspace", _TIMED),
    blackboard: ("blackboard", _TIMED),
    github: ("github", {(user, user, None) for user in ("ann-one", "ann-two", "ann-1019")}),
    plain: ("plain", {(name, "", None) for name in _IDS}),
}
