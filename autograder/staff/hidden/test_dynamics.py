"""Part 1, hidden checks: fresh random inputs against the reference, odd sizes, and how the draws are distributed.

Counts of random draws are judged by `expect_probability`, `expect_distribution` and `expect_normal`, each with a
false-alarm probability of at most 1e-7 a call; no check makes more than ten such calls, so below 1e-6 a check.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.checks.checking import (
    Rng,
    Student,
    Tensor,
    expect,
    expect_array,
    expect_close,
    expect_distribution,
    expect_normal,
    expect_probability,
    expect_whole,
    subpart,
)
from autograder.checks.independence import expect_binomial, expect_independent, expect_independent_normals
from autograder.checks.mistakes import expect_no_repeat, float32_sums
from autograder.checks.statistics import is_off_without_replacement
from autograder.checks.streams import expect_not_copied
from solutions import dynamics as reference


def fresh_seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


# --- 1a: normalised inputs and targets ---


# What is wrong, written out: a hidden check shows no sentence that was put together.
WRONG = {
    "inputs": "the normalised inputs are wrong",
    "targets": "the normalised changes are wrong",
    "input_mean": "stats['input_mean'] is wrong",
    "input_std": "stats['input_std'] is wrong",
    "delta_mean": "stats['delta_mean'] is wrong",
    "delta_std": "stats['delta_std'] is wrong",
}


def judge_pairs(
    student: Student,
    obs: np.ndarray,
    actions: np.ndarray,
    next_obs: np.ndarray,
    before: dict | None = None,
    atol_of_stats: float | None = None,
    **tolerance: float,
) -> dict:
    """Inputs, targets and stats must be the reference's; returns `stats`. `before` is that of another call."""
    of_stats = tolerance if atol_of_stats is None else {**tolerance, "atol": atol_of_stats}
    answer = student.dynamics.normalized_pairs(obs, actions, next_obs)
    expect(
        isinstance(answer, tuple | list) and len(answer) == 3,
        "`normalized_pairs` must return inputs, targets and stats",
    )
    inputs, targets, stats = reference.normalized_pairs(obs, actions, next_obs)
    found = answer[2] if isinstance(answer[2], dict) else {}
    for key in ("input_mean", "delta_mean") if before is not None else ():
        expect_no_repeat((before or {}).get(key), found.get(key))
    causes = {
        prefix: float32_sums(columns, found.get(f"{prefix}_mean"), found.get(f"{prefix}_std"))
        for prefix, columns in (("input", np.concatenate([obs, actions], axis=1)), ("delta", next_obs - obs))
    }
    for actual, wanted, prefix, name in (
        (answer[0], inputs, "input", "inputs"),
        (answer[1], targets, "delta", "targets"),
    ):
        sentence = causes[prefix] or WRONG[name]
        expect_close(actual, wanted, sentence, name=f"normalized_pairs ({name})", **tolerance)
    for key, wanted in stats.items():
        expect(key in found, "`stats` lacks an entry that the docstring names")
        sentence = causes[key.partition("_")[0]] or WRONG[key]
        expect_close(found[key], wanted, sentence, name=f"normalized_pairs (stats[{key!r}])", **of_stats)
    return found


@subpart("1a")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_pairs_against_reference(student: Student, fresh_rng: np.random.Generator, dtype: str) -> None:
    """Inputs, targets and stats on fresh transitions, also a single one, and twice with the same shapes."""
    # float32: with 40 rows the precision of the sums is not what is judged (test_pairs_of_long_float32_columns does)
    # nor that of the statistics, which may be handed on as float32: so no two rows are nearly the same.
    atol, rtol = (2e-6, 1e-5) if dtype == "float64" else (5e-5, 5e-5)
    for num_rows in (1, 2, int(fresh_rng.integers(20, 40))):
        obs_dim, action_dim = fresh_rng.integers(1, 6, size=2)
        before = None
        for _ in "ab":
            scales = 10.0 ** fresh_rng.uniform(-2, 1, obs_dim)
            sides = np.resize([-1.0, 1.0], (num_rows, 1))
            obs = scales * sides * fresh_rng.uniform(0.5, 1.5, size=(num_rows, obs_dim))
            actions = sides * fresh_rng.uniform(0.3, 1.0, (num_rows, action_dim))
            next_obs = obs + scales * (0.3 + sides * fresh_rng.uniform(0.5, 1.5, size=obs.shape))
            one, two, three = (x.astype(dtype) for x in (obs, actions, next_obs))
            before = judge_pairs(student, one, two, three, before, atol=atol, rtol=rtol)


@subpart("1a")
def test_pairs_of_whole_numbers(student: Student, fresh_rng: np.random.Generator) -> None:
    """Whatever the dtype: states of int64 or int32, actions of float32, next states of float64."""
    for dtype in (np.int64, np.int32):
        obs: np.ndarray = fresh_rng.integers(-9, 9, (15, 3)).astype(dtype)
        actions = fresh_rng.uniform(-1, 1, (15, 2)).astype(np.float32)
        judge_pairs(student, obs, actions, obs + fresh_rng.normal(size=obs.shape), atol=1e-6, rtol=1e-5)


@subpart("1a")
def test_pairs_with_tiny_columns(student: Student, fresh_rng: np.random.Generator) -> None:
    """Velocities times dt are tiny, and are normalised all the same: only below 1e-8 is a column left alone."""
    scales = np.array([1e-6, 1e-9, 1.0])
    obs = scales * fresh_rng.normal(size=(12, 3))
    next_obs = obs + scales * fresh_rng.normal(size=(12, 3))
    actions = 1e-6 * fresh_rng.normal(size=(12, 1))
    answer = student.dynamics.normalized_pairs(obs, actions, next_obs)
    expect(
        isinstance(answer, tuple | list) and len(answer) == 3,
        "`normalized_pairs` must return inputs, targets and stats",
    )
    stds = [
        expect_array(x, (12, n), name="normalized_pairs").std(axis=0)
        for x, n in zip(answer, (4, 3), strict=False)
    ]
    for std in stds:
        std = np.sort(std)
        expect(std[0] < 1e-7, "a column with a standard deviation below 1e-8 must be divided by 1")
        sentence = (
            "a column with a tiny standard deviation, but above 1e-8, does not get a standard deviation of 1"
        )
        expect_close(std[1:], np.ones(len(std) - 1), sentence)
    judge_pairs(student, obs, actions, next_obs, atol=1e-6, atol_of_stats=1e-12)


@subpart("1a")
@pytest.mark.parametrize("rows", [1_000, 90_000])
def test_pairs_of_long_float32_columns(student: Student, fresh_rng: np.random.Generator, rows: int) -> None:
    """Long float32 columns far from 0, some of which never change, are normalised as in float64."""
    rows += int(fresh_rng.integers(rows // 5))
    offsets = fresh_rng.choice([-1, 1], 8) * 10 ** fresh_rng.uniform(-1, 3, 8)
    spread = np.abs(offsets) * 10 ** fresh_rng.uniform(-2.5, 0, 8)
    spread[4:] = 0.0
    raw = (offsets + spread * fresh_rng.normal(size=(rows, 8))).astype(np.float32)
    raw = raw[:, fresh_rng.permutation(8)]
    obs, actions = raw[:, :5], raw[:, 5:]
    # The changes are smaller than the states; those of the first column are always the same, and exactly so.
    change = np.abs(obs[0]) * 10 ** fresh_rng.uniform(-2, 0, 5)
    next_obs = (obs + change * fresh_rng.normal(2.0, 0.2, (rows, 5))).astype(np.float32)
    obs[:, 0], next_obs[:, 0] = 0.0, change[0]
    rare = fresh_rng.integers(rows, size=5)  # far outside, as contacts are: what is normalised has no bounds
    actions[rare, 0] += 25 * (spread.max() + 1)
    next_obs[rare, 1] += 25 * change[1]
    # What was computed in float64 may be kept as float32.
    judge_pairs(student, obs, actions, next_obs, atol=1e-3, rtol=1e-4)


# --- 1b: bounded log-variance ---


@subpart("1b")
def test_bounded_log_var_against_reference(student: Student, fresh_rng: np.random.Generator) -> None:
    """Any shape, any bounds, float32 and float64."""
    import torch

    for shape in ((1,), (4,), (3, 1, 2), (2, 5, 3)):
        low, high = -float(fresh_rng.uniform(2, 12)), float(fresh_rng.uniform(-1, 4))
        for double in (False, True):
            raw = fresh_rng.uniform(low - 15, high + 15, shape)
            wanted = reference.bounded_log_var(torch.as_tensor(raw), low, high).numpy()
            actual = student.dynamics.bounded_log_var(Tensor(raw, double=double), low, high)
            expect_close(actual, wanted, "the bounded log-variance is wrong for these bounds", atol=1e-5)
        actual = student.dynamics.bounded_log_var(Tensor(raw), low=low, high=high)
        expect_close(actual, wanted, "the bounds are not used when they are passed by name", atol=1e-5)


@subpart("1b")
def test_bounded_log_var_gradient_against_reference(student: Student, fresh_rng: np.random.Generator) -> None:
    """The gradient on fresh values within and beyond the default bounds."""
    import torch

    raw = fresh_rng.uniform(-16, 6, (2, 4, 3)).astype(np.float32)
    inputs = torch.tensor(raw, requires_grad=True)
    (wanted,) = torch.autograd.grad(reference.bounded_log_var(inputs).sum(), inputs)
    _, (gradient,) = student.value_and_grad("dynamics", "bounded_log_var", [Tensor(raw)])
    expect(gradient is not None, "no gradient flows through the bounds (is something detached?)")
    expect_close(gradient, wanted.numpy(), "the gradient of the bounded log-variance is wrong", atol=1e-5)


@subpart("1b")
def test_bounded_log_var_stays_between_other_bounds(student: Student, fresh_rng: np.random.Generator) -> None:
    """Raw values of any size end between the bounds that were passed in."""
    low, high = -float(fresh_rng.uniform(15, 20)), float(fresh_rng.uniform(0, 2))
    raw = np.sort(fresh_rng.choice([-1, 1], 30) * 10 ** fresh_rng.uniform(0, 5, 30))
    actual = student.dynamics.bounded_log_var(Tensor(raw), low, high)
    actual = expect_array(actual, (30,), name="bounded_log_var")
    expect(
        (actual >= low - 1e-4) & (actual <= high + 1e-4),
        "a value lies outside the bounds that were passed in",
    )
    expect(np.diff(actual) >= 0, "a larger raw value must not give a smaller log-variance")


@subpart("1b")
def test_bounded_log_var_of_a_large_batch(student: Student, fresh_rng: np.random.Generator) -> None:
    """An ensemble of 5 on 2,500 rows, with gradients, twice: every number of every row is bounded."""
    import torch

    before = None
    for _ in "ab":
        raw = fresh_rng.uniform(-14, 4, (5, 2_500, 2)).astype(np.float32)
        inputs = torch.tensor(raw, requires_grad=True)
        wanted = reference.bounded_log_var(inputs)
        wanted.sum().backward()
        actual, (gradient,) = student.value_and_grad("dynamics", "bounded_log_var", [Tensor(raw)])
        expect_no_repeat(before, actual)
        before = actual
        expect_close(actual, wanted.detach().numpy(), "with 2,500 rows a log-variance is wrong", atol=1e-5)
        expect(gradient is not None, "no gradient flows through the bounds (is something detached?)")
        assert inputs.grad is not None
        sentence = "with 2,500 rows the gradient of a log-variance is wrong"
        expect_close(gradient, inputs.grad.numpy(), sentence, atol=1e-5)


# --- 1c: Gaussian negative log-likelihood ---

SHAPES = [(1, 1, 1), (3, 1, 4), (1, 5, 2), (3, 3, 3), (5, 4, 1), (2, 7, 6)]


@subpart("1c")
def test_nll_against_reference(student: Student, fresh_rng: np.random.Generator) -> None:
    """The loss of each member on fresh numbers of several shapes, float32 and float64."""
    import torch

    for shape in SHAPES:
        mean, log_var, targets = fresh_rng.normal(size=(3, *shape)) * np.array([2, 1.5, 2]).reshape(
            3, 1, 1, 1
        )
        wanted = reference.gaussian_nll(*(torch.as_tensor(x) for x in (mean, log_var, targets))).numpy()
        for double in (False, True):
            args = [Tensor(x, double=double) for x in (mean, log_var, targets)]
            actual = student.dynamics.gaussian_nll(*args)
            expect_close(actual, wanted, "the likelihood loss is wrong", atol=1e-5, name="gaussian_nll")


@subpart("1c")
def test_nll_of_extreme_variances(student: Student, fresh_rng: np.random.Generator) -> None:
    """Log-variances at both bounds, and errors from none to fifty standard deviations."""
    import torch

    shape = (2, 6, 3)
    mean, log_var = fresh_rng.normal(size=shape), fresh_rng.choice([-10.0, 0.5], size=shape)
    targets = mean + np.exp(log_var / 2) * fresh_rng.choice([0.0, 1.0, -50.0], size=shape)
    singles = [x.astype(np.float32) for x in (mean, log_var, targets)]
    wanted = reference.gaussian_nll(*map(torch.as_tensor, singles)).numpy()
    actual = student.dynamics.gaussian_nll(*map(Tensor, singles))
    expect_close(
        actual, wanted, "the loss is wrong for variances at the bounds", atol=1e-4, name="gaussian_nll"
    )


@subpart("1c")
def test_nll_gradients_against_reference(student: Student, fresh_rng: np.random.Generator) -> None:
    """The gradients by mean and log-variance."""
    import torch

    for shape in SHAPES[1:4]:
        mean, log_var, targets = fresh_rng.normal(size=(3, *shape)).astype(np.float32)
        leaves = [torch.tensor(x, requires_grad=True) for x in (mean, log_var)]
        loss = reference.gaussian_nll(leaves[0], leaves[1], torch.as_tensor(targets)).sum()
        wanted = torch.autograd.grad(loss, leaves)
        args = [Tensor(x) for x in (mean, log_var, targets)]
        _, found = student.value_and_grad("dynamics", "gaussian_nll", args, wrt=(0, 1))
        for own, gradient in zip(wanted, found, strict=True):
            expect(gradient is not None, "no gradient reaches the predictions (are they detached?)")
            expect_close(
                gradient, own.numpy(), "the gradient by the predictions is wrong", name="the gradient"
            )


@subpart("1c")
def test_nll_of_a_large_batch(student: Student, fresh_rng: np.random.Generator) -> None:
    """An ensemble of 5 on 2,500 rows of 8 dimensions, twice: every number counts, the farthest too."""
    import torch

    before = None
    for _ in "ab":
        mean, log_var, targets = fresh_rng.normal(size=(3, 5, 2_500, 8)).astype(np.float32)
        targets[:, ::500] += 40.0  # rare, large errors, as in contacts
        log_var[:, -1] = 0.5
        wanted = reference.gaussian_nll(*(torch.as_tensor(x) for x in (mean, log_var, targets))).numpy()
        actual = student.dynamics.gaussian_nll(*(Tensor(x) for x in (mean, log_var, targets)))
        expect_no_repeat(before, actual)
        before = actual
        sentence = "with 2,500 rows, some of them with large errors, the loss is wrong"
        expect_close(actual, wanted, sentence, rtol=1e-4, name="gaussian_nll")


# --- 1d: bootstrap and hold-out ---


def judge_split(answer: Any, num_samples: int, members: int, size: int) -> tuple:
    """(train, holdout): shapes, ranges, and nobody trains on what is held out."""
    expect(
        isinstance(answer, tuple | list) and len(answer) == 2,
        "`bootstrap_split` must return train and holdout",
    )
    train, holdout = answer
    expect_array(holdout, (None,), name="bootstrap_split (holdout)", kind="int")
    expect(len(holdout) == size, "the hold-out size is not max(1, round(holdout_fraction · num_samples))")
    expect_array(train, (members, num_samples - size), name="bootstrap_split (train)", kind="int")
    both = np.concatenate([train.ravel(), holdout])
    expect((both >= 0) & (both < num_samples), "there are row numbers outside 0 … num_samples - 1")
    expect(len(np.unique(holdout)) == size, "a row is held out twice")
    expect(not np.isin(train, holdout).any(), "a member trains on rows that are held out")
    return train, holdout


@subpart("1d")
def test_split_of_any_size(student: Student, fresh_rng: np.random.Generator) -> None:
    """Two samples or hundreds, one member or many, hold-out fractions from 0 to a half."""
    for num_samples in (2, 3, 7, *map(int, fresh_rng.integers(10, 400, size=6))):
        members, fraction = int(fresh_rng.choice([1, 3, 5])), float(fresh_rng.choice([0.0, 0.07, 0.2, 0.45]))
        if abs(fraction * num_samples % 1 - 0.5) < 0.01:  # either way of rounding a half will do
            continue
        answer = student.dynamics.bootstrap_split(num_samples, members, fraction, Rng(fresh_seed(fresh_rng)))
        judge_split(answer, num_samples, members, max(1, round(fraction * num_samples)))


@subpart("1d")
def test_every_row_is_held_out_equally_often(student: Student, fresh_rng: np.random.Generator) -> None:
    """Which rows are held out is uniform, and drawn afresh at each call."""
    rng, calls, counts = student.given.rng(fresh_seed(fresh_rng)), 150, np.zeros(7, dtype=int)
    for _ in range(calls):
        _, holdout = judge_split(student.dynamics.bootstrap_split(7, 1, 0.3, rng), 7, 1, 2)
        counts[holdout] += 1
    expect(counts.max() < calls, "every call holds out the same rows; draw them afresh from `rng`")
    for count in counts:  # within a call the rows exclude each other, so each row is judged by itself
        expect_probability(int(count), calls, 2 / 7, "some rows are held out more often than others")


@subpart("1d")
def test_bootstrap_is_uniform_with_replacement(student: Student, fresh_rng: np.random.Generator) -> None:
    """Each draw of each member is uniform over the rows that are not held out, independently of all others."""
    members, seed = 3000, fresh_seed(fresh_rng)
    train, holdout = judge_split(
        student.dynamics.bootstrap_split(10, members, 0.2, Rng(seed)), 10, members, 2
    )
    rest = np.setdiff1d(np.arange(10), holdout)
    # Within a member counts are what matters, since the order of a sample is the student's choice.
    counts = (train[:, :, None] == rest).sum(axis=1)
    expect(counts.max() > 1, "a member never gets a row twice: bootstrap draws are with replacement")
    same = (counts[1:] == counts[:-1]).all(axis=1).mean()
    expect(same < 0.5, "members share their samples: draw one for each member")
    sentence = "some rows are drawn more often than others"
    expect_distribution(np.searchsorted(rest, train), np.full(8, 1 / 8), sentence)
    # How often a row is in a member's sample of 8 is binomial, and members are independent of each other.
    is_in = counts > 0
    p = 1 - (7 / 8) ** 8
    for row in range(8):
        sentence = "the draws of a member are not independent of each other"
        expect_binomial(counts[:, row], 8, 1 / 8, sentence)
        pairs = 2 * is_in[::2, row] + is_in[1::2, row]
        sentence = "members that follow each other share draws"
        expect_distribution(pairs, [(1 - p) ** 2, (1 - p) * p, p * (1 - p), p**2], sentence)


def ranks(train: np.ndarray, holdout: np.ndarray, num_samples: int) -> np.ndarray:
    """Each member's sample, sorted, as places among the rows that are not held out."""
    rest = np.setdiff1d(np.arange(num_samples), holdout)
    return np.searchsorted(rest, np.sort(train, axis=1))


@subpart("1d")
def test_split_of_a_long_buffer(student: Student, fresh_rng: np.random.Generator) -> None:
    """40,000 rows: early and late ones are held out and drawn alike, and each member draws anew in every call."""
    rng, rows, size, members, parts = student.given.rng(fresh_seed(fresh_rng)), 40_000, 4_000, 4, 50
    held = np.zeros(parts, dtype=int)
    before: tuple = ()
    for _ in "ab":
        train, holdout = judge_split(
            student.dynamics.bootstrap_split(rows, members, 0.1, rng), rows, members, size
        )
        holdout, places = np.sort(holdout), ranks(train, holdout, rows)
        held += np.bincount(holdout * parts // rows, minlength=parts)
        share = 1 - np.bincount(holdout * parts // rows, minlength=parts) * parts / rows
        for member in train:
            sentence = "of 40,000 rows, a member draws early and late ones with different frequency"
            expect_distribution(member * parts // rows, share / share.sum(), sentence)
            distinct = len(np.unique(member)) / len(member)  # 63.2 %, give or take 0.2 %
            sentence = "of 40,000 rows, a member's sample does not have about 63 % different ones"
            expect(abs(distinct - 0.632) < 0.016, sentence)
        for i in range(members):
            sentence = "members share their samples: draw one for each member"
            expect(not any(np.array_equal(places[i], places[j]) for j in range(i)), sentence)
        if before:
            sentence = "a second call holds out the same rows as the first: draw them from `rng` itself"
            expect(not np.array_equal(before[1], holdout), sentence)
            sentence = "a second call repeats a member's sample: draw every member's from `rng` itself"
            expect(not any(np.array_equal(a, b) for a, b in zip(before[0], places, strict=True)), sentence)
        before = places, holdout
    expect_not_copied(student, rng)
    # Without replacement the counts vary less than binomial ones do.
    off = [is_off_without_replacement(int(n), 2 * size, 1 / parts, 1e-7 / parts) for n in held]
    expect(not any(off), "of 40,000 rows, early and late ones are not held out alike")


@subpart("1d")
def test_split_depends_on_nothing_but_the_generator(student: Student, fresh_rng: np.random.Generator) -> None:
    """With another seed every member's sample and the hold-out differ; with the same seed none of them does."""
    seed = fresh_seed(fresh_rng)
    drawn = []
    for s in (seed, seed, seed + 1):
        train, holdout = judge_split(student.dynamics.bootstrap_split(300, 6, 0.2, Rng(s)), 300, 6, 60)
        sentence = "a member never gets a row twice: bootstrap draws are with replacement"
        expect(all(len(np.unique(member)) < 240 for member in train), sentence)
        drawn.append([*ranks(train, holdout, 300), holdout])
    same = all(np.array_equal(a, b) for a, b in zip(drawn[0], drawn[1], strict=True))
    expect(same, "the same generator gave two different splits: not all of the draws come from `rng`")
    differ = [not np.array_equal(np.sort(a), np.sort(b)) for a, b in zip(drawn[0], drawn[2], strict=True)]
    expect(differ[-1], "the hold-out rows do not depend on the generator `rng`")
    expect(all(differ[:-1]), "a member's sample does not depend on the generator `rng`")


# --- 1e: early stopping ---

NO_COUNT = "`stale_epochs` must be a whole number"


def epoch(rng: np.random.Generator, members: int) -> tuple[np.ndarray, np.ndarray, float]:
    """(best, losses, min_improvement) with every loss clearly on one side of the margin."""
    best = rng.choice([-1, 1], members) * rng.uniform(0.5, 5, members)
    share = float(rng.choice([0.001, 0.01, 0.2]))
    step = rng.choice([-0.4, share / 2, share + 0.003, 2 * share + 0.3], members)  # a share of |best|
    losses = best - step * np.abs(best)
    best[rng.random(members) < 0.25] = np.inf
    return best, losses, share


@subpart("1e")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_early_stopping_against_reference(
    student: Student, fresh_rng: np.random.Generator, dtype: str
) -> None:
    """Fresh losses of either sign, infinite and finite bests, several margins, one member or several."""
    for members in (1, 1, 1, 3, 3, 7, 7, 60, 60):
        best, losses, share = epoch(fresh_rng, members)
        best, losses, stale = best.astype(dtype), losses.astype(dtype), int(fresh_rng.choice([0, 3, 9, 500]))
        answer = student.dynamics.early_stopping(best, losses, stale, min_improvement=share)
        expect(
            isinstance(answer, tuple | list) and len(answer) == 3, "`early_stopping` must return three things"
        )
        improved, new_best, stale_epochs = reference.early_stopping(best, losses, stale, share)
        actual = expect_array(answer[0], (members,), name="early_stopping (improved)", kind="bool")
        expect(np.array_equal(actual, improved), "which members have improved is wrong")
        actual = expect_array(answer[1], (members,), name="early_stopping (new best)", finite=False)
        known = np.isfinite(new_best)
        expect_close(actual[known], new_best[known], "the new best is wrong")
        expect(expect_whole(answer[2], NO_COUNT) == stale_epochs, "`stale_epochs` is wrong")


@subpart("1e")
def test_early_stopping_at_the_edge(student: Student) -> None:
    """A loss exactly at the margin has not improved; a member that diverged, to infinity or NaN, has not either."""
    best = np.array([2.0, 0.0, 0.0, np.inf, np.inf, 1.0])
    losses = np.array([1.0, 0.0, -1e-6, np.inf, np.nan, np.nan])
    answer = student.dynamics.early_stopping(best, losses, 2, min_improvement=0.5)
    expect(isinstance(answer, tuple | list) and len(answer) == 3, "`early_stopping` must return three things")
    improved = expect_array(answer[0], (6,), name="early_stopping (improved)", kind="bool")
    expect(not improved[0], "a loss exactly at the margin counts as an improvement; it must be below")
    expect(not improved[1], "an unchanged loss of 0 counts as an improvement")
    expect(improved[2], "from a best of 0 the margin is 0, so any lower loss is an improvement")
    expect(not improved[3], "an infinite loss counts as an improvement")
    expect(not improved[4:6].any(), "a loss that is not a number counts as an improvement")
    new_best = expect_array(answer[1], (6,), name="early_stopping (new best)", finite=False)
    expect(new_best[3:5] == np.inf, "the best of a member that never had a finite loss must stay infinite")
    expect(new_best[5] == 1.0, "a loss that is not a number takes the place of the best")


@subpart("1e")
def test_stale_epochs_grow_whatever_they_were(student: Student) -> None:
    """`stale_epochs` grows by 1 where nobody improves, however long that has been so, and for one member and more."""
    for stale in (3, 9, 10, 500):
        for best in ([1.0], [2.0, 0.5, -1.0]):
            answer = student.dynamics.early_stopping(np.array(best), np.array(best) + 0.5, stale)
            expect(
                isinstance(answer, tuple | list) and len(answer) == 3,
                "`early_stopping` must return three things",
            )
            stale_epochs = expect_whole(answer[2], NO_COUNT)
            expect(stale_epochs == stale + 1, "no member improved, so stale_epochs must grow by 1")


@subpart("1e")
def test_early_stopping_over_many_epochs(student: Student, fresh_rng: np.random.Generator) -> None:
    """Epoch after epoch, with what one call returned passed to the next."""
    best, stale = np.full(3, np.inf), 0
    wanted_best, wanted_stale = best, stale
    for _ in range(12):
        losses = fresh_rng.choice([3.0, 1.0, -1.0, -4.0], 3, p=[0.4, 0.4, 0.1, 0.1]) + fresh_rng.uniform(
            0, 0.004, 3
        )
        answer = student.dynamics.early_stopping(best, losses, stale)
        expect(
            isinstance(answer, tuple | list) and len(answer) == 3, "`early_stopping` must return three things"
        )
        _, best, stale = answer
        _, wanted_best, wanted_stale = reference.early_stopping(wanted_best, losses, wanted_stale)
        expect_close(
            best, wanted_best, "over several epochs the best goes wrong", name="early_stopping (new best)"
        )
        expect(expect_whole(stale, NO_COUNT) == wanted_stale, "over several epochs `stale_epochs` goes wrong")


# --- 1f: sampling the next state ---

CERTAIN = -60.0  # a log-variance that leaves a standard deviation of 1e-13


def fresh_stats(rng: np.random.Generator, obs_dim: int, action_dim: int = 2) -> dict[str, np.ndarray]:
    width = obs_dim + action_dim
    return {
        "input_mean": rng.normal(size=width),
        "input_std": rng.uniform(0.5, 3, width),
        "delta_mean": rng.normal(size=obs_dim),
        "delta_std": 10 ** rng.uniform(-1, 1, obs_dim),
    }


@subpart("1f")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_certain_predictions(student: Student, fresh_rng: np.random.Generator, dtype: str) -> None:
    """Without noise each row is what one elite predicts for that very row, in all of its dimensions."""
    for members, rows, obs_dim in ((1, 1, 1), (3, 1, 4), (1, 7, 3), (5, 20, 3), (3, 3, 3)):
        obs, stats = fresh_rng.normal(0, 3, (rows, obs_dim)), fresh_stats(fresh_rng, obs_dim)
        mean = fresh_rng.normal(size=(members, rows, obs_dim)).astype(dtype)
        log_var = np.full(mean.shape, CERTAIN, dtype)
        elites = fresh_rng.permutation(members)[: max(1, members - 2)]
        seed = fresh_seed(fresh_rng)
        actual = student.dynamics.sample_next_obs(obs, mean, log_var, stats, elites, Rng(seed))
        actual = expect_array(actual, obs.shape, name="sample_next_obs")
        candidates = obs + stats["delta_mean"] + stats["delta_std"] * mean
        tolerance = 1e-5 * (1 + np.abs(candidates))
        fits = (np.abs(actual - candidates) < tolerance).all(axis=2)  # (members, rows)
        expect(fits.any(axis=0), "a row is not what any one member predicts for it (mean[member, row])")
        expect(fits[elites].any(axis=0), "a row comes from a member that is not among `elites`")


@subpart("1f")
def test_a_long_batch(student: Student, fresh_rng: np.random.Generator) -> None:
    """40,000 rows: each has one elite's mean and variance, an elite and noise of its own, both drawn as promised."""
    rows, obs_dim, members = 40_000, 3, 7
    elites = fresh_rng.permutation(members)[:4]
    obs, stats = fresh_rng.normal(0, 3, (rows, obs_dim)), fresh_stats(fresh_rng, obs_dim)
    log_var = fresh_rng.uniform(-8, 0.5, (members, rows, obs_dim))
    mean = fresh_rng.normal(size=log_var.shape) + 1000.0 * np.arange(members)[:, None, None]
    seed = fresh_seed(fresh_rng)
    actual = student.dynamics.sample_next_obs(obs, mean, log_var, stats, elites, Rng(seed))
    actual = expect_array(actual, obs.shape, name="sample_next_obs")
    change = (actual - obs - stats["delta_mean"]) / stats["delta_std"]
    member = np.round(change.mean(axis=1) / 1000.0).astype(int)
    expect(
        np.abs(change - 1000.0 * member[:, None]) < 100.0, "a row is not what any one member predicts for it"
    )
    expect(np.isin(member, elites), "a row comes from a member that is not among `elites`")
    index = np.argmax(member[:, None] == elites, axis=1)
    expect_distribution(index, np.full(4, 1 / 4), "the elites are not equally likely")
    for part in (index[: rows // 20], index[-rows // 20 :]):
        sentence = "of 40,000 rows, the first or the last do not draw from all elites alike"
        expect_distribution(part, np.full(4, 1 / 4), sentence)
    expect_independent(index, 4, "the rows do not draw their members independently of each other")
    at = np.arange(rows)
    z = (change - mean[member, at]) / np.exp(log_var[member, at] / 2)
    expect(np.abs(z).max() > 1e-6, "there is no noise: the next state is a sample, not the mean")
    expect(np.abs(z).max(axis=1) > 1e-6, "of 40,000 rows, some have no noise at all")
    sentence = "the noise is not normal with the variance predicted for its member, row and dimension"
    expect_normal(z, 0.0, 1.0, sentence)
    expect_normal(z[-rows // 20 :], 0.0, 1.0, sentence)
    expect_independent_normals(
        z,
        across="the noise of a row's dimensions is not independent",
        along="the noise of different rows is not independent",
    )
    sentence = "the noise depends on the member that was drawn: draw it independently"
    expect_distribution(2 * index + (z[:, 0] > 0), np.full(8, 1 / 8), sentence)


@subpart("1f")
def test_many_calls(student: Student, fresh_rng: np.random.Generator) -> None:
    """Call after call with one generator: in each row the member and the noise are new, and as promised."""
    calls, rows = 300, 4
    rng, stats = student.given.rng(fresh_seed(fresh_rng)), fresh_stats(fresh_rng, 2)
    mean = np.broadcast_to(1000.0 * np.arange(2)[:, None, None], (2, rows, 2))
    args = (np.zeros((rows, 2)), mean, np.zeros(mean.shape), stats, np.array([0, 1]), rng)
    change = np.zeros((calls, rows, 2))
    for call in range(calls):
        actual = expect_array(student.dynamics.sample_next_obs(*args), (rows, 2), name="sample_next_obs")
        change[call] = (actual - stats["delta_mean"]) / stats["delta_std"]
    expect_not_copied(student, rng)
    member = np.round(change[:, :, 0] / 1000.0).astype(int)
    z = change - 1000.0 * member[:, :, None]
    expect(np.isin(member, [0, 1]) & (np.abs(z) < 100.0).all(axis=2), "a row comes from no member of the two")
    expect(np.abs(z).max() > 1e-6, "there is no noise: the next state is a sample, not the mean")
    sentence = "the noise of a row is the same call after call: draw it from `rng` itself"
    expect((np.abs(np.diff(z, axis=0)) > 1e-9).any(axis=0), sentence)
    expect_normal(z, 0.0, 1.0, "over many calls the noise is not standard normal")
    for row in range(rows):
        sentence = "over many calls a row does not draw both members alike"
        expect_distribution(member[:, row], [0.5, 0.5], sentence)
        sentence = "over many calls a row does not draw its member afresh"
        expect_independent(member[:, row], 2, sentence)
        expect_independent(z[:, row, 0] > 0, 2, "over many calls the noise of a row is not independent")
    sentence = "the rows of a call do not draw their members independently of each other"
    expect_binomial(member.sum(axis=1), rows, 0.5, sentence)


@subpart("1f")
def test_samples_depend_on_nothing_but_the_generator(
    student: Student, fresh_rng: np.random.Generator
) -> None:
    """With another seed the members differ, and so does the noise of every row; with the same seed nothing does."""
    seed, stats, rows = fresh_seed(fresh_rng), fresh_stats(fresh_rng, 2), 60
    mean = np.broadcast_to(1000.0 * np.arange(2)[:, None, None], (2, rows, 2))
    args = (np.zeros((rows, 2)), mean, np.zeros(mean.shape), stats, np.array([0, 1]))
    answers = [student.dynamics.sample_next_obs(*args, Rng(s)) for s in (seed, seed, seed + 1)]
    actual = np.stack([expect_array(a, (rows, 2), name="sample_next_obs") for a in answers])
    sentence = "the same generator gave two different samples: not all of the draws come from `rng`"
    expect(np.array_equal(actual[0], actual[1]), sentence)
    change = (actual - stats["delta_mean"]) / stats["delta_std"]
    member = np.round(change[:, :, 0] / 1000.0)
    expect(len(np.unique(member[0])) == 2, "all rows use the same member; draw one afresh for every row")
    expect(not np.array_equal(member[0], member[2]), "the members do not depend on the generator `rng`")
    noise = change - 1000.0 * member[:, :, None]
    expect(np.abs(noise).max() > 1e-6, "there is no noise: the next state is a sample, not the mean")
    sentence = "the noise does not depend on the generator `rng`"
    expect((np.abs(noise[0] - noise[2]) > 1e-9).mean() > 0.5, sentence)
