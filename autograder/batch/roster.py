"""Who is in the class: a CSV file with a header, so that whoever handed in nothing has a row too.

It may be a plain table (name, id, email), Gradescope's roster, Canvas's gradebook export or Moodle's grading worksheet:
the columns are found by their names.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.batch.uploads import Student, Upload, unique_keys
from autograder.engine.outcomes import UserMistake, one_line

MAX_BYTES = 20 * 2**20
_COLUMNS = {
    "name": ("name", "student", "full name", "student name"),
    "first": ("first name", "firstname", "given name"),
    "last": ("last name", "lastname", "surname", "family name"),
    "id": ("sid", "id", "student id", "id number", "identifier", "orgdefinedid"),
    "other id": ("sis user id", "username", "user name", "sis login id", "login id"),
    "email": ("email", "e-mail", "email address", "mail"),
}
_NOBODY = ("points possible", "student, test", "test student")  # rows of Canvas's gradebook


@dataclass(frozen=True)
class Person:
    """One student of the class; `ids` are all by which a platform may call them, the first is the one to show."""

    name: str
    ids: tuple[str, ...] = ()
    email: str = ""
    line: int = 0  # of the file

    @property
    def student(self) -> Student:
        return Student(self.name or self.email or self.ids[0], self.ids[0] if self.ids else "", self.email)


def read_roster(path: Path) -> list[Person]:
    """Everybody in the file. Raises `UserMistake` with a sentence and the line."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserMistake(f"the roster {path} cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise UserMistake(f"the roster {path} is larger than {MAX_BYTES // 2**20} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserMistake(f"the roster {path} is not UTF-8 text: save it as CSV UTF-8") from None
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text), delimiter=separator)
    try:
        header = [re.sub(r"\s+", " ", cell).strip().lower() for cell in next(rows, [])]
        columns = {kind: _column(header, names) for kind, names in _COLUMNS.items()}
        if all(columns[kind] is None for kind in ("name", "last", "id", "other id", "email")):
            raise UserMistake(
                f"the roster {path}, line 1, names no column that is known here: "
                "it needs one called name, id or email, as in: name,id,email"
            )
        people = [person for row in rows if (person := _person(row, columns, rows.line_num, path))]
    except csv.Error as error:
        raise UserMistake(f"the roster {path}, line {rows.line_num}: {one_line(str(error), 80)}") from None
    _refuse_doubles(people, path)
    if not people:
        raise UserMistake(f"the roster {path} names nobody")
    return people


def with_roster(uploads: Sequence[Upload], people: Sequence[Person], source: Path) -> list[Upload]:
    """The uploads with what the roster knows of their students, and an empty one for each who handed in nothing."""
    found: dict[int, list[str]] = {}
    named = []
    for upload in uploads:
        students, notes = [], list(upload.notes)
        for student in upload.students:
            matches = [i for i, person in enumerate(people) if _is(student, person)]
            best = _strongest(student, people, matches)
            if len(best) == 1:
                found.setdefault(best[0], []).append(upload.key)
                students.append(_filled(student, people[best[0]]))
                continue
            students.append(student)
            who = one_line(student.name or upload.key, 80)
            notes.append(f"{who} is not on the roster" if not best else f"{who} fits several on the roster")
        named.append(replace(upload, students=tuple(students), notes=tuple(notes)))
    twice = {key: keys for keys in found.values() if len(keys) > 1 for key in keys}
    named = [
        replace(
            u, notes=(*u.notes, f"the same student as in {', '.join(k for k in twice[u.key] if k != u.key)}")
        )
        if u.key in twice
        else u
        for u in named
    ]
    missing = [person for i, person in enumerate(people) if i not in found]
    taken = [upload.key for upload in named]
    keys = unique_keys([*taken, *(f"nothing-from-{p.student.name}-{p.line}" for p in missing)])
    empty = [
        Upload(keys[f"nothing-from-{p.student.name}-{p.line}"], (p.student,), source, ()) for p in missing
    ]
    return sorted([*named, *empty], key=lambda upload: upload.key)


def _column(header: Sequence[str], names: Iterable[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _person(row: Sequence[str], columns: dict[str, int | None], line: int, path: Path) -> Person | None:
    def cell(kind: str) -> str:
        at = columns[kind]
        return one_line(row[at].strip().lstrip("'"), 200) if at is not None and at < len(row) else ""

    if not any(part.strip() for part in row):
        return None
    name = cell("name") or " ".join(filter(None, (cell("first"), cell("last"))))
    if name.strip().lower() in _NOBODY:
        return None
    ids = tuple(filter(None, (cell("id").removeprefix("Participant "), cell("other id"))))
    if not (name or ids or cell("email")):
        raise UserMistake(f"the roster {path}, line {line}, names nobody: it has no name, id or email")
    return Person(name, ids, cell("email"), line)


def _refuse_doubles(people: Sequence[Person], path: Path) -> None:
    seen: dict[str, int] = {}
    for person in people:
        for word in dict.fromkeys(w.lower() for w in (*person.ids, person.email) if w):
            if word in seen:
                first = seen[word]
                raise UserMistake(
                    f"the roster {path}: {word} stands in line {first} and in line {person.line}"
                )
            seen[word] = person.line


def _is(student: Student, person: Person) -> bool:
    return bool(_by_id(student, person) or _by_email(student, person) or _by_name(student, person))


def _strongest(student: Student, people: Sequence[Person], matches: Sequence[int]) -> list[int]:
    """Those that match by id; if there is none, by email; then by name."""
    for same in (_by_id, _by_email, _by_name):
        if best := [i for i in matches if same(student, people[i])]:
            return best
    return []


def _by_id(student: Student, person: Person) -> bool:
    return bool(student.sid) and student.sid.lower() in {id_.lower() for id_ in person.ids}


def _by_email(student: Student, person: Person) -> bool:
    return bool(student.email) and student.email.lower() in {
        person.email.lower(),
        *map(str.lower, person.ids),
    }


def _by_name(student: Student, person: Person) -> bool:
    """Whatever the order of first and last name, case and accents; Canvas runs the last and the first name together."""
    mine, theirs = _words(student.name), _words(person.name)
    if not mine or not theirs:
        return False
    return sorted(mine) == sorted(theirs) or "".join(mine) in {
        "".join(theirs),
        "".join([theirs[-1], *theirs[:-1]]),
    }


def _words(name: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return re.findall(r"\w+", plain)


def _filled(student: Student, person: Person) -> Student:
    sid = student.sid or (person.ids[0] if person.ids else "")
    return Student(person.name or student.name, sid, student.email or person.email)
