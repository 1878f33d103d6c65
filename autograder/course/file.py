"""Read course.toml: its dates here, its parts in parts.py."""

from __future__ import annotations

import difflib
import zoneinfo
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path

from autograder.course.late import Deadlines, Policy
from autograder.course.schema import COURSE
from autograder.course.times import read_due, seconds_between, written
from autograder.course.toml_file import TomlFile
from envs.errors import one_line

COURSE_FILE = Path(__file__).parents[1] / "course.toml"


def read_course(path: Path) -> TomlFile:
    """course.toml, each entry of it well-formed by itself. Raises `UserMistake`."""
    return TomlFile.read(path, COURSE)


def read_deadlines(path: Path | None = None) -> Deadlines:
    """The deadlines in the course's own file, or in `path`; without the course's own file there are none.

    Raises `UserMistake`, also where `path` is not there.
    """
    if path is None and not COURSE_FILE.exists():
        return Deadlines()
    return deadlines_of(read_course(COURSE_FILE if path is None else path))


def deadlines_of(file: TomlFile) -> Deadlines:
    """The dates in a course.toml. Raises `UserMistake`."""
    table = file.table
    zone = _zone(file)
    due = _date(file, ["due"], table["due"], zone) if "due" in table else None
    late = table.get("late", {})
    policy = Policy(
        timedelta(minutes=late.get("grace_minutes", 0)),
        float(late.get("penalty", 0)),
        float(late.get("max_penalty", 1)),
        late.get("free_days", 0),
        late.get("max_days"),
        late.get("on_gradescope", False),
    )
    if zone is None and ("late" in table or "extensions" in table):
        key = "late" if "late" in table else "extensions"
        raise file.wrong(
            [key], 'late days need the course\'s zone: add a line such as zone = "Europe/Berlin"'
        )
    if policy.max_days is not None and policy.free_days > policy.max_days:
        raise file.wrong(["late", "free_days"], f"is more than max_days, which is {policy.max_days}")
    if policy.max_penalty < policy.penalty:
        raise file.wrong(["late", "max_penalty"], f"is less than the penalty of one day, {policy.penalty:g}")
    return Deadlines(zone, due, policy, _extensions(file, due, zone))


def _extensions(file: TomlFile, due: datetime | None, zone: tzinfo | None) -> dict[str, int | datetime]:
    extensions: dict[str, int | datetime] = {}
    for id_, more in file.table.get("extensions", {}).items():
        key = ["extensions", id_]
        if not id_.strip():
            raise file.wrong(["extensions"], "an extension is without a student's id or email")
        if id_.strip().casefold() in {other.strip().casefold() for other in extensions}:
            raise file.wrong(key, "this student has two extensions: keep one")
        if isinstance(more, int):
            extensions[id_] = more
            continue
        moment = extensions[id_] = _date(file, key, more, zone)
        if due and seconds_between(due, moment) < 0:
            raise file.wrong(key, f"lies before the homework is due, {written(due, zone)}")
    return extensions


def _zone(file: TomlFile) -> tzinfo | None:
    name = file.table.get("zone")
    if name is None:
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        names = sorted(zoneinfo.available_timezones())
        close = [zone for zone in names if zone.endswith(f"/{name}")]
        close += [*difflib.get_close_matches(name, names, 1, 0.5), "Europe/Berlin"]
        raise file.wrong(
            ["zone"], f'there is no time zone "{one_line(name, 40)}"; write it like "{close[0]}"'
        ) from None


def _date(file: TomlFile, key: list[str], value: date | str, zone: tzinfo | None) -> datetime:
    try:
        return read_due(value, zone)
    except ValueError as error:
        raise file.wrong(key, str(error)) from error
