"""grades.csv and canvas.csv: columns a platform knows, and no formula out of a student's name."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.grader.outcomes import Outcome
from autograder.grader.plugin import CheckResult
from autograder.grader.report.grade import Grade
from autograder.grader.report.scoring import score
from autograder.staff.batch.grades import Graded, Status
from autograder.staff.batch.platforms import BrightspaceTable, CanvasTable, MoodleTable
from autograder.staff.batch.tables import GradesTable, cell, changes, late_days, lateness
from autograder.staff.batch.uploads.uploads import Student, Upload
from autograder.tests.conftest import Assignment


def one(
    assignment: Assignment, students: tuple[Student, ...], status: Status = Status.GRADED, **more
) -> Graded:
    upload = Upload("student-017", students, Path("x"), (), **more)
    results = tuple(
        CheckResult(f"public/t.py::{sub}", sub, (sub,), outcome)
        for sub, outcome in (("1a", Outcome.PASSED), ("1b", Outcome.FAILED))
    )
    grade = Grade("student-017", results, score(results, assignment.parts), 0, 1.0, "none", notes=("a note",))
    return Graded(upload, grade, status)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_a_student_with_gradescopes_columns(assignment: Assignment) -> None:
    table = GradesTable(assignment.parts)
    day = datetime(2026, 11, 20, tzinfo=UTC)
    group = (Student("Student 017", "1017", "s@example.org"), Student("Student 018"))
    table.add(one(assignment, group, submitted=day.replace(day=22, hour=1), due=day))
    table.add(one(assignment, (Student("Student 019"),), Status.UNGRADED, marked_late=True))
    first, second, third = rows(table.text)
    assert (first["Name"], first["SID"], first["Email"]) == ("Student 017", "1017", "s@example.org")
    assert first["Total Score"] == "4.0" and first["Max Points"] == "10.0" and first["Status"] == "Graded"
    assert first["Lateness (H:M:S)"] == "49:00:00" and first["Late Days"] == "3"
    assert first["1a: adding (4 pts)"] == "4.0" and first["1b: doubling (6 pts)"] == "0.0"
    assert first["2a: shouting (10 pts)"] == "" and second["Name"] == "Student 018"
    assert third["Total Score"] == "" and third["Lateness (H:M:S)"] == "LATE" and third["Late Days"] == ""


def test_canvas_gets_no_number_for_the_graders_own_faults(assignment: Assignment) -> None:
    table = CanvasTable(assignment.parts, "Homework 4", "canvas")
    table.add(one(assignment, (Student("student017", "1017"),)))
    table.add(one(assignment, (Student("student018", "1018"),), Status.RUN_AGAIN))
    possible, first, second = rows(table.text)
    assert list(first) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Homework 4"]
    assert possible["Student"].strip() == "Points Possible" and possible["Homework 4"] == "20.0"
    assert (first["ID"], first["Homework 4"]) == ("1017", "4.0") and second["Homework 4"] == ""
    table = CanvasTable(assignment.parts, "Homework 4", "canvas")
    table.add(one(assignment, (Student("anon_Ab3dE", "Ab3dE"),)))  # which Canvas does not know on import
    assert rows(table.text)[1]["ID"] == ""
    table = CanvasTable(assignment.parts, "Homework 4", "canvas")
    table.add(one(assignment, (Student("Cy Three", "20067932", sid_of_roster=True),)))
    assert (rows(table.text)[1]["ID"], rows(table.text)[1]["SIS User ID"]) == ("", "20067932")
    table = CanvasTable(assignment.parts, "Homework 4", "gradescope")
    table.add(one(assignment, (Student("student017", "1017"),)))
    assert (rows(table.text)[1]["ID"], rows(table.text)[1]["SIS User ID"]) == ("", "1017")


def test_moodle_gets_the_columns_its_grading_worksheet_must_have(assignment: Assignment) -> None:
    """Identifier, Grade and "Last modified (grade)": without one of them Moodle refuses the file."""
    table = MoodleTable(assignment.parts, "moodle")
    table.add(one(assignment, (Student("Ann One", "1017", "ann@example.org"),)))
    table.add(one(assignment, (Student("Bo Two", "1018"),), Status.PARTLY))
    first, second = rows(table.text)
    assert {"Identifier", "Grade", "Last modified (grade)"} <= first.keys()
    assert (first["Identifier"], first["Grade"], first["Maximum Grade"]) == (
        "Participant 1017",
        "4.0",
        "20.0",
    )
    assert (second["Identifier"], second["Grade"]) == ("Participant 1018", "")
    table = MoodleTable(assignment.parts, "moodle")
    table.add(one(assignment, (Student("Cy Three", "20067932", "cy@example.org", sid_of_roster=True),)))
    (row,) = rows(table.text)  # who handed in nothing, and stands in a roster without participants' numbers
    assert (row["Identifier"], row["ID number"]) == ("", "20067932")
    table = MoodleTable(assignment.parts, "canvas")  # another platform's number is no participant's
    table.add(one(assignment, (Student("Ann One", "1017", "ann@example.org"),)))
    (row,) = rows(table.text)
    assert (row["Identifier"], row["ID number"], row["Email address"]) == ("", "1017", "ann@example.org")


def test_brightspace_gets_one_grade_item_and_the_end_of_each_line(assignment: Assignment) -> None:
    table = BrightspaceTable("Homework 4", "gradescope")
    table.add(one(assignment, (Student("Ann One", "20067930"),)))
    table.add(one(assignment, (Student("Bo Two", "20067931"),), Status.RUN_AGAIN))
    first, second = rows(table.text)
    assert list(first) == ["OrgDefinedId", "Username", "Homework 4 Points Grade", "End-of-Line Indicator"]
    assert list(first.values()) == ["#20067930", "", "4.0", "#"] and list(second.values())[2:] == ["", "#"]
    table = BrightspaceTable("Homework 4", "brightspace")
    table.add(one(assignment, (Student("Ann One", "017"),)))  # the number in the folder's name
    table.add(one(assignment, (Student("Bo Two", "20067931", sid_of_roster=True),)))
    assert [row["OrgDefinedId"] for row in rows(table.text)] == ["", "#20067931"]


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r\n=cmd|' /C calc'!A0", "|x", "＝1", "\x00=1"]
)
def test_no_cell_of_a_student_is_a_formula(name: str, assignment: Assignment) -> None:
    table = GradesTable(assignment.parts)
    table.add(one(assignment, (Student(name, name, name),)))
    (row,) = rows(table.text)
    for value in (row["Name"], row["SID"], row["Email"]):
        assert value.startswith("'") and "\n" not in value and "\r" not in value


def test_separators_and_quotes_stay_in_their_cell(assignment: Assignment) -> None:
    name = 'Student, "017"; x\ty'
    table = GradesTable(assignment.parts)
    table.add(one(assignment, (Student(name),)))
    assert rows(table.text)[0]["Name"] == 'Student, "017"; x y'
    assert '"Student, ""017""; x y"' in table.text
    assert cell("Student 017") == "Student 017" and len(cell("x" * 10_000)) == 300


def test_lateness_is_known_marked_or_unknown() -> None:
    day = datetime(2026, 11, 20, tzinfo=UTC)
    upload = lambda **more: Upload("k", (), Path("x"), (), **more)  # noqa: E731
    assert lateness(upload()) == "" and late_days(upload()) == ""
    early = upload(submitted=day, due=day.replace(day=21))
    assert lateness(early) == "00:00:00" and late_days(early) == 0
    late = upload(submitted=day.replace(second=1), due=day)
    assert lateness(late) == "00:00:01" and late_days(late) == 1


def test_changes_between_two_tables(assignment: Assignment) -> None:
    table = GradesTable(assignment.parts)
    table.add(one(assignment, (Student("Student 017"), Student("Student 018"))))
    old = table.text
    new = old.replace("4.0", "5.0", 1).replace("Student 018", "Student 019")
    assert changes(old, old) == []
    assert changes(old, new) == [
        ("student-017", "Student 017", "4.0", "5.0"),
        ("student-017", "Student 018", "4.0", ""),
        ("student-017", "Student 019", "", "4.0"),
    ]
    with pytest.raises(ValueError, match="lacks the columns"):
        changes("a,b\n1,2\n", old)
