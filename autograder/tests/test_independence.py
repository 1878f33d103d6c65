"""Every sub-part stands on its own: taking one away costs its points and no other's.

The whole grading is run, learning checks included, each time in a process of the submission's own.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course.parts import read_parts
from autograder.grader.grading import Grader
from autograder.grader.outcomes import Outcome
from autograder.grader.report.grade import Grade
from autograder.staff.hidden import ROOTS
from autograder.staff.hidden.sandbox.canary import escaped
from autograder.tests.variants import SOLUTIONS, blanked

AUTOGRADER = Path(__file__).parents[1]
PARTS = read_parts(AUTOGRADER / "parts.toml")
HOLES = [sub.id for part in PARTS.parts for sub in part.subparts if sub.hole]
CODE = [part for part in PARTS.parts if part.module]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Grader(SOLUTIONS, ROOTS, PARTS, canary=escaped) as grader:
        yield grader


def submission(folder: Path, files: list[str]) -> Path:
    """A folder with these part files, solved."""
    folder.mkdir()
    for file in files:
        shutil.copy(SOLUTIONS / file, folder / file)
    return folder


def lost(grade: Grade) -> dict[str, Outcome]:
    """The graded sub-parts that did not get all their points, and what became of them."""
    assert not grade.score.run_again
    graded = [sub for sub in grade.score.subparts if sub.outcome is not None]
    return {sub.subpart.id: sub.outcome for sub in graded if sub.earned < sub.subpart.points - 1e-9}


@pytest.mark.parametrize("hole", HOLES)
def test_an_open_hole_costs_its_own_points_and_no_others(grader, tmp_path, hole):
    part = PARTS.part_of(hole)
    folder = submission(tmp_path / "submission", [other.file for other in CODE])
    (folder / part.file).write_text(blanked(hole).source(), encoding="utf-8")
    # The other files are untouched, and the next test shows that they do not depend on this one.
    grade = grader.grade(folder, seed=0, selection=frozenset(sub.id for sub in part.subparts))
    assert lost(grade) == {hole: Outcome.NOT_ATTEMPTED}
    (blank,) = [sub for sub in grade.score.subparts if sub.subpart.id == hole]
    assert blank.earned == 0


@pytest.mark.parametrize("part", CODE, ids=lambda part: part.file)
def test_a_part_alone_gets_all_its_points(grader, tmp_path, part):
    grade = grader.grade(submission(tmp_path / "submission", [part.file]), seed=0)
    own = {sub.id for sub in part.subparts}
    outcomes = lost(grade)
    assert set(outcomes) == {sub for other in PARTS.parts for sub in (s.id for s in other.subparts)} - own
    assert set(outcomes.values()) == {Outcome.NOT_ATTEMPTED}
