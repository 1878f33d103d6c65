"""Tests of random behaviour with a rigorous bound on false alarms: exact binomial tails and a union bound.

No normal approximation and no chi-square: for counts that really come from the stated distribution (n independent
draws), each function says "off" with probability at most `false_alarm`, whatever n and the probabilities are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import erfc, sqrt

import numpy as np

# Of one call. A check makes fewer than ten such calls, so a correct submission fails it with probability < 1e-6.
FALSE_ALARM = 1e-7


def binomial_tails(successes: int, trials: int, p: float) -> tuple[float, float]:
    """(P[X <= successes], P[X >= successes]) for X ~ Binomial(trials, p), summed exactly in the log domain."""
    if not 0 <= successes <= trials or not 0.0 <= p <= 1.0:
        raise ValueError(f"need 0 <= successes <= trials and 0 <= p <= 1, got {successes}, {trials}, {p}")
    if p in (0.0, 1.0):
        certain = 0 if p == 0.0 else trials
        return float(successes >= certain), float(successes <= certain)
    pmf = binomial_pmf(trials, p)
    return min(1.0, float(pmf[: successes + 1].sum())), min(1.0, float(pmf[successes:].sum()))


@lru_cache(maxsize=64)
def binomial_pmf(trials: int, p: float) -> np.ndarray:
    """P[X = 0], …, P[X = trials] for X ~ Binomial(trials, p), 0 < p < 1."""
    log_factorial = _log_factorials(trials)
    k = np.arange(trials + 1)
    return np.exp(
        log_factorial[-1] - log_factorial - log_factorial[::-1] + k * np.log(p) + (trials - k) * np.log1p(-p)
    )


@lru_cache(maxsize=8)
def _log_factorials(largest: int) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, largest + 1)))])


def is_off(successes: int, trials: int, p: float, false_alarm: float = FALSE_ALARM) -> bool:
    """Whether a count is too far from `p` to be chance.

    A tail probability taken at the count itself is at most a/2 with probability at most a/2 (it is super-uniform, by
    monotonicity of the tail), so looking at both tails raises a false alarm with probability at most `false_alarm`.
    """
    if not 0 <= successes <= trials or not 0.0 <= p <= 1.0:
        raise ValueError(f"need 0 <= successes <= trials and 0 <= p <= 1, got {successes}, {trials}, {p}")
    low, high = _accepted(trials, p, false_alarm)
    return not low <= successes <= high


@lru_cache(maxsize=1024)
def _accepted(trials: int, p: float, false_alarm: float) -> tuple[int, int]:
    """The lowest and the highest count of which both tails exceed false_alarm / 2."""
    if p in (0.0, 1.0):
        return int(trials * p), int(trials * p)
    pmf = binomial_pmf(trials, p)
    below, above = np.cumsum(pmf), np.cumsum(pmf[::-1])  # P[X <= k], P[X >= trials - k]
    return int(np.argmax(below > false_alarm / 2)), trials - int(np.argmax(above > false_alarm / 2))


def off_categories(
    counts: Sequence[int] | np.ndarray,
    probabilities: Sequence[float] | np.ndarray,
    false_alarm: float = FALSE_ALARM,
) -> list[int]:
    """The categories whose count is too far from its probability.

    Each count of a multinomial is binomial, so testing all K at false_alarm / K bounds the whole by the union bound;
    that the counts depend on each other does not matter.
    """
    counts, probabilities = np.asarray(counts), np.asarray(probabilities, dtype=float)
    if counts.shape != probabilities.shape or abs(probabilities.sum() - 1.0) > 1e-9:
        raise ValueError("counts and probabilities must have one shape, and probabilities must sum to 1")
    trials, share = int(counts.sum()), false_alarm / len(counts)
    pairs = zip(counts, np.clip(probabilities, 0.0, 1.0), strict=True)
    return [k for k, (count, p) in enumerate(pairs) if is_off(int(count), trials, float(p), share)]


def is_off_without_replacement(
    successes: int, trials: int, p: float, false_alarm: float = FALSE_ALARM
) -> bool:
    """The same for draws without replacement out of a set of which the share `p` counts as a success.

    Hoeffding (1963), Section 6: Chernoff's bound exp(-trials · KL(share | p)) holds for such draws as well.
    """
    share, distance = successes / trials, 0.0
    for q, expected in ((share, p), (1 - share, 1 - p)):
        distance += q * np.log(q / expected) if q > 0 else 0.0
    return bool(np.exp(-trials * distance) <= false_alarm / 2)


# --- normal draws ---

LEVELS = (0.0, 0.1, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)


def is_gaussian(z: np.ndarray, false_alarm: float = FALSE_ALARM) -> bool:
    """Whether `z`, of any shape, may be independent standard normal draws, judged by the counts beyond ±`LEVELS`.

    With 60,000 draws a scale that is off by a twentieth is found at any seed, and so is noise that is cut off.
    """
    z = np.asarray(z, dtype=np.float64).ravel()
    share = false_alarm / (2 * len(LEVELS))
    counts = ((int((side > x).sum()), 0.5 * erfc(x / sqrt(2.0))) for x in LEVELS for side in (z, -z))
    return bool(np.isfinite(z).all()) and not any(is_off(count, z.size, p, share) for count, p in counts)


def normal_to_uniform(z: np.ndarray) -> np.ndarray:
    """Standard normal draws through their distribution function, flat: uniform in [0, 1] and as independent as they."""
    return np.array([0.5 * erfc(-x / sqrt(2.0)) for x in np.ravel(z)])
