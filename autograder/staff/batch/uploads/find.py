"""Which submissions are there? From a folder or one archive with everybody's uploads to a list of `Upload`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path, PurePosixPath

from autograder.course.parts import Parts
from autograder.course.times import read_submitted
from autograder.grader.intake.names import is_archive, may_matter
from autograder.staff.batch.uploads.layouts import (
    KNOWN,
    METADATA,
    Layout,
    Owner,
    from_manifest,
    is_stray,
    recognise,
)
from autograder.staff.batch.uploads.listing import CLONE, Entry, Reader, list_files
from autograder.staff.batch.uploads.metadata import Metadata, Record, read_metadata
from autograder.staff.batch.uploads.uploads import Member, Student, Upload, unique_keys
from envs.errors import UserMistake, one_line

MAX_METADATA = 200 * 2**20  # bytes
MAX_MANIFEST = 2**16  # bytes, of a text file of Blackboard's
MAX_NAMED = 5  # files that are no homework, in the sentence that names them
Files = list[tuple[Owner, Entry]]


def find_uploads(
    source: Path,
    parts: Parts,
    *,
    zone: tzinfo | None = None,
    say: Callable[[str], None] = lambda note: None,
    out: Path | None = None,
) -> tuple[str, list[Upload]]:
    """(platform, everybody's uploads sorted by key). Times that the platform writes without a zone are read in `zone`.

    `out`, where results are written, is nobody's submission. `say` is told what the staff should know about the export
    as a whole. Raises `UserMistake`: nothing there, one student's submission, a layout that is not known, a damaged
    archive.
    """
    entries = _without_results(list_files(source), source, out, say)
    top = _top(entries, source.is_dir())
    entries = [e for e in entries if _is_below(e.path, top)]
    inside = [replace(e, path=e.path.relative_to(top)) for e in entries]
    paths, folders = [e.path for e in inside], [e.path for e in inside if e.folder]
    platform, layout = recognise(paths, folders, top.name or source.stem)
    if platform == "plain":
        _refuse_what_is_no_class(source / top if source.is_dir() else source, inside, parts)
        if source.is_dir() and len(inside) == 1 and is_archive(paths[0].name):
            _refuse_packed_class(source / entries[0].raw, parts)
    with Reader(source) as reader:
        metadata = Metadata()
        if platform == "gradescope":
            metadata = _metadata(reader, next(e for e in entries if e.path == top / METADATA), zone)
        for note in metadata.notes:
            say(note)
        owned = _owned(reader, entries, inside, layout)
    for id_, record in metadata.records.items():
        if record.students and id_ not in owned:  # the export has no folder for who handed in no file
            owned[id_] = [(Owner(id_, PurePosixPath("."), id_), Entry(PurePosixPath(id_), 0, "", id_, True))]
    _name_strays(source, platform, inside, layout, say)
    if not owned:
        raise UserMistake(f"{source} holds no submissions: known are {KNOWN}")
    keys = unique_keys(list(owned))
    uploads = [
        _upload(source, keys[id_], files, parts, metadata.records.get(id_), zone)
        for id_, files in owned.items()
    ]
    if any(upload.submitted and upload.submitted.tzinfo is None for upload in uploads):
        say(
            f"the times in {source.name} have no zone: nobody counts as late until autograder/course.toml names the "
            'course\'s, as in zone = "Europe/Berlin"'
        )
    return platform, sorted(uploads, key=lambda upload: upload.key)


def _owned(
    reader: Reader, entries: Sequence[Entry], inside: Sequence[Entry], layout: Layout
) -> dict[str, Files]:
    """Everybody's files, and the folders by which we know of somebody who has none."""
    found: Files = []
    for entry, there in zip(entries, inside, strict=True):
        if there.path.name == CLONE or (there.folder and len(there.path.parts) > 1):
            continue
        if (owner := layout(there.path)) is None:
            continue
        if owner.manifest:
            with contextlib.suppress(UserMistake):  # then the names of the files have to do
                text = reader.read(entry, MAX_MANIFEST).decode("utf-8-sig", errors="replace")
                owner = from_manifest(owner, text)
        found.append((owner, entry))
    said = {owner.id: owner for owner, _ in found if owner.manifest}
    if len({owner.sid for owner in said.values()}) < len(said):
        raise UserMistake(
            "attempts at more than one assignment lie side by side, as in "
            f"{_some([e.path for o, e in found if o.manifest])}: grade each by itself, with an OUT of its own"
        )
    owned: dict[str, Files] = {}
    for owner, entry in found:
        if owner.id in said:
            full = said[owner.id]
            owner = replace(owner, id=full.sid, name=full.name, sid=full.sid)
        owned.setdefault(owner.id, []).append((owner, entry))
    return owned


def _upload(
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
    """What counts of several attempts, when the last one came, and a note where earlier ones count too.

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


def _name_strays(
    source: Path, platform: str, inside: Sequence[Entry], layout: Layout, say: Callable[[str], None]
) -> None:
    """Say which files are nobody's. Raises `UserMistake` where the layout is not known and they may be somebody's."""
    loose = [e.path for e in inside if len(e.path.parts) == 1 and not e.folder]
    nobodys = [path for path in loose if layout(path) is None and path.name not in (METADATA, "index.html")]
    unknown = [path for path in nobodys if not is_stray(path)]
    if platform == "plain" and unknown:
        raise UserMistake(
            f"{source} holds {_some(unknown)}: it is not clear whose that is. Known are {KNOWN}; put it into a folder "
            "named after the student, or move it away"
        )
    if nobodys:
        say(f"no submission, and left out: {_some(nobodys)}")


def _refuse_what_is_no_class(where: Path, inside: Sequence[Entry], parts: Parts) -> None:
    """Raises `UserMistake` for one student's submission, and for a folder of classes."""
    homework = [e.path for e in inside if not e.folder and may_matter(e.path.name, parts)]
    code = [path for path in homework if not is_archive(path.name)]
    tops = {path.parts[0] for path in homework}
    if any(len(path.parts) == 1 for path in code) or (tops == {"hw"} and code):
        raise UserMistake(f"{where} is one submission, not a class's: grade it with SUBMISSION={where}")
    held = [_people(top, homework) for top in sorted(tops)]
    if held and all(held):
        raise UserMistake(
            f"{where} holds folders of several people each ({', '.join(sorted(tops)[:3])}), and it is not clear who is "
            f"who: name the folder in which everybody has a folder or archive, such as {where / min(tops)}"
        )


def _refuse_packed_class(archive: Path, parts: Parts) -> None:
    """The only archive in a folder may be everybody's instead of one student's."""
    try:
        entries = list_files(archive)
    except UserMistake:
        return  # no zip, or damaged: to look at as a submission
    top = _top(entries, in_folder=False)
    inside = [replace(e, path=e.path.relative_to(top)) for e in entries if _is_below(e.path, top)]
    platform, _ = recognise([e.path for e in inside], [e.path for e in inside if e.folder], top.name)
    homework = [PurePosixPath("x", e.path) for e in inside if not e.folder and may_matter(e.path.name, parts)]
    if platform not in ("plain", "github") or _people("x", homework):
        raise UserMistake(f"{archive} holds more than one student: grade it with SUBMISSIONS={archive}")


def _people(top: str, homework: Iterable[PurePosixPath]) -> bool:
    """Whether the folder `top` looks like a class: folders with homework, or many archives, and nothing else."""
    below = [PurePosixPath(*path.parts[1:]) for path in homework if path.parts[0] == top]
    loose = [path for path in below if len(path.parts) == 1]
    folders = {path.parts[0] for path in below if len(path.parts) > 1}
    if any(not is_archive(path.name) for path in loose) or "hw" in folders or PurePosixPath() in below:
        return False
    return len(folders) >= 2 or len(loose) >= 3


def _without_results(
    entries: list[Entry], source: Path, out: Path | None, say: Callable[[str], None]
) -> list[Entry]:
    """Without the folders to which a grading has written its results: nobody is called so."""
    results = {e.path.parent for e in entries if e.path.name == "state.sqlite"}
    results = {
        place for place in results if {place / "contents", place / "students"} & {e.path for e in entries}
    }
    if source.is_dir() and out is not None and out.resolve().is_relative_to(source.resolve()):
        results.add(PurePosixPath(out.resolve().relative_to(source.resolve()).as_posix()))
    if PurePosixPath() in results:
        raise UserMistake(f"{source} holds the results of a grading: name another folder for OUT")
    if gone := [place for place in results if any(_is_below(e.path, place) for e in entries)]:
        say(f"results of a grading, and left out: {_some(sorted(gone))}")
    return [e for e in entries if not any(e.path == place or _is_below(e.path, place) for place in results)]


def _top(entries: Sequence[Entry], in_folder: bool) -> PurePosixPath:
    """The folder that holds the submissions: an export wraps them in one, often more than once packed."""
    for entry in entries:
        if entry.path.name == METADATA and len(entry.path.parts) <= 2:
            return entry.path.parent
    top, wrapper = PurePosixPath(), PurePosixPath()
    for depth in range(4):
        inside = [(e.path.relative_to(top), e.folder) for e in entries if _is_below(e.path, top)]
        folders = [path for path, folder in inside if folder]
        if recognise([path for path, _ in inside], folders, top.name)[0] != "plain":
            return top
        inside = [(path, folder) for path, folder in inside if folder or not is_stray(path)]
        heads = {path.parts[0] for path, _ in inside}
        if len(heads) != 1 or any(len(path.parts) == 1 and not folder for path, folder in inside):
            break
        top /= heads.pop()
        wrapper = top if depth == 0 else wrapper
    # In a folder of the TA's own making a single subfolder is more likely the first student than a wrapper.
    return PurePosixPath() if in_folder else wrapper


def _is_below(path: PurePosixPath, folder: PurePosixPath) -> bool:
    return path != folder and path.parts[: len(folder.parts)] == folder.parts


def _some(paths: Sequence[PurePosixPath]) -> str:
    shown = ", ".join(one_line(str(path), 60) for path in paths[:MAX_NAMED])
    return f"{shown} and {len(paths) - MAX_NAMED} more" if len(paths) > MAX_NAMED else shown


def _metadata(reader: Reader, entry: Entry, zone: tzinfo | None) -> Metadata:
    """What the file says; nothing and a note where it cannot be read, as the class can be graded without it."""
    try:
        text = reader.read(entry, MAX_METADATA + 1)
    except UserMistake as error:
        return Metadata(notes=(f"{METADATA} cannot be read ({one_line(str(error), 120)})",))
    if len(text) > MAX_METADATA:
        return Metadata(notes=(f"{METADATA} cannot be read (it is larger than {MAX_METADATA // 2**20} MB)",))
    return read_metadata(text, zone)
