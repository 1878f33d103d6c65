"""Shared by check files: name the misconception where the answer is one of the typical wrong ones."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike

from autograder.engine.checking import CheckFailed, StudentError


@contextmanager
def on_wrong_shape(sentence: str) -> Iterator[None]:
    """Fail with `sentence` where the shape assertion that stands behind a hole stops the student's code."""
    try:
        yield
    except StudentError as error:
        if error.type_name == "AssertionError":
            raise CheckFailed(sentence, error.detail) from None
        raise


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
