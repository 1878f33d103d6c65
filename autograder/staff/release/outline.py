"""The course as a release sees it. What is wrong in its files is a ReleaseError, like all else that stops a release."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from autograder.course.file import deadlines_of, read_course
from autograder.course.late import NO_DEADLINES, Deadlines
from autograder.course.parts import Part, Parts, SubPart, read_parts
from autograder.staff.release.errors import ReleaseError
from envs.errors import UserMistake


@dataclass(frozen=True)
class Outline:
    """What is handed out. `course` is the path of course.toml."""

    parts: Parts
    deadlines: Deadlines = NO_DEADLINES
    course: Path = Path("course.toml")

    @property
    def holes(self) -> dict[str, dict[str, SubPart]]:
        """File -> the holes in it, by id."""
        found = {part.file: {sub.id: sub for sub in part.subparts if sub.hole} for part in self.parts.parts}
        return {file: holes for file, holes in found.items() if holes}

    @property
    def others(self) -> dict[str, Part]:
        """File -> the part, of those that the course does not grade and that are code."""
        return {part.file: part for part in self.parts.others if part.module}

    @property
    def left_out(self) -> frozenset[str]:
        """The companions of parts that the course neither grades nor gives: files of solutions/, or notebooks/…"""
        unneeded = (part for part in self.parts.others if part.given != "complete")
        return frozenset(file for part in unneeded for file in part.companions)

    def wrong(self, key: list[str], sentence: str) -> ReleaseError:
        """The error to raise about an entry of course.toml."""
        return ReleaseError([str(read_course(self.course).wrong(key, sentence))])


def read_outline(path: Path) -> Outline:
    """Of the parts.toml at `path` and the course.toml beside it. Raises ReleaseError if something there is wrong."""
    course = path.with_name("course.toml")
    try:
        return Outline(read_parts(path), deadlines_of(read_course(course)), course)
    except UserMistake as mistake:
        raise ReleaseError([f"{mistake}."]) from None
