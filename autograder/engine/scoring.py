"""From results to points.

Each check belongs to a sub-part and holds a share of its points, by weight: earned = points * passed / total weight.

A check that runs the code of several sub-parts (it names several, or `needs` others) would take points from all of
them for one mistake. So, when it does not pass: where some *other* of those sub-parts has a check of its own that did
not pass, the blame lies there, and the check is *excused* for each sub-part whose own checks all pass (and that has at
least one): its weight is left out. A missing 3b costs 3b's points and no other's.

Two more rules. A check that could not run is left out as well, and the result says that it must be run again: the
grader's fault is never the student's loss. And where a sub-part's own placeholder was reached, its hole is not filled
in, and it earns nothing, whatever other checks of it pass without getting that far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.engine.outcomes import Outcome
from autograder.engine.parts import Part, Parts, SubPart
from autograder.engine.plugin import CheckResult

_NO_VERDICT = (Outcome.PASSED, Outcome.COULD_NOT_RUN)


@dataclass(frozen=True)
class CheckScore:
    """One check's share: `excused` holds the sub-parts it does not count for."""

    result: CheckResult
    earned: float
    possible: float
    excused: tuple[str, ...] = ()


@dataclass(frozen=True)
class SubScore:
    part: Part
    subpart: SubPart
    checks: tuple[CheckResult, ...]  # all that name it
    earned: float
    outcome: Outcome | None  # None: it has no check here
    run_again: bool  # some of its checks could not run

    @property
    def possible(self) -> float:
        return self.subpart.points if self.outcome is not None else 0.0


@dataclass(frozen=True)
class Score:
    subparts: tuple[SubScore, ...]
    checks: tuple[CheckScore, ...]

    @property
    def earned(self) -> float:
        return sum(sub.earned for sub in self.subparts)

    @property
    def possible(self) -> float:
        return sum(sub.possible for sub in self.subparts)

    @property
    def run_again(self) -> tuple[CheckResult, ...]:
        """The checks that could not run."""
        return tuple(c.result for c in self.checks if c.result.outcome == Outcome.COULD_NOT_RUN)


def score(results: Sequence[CheckResult], parts: Parts, selection: frozenset[str] | None = None) -> Score:
    """Points for the sub-parts in `selection` (all of them by default); those without a check count nothing."""
    wanted = [s for s in parts.subparts if selection is None or s in selection]
    excused = {r.id: tuple(s for s in r.subparts if _is_excused(r, s, results)) for r in results}
    shares = {name: _shares(parts.subparts[name], results, excused) for name in wanted}
    empty = {name for name in wanted if _placeholder_reached(name, results)}
    checks = []
    for result in results:
        possible = sum(shares[s].get(result.id, 0.0) for s in result.subparts if s in shares)
        counted = [s for s in result.subparts if s in shares and s not in empty]
        earned = (
            sum(shares[s].get(result.id, 0.0) for s in counted) if result.outcome == Outcome.PASSED else 0.0
        )
        checks.append(CheckScore(result, earned, possible, excused[result.id]))
    subs = []
    for name in wanted:
        own = tuple(r for r in results if name in r.subparts)
        passed = {r.id for r in own if r.outcome == Outcome.PASSED}
        earned = (
            0.0 if name in empty else sum(share for check, share in shares[name].items() if check in passed)
        )
        outcome = Outcome.NOT_ATTEMPTED if name in empty else _outcome(own, shares[name])
        again = any(r.outcome == Outcome.COULD_NOT_RUN for r in own)
        subs.append(SubScore(parts.part_of(name), parts.subparts[name], own, earned, outcome, again))
    return Score(tuple(subs), tuple(checks))


def _shares(
    sub: SubPart, results: Sequence[CheckResult], excused: dict[str, tuple[str, ...]]
) -> dict[str, float]:
    """Check id -> its points in this sub-part, for the checks that count."""
    counted = [
        r
        for r in results
        if sub.id in r.subparts and r.outcome != Outcome.COULD_NOT_RUN and sub.id not in excused[r.id]
    ]
    total = sum(r.weight for r in counted)
    return {r.id: sub.points * r.weight / total for r in counted}


def _is_excused(result: CheckResult, name: str, results: Sequence[CheckResult]) -> bool:
    if result.outcome in _NO_VERDICT:
        return False
    own = [r for r in _own_checks(name, results) if r.outcome != Outcome.COULD_NOT_RUN]
    if not own or any(r.outcome != Outcome.PASSED for r in own):
        return False
    others = {*result.subparts, *result.needs} - {name}
    return any(r.outcome not in _NO_VERDICT for other in others for r in _own_checks(other, results))


def _own_checks(name: str, results: Sequence[CheckResult]) -> list[CheckResult]:
    """The checks that run this sub-part's code and no other's."""
    return [r for r in results if r.subparts == (name,) and not r.needs and r.kind != "learning"]


def _placeholder_reached(name: str, results: Sequence[CheckResult]) -> bool:
    mark = f"TODO({name})"
    return any(
        r.outcome == Outcome.NOT_ATTEMPTED and r.message.startswith(mark)
        for r in results
        if name in r.subparts
    )


def _outcome(checks: Sequence[CheckResult], shares: dict[str, float]) -> Outcome | None:
    """One word for a sub-part: the first thing that went wrong, among the checks that count."""
    if not checks:
        return None
    counted = [r for r in checks if r.id in shares]
    if not counted:
        return Outcome.COULD_NOT_RUN
    return next((r.outcome for r in counted if r.outcome != Outcome.PASSED), Outcome.PASSED)
