"""The class's grades as learning platforms import them. A student whose grade is not settled gets no points in any.

canvas.csv       Grades > Import
moodle.csv       the assignment's Submissions > Actions > Upload grading worksheet (offline grading worksheet enabled)
brightspace.csv  Grades > Enter Grades > Import
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

from autograder.course.parts import Parts
from autograder.staff.batch.grades import Graded
from autograder.staff.batch.tables import cell, rounded
from autograder.staff.batch.uploads.uploads import Student


class CanvasTable:
    """canvas.csv: only columns that Canvas knows. A student whose grade is not settled gets none."""

    def __init__(self, parts: Parts, assignment: str, platform: str) -> None:
        self._own_ids = platform == "canvas"  # then the number in the file's name is the student's ID
        self._text = io.StringIO()
        self._write = _writer(self._text)
        self._write(["Student", "ID", "SIS User ID", "SIS Login ID", "Section", cell(assignment)])
        self._write(["    Points Possible", "", "", "", "", parts.total])

    def add(self, one: Graded) -> None:
        for student, points in _students(one):
            sid = cell(student.sid)
            own = sid if sid.isdigit() else ""  # Canvas's import does not know its own anonymous ids
            ids = [own, ""] if self._own_ids and not student.sid_of_roster else ["", sid]
            self._write([cell(student.name), *ids, cell(student.email), "", points])

    @property
    def text(self) -> str:
        return self._text.getvalue()


class MoodleTable:
    """moodle.csv: the columns that Moodle's grading worksheet must have (mod/assign/feedback/offline), and who it is.

    Moodle knows a student by the "Participant 1017" of its own export or worksheet (ROSTER=worksheet.csv).
    """

    def __init__(self, parts: Parts, platform: str) -> None:
        self._total = parts.total
        self._own_ids = platform == "moodle"  # then the number in the folder's name is the participant's
        self._text = io.StringIO()
        self._write = _writer(self._text)
        who = ["Identifier", "Full name", "ID number", "Email address"]
        self._write([*who, "Grade", "Maximum Grade", "Last modified (grade)"])

    def add(self, one: Graded) -> None:
        for student, points in _students(one):
            sid = cell(student.sid)
            own = self._own_ids and not student.sid_of_roster
            ids = [f"Participant {sid}" if own and sid else "", "" if own else sid]
            who = [ids[0], cell(student.name), ids[1], cell(student.email)]
            self._write([*who, points, self._total, ""])

    @property
    def text(self) -> str:
        return self._text.getvalue()


class BrightspaceTable:
    """brightspace.csv: one grade item, named like the assignment.

    Brightspace knows a student by the OrgDefinedId. Its export of submissions does not tell it; ROSTER=file.csv does.
    """

    def __init__(self, assignment: str, platform: str) -> None:
        self._own_numbers = platform == "brightspace"  # those in its folders' names are no OrgDefinedIds
        self._text = io.StringIO()
        self._write = _writer(self._text)
        item = f"{cell(assignment)} Points Grade"
        self._write(["OrgDefinedId", "Username", item, "End-of-Line Indicator"])

    def add(self, one: Graded) -> None:
        for student, points in _students(one):
            sid = "" if self._own_numbers and not student.sid_of_roster else cell(student.sid)
            self._write([f"#{sid}" if sid else "", "", points, "#"])

    @property
    def text(self) -> str:
        return self._text.getvalue()


def _writer(text: io.StringIO) -> Callable[[list[Any]], Any]:
    """Text in quotation marks, numbers bare."""
    return csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n").writerow


def _students(one: Graded) -> Iterator[tuple[Student, float | str]]:
    """Each student of a submission, with the points; "" while they are not final."""
    points = rounded(one.grade.points) if one.settled else ""
    for student in one.upload.students or (Student(one.upload.key),):
        yield student, points
