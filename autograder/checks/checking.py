"""What a check imports: the `@subpart` mark, expectations with a sentence each, and tests of random behaviour.

An expectation that does not hold raises `CheckFailed` with the sentence given; values of the check are never added to
it, since a hidden check's inputs must not be printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import pytest

from autograder.checks import statistics
from autograder.grader.inside.values import Rng, Tensor, TorchRng
from autograder.grader.outcomes import CheckFailed, CouldNotRun, EditedArgument, NotAttempted, StudentError
from autograder.grader.plugin import KINDS
from autograder.grader.student import Handle, Student, describe

__all__ = [
    "CheckFailed",
    "CouldNotRun",
    "EditedArgument",
    "Handle",
    "NotAttempted",
    "Rng",
    "Student",
    "StudentError",
    "Tensor",
    "TorchRng",
    "expect",
    "expect_array",
    "expect_close",
    "expect_distribution",
    "expect_normal",
    "expect_probability",
    "expect_raises",
    "expect_unchanged",
    "expect_uniform",
    "expect_whole",
    "subpart",
]

Kind = Literal["unit", "learning", "threshold"]

# What a hidden check says instead of a sentence with the submission's own shapes and types.
NO_ARRAY = "something else was returned where an array is expected"
OTHER_SHAPE = "an array of another shape than the docstring promises was returned"
OTHER_DTYPE = "an array of another dtype than the docstring promises was returned"
NOT_FINITE = "an array with NaN or infinity was returned"


def subpart(
    *ids: str,
    weight: float = 1.0,
    time_limit: float | None = None,
    kind: Kind = "unit",
    hint: str = "",
) -> pytest.MarkDecorator:
    """Mark a function as a check of the sub-part(s) `ids`; its docstring's first line is the title in the table.

    `weight` is its share within a sub-part's points; `time_limit` (s) replaces the part's; `hint` is shown when it does
    not pass. For what a check of several sub-parts counts, see `scoring.py`.
    """
    for name in ids:
        if not re.fullmatch(r"\d+[a-z]", name):
            raise ValueError(f"a sub-part is a number and a letter such as 4b, not {name!r}")
    if not ids:
        raise ValueError("a check needs at least one sub-part")
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
    if not weight > 0:
        raise ValueError(f"weight must be positive, not {weight}")
    return pytest.mark.subpart(ids=ids, weight=float(weight), time_limit=time_limit, kind=kind, hint=hint)


def expect(condition: object, sentence: str) -> None:
    """Fail with `sentence` unless `condition` is true; an array must be true everywhere."""
    if not (np.all(condition) if isinstance(condition, np.ndarray) else condition):
        raise CheckFailed(sentence)


def expect_array(
    value: object,
    shape: Sequence[int | None] | None = None,
    name: str = "the result",
    kind: Literal["float", "int", "bool"] | None = None,
    finite: bool = True,
) -> np.ndarray:
    """`value` as an array of this shape (None: any length), kind of dtype, and without NaN or infinity.

    `name` opens the sentences, best as code: "`future_goals`". A plain number passes for shape ().
    """
    subject = name if name.startswith(("`", "the ", "your ")) else f"`{name}`"
    if isinstance(value, bool | int | float) and (shape is None or tuple(shape) == ()):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray):
        raise CheckFailed(f"{subject} returned {describe(value)} where an array is expected", safe=NO_ARRAY)
    if shape is not None:
        wanted = tuple(shape)
        fits = len(wanted) == value.ndim and all(
            w in (None, n) for w, n in zip(wanted, value.shape, strict=True)
        )
        if not fits:
            text = str(wanted).replace("None", "any")
            raise CheckFailed(
                f"{subject} returned shape {value.shape} where {text} is expected", safe=OTHER_SHAPE
            )
    kinds = {"float": "f", "int": "iu", "bool": "b"}
    if kind is not None and value.dtype.kind not in kinds[kind]:
        raise CheckFailed(
            f"{subject} returned dtype {value.dtype.name} where {kind} is expected", safe=OTHER_DTYPE
        )
    if finite and value.dtype.kind == "f" and not np.isfinite(value).all():
        what = "NaN" if np.isnan(value).any() else "infinity"
        raise CheckFailed(f"{subject} holds {what}", safe=NOT_FINITE)
    return value


def expect_whole(value: object, sentence: str) -> int:
    """`value` as an int: a whole number, also as the 0-d array that NumPy makes of one. Fails with `sentence`."""
    if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iu":
        value = value.item()
    if type(value) is not int:
        raise CheckFailed(sentence)
    return value


def expect_close(
    actual: object,
    wanted: object,
    sentence: str,
    atol: float = 1e-6,
    rtol: float = 1e-5,
    name: str = "the result",
) -> None:
    """Fail with `sentence` unless |actual - wanted| <= atol + rtol * |wanted| everywhere; NaN never passes.

    A wrong type or shape, or a NaN, says so instead.
    """
    target = np.asarray(wanted)
    array = expect_array(actual, shape=target.shape, name=name)
    difference = np.abs(array.astype(np.float64) - target.astype(np.float64))
    if not bool(np.all(difference <= atol + rtol * np.abs(target.astype(np.float64)))):
        raise CheckFailed(sentence)


def expect_raises(call: Callable[[], Any], error: type[Exception], sentence: str) -> None:
    """Fail with `sentence` unless `call()`, which calls the student's code, raises `error` there (by its name)."""
    try:
        call()
    except StudentError as raised:
        if raised.type_name == error.__name__:
            return
        raise
    raise CheckFailed(sentence)


def expect_unchanged(function: Callable[..., Any], **arguments: Any) -> None:
    """Fail if the student's `function(*arguments.values())` edits one of them; names it.

    Every call fails on that (`EditedArgument`, or a write into a read-only array); this one says which argument it was.
    """
    try:
        function(*arguments.values())
    except EditedArgument as edited:
        name = dict(enumerate(arguments, 1)).get(edited.argument, "an argument")
        raise CheckFailed(
            f"`{name}` was edited in place: leave the arguments unchanged, and work on new arrays",
            safe=edited.safe,
        ) from None


# --- random behaviour: a correct submission fails one of these with probability at most `false_alarm` ---


def expect_probability(
    successes: int, trials: int, p: float, sentence: str, false_alarm: float = statistics.FALSE_ALARM
) -> None:
    """Fail with `sentence` if `successes` of `trials` independent draws cannot be chance at probability `p`."""
    if statistics.is_off(int(successes), int(trials), p, false_alarm):
        raise CheckFailed(sentence)


def expect_distribution(
    draws: np.ndarray,
    probabilities: Sequence[float] | np.ndarray,
    sentence: str,
    false_alarm: float = statistics.FALSE_ALARM,
) -> None:
    """Fail with `sentence` if independent `draws` of the integers 0..K-1 do not follow `probabilities` (K,).

    A draw outside 0..K-1, or in a category of probability 0, always fails.
    """
    draws = np.asarray(draws).ravel()
    if not np.isin(draws, np.arange(len(probabilities))).all():
        raise CheckFailed(sentence)
    counts = np.bincount(draws.astype(np.int64), minlength=len(probabilities))
    if statistics.off_categories(counts, probabilities, false_alarm):
        raise CheckFailed(sentence)


def expect_uniform(
    draws: np.ndarray, sentence: str, bins: int = 10, false_alarm: float = statistics.FALSE_ALARM
) -> None:
    """Fail with `sentence` if independent `draws` are not uniform on [0, 1], judged by counts in `bins` equal bins."""
    draws = np.asarray(draws, dtype=np.float64).ravel()
    if not bool(np.all((draws >= 0.0) & (draws <= 1.0))):
        raise CheckFailed(sentence)
    index = np.minimum((draws * bins).astype(np.int64), bins - 1)
    expect_distribution(index, np.full(bins, 1.0 / bins), sentence, false_alarm)


# Where the distribution function is cut into bins: the tails too, since cut-off noise shows there and nowhere else.
NORMAL_BINS = (0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)


def expect_normal(
    draws: np.ndarray,
    mean: np.ndarray | float,
    std: np.ndarray | float,
    sentence: str,
    false_alarm: float = statistics.FALSE_ALARM,
) -> None:
    """Fail with `sentence` if independent `draws` are not normal with `mean` and `std` (broadcast over draws).

    Judged by the counts between the quantiles `NORMAL_BINS`.
    """
    z = (np.asarray(draws, dtype=np.float64) - mean) / std
    if not np.isfinite(z).all():
        raise CheckFailed(sentence)
    edges = [NormalDist().inv_cdf(q) for q in NORMAL_BINS]
    index = np.searchsorted(edges, z.ravel())
    expect_distribution(index, np.diff([0.0, *NORMAL_BINS, 1.0]), sentence, false_alarm)
