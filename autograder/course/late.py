"""When is something due for a student, how late did it come, and what does that cost?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from autograder.course.times import add_days, days_late, seconds_between, written


@dataclass(frozen=True)
class Policy:
    """What handing in late costs; by default nothing."""

    grace: timedelta = timedelta()  # taken off first: what comes within it is in time
    penalty: float = 0.0  # share of the points earned, for each late day
    max_penalty: float = 1.0  # never more than this share
    free_days: int = 0  # the first late days cost nothing
    max_days: int | None = None  # later than that earns nothing
    on_gradescope: bool = False  # Gradescope's own results get the penalty as well

    @property
    def costs(self) -> bool:
        """Whether anybody can lose points by being late."""
        return self.penalty > 0 or self.max_days is not None


NO_COST = Policy()


@dataclass(frozen=True)
class Late:
    """How late one submission came: all zero where it came in time."""

    due: datetime  # for this student
    extended: bool  # later than for the others
    seconds: float  # after `due`, without the grace
    days: int  # calendar days in the course's zone, after the grace
    paid_days: int  # those that are not free
    share: float  # of the points earned that it costs
    refused: bool  # it came after the last day on which work is taken
    policy: Policy
    zone: tzinfo | None = None

    def sentence(self, cost: str) -> str:
        """For the student; `cost` is the number of points. "" where nobody can lose points, or it came in time."""
        if not self.days or not self.policy.costs:
            return ""
        extension = ", with your extension" if self.extended else ""
        said = f"Handed in {_days(self.days)} late: it was due {written(self.due, self.zone)}{extension}."
        if self.refused:
            days = f"After {_days(self.policy.max_days)} late work" if self.policy.max_days else "Late work"
            return f"{said} {days} earns no points."
        free = self.days - self.paid_days
        if not self.share:
            return f"{said} That costs no points{': ' + _days(free) + ' free' if free else ''}."
        rule = f"{_percent(self.policy.penalty)} of the points earned for each late day"
        rule += f" after {_days(self.policy.free_days)} free" if self.policy.free_days else ""
        rule += f", {_percent(self.policy.max_penalty)} at most" if self.policy.max_penalty < 1 else ""
        return f"{said} That costs {cost} points ({rule})."


@dataclass(frozen=True)
class Deadlines:
    """What course.toml says about time. `extensions`: a student's id or email -> calendar days more, or a date."""

    zone: tzinfo | None = None
    due: datetime | None = None
    policy: Policy = NO_COST
    extensions: Mapping[str, int | datetime] = field(default_factory=dict)

    def due_for(
        self, ids: Iterable[str], due: datetime | None = None, platform: datetime | None = None
    ) -> tuple[datetime | None, bool]:
        """(when it is due for whoever has one of these ids, whether that is an extension); None: nobody said.

        `due` is the platform's date for everybody and goes before the course's own, `platform` its date for these
        students. The latest of all counts; for a group that is the date of the member who has longest.
        """
        due = due or self.due
        known = {id_.strip().casefold() for id_ in ids}
        found = [platform] if platform else []
        for id_, more in self.extensions.items():
            if id_.strip().casefold() in known:
                if isinstance(more, datetime):
                    found.append(more)
                elif due is not None:
                    found.append(add_days(due, more, self.zone))
        latest = max(found, default=due, key=datetime.timestamp)
        if due is None or latest is None:
            return latest, latest is not None
        return (latest, True) if latest.timestamp() > due.timestamp() else (due, False)

    def unknown(self, ids: Iterable[str]) -> list[str]:
        """The extensions of nobody among these ids: a slip of the pen, or somebody who has handed in nothing."""
        known = {id_.strip().casefold() for id_ in ids}
        return [id_ for id_ in self.extensions if id_.strip().casefold() not in known]


NO_DEADLINES = Deadlines()


def late(
    submitted: datetime,
    due: datetime,
    policy: Policy = NO_COST,
    zone: tzinfo | None = None,
    extended: bool = False,
) -> Late:
    """How late it came, by the days of `zone` (by default those in which `due` is written)."""
    days = days_late(due, submitted.astimezone(UTC) - policy.grace, zone)
    paid = max(0, days - policy.free_days)
    refused = policy.max_days is not None and days > policy.max_days
    share = 1.0 if refused else min(policy.max_penalty, round(policy.penalty * paid, 9))
    seconds = max(0.0, seconds_between(due, submitted))
    return Late(due, extended, seconds, days, paid, share, refused, policy, zone)


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _percent(share: float) -> str:
    return f"{100 * share:g} %"
