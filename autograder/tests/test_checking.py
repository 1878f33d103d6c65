"""What checks import: sentences, tolerances, marks, and tests of random behaviour with bounded false alarms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograder.checks import statistics
from autograder.checks.checking import (
    CheckFailed,
    EditedArgument,
    expect,
    expect_array,
    expect_close,
    expect_distribution,
    expect_normal,
    expect_probability,
    expect_unchanged,
    expect_uniform,
    expect_whole,
    subpart,
)


def sentence_of(call) -> str:
    with pytest.raises(CheckFailed) as failed:
        call()
    return str(failed.value)


@pytest.mark.parametrize(
    ("value", "options", "sentence"),
    [
        (None, {}, "`f` returned nothing (None) where an array is expected"),
        ([1, 2], {}, "`f` returned a list where an array is expected"),
        (3.0, {"shape": (1,)}, "`f` returned a float where an array is expected"),
        (np.zeros((4, 1)), {"shape": (4,)}, "`f` returned shape (4, 1) where (4,) is expected"),
        (np.zeros((4, 1)), {"shape": (None, 2)}, "`f` returned shape (4, 1) where (any, 2) is expected"),
        (np.zeros(2), {"kind": "int"}, "`f` returned dtype float64 where int is expected"),
        (np.array([1.0, np.nan]), {}, "`f` holds NaN"),
        (np.array([1.0, -np.inf]), {}, "`f` holds infinity"),
    ],
)
def test_what_is_no_proper_array_says_so(value: object, options: dict, sentence: str) -> None:
    assert sentence_of(lambda: expect_array(value, name="f", **options)) == sentence


def test_a_whole_number_may_come_as_an_array_without_axes() -> None:
    for value in (5, np.array(5), np.array(5, np.uint8)):
        assert expect_whole(value, "no") == 5 and type(expect_whole(value, "no")) is int
    for value in (5.0, True, None, "5", [5], np.array(5.0), np.array(True), np.array([5])):
        assert sentence_of(lambda value=value: expect_whole(value, "no whole number")) == "no whole number"


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        (0, None),
        (1, "`a` was edited"),
        (2, "`b` was edited"),
        (3, "`c` was edited"),
        (77, "`an argument` was edited"),
    ],
)
def test_an_argument_edited_in_place_is_named(argument: int, sentence: str | None) -> None:
    def function(*args: object) -> None:
        if argument:
            raise EditedArgument("edited", "edited", argument)

    arguments = {"a": np.zeros(3), "b": {"x": np.ones(2)}, "c": "text"}
    if sentence is None:
        expect_unchanged(function, **arguments)
    else:
        assert sentence in sentence_of(lambda: expect_unchanged(function, **arguments))


def test_a_proper_array_is_handed_back() -> None:
    array = np.zeros((4, 2), np.float32)
    assert expect_array(array, shape=(None, 2), kind="float") is array
    assert expect_array(2.5, shape=()).shape == ()
    assert np.isinf(expect_array(np.array([np.inf]), finite=False)).all()


@pytest.mark.parametrize(
    "value", [np.array([1.0, np.nan]), np.array([np.inf, 1.0]), np.ones((2, 1)), None, 1.0]
)
def test_close_never_passes_nan_infinity_or_another_shape(value: object) -> None:
    sentence_of(lambda: expect_close(value, np.ones(2), "off", atol=1e9))


def test_close_is_absolute_plus_relative() -> None:
    expect_close(np.array([1.0, 100.001]), [1.0, 100.0], "off", atol=0, rtol=1e-4)
    assert (
        sentence_of(lambda: expect_close(np.array([1.0, 100.1]), [1.0, 100.0], "off", atol=0, rtol=1e-4))
        == "off"
    )
    expect_close(np.array([True, False]), [True, False], "off")
    expect_close(2, 2.0, "off")


def test_expect_takes_arrays() -> None:
    expect(np.array([True, True]), "off")
    assert sentence_of(lambda: expect(np.array([True, False]), "off")) == "off"
    sentence_of(lambda: expect(0, "off"))


def test_a_mark_that_makes_no_sense_is_refused() -> None:
    for ids, options in (((), {}), (("4",), {}), (("4b",), {"weight": 0}), (("4b",), {"kind": "x"})):
        with pytest.raises(ValueError, match=r"sub-part|weight|kind"):
            subpart(*ids, **options)


def test_binomial_tails_are_exact() -> None:
    for n, p in ((1, 0.3), (7, 0.5), (12, 0.01)):
        pmf = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
        for k in range(n + 1):
            assert statistics.binomial_tails(k, n, p) == pytest.approx((sum(pmf[: k + 1]), sum(pmf[k:])))
    assert statistics.binomial_tails(0, 5, 0.0) == (1.0, 1.0) and statistics.binomial_tails(1, 5, 0.0) == (
        1.0,
        0.0,
    )
    assert statistics.binomial_tails(5, 5, 1.0) == (1.0, 1.0) and statistics.binomial_tails(4, 5, 1.0) == (
        0.0,
        1.0,
    )
    with pytest.raises(ValueError, match="successes"):
        statistics.binomial_tails(6, 5, 0.5)


@pytest.mark.parametrize("p", [0.0, 1e-3, 0.2, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("alarm", [0.2, 1e-2, 1e-7])
def test_the_false_alarm_of_a_count_is_bounded_exactly(p: float, alarm: float) -> None:
    """Sum the probability of every count that is called off: the bound itself, not a simulation of it."""
    n = 400
    off = [k for k in range(n + 1) if statistics.is_off(k, n, p, alarm)]
    pmf = np.array([statistics.binomial_tails(k, n, p)[1] for k in range(n + 1)] + [0.0])
    assert -np.diff(pmf)[off].sum() <= alarm * (1 + 1e-9)


def test_the_false_alarm_over_categories_is_bounded() -> None:
    """Every multinomial outcome of 12 draws over 3 categories, with its probability."""
    probabilities, alarm, total = (0.5, 0.3, 0.2), 0.1, 0.0
    for a in range(13):
        for b in range(13 - a):
            counts = (a, b, 12 - a - b)
            weight = math.factorial(12) * math.prod(
                p**k / math.factorial(k) for p, k in zip(probabilities, counts, strict=True)
            )
            total += weight * bool(statistics.off_categories(counts, probabilities, alarm))
    assert 0 < total <= alarm


def test_right_randomness_passes_and_wrong_fails() -> None:
    rng = np.random.default_rng(0)
    n = 4000
    expect_probability(rng.binomial(n, 0.8), n, 0.8, "off")
    sentence_of(lambda: expect_probability(rng.binomial(n, 0.7), n, 0.8, "off"))
    expect_distribution(rng.choice(3, n, p=[0.2, 0.3, 0.5]), [0.2, 0.3, 0.5], "off")
    sentence_of(lambda: expect_distribution(rng.integers(3, size=n), [0.2, 0.3, 0.5], "off"))
    sentence_of(lambda: expect_distribution(np.array([0, 1, 3]), [0.5, 0.5], "off"))
    sentence_of(lambda: expect_distribution(np.array([0, 0, 1]), [1.0, 0.0], "off"))
    expect_uniform(rng.random(n), "off")
    sentence_of(lambda: expect_uniform(rng.random(n) ** 1.3, "off"))
    sentence_of(lambda: expect_uniform(np.array([0.5, 1.5]), "off"))
    mean, std = rng.normal(size=(n, 2)), np.array([0.1, 3.0])
    expect_normal(mean + std * rng.standard_normal((n, 2)), mean, std, "off")
    sentence_of(
        lambda: expect_normal(mean + std**2 * rng.standard_normal((n, 2)), mean, std, "variance for std")
    )
    sentence_of(lambda: expect_normal(np.full((n, 2), np.nan), mean, std, "off"))
