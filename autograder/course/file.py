"""Read course.toml. A mistake in it is named in one sentence, with the line."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
import zoneinfo
from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import jsonschema

from autograder.course.late import Deadlines, Policy
from autograder.course.times import read_due, seconds_between, written
from envs.errors import UserMistake, one_line

COURSE_FILE = Path(__file__).parents[1] / "course.toml"
MAX_DAYS = 365

_DATE = 'a date such as "2026-11-20T23:59"'
_SHORT_TIME = re.compile(r"=\s*\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?![:\d])")  # no TOML before version 1.1
_SHARE = {"type": "number", "minimum": 0, "maximum": 1, "description": "a number from 0 to 1"}
_DAYS = {
    **{"type": "integer", "minimum": 0, "maximum": MAX_DAYS},
    "description": f"a whole number of days from 0 to {MAX_DAYS}",
}
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "zone": {"type": "string", "description": 'the name of a time zone such as "Europe/Berlin"'},
        "due": {"type": ["date", "string"], "description": _DATE},
        "late": {
            "type": "object",
            "description": "a table [late]",
            "additionalProperties": False,
            "properties": {
                "grace_minutes": {
                    **{"type": "number", "minimum": 0, "maximum": 24 * 60},
                    "description": "a number of minutes from 0 to 1440",
                },
                "penalty": _SHARE,
                "max_penalty": _SHARE,
                "free_days": _DAYS,
                "max_days": _DAYS,
                "on_gradescope": {"type": "boolean", "description": "true or false"},
            },
        },
        "extensions": {
            "type": "object",
            "description": "a table [extensions]",
            "additionalProperties": {
                **{"type": ["integer", "date", "string"], "minimum": 0, "maximum": MAX_DAYS},
                "description": f"a whole number of days from 0 to {MAX_DAYS}, or {_DATE}",
            },
        },
    },
}
_TYPES = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
    {
        "date": lambda _, value: isinstance(value, date),  # a datetime is one, too
        "number": lambda _, value: type(value) in (int, float) and math.isfinite(value),
        "integer": lambda _, value: type(value) is int,
    }
)
_Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=_TYPES)


def read_deadlines(path: Path | None = None) -> Deadlines:
    """The deadlines in the course's own file, or in `path`; without the course's own file there are none.

    Raises `UserMistake`, also where `path` is not there.
    """
    if path is None:
        path = COURSE_FILE
        if not path.exists():
            return Deadlines()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserMistake(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserMistake(f"{path} is not written in UTF-8: save it in that encoding") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        for number, line in enumerate(text.splitlines(), 1):
            if _SHORT_TIME.search(line):
                ask = 'put a date without seconds in quotation marks, as in due = "2026-11-20T23:59"'
                raise UserMistake(f"{path}, line {number}: {ask}") from error
        raise UserMistake(f"{path} is not valid TOML: {one_line(str(error), 120)}") from error
    return _File(path, text).deadlines(table)


class _File:
    """One course.toml: what is in it, and where."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()

    def deadlines(self, table: dict[str, Any]) -> Deadlines:
        for error in _Validator(_SCHEMA).iter_errors(table):
            raise self._broken_rule(error)
        zone = self._zone(table)
        due = self._date(["due"], table["due"], zone) if "due" in table else None
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
            raise self._wrong(
                [key], 'late days need the course\'s zone: add a line such as zone = "Europe/Berlin"'
            )
        if policy.max_days is not None and policy.free_days > policy.max_days:
            raise self._wrong(["late", "free_days"], f"is more than max_days, which is {policy.max_days}")
        if policy.max_penalty < policy.penalty:
            raise self._wrong(
                ["late", "max_penalty"], f"is less than the penalty of one day, {policy.penalty:g}"
            )
        extensions = {}
        for id_, more in table.get("extensions", {}).items():
            key = ["extensions", id_]
            if not id_.strip():
                raise self._wrong(["extensions"], "an extension is without a student's id or email")
            if id_.strip().casefold() in {other.strip().casefold() for other in extensions}:
                raise self._wrong(key, "this student has two extensions: keep one")
            extensions[id_] = more if isinstance(more, int) else self._date(key, more, zone)
            if due and not isinstance(more, int) and seconds_between(due, extensions[id_]) < 0:
                raise self._wrong(key, f"lies before the homework is due, {written(due, zone)}")
        return Deadlines(zone, due, policy, extensions)

    def _zone(self, table: dict[str, Any]) -> tzinfo | None:
        if "zone" not in table:
            return None
        try:
            return zoneinfo.ZoneInfo(table["zone"])
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            names = sorted(zoneinfo.available_timezones())
            close = difflib.get_close_matches(table["zone"], names, 1, 0.5)
            close = (
                [name for name in names if name.endswith(f"/{table['zone']}")] or close or ["Europe/Berlin"]
            )
            shown = one_line(table["zone"], 40)
            raise self._wrong(
                ["zone"], f'there is no time zone "{shown}"; write it like "{close[0]}"'
            ) from None

    def _date(self, key: list[str], value: date | str, zone: tzinfo | None) -> datetime:
        try:
            return read_due(value, zone)
        except ValueError as error:
            raise self._wrong(key, str(error)) from error

    def _broken_rule(self, error: jsonschema.ValidationError) -> UserMistake:
        key = [str(name) for name in error.absolute_path]
        if error.validator == "additionalProperties" and error.schema["additionalProperties"] is False:
            known = list(error.schema["properties"])
            unknown = next(name for name in error.instance if name not in known)
            close = difflib.get_close_matches(unknown, known, 1)
            ask = f"did you mean {close[0]}?" if close else f"the keys are {', '.join(known)}"
            return self._wrong([*key, unknown], f"is no key here; {ask}")
        value = error.instance
        if key[:-1] == ["extensions"] and isinstance(value, dict):
            return self._wrong(key, "put the student's id or email in quotation marks")
        shown = "a table" if isinstance(value, dict) else "a list" if isinstance(value, list) else str(value)
        shown = (
            str(value).lower()
            if isinstance(value, bool)
            else f'"{value}"'
            if isinstance(value, str)
            else shown
        )
        rule = error.schema["description"]
        return self._wrong(key, f"must be {rule}, not {one_line(shown, 40)}")

    def _wrong(self, key: Sequence[str], sentence: str) -> UserMistake:
        line = self._line(key)
        where = f"{self._path}, line {line}" if line else str(self._path)
        return UserMistake(f"{where}: {one_line('.'.join(key), 80)}: {sentence}")

    def _line(self, key: Sequence[str]) -> int | None:
        """The line on which the entry ends: the first one up to which the file is TOML that holds it."""
        for count in range(1, len(self._lines) + 1):
            try:
                found: Any = tomllib.loads("\n".join(self._lines[:count]))
            except tomllib.TOMLDecodeError:
                continue
            for name in key:
                found = found.get(name) if isinstance(found, dict) else None
            if found is not None:
                return count
        return None
