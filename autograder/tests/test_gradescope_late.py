"""The course's late policy on Gradescope: the platform's own extensions count, and nothing odd costs points."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from autograder.course.late import Deadlines, Policy
from autograder.staff.gradescope import harness
from autograder.staff.gradescope.late import late_on_gradescope
from autograder.tests.conftest import SUMS, WORDS, Assignment

DUE, CREATED = "2018-07-31T23:00:00.000000-07:00", "2018-08-02T14:22:32.365935-07:00"
COURSE = Deadlines(
    ZoneInfo("America/Los_Angeles"),
    policy=Policy(timedelta(minutes=15), 0.1, on_gradescope=True),
    extensions={"late@example.org": 2, "4": 1},
)


def facts(
    *own: str | None, due: Any = DUE, created: Any = CREATED, email: str = "ann@example.org"
) -> dict[str, Any]:
    """Gradescope's documented form, with a user for each of the dates in `own`."""
    dates = {"release_date": "2018-07-02T00:00:00.000000-07:00", "late_due_date": None}
    users = [
        {
            "email": email,
            "id": 1234,
            "name": "Ann One",
            **({"assignment": dates | {"due_date": date}} if date else {}),
        }
        for date in own or (None,)
    ]
    assignment = dates | {"due_date": due, "group_submission": True, "id": 25828, "total_points": "20.0"}
    return {
        "id": 123456,
        "created_at": created,
        "assignment": assignment,
        "users": users,
        "previous_submissions": [],
    }


@pytest.mark.parametrize(
    ("metadata", "days"),
    [
        (facts(), 2),
        (facts(DUE), 2),
        (facts("2018-08-01T23:00:00.000000-07:00"), 1),  # an extension of a day
        (facts("2018-08-07T23:00:00.000000-07:00"), 0),
        (facts(DUE, "2018-08-07T23:00:00.000000-07:00"), 0),  # a group: who has longest
        (facts("2018-07-01T23:00:00.000000-07:00"), 2),
        (facts(email="Late@example.org"), 0),  # the course's own extension
        (facts("2018-08-01T23:00:00.000000-07:00", email="late@example.org"), 0),  # the later one counts
        (facts(created="2018-07-31T23:14:00.000000-07:00"), 0),  # grace
        (facts(created="2018-07-31T23:16:00.000000-07:00"), 1),
        (facts(due="2018-07-31"), 2),  # a bare date: the end of that day, there
    ],
)
def test_who_is_how_late(metadata: dict[str, Any], days: int, tmp_path: Path) -> None:
    path = tmp_path / "submission_metadata.json"
    path.write_text(json.dumps(metadata))
    late, notes = late_on_gradescope(path, COURSE)
    assert late is not None and late.days == days and not notes


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "7", "null", "[" * 100_000, "\ud800"),
        *(json.dumps(facts(created=created)) for created in (None, "2018-02-31", 7, [], {})),
        *(json.dumps(facts(due=due)) for due in ("soon", 7, [], {})),
        json.dumps(facts() | {"assignment": [], "users": {"a": 1}}),
        json.dumps(facts() | {"assignment": None, "users": [None, 7, {"assignment": 3}]}),
    ],
)
def test_what_cannot_be_read_costs_nobody_points(text: str, tmp_path: Path) -> None:
    path = tmp_path / "submission_metadata.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    late, notes = late_on_gradescope(path, COURSE)
    assert late is None and all(note.endswith(").") and "\n" not in note for note in notes)
    # Nothing is due: nothing to say.
    assert notes or '"assignment": []' in text or '"assignment": null' in text
    assert late_on_gradescope(tmp_path / "none.json", COURSE)[0] is None


def graded(root: Path, assignment: Assignment, course: Deadlines) -> dict[str, Any]:
    assert harness.run(root, assignment.hw, assignment.roots, assignment.parts, deadlines=course) == 0
    return json.loads((root / "results/results.json").read_text())


def test_gradescope_shows_the_penalty_only_where_the_course_says_so(
    tmp_path: Path, assignment: Assignment
) -> None:
    root = tmp_path / "autograder"
    for name, text in (("sums.py", SUMS), ("words.py", WORDS)):
        (root / "submission").mkdir(parents=True, exist_ok=True)
        (root / "submission" / name).write_text(text)
    path = root / "submission_metadata.json"
    path.write_text(json.dumps(facts()))
    shown = graded(root, assignment, COURSE)
    assert (
        shown["score"] == 16
        and "Handed in 2 days late: it was due 2018-07-31 23:00 America" in shown["output"]
    )
    silent = graded(root, assignment, replace(COURSE, policy=replace(COURSE.policy, on_gradescope=False)))
    assert silent["score"] == 20 and "late" not in silent["output"]
    path.write_text(json.dumps(facts("2018-08-01T23:00:00.000000-07:00")))
    extended = graded(root, assignment, COURSE)
    assert extended["score"] == 18 and "with your extension" in extended["output"]
    path.write_text("{")
    odd = graded(root, assignment, COURSE)
    assert odd["score"] == 20 and "no penalty was taken" in odd["output"]
