"""How sure a measured share is: exact confidence bounds (Clopper and Pearson 1934)."""

from __future__ import annotations

from autograder.checks.statistics import binomial_tails

CONFIDENCE = 0.95


def at_least(successes: int, trials: int) -> float:
    """The lower end of the one-sided Clopper-Pearson interval for a probability."""
    if successes == 0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        if binomial_tails(successes, trials, middle)[1] < 1 - CONFIDENCE:
            low = middle
        else:
            high = middle
    return low


def at_most(successes: int, trials: int) -> float:
    """The upper end of the same interval."""
    return 1.0 - at_least(trials - successes, trials)
