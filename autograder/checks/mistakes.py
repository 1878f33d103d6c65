"""Shared by check files: name the misconception where the answer is one of the typical wrong ones."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike

from autograder.checks.checking import CheckFailed, StudentError

NO_VIEWS = (
    "your code works on these numbers where they lie side by side in memory, but raises an error on views of larger "
    "arrays, which training passes: of a tensor, take .reshape rather than .view"
)
FLOAT32_SUMS = (
    "the mean or the standard deviation of a long column was computed in float32, where the sum is rounded at every "
    "addition: begin with .astype(np.float64)"
)

REPEATED = "a second call, with the same shapes and other values, gives what the first gave: keep nothing between calls"


def expect_no_repeat(before: object, now: object) -> None:
    """Fail with REPEATED if two arrays, of two calls with different values, are the same."""
    if isinstance(before, np.ndarray) and isinstance(now, np.ndarray) and np.array_equal(before, now):
        raise CheckFailed(REPEATED)


@contextmanager
def on_wrong_shape(sentence: str) -> Iterator[None]:
    """Fail with `sentence` where the shape assertion that stands behind a hole stops the student's code."""
    try:
        yield
    except StudentError as error:
        if error.type_name == "AssertionError":
            raise CheckFailed(sentence, error.detail) from None
        raise


@contextmanager
def on_error(sentence: str) -> Iterator[None]:
    """Fail with `sentence` if the student's code raises: for a call that differs in one thing from one that worked."""
    try:
        yield
    except StudentError as error:
        raise CheckFailed(sentence, error.detail) from None


def recognise(actual: object, otherwise: str, mistakes: Mapping[str, ArrayLike]) -> str:
    """The sentence of the first typical wrong answer that `actual` equals, or `otherwise`.

    Meant for the sentence of `expect_close`; `mistakes` maps sentence -> wrong answer.
    """
    if not isinstance(actual, np.ndarray | float | int):
        return otherwise
    values = np.asarray(actual, dtype=np.float64)
    for sentence, wrong in mistakes.items():
        if values.shape == np.shape(wrong) and np.allclose(values, wrong, rtol=1e-5, atol=1e-6):
            return sentence
    return otherwise


def recognise_one(actual: object, otherwise: str, mistakes: Mapping[str, ArrayLike]) -> str:
    """Like `recognise`, but `otherwise` where two sentences fit: on a small input different mistakes look alike."""
    fits = [s for s, wrong in mistakes.items() if recognise(actual, "", {s: wrong})]
    return fits[0] if len(fits) == 1 else otherwise


def float32_sums(columns: np.ndarray, mean: object, std: object) -> str:
    """FLOAT32_SUMS if mean or std of these columns (N, D) are, to the last bit, those of float32 arithmetic; else "".

    Of a thousand rows and more: in short columns the precision of the sums hardly matters.
    """
    columns = np.ascontiguousarray(columns)  # as a submission gets them: the order decides about the rounding

    def is_rough(actual: object, statistic: Callable[..., np.ndarray]) -> bool:
        rough, exact = statistic(columns, axis=0), statistic(columns, axis=0, dtype=np.float64)
        if statistic is np.std:
            rough, exact = (np.where(values < 1e-8, 1.0, values) for values in (rough, exact))
        # To the last bit, and not just rounded to float32 at the end.
        differ = not np.array_equal(rough, exact.astype(columns.dtype))
        return differ and isinstance(actual, np.ndarray) and np.array_equal(actual, rough)

    if len(columns) < 1_000 or not (is_rough(mean, np.mean) or is_rough(std, np.std)):
        return ""
    return FLOAT32_SUMS
