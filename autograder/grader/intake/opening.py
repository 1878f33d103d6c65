"""Open what was handed in: a folder or an archive, from which only the files that the course names are taken.

a folder or archive --archives within archives opened, capped--> files --choosing.py--> one file for each name

Regular files only, capped in size while they are read; links, absolute paths and `..` are left where they are. A folder
around the files, `__MACOSX`, another case of a name, an archive beside the files or within another, and extra files are
forgiven, with a note if it matters.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from autograder.course.parts import Parts
from autograder.grader.intake.archives import MAX_DEPTH, MAX_ENTRIES, Room, unpack
from autograder.grader.intake.choosing import Found, Opened, take_files
from autograder.grader.intake.entries import CannotOpen
from autograder.grader.intake.names import cap_of, is_archive, is_noise, may_matter, part_names
from envs.errors import UserMistake, one_line

MAX_NESTED = 3  # archives within each other
MAX_ARCHIVES = 20


def open_submission(path: Path, into: Path, parts: Parts) -> Opened:
    """Put the allowed files of the submission at `path` into the existing folder `into`.

    Raises `UserMistake` if the path is not there, is neither folder nor archive, is too large or holds none of the
    files; and `CannotOpen`, which is one, if an archive may hold them.
    """
    if not path.exists():
        raise UserMistake(f"there is no submission at {path}")
    unread: list[str] = []  # a sentence for each archive or part file that is there and could not be read
    with tempfile.TemporaryDirectory(prefix="opening-") as name:
        room = Room(Path(name))
        if path.is_dir():
            found = _in_folder(path, parts, unread)
        elif part_names(path.name, parts):
            found = [Found(PurePosixPath(path.name), path)]
        else:
            copies = unpack(path, one_line(path.name, 80), room, lambda inside: cap_of(inside, parts), unread)
            found = [Found(copy.path, copy.copy, "", copy.time) for copy in copies]
        return take_files(_with_archives(found, room, parts, unread), unread, path, into, parts)


def _with_archives(found: list[Found], room: Room, parts: Parts, unread: list[str]) -> list[Found]:
    """All files, those within archives included."""
    files, opened = [], 0
    waiting = [(file, 0) for file in found]
    while waiting:
        file, depth = waiting.pop(0)
        name = one_line(f"{file.inside}/{file.path}" if file.inside else str(file.path), 80)
        if not is_archive(file.path.name):
            files.append(file)
            continue
        if depth >= MAX_NESTED or opened >= MAX_ARCHIVES:
            unread.append(f"{name} was not opened: there are too many archives within each other")
            continue
        opened += 1
        try:
            copies = unpack(file.file, name, room, lambda path: cap_of(path, parts), unread)
        except CannotOpen as reason:
            unread.append(str(reason))
            continue
        waiting += [(Found(copy.path, copy.copy, name, copy.time), depth + 1) for copy in copies]
    return files


def _in_folder(root: Path, parts: Parts, unread: list[str]) -> list[Found]:
    found: list[Found] = []
    for path in _walk(root, 0):
        if path.is_symlink():
            if may_matter(path.name, parts):
                unread.append(f"{one_line(path.name, 80)} is a link and was left out")
        elif path.is_file():
            if len(found) >= MAX_ENTRIES:
                raise UserMistake(
                    f"{root} holds more than {MAX_ENTRIES} files: name the folder with the part files"
                )
            found.append(Found(PurePosixPath(path.relative_to(root).as_posix()), path))
    return found


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise UserMistake(f"{folder} cannot be read: {error.strerror}") from error
    for entry in entries:
        if is_noise(entry.name):
            continue
        if entry.is_dir() and not entry.is_symlink():
            if depth < MAX_DEPTH:
                yield from _walk(entry, depth + 1)
        else:
            yield entry
