"""Whose is an upload? People of the roster, found by what an export says of a student.

By one of the ids first, then by email, then by name, and then a group's by the group's name.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from autograder.staff.batch.uploads.roster import Person, plain
from autograder.staff.batch.uploads.uploads import Student, Upload, unique_keys
from envs.errors import one_line


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
    # The number in the name of a Brightspace folder is of use to nobody else.
    takes_known = of_group or not student.sid or (platform == "brightspace" and known.sid != "")
    sid, of_roster = (known.sid, known.sid_of_roster) if takes_known else (student.sid, student.sid_of_roster)
    return Student(known.name or student.name, sid, known.email or student.email, of_roster)


def _shown(person: Person, platform: str) -> Student:
    """Canvas and Moodle import grades by their own number of a student; elsewhere that number says nothing."""
    if own := _own_id(person, platform):
        return replace(person.student, sid=own)
    return replace(person.student, sid_of_roster=True)


def _own_id(person: Person, platform: str) -> str:
    return {"canvas": person.canvas_id, "moodle": person.moodle_id}.get(platform, "")


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
    """Finds people in the roster by what an export says of them."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._ids: dict[str, list[Person]] = defaultdict(list)
        self._emails: dict[str, list[Person]] = defaultdict(list)
        self._names: dict[str, list[Person]] = defaultdict(list)
        self._groups: dict[str, list[Person]] = defaultdict(list)
        for person in people:
            for id_ in {plain(id_) for id_ in person.ids}:
                self._ids[id_].append(person)
            if person.student.email:
                self._emails[plain(person.student.email)].append(person)
            for name in names_of(person.student.name):
                self._names[name].append(person)
            if person.group:
                self._groups[_letters(person.group)].append(person)

    def find(self, student: Student, platform: str = "") -> tuple[list[Person], bool]:
        """(nobody, one, or several who may be meant; False), or (everybody in a group, True).

        Canvas, Moodle and Brightspace write numbers of their own into names, and one may be somebody else's id by
        chance. It counts if the roster has it as the platform's number, or if the names have a word in common.
        """
        name = plain(student.name)
        for table, keys in (
            (self._ids, (plain(student.sid),)),
            (self._emails, (plain(student.email),)),
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
    own = _own_id(person, platform)
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


def _letters(text: str) -> str:
    """Letters and digits alone, without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if char.isalnum())
