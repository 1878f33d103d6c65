"""What everybody handed in, before any of it is opened."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import cache
from pathlib import Path

from autograder.course.late import NO_COST, Deadlines, Late, Policy, late
from autograder.grader import intake
from autograder.staff.batch.hashes import hash_of_code

RULES = (Path(intake.__path__[0]), Path(__file__).parent)  # folders of the code that takes uploads in


@dataclass(frozen=True)
class Student:
    """A student who gets the points; what the learning platform did not say is empty."""

    name: str
    sid: str = ""
    email: str = ""
    sid_of_roster: bool = False  # then it is not the number in the names of the platform's own files


@dataclass(frozen=True)
class Member:
    """One file of an upload: `entry` is its path in the source, `name` its path within the upload."""

    entry: str
    name: str
    size: int  # bytes
    revision: str  # changes with the content: a checksum in an archive, a time of change in a folder


@dataclass(frozen=True)
class Upload:
    """One submission, by one student or a group.

    `source` is the folder or archive that the members' `entry` paths lie in. `others` names files that are no homework,
    for the sentence that says so.
    """

    key: str  # unique in the class, and safe as the name of a folder
    students: tuple[Student, ...]
    source: Path
    members: tuple[Member, ...]
    others: tuple[str, ...] = ()
    submitted: datetime | None = None  # without a zone if neither the platform nor the course names one
    due: datetime | None = None  # for these students, once `with_deadline` has looked
    extension: datetime | None = None  # the platform's date for these students
    marked_late: bool = False  # the platform says so, without a time
    notes: tuple[str, ...] = ()  # about the export, for the staff
    doubt: str = ""  # why nobody knows whose points these are, in a sentence
    extended: bool = False  # `due` is later than for the others
    policy: Policy = NO_COST
    zone: tzinfo | None = None  # whose calendar days count

    @property
    def late(self) -> Late | None:
        """None if the time of handing in or the due date is unknown."""
        if self.submitted is None or self.submitted.tzinfo is None or self.due is None:
            return None
        return late(self.submitted, self.due, self.policy, self.zone, self.extended)

    def local(self, moment: datetime | None) -> str:
        """In the course's time zone, if it names one; "" for None."""
        if moment is None:
            return ""
        return (moment.astimezone(self.zone) if self.zone else moment).isoformat(sep=" ", timespec="seconds")

    @property
    def empty(self) -> bool:
        """Nothing was handed in."""
        return not self.members and not self.others

    @property
    def ids(self) -> tuple[str, ...]:
        """By what course.toml may name these students."""
        return (self.key, *(id_ for student in self.students for id_ in (student.sid, student.email) if id_))

    @property
    def fingerprint(self) -> str:
        """Changes whenever any of its files, or how they are taken, may have changed; costs no reading of them."""
        files = [[m.name, m.size, m.revision] for m in self.members]
        return hashlib.sha256(json.dumps([files, self.others, rules()]).encode()).hexdigest()


@cache
def rules() -> str:
    """Of the code that takes an upload in: what another version could not open is opened again."""
    return hash_of_code(*RULES)


def with_deadline(upload: Upload, deadlines: Deadlines) -> Upload:
    """`upload` with the due date and the late policy that hold for its students."""
    due, extended = deadlines.due_for(upload.ids, upload.due, upload.extension)
    return replace(upload, due=due, extended=extended, policy=deadlines.policy, zone=deadlines.zone)


def safe_key(text: str) -> str:
    """`text` as the name of a file or folder on any system, and in a URL: at most 60 plain characters."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = re.sub(r"\.{2,}", "_", re.sub(r"[^A-Za-z0-9._-]+", "_", plain)).strip("._")[:60].rstrip("._")
    return plain or "submission"


def unique_keys(names: list[str]) -> dict[str, str]:
    """Name -> a key for each of the different `names`; names that would share one get a piece of their hash."""
    keys: dict[str, str] = {}
    plain = [safe_key(name).lower() for name in names]
    count = Counter(plain)
    for name, low in zip(names, plain, strict=True):
        key = safe_key(name)
        if count[low] > 1 or (key != name and key == "submission"):
            key = f"{key}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"
        keys[name] = key
    return keys
