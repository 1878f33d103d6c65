"""Shared by checks of random behaviour: draws that must be independent of each other, judged by exact tests.

Each function fails a right submission with probability at most `FALSE_ALARM` a call, however many tests it makes.
"""

from __future__ import annotations

import numpy as np

from autograder.checks.checking import Handle, Student, expect, expect_distribution
from autograder.checks.statistics import FALSE_ALARM, binomial_pmf, is_off

LAGS = (1, 2, 3, 4, 5, 7, 8, 16, 32)


COPIED = "the generator `rng` is copied, so what is drawn from the copy comes again: draw from `rng` itself"


def expect_not_copied(student: Student, rng: Handle) -> None:
    """Fail if the submission has copied the generator, which `student.given.rng(seed)` made."""
    expect(student.read(rng, "copies") == 0, COPIED)


def expect_independent(draws: np.ndarray, kinds: int, sentence: str) -> None:
    """Fail with `sentence` unless `draws` (B,), uniform over 0 … kinds-1 each, look independent, row by row.

    Two rows some way apart are equal with probability 1 / kinds, and so is a row and the complement (kinds - 1 - x) of
    one in the other half. For a fixed distance all these pairs are independent of each other: along x_i, x_i+d, … the
    differences modulo `kinds` are independent and uniform.
    """
    draws = np.asarray(draws).ravel()
    count = len(draws)
    first, second = draws[: count // 2], draws[count // 2 : count // 2 * 2]
    equal = [draws[lag:] == draws[:-lag] for lag in LAGS if lag < count]
    for other in (second, second[::-1]):  # the other half shifted, and mirrored
        equal += [first == other, first == kinds - 1 - other]
    off = [is_off(int(e.sum()), len(e), 1 / kinds, FALSE_ALARM / len(equal)) for e in equal]
    expect(not any(off), sentence)


def expect_independent_columns(draws: np.ndarray, sentence: str) -> None:
    """Fail with `sentence` unless the columns of standard normal `draws` (B, D) look independent of each other.

    Of two independent columns the signs agree with probability 1/2, and so do the sides of the median that the
    magnitudes lie on.
    """
    halves = [draws > 0, np.abs(draws) > 0.6744897501960817]
    pairs = [(i, j) for i in range(draws.shape[1]) for j in range(i)]
    agree = [int((half[:, i] == half[:, j]).sum()) for half in halves for i, j in pairs]
    expect(not any(is_off(n, len(draws), 0.5, FALSE_ALARM / len(agree)) for n in agree), sentence)


def expect_independent_normals(draws: np.ndarray, across: str, along: str) -> None:
    """Fail unless standard normal `draws` (B, D) look independent: `across` the columns, and `along` the rows."""
    if draws.shape[1] > 1:
        expect_independent_columns(draws, across)
    for half in (draws > 0, np.abs(draws) > 0.6744897501960817):
        for column in half.T:
            expect_independent(column.astype(int), 2, along)


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
