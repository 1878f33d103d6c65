"""A submission with one hole of solutions/ replaced, everything else as it is."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from autograder.course.parts import read_parts
from autograder.staff.verify.submissions import changed

SOLUTIONS = Path(__file__).parents[2] / "solutions"
PARTS = read_parts()


@dataclass(frozen=True)
class Variant:
    """The hole of `subpart` holds `body` instead, or its own text with `swap[0]` replaced by `swap[1]`."""

    subpart: str
    name: str  # what is odd about it: "the sum over the rows, not the average"
    body: str = ""
    swap: tuple[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.subpart}-{self.name}"

    def source(self) -> str:
        """The text of the part file with this variant in place of the solution."""
        text = (SOLUTIONS / PARTS.part_of(self.subpart).file).read_text(encoding="utf-8")
        return changed(text, self.subpart, self.body, [self.swap] if self.swap else [])


def blanked(subpart: str) -> Variant:
    """The hole as a student finds it."""
    return Variant(subpart, "nothing", f'raise NotImplementedError("TODO({subpart}): to do")')


def write_submission(folder: Path, variant: Variant) -> Path:
    """The folder of a submission with this variant's part file and the kit; `folder` is for it alone."""
    file = PARTS.part_of(variant.subpart).file
    submission = folder / "variant"
    submission.mkdir(parents=True)
    (submission / "__init__.py").touch()
    shutil.copytree(
        SOLUTIONS / "kit", submission / "kit", ignore=shutil.ignore_patterns("__pycache__", "tests")
    )
    (submission / file).write_text(variant.source(), encoding="utf-8")
    return submission
