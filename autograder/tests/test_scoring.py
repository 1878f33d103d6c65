"""From results to points: shares, blame, what is left out and what is never credited."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.engine.outcomes import Outcome
from autograder.engine.parts import Parts, read_parts
from autograder.engine.plugin import CheckResult
from autograder.engine.scoring import Score, score

P, F, N = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_ATTEMPTED
T, C, X = Outcome.TIMED_OUT, Outcome.CRASHED, Outcome.COULD_NOT_RUN

TOML = """
[part.3]
title = "Policy"
file = "policy.py"
time_limit = 10
[part.3.sub]
3a = { title = "actor", points = 3 }
3b = { title = "critic", points = 6 }
3c = { title = "targets", points = 1 }
"""


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    path = tmp_path / "parts.toml"
    path.write_text(TOML)
    return read_parts(path)


def result(name: str, subparts: str, outcome: Outcome, **fields: object) -> CheckResult:
    return CheckResult(name, name, tuple(subparts.split()), outcome, **fields)


def learning(outcome: Outcome, subparts: str = "3a 3b 3c", **fields: object) -> CheckResult:
    return result("learn", subparts, outcome, kind="learning", **fields)


def earned(points: Score) -> dict[str, float]:
    return {sub.subpart.id: sub.earned for sub in points.subparts}


def units(a: Outcome = P, b: Outcome = P, c: Outcome = P) -> list[CheckResult]:
    return [result("a", "3a", a), result("b", "3b", b), result("c", "3c", c)]


def test_a_check_earns_its_share_by_weight(parts: Parts) -> None:
    results = [result("one", "3b", P), result("two", "3b", F, weight=2.0), result("a", "3a", F)]
    points = score(results, parts)
    assert earned(points) == {"3a": 0.0, "3b": 2.0, "3c": 0.0}
    assert [(c.earned, c.possible) for c in points.checks] == [(2.0, 2.0), (0.0, 4.0), (0.0, 3.0)]
    assert points.possible == 9.0  # 3c has no check here
    assert points.subparts[2].outcome is None


@pytest.mark.parametrize("outcome", [F, N, T, C])
def test_all_but_passed_earns_nothing(parts: Parts, outcome: Outcome) -> None:
    points = score(units(b=outcome), parts)
    assert earned(points) == {"3a": 3.0, "3b": 0.0, "3c": 1.0}
    assert points.subparts[1].outcome == outcome


def test_a_learning_check_counts_for_each_of_its_subparts(parts: Parts) -> None:
    assert earned(score([*units(), learning(P)], parts)) == {"3a": 3.0, "3b": 6.0, "3c": 1.0}
    # Nothing else explains the failure: it is held against all of them.
    assert earned(score([*units(), learning(F)], parts)) == {"3a": 1.5, "3b": 3.0, "3c": 0.5}


@pytest.mark.parametrize("broken", [F, N, T, C])
@pytest.mark.parametrize("learned", [F, N, T, C])
def test_one_broken_subpart_costs_its_own_points_only(
    parts: Parts, broken: Outcome, learned: Outcome
) -> None:
    points = score([*units(b=broken), learning(learned)], parts)
    assert earned(points) == {"3a": 3.0, "3b": 0.0, "3c": 1.0}
    share = points.checks[-1]
    assert share.excused == ("3a", "3c") and (share.earned, share.possible) == (0.0, 3.0)


def test_two_broken_subparts_excuse_the_third_only(parts: Parts) -> None:
    assert earned(score([*units(a=F, b=N), learning(F)], parts)) == {"3a": 0.0, "3b": 0.0, "3c": 1.0}


def test_a_learning_check_that_passes_counts_for_the_broken_too(parts: Parts) -> None:
    assert earned(score([*units(b=F), learning(P)], parts)) == {"3a": 3.0, "3b": 3.0, "3c": 1.0}


def test_without_own_checks_nobody_is_excused(parts: Parts) -> None:
    results = [result("b", "3b", F), learning(F)]
    assert earned(score(results, parts)) == {"3a": 0.0, "3b": 0.0, "3c": 0.0}


def test_own_checks_that_could_not_run_excuse_and_blame_nobody(parts: Parts) -> None:
    assert earned(score([*units(a=X), learning(F)], parts)) == {"3a": 0.0, "3b": 3.0, "3c": 0.5}
    assert score([*units(b=X), learning(F)], parts).checks[-1].excused == ()


def test_a_check_that_needs_another_subpart_is_excused_while_that_is_broken(parts: Parts) -> None:
    needing = result("needs", "3b", F, needs=("3a",))
    assert earned(score([*units(a=N), needing], parts))["3b"] == 6.0
    assert earned(score([*units(), needing], parts))["3b"] == 3.0
    assert earned(score([*units(a=N, b=F), needing], parts))["3b"] == 0.0
    only = [result("a", "3a", N), needing]  # nothing shows that 3b is right: it earns nothing
    assert earned(score(only, parts))["3b"] == 0.0


def test_what_could_not_run_is_left_out_and_flagged(parts: Parts) -> None:
    results = [result("one", "3b", P), result("two", "3b", X, weight=5.0)]
    points = score(results, parts)
    assert earned(points)["3b"] == 6.0
    assert [r.id for r in points.run_again] == ["two"] and points.subparts[1].run_again
    nothing = score([result("two", "3b", X)], parts)
    assert nothing.subparts[1].outcome == X and nothing.possible == 6.0


def test_a_reached_placeholder_earns_nothing_for_its_subpart(parts: Parts) -> None:
    hole = result("two", "3b", N, message="TODO(3b): critic")
    points = score([*units(), hole], parts)
    assert earned(points) == {"3a": 3.0, "3b": 0.0, "3c": 1.0}
    assert points.subparts[1].outcome == N
    assert sum(c.earned for c in points.checks) == points.earned
    # Somebody else's placeholder is an ordinary miss.
    other = result("two", "3b", N, message="TODO(3a): actor")
    assert earned(score([*units(), other], parts))["3b"] == 3.0


def test_a_selection_scores_only_itself(parts: Parts) -> None:
    points = score([*units(), learning(P)], parts, frozenset({"3b"}))
    assert [s.subpart.id for s in points.subparts] == ["3b"] and points.possible == points.earned == 6.0


def test_shares_of_the_checks_add_up_to_the_points(parts: Parts) -> None:
    results = [
        *units(b=F),
        result("more", "3b", P, weight=3.0),
        learning(T, weight=2.5),
        result("again", "3a", X),
    ]
    points = score(results, parts)
    assert sum(c.earned for c in points.checks) == pytest.approx(points.earned)
    assert sum(c.possible for c in points.checks) == pytest.approx(points.possible)


def test_the_courses_own_parts_sum_to_100() -> None:
    parts = read_parts()
    assert parts.total == 100
    assert list(parts.modules) == ["dynamics", "imagine", "policy", "relabel"]
