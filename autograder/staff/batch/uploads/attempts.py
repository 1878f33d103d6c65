"""From a student's files, in one or several attempts, to an upload: what counts of them, and when it came."""

from __future__ import annotations

import contextlib
from datetime import datetime, tzinfo
from pathlib import Path

from autograder.course.parts import Parts
from autograder.course.times import read_submitted
from autograder.grader.intake.names import is_archive, may_matter
from autograder.staff.batch.uploads.layouts import Owner
from autograder.staff.batch.uploads.listing import Entry
from autograder.staff.batch.uploads.metadata import Record
from autograder.staff.batch.uploads.uploads import Member, Student, Upload
from envs.errors import one_line

MAX_NAMED = 5  # files that are no homework, in the sentence that names them
Files = list[tuple[Owner, Entry]]


def upload_of(
    source: Path, key: str, files: Files, parts: Parts, record: Record | None, zone: tzinfo | None
) -> Upload:
    owner = files[0][0]
    late = any(o.late for o, _ in files)
    doubt = _undated(files)
    files, sent, notes = _last_attempt([(o, e) for o, e in files if str(o.inner) != "."] or files)
    files = [(o, e) for o, e in files if str(o.inner) != "."]
    useful = [(o, e) for o, e in files if may_matter(o.inner.name, parts) and not e.closed]
    others = [o.inner.name for o, e in files if not e.closed and not may_matter(o.inner.name, parts)]
    others += [f"{o.inner.name} (not opened)" for o, e in files if e.closed]
    record = record or Record()
    students = record.students or (Student(owner.name, owner.sid),)
    return Upload(
        key,
        students,
        source,
        tuple(Member(e.raw, str(o.inner), e.size, e.revision) for o, e in useful),
        tuple(others[:MAX_NAMED]),
        record.submitted or _moment(sent, zone),
        record.due,
        record.extension,
        late,
        (*record.notes, *notes),
        doubt=doubt,
    )


def _undated(files: Files) -> str:
    """Why nobody knows which attempt is the last, in a sentence; "" if there is no such doubt."""
    names = [str(o.inner).casefold() for o, e in files if not e.folder]
    several = len(set(names)) < len(names) or any(is_archive(name) for name in names[1:])
    if several and any(o.undated for o, _ in files):
        return "the times of the attempts cannot be read: leave the last one and take the others away"
    return ""


def _last_attempt(files: Files) -> tuple[Files, datetime | None, tuple[str, ...]]:
    """Which files of several attempts count, when the last one came, and a note if earlier ones count too.

    The last attempt counts. If it is no archive, files that it lacks come from the attempts before.
    """
    times = sorted({o.sent for o, _ in files if o.sent}, reverse=True)
    if len(times) < 2:
        return files, times[0] if times else None, ()
    kept: Files = [(o, e) for o, e in files if o.sent is None]
    names: set[str] = set()
    notes = []
    for time in times:
        attempt = [(o, e) for o, e in files if o.sent == time]
        added = [(o, e) for o, e in attempt if str(o.inner).casefold() not in names]
        if time != times[0] and added:
            told = ", ".join(one_line(o.inner.name, 40) for o, _ in added[:MAX_NAMED])
            notes.append(f"the last attempt lacks {told}, which comes from that of {time:%Y-%m-%d %H:%M:%S}")
        kept += added
        names |= {str(o.inner).casefold() for o, _ in attempt}
        if any(is_archive(o.inner.name) for o, _ in attempt):
            break
    return kept, times[0], tuple(notes)


def _moment(sent: datetime | None, zone: tzinfo | None) -> datetime | None:
    """The platform's time in the course's zone; without a zone as it is, which tells nobody how late it was."""
    if sent is None or zone is None:
        return sent
    with contextlib.suppress(ValueError):
        return read_submitted(sent, zone)
    return None
