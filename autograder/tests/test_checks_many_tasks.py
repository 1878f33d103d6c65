"""The learning checks of Part 6: the reference stays far from their bounds, what cannot learn does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from autograder.checks.checking import CheckFailed
from autograder.checks.multitask_values import expect_loss
from autograder.course.parts import read_parts
from autograder.grader.outside.direct import DirectTransport
from autograder.grader.student import Student
from autograder.staff.hidden import imitations
from autograder.staff.hidden.test_learning import MISSES, RELABELLED_MISSES
from autograder.tests.variants import SOLUTIONS, Variant

Training = Callable[[Student, np.random.Generator], float]
PARTS = read_parts()
BOUNDS: dict[Training, float] = {
    imitations.conditioned_misses: MISSES,
    imitations.inferred_misses: MISSES,
    imitations.relabelled_misses: RELABELLED_MISSES,
}
OF_SUBPART: dict[str, Training] = {
    **dict.fromkeys(("6a", "6b", "6c"), imitations.conditioned_misses),
    "6e": imitations.inferred_misses,
    **dict.fromkeys(("6g", "6h"), imitations.relabelled_misses),
}
DOES_NOT_LEARN = [
    Variant(
        "6a",
        "the policy is not told its task",
        body="states = np.concatenate([obs, np.zeros((len(obs), num_tasks), obs.dtype)], axis=1)",
    ),
    Variant(
        "6b",
        "a batch is of one task",
        body="rows = rng.choice(np.flatnonzero(task_of_row == task_of_row[0]), size=count)",
    ),
    Variant("6c", "only the first two tasks count", body="loss = errors[tasks < 2].mean()"),
    Variant("6e", "any demonstration", body="partners = rng.integers(len(task_of_demo), size=len(demos))"),
    Variant("6g", "any task", body="labels = rng.integers(returns.shape[1], size=len(tasks))"),
    Variant("6h", "the reward of the first task for all", body="chosen = rewards[:, 0].copy()"),
]


def misses(folder: Path, training: Training, world: int) -> float:
    transport = DirectTransport(folder, list(PARTS.modules), time_limit=1e9)
    figure = training(Student(transport, PARTS.modules), np.random.default_rng(world))
    transport.close()
    return figure


def test_what_float32_rounds_where_errors_cancel_is_no_mistake():
    transport = DirectTransport(SOLUTIONS, list(PARTS.modules), time_limit=1e9)
    student, rng = Student(transport, PARTS.modules), np.random.default_rng(0)
    for _ in range(20):
        errors = (1000 * rng.standard_normal(8)).astype(np.float32)
        errors[4:] = -errors[:4] + np.float32(0.01)
        expect_loss(student, errors, np.arange(8), 8, float(errors.astype(np.float64).sum()))
    with pytest.raises(CheckFailed):
        expect_loss(student, errors, np.arange(8), 8, float(errors.astype(np.float64).sum()) + 0.1)
    transport.close()


@pytest.mark.slow
@pytest.mark.parametrize("training", BOUNDS, ids=lambda training: training.__name__)
def test_the_reference_stays_away_from_the_bounds(training):
    assert misses(SOLUTIONS, training, world=3) <= 0.75 * BOUNDS[training]


@pytest.mark.slow
@pytest.mark.parametrize("wrong", DOES_NOT_LEARN, ids=str)
def test_what_cannot_learn_misses(tmp_path, wrong):
    submission = tmp_path / "submission"
    shutil.copytree(SOLUTIONS, submission, ignore=shutil.ignore_patterns("tests", "results", "__pycache__"))
    (submission / "multitask.py").write_text(wrong.source(), encoding="utf-8")
    training = OF_SUBPART[wrong.subpart]
    assert misses(submission, training, world=4) > BOUNDS[training]
