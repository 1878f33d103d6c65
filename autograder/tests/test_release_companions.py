"""A part that a course leaves out leaves no trace in the handout: no file of its own, no command, no word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course.parts import Part, Parts
from autograder.staff.release import starter
from autograder.staff.release.outline import Outline, read_outline

ROOT = Path(__file__).parents[2]
OUTLINE = read_outline(ROOT / "autograder" / "parts.toml")
WITH_COMPANIONS = [part for part in OUTLINE.parts.parts if part.companions]
TRAINED = {
    "dynamics.py",
    "imagine.py",
    "policy.py",
    "relabel.py",
}  # the trainer imports these, so they always stay
ALONE = [part for part in WITH_COMPANIONS if part.file not in TRAINED]


def without(part: Part, given: str = "") -> Outline:
    """The course as it is, but for this part, which is not graded."""
    graded = tuple(other for other in OUTLINE.parts.parts if other != part)
    others = (*OUTLINE.parts.others, replace(part, given=given))
    return Outline(Parts(graded, others, OUTLINE.parts.settings), OUTLINE.deadlines, OUTLINE.course)


def in_solutions(name: str) -> bool:
    """Or beside it: notebooks/…, envs/…"""
    return (ROOT / "solutions" / name).is_file()


@pytest.mark.parametrize("part", WITH_COMPANIONS, ids=lambda part: part.file)
def test_a_companion_is_there(part: Part) -> None:
    missing = [name for name in part.companions if not in_solutions(name) and not (ROOT / name).is_file()]
    assert not missing


@pytest.mark.parametrize("part", ALONE, ids=lambda part: part.file)
def test_a_part_that_is_left_out_leaves_no_trace(part: Part) -> None:
    files = starter.plan(ROOT / "solutions", without(part))
    assert not files.keys() & {part.file, *part.companions}
    words = [part.file, f"Part {part.number}", *(f"{name}." for name in part.companions if "/" not in name)]
    targets = [name.removesuffix(".mk") for name in part.companions if name.endswith(".mk")]
    for path, content in files.items():
        text = content.decode()
        found = [word for word in [*words, *(f"make {name}" for name in targets)] if word in text]
        assert not found, f"{path} speaks of {found}"


@pytest.mark.parametrize("part", WITH_COMPANIONS, ids=lambda part: part.file)
def test_a_part_that_is_given_complete_keeps_its_companions(part: Part) -> None:
    files = starter.plan(ROOT / "solutions", without(part, given="complete"))
    assert {part.file, *filter(in_solutions, part.companions)} <= files.keys()
    assert b"SOLUTION" not in files[part.file] and b"TODO" not in files[part.file]


def test_a_notebook_goes_with_its_part() -> None:
    notebooks = {
        file for part in WITH_COMPANIONS for file in part.companions if file.startswith("notebooks/")
    }
    for part in WITH_COMPANIONS:
        left_out = without(part).left_out
        assert left_out & notebooks == {file for file in part.companions if file in notebooks}
