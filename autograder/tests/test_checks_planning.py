"""The learning checks of Part 7: the reference stays far from their bound, what cannot plan does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from autograder.course.parts import read_parts
from autograder.grader.outside.direct import DirectTransport
from autograder.grader.student import Student
from autograder.staff.hidden.planned import missed_by_climbing, missed_by_sampling
from autograder.staff.hidden.test_learning import MISSED
from autograder.tests.variants import SOLUTIONS, Variant

Planned = Callable[[Student, np.random.Generator], float]
PARTS = read_parts()
CANNOT_PLAN: list[tuple[Planned, str, str, tuple[str, str]]] = [
    (missed_by_sampling, "7a", "costs for rewards", ("total + reward", "total - reward")),
    (missed_by_sampling, "7b", "no noise", ("* noise, -1.0", "* 0 * noise, -1.0")),
    (missed_by_sampling, "7c", "the worst are kept", ("best = np.argsort(", "best = np.argsort(-")),
    (missed_by_climbing, "7e", "every step goes downhill", ("x + lr * gradient", "x - lr * gradient")),
    (
        missed_by_climbing,
        "7a",
        "the plan does not matter",
        ("step(states, actions", "step(states, 0 * actions"),
    ),
]

pytestmark = pytest.mark.slow


def missed(folder: Path, planned: Planned, world: int) -> float:
    transport = DirectTransport(folder, list(PARTS.modules), time_limit=1e9)
    share = planned(Student(transport, PARTS.modules | {"given": "given.py"}), np.random.default_rng(world))
    transport.close()
    return share


@pytest.mark.parametrize(
    "planned", [missed_by_sampling, missed_by_climbing], ids=lambda planned: planned.__name__
)
def test_the_reference_stays_away_from_the_bound(planned):
    assert missed(SOLUTIONS, planned, world=3) < MISSED / 3


@pytest.mark.parametrize(("planned", "subpart", "name", "swap"), CANNOT_PLAN)
def test_what_cannot_plan_misses(tmp_path, planned, subpart, name, swap):
    submission = tmp_path / "submission"
    shutil.copytree(SOLUTIONS, submission, ignore=shutil.ignore_patterns("tests", "results", "__pycache__"))
    (submission / "planning.py").write_text(Variant(subpart, name, swap=swap).source(), encoding="utf-8")
    assert missed(submission, planned, world=4) > MISSED
