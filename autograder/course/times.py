"""Dates as people and platforms write them, and days as a calendar counts them.

A date without a zone is read in the course's zone; without one it is refused, as nobody knows which moment it means. A
local time that the clocks show twice, or skip, is read in the student's favour: due as late as possible, handed in as
early as possible.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from envs.errors import one_line

EXAMPLE = "2026-11-20T23:59+01:00"
_FORM = re.compile(r"(\d{4}-\d\d-\d\d)([T ]\d\d.*)?", re.DOTALL)
_YEARS = range(1990, 2200)  # outside it is a slip of the pen, and arithmetic may overflow


def read_due(value: object, zone: tzinfo | None = None) -> datetime:
    """The last moment in time; a bare date means the end of that day. Raises `ValueError` with a sentence."""
    return _read(value, zone, due=True)


def read_submitted(value: object, zone: tzinfo | None = None) -> datetime:
    """When something was handed in; a bare date means the beginning of that day. Raises like `read_due`."""
    return _read(value, zone, due=False)


def days_late(due: datetime, submitted: datetime, zone: tzinfo | None = None) -> int:
    """On which calendar day after the due day it came, at least 1 where it came after `due`; otherwise 0.

    The days are those of `zone`, or of the zone in which `due` is written. What is due at midnight belongs to the day
    that ends there.
    """
    if seconds_between(due, submitted) <= 0:
        return 0
    zone = zone or due.tzinfo
    last = (due.astimezone(UTC) - datetime.resolution).astimezone(zone).date()
    return max(1, (submitted.astimezone(zone).date() - last).days)


def add_days(due: datetime, days: int, zone: tzinfo | None = None) -> datetime:
    """The same time on the clock, `days` calendar days later."""
    zone = zone or due.tzinfo
    return _local(due.astimezone(zone).replace(tzinfo=None, fold=0) + timedelta(days), zone, due=True)


def seconds_between(first: datetime, second: datetime) -> float:
    """Real seconds: datetimes of one zone would be subtracted as the clocks show them."""
    return (second.astimezone(UTC) - first.astimezone(UTC)).total_seconds()


def written(moment: datetime, zone: tzinfo | None = None) -> str:
    """For people: 2026-11-20 23:59 Europe/Berlin."""
    local = moment.astimezone(zone or moment.tzinfo)
    name = getattr(local.tzinfo, "key", None) or local.tzname()
    return f"{local:%Y-%m-%d %H:%M}{f':{local:%S}' if local.second not in (0, 59) else ''} {name}"


def _read(value: object, zone: tzinfo | None, due: bool) -> datetime:
    shown = one_line(str(value), 40) if isinstance(value, str | date | time) else type(value).__name__
    shown = shown or "an empty text"
    moment = _parsed(value) if isinstance(value, str) else value
    if not isinstance(moment, date) or moment.year not in _YEARS:
        raise ValueError(f"{shown} is no date; write it like {EXAMPLE}")
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time.max if due else time.min)
    if moment.tzinfo is not None:
        return moment
    if zone is None:
        right = f"{moment:%Y-%m-%dT%H:%M}+01:00"
        raise ValueError(
            f"{shown} does not say in which zone: write {right} (with the course's own distance from UTC), or "
            'set the course\'s zone in autograder/course.toml, as in zone = "Europe/Berlin"'
        )
    return _local(moment, zone, due)


def _parsed(text: str) -> date | None:
    """A date or a datetime; None where the text is neither."""
    text = re.sub(r"\s*(Z|UTC|GMT)$", "+00:00", text.strip().upper())
    text = re.sub(r"\s+([+-]\d\d:?\d\d)$", r"\1", text)
    form = _FORM.fullmatch(text)
    try:
        return form and (datetime.fromisoformat(text) if form[2] else date.fromisoformat(text))
    except ValueError:
        return None


def _local(clock: datetime, zone: tzinfo | None, due: bool) -> datetime:
    """What the clocks of `zone` show, in UTC; where there are two moments, or none, the one in the student's favour."""
    moments = [clock.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return (max if due else min)(moments)
