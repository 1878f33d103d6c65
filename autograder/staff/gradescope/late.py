"""How late a submission came, by what Gradescope's submission_metadata.json says.

`assignment.due_date` is the date for everybody, `users[].assignment.due_date` that of a student, with the extension
that Gradescope granted. The file is documented at gradescope-autograders.readthedocs.io, "Submission Metadata".
"""

from __future__ import annotations

import json
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from autograder.course.late import Deadlines, Late, late
from autograder.course.times import read_due, read_submitted
from envs.errors import one_line


def late_on_gradescope(path: Path, deadlines: Deadlines) -> tuple[Late | None, tuple[str, ...]]:
    """(how late, notes for the student), from the metadata at `path`; (None, ()) where nothing is due.

    What cannot be read costs nobody points: it is left out, and a note says so.
    """
    notes: list[str] = []
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        submitted = read_submitted(_get(facts, "created_at"), deadlines.zone)
    except (OSError, ValueError, RecursionError) as error:
        reason = one_line(str(error), 120)
        return None, (f"When this was handed in cannot be read, so no penalty was taken ({reason}).",)

    def read(value: Any) -> datetime | None:
        return _due(value, deadlines.zone, notes)

    users = _get(facts, "users")
    users = users if isinstance(users, list) else []
    own = [moment for user in users if (moment := read(_get(user, "assignment", "due_date")))]
    ids = [str(id_) for user in users for key in ("id", "sid", "email") if (id_ := _get(user, key))]
    due, extended = deadlines.due_for(
        ids, read(_get(facts, "assignment", "due_date")), max(own, default=None, key=datetime.timestamp)
    )
    found = late(submitted, due, deadlines.policy, deadlines.zone, extended) if due else None
    return found, tuple(notes)


def _due(value: Any, zone: tzinfo | None, notes: list[str]) -> datetime | None:
    if value is None:
        return None
    try:
        return read_due(value, zone)
    except ValueError as error:
        notes.append(
            f"A due date of Gradescope's cannot be read and was left out ({one_line(str(error), 120)})."
        )
        return None


def _get(table: Any, *path: str) -> Any:
    """The entry at `path`; None where there is none."""
    for name in path:
        table = table.get(name) if isinstance(table, dict) else None
    return table
