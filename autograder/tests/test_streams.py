"""Do the tests of independence and of normal draws see what they are for, and nothing in what is right?"""

import numpy as np
import pytest

from autograder.checks.checking import CheckFailed
from autograder.checks.independence import expect_independent_rows, own_rng, spread
from autograder.checks.statistics import is_gaussian, normal_to_uniform

ROWS = 20_000


def notices(draws: np.ndarray, others: np.ndarray | None = None) -> bool:
    try:
        expect_independent_rows(draws, "they depend on each other", others)
    except CheckFailed:
        return True
    return False


def repeated(rng: np.random.Generator) -> np.ndarray:
    """A tenth of the rows repeats the row before."""
    draws = rng.random(ROWS)
    again = np.flatnonzero(rng.random(ROWS - 1) < 0.1) + 1
    draws[again] = draws[again - 1].copy()
    return draws


DEPENDENT = {
    "blocks of eight rows": lambda rng: np.repeat(rng.random(ROWS // 8), 8),
    "u beside 1 - u": lambda rng: np.stack([u := rng.random(ROWS // 2), 1 - u], axis=1).ravel(),
    "u above 1 - u": lambda rng: np.concatenate([u := rng.random(ROWS // 2), 1 - u]),
    "the second half mirrored": lambda rng: np.concatenate([u := rng.random(ROWS // 2), u[::-1]]),
    "the same hundred again and again": lambda rng: np.resize(rng.random(100), ROWS),
    "a dealt deck": lambda rng: (rng.permutation(ROWS) + rng.random(ROWS)) / ROWS,
    "a tenth repeated": repeated,
    "only the distance from the middle shared": lambda rng: (
        0.5 + np.repeat(rng.random(ROWS // 2) / 2, 2) * rng.choice([-1, 1], ROWS)
    ),
}


@pytest.mark.parametrize("name", DEPENDENT)
def test_dependent_rows_are_noticed_at_every_seed(name: str) -> None:
    assert all(notices(DEPENDENT[name](np.random.default_rng(seed))) for seed in range(10))


def test_draws_of_two_kinds_that_go_together_are_noticed() -> None:
    rng = np.random.default_rng(0)
    first = rng.random(ROWS)
    mixed = np.where(rng.random(ROWS) < 0.1, first, rng.random(ROWS))
    assert notices(first, mixed) and notices(first, np.roll(mixed, 7)) and notices(first, 1 - first)
    assert not notices(first, rng.random(ROWS))


def test_independent_rows_pass() -> None:
    """The bound is rigorous and far from reached: in 300 tests not one is near a false alarm."""
    for seed in range(300):
        rng = np.random.default_rng(seed)
        assert not notices(rng.random(int(rng.integers(1, 6000))))


def test_whole_numbers_are_spread_evenly() -> None:
    spread_out = spread(np.random.default_rng(0).integers(7, size=ROWS), 7, own_rng())
    assert 0 <= spread_out.min() and spread_out.max() < 1 and not notices(spread_out)
    assert notices(spread(np.repeat(np.random.default_rng(0).integers(7, size=ROWS // 2), 2), 7, own_rng()))


def test_noise_of_another_size_or_shape_is_noticed_at_every_seed() -> None:
    for seed in range(20):
        z = np.random.default_rng(seed).standard_normal(60_000)
        assert is_gaussian(z) and is_gaussian(z[:500])
        for wrong in (
            1.05 * z,
            0.95 * z,
            z + 0.05,
            np.clip(z, -2.5, 2.5),
            np.where(np.abs(z) > 2.9, 0, z),
            -np.abs(z),
        ):
            assert not is_gaussian(wrong)
    assert not is_gaussian(np.random.default_rng(0).laplace(0, 0.5**0.5, 60_000))
    assert not is_gaussian(np.array([np.nan]))


def test_normal_draws_become_uniform() -> None:
    uniform = normal_to_uniform(np.random.default_rng(0).standard_normal((ROWS // 2, 2)))
    assert uniform.shape == (ROWS,) and not notices(uniform) and abs(uniform.mean() - 0.5) < 0.01
