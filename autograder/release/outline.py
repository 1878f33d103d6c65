"""What a release reads from parts.toml: each sub-part's title, points and file, and if it has a hole."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from autograder.release.errors import ReleaseError


@dataclass(frozen=True)
class SubPart:
    """One row of the outline, such as 4a: `file` is the part's file, `points` is 0 where none are given."""

    id: str
    title: str
    points: float
    file: str
    has_hole: bool


def read_outline(path: Path) -> dict[str, SubPart]:
    """Every sub-part of `path` (a parts.toml) by id. Raises ReleaseError if the file cannot be read."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ReleaseError([f"{path}: cannot be read ({error})."]) from None
    outline = {}
    for part in table.get("part", {}).values():
        for id_, sub in part.get("sub", {}).items():
            has_hole = sub.get("hole", True)
            outline[id_] = SubPart(
                id_, sub.get("title", ""), sub.get("points", 0), sub.get("file", part["file"]), has_hole
            )
    return outline
