"""Everybody in the course, from a CSV file: who handed in nothing, and the names that an export does not tell.

    Name,ID,Email                                            our own; with a column Group if groups hand in
    Student,ID,SIS User ID,SIS Login ID                      Canvas's gradebook
    First Name,Last Name,SID,Email,Role                      Gradescope's roster
    Identifier,Full name,Email address                       Moodle's grading worksheet ("Participant 1017")
    First name,Last name,ID number,Email address             Moodle's list of participants
    OrgDefinedId,Username,Last Name,First Name,Email         Brightspace
    Last Name,First Name,Username,Student ID                 Blackboard
    identifier,github_username,name                          GitHub Classroom

Upper and lower case do not matter, nor does the order of the columns.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.grader.intake.files import read_regular
from autograder.staff.batch.uploads.uploads import Student
from envs.errors import UserMistake, one_line

MAX_SIZE = 20 * 2**20  # bytes
_NAME = ("name", "full name", "student name", "student", "display name")
_FIRST, _LAST = ("first name", "given name"), ("last name", "surname", "family name")
# The first of these in a row is shown as the student's id. An upload may be found by any of them.
_IDS = (
    *("sid", "sis user id", "student id", "id number", "student number", "orgdefinedid", "org defined id"),
    *(
        "github username",
        "username",
        "sis login id",
        "login id",
        "identifier",
        "canvas user id",
        "user id",
        "id",
    ),
)
_EMAIL = ("email", "email address", "e mail")
_GROUP = ("group", "group name")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # Blackboard's and Excel's tables
_STAFF = ("instructor", "ta", "teacher", "reader", "designer", "observer", "staff")


@dataclass(frozen=True)
class Person:
    """A line of the roster."""

    student: Student
    ids: tuple[str, ...]
    group: str
    line: int
    canvas_id: str = ""  # Canvas's own number of the student, which its files' names hold
    moodle_id: str = ""  # Moodle's, likewise


def read_roster(path: Path) -> list[Person]:
    """Everybody in it but staff. Raises `UserMistake` naming the line."""
    try:
        content = read_regular(path, MAX_SIZE + 1)
    except UserMistake as mistake:
        raise UserMistake(f"the roster cannot be used: {mistake}") from None
    if len(content) > MAX_SIZE:
        raise UserMistake(f"{path} is larger than {MAX_SIZE // 2**20} MB: it is no roster")
    try:
        text = content.decode("utf-16" if content.startswith(_UTF16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserMistake(f"{path}, line {line}: it is not UTF-8; save it as CSV in UTF-8") from None
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    people: list[Person] = []
    columns: list[str] = []
    try:
        for row in rows:
            if not any(value.strip() for value in row):
                continue
            if not columns:
                columns = _header(path, rows.line_num, row)
            elif person := _person(path, rows.line_num, columns, row):
                people.append(person)
    except csv.Error as error:
        raise UserMistake(
            f"{path}, line {rows.line_num}: it is no CSV ({one_line(str(error), 80)})"
        ) from None
    if not people:
        raise UserMistake(f"{path} names nobody: a roster is a CSV file with a header such as Name,ID,Email")
    _refuse_twice(path, people)
    return people


def _header(path: Path, line: int, row: Sequence[str]) -> list[str]:
    columns = [" ".join(re.findall(r"\w+", value.replace("_", " ").lower())) for value in row]
    names = {*_NAME, *_EMAIL, *_IDS, *_LAST}
    if not names & set(columns):
        shown = ", ".join(one_line(value, 30) for value in row[:8])
        raise UserMistake(
            f"{path}, line {line}: no column says who somebody is (there is {shown}); the first line must be a header "
            "such as Name,ID,Email"
        )
    known = [column for column in columns if column in names or column in _FIRST]
    if twice := {column for column in known if known.count(column) > 1}:
        raise UserMistake(f"{path}, line {line}: the column {min(twice)} is there twice")
    return columns


def _person(path: Path, line: int, columns: Sequence[str], row: Sequence[str]) -> Person | None:
    """None for lines about nobody: staff, Canvas's line of points, its test student."""
    if len(row) > len(columns) and any(value.strip() for value in row[len(columns) :]):
        raise UserMistake(
            f"{path}, line {line}: it has {len(row)} columns, the header {len(columns)}; put a name with a comma into "
            "quotation marks"
        )
    cells = {column: value.strip() for column, value in zip(columns, row, strict=False)}
    pick = lambda names: next((cells[name] for name in names if cells.get(name)), "")  # noqa: E731
    name = pick(_NAME) or " ".join(filter(None, (pick(_FIRST), pick(_LAST))))
    ids = {column: _bare(cells[column]) for column in _IDS if cells.get(column)}
    if name.startswith("Points Possible") or (name == "Student, Test" and "sis user id" in columns):
        return None
    if pick(("role",)).lower() in _STAFF:
        return None
    email = pick(_EMAIL)
    if not (name or ids or email):
        if not any(cells.values()):
            return None
        raise UserMistake(f"{path}, line {line}: it has no name, no id and no email")
    canvas_id = ids.get("id", "") if "sis user id" in columns else ids.get("canvas user id", "")
    shown = [id_ for id_ in ids.values() if id_ != canvas_id]
    student = Student(name, shown[0] if shown else "", email)
    moodle_id = ids.get("identifier", "") if re.fullmatch(r"\D+ \d+", cells.get("identifier", "")) else ""
    return Person(student, tuple(ids.values()), pick(_GROUP), line, canvas_id, moodle_id)


def _refuse_twice(path: Path, people: Sequence[Person]) -> None:
    """Raises `UserMistake`: an id or address that two lines share tells nobody whose an upload is."""
    seen: dict[str, int] = {}
    for person in people:
        for text in {plain(text) for text in (*person.ids, person.student.email) if text}:
            if text in seen:
                raise UserMistake(
                    f"{path}, line {person.line}: {one_line(text, 60)} stands in line {seen[text]}, too; everybody has "
                    "one line"
                )
        for text in {plain(text) for text in (*person.ids, person.student.email) if text}:
            seen[text] = person.line


def _bare(id_: str) -> str:
    """Without what platforms put in front of an id: Moodle's word, Brightspace's #."""
    participant = re.fullmatch(r"\D+ (\d+)", id_)
    return participant[1] if participant else id_.lstrip("#")


def plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()
