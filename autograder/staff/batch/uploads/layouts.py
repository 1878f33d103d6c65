"""Whose is a file? What each learning platform's export says in the names of its folders and files.

gradescope   assignment_1_export/submission_17/policy.py, and submission_metadata.yml beside the folders
canvas       nameofstudent_LATE_1017_99123_homework.zip: the student's number, the upload's, and the file;
             LATE_anon_Ab3dE_99123_homework.zip; nameofstudent_1017_text.html (typed), …_link.html (an address)
moodle       Name of Student_1017_assignsubmission_file_/homework.zip, since Moodle 4 without the last underscore;
             …_assignsubmission_onlinetext/onlinetext.html (typed); all of it without folders, if the teacher so wants
brightspace  9134-205 - Name of Student - Nov 20, 2026 1159 PM/homework.zip, and index.html beside the folders
blackboard   Homework 4_username_attempt_2026-11-20-23-59-01_homework.zip, and a text file an attempt with the name
github       homework-username/, a clone with its .git
plain        student-017.zip or student-017/policy.py

Canvas: lib/content_zipper.rb (get_filename, add_text_or_url). Moodle: mod/assign/classes/downloader.php, and
download_submissions in mod/assign/locallib.php before version 4. Brightspace and Blackboard publish no source: their
names are those that tools which read their exports expect.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

from autograder.grader.intake.names import ENDINGS, is_archive

_CANVAS = re.compile(
    r"(?P<name>.+?)(?P<late>_LATE)?_(?P<sid>\d+)_(?:(?P<upload>\d+)_(?P<file>.+)|(?P<typed>(?:text|link)\.html))",
    re.DOTALL,
)
_ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?(?P<name>anon_(?P<sid>[A-Za-z0-9]+))_"
    r"(?:(?P<upload>\d+)_(?P<file>.+)|(?P<typed>(?:text|link)\.html))",
    re.DOTALL,
)
_MOODLE = re.compile(
    r"(?P<name>.+?)(?:_(?P<sid>\d+))?_assignsubmission_(?P<kind>[a-z0-9]+)(?:_(?P<file>.*))?", re.DOTALL
)
_BRIGHTSPACE = re.compile(
    r"(?P<user>\d+)-\d+ - (?P<who>.+?) - (?P<when>[^-]*\b\d{4}\b[^-]*?)(?:\s*-\s*(?P<file>[^ ].*))?",
    re.DOTALL,
)
_LOGIN = re.compile(
    r"(?P<sid>[a-z0-9._@]*\d[a-z0-9._@]*|[a-z][a-z._]*(?= [A-Z]\w* \w)) (?P<name>.+)", re.DOTALL
)
_BLACKBOARD = re.compile(
    r"(?P<who>.+?)_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)", re.DOTALL
)
_MANIFEST_NAME = re.compile(r"^Name:[ \t]*(?P<name>.+?)[ \t]*\((?P<sid>[^()]+)\)[ \t]*\r?$", re.MULTILINE)
_MANIFEST_TYPED = re.compile(r"^Submission Field:\s*(?!There is no student submission text)\S", re.MULTILINE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = re.compile(r"(?P<hour>\d{1,2})[:_.]?(?P<minute>\d\d)(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?$")


@dataclass(frozen=True)
class Owner:
    """Whose file it is: files with the same `id` make one upload. `inner` is the file's path within that, "." if the
    path names no file of the student's."""

    id: str
    inner: PurePosixPath
    name: str
    sid: str = ""
    late: bool = False
    sent: datetime | None = None  # by the platform's clock; attempts of one student differ in it
    undated: bool = False  # there is a time that nobody can read
    manifest: bool = False  # a text file of Blackboard's about the attempt


# A file's or folder's path -> its owner; None: another layout's.
Layout = Callable[[PurePosixPath], Owner | None]
NO_FILE = PurePosixPath(".")


def gradescope(path: PurePosixPath) -> Owner | None:
    """The metadata gives the names; here only the folder counts."""
    return None if path.suffix and len(path.parts) == 1 else Owner(path.parts[0], _below(path), path.parts[0])


def canvas(path: PurePosixPath) -> Owner | None:
    """All files of one student are one upload. A file that comes again has a number; see choosing.py of the intake."""
    found = _ANONYMOUS.fullmatch(path.parts[0]) or _CANVAS.fullmatch(path.parts[0])
    if found is None:
        return None
    file = PurePosixPath(found["typed"] or found["file"])
    inner = file if len(path.parts) == 1 else _below(path)
    id_ = found["name"] if found["name"] == f"anon_{found['sid']}" else f"{found['name']}_{found['sid']}"
    return Owner(id_, inner, found["name"], found["sid"], bool(found["late"]))


def moodle(path: PurePosixPath) -> Owner | None:
    """A folder for each student, or, without folders, a file whose name begins so. The number is Moodle's own."""
    found = _MOODLE.fullmatch(path.parts[0])
    if found is None:
        return None
    name, sid = found["name"], found["sid"] or ""
    inner = _below(path) if len(path.parts) > 1 else PurePosixPath(found["file"] or ".")
    return Owner("_".join(filter(None, (name, sid))), inner, name, sid)


def brightspace(path: PurePosixPath) -> Owner | None:
    """A folder for each attempt. The first number is Brightspace's own, of the student; a group's name comes first."""
    found = _BRIGHTSPACE.fullmatch(path.parts[0])
    if found is None:
        return None
    *group, who = found["who"].split(" - ")
    login = _LOGIN.fullmatch(who)
    name, sid = (login["name"], login["sid"]) if login else (who, found["user"])
    if group:
        name, sid = " - ".join(group), found["user"]
    inner = _below(path) if len(path.parts) > 1 else PurePosixPath(found["file"] or ".")
    sent = _brightspace_time(found["when"])
    return Owner(f"{name}_{sid}", inner, name, sid, sent=sent, undated=sent is None)


def blackboard(path: PurePosixPath) -> Owner | None:
    """The user's name is the last word before the attempt, if there is no manifest that says more."""
    found = _BLACKBOARD.fullmatch(path.parts[0])
    if found is None:
        return None
    try:
        sent = datetime.strptime(found["when"], "%Y-%m-%d-%H-%M-%S")
    except ValueError:
        return None
    user = found["who"].rpartition("_")[2]
    inner = _below(path) if len(path.parts) > 1 else PurePosixPath(found["file"] or ".")
    manifest = found["file"] is None and len(path.parts) == 1
    return Owner(found["who"], inner, user, user, sent=sent, manifest=manifest)


def from_manifest(owner: Owner, text: str) -> Owner:
    """`owner` with the name and user name in Blackboard's text file, and with what was typed there as a file."""
    who = _MANIFEST_NAME.search(text)
    inner = PurePosixPath("text typed into Blackboard") if _MANIFEST_TYPED.search(text) else NO_FILE
    owner = replace(owner, inner=inner)
    return replace(owner, name=who["name"], sid=who["sid"].strip()) if who else owner


def github(prefix: str) -> Layout:
    """A clone for each student, named after the assignment and the user."""

    def layout(path: PurePosixPath) -> Owner | None:
        top = path.parts[0]
        if not top.startswith(prefix) or (len(path.parts) == 1 and is_archive(top)):
            return None
        user = top.removeprefix(prefix) or top
        return Owner(user, _below(path), user, user)

    return layout


def plain(path: PurePosixPath) -> Owner | None:
    """A folder or an archive for each student, named after the student; other files are nobody's."""
    top = path.parts[0]
    if len(path.parts) > 1:
        return Owner(top, _below(path), top)
    if not is_archive(top):
        return None
    stem = _stem(top)
    return Owner(stem, path, stem)


def _brightspace_time(text: str) -> datetime | None:
    """ "Nov 20, 2026 1159 PM" or "20 November 2026 1159 PM": in names there is no colon."""
    clock = _CLOCK.search(text.strip())
    words = re.findall(r"[^\W\d_]+|\d+", text[: clock.start()]) if clock else []
    month = next((_MONTHS.index(w[:3].lower()) + 1 for w in words if w[:3].lower() in _MONTHS), None)
    numbers = [int(word) for word in words if word.isdigit()]
    if clock is None or month is None or len(numbers) != 2:
        return None
    hour = int(clock["hour"])
    if clock["half"]:
        hour = hour % 12 + (12 if clock["half"] in "Pp" else 0)
    try:
        return datetime(max(numbers), month, min(numbers), hour, int(clock["minute"]))
    except ValueError:
        return None


def _stem(name: str) -> str:
    """Without the ending, of which an archive may have two: ann.tar.gz."""
    low = name.lower()
    ending = max((e for e in ENDINGS if low.endswith(e)), key=len, default=PurePosixPath(name).suffix)
    return name[: len(name) - len(ending)] or name


def _below(path: PurePosixPath) -> PurePosixPath:
    return PurePosixPath(*path.parts[1:])
