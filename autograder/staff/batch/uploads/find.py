"""Which submissions are there? From a folder or one archive with everybody's uploads to a list of `Upload`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path, PurePosixPath

from autograder.course.parts import Parts
from autograder.grader.intake.names import is_archive
from autograder.staff.batch.uploads.attempts import Files, upload_of
from autograder.staff.batch.uploads.layouts import Layout, Owner, from_manifest
from autograder.staff.batch.uploads.listing import CLONE, Entry, Reader, list_files
from autograder.staff.batch.uploads.metadata import Metadata, read_metadata
from autograder.staff.batch.uploads.not_a_class import refuse_packed_class, refuse_what_is_no_class
from autograder.staff.batch.uploads.places import is_below, named, top_of, without_results
from autograder.staff.batch.uploads.recognise import KNOWN, METADATA, is_stray, recognise
from autograder.staff.batch.uploads.uploads import Upload, unique_keys
from envs.errors import UserMistake, one_line

MAX_METADATA = 200 * 2**20  # bytes
MAX_MANIFEST = 2**16  # bytes, of a text file of Blackboard's


def find_uploads(
    source: Path,
    parts: Parts,
    *,
    zone: tzinfo | None = None,
    say: Callable[[str], None] = lambda note: None,
    out: Path | None = None,
) -> tuple[str, list[Upload]]:
    """(platform, everybody's uploads sorted by key). Times that the platform writes without a zone are read in `zone`.

    `out`, the folder of the results, is nobody's submission. `say` is told what the staff should know about the export
    as a whole. Raises `UserMistake`: nothing there, one student's submission, a layout that is not known, a damaged
    archive.
    """
    entries = without_results(list_files(source), source, out, say)
    top = top_of(entries, source.is_dir())
    entries = [e for e in entries if is_below(e.path, top)]
    inside = [replace(e, path=e.path.relative_to(top)) for e in entries]
    paths, folders = [e.path for e in inside], [e.path for e in inside if e.folder]
    platform, layout = recognise(paths, folders, top.name or source.stem)
    if platform == "plain":
        refuse_what_is_no_class(source / top if source.is_dir() else source, inside, parts)
        if source.is_dir() and len(inside) == 1 and is_archive(paths[0].name):
            refuse_packed_class(source / entries[0].raw, parts)
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
        upload_of(source, keys[id_], files, parts, metadata.records.get(id_), zone)
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
            f"{named([e.path for o, e in found if o.manifest])}: grade each by itself, with an OUT of its own"
        )
    owned: dict[str, Files] = {}
    for owner, entry in found:
        if owner.id in said:
            full = said[owner.id]
            owner = replace(owner, id=full.sid, name=full.name, sid=full.sid)
        owned.setdefault(owner.id, []).append((owner, entry))
    return owned


def _name_strays(
    source: Path, platform: str, inside: Sequence[Entry], layout: Layout, say: Callable[[str], None]
) -> None:
    """Say which files are nobody's. Raises `UserMistake` if the layout is unknown and they may be somebody's."""
    loose = [e.path for e in inside if len(e.path.parts) == 1 and not e.folder]
    nobodys = [path for path in loose if layout(path) is None and path.name not in (METADATA, "index.html")]
    unknown = [path for path in nobodys if not is_stray(path)]
    if platform == "plain" and unknown:
        raise UserMistake(
            f"{source} holds {named(unknown)}: it is not clear whose that is. Known are {KNOWN}; put it into a folder "
            "named after the student, or move it away"
        )
    if nobodys:
        say(f"no submission, and left out: {named(nobodys)}")


def _metadata(reader: Reader, entry: Entry, zone: tzinfo | None) -> Metadata:
    """What the file says. If it cannot be read, a note says so: the class can be graded without it."""
    try:
        text = reader.read(entry, MAX_METADATA + 1)
    except UserMistake as error:
        return Metadata(notes=(f"{METADATA} cannot be read ({one_line(str(error), 120)})",))
    if len(text) > MAX_METADATA:
        return Metadata(notes=(f"{METADATA} cannot be read (it is larger than {MAX_METADATA // 2**20} MB)",))
    return read_metadata(text, zone)
