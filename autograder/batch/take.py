"""Take one upload in: its part files, and nothing else of it, into a store where equal contents lie once.

store/<content>/  holds the part files; <content> is the hash of their names and bytes. From here on an upload is only
this content: what was graded once is known, however it was packed and whoever handed it in.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from autograder.batch.uploads import Upload
from autograder.engine.intake import MAX_CODE, MAX_ENTRIES, MAX_WEIGHTS, MAX_ZIP, open_submission
from autograder.engine.outcomes import UserMistake, one_line
from autograder.engine.parts import Parts

_CHUNK = 2**20


@dataclass(frozen=True)
class Taken:
    """`content` is "" where nothing could be taken, and `problem` then says why, in a sentence for the student."""

    content: str
    notes: tuple[str, ...] = ()
    problem: str = ""


def as_order(upload: Upload) -> dict[str, Any]:
    """What `take` needs to know of an upload, as plain values that can be sent to another process."""
    members = [[m.entry, m.name] for m in upload.members[: MAX_ENTRIES + 1]]
    return {"source": str(upload.source), "members": members, "others": list(upload.others)}


def take(order: dict[str, Any], store: Path, parts: Parts) -> Taken:
    """Open the upload of an `as_order` and put its part files into `store`."""
    with tempfile.TemporaryDirectory(prefix="taking-") as name:
        room, into = Path(name, "submission"), Path(name, "taken")
        room.mkdir()
        into.mkdir()
        try:
            _fetch(Path(order["source"]), order["members"], room, parts)
            notes = open_submission(_choose(room, order["others"], parts), into, parts)
        except UserMistake as mistake:
            sentence = str(mistake).replace(f"{room}{os.sep}", "").replace(str(room), "the upload")
            return Taken("", problem=one_line(sentence, 300))
        content = content_hash(into)
        _keep(into, store / content)
    return Taken(content, tuple(notes))


def content_hash(folder: Path) -> str:
    """Of the names and bytes of the files in `folder`."""
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        with open(path, "rb") as file:
            total.update(f"{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()[:32]


def _fetch(source: Path, members: Sequence[Sequence[str]], room: Path, parts: Parts) -> None:
    """Copy what may hold homework from the class's folder or archive into `room`, capped while it streams."""
    if len(members) > MAX_ENTRIES:
        raise UserMistake(f"the upload holds more than {MAX_ENTRIES} files")
    wanted = {name.lower() for name in parts.files}
    chosen = [m for m in members if _name(m).lower() in wanted or _name(m).lower().endswith(".zip")]
    if source.is_dir():
        for entry, name in chosen:
            fd = os.open(source / entry, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(fd, "rb") as file:
                _copy(file, room, name)
        return
    try:
        with zipfile.ZipFile(source) as archive:
            for entry, name in chosen:
                with archive.open(entry) as file:
                    _copy(file, room, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError) as error:
        raise UserMistake(f"the upload is damaged ({one_line(str(error), 80)})") from error


def _copy(file: IO[bytes], room: Path, name: str) -> None:
    """At most one byte more than intake accepts: it then says that the file is too large."""
    low = name.lower()
    left = (MAX_ZIP if low.endswith(".zip") else MAX_CODE if low.endswith(".py") else MAX_WEIGHTS) + 1
    target = room.joinpath(*PurePosixPath(name).parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target, "wb") as copy:
        while left > 0 and (chunk := file.read(min(_CHUNK, left))):
            copy.write(chunk)
            left -= len(chunk)


def _choose(room: Path, others: Sequence[str], parts: Parts) -> Path:
    """The folder, or the one zip in it where it holds no part file itself."""
    files = [path for path in room.rglob("*") if path.is_file()]
    zips = [path for path in files if path.suffix.lower() == ".zip"]
    if any(path not in zips for path in files):
        return room
    if len(zips) == 1:
        return zips[0]
    if zips:
        names = ", ".join(sorted(one_line(path.name, 40) for path in zips)[:3])
        raise UserMistake(f"the upload holds {len(zips)} zip files ({names}): hand in one")
    found = f" (it holds {', '.join(one_line(name, 40) for name in others)})" if others else ""
    raise UserMistake(f"the upload holds none of the files {', '.join(parts.files)}{found}")


def _keep(folder: Path, place: Path) -> None:
    """Move into the store in one step; whoever comes second with the same content changes nothing."""
    if place.is_dir():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=".taking-", dir=place.parent))
    try:
        shutil.copytree(folder, staged, dirs_exist_ok=True)
        os.replace(staged, place)
    except OSError:
        if not place.is_dir():
            raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _name(member: Sequence[str]) -> str:
    return PurePosixPath(member[1]).name
