"""Part 6, one policy for many tasks: fresh batches of many shapes, as large as in training and larger, and views."""

from typing import Any

import numpy as np
import torch

from autograder.checks.checking import Rng, Student, Tensor, expect_close, expect_distribution, subpart
from autograder.checks.multitask_batches import expect_fair_rest, expect_fair_rows, stratified
from autograder.checks.multitask_draws import (
    expect_best,
    expect_fair_partners,
    expect_quick,
    expect_random,
    expect_ties,
    partners_of,
    relabelled,
)
from autograder.checks.multitask_values import expect_loss, expect_rewards, expect_states
from autograder.checks.multitask_words import expect_codes, expect_mask
from solutions import multitask as reference

VIEWS = "the result is wrong where the arrays are views of larger ones"
LARGE = "the result is right for small batches and wrong for one of thousands of rows"
# (B, K): more and fewer rows than tasks, as many, one of each. Each comes twice in a row, so that whoever keeps
# something from the first call is found.
SIZES = [size for size in ((7, 3), (4, 4), (1, 5), (5, 1), (1, 1), (3, 9), (60, 8)) for _ in range(2)]


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**30))


# --- 6a ---


@subpart("6a")
def test_states_of_any_batch(student: Student, fresh_rng: np.random.Generator) -> None:
    """Observations of any length and size, in both precisions."""
    for batch, num_tasks in SIZES:
        for dtype in (np.float32, np.float64):
            obs = fresh_rng.normal(size=(batch, int(fresh_rng.integers(1, 30)))) * 10.0 ** fresh_rng.integers(
                -3, 6
            )
            expect_states(student, obs.astype(dtype), fresh_rng.integers(num_tasks, size=batch), num_tasks)


@subpart("6a")
def test_states_of_large_batches(student: Student, fresh_rng: np.random.Generator) -> None:
    """Thousands of rows, hundreds of tasks, and columns of a larger array."""
    obs, tasks = fresh_rng.normal(size=(6000, 5)), fresh_rng.integers(300, size=6000)
    expect_states(student, obs, tasks, 300, LARGE)
    small = obs[:40].astype(np.float32), tasks[:40] % 7
    states = student.given.call_strided(student.multitask.with_task, *small, 7)
    expect_close(states, reference.with_task(*small, 7), VIEWS, name="with_task")


@subpart("6a", weight=0.5)
def test_states_do_not_take_long(student: Student) -> None:
    """A batch of 1000 rows costs about as much as a loop over it."""
    obs, tasks = np.zeros((1000, 25), np.float32), np.arange(1000) % 8
    expect_quick(student, 1000, "with_task", obs, tasks, 8)


# --- 6b ---


@subpart("6b")
def test_shares_of_any_data(student: Student, fresh_rng: np.random.Generator) -> None:
    """Tasks of any number and size, in any order, some without rows; batches smaller and larger than that."""
    for num_tasks in (1, 2, 3, 6, 6, 17, 40):
        task_of_row = fresh_rng.permutation(
            np.repeat(
                fresh_rng.permutation(2 * num_tasks)[:num_tasks], fresh_rng.integers(1, 9, size=num_tasks)
            )
        )
        for count in (1, num_tasks - 1 or 1, num_tasks, num_tasks + 1, 5 * num_tasks + num_tasks // 2, 256):
            stratified(student, task_of_row, count, Rng(_seed(fresh_rng)))


@subpart("6b")
def test_the_rest_of_any_data(student: Student, fresh_rng: np.random.Generator) -> None:
    """Which tasks get one row more: all equally likely, and so are all pairs."""
    # One test at 2e-8, in two cases.
    five = fresh_rng.permutation(np.repeat([0, 2, 3, 4, 7], [1, 60, 2, 5, 9]))
    expect_fair_rest(student, five, 12, 500, student.given.rng(_seed(fresh_rng)))
    expect_fair_rest(student, five, 6, 300, student.given.rng(_seed(fresh_rng)))


@subpart("6b")
def test_rows_of_large_data_are_uniform(student: Student, fresh_rng: np.random.Generator) -> None:
    """All rows of each task, with more rows than 16 bits can number, and with one task much larger than the others."""
    # One test at 2e-8 for each task.
    sizes = [40_000, 800, 51, 2]
    task_of_row = fresh_rng.permutation(np.repeat(fresh_rng.permutation(4), sizes))
    expect_fair_rows(student, task_of_row, 40_000, Rng(_seed(fresh_rng)))
    expect_fair_rows(student, np.sort(task_of_row), 40_000, Rng(_seed(fresh_rng)))


@subpart("6b", weight=0.5)
def test_minibatches_do_not_take_long(student: Student) -> None:
    """A minibatch from 30000 rows costs about as much as a loop over the batch."""
    task_of_row = np.random.default_rng(0).integers(6, size=30_000)
    expect_quick(student, 256, "stratified_rows", task_of_row, 256, Rng(0))


# --- 6c ---


def _loss(errors: np.ndarray, tasks: np.ndarray) -> float:
    doubles = torch.from_numpy(errors.astype(np.float64))
    return float(reference.multitask_loss(doubles, torch.from_numpy(tasks), int(tasks.max()) + 1))


@subpart("6c")
def test_the_loss_of_any_batch(student: Student, fresh_rng: np.random.Generator) -> None:
    """Errors of any sign and size, tasks with and without rows."""
    for batch, num_tasks in SIZES:
        errors = (fresh_rng.normal(size=batch) * 10.0 ** fresh_rng.integers(-1, 3)).astype(np.float32)
        tasks = fresh_rng.integers(num_tasks, size=batch)
        expect_loss(student, errors, tasks, num_tasks, _loss(errors, tasks))


@subpart("6c")
def test_the_loss_of_large_batches(student: Student, fresh_rng: np.random.Generator) -> None:
    """Thousands of rows, most of them of one task; and views of larger arrays."""
    tasks = np.where(fresh_rng.random(6000) < 0.9, 1, fresh_rng.integers(4, size=6000))
    errors = fresh_rng.normal(loc=tasks, size=6000).astype(np.float32)
    expect_loss(student, errors, tasks, 5, _loss(errors, tasks), LARGE)
    arguments = Tensor(errors[:50]), Tensor(tasks[:50]), 5
    loss = student.given.call_strided(student.multitask.multitask_loss, *arguments)
    expect_close(loss, _loss(errors[:50], tasks[:50]), VIEWS, name="multitask_loss", atol=1e-5)


@subpart("6c", weight=0.5)
def test_the_loss_does_not_take_long(student: Student) -> None:
    """A batch of 1000 rows costs about as much as a loop over it."""
    arguments = Tensor(np.ones(1000)), Tensor(np.arange(1000) % 8), 8
    expect_quick(student, 1000, "multitask_loss", *arguments)


# --- 6d ---


def _sentences(rng: np.random.Generator, batch: int, length: int, vocabulary: int) -> np.ndarray:
    """Token numbers (B, L), a third of them padding."""
    tokens = rng.integers(1, vocabulary, size=(batch, length))
    return tokens * (rng.random((batch, length)) < 0.67)


def _codes(tokens: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    return reference.encode_words(torch.from_numpy(tokens), torch.from_numpy(vectors)).numpy()


@subpart("6d")
def test_codes_of_any_sentences(student: Student, fresh_rng: np.random.Generator) -> None:
    """Sentences of any length, words of any number, padding anywhere; twice in a row with one shape."""
    for batch, length, vocabulary, dim in (
        (6, 5, 9, 3),
        (1, 8, 4, 2),
        (4, 1, 5, 1),
        (3, 3, 4, 3),
        (12, 9, 30, 16),
    ):
        for _ in range(2):
            vectors = fresh_rng.normal(size=(vocabulary, dim)).astype(np.float32)
            vectors[0] += 5
            tokens = _sentences(fresh_rng, batch, length, vocabulary)
            expect_codes(student, tokens, vectors, _codes(tokens, vectors))


@subpart("6d")
def test_codes_of_large_batches(student: Student, fresh_rng: np.random.Generator) -> None:
    """Thousands of sentences, long ones, more words than 16 bits can number; and views of larger arrays."""
    vectors = fresh_rng.normal(size=(40_000, 2)).astype(np.float32)
    tokens = _sentences(fresh_rng, 3000, 12, 40_000)
    expect_codes(student, tokens, vectors, _codes(tokens, vectors), LARGE)
    tokens, few = _sentences(fresh_rng, 2, 400, 40), vectors[:40].copy()
    expect_codes(student, tokens, few, _codes(tokens, few), "the code of a long sentence is wrong")
    tokens = _sentences(fresh_rng, 9, 6, 20)
    codes = student.given.call_strided(student.multitask.encode_words, Tensor(tokens), Tensor(vectors[:20]))
    expect_close(codes, _codes(tokens, few), VIEWS, name="encode_words", atol=1e-5)


@subpart("6d", weight=0.5)
def test_codes_do_not_take_long(student: Student) -> None:
    """A batch of 1000 sentences costs about as much as a loop over it."""
    tokens = Tensor(np.arange(8000).reshape(1000, 8) % 40)
    expect_quick(student, 1000, "encode_words", tokens, Tensor(np.ones((40, 16))))


# --- 6e ---


@subpart("6e")
def test_partners_in_any_data(student: Student, fresh_rng: np.random.Generator) -> None:
    """Tasks of any number and size, in any order, some of one demonstration; batches of any size."""
    for num_tasks in (1, 2, 5, 5, 12):
        task_of_demo = fresh_rng.permutation(
            np.repeat(
                fresh_rng.permutation(2 * num_tasks)[:num_tasks], fresh_rng.integers(1, 7, size=num_tasks)
            )
        )
        for batch in (1, num_tasks, len(task_of_demo), 60, 60):
            demos = fresh_rng.integers(len(task_of_demo), size=batch)
            partners_of(student, task_of_demo, demos, Rng(_seed(fresh_rng)))
    partners_of(student, task_of_demo, demos, Rng(_seed(fresh_rng)), strided=True)


@subpart("6e")
def test_partners_in_large_data_are_uniform(student: Student, fresh_rng: np.random.Generator) -> None:
    """Hundreds of demonstrations a task, more in all than 16 bits can number: each of the others equally often."""
    # At most eight tests at 2e-8 each, twice.
    large = fresh_rng.permutation(np.repeat(fresh_rng.permutation(3), [39_000, 700, 1]))
    partners_of(student, large, fresh_rng.integers(len(large), size=500), Rng(_seed(fresh_rng)))
    task_of_demo = fresh_rng.permutation(np.repeat(fresh_rng.permutation(5), [1500, 700, 52, 3, 2]))
    of_tasks = [np.flatnonzero(task_of_demo == task) for task in range(5)]
    middle = [members[len(members) // 2] for members in of_tasks]  # the first and the last come below
    demos = fresh_rng.permutation(np.repeat(middle, 6000))
    expect_fair_partners(
        task_of_demo, demos, partners_of(student, task_of_demo, demos, Rng(_seed(fresh_rng)))
    )
    largest = np.flatnonzero(task_of_demo == np.bincount(task_of_demo).argmax())
    demos = np.repeat(largest[[0, -1]], 10_000)
    expect_fair_partners(
        task_of_demo, demos, partners_of(student, task_of_demo, demos, Rng(_seed(fresh_rng)))
    )


@subpart("6e", weight=0.5)
def test_partners_do_not_take_long(student: Student) -> None:
    """A batch of 256 rows from 3000 demonstrations costs about as much as a loop over it."""
    expect_quick(student, 256, "partner_demos", np.arange(3000) % 6, np.arange(256), Rng(0))


# --- 6f ---


def _mask(is_word: np.ndarray, steps: int) -> np.ndarray:
    return reference.prompt_mask(torch.from_numpy(is_word), steps).numpy()


@subpart("6f")
def test_masks_of_any_size(student: Student, fresh_rng: np.random.Generator) -> None:
    """Prompts of any length with padding anywhere, any number of steps."""
    for batch, prompt, steps in (
        (3, 4, 2),
        (1, 1, 1),
        (2, 2, 1),
        (4, 4, 2),
        (5, 7, 9),
        (6, 6, 3),
        (2, 12, 40),
    ):
        for _ in range(2):
            is_word = fresh_rng.random((batch, prompt)) < 0.6
            is_word[np.arange(batch), fresh_rng.integers(prompt, size=batch)] = True
            expect_mask(student, is_word, steps, _mask(is_word, steps))


@subpart("6f")
def test_masks_of_views_and_large_batches(student: Student, fresh_rng: np.random.Generator) -> None:
    """A thousand rows, and a view of a larger array."""
    is_word = fresh_rng.random((1000, 5)) < 0.6
    is_word[:, 2] = True
    expect_mask(student, is_word, 4, _mask(is_word, 4), LARGE)
    mask = student.given.call_strided(student.multitask.prompt_mask, Tensor(is_word[:8]), 3)
    expect_close(mask, _mask(is_word[:8], 3), VIEWS, name="prompt_mask")


@subpart("6f", weight=0.5)
def test_masks_do_not_take_long(student: Student) -> None:
    """The mask of 500 rows costs about as much as a loop over them."""
    expect_quick(student, 500, "prompt_mask", Tensor(np.ones((500, 6), dtype=bool)), 6)


# --- 6g ---


def _returns(rng: np.random.Generator, rows: int, num_tasks: int) -> np.ndarray:
    """Returns (B, K) without ties in a row, down to -50, as float32."""
    ranks = rng.permuted(np.tile(np.arange(num_tasks), (rows, 1)), axis=1)
    return (-50 + (ranks + rng.uniform(0, 0.5, size=ranks.shape)) * 50 / (num_tasks + 1)).astype(np.float32)


@subpart("6g")
def test_the_best_task_of_any_batch(student: Student, fresh_rng: np.random.Generator) -> None:
    """Strategy "best" with fraction 1, in batches of many sizes; whole numbers too."""
    for batch, num_tasks in SIZES:
        returns, tasks = _returns(fresh_rng, batch, num_tasks), fresh_rng.integers(num_tasks, size=batch)
        expect_best(student, returns, tasks, Rng(_seed(fresh_rng)))
    whole = fresh_rng.permuted(np.tile(-np.arange(6), (30, 1)), axis=1)
    expect_best(student, whole, fresh_rng.integers(6, size=30), Rng(_seed(fresh_rng)))
    returns = _returns(fresh_rng, 6000, 300)
    expect_best(student, returns, fresh_rng.integers(300, size=6000), Rng(_seed(fresh_rng)), LARGE)


@subpart("6g")
def test_ties_of_any_batch_are_drawn(student: Student, fresh_rng: np.random.Generator) -> None:
    """Rows in which two or more of eight tasks share the highest return: any of them, equally often."""
    # Up to six tests at 2e-8 each, twice.
    for low in (2, 4):
        tied = np.sort(fresh_rng.integers(low, 6, size=(20_000, 1)))
        order = fresh_rng.permuted(np.tile(np.arange(8), (20_000, 1)), axis=1)
        returns = np.where(order < tied, -3.0, -4.0 - order)
        expect_ties(student, returns, Rng(_seed(fresh_rng)))


@subpart("6g")
def test_random_labels_of_any_batch(student: Student, fresh_rng: np.random.Generator) -> None:
    """Strategy "random" at any fraction, with few tasks and with many."""
    # Three tests at 2e-8 each, four times.
    for num_tasks, low in ((2, 0.3), (6, 0.6), (50, 0.8)):
        fraction = float(fresh_rng.uniform(low, low + 0.2))
        expect_random(student, num_tasks, 30_000, fraction, Rng(_seed(fresh_rng)))
    expect_random(student, 50, 30_000, 1.0, Rng(_seed(fresh_rng)))


@subpart("6g")
def test_labels_of_single_rows(student: Student, fresh_rng: np.random.Generator) -> None:
    """A batch of one row: each task equally often, and a new label with probability `fraction`."""
    # Two tests at 1e-7 each.
    rng, row = student.given.rng(_seed(fresh_rng)), np.array([0])
    drawn = [relabelled(student, np.zeros((1, 3)), row, "random", 1.0, rng)[0] for _ in range(200)]
    sentence = "in a batch of one row some tasks are drawn more often than others"
    expect_distribution(np.array(drawn), np.full(3, 1 / 3), sentence)
    clear = np.array([[-9.0, -2.0]])
    drawn = [relabelled(student, clear, row, "best", 0.5, rng)[0] for _ in range(200)]
    sentence = "a single row does not get a new label with probability `fraction`"
    expect_distribution(np.array(drawn), np.full(2, 0.5), sentence)


@subpart("6g")
def test_labels_of_views(student: Student, fresh_rng: np.random.Generator) -> None:
    """The same from columns of larger arrays."""
    returns, tasks = _returns(fresh_rng, 40, 5), fresh_rng.integers(5, size=40)
    function = student.multitask.relabel_tasks
    labels: Any = student.given.call_strided(function, returns, tasks, "best", 1.0, Rng(0))
    expect_close(labels, returns.argmax(axis=1), VIEWS, name="relabel_tasks")


@subpart("6g", weight=0.5)
def test_labels_do_not_take_long(student: Student) -> None:
    """A batch of 1000 rows costs about as much as a loop over it."""
    returns, tasks = np.zeros((1000, 8)), np.zeros(1000, dtype=np.int64)
    expect_quick(student, 1000, "relabel_tasks", returns, tasks, "best", 0.8, Rng(0))


# --- 6h ---


@subpart("6h")
def test_rewards_of_any_batch(student: Student, fresh_rng: np.random.Generator) -> None:
    """Rewards of any sign and size, in batches of many sizes."""
    for batch, num_tasks in SIZES:
        rewards = fresh_rng.normal(size=(batch, num_tasks)) * 10.0 ** fresh_rng.integers(-2, 4)
        expect_rewards(student, rewards, fresh_rng.integers(num_tasks, size=batch))


@subpart("6h")
def test_rewards_of_large_batches(student: Student, fresh_rng: np.random.Generator) -> None:
    """More rows than 16 bits can number, hundreds of tasks, float32; and views of larger arrays."""
    rewards = fresh_rng.normal(size=(40_000, 4)).astype(np.float32)
    expect_rewards(student, rewards, fresh_rng.integers(4, size=40_000), LARGE)
    wide = fresh_rng.normal(size=(500, 300))
    expect_rewards(
        student, wide, fresh_rng.integers(300, size=500), "with hundreds of tasks a reward is wrong"
    )
    tasks = fresh_rng.integers(4, size=30)
    chosen = student.given.call_strided(student.multitask.task_rewards, rewards[:30], tasks)
    expect_close(chosen, rewards[:30][np.arange(30), tasks], VIEWS, name="task_rewards")


@subpart("6h", weight=0.5)
def test_rewards_do_not_take_long(student: Student) -> None:
    """A batch of 1000 rows costs about as much as a loop over it."""
    expect_quick(student, 1000, "task_rewards", np.zeros((1000, 8)), np.arange(1000) % 8)
