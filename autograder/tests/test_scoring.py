"""From results to points: shares, blame, what is left out and what is never credited."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.course.parts import Parts, read_parts
from autograder.grader.outcomes import Outcome
from autograder.grader.plugin import CheckResult
from autograder.grader.report.scoring import Score, score

P, F, N = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_ATTEMPTED
T, C, X = Outcome.TIMED_OUT, Outcome.CRASHED, Outcome.COULD_NOT_RUN

TOML = """
[part.3]
title = "Policy"
file = "policy.py"
time_limit = 10
[part.3.sub]
3a = { title = "actor" }
3b = { title = "critic" }
3c = { title = "targets" }
3d = { title = "apart" }
"""
COURSE = "[part.3]\npoints = { 3a = 3, 3b = 6, 3c = 3, 3d = 2 }\n"


@pytest.fixture
def parts() -> Parts:
    return PARTS


def read(text: str) -> Parts:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "parts.toml")
        path.write_text(text)
        path.with_name("course.toml").write_text(COURSE)
        return read_parts(path)


PARTS = read(TOML)


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
    assert earned(points) == {"3a": 0.0, "3b": 2.0, "3c": 0.0, "3d": 0.0}
    assert [(c.earned, c.possible) for c in points.checks] == [(2.0, 2.0), (0.0, 4.0), (0.0, 3.0)]
    assert points.possible == 9.0  # 3c and 3d have no check here
    assert points.subparts[2].outcome is None


@pytest.mark.parametrize("outcome", [F, N, T, C, X])
def test_all_but_passed_earns_nothing(parts: Parts, outcome: Outcome) -> None:
    points = score(units(b=outcome), parts)
    assert earned(points) == {"3a": 3.0, "3b": 0.0, "3c": 3.0, "3d": 0.0}
    assert points.subparts[1].outcome == outcome


def test_a_learning_check_is_worth_no_more_than_the_smallest_of_its_subparts(parts: Parts) -> None:
    assert score([*units(), learning(P)], parts).earned == 12.0
    # By weight it would be half of 12 points; nothing else has been lost, so it takes all that it is worth.
    lost = score([*units(), learning(F)], parts)
    assert lost.earned == pytest.approx(9.0)
    assert lost.checks[-1].possible == pytest.approx(3.0) and lost.checks[-1].earned == 0.0
    assert earned(lost) == pytest.approx({"3a": 2.25, "3b": 4.5, "3c": 2.25, "3d": 0.0})
    light = score([*units(), learning(F, weight=0.1)], parts)
    assert light.earned == pytest.approx(12.0 * 10 / 11)


@pytest.mark.parametrize("broken", [F, N, T, C, X])
@pytest.mark.parametrize("learned", [F, N, T, C, X])
def test_one_broken_subpart_costs_its_own_points_only(
    parts: Parts, broken: Outcome, learned: Outcome
) -> None:
    points = score([*units(b=broken), learning(learned)], parts)
    assert earned(points) == pytest.approx({"3a": 3.0, "3b": 0.0, "3c": 3.0, "3d": 0.0})
    assert points.checks[-1].excused == ("3a", "3c")


def test_what_is_lost_is_the_larger_of_the_two(parts: Parts) -> None:
    checks = [result(f"{name}{i}", f"3{name}", P) for name in "abc" for i in range(9)]
    failed = [replace(r, outcome=F) if r.id == "c0" else r for r in checks]
    assert score([*failed, learning(P)], parts).earned == pytest.approx(12.0 - score_of(checks, "c0", parts))
    assert score([*failed, learning(F)], parts).earned == pytest.approx(
        score([*checks, learning(F)], parts).earned
    )
    two = [replace(r, outcome=F) if r.id[0] in "ac" else r for r in checks]
    assert score([*two, learning(F)], parts).earned == pytest.approx(6.0)


def score_of(checks: list[CheckResult], id_: str, parts: Parts) -> float:
    """What a check is worth beside a learning check."""
    return next(c.possible for c in score([*checks, learning(P)], parts).checks if c.result.id == id_)


def test_a_learning_check_that_passes_counts_for_the_broken_too(parts: Parts) -> None:
    points = score([*units(b=F), learning(P)], parts)
    assert earned(points)["3a"] == 3.0 and 0.0 < earned(points)["3b"] < 6.0


def test_a_subpart_without_own_checks_is_not_excused(parts: Parts) -> None:
    results = [result("b", "3b", F), learning(F)]
    assert earned(score(results, parts)) == {"3a": 0.0, "3b": 0.0, "3c": 0.0, "3d": 0.0}


def test_what_could_not_run_earns_nothing_and_withholds_the_points(parts: Parts) -> None:
    results = [result("one", "3b", P), result("two", "3b", X, weight=5.0)]
    points = score(results, parts)
    assert earned(points)["3b"] == 1.0
    assert [r.id for r in points.run_again] == ["two"] and points.subparts[1].run_again
    nothing = score([result("two", "3b", X)], parts)
    assert nothing.subparts[1].outcome == X and nothing.possible == 6.0


def test_a_reached_placeholder_earns_nothing_for_its_subpart(parts: Parts) -> None:
    hole = result("two", "3b", N, hole="3b")
    points = score([*units(), hole], parts)
    assert earned(points) == {"3a": 3.0, "3b": 0.0, "3c": 3.0, "3d": 0.0}
    assert points.subparts[1].outcome == N
    assert sum(c.earned for c in points.checks) == points.earned
    # Somebody else's placeholder is an ordinary miss, and so are words that look like one.
    for fields in ({"hole": "3a"}, {"message": "TODO(3b): critic"}):
        assert earned(score([*units(), result("two", "3b", N, **fields)], parts))["3b"] == 3.0


def test_a_selection_scores_only_itself(parts: Parts) -> None:
    points = score([*units(), learning(P)], parts, frozenset({"3b"}))
    assert [s.subpart.id for s in points.subparts] == ["3b"] and points.possible == points.earned == 6.0


# --- what holds for every class of results ---

_SUBPARTS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True)
_CHECKS = st.lists(
    st.tuples(
        _SUBPARTS, st.sampled_from(list(Outcome)), st.sampled_from([0.1, 1.0, 3.0, 40.0]), st.booleans()
    ),
    min_size=1,
    max_size=12,
)


def made(checks: list) -> list[CheckResult]:
    """Results; a check that was not attempted reached the placeholder of its first sub-part, or another's."""
    return [
        CheckResult(
            str(i), str(i), tuple(f"3{name}" for name in names), outcome, weight=weight,
            hole=f"3{names[0]}" if own and outcome == N else "",
        )
        for i, (names, outcome, weight, own) in enumerate(checks)
    ]  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(checks=_CHECKS, data=st.data())
def test_turning_a_passed_check_into_anything_else_never_raises_the_total(checks: list, data) -> None:
    parts = PARTS
    results = made(checks)
    passed = [i for i, r in enumerate(results) if r.outcome == P]
    if not passed:
        return
    i = data.draw(st.sampled_from(passed))
    outcome = data.draw(st.sampled_from([o for o in Outcome if o != P]))
    hole = data.draw(st.sampled_from(["", *results[i].subparts])) if outcome == N else ""
    worse = [*results[:i], replace(results[i], outcome=outcome, hole=hole), *results[i + 1 :]]
    assert score(worse, parts).earned <= score(results, parts).earned + 1e-9


@settings(max_examples=600, deadline=None)
@given(checks=_CHECKS)
def test_points_stay_between_nothing_and_what_is_possible_and_add_up(checks: list) -> None:
    points = score(made(checks), PARTS)
    for share in (*points.subparts, *points.checks):
        assert -1e-9 <= share.earned <= share.possible + 1e-9
    assert sum(c.earned for c in points.checks) == pytest.approx(points.earned)
    assert sum(c.possible for c in points.checks) == pytest.approx(points.possible)


@settings(max_examples=300, deadline=None)
@given(checks=_CHECKS, name=st.sampled_from("abcd"))
def test_one_open_hole_costs_its_own_points_only_whatever_else_there_is(checks: list, name: str) -> None:
    """Every check that names the hole reaches it, all others pass; each sub-part has a check of its own."""
    checks = [*checks, *(([other], P, 1.0, True) for other in "abcd")]
    results = [
        replace(r, outcome=N, hole=f"3{name}") if f"3{name}" in r.subparts else replace(r, outcome=P, hole="")
        for r in made(checks)
    ]
    points = earned(score(results, PARTS))
    assert points == pytest.approx({s: 0.0 if s == f"3{name}" else PARTS.subparts[s].points for s in points})


def test_the_courses_own_parts_sum_to_100() -> None:
    parts = read_parts()
    assert parts.total == 100
    counted = [part.module for part in parts.parts if part.module and not part.extra]
    assert counted == ["dynamics", "imagine", "policy", "relabel"]
