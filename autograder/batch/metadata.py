"""Gradescope's submission_metadata.yml: whose submission it is, and when it came.

Its keys are Ruby symbols (`:submitters:`), read here with or without the colon. A file of another form gives nothing
rather than an error: the submissions can be graded without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import yaml

from autograder.batch.uploads import Student
from autograder.engine.outcomes import UserMistake, one_line

# The parser in C is ten times faster, and these files hold every test's output; both make plain values only.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Record:
    students: tuple[Student, ...]
    submitted: datetime | None
    due: datetime | None


def read_metadata(text: bytes) -> dict[str, Record]:
    """Folder name -> what is known of it. Raises `UserMistake` where it is not YAML."""
    try:
        table = yaml.load(text, Loader=_LOADER)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserMistake(f"submission_metadata.yml cannot be read: {one_line(str(error), 120)}") from error
    if not isinstance(table, dict):
        return {}
    return {str(name): _record(entry) for name, entry in table.items() if isinstance(entry, dict)}


def read_time(value: Any) -> datetime | None:
    """A time as YAML or a person writes it; without a zone it is UTC, as in the exports. None where it is no time."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip().replace(" Z", "+00:00"))
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, 23, 59, 59)
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _record(entry: dict[Any, Any]) -> Record:
    people = _get(entry, "submitters", "users")
    students = tuple(_student(person) for person in people or [] if isinstance(person, dict))
    assignment = _get(entry, "assignment")
    due = _get(entry, "due_date") or (_get(assignment, "due_date") if isinstance(assignment, dict) else None)
    return Record(students, read_time(_get(entry, "created_at")), read_time(due))


def _student(person: dict[Any, Any]) -> Student:
    name, sid, email = (_get(person, key) for key in ("name", "sid", "email"))
    return Student(*(str(value) if value is not None else "" for value in (name, sid, email)))


def _get(entry: dict[Any, Any], *names: str) -> Any:
    for name in names:
        for key in (f":{name}", name):
            if key in entry:
                return entry[key]
    return None
