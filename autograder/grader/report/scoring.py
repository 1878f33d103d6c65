"""From results to points.

A check of one sub-part holds a share of its points, by weight, and earns it if it passes.

A check of several sub-parts (a learning check) holds a share of each. When it fails another rule is needed, since one
mistake must not be punished twice: with a hole left open, the part does not learn either. So what such a check is worth
and what its sub-parts have lost already are not added; the larger of both is lost:

    lost = max(what the sub-parts have lost by their own checks, what the failed check is worth)

A check of several sub-parts is worth at most what the smallest of them is. Hence an open hole costs its own sub-part's
points and no other's. And since sums and maxima only grow with what they are made of, turning a check that passed into
anything else never raises the total.

Two more rules. A check that could not run earns nothing, and as long as there is one the points are withheld: it has to
be run again. And if a sub-part's own placeholder was reached, its hole is not filled in, and it earns nothing, whatever
other checks of it pass without getting that far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.course.parts import Part, Parts, SubPart
from autograder.grader.outcomes import Outcome
from autograder.grader.plugin import CheckResult

_ROUNDING = 1e-9  # points
_DIGITS = 12  # a sum of shares of 3 points is 3, and not 3.0000000000000004


@dataclass(frozen=True)
class CheckScore:
    """One check's share. Of a check that failed, `excused` names the sub-parts it takes nothing from: they have all
    the points of their own checks, and what it is worth has been lost in the other sub-parts already."""

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
        return round(sum(sub.earned for sub in self.subparts), _DIGITS)

    @property
    def possible(self) -> float:
        """Without extra credit, so `earned` can be more."""
        return round(sum(sub.possible for sub in self.subparts if not sub.part.extra), 9)

    @property
    def run_again(self) -> tuple[CheckResult, ...]:
        """The checks that could not run; if there are any, the points are withheld."""
        return tuple(c.result for c in self.checks if c.result.outcome == Outcome.COULD_NOT_RUN)


def score(results: Sequence[CheckResult], parts: Parts, selection: frozenset[str] | None = None) -> Score:
    """Points for the sub-parts in `selection` (all of them by default); those without a check count nothing."""
    table = _Table(results, parts)
    wanted = [name for name in parts.subparts if selection is None or name in selection]
    subs = tuple(_subscore(name, table, parts) for name in wanted)
    return Score(subs, tuple(_checkscore(result, table, wanted) for result in results))


class _Table:
    """`worth[result.id, sub-part]` in points, and what of that was `earned`."""

    def __init__(self, results: Sequence[CheckResult], parts: Parts) -> None:
        self.results = results
        self.names = {
            r.id: tuple(n for n in dict.fromkeys(r.subparts) if n in parts.subparts) for r in results
        }
        self.empty = {r.hole for r in results if r.outcome == Outcome.NOT_ATTEMPTED and r.hole in r.subparts}
        self.own = {name: [r for r in results if self.names[r.id] == (name,)] for name in parts.subparts}
        self.worth: dict[tuple[str, str], float] = {}
        self.earned: dict[tuple[str, str], float] = {}
        groups = self._groups()
        for group in groups:
            self._value(group, parts)
        for name, own in self.own.items():
            common = [r for group in groups for r in group if name in self.names[r.id]]
            left = parts.subparts[name].points - sum(self.worth[r.id, name] for r in common)
            self._divide(name, left, own)
        for result in results:
            for name in self.names[result.id]:
                paid = result.outcome == Outcome.PASSED and name not in self.empty
                self.earned[result.id, name] = self.worth[result.id, name] if paid else 0.0
        for group in groups:
            self._forgive(group)

    def _groups(self) -> list[list[CheckResult]]:
        """The checks of several sub-parts; those that have a sub-part in common are in one group."""
        groups: list[list[CheckResult]] = []
        for result in self.results:
            if len(self.names[result.id]) > 1:
                joined = [g for g in groups if self._united(g) & set(self.names[result.id])]
                groups = [g for g in groups if g not in joined] + [[*(r for g in joined for r in g), result]]
        return groups

    def _united(self, group: Sequence[CheckResult]) -> set[str]:
        return {name for result in group for name in self.names[result.id]}

    def _value(self, group: Sequence[CheckResult], parts: Parts) -> None:
        """Shares by weight, made smaller until the group is worth no more than the smallest of its sub-parts."""
        for result in group:
            for name in self.names[result.id]:
                weights = sum(r.weight for r in self.results if name in self.names[r.id])
                self.worth[result.id, name] = parts.subparts[name].points * result.weight / weights
        keys = [(result.id, name) for result in group for name in self.names[result.id] if self.own[name]]
        total = sum(self.worth[key] for key in keys)
        smallest = min(parts.subparts[name].points for name in self._united(group))
        for key in keys if total > smallest else []:
            self.worth[key] *= smallest / total

    def _divide(self, name: str, points: float, own: Sequence[CheckResult]) -> None:
        weights = sum(r.weight for r in own)
        for result in own:
            self.worth[result.id, name] = points * result.weight / weights

    def _forgive(self, group: Sequence[CheckResult]) -> None:
        """Give back what the failed checks of a group would take beyond the maximum.

        Of a sub-part that lost the fraction f of its own checks' points, a failed check takes f of its share in any
        case. Of the shares that are left it takes so much that all losses together come to what it is worth.
        """
        lost, fraction = 0.0, {}
        for name in self._united(group):
            points = sum(self.worth[r.id, name] for r in self.own[name])
            missed = points - sum(self.earned[r.id, name] for r in self.own[name])
            fraction[name] = missed / points if points and name not in self.empty else 1.0
            lost += missed
        failed = [(r.id, name) for r in group if r.outcome != Outcome.PASSED for name in self.names[r.id]]
        taken = sum(fraction[name] * self.worth[id_, name] for id_, name in failed)
        left = {(id_, name): (1.0 - fraction[name]) * self.worth[id_, name] for id_, name in failed}
        more = sum(self.worth[key] for key in failed) - lost - taken
        kept = 1.0 - min(1.0, max(0.0, more) / total) if (total := sum(left.values())) > _ROUNDING else 1.0
        self.earned |= {key: kept * share for key, share in left.items()}


def _subscore(name: str, table: _Table, parts: Parts) -> SubScore:
    checks = tuple(r for r in table.results if name in r.subparts)
    failed = [r for r in checks if r.outcome != Outcome.PASSED]
    counted = [r for r in failed if table.earned[r.id, name] < table.worth[r.id, name] - _ROUNDING]
    outcome = None
    if checks:  # one word: the first thing that went wrong, among the checks that cost points
        outcome = counted[0].outcome if counted else Outcome.PASSED
    if name in table.empty:
        outcome = Outcome.NOT_ATTEMPTED
    again = any(r.outcome == Outcome.COULD_NOT_RUN for r in checks)
    earned = round(sum(table.earned[r.id, name] for r in checks), _DIGITS)
    return SubScore(parts.part_of(name), parts.subparts[name], checks, earned, outcome, again)


def _checkscore(result: CheckResult, table: _Table, wanted: Sequence[str]) -> CheckScore:
    keys = [(result.id, name) for name in table.names[result.id] if name in wanted]
    excused = tuple(
        key[1]
        for key in keys
        if result.outcome != Outcome.PASSED and 0.0 < table.worth[key] <= table.earned[key] + _ROUNDING
    )
    earned, worth = (sum(column[key] for key in keys) for column in (table.earned, table.worth))
    return CheckScore(result, earned, worth, excused)
