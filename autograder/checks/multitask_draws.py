"""Shared by the checks of Part 6: what partners and labels must be, with the sentences (6e, 6g)."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from autograder.checks.checking import (
    Student,
    expect,
    expect_array,
    expect_close,
    expect_distribution,
    expect_uniform,
)
from autograder.checks.independence import expect_independent_rows, own_rng, spread
from autograder.checks.mistakes import on_wrong_shape, recognise_one
from autograder.checks.streams import expect_stream

SHARE = 2e-8  # of the probability of a false alarm, for each test of draws
ROWS_DEPEND = "what one row gets depends on what other rows get: draw for each row on its own"
TOO_SLOW = (
    "the call takes more than 60 times as long as a plain loop in which each row of the batch draws a number: "
    "do not search or copy all of the data for each row"
)


def expect_quick(student: Student, rows: int, function: str, *args: Any) -> None:
    """A call costs at most 60 plain loops over the rows of the batch."""
    loops = student.given.against_a_loop(rows, getattr(student.multitask, function), *args)
    expect(isinstance(loops, float) and loops < 60, TOO_SLOW)


# --- 6e ---

ONE_PARTNER_A_ROW = "there is one partner for each row: shape (B,)"
NEVER_ITSELF = "a demonstration is its own partner, although its task has others"


def partners_of(
    student: Student, task_of_demo: np.ndarray, demos: np.ndarray, rng: Any, *, strided: bool = False
) -> np.ndarray:
    """The submission's partners (B,): of the same task, and itself only where a demonstration is alone in its task."""
    function = student.multitask.partner_demos
    with on_wrong_shape(ONE_PARTNER_A_ROW):
        if strided:
            partners = student.given.call_strided(function, task_of_demo, demos, rng)
        else:
            partners = function(task_of_demo, demos, rng)
    partners = expect_array(partners, demos.shape, name="partner_demos", kind="int")
    expect((partners >= 0) & (partners < len(task_of_demo)), "there are demonstrations outside 0 … M-1")
    others = np.bincount(task_of_demo)[task_of_demo[demos]] - 1
    expect(
        not others.any() or not np.array_equal(partners, demos),
        "each demonstration is its own partner: draw another one of the task",
    )
    other_task = "a partner is of another task: take the demonstrations with the same entry in task_of_demo"
    expect((partners == demos) | (others > 0), "a demonstration alone in its task must be its own partner")
    expect(task_of_demo[partners] == task_of_demo[demos], other_task)
    expect((partners != demos) | (others == 0), NEVER_ITSELF)
    return partners


def expect_fair_partners(task_of_demo: np.ndarray, demos: np.ndarray, partners: np.ndarray) -> None:
    """Each of the other demonstrations of the task equally often, for each row on its own; needs thousands of rows."""
    among, noise = (
        np.empty(len(demos)),
        own_rng(),
    )  # one stream for all: noise that comes again looks like a draw
    uneven = "some of the other demonstrations of a task are drawn more often than others"
    for demo in np.unique(demos):
        others = np.flatnonzero((task_of_demo == task_of_demo[demo]) & (np.arange(len(task_of_demo)) != demo))
        rows = demos == demo
        place = np.searchsorted(others, partners[rows])
        expect(
            len(others) < 2 or len(np.unique(place)) > 1,
            "all rows of a demonstration got the same partner: draw one for each row",
        )
        if rows.sum() > 100 * len(others):
            expect_distribution(place, np.full(len(others), 1 / len(others)), uneven, SHARE)
        among[rows] = spread(place, len(others), noise)
    expect_uniform(among, uneven, bins=50, false_alarm=SHARE)
    expect_independent_rows(among, ROWS_DEPEND, false_alarm=SHARE)


# --- 6g ---

ONE_LABEL_A_ROW = "there is one label for each row: shape (B,)"
NOT_BEST = "with strategy 'best' and fraction 1 each row gets the task in which its return is highest"
UNEVEN_LABELS = "with strategy 'random' some tasks are drawn more often than others"
FRACTION = "the share of rows with a new label is not `fraction`"


def relabelled(
    student: Student, returns: np.ndarray, tasks: np.ndarray, strategy: str, fraction: float, rng: Any
) -> np.ndarray:
    """The submission's labels (B,), all of them tasks."""
    with on_wrong_shape(ONE_LABEL_A_ROW):
        labels = student.multitask.relabel_tasks(returns, tasks, strategy, fraction, rng)
    labels = expect_array(labels, tasks.shape, name="relabel_tasks", kind="int")
    expect((labels >= 0) & (labels < returns.shape[1]), "there are labels outside 0 … K-1")
    return labels


def expect_best(
    student: Student, returns: np.ndarray, tasks: np.ndarray, rng: Any, otherwise: str = NOT_BEST
) -> None:
    """Strategy "best", fraction 1, returns without ties."""
    labels = relabelled(student, returns, tasks, "best", 1.0, rng)
    order = returns.argsort(axis=1)
    mistakes: dict[str, ArrayLike] = {
        "each row got the task in which its return is lowest": order[:, 0],
        "each row got the task of the highest return over the whole batch": np.full(
            len(tasks), np.unravel_index(returns.argmax(), returns.shape)[1]
        ),
        "each row got the task of the highest mean return over the batch": np.full(
            len(tasks), returns.mean(axis=0).argmax()
        ),
        "each row got the task whose return is largest without its sign": np.abs(returns).argmax(axis=1),
        "the labels are right, but in another order": np.sort(order[:, -1]),
        "no row got a new label, with fraction 1": tasks,
    }
    if returns.shape[1] > 1:
        mistakes["each row got the task of the second highest return"] = order[:, -2]
    if returns.shape[0] == returns.shape[1]:
        mistakes["rows and columns are mixed up: returns is (B, K)"] = returns.argmax(axis=0)
    expect_close(labels, order[:, -1], recognise_one(labels, otherwise, mistakes), name="relabel_tasks")


def expect_ties(student: Student, returns: np.ndarray, rng: Any) -> None:
    """Strategy "best", fraction 1: each of the tasks with the highest return equally often, row by row."""
    tied = returns == returns.max(axis=1, keepdims=True)
    old = np.argmin(returns, axis=1)
    labels = relabelled(student, returns, old, "best", 1.0, rng)
    expect(
        tied[np.arange(len(labels)), labels],
        "where several tasks share the highest return a row got a task that is none of them",
    )
    first, last = tied.argmax(axis=1), returns.shape[1] - 1 - tied[:, ::-1].argmax(axis=1)
    always = "where several tasks share the highest return it is always the {} of them: draw one, or one task gets all"
    expect(not np.array_equal(labels, first), always.format("first"))
    expect(not np.array_equal(labels, last), always.format("last"))
    count = tied.sum(axis=1)
    place = (tied.cumsum(axis=1) - 1)[np.arange(len(labels)), labels]
    among = spread(place, count, own_rng())
    expect_uniform(
        among, "where several tasks share the highest return they are not drawn equally often", 50, SHARE
    )
    for number in np.unique(count):
        sentence = "where several tasks share the highest return they are not drawn equally often"
        expect_distribution(place[count == number], np.full(number, 1 / number), sentence, SHARE)
    expect_independent_rows(among, ROWS_DEPEND, false_alarm=SHARE)


def expect_random(student: Student, num_tasks: int, rows: int, fraction: float, rng: Any) -> None:
    """Strategy "random" on rows that all have the last label: each label equally often, in a share of the rows."""
    old = num_tasks - 1
    returns = np.tile(-np.arange(num_tasks, dtype=np.float64), (rows, 1))
    labels = relabelled(student, returns, np.full(rows, old), "random", fraction, rng)
    expect(len(np.unique(labels)) > 1, "all rows got the same label: draw one for each")
    expect((labels == old).any() or fraction < 1, "no row got its old label again, but any task may be drawn")
    expected = np.full(num_tasks, fraction / num_tasks)
    expected[old] += 1 - fraction
    kept = int((labels == old).sum())
    if fraction < 1:
        expect_distribution((labels == old).astype(int), [1 - expected[old], expected[old]], FRACTION, SHARE)
    expect(kept < rows, "no row got a new label")
    expect_distribution(labels, expected, UNEVEN_LABELS, SHARE)
    below = np.concatenate([[0.0], np.cumsum(expected)])
    among = below[labels] + expected[labels] * own_rng().random(
        rows
    )  # uniform in [0, 1) exactly if labels are right
    expect_independent_rows(among, ROWS_DEPEND, false_alarm=SHARE)


def expect_relabel_stream(student: Student) -> None:
    """Which rows get a label, and which label, is drawn from `rng`, anew at each call."""
    ties, old = np.zeros((100, 50)), np.zeros(100, dtype=np.int64)
    clear = np.tile(np.arange(50.0), (100, 1))

    def labels(returns: np.ndarray, strategy: str, fraction: float) -> Any:
        return lambda rng: {"labels": relabelled(student, returns, old, strategy, fraction, rng)}

    for returns, strategy, fraction in ((ties, "random", 1.0), (ties, "best", 1.0), (clear, "best", 0.5)):
        expect_stream(student, labels(returns, strategy, fraction), {})
