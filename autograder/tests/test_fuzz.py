"""Forged answers bring no surprise to the grader's side, and the line of a hidden check carries hardly anything out."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from autograder.course.parts import read_parts
from autograder.grader.student import LONGEST_FILE, SHOWN_ERRORS
from autograder.staff.hidden import ROOTS
from autograder.tests.attacks import capacity
from autograder.tests.fuzz import LINES, fuzz, through_the_checks
from autograder.tests.variants import SOLUTIONS


def test_a_forged_answer_is_a_value_or_a_verdict() -> None:
    report = fuzz(20_000, seed=1)
    assert report["surprises"] == []
    assert set(report["became"]) == {"a value", "failed", "crashed", "not attempted"}
    assert min(report["became"].values()) > 300  # each of them is really tried


def test_all_forged_answers_together_make_few_lines() -> None:
    """Those that raise at a line of the file, or cannot be imported, and some sentences beside."""
    places = 2 * (LINES + 1) * (len(SHOWN_ERRORS) + 1)
    assert fuzz(20_000, seed=2)["lines a hidden check would show"] <= places + 30


@pytest.mark.slow
@pytest.mark.parametrize("bend", [None, SOLUTIONS], ids=["forged", "bent"])
def test_no_check_fails_to_run_whatever_it_is_answered(bend: Path | None) -> None:
    report = through_the_checks(ROOTS, read_parts(), rounds=2, seed=3, bend=bend)
    assert report["could not run"] == []
    assert report["ended"]["failed"] > 50


NOTHING = [
    "the text of an exception",
    "digits in a placeholder",
    "the type of an exception",
    "lines that the file does not have",
    "lines of a long file",
    "the exit code",
    "the shape of an array",
    "the dtype of an array",
    "the type of an object",
    "the known type of an object",
    "an argument's number",
    "seconds of sleep",
    "what it prints",
    "forged text",
]
LITTLE = {"ids of placeholders that exist": 3, "lines that the file has": 16, "the signal it dies of": 4}


@pytest.mark.skipif(sys.platform != "linux", reason="a submission is confined on Linux only")
def test_a_hidden_line_holds_nothing_that_the_submission_chose() -> None:
    report = capacity.measure(numbers=16, ways=[*NOTHING, *LITTLE])
    assert {way: count for way, count in report["ways"].items() if way in NOTHING and count > 1} == {}
    assert all(report["ways"][way] <= most for way, most in LITTLE.items())
    assert report["elsewhere"] == {}


def test_the_bound_of_the_capacity_holds_for_every_file_of_hidden_checks() -> None:
    bound = capacity.bound()
    assert {name.split(",")[0] for name in bound} == {path.name for path in ROOTS["hidden"].glob("test_*.py")}
    assert max(bound.values()) <= math.log2(2 * (LONGEST_FILE + 1) * 16) + 0.5
