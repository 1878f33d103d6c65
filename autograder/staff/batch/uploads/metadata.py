"""Gradescope's submission_metadata.yml: who handed a submission in, when, and when it was due.

Its keys are Ruby symbols (`:submitters:`), read here with or without the colon. Submissions can be graded without it,
so nothing in it stops a class: what cannot be read costs that record, or at worst the file, and a note says so. Of
each record only a few texts are looked at, as they are written: no tag is obeyed and no alias is expanded.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import pairwise
from typing import TypeVar

import yaml

from autograder.course.times import read_due, read_submitted
from autograder.staff.batch.uploads.uploads import Student
from envs.errors import one_line

# The parser in C is ten times faster, and these files hold every test's output.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_RECORD = re.compile(r"^(?=[^\s#%{\[-][^\n]*?:\s)", re.MULTILINE)  # where a line begins a record
_UNREADABLE = (yaml.YAMLError, ValueError, RecursionError)
_NULL, _BINARY = "tag:yaml.org,2002:null", ("tag:yaml.org,2002:binary", "!binary")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Record:
    """What the platform says of one submission; `notes` are for the staff."""

    students: tuple[Student, ...] = ()
    submitted: datetime | None = None
    due: datetime | None = None  # for everybody
    extension: datetime | None = None  # for these students
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Metadata:
    """Folder name -> what is known of it; `notes` say what is wrong with the file as a whole."""

    records: dict[str, Record] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_metadata(text: bytes, zone: tzinfo | None = None) -> Metadata:
    """Everything that can be read in it; times without a zone are read in `zone`."""
    source = _UNPRINTABLE.sub("\ufffd", text.decode("utf-8-sig", errors="replace"))
    try:
        pairs = _pairs(source)
    except _UNREADABLE as error:
        return _in_pieces(source, zone, one_line(str(error), 120))
    count = Counter(name for name, _ in pairs)
    twice = Record(notes=("submission_metadata.yml has two records of this submission",))
    return Metadata({name: _record(node, zone) if count[name] == 1 else twice for name, node in pairs})


def _pairs(source: str) -> list[tuple[str, yaml.Node]]:
    """The records by name. Raises one of `_UNREADABLE`."""
    top = yaml.compose(source, Loader=_LOADER)
    if top is None:
        return []
    if not isinstance(top, yaml.MappingNode):
        raise ValueError("it is no table of submissions")
    return [(key.value, node) for key, node in top.value if isinstance(key, yaml.ScalarNode)]


def _in_pieces(source: str, zone: tzinfo | None, reason: str) -> Metadata:
    """Each record by itself, as the file as a whole is no YAML."""
    records: dict[str, Record] = {}
    starts = [match.start() for match in _RECORD.finditer(source)]
    for start, end in pairwise([*starts, len(source)]):
        piece = source[start:end]
        name = re.split(r":\s", piece, maxsplit=1)[0].strip("\"'")
        try:
            ((name, node),) = _pairs(piece)
            record = _record(node, zone)
        except _UNREADABLE as error:
            sentence = f"submission_metadata.yml cannot be read here ({one_line(str(error), 80)})"
            record = Record(notes=(sentence,))
        records[name] = Record(notes=(*records[name].notes, *record.notes)) if name in records else record
    kept = sum(record.students != () for record in records.values())
    lost = f"{kept} of its records could be read" if kept else "no name, id or time comes from it"
    return Metadata(records, (f"submission_metadata.yml is damaged ({reason}): {lost}",))


def _record(node: yaml.Node, zone: tzinfo | None) -> Record:
    fields = _Fields(zone)
    people = fields.read(node, ("submitters",), _items) or fields.read(node, ("users",), _items) or []
    students = tuple(s for person in people if (s := fields.read(person, (), _student)))
    own = [
        fields.due(person, *path) for person in people for path in (("due_date",), ("assignment", "due_date"))
    ]
    return Record(
        students,
        fields.read(node, ("created_at",), lambda found: _time(found, read_submitted, zone)),
        fields.due(node, "due_date") or fields.due(node, "assignment", "due_date"),
        max(filter(None, own), default=None, key=datetime.timestamp),
        tuple(dict.fromkeys(fields.notes)),
    )


class _Fields:
    """Reads fields of a record; an odd one is None and noted."""

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone
        self.notes: list[str] = []

    def read(
        self, node: yaml.Node, path: tuple[str, ...], made: Callable[[yaml.Node], Found]
    ) -> Found | None:
        try:
            found = _find(node, path)
            return None if found is None else made(found)
        except ValueError as error:
            where = f"{path[-1]}: " if path else ""
            self.notes.append(f"submission_metadata.yml: {where}{one_line(str(error), 200)}")
            return None

    def due(self, node: yaml.Node, *path: str) -> datetime | None:
        return self.read(node, path, lambda found: _time(found, read_due, self._zone))


def _student(person: yaml.Node) -> Student:
    name, sid, email = (_text(_find(person, (key,))) for key in ("name", "sid", "email"))
    return Student(name, sid, email)


def _time(
    node: yaml.Node, read: Callable[[object, tzinfo | None], datetime], zone: tzinfo | None
) -> datetime | None:
    text = _text(node)
    return read(text, zone) if text else None


def _find(node: yaml.Node, path: tuple[str, ...]) -> yaml.Node | None:
    """The field at `path`; None if it is not there. Raises `ValueError` if a table on the way is odd."""
    for name in path:
        if isinstance(node, yaml.ScalarNode) and node.tag == _NULL:
            return None
        if not isinstance(node, yaml.MappingNode):
            raise ValueError(f"{name} lies in something that is no table")
        found = [v for k, v in node.value if isinstance(k, yaml.ScalarNode) and k.value in (name, f":{name}")]
        if len(found) > 1:
            raise ValueError(f"{name} is there twice")
        if not found:
            return None
        node = found[0]
    return node


def _items(node: yaml.Node) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode):
        raise ValueError("it is no list")
    return node.value


def _text(node: yaml.Node | None) -> str:
    """A text, number or date as it is written; "" for nothing."""
    if node is None or node.tag == _NULL:
        return ""
    if not isinstance(node, yaml.ScalarNode):
        raise ValueError("a list or table stands where a text should be")
    if node.tag in _BINARY:  # so Ruby writes a text of unknown encoding
        return base64.b64decode(node.value).decode("utf-8", errors="replace")
    return node.value
