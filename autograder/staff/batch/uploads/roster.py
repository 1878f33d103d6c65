"""Everybody in the course, from a CSV file: who handed in nothing, and the names that an export does not tell.

    Name,ID,Email                                            our own; a column Group as well, where groups hand in
    Student,ID,SIS User ID,SIS Login ID                      Canvas's gradebook
    First Name,Last Name,SID,Email,Role                      Gradescope's roster
    Identifier,Full name,Email address                       Moodle's grading worksheet ("Participant 1017")
    First name,Last name,ID number,Email address             Moodle's list of participants
    OrgDefinedId,Username,Last Name,First Name,Email         Brightspace
    Last Name,First Name,Username,Student ID                 Blackboard
    identifier,github_username,name                          GitHub Classroom

Upper and lower case do not matter, nor does the order. An upload is somebody's by one of the ids, then by email, then
by name, and then a group's by the group's name.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.grader.intake.files import read_regular
from autograder.staff.batch.uploads.uploads import Student, Upload, unique_keys
from envs.errors import UserMistake, one_line

MAX_SIZE = 20 * 2**20  # bytes
_NAME = ("name", "full name", "student name", "student", "display name")
_FIRST, _LAST = ("first name", "given name"), ("last name", "surname", "family name")
# The first of these that a row has is shown as the student's id; each of them tells whose an upload is.
_IDS = ("sid", "sis user id", "student id", "id number", "student number", "orgdefinedid", "org defined id")
_IDS += (
    "github username",
    "username",
    "sis login id",
    "login id",
    "identifier",
    "canvas user id",
    "user id",
    "id",
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


def with_roster(
    uploads: Sequence[Upload], people: Sequence[Person], platform: str, source: Path
) -> tuple[list[Upload], list[str]]:
    """(`uploads` with what the roster knows of their students, and one for everybody without; notes for the staff)."""
    index = _Index(people)
    perhaps: dict[int, list[str]] = defaultdict(list)
    found = [_identified(upload, index, platform, perhaps) for upload in uploads]
    holders: dict[int, list[str]] = defaultdict(list)
    for upload, owners in found:
        if not upload.empty:
            for person in owners:
                holders[person.line].append(upload.key)
    named = []
    for upload, owners in found:
        several = [person for person in owners if len(holders.get(person.line, ())) > 1]
        if several and not upload.empty:
            keys = ", ".join(one_line(key, 60) for key in holders[several[0].line])
            who = one_line(several[0].student.name or several[0].student.sid, 60)
            upload = replace(upload, doubt=f"{who} has several submissions here: {keys}")
        named.append(upload)
    kept: list[Upload] = []
    seen = set(holders)
    for upload, (_, owners) in zip(named, found, strict=True):
        lines = {person.line for person in owners}
        if upload.empty and lines and lines <= seen:
            continue  # an empty folder beside a submission: everybody has one line
        seen |= lines
        kept.append(upload)
    absent = [person for person in people if person.line not in seen]
    rows = [*kept, *_absent(absent, kept, platform, source, perhaps)]
    return sorted(rows, key=lambda upload: upload.key), _notes(found, absent)


def _identified(
    upload: Upload, index: _Index, platform: str, perhaps: dict[int, list[str]]
) -> tuple[Upload, list[Person]]:
    """The upload with its students as the roster has them, and who of the roster they are.

    `perhaps` is told of several people, any of whom may have handed it in.
    """
    owners: list[Person] = []
    students: list[Student] = []
    doubt, notes = "", []
    for student in upload.students:
        matches, is_group = index.find(student, platform)
        if len(matches) > 1 and not is_group:
            lines = ", ".join(str(person.line) for person in matches[:5])
            doubt = f"{one_line(student.name, 60)} may be any of several people in the roster (lines {lines})"
            for person in matches:
                perhaps[person.line].append(upload.key)
            matches = []
        elif not matches:
            notes.append(f"{one_line(student.name or student.sid, 60)} is not in the roster")
        owners += matches
        students += [_merged(student, person, is_group, platform) for person in matches] or [student]
    return replace(upload, students=tuple(students), doubt=doubt, notes=(*upload.notes, *notes)), owners


def _merged(student: Student, person: Person, of_group: bool, platform: str) -> Student:
    known = _shown(person, platform)
    sid = known.sid if of_group else student.sid or known.sid
    return Student(known.name or student.name, sid, known.email or student.email)


def _shown(person: Person, platform: str) -> Student:
    """Canvas imports grades by its own number of a student; elsewhere that number says nothing."""
    return (
        replace(person.student, sid=person.canvas_id)
        if platform == "canvas" and person.canvas_id
        else person.student
    )


def _absent(
    people: Sequence[Person],
    uploads: Sequence[Upload],
    platform: str,
    source: Path,
    perhaps: Mapping[int, list[str]],
) -> list[Upload]:
    """An upload without a file for each of these people."""
    labels = [_label(person.student) for person in people]
    labels = [
        label if labels.count(label) == 1 else f"{label} line {person.line}"
        for label, person in zip(labels, people, strict=True)
    ]
    keys, taken = unique_keys(labels), {upload.key.lower() for upload in uploads}
    absent = []
    for label, person in zip(labels, people, strict=True):
        key = keys[label] if keys[label].lower() not in taken else f"{keys[label]}-line-{person.line}"
        maybe = perhaps.get(person.line, ())
        notes = (f"perhaps it is {', '.join(maybe)}",) if maybe else ()
        absent.append(Upload(key, (_shown(person, platform),), source, (), notes=notes))
    return absent


def _label(student: Student) -> str:
    return " ".join(filter(None, (student.name, student.sid))) or student.email


def _notes(found: Sequence[tuple[Upload, list[Person]]], absent: Sequence[Person]) -> list[str]:
    strangers = [upload.key for upload, owners in found if not owners and not upload.doubt]
    notes = []
    if strangers:
        shown = ", ".join(one_line(key, 40) for key in strangers[:5])
        more = f" and {len(strangers) - 5} more" if len(strangers) > 5 else ""
        group = "; if groups handed in, give the roster a column Group" if absent else ""
        notes.append(f"nobody in the roster is whoever handed in {shown}{more}{group}")
    return notes


class _Index:
    """Finds people of the roster by what an export says of them."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._ids: dict[str, list[Person]] = defaultdict(list)
        self._emails: dict[str, list[Person]] = defaultdict(list)
        self._names: dict[str, list[Person]] = defaultdict(list)
        self._groups: dict[str, list[Person]] = defaultdict(list)
        for person in people:
            for id_ in {_plain(id_) for id_ in person.ids}:
                self._ids[id_].append(person)
            if person.student.email:
                self._emails[_plain(person.student.email)].append(person)
            for name in names_of(person.student.name):
                self._names[name].append(person)
            if person.group:
                self._groups[_letters(person.group)].append(person)

    def find(self, student: Student, platform: str = "") -> tuple[list[Person], bool]:
        """(nobody, one, or several who may be meant; False), or (everybody in a group, True).

        Canvas, Moodle and Brightspace write numbers of their own into names, and one may be somebody else's id by
        chance. It counts if the roster has it as the platform's number, or if the names have a word in common.
        """
        name = _plain(student.name)
        for table, keys in (
            (self._ids, (_plain(student.sid),)),
            (self._emails, (_plain(student.email),)),
            (self._ids, (name,)),  # a folder may be called after an id or an address
            (self._emails, (name,)),
            (self._names, names_of(student.name)),
            (self._groups, (_letters(student.name),)),
        ):
            found = {person.line: person for key in keys if key for person in table.get(key, ())}
            if table is self._ids and platform in ("canvas", "moodle", "brightspace"):
                found = {n: p for n, p in found.items() if _agree(student, p, platform)}
            if found:
                return list(found.values()), table is self._groups
        return [], False


def _agree(student: Student, person: Person, platform: str) -> bool:
    own = {"canvas": person.canvas_id, "moodle": person.moodle_id}.get(platform, "")
    written = _letters(student.name)
    words = filter(None, map(_letters, re.split(r"[\W_]+", person.student.name)))
    return (own != "" and own == student.sid) or not person.student.name or any(w in written for w in words)


def names_of(name: str) -> tuple[str, ...]:
    """The letters of a name in each order that platforms write it in: "Ann One", "One, Ann", "oneann"."""
    last, comma, first = name.partition(",")
    ordered = f"{first} {last}" if comma else name
    words = [letters for word in ordered.split() if (letters := _letters(word))]
    turns = ["".join(words[i:] + words[:i]) for i in range(len(words))] or [""]
    return tuple(dict.fromkeys(turn for turn in turns if turn))


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
        for text in {_plain(text) for text in (*person.ids, person.student.email) if text}:
            if text in seen:
                raise UserMistake(
                    f"{path}, line {person.line}: {one_line(text, 60)} stands in line {seen[text]}, too; everybody has "
                    "one line"
                )
        for text in {_plain(text) for text in (*person.ids, person.student.email) if text}:
            seen[text] = person.line


def _bare(id_: str) -> str:
    """Without what platforms put in front of an id: Moodle's word, Brightspace's #."""
    participant = re.fullmatch(r"\D+ (\d+)", id_)
    return participant[1] if participant else id_.lstrip("#")


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()


def _letters(text: str) -> str:
    """Letters and digits alone, without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if char.isalnum())
