"""Which submissions are there? From a folder or one archive with everybody's uploads to a list of `Upload`."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Callable, Sequence
from datetime import tzinfo
from pathlib import Path, PurePosixPath

from autograder.batch.layouts import METADATA, Owner, moodle, recognise
from autograder.batch.listing import Entry, list_files
from autograder.batch.metadata import Metadata, Record, read_metadata
from autograder.batch.uploads import Member, Student, Upload, unique_keys
from autograder.engine.intake import may_matter, read_regular
from autograder.engine.outcomes import UserMistake, one_line
from autograder.engine.parts import Parts

MAX_METADATA = 200 * 2**20  # bytes
MAX_NAMED = 5  # files that are no homework, in the sentence that names them


def find_uploads(
    source: Path,
    parts: Parts,
    *,
    zone: tzinfo | None = None,
    say: Callable[[str], None] = lambda note: None,
) -> tuple[str, list[Upload]]:
    """(platform, everybody's uploads sorted by key). Times that the platform writes without a zone are read in `zone`.

    `say` is told what the staff should know about the export as a whole. Raises `UserMistake`: nothing there, one
    student's submission, a damaged archive.
    """
    entries = list_files(source)
    top = _top(entries, source.is_dir())
    entries = [e for e in entries if e.path.parts[: len(top.parts)] == top.parts]
    paths = [e.path.relative_to(top) for e in entries]
    if any(len(path.parts) == 1 and path.name.lower() in parts.files for path in paths):
        raise UserMistake(f"{source} is one submission, not a class's: grade it with SUBMISSION={source}")
    platform, layout = recognise(paths)
    records: dict[str, Record] = {}
    owned: dict[str, list[tuple[Owner, Entry]]] = {}
    for path, entry in zip(paths, entries, strict=True):
        if platform == "gradescope" and path == PurePosixPath(METADATA):
            metadata = _metadata(source, entry, zone)
            records = metadata.records
            for note in metadata.notes:
                say(note)
        elif (owner := layout(path)) is not None:
            owned.setdefault(owner.id, []).append((owner, entry))
    if not owned:
        raise UserMistake(f"{source} holds no submissions")
    keys = unique_keys(list(owned))
    uploads = [_upload(source, keys[id_], files, parts, records.get(id_)) for id_, files in owned.items()]
    return platform, sorted(uploads, key=lambda upload: upload.key)


def _upload(
    source: Path,
    key: str,
    files: Sequence[tuple[Owner, Entry]],
    parts: Parts,
    record: Record | None,
) -> Upload:
    owner = files[0][0]
    useful = [(o, e) for o, e in files if may_matter(o.inner.name, parts)]
    others = [o.inner.name for o, e in files if not may_matter(o.inner.name, parts)]
    record = record or Record()
    students = record.students or (Student(owner.name, owner.sid),)
    return Upload(
        key,
        students,
        source,
        tuple(Member(e.raw, str(o.inner), e.size, e.stamp) for o, e in useful),
        tuple(others[:MAX_NAMED]),
        record.submitted,
        record.due,
        record.extension,
        any(o.late for o, _ in files),
        record.notes,
    )


def _top(entries: Sequence[Entry], in_folder: bool) -> PurePosixPath:
    """The folder that holds the submissions: an export wraps them in one, often more than once packed."""
    for entry in entries:
        if entry.path.name == METADATA and len(entry.path.parts) <= 2:
            return entry.path.parent
    tops = {entry.path.parts[0] for entry in entries if len(entry.path.parts) > 1}
    wrapped = len(tops) == 1 and not any(len(entry.path.parts) == 1 for entry in entries)
    wrapped = wrapped and moodle(PurePosixPath(*tops, "file")) is None
    # In a folder of the TA's own making a single subfolder is more likely the first student than a wrapper.
    return PurePosixPath(tops.pop()) if wrapped and not in_folder else PurePosixPath()


def _metadata(source: Path, entry: Entry, zone: tzinfo | None) -> Metadata:
    """What the file says; nothing and a note where it cannot be read, as the class can be graded without it."""
    try:
        if source.is_dir():
            text = read_regular(source / entry.raw, MAX_METADATA + 1)
        else:
            with zipfile.ZipFile(source) as archive, archive.open(entry.raw) as file:
                text = file.read(MAX_METADATA + 1)
        if len(text) > MAX_METADATA:
            raise ValueError(f"it is larger than {MAX_METADATA // 2**20} MB")
    except (
        OSError,
        ValueError,
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
    ) as error:
        return Metadata(notes=(f"{METADATA} cannot be read ({one_line(str(error), 120)})",))
    return read_metadata(text, zone)
