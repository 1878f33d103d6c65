"""The learning check of Part 8: the reference misses no goal in any world, what cannot invert misses many."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from autograder.course.parts import read_parts
from autograder.grader.outside.direct import DirectTransport
from autograder.grader.student import Student
from autograder.staff.hidden.inverted import missed_by_inverting
from autograder.staff.hidden.test_learning import MISSED
from autograder.tests.variants import SOLUTIONS, Variant

PARTS = read_parts()
CANNOT_INVERT = [
    ("8a", "the place in place of the move", ("moves = np.diff(places, axis=1)", "moves = places[:, 1:]")),
    ("8a", "actions of the step before", ("actions.reshape(", "np.roll(actions, 1, axis=1).reshape(")),
    ("8b", "away from the goal", ("rest = goal - place", "rest = place - goal")),
    ("8g", "the values do not count", ("(values - mean[known]) @ gain", "0 * (values - mean[known]) @ gain")),
    ("8g", "the wrong sign", ("(values - mean[known]) @ gain", "(mean[known] - values) @ gain")),
]


def missed(folder: Path, world: int) -> float:
    transport = DirectTransport(folder, list(PARTS.modules), time_limit=1e9)
    share = missed_by_inverting(
        Student(transport, PARTS.modules | {"given": "given.py"}), np.random.default_rng(world)
    )
    transport.close()
    return share


@pytest.mark.parametrize("world", range(4))
def test_the_reference_misses_no_goal(world):
    assert missed(SOLUTIONS, world) == 0


@pytest.mark.parametrize(("subpart", "name", "swap"), CANNOT_INVERT)
def test_what_cannot_invert_misses(tmp_path, subpart, name, swap):
    submission = tmp_path / "submission"
    shutil.copytree(SOLUTIONS, submission, ignore=shutil.ignore_patterns("tests", "results", "__pycache__"))
    (submission / "other_models.py").write_text(Variant(subpart, name, swap=swap).source(), encoding="utf-8")
    assert missed(submission, world=4) > MISSED
