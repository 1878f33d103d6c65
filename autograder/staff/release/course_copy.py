"""course.toml as students get it: what their checks need, and nothing that names a student."""

from __future__ import annotations

import tomli_w

from autograder.course.file import read_course
from autograder.course.parts import Parts
from autograder.staff.release.outline import Outline

PATH = "autograder/course.toml"
_FOR_STAFF = ("extensions",)  # it names students; comments may, and are not copied
_HEADER = "# What this course grades. Generated, and only for your own checks: grading has another copy.\n\n"


def course_copy(outline: Outline) -> bytes:
    """The file, with the threshold that counts, whether course.toml names it or it was measured."""
    table = {key: value for key, value in read_course(outline.course).table.items() if key not in _FOR_STAFF}
    if (threshold := _threshold(outline.parts)) is not None:
        table["weights"] = table["weights"] | {"threshold": threshold}
    return (_HEADER + tomli_w.dumps(table)).encode()


def _threshold(parts: Parts) -> float | None:
    return next((part.threshold for part in parts.parts if part.task), None)
