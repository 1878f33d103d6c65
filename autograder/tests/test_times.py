"""Dates and days: zones, changes of clocks, grace, penalties and extensions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.course.late import Deadlines, Policy, late
from autograder.course.times import add_days, days_late, read_due, read_submitted, seconds_between, written

BERLIN = ZoneInfo("Europe/Berlin")


def utc(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T22:59Z",
        "2026-11-20 22:59 UTC",
        "2026-11-20T23:59+01:00",
        "2026-11-20 23:59:00 +0100",
        "2026-11-20T14:59:00.000000-08:00",
        " 2026-11-20t22:59z ",
        "2026-11-20T23:59",  # in the course's zone
        datetime(2026, 11, 20, 23, 59),
        utc(2026, 11, 20, 22, 59),
    ],
)
def test_a_moment_is_the_same_however_it_is_written(text: object) -> None:
    assert read_due(text, BERLIN) == read_submitted(text, BERLIN) == utc(2026, 11, 20, 22, 59)


@pytest.mark.parametrize("day", ["2026-11-20", date(2026, 11, 20)])
def test_a_bare_date_is_the_whole_day_in_the_courses_zone(day: object) -> None:
    due = read_due(day, BERLIN)
    assert seconds_between(due, utc(2026, 11, 20, 23)) == pytest.approx(0, abs=1e-5)
    assert read_submitted(day, BERLIN) == utc(2026, 11, 19, 23)
    assert days_late(due, utc(2026, 11, 20, 22, 59, 59), BERLIN) == 0
    assert days_late(due, utc(2026, 11, 20, 23), BERLIN) == 1


@pytest.mark.parametrize("value", ["2026-11-20", "2026-11-20T23:59", datetime(2026, 11, 20, 23, 59)])
def test_without_any_zone_a_date_is_refused_with_the_right_form(value: object) -> None:
    with pytest.raises(ValueError, match=r"which zone: write 2026-11-20T23:59\+01:00 .*zone = ") as caught:
        read_due(value, None)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    ["2026-02-31", "tomorrow", "", "20.11.2026", "2026-11", "23:59", "2026-W47", 7, None, "0206-11-20"],
)
def test_what_is_no_date_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is no date; write it like 2026"):
        read_due(value, BERLIN)


def test_a_time_that_the_clocks_show_twice_or_never_favours_the_student() -> None:
    twice, never = "2026-10-25T02:30", "2026-03-29T02:30"
    assert read_due(twice, BERLIN) == utc(2026, 10, 25, 1, 30)
    assert read_submitted(twice, BERLIN) == utc(2026, 10, 25, 0, 30)
    assert read_due(never, BERLIN) == utc(2026, 3, 29, 1, 30)
    assert read_submitted(never, BERLIN) == utc(2026, 3, 29, 0, 30)
    # and the two hours with the same name are told apart
    assert days_late(
        read_due("2026-10-25T02:15+02:00", BERLIN).astimezone(BERLIN), utc(2026, 10, 25, 1), BERLIN
    )


@pytest.mark.parametrize(
    ("due", "submitted", "days"),
    [
        ("2026-10-24", "2026-10-25T23:59:59", 1),  # this day has 25 hours
        ("2026-10-24T12:00", "2026-10-25T12:00", 1),
        ("2026-10-24", "2026-10-26T00:00", 2),
        ("2026-03-28", "2026-03-29T23:59:59", 1),  # and this one 23
        ("2026-03-28", "2026-03-30T00:00", 2),
        ("2026-03-28T23:59", "2026-03-30T23:58", 2),
        ("2026-11-20T00:00", "2026-11-20T00:00:01", 1),  # the deadline's day is the 19th
        ("2026-11-20T00:00", "2026-11-22T01:00", 3),
        ("2026-11-20T18:00", "2026-11-20T18:00", 0),
        ("2026-11-20T18:00", "2026-11-20T18:00:01", 1),
        ("2026-11-20T18:00", "2026-11-21T23:00", 1),
        ("2026-11-20T18:00", "2026-11-22T00:00", 2),
    ],
)
def test_late_days_are_calendar_days_in_the_courses_zone(due: str, submitted: str, days: int) -> None:
    assert days_late(read_due(due, BERLIN), read_submitted(submitted, BERLIN), BERLIN) == days


def test_the_zone_decides_and_not_how_the_platform_writes_its_times() -> None:
    # 23:59 and, two days on, 01:00 in Los Angeles.
    due, submitted = (
        utc(2026, 11, 21, 7, 59),
        utc(2026, 11, 22, 9),
    )
    assert days_late(due, submitted, ZoneInfo("America/Los_Angeles")) == 2
    assert days_late(due, submitted) == 1


@given(st.integers(0, 86_400 * 400), st.integers(1, 86_400 * 40))
def test_the_later_the_more_days_and_a_day_is_never_less(start: int, more: int) -> None:
    due = utc(2026, 1, 1) + timedelta(seconds=start)
    days = days_late(due, due + timedelta(seconds=more), BERLIN)
    assert 1 <= days <= days_late(due, due + timedelta(seconds=more + 3600), BERLIN)
    assert days <= 1 + more / (23 * 3600)


def test_days_are_added_by_the_clock() -> None:
    due = read_due("2026-10-24T18:00", BERLIN)
    assert add_days(due, 1, BERLIN) == utc(2026, 10, 25, 17)
    assert add_days(read_due("2026-10-24", BERLIN), 2, BERLIN) == read_due("2026-10-26", BERLIN)
    assert add_days(read_due("2026-10-24T02:30", BERLIN), 1, BERLIN) == utc(2026, 10, 25, 1, 30)


DUE = read_due("2026-11-20", BERLIN)
POLICY = Policy(timedelta(minutes=15), 0.1, 0.25, 1, 4)


@pytest.mark.parametrize(
    ("submitted", "days", "share"),
    [
        ("2026-11-21T00:14", 0, 0),  # grace
        ("2026-11-21T00:16", 1, 0),  # free
        ("2026-11-22T00:14", 1, 0),  # grace is taken off before the days are counted
        ("2026-11-22T00:16", 2, 0.1),
        ("2026-11-23T12:00", 3, 0.2),
        ("2026-11-24T12:00", 4, 0.25),  # never more than this
        ("2026-11-25T12:00", 5, 1),  # no longer taken
    ],
)
def test_grace_free_days_penalty_and_the_last_day(submitted: str, days: int, share: float) -> None:
    found = late(read_submitted(submitted, BERLIN), DUE, POLICY, BERLIN)
    assert (found.days, found.share) == (days, share)
    assert bool(found.sentence("4.5")) == bool(days)


def test_grace_is_real_time_across_a_change_of_clocks() -> None:
    due = read_due("2026-10-25T02:50+02:00", BERLIN).astimezone(BERLIN)
    policy = Policy(timedelta(minutes=15))
    assert late(utc(2026, 10, 25, 1, 4).astimezone(BERLIN), due, policy, BERLIN).days == 0
    assert late(utc(2026, 10, 25, 1, 6).astimezone(BERLIN), due, policy, BERLIN).days == 1


def test_the_student_reads_why_points_are_missing() -> None:
    found = late(read_submitted("2026-11-22T12:00", BERLIN), DUE, POLICY, BERLIN, extended=True)
    assert found.sentence("9.62") == (
        "Handed in 2 days late: it was due 2026-11-20 23:59 Europe/Berlin, with your extension. That costs 9.62 points "
        "(10 % of the points earned for each late day after 1 day free, 25 % at most)."
    )
    refused = late(utc(2026, 12, 24), DUE, POLICY, BERLIN).sentence("9")
    assert refused.endswith("After 4 days late work earns no points.")
    assert late(utc(2026, 12, 24), DUE).sentence("0") == ""
    assert written(utc(2026, 11, 20, 22, 59, 30)) == "2026-11-20 22:59:30 UTC"


def test_the_latest_date_that_somebody_granted_counts() -> None:
    longer = read_due("2026-11-27", BERLIN)
    course = Deadlines(BERLIN, DUE, extensions={"1017": 3, "Ann@Example.org": longer})
    assert course.due_for(["1016"]) == (DUE, False)
    assert course.due_for(["1017"]) == (read_due("2026-11-23", BERLIN), True)
    assert course.due_for(["1016", "1017", "ann@example.ORG"]) == (longer, True)  # a group
    assert course.due_for(["1017"], platform=read_due("2026-11-25", BERLIN))[0] == read_due(
        "2026-11-25", BERLIN
    )
    assert course.due_for(["1017"], platform=read_due("2026-11-22", BERLIN))[0] == read_due(
        "2026-11-23", BERLIN
    )
    assert course.due_for(["1016"], due=longer) == (longer, False)
    assert course.due_for(["1016"], platform=read_due("2026-11-10", BERLIN)) == (DUE, False)
    assert Deadlines().due_for(["1016"]) == (None, False)
    assert course.unknown(["1017"]) == ["Ann@Example.org"]
