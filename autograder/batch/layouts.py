"""Whose is a file? What each learning platform's export says in the names of its folders and files.

gradescope  assignment_1_export/submission_17/policy.py, and submission_metadata.yml beside the folders
canvas      nameofstudent_LATE_1017_99123_homework.zip: the student's number, the upload's, and the file
moodle      Name of Student_1017_assignsubmission_file_/homework.zip
plain       student-017.zip or student-017/policy.py
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

METADATA = "submission_metadata.yml"
_CANVAS = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<sid>\d+)_(?P<upload>\d+)_(?P<file>.+)", re.DOTALL)
_MOODLE = re.compile(r"(?P<name>.+)_(?P<sid>\d+)_assignsubmission_(?P<kind>[a-z]+)_(?P<file>.*)", re.DOTALL)
_TAG = re.compile(r"-\d+(?=\.\w+$)")  # Canvas numbers a second upload of a file: homework-1.zip


@dataclass(frozen=True)
class Owner:
    """Whose file it is: files with the same `id` make one upload. `inner` is the file's path within that."""

    id: str
    inner: PurePosixPath
    name: str
    sid: str = ""
    late: bool = False


Layout = Callable[[PurePosixPath], Owner | None]  # a file's path -> its owner; None: another layout's


def gradescope(path: PurePosixPath) -> Owner | None:
    """The metadata gives the names; here only the folder counts."""
    if len(path.parts) < 2:
        return None
    return Owner(path.parts[0], _below(path), path.parts[0])


def canvas(path: PurePosixPath) -> Owner | None:
    """All files of one student are one upload."""
    found = _CANVAS.fullmatch(path.name)
    if found is None or len(path.parts) > 1:
        return None
    file = PurePosixPath(_TAG.sub("", found["file"]))
    return Owner(f"{found['name']}_{found['sid']}", file, found["name"], found["sid"], bool(found["late"]))


def moodle(path: PurePosixPath) -> Owner | None:
    """A folder a student, or, without folders, a file that opens with the same words. The number is Moodle's own."""
    found = _MOODLE.fullmatch(path.parts[0])
    if found is None:
        return None
    inner = _below(path) if len(path.parts) > 1 else PurePosixPath(found["file"] or "file")
    return Owner(f"{found['name']}_{found['sid']}", inner, found["name"], found["sid"])


def plain(path: PurePosixPath) -> Owner:
    """A folder or a file a student, named after it."""
    top = path.parts[0]
    if len(path.parts) > 1:
        return Owner(top, _below(path), top)
    stem = PurePosixPath(top).stem
    return Owner(stem, path, stem)


def recognise(paths: Sequence[PurePosixPath]) -> tuple[str, Layout]:
    """The name of the platform, and its layout; a file that does not fit it is taken as in a plain folder."""
    if any(path == PurePosixPath(METADATA) for path in paths):
        return "gradescope", gradescope
    for name, layout in (("moodle", moodle), ("canvas", canvas)):
        if 2 * sum(layout(path) is not None for path in paths) > len(paths):
            return name, lambda path: layout(path) or plain(path)  # noqa: B023 - returned at once
    return "plain", plain


def _below(path: PurePosixPath) -> PurePosixPath:
    return PurePosixPath(*path.parts[1:])
