"""Archives that were handed in: what they are, and the files in them that may be homework.

Nothing is unpacked as it is named: the wanted files are copied, capped while they stream, into numbered files, and all
copies of a submission together have a cap. Links, devices, absolute paths and `..` are left where they are.
"""

from __future__ import annotations

import errno
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from autograder.grader.intake import tars, zips
from autograder.grader.intake.entries import CannotOpen, Entry
from autograder.grader.intake.names import MAX_ARCHIVE, is_noise
from envs.errors import UserMistake, one_line

# bytes of all copies: a zip of 1 MB can hold a thousand times as much, in any number of files
MAX_COPIED = 2**30
MAX_ENTRIES = 10_000  # not counting what systems and tools leave behind
MAX_DEPTH = 8
_CHUNK = 2**20
_OTHERS = {b"7z\xbc\xaf'\x1c": "a 7z archive", b"Rar!": "a rar archive", b"(\xb5/\xfd": "a zst archive"}


@dataclass(frozen=True)
class Unpacked:
    """One file of an archive: its path in there, when it was changed (s, 0 if unknown), and where its copy lies."""

    path: PurePosixPath
    time: float
    copy: Path


Wanted = Callable[[PurePosixPath], int]  # how many bytes to take of a file at the most; 0: it is not wanted


class Room:
    """A folder for the copies from all archives of a submission, at most MAX_COPIED bytes together."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count, self._left = folder, 0, MAX_COPIED

    def copy(self, source: IO[bytes], cap: int) -> Path:
        """At most `cap` bytes, whatever a header says of the size. Raises `CannotOpen` if the room is full."""
        self._count += 1
        path = self._folder / f"{self._count:06}"
        with open(path, "wb") as target:
            while cap > 0 and (chunk := source.read(min(_CHUNK, cap))):
                cap -= len(chunk)
                self._left -= len(chunk)
                if self._left < 0:
                    path.unlink()
                    raise CannotOpen(
                        f"the archives unpack to more than {MAX_COPIED // 2**20} MB: hand in the part files alone"
                    )
                target.write(chunk)
        return path


def unpack(archive: Path, name: str, room: Room, wanted: Wanted, unread: list[str]) -> list[Unpacked]:
    """Copy the wanted files of `archive`, called `name` where it was handed in, into `room`.

    A wanted file that cannot be read is named in a sentence in `unread`, and the others are copied all the same.
    Raises `CannotOpen` if that is said of the archive as a whole.
    """
    if archive.stat().st_size > MAX_ARCHIVE:
        raise CannotOpen(f"{name} is larger than {MAX_ARCHIVE // 2**20} MB")
    with open(archive, "rb") as file:
        opening = file.read(tars.OPENING)
    for magic, kind in _OTHERS.items():
        if opening.startswith(magic):
            raise CannotOpen(f"{name} is {kind}, which cannot be opened here: pack a zip")
    # A tar is told first: one whose last file is a zip would pass for that zip.
    try:
        is_zip = not tars.is_tar(opening) and zipfile.is_zipfile(archive)
        with zips.entries(archive, name) if is_zip else tars.entries(archive, opening, name) as entries:
            return list(_copies(entries, name, room, wanted, unread))
    except (UserMistake, MemoryError):
        raise
    except Exception as error:  # the libraries raise a dozen kinds over a damaged archive
        if _is_ours(error):
            raise
        raise CannotOpen(
            f"{name} is damaged and cannot be unpacked ({_why(error)}): pack it again"
        ) from error


def _copies(
    entries: Iterator[Entry], name: str, room: Room, wanted: Wanted, unread: list[str]
) -> Iterator[Unpacked]:
    seen: dict[PurePosixPath, int | None] = {}
    count = 0
    for entry in entries:
        path = PurePosixPath(entry.path.replace("\\", "/"))
        if any(is_noise(part) for part in path.parts):
            continue
        count += 1
        if count > MAX_ENTRIES:
            raise CannotOpen(f"{name} holds more than {MAX_ENTRIES} files")
        if (cap := wanted(path)) <= 0:
            continue
        shown = one_line(entry.path, 80)
        if path.is_absolute() or ".." in path.parts or ":" in entry.path or len(path.parts) > MAX_DEPTH:
            unread.append(f"{shown} points outside {name} and was left out")
        elif not entry.regular:
            unread.append(f"{shown} is not a regular file and was left out")
        elif path in seen:
            if entry.checksum is None or entry.checksum != seen[path]:
                raise CannotOpen(f"{name} holds {shown} twice: pack it again")
        else:
            seen[path] = entry.checksum
            try:
                with entry.open() as source:
                    copy = room.copy(source, cap)
            # What comes after it in a tar cannot be read.
            except (UserMistake, MemoryError, tarfile.TarError):
                raise
            except Exception as error:
                if _is_ours(error) or entry.checksum is None:
                    raise
                unread.append(f"{shown} in {name} is damaged ({_why(error)}): pack it again")
            else:
                yield Unpacked(path, entry.time, copy)


def _is_ours(error: Exception) -> bool:
    """Whether this machine failed, and not the archive: a full disk, too many open files."""
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


def _why(error: Exception) -> str:
    return one_line(f"{type(error).__name__}: {error}", 200)
