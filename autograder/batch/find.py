"""Which submissions are there? From a folder or one archive with everybody's uploads to a list of `Upload`."""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path, PurePosixPath

from autograder.batch.layouts import KNOWN, METADATA, Layout, Owner, brightspace, moodle, recognise
from autograder.batch.listing import Entry, list_files, list_folders
from autograder.batch.metadata import Metadata, Record, read_metadata
from autograder.batch.uploads import Member, Student, Upload, unique_keys
from autograder.course.times import read_submitted
from autograder.engine.intake import may_matter, read_regular
from autograder.engine.outcomes import UserMistake, one_line
from autograder.engine.parts import Parts

MAX_METADATA = 200 * 2**20  # bytes
MAX_MANIFEST = 20_000
STATE = "state.sqlite"  # lies in every folder of grades
MAX_NAMED = 5  # files that are no homework, in the sentence that names them


def find_uploads(
    source: Path,
    parts: Parts,
    *,
    zone: tzinfo | None = None,
    out: Path | None = None,
    say: Callable[[str], None] = lambda note: None,
) -> tuple[str, list[Upload]]:
    """(platform, everybody's uploads sorted by key). Times that the platform writes without a zone are read in `zone`.

    `out` is where grades go: if it lies in `source`, it is no student. `say` is told what the staff should know about
    the export as a whole. Raises `UserMistake`: nothing there, one student's submission, a damaged archive, a layout
    that is not known.
    """
    entries = _without(list_files(source), source, out, say)
    top = _top(entries, source.is_dir())
    entries = [e for e in entries if e.path.parts[: len(top.parts)] == top.parts]
    paths = [e.path.relative_to(top) for e in entries]
    if any(len(path.parts) == 1 and path.name.lower() in parts.files for path in paths):
        raise UserMistake(f"{source} is one submission, not a class's: grade it with SUBMISSION={source}")
    platform, layout = recognise(paths)
    records: dict[str, Record] = {}
    owned: dict[str, list[tuple[Owner, Entry]]] = {}
    nobody: list[str] = []
    for path, entry in zip(paths, entries, strict=True):
        if platform == "gradescope" and path == PurePosixPath(METADATA):
            metadata = _metadata(source, entry, zone)
            records = metadata.records
            for note in metadata.notes:
                say(note)
        elif (owner := layout(path)) is not None:
            owned.setdefault(owner.id, []).append((owner, entry))
        else:
            nobody.append(str(path))
    empty = _empty(source, top, layout, owned, out)
    if not owned and not empty:
        named = f" (it holds {_some(nobody)})" if nobody else ""
        raise UserMistake(f"{source} holds no submissions{named}: what is known here is {KNOWN}")
    if nobody and any(may_matter(PurePosixPath(path).name, parts) for path in nobody):
        raise UserMistake(
            f"whose {_some([p for p in nobody if may_matter(PurePosixPath(p).name, parts)])} in {source} is does not "
            f"show: put it into the student's folder; what is known here is {KNOWN}"
        )
    if nobody:
        say(f"{_some(nobody)} in {source.name} belong to no student and were left out")
    names = _usernames(source, top, owned) if platform == "plain" else {}
    texts = _names_in_manifests(source, owned) if platform == "blackboard" else {}
    keys = unique_keys([*owned, *empty])
    uploads = [
        _upload(source, keys[id_], files, parts, records.get(id_), zone, names.get(id_) or texts.get(id_))
        for id_, files in owned.items()
    ]
    for id_, owner in empty.items():
        record = records.get(id_) or Record()
        uploads.append(Upload(keys[id_], record.students or (Student(owner.name, owner.sid),), source, ()))
    return platform, sorted(uploads, key=lambda upload: upload.key)


def _upload(
    source: Path,
    key: str,
    files: Sequence[tuple[Owner, Entry]],
    parts: Parts,
    record: Record | None,
    zone: tzinfo | None,
    name: str | None,
) -> Upload:
    """`name` is the student's, where it does not stand in the names of the files."""
    last = max((o.attempt for o, _ in files if o.attempt), default=None)
    earlier = {o.attempt for o, _ in files if o.attempt and o.attempt != last}
    files = [(o, e) for o, e in files if o.attempt == last or not o.attempt]
    owner = files[0][0]
    useful = [(o, e) for o, e in files if may_matter(o.inner.name, parts)]
    others = [o.inner.name for o, e in files if not may_matter(o.inner.name, parts)]
    record = record or Record()
    students = record.students or (Student(name or owner.name, owner.sid or (name or "")),)
    notes = (f"of {len(earlier) + 1} attempts the last was taken",) if earlier else ()
    return Upload(
        key,
        students,
        source,
        tuple(Member(e.raw, str(o.inner), e.size, e.stamp) for o, e in useful),
        tuple(others[:MAX_NAMED]),
        record.submitted or _local(last, zone),
        record.due,
        record.extension,
        any(o.late for o, _ in files),
        (*record.notes, *notes),
    )


def _local(time: datetime | None, zone: tzinfo | None) -> datetime | None:
    """What the platform's clocks showed, as a moment; None without the zone that `course.toml` states."""
    return read_submitted(time, zone) if time is not None and zone is not None else None


def _some(names: Sequence[str]) -> str:
    """The first few of them."""
    shown = ", ".join(one_line(name, 60) for name in names[:MAX_NAMED])
    return shown + (f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else "")


def _without(entries: list[Entry], source: Path, out: Path | None, say: Callable[[str], None]) -> list[Entry]:
    """The entries that are no grades of ours: `out` itself, and what another run has written."""
    if out is None or not source.is_dir():
        return entries
    if out.resolve() == source.resolve():
        raise UserMistake(f"{source} cannot be both SUBMISSIONS and OUT: name another folder for OUT")
    inside = [entry.path.parent for entry in entries if entry.path.name == STATE]
    if out.resolve().is_relative_to(source.resolve()):
        inside.append(PurePosixPath(out.resolve().relative_to(source.resolve()).as_posix()))
    kept = [e for e in entries if not any(e.path.is_relative_to(folder) for folder in inside if folder.parts)]
    for folder in dict.fromkeys(folder for folder in inside if folder.parts):
        say(f"{one_line(str(folder), 80)} in {source.name} holds grades and was left out")
    return kept


def _empty(
    source: Path,
    top: PurePosixPath,
    layout: Layout,
    owned: Mapping[str, object],
    out: Path | None,
) -> dict[str, Owner]:
    """Whose folders are there with nothing in them."""
    found: dict[str, Owner] = {}
    for folder in list_folders(source):
        if folder.parts[:-1] != top.parts or (out and (source / folder).resolve() == out.resolve()):
            continue
        owner = layout(PurePosixPath(folder.name, "nothing"))
        if owner is not None and owner.id not in owned and not (source / folder / STATE).exists():
            found[owner.id] = owner
    return found


def _usernames(source: Path, top: PurePosixPath, owned: Iterable[str]) -> dict[str, str]:
    """Clones of GitHub Classroom are called assignment-username: what all of them open with is the assignment."""
    folders = list(owned)
    if len(folders) < 2 or not all((source / top / folder / ".git").exists() for folder in folders):
        return {}
    words = [folder.split("-") for folder in folders]
    common = next((i for i, column in enumerate(zip(*words, strict=False)) if len(set(column)) > 1), 0)
    return (
        {folder: "-".join(parts[common:]) for folder, parts in zip(folders, words, strict=True)}
        if common
        else {}
    )


def _names_in_manifests(source: Path, owned: Mapping[str, Sequence[tuple[Owner, Entry]]]) -> dict[str, str]:
    """Blackboard's text about an attempt opens with `Name: Ann One (aone1)`."""
    names = {}
    for id_, files in owned.items():
        for owner, entry in files:
            if owner.inner.name == "about-the-attempt.txt":
                text = _bytes(source, entry, MAX_MANIFEST).decode("utf-8", "replace")
                if found := re.search(r"^Name: *(.+?) *\(", text, re.MULTILINE):
                    names[id_] = one_line(found[1], 80)
    return names


def _bytes(source: Path, entry: Entry, most: int) -> bytes:
    if source.is_dir():
        return read_regular(source / entry.raw, most)
    with zipfile.ZipFile(source) as archive, archive.open(entry.raw) as file:
        return file.read(most)


def _top(entries: Sequence[Entry], in_folder: bool) -> PurePosixPath:
    """The folder that holds the submissions: an export wraps them in one, often more than once packed."""
    for entry in entries:
        if entry.path.name == METADATA and len(entry.path.parts) <= 2:
            return entry.path.parent
    tops = {entry.path.parts[0] for entry in entries if len(entry.path.parts) > 1}
    wrapped = len(tops) == 1 and not any(len(entry.path.parts) == 1 for entry in entries)
    inside = PurePosixPath(*tops, "file")
    wrapped = wrapped and moodle(inside) is None and brightspace(inside) is None
    # In a folder of the TA's own making a single subfolder is more likely the first student than a wrapper.
    return PurePosixPath(tops.pop()) if wrapped and not in_folder else PurePosixPath()


def _metadata(source: Path, entry: Entry, zone: tzinfo | None) -> Metadata:
    """What the file says; nothing and a note where it cannot be read, as the class can be graded without it."""
    try:
        text = _bytes(source, entry, MAX_METADATA + 1)
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
