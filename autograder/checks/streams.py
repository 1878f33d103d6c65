"""Shared by the checks of random functions: does each draw come anew from the `rng` that is passed in?"""

from collections.abc import Callable, Mapping

import numpy as np

from autograder.checks.checking import Handle, Rng, Student, expect, expect_array

CALLS = 60  # of a function, to see whether its draws repeat: ten possible streams show themselves at once

NOT_THIS_RNG = (
    "the same `rng` state gave two different results: every draw must come from the `rng` passed in"
)
DEAF_TO_RNG = "two different `rng` gave the same draws: every draw must come from the `rng` passed in"
NO_ADVANCE = (
    "two calls in a row, with one `rng`, gave the same draws: draw from `rng` itself, so that each is new"
)
STUCK_ROW = "a row of the batch got the same draw in every call: each row needs a new draw at each call"
COPIED = "the generator `rng` is copied, so what is drawn from the copy comes again: draw from `rng` itself"


def expect_not_copied(student: Student, rng: Handle) -> None:
    """Fail if the submission has copied the generator, which `student.given.rng(seed)` made."""
    expect(student.read(rng, "copies") == 0, COPIED)


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
