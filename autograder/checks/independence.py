"""Shared by the checks of random functions: are the draws independent of each other?

All tests here bound the probability of a false alarm without approximations (Hoeffding's bound, exact binomial tails).
The one exception says so.
"""

from __future__ import annotations

import numpy as np

from autograder.checks.checking import expect, expect_distribution
from autograder.checks.statistics import FALSE_ALARM, binomial_pmf, normal_to_uniform


def own_rng() -> np.random.Generator:
    """A stream for a check's own use, which no `Rng(seed)` of a check has: it must not resemble the submission's."""
    return np.random.default_rng([2017, 1707, 1495])


def spread(values: np.ndarray, count: np.ndarray | int, rng: np.random.Generator) -> np.ndarray:
    """Draws of 0 … count-1 as numbers in [0, 1): uniform there exactly if the draws are. `rng` is the check's own."""
    return (np.asarray(values, dtype=np.float64) + rng.random(np.shape(values))) / count


def expect_independent_rows(
    draws: np.ndarray, sentence: str, others: np.ndarray | None = None, false_alarm: float = FALSE_ALARM
) -> None:
    """Fail with `sentence` unless `draws` (n,), uniform in [0, 1), are independent: row from row, at any distance.

    With `others` (n,): unless the draws are independent of these, at the same place and at any distance.
    Rows that share a draw, blocks of rows, u beside 1 - u, and draws that are too even to be independent all fail.
    """
    first = _signs(draws)
    second = first if others is None else _signs(others)
    tests = [(a, b) for i, a in enumerate(first) for b in (second[i:] if others is None else second)]
    for a, b in tests:
        expect(not _related(a, b, a is b, false_alarm / (2 * len(tests))), sentence)
    if others is None:
        expect(not _too_even(draws), sentence)


def expect_independent(draws: np.ndarray, kinds: int, sentence: str) -> None:
    """Fail with `sentence` unless `draws` (B,), uniform over 0 … kinds-1 each, are independent, row from row."""
    expect_independent_rows(spread(np.ravel(draws), kinds, own_rng()), sentence)


def expect_independent_normals(draws: np.ndarray, across: str, along: str) -> None:
    """Fail unless standard normal `draws` (B, D) are independent: `across` the columns, and `along` the rows."""
    columns = [normal_to_uniform(column) for column in draws.T]
    share = FALSE_ALARM / len(columns) ** 2
    for i, column in enumerate(columns):
        for other in columns[:i]:
            expect_independent_rows(column, across, other, false_alarm=share)
    for column in columns:
        expect_independent_rows(column, along, false_alarm=share)


def expect_binomial(counts: np.ndarray, trials: int, p: float, sentence: str) -> None:
    """Fail with `sentence` unless independent `counts` come from Binomial(trials, p): neither more nor less spread out.

    Draws that share a coin make the counts spread out; draws that balance each other make them all alike.
    """
    cumulated = np.cumsum(binomial_pmf(trials, p))
    low, high = (int(np.searchsorted(cumulated, q)) for q in (0.1, 0.9))
    edges = sorted({low, high})
    inner = [cumulated[edge] for edge in edges]
    probabilities = np.diff([0.0, *inner, 1.0])
    expect_distribution(
        np.searchsorted(edges, np.asarray(counts)), probabilities / probabilities.sum(), sentence
    )


def _signs(draws: np.ndarray) -> list[np.ndarray]:
    """Two fair and independent coins (n,) of ±1 that each uniform draw tosses: which half, and which part of it."""
    draws = np.asarray(draws, dtype=np.float64).ravel()
    return [np.where(draws < 0.5, -1.0, 1.0), np.where(np.abs(draws - 0.5) < 0.25, -1.0, 1.0)]


def _related(a: np.ndarray, b: np.ndarray, same: bool, false_alarm: float) -> bool:
    """Whether coins a (n,) and b (n,) agree too often or too seldom at some distance, forwards or mirrored.

    Of fair coins the products a_i b_{i+k} of one distance k are independent fair coins themselves, and so are those of
    the pairs i + j = k. So each sum of m products exceeds x with probability at most 2 exp(-x² / 2m) (Hoeffding), and
    there are 2n - 1 distances and as many mirrors.
    """
    n = len(a)
    size = 2 ** int(np.ceil(np.log2(2 * n)))
    fa, fb = np.fft.rfft(a, size), np.fft.rfft(b, size)
    pairs = np.minimum(np.arange(size) + 1, 2 * n - 1 - np.arange(size)).clip(0)  # products with i + j = k
    mirrored = np.fft.irfft(fa * fb, size)
    if same:  # each product twice, and a_i a_i, which is always 1
        mirrored, pairs = (mirrored - (np.arange(size) % 2 == 0)) / 2, pairs // 2
        mirrored, pairs = mirrored[: 2 * n - 1], pairs[: 2 * n - 1]
    lagged = np.fft.irfft(fa * np.conj(fb), size)
    distance = np.minimum(np.arange(size), size - np.arange(size))
    count = (n - distance).clip(0)
    if same:  # distance 0 is each coin beside itself, and k beside -k is the same
        lagged, count = lagged[1:n], count[1:n]
    bound = np.log(2 * 4 * n / false_alarm)
    return any(
        bool(np.any(np.square(total[m > 0]) > 2 * m[m > 0] * bound))
        for total, m in ((lagged, count), (mirrored[: len(pairs)], pairs))
    )


def _too_even(draws: np.ndarray) -> bool:
    """Whether the counts in 50 equal bins are nearer to each other than chance brings them (a dealt deck of cards).

    By the bound of Chernoff for chi-square with 49 degrees, which counts of 100 and more follow closely: below 1e-9.
    """
    draws = np.asarray(draws, dtype=np.float64).ravel()
    bins = 50
    if len(draws) < 100 * bins:
        return False
    counts, even = (
        np.bincount(np.minimum((draws * bins).astype(int), bins - 1), minlength=bins),
        len(draws) / bins,
    )
    return bool(np.square(counts - even).sum() / even < 0.2 * (bins - 1))
