"""Shared by the checks of Part 6: what a stratified minibatch must be, with the sentences (6b)."""

from typing import Any

import numpy as np

from autograder.checks.checking import Student, expect, expect_array, expect_distribution, expect_uniform
from autograder.checks.independence import expect_binomial, expect_independent, own_rng, spread
from autograder.checks.mistakes import on_wrong_shape
from autograder.checks.multitask_draws import SHARE
from autograder.checks.streams import expect_stream

NOT_EQUAL_SHARES = (
    "each of the K' tasks that occur must get count // K' rows, and count % K' of them one row more"
)
NO_REPEATS = "no row comes twice, although rows are drawn with replacement"
ROW_COUNTS = "the rows of a task are not drawn independently of each other, with replacement"


def stratified(student: Student, task_of_row: np.ndarray, count: int, rng: Any) -> np.ndarray:
    """Row numbers (count,) of the submission, sorted; each task that occurs has its share of them."""
    with on_wrong_shape("there is one row number for each row of the batch: shape (count,)"):
        rows = student.multitask.stratified_rows(task_of_row, count, rng)
    rows = expect_array(rows, (count,), name="stratified_rows", kind="int")
    expect((rows >= 0) & (rows < len(task_of_row)), "there are row numbers outside 0 … N-1")
    occurring = np.unique(task_of_row)
    shares = (task_of_row[rows][:, None] == occurring).sum(axis=0)
    fits = (shares >= count // len(occurring)) & (shares <= -(-count // len(occurring)))
    if len(occurring) > 1 and not fits.all():
        expect(shares.max() < count, "all rows of the batch are of one task")
    expect(fits, NOT_EQUAL_SHARES)
    return np.sort(rows)


def expect_fair_rest(student: Student, task_of_row: np.ndarray, count: int, calls: int, rng: Any) -> None:
    """Which tasks get one row more: all equally likely, and so are pairs of them if two do."""
    occurring = np.unique(task_of_row)
    shares = np.stack(
        [
            (task_of_row[stratified(student, task_of_row, count, rng)][:, None] == occurring).sum(axis=0)
            for _ in range(calls)
        ]
    )
    more, rest = shares > count // len(occurring), count % len(occurring)
    expect(
        not (more == more[0]).all(),
        "it is always the same tasks that get one row more: draw them at each call",
    )
    uneven = "some tasks get the additional row more often than others: draw them uniformly"
    if rest == 1:
        expect_distribution(more.argmax(axis=1), np.full(len(occurring), 1 / len(occurring)), uneven, SHARE)
    if rest == 2:
        first, last = more.argmax(axis=1), len(occurring) - 1 - more[:, ::-1].argmax(axis=1)
        pairs = [(i, j) for j in range(len(occurring)) for i in range(j)]
        names = np.array([pairs.index((i, j)) for i, j in zip(first, last, strict=True)])
        expect_distribution(names, np.full(len(pairs), 1 / len(pairs)), uneven, SHARE)


def expect_fair_rows(student: Student, task_of_row: np.ndarray, count: int, rng: Any) -> None:
    """Within each task all rows equally likely; needs thousands of rows a task."""
    rows = stratified(student, task_of_row, count, rng)
    for task in np.unique(task_of_row):
        own = np.flatnonzero(task_of_row == task)
        place = np.searchsorted(own, rows[task_of_row[rows] == task])
        expect(len(own) < 2 or len(np.unique(place)) > 1, "all rows drawn of a task are the same one")
        uneven = "some rows of a task are drawn more often than others"
        if len(own) > 1 and len(place) > 100 * min(len(own), 50):
            expect_uniform(spread(place, len(own), own_rng()), uneven, bins=50, false_alarm=SHARE)
        if len(place) ** 2 > 100 * len(own):  # so fifty repeats are expected
            expect(len(np.unique(place)) < len(place), NO_REPEATS)


def expect_own_rows(student: Student, rng: Any, calls: int = 150) -> None:
    """Four tasks of two rows, nine draws each: how often the first of the two comes is binomial, task by task."""
    task_of_row = np.array([3, 0, 1, 3, 2, 2, 0, 1])
    first = [2, 1, 4, 0]  # rows[i] is the first row of task i
    table = np.stack([stratified(student, task_of_row, 36, rng) for _ in range(calls)])
    counts = np.stack([(table == row).sum(axis=1) for row in first], axis=1)
    expect_binomial(counts.ravel(), 9, 0.5, ROW_COUNTS)
    expect_independent(
        (counts.ravel() > 4).astype(int), 2, "what is drawn of one task depends on another task"
    )


def expect_stratified_stream(student: Student) -> None:
    """Rows and tasks are drawn from `rng`, anew at each call."""
    shuffled = np.random.default_rng(5).permutation(np.repeat(np.arange(40), 12))
    expect_stream(student, lambda rng: {"rows": stratified(student, shuffled, 120, rng)}, {})
    single = np.arange(40)[::-1].copy()

    def more(rng: Any) -> dict:
        return {"tasks": np.bincount(stratified(student, single, 60, rng), minlength=40)}

    expect_stream(student, more, {})
