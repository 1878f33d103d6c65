"""The class's grades as a table, grades.csv, with Gradescope's column names (platforms.py has the other tables).

Names and notes come from students. A cell that a spreadsheet would take for a formula gets an apostrophe in front, and
all text stands in quotation marks, so that no separator of another country's spreadsheet takes a name apart.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from autograder.course.parts import Parts
from autograder.staff.batch.grades import SETTLED, Graded
from autograder.staff.batch.uploads.uploads import Student, Upload
from envs.errors import one_line

_FORMULA = tuple("=+-@|%\t＝＋－＠")


class GradesTable:
    """grades.csv, a row for each student; members of a group get the same points. `add` each upload, then read `text`.

    "Total Score" is final, so it is empty while the grade is not settled; the points known so far are those before the
    penalty.
    """

    def __init__(self, parts: Parts) -> None:
        self._subparts = list(parts.subparts.values())
        self._text = io.StringIO()
        self._write = csv.writer(self._text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n").writerow
        columns = [
            "Name",
            "SID",
            "Email",
            "Total Score",
            "Max Points",
            "Status",
            "Submission ID",
            "Submission Time",
        ]
        columns += [
            "Lateness (H:M:S)",
            "Late Days",
            "Points before Penalty",
            "Penalty",
            "Due",
            "Extended",
            "Changed by Hand",
            "Reason",
            "Notes",
        ]
        self._write([*columns, *(f"{s.id}: {s.title} ({s.points:g} pts)" for s in self._subparts)])

    def add(self, one: Graded) -> None:
        upload, score = one.upload, one.grade.score
        earned = {sub.subpart.id: rounded(sub.earned) for sub in score.subparts if sub.outcome is not None}
        # Points of checks that nobody ran are not 0.
        so_far, penalty = (rounded(p) if one.grade.results else "" for p in (score.earned, one.grade.penalty))
        after = [
            *(rounded(one.grade.points) if one.settled else "", rounded(score.possible), one.status.value),
            *(cell(upload.key), upload.local(upload.submitted), lateness(upload), late_days(upload)),
            *(so_far, penalty, upload.local(upload.due), "yes" if upload.extended else ""),
            *(_by_hand(one), cell("; ".join(a.reason for a in one.grade.adjustments), 600)),
            cell("; ".join(one.remarks), 600),
        ]
        for student in upload.students or (Student(upload.key),):
            who = [cell(student.name), cell(student.sid), cell(student.email)]
            self._write([*who, *after, *(earned.get(sub.id, "") for sub in self._subparts)])

    @property
    def text(self) -> str:
        return self._text.getvalue()


def _by_hand(one: Graded) -> float | str:
    """The points that adjust.csv gives or takes; "" if it does neither."""
    change = one.grade.points - (one.grade.score.earned - one.grade.penalty)
    return rounded(change) if any(a.points or a.is_total for a in one.grade.adjustments) else ""


def cell(text: str, limit: int = 300) -> str:
    """Text from outside as a cell: one line, and never a formula."""
    line = one_line(text, limit)
    return f"'{line}" if line.lstrip().startswith(_FORMULA) else line


def lateness(upload: Upload) -> str:
    """ "26:03:00", hours, minutes and seconds; "LATE" if only that is known; "" if nothing is."""
    if upload.late is None:
        return "LATE" if upload.marked_late else ""
    minutes, rest = divmod(int(upload.late.seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest:02}"


def late_days(upload: Upload) -> Any:
    """Calendar days after the due day, less the grace; "" if it is not known."""
    return "" if upload.late is None else upload.late.days


def changes(old: str, new: str) -> list[tuple[str, str, str, str]]:
    """(submission, name, old points, new points) of each student whose points differ between two grades.csv.

    Points that are not final are given as words, "partly graded, 4.0 so far"; "" stands for no row or no points. Raises
    `ValueError` if a text is no such table.
    """
    before, after = _points(old), _points(new)
    found = []
    for who in sorted({*before, *after}):
        was, now = before.get(who, ""), after.get(who, "")
        if was != now:
            found.append((*who, was, now))
    return found


def rounded(points: float) -> float:
    """To cents of a point."""
    return round(float(points), 2)  # a sum of nothing is the integer 0, which would print differently


def _points(text: str) -> dict[tuple[str, str], str]:
    rows: Sequence[dict[str, str]] = list(csv.DictReader(io.StringIO(text)))
    if not rows and not text.startswith('"Name"'):
        raise ValueError("it has no rows")
    if rows and not {"Submission ID", "Name", "Total Score"} <= rows[0].keys():
        raise ValueError("it lacks the columns Submission ID, Name and Total Score")
    return {(row["Submission ID"], row["Name"]): _standing(row) for row in rows}


def _standing(row: dict[str, str]) -> str:
    """The final points, or why there are none."""
    status = row.get("Status") or ""
    if not status or status in SETTLED:
        return row["Total Score"]
    # Older tables had unfinished points as the total.
    so_far = row["Total Score"] or row.get("Points before Penalty")
    return status.lower() + (f", {so_far} so far" if so_far else "")
