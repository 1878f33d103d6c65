"""Shared by the checks of random functions: are draws independent, and does each come anew from the `rng` passed in?

All tests here bound the probability of a false alarm without approximations (Hoeffding's bound, exact binomial tails).
The one exception says so.
"""

from collections.abc import Callable, Mapping
from math import erfc, sqrt

import numpy as np

from autograder.checks.checking import Rng, Student, expect, expect_array
from autograder.checks.statistics import FALSE_ALARM, is_off

CALLS = 60  # of a function, to see whether its draws repeat: ten possible streams show themselves at once

NOT_THIS_RNG = (
    "the same `rng` state gave two different results: every draw must come from the `rng` passed in"
)
DEAF_TO_RNG = "two different `rng` gave the same draws: every draw must come from the `rng` passed in"
NO_ADVANCE = (
    "two calls in a row, with one `rng`, gave the same draws: draw from `rng` itself, so that each is new"
)
STUCK_ROW = "a row of the batch got the same draw in every call: each row needs a new draw at each call"


# --- independence ---


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


# --- the stream ---


def expect_stream(
    student: Student,
    draw: Callable[[object], Mapping[str, np.ndarray]],
    sentences: Mapping[str, str],
) -> None:
    """Fail unless the draws come from the generator passed in, and each call makes all of them anew.

    `draw(rng)` calls the student's function and takes its result apart: name -> draws (B,), so many that two calls
    hardly ever agree by chance. `sentences` says of each name what is wrong if these draws alone repeat.
    """
    first, again = draw(Rng(1)), draw(Rng(1))
    expect(all(np.array_equal(first[name], again[name]) for name in first), NOT_THIS_RNG)
    rng = student.given.rng(2)
    streams = {
        NO_ADVANCE: [draw(rng) for _ in range(CALLS)],
        DEAF_TO_RNG: [draw(Rng(s)) for s in range(CALLS)],
    }
    for everything, calls in streams.items():
        repeated = {name for name in first if _repeats([call[name] for call in calls])}
        if repeated == set(first):
            expect(False, everything)
        for name in repeated:
            expect(False, sentences[name])
        for name in first:
            table = np.stack([expect_array(call[name]) for call in calls])
            expect(not (table == table[0]).all(axis=0).any(), STUCK_ROW)


def _repeats(calls: list[np.ndarray]) -> bool:
    return len({np.ascontiguousarray(call).tobytes() for call in calls}) < len(calls)
