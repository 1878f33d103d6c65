"""Does a policy reach a success rate? A sequential test whose error probabilities are stated, not hoped for.

Episodes are drawn one after the other, and after each the likelihoods of two success rates are compared:
p1 = threshold (good enough) and p0 = threshold - margin (clearly not). With s successes in n episodes,

    llr = s log(p1 / p0) + (n - s) log((1 - p1) / (1 - p0))

The policy fails once llr <= log(alpha) and passes once llr >= -log(beta) (Wald 1945, with Ville's bounds). For a
true rate p >= p1, exp(-llr) is a non-negative supermartingale that starts at 1, so it ever reaches 1 / alpha with
probability at most alpha: **a policy that deserves to pass fails with probability <= alpha**, however long one looks.
Likewise one with p <= p0 is declared good with probability <= beta. If the budget ends undecided, the student passes;
what that adds to the chance of passing undeserved, `operating_characteristics` computes exactly. For a threshold of
0.95 and a margin of 0.15 it is 0.09 after 100 episodes and 0.004 after 200; for a threshold of 0.9 and a margin of 0.1
it is 0.26 after 200 episodes and 0.025 after 400. So choose the margin and the budget together.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Verdict:
    passed: bool
    episodes: int
    successes: int
    decided: bool  # False: the budget ended first, which favours the student


@dataclass(frozen=True)
class Characteristics:
    """What the test does with a policy whose true success rate is `rate`. Exact up to rounding."""

    rate: float
    passes: float  # probability; includes `undecided`
    fails: float
    undecided: float
    mean_episodes: float


def sequential_test(
    successes: Iterable[bool] | Callable[[], bool],
    threshold: float,
    margin: float,
    alpha: float = 1e-3,
    beta: float = 1e-3,
    max_episodes: int = 1000,
) -> Verdict:
    """Draw episode outcomes until the verdict is in, or `max_episodes` is reached, or `successes` ends.

    `successes` yields (or returns, at each call) whether one more independent episode succeeded; no more are drawn
    than needed. Raises `ValueError` for impossible settings.
    """
    up, down, low, high = _steps(threshold, margin, alpha, beta)
    drawn = won = 0
    for success in _draws(successes, max_episodes):
        drawn += 1
        won += bool(success)
        llr = won * up + (drawn - won) * down
        if llr <= low or llr >= high:
            return Verdict(llr >= high, drawn, won, True)
    return Verdict(True, drawn, won, False)


def operating_characteristics(
    rate: float,
    threshold: float,
    margin: float,
    alpha: float = 1e-3,
    beta: float = 1e-3,
    max_episodes: int = 1000,
) -> Characteristics:
    """The exact probabilities of `sequential_test`, by following the distribution of (episodes, successes)."""
    up, down, low, high = _steps(threshold, margin, alpha, beta)
    alive = np.zeros(max_episodes + 1)  # alive[s]: still undecided, with s successes so far
    alive[0] = 1.0
    passes = fails = mean = 0.0
    for drawn in range(1, max_episodes + 1):
        mean += alive.sum()
        moved = alive * (1.0 - rate)
        moved[1:] += alive[:-1] * rate
        won = np.arange(max_episodes + 1)
        llr = won * up + (drawn - won) * down  # the same expression as above, so that rounding agrees
        passed, failed = llr >= high, llr <= low
        passes += moved[passed].sum()
        fails += moved[failed].sum()
        alive = np.where(passed | failed, 0.0, moved)
    undecided = float(alive.sum())
    return Characteristics(rate, float(passes) + undecided, float(fails), undecided, float(mean))


def _steps(threshold: float, margin: float, alpha: float, beta: float) -> tuple[float, float, float, float]:
    """What a success and a failure add to llr, and the two ends."""
    p1, p0 = threshold, threshold - margin
    if not 0.0 < p0 < p1 < 1.0:
        raise ValueError(
            f"need 0 < threshold - margin < threshold < 1, got threshold {threshold}, margin {margin}"
        )
    if not (0.0 < alpha < 1.0 and 0.0 < beta < 1.0):
        raise ValueError(f"alpha and beta must lie between 0 and 1, got {alpha} and {beta}")
    return math.log(p1 / p0), math.log((1.0 - p1) / (1.0 - p0)), math.log(alpha), -math.log(beta)


def _draws(successes: Iterable[bool] | Callable[[], bool], count: int) -> Iterator[bool]:
    if isinstance(successes, Iterable):
        yield from itertools.islice(successes, count)
    else:
        for _ in range(count):
            yield successes()
