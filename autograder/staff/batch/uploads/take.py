"""Take one upload in: its part files, and nothing else of it, into a store where equal contents lie once.

store/<content>/  holds the part files; <content> is the hash of their names and bytes. From here on an upload is only
this content: what was graded once is known, whatever its packing and whoever handed it in.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from autograder.course.parts import Parts
from autograder.grader.intake.archives import MAX_ENTRIES
from autograder.grader.intake.names import may_matter
from autograder.grader.intake.opening import open_submission
from autograder.staff.batch.hashes import hash_of
from autograder.staff.batch.uploads.uploads import Upload
from envs.errors import UserMistake, one_line

_CHUNK = 2**20


@dataclass(frozen=True)
class Taken:
    """`problem` says why somebody has to look at the upload; `content` is "" if nothing at all could be taken."""

    content: str
    notes: tuple[str, ...] = ()
    problem: str = ""


def as_task(upload: Upload) -> dict[str, Any]:
    """The task of taking `upload` in, as plain values that can be sent to another process."""
    members = [[m.entry, m.name] for m in upload.members[: MAX_ENTRIES + 1]]
    return {
        "op": "take",
        "key": upload.key,
        "source": str(upload.source),
        "members": members,
        "others": list(upload.others),
    }


def take(task: dict[str, Any], store: Path, parts: Parts) -> Taken:
    """Open the upload of an `as_task` and put its part files into `store`."""
    with tempfile.TemporaryDirectory(prefix="taking-") as name:
        room, into = Path(name, "upload"), Path(name, "taken")
        room.mkdir()
        into.mkdir()
        try:
            _fetch(Path(task["source"]), task["members"], room, parts)
            opened = open_submission(room, into, parts)
        except UserMistake as mistake:
            sentence = (
                str(mistake).replace(f"{room}{os.sep}", "").replace(f"{room.name} holds", "the upload holds")
            )
            found = ", ".join(one_line(other, 40) for other in task["others"])
            return Taken("", problem=one_line(f"{sentence} (it holds {found})" if found else sentence, 500))
        content = content_hash(into)
        _keep(into, store / content)
    return Taken(content, opened.notes, one_line(opened.to_look_at, 500))


def content_hash(folder: Path) -> str:
    """Of the names and bytes of the files in `folder`."""
    return hash_of((path.name, path) for path in sorted(folder.iterdir()))


def _fetch(source: Path, members: Sequence[Sequence[str]], room: Path, parts: Parts) -> None:
    """Copy what may hold homework from the class's folder or archive into `room`, capped while it streams."""
    if len(members) > MAX_ENTRIES:
        raise UserMistake(f"the upload holds more than {MAX_ENTRIES} files")
    chosen = [(entry, name, cap) for entry, name in members if (cap := may_matter(_name(name), parts))]
    if source.is_dir():
        for entry, name, cap in chosen:
            fd = os.open(source / entry, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(fd, "rb") as file:
                _copy(file, _place(room, entry, name), cap)
        return
    try:
        with zipfile.ZipFile(source) as archive:
            for entry, name, cap in chosen:
                with archive.open(entry) as file:
                    _copy(file, _place(room, entry, name), cap)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError) as error:
        raise UserMistake(f"the upload is damaged ({one_line(str(error), 200)})") from error


def _place(room: Path, entry: str, name: str) -> Path:
    """Where to put a member. Two files of one name are two uploads of it, which the platform has numbered."""
    target = room.joinpath(*PurePosixPath(name).parts)
    if target.exists():
        stem, dot, ending = target.name.rpartition(".")
        numbered = re.search(r"-(\d+)\.\w+$", entry)
        target = target.with_name(f"{stem}-{numbered[1] if numbered else 1}{dot}{ending}")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _copy(file: IO[bytes], target: Path, left: int) -> None:
    """At most one byte more than intake accepts: it then says that the file is too large."""
    with open(target, "wb") as copy:
        while left > 0 and (chunk := file.read(min(_CHUNK, left))):
            copy.write(chunk)
            left -= len(chunk)


def _keep(folder: Path, place: Path) -> None:
    """Move into the store in one step. A second folder with the same content changes nothing."""
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


def _name(path: str) -> str:
    return PurePosixPath(path).name
