"""Whose is a file? What each learning platform's export says in the names of its folders and files.

gradescope  assignment_1_export/submission_17/policy.py, and submission_metadata.yml beside the folders
canvas      oneann_LATE_1017_99123_homework.zip: the student's number, the upload's, and the file;
            oneann_1017_text.html and _link.html for what was typed; LATE_anon_Ab3dE_99123_homework.zip if anonymous
            (ContentZipper of canvas-lms, lib/content_zipper.rb)
moodle      Ann One_1017_assignsubmission_file_/homework.zip, in Moodle 4 without the last underscore; without folders
            Ann One_1017_assignsubmission_file_homework.zip; onlinetext beside it for what was typed
            (assign::download_submissions and get_filename of its plugins, mod/assign)
brightspace 10201-30017 - Ann One - Nov 20, 2026 1159 PM/homework.zip, and index.html beside the folders
blackboard  Homework 1_aone1_attempt_2026-11-20-23-59-00_homework.zip, and a .txt of the same name about each attempt
plain       student-017.zip or student-017/policy.py; also clones of GitHub Classroom, homework-aone1/.git
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from autograder.engine.archives import is_archive

METADATA = "submission_metadata.yml"
KNOWN = (
    "a folder or an archive for each student, or an export of Gradescope, Canvas, Moodle, Brightspace, Blackboard "
    "or GitHub Classroom"
)
_CANVAS = re.compile(
    r"(?P<name>.+?)(?P<late>_LATE)?_(?P<sid>\d+)_(?:(?P<upload>\d+)_(?P<file>.+)|(?P<typed>(?:text|link)\.html))",
    re.DOTALL,
)
_ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?(?P<name>anon_(?P<sid>[A-Za-z0-9]+))_(?:\d+_(?P<file>.+)|(?P<typed>(?:text|link)\.html))",
    re.DOTALL,
)
_MOODLE = re.compile(
    r"(?P<name>.+)_(?P<sid>\d+)_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<file>.*))?", re.DOTALL
)
_BRIGHTSPACE = re.compile(r"(?P<sid>\d+)-\d+ - (?P<name>.+?) - (?P<time>\w{3} \d{1,2}, \d{4} \d{3,4} [AP]M)")
_BLACKBOARD = re.compile(
    r"(?P<work>.+)_(?P<sid>[^_]+)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)", re.DOTALL
)


@dataclass(frozen=True)
class Owner:
    """Whose file it is: files with the same `id` make one upload. `inner` is the file's path within that.

    `attempt` is when it was handed in, as the clocks of the platform showed; of several attempts the last counts.
    """

    id: str
    inner: PurePosixPath
    name: str
    sid: str = ""
    late: bool = False
    attempt: datetime | None = None


Layout = Callable[[PurePosixPath], Owner | None]  # a file's path -> its owner; None: nobody's


def gradescope(path: PurePosixPath) -> Owner | None:
    """The metadata gives the names; here only the folder counts."""
    if len(path.parts) < 2:
        return None
    return Owner(path.parts[0], _below(path), path.parts[0])


def canvas(path: PurePosixPath) -> Owner | None:
    """All files of one student are one upload. A file that was handed in again is called homework-1.zip."""
    found = _ANONYMOUS.fullmatch(path.name) or _CANVAS.fullmatch(path.name)
    if found is None or len(path.parts) > 1:
        return None
    file = PurePosixPath(found["file"] or found["typed"])
    return Owner(f"{found['name']}_{found['sid']}", file, found["name"], found["sid"], bool(found["late"]))


def moodle(path: PurePosixPath) -> Owner | None:
    """A folder a student, or, without folders, a file that opens with the same words. The number is Moodle's own."""
    found = _MOODLE.fullmatch(path.parts[0])
    if found is None:
        return None
    inner = _below(path) if len(path.parts) > 1 else PurePosixPath(found["file"] or "file")
    return Owner(f"{found['name']}_{found['sid']}", inner, found["name"], found["sid"])


def brightspace(path: PurePosixPath) -> Owner | None:
    """A folder an attempt."""
    found = _BRIGHTSPACE.fullmatch(path.parts[0])
    if found is None or len(path.parts) < 2:
        return None
    try:
        day, clock = found["time"].rsplit(" ", 2)[0], found["time"].rsplit(" ", 2)[1:]
        time = datetime.strptime(f"{day} {clock[0].zfill(4)} {clock[1]}", "%b %d, %Y %I%M %p")
    except ValueError:
        time = None
    return Owner(f"{found['name']}_{found['sid']}", _below(path), found["name"], found["sid"], attempt=time)


def blackboard(path: PurePosixPath) -> Owner | None:
    """All files of one user name are one upload; the name itself stands in the .txt about each attempt."""
    found = _BLACKBOARD.fullmatch(path.name)
    if found is None or len(path.parts) > 1:
        return None
    try:
        time = datetime.strptime(found["time"], "%Y-%m-%d-%H-%M-%S")
    except ValueError:
        time = None
    file = PurePosixPath(found["file"] or "about-the-attempt.txt")
    return Owner(found["sid"], file, found["sid"], found["sid"], attempt=time)


def plain(path: PurePosixPath) -> Owner | None:
    """A folder or an archive a student, named after it. Other files at the top are nobody's."""
    top = path.parts[0]
    if len(path.parts) > 1:
        return Owner(top, _below(path), top)
    if not is_archive(top):
        return None
    stem = re.sub(r"\.tar$", "", PurePosixPath(top).stem, flags=re.IGNORECASE)
    return Owner(stem, path, stem)


def recognise(paths: Sequence[PurePosixPath]) -> tuple[str, Layout]:
    """The name of the platform, and its layout. A file that does not fit it is nobody's."""
    if any(path == PurePosixPath(METADATA) for path in paths):
        return "gradescope", gradescope
    layouts = {"moodle": moodle, "canvas": canvas, "brightspace": brightspace, "blackboard": blackboard}
    fitting = {name: sum(layout(path) is not None for path in paths) for name, layout in layouts.items()}
    best = max(fitting, key=lambda name: fitting[name])
    return (best, layouts[best]) if 2 * fitting[best] > len(paths) else ("plain", plain)


def _below(path: PurePosixPath) -> PurePosixPath:
    return PurePosixPath(*path.parts[1:])
