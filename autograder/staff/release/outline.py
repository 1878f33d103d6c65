"""parts.toml as a release sees it: each sub-part with its title, points and file, and if it has a hole."""

from dataclasses import dataclass
from pathlib import Path

from autograder.course.parts import read_parts
from autograder.staff.release.errors import ReleaseError
from envs.errors import UserMistake


@dataclass(frozen=True)
class SubPart:
    """One row of the outline, such as 4a; `file` is its part's file."""

    id: str
    title: str
    points: float
    file: str
    has_hole: bool
    function: str = ""  # that the hole is in


def read_outline(path: Path) -> dict[str, SubPart]:
    """Every sub-part of `path` (a parts.toml) by id. Raises ReleaseError if it cannot be read or is wrong."""
    try:
        parts = read_parts(path).parts
    except UserMistake as error:
        raise ReleaseError([f"{error}."]) from None
    return {
        sub.id: SubPart(sub.id, sub.title, sub.points, part.file, sub.hole, sub.function)
        for part in parts
        for sub in part.subparts
    }
