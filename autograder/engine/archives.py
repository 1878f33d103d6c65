"""Archives that were handed in: what they are, and the files in them that may be homework.

Nothing is unpacked as it is named: the wanted files are copied, capped while they stream, into numbered files. Links,
devices, absolute paths and `..` are left where they are.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from autograder.engine.outcomes import UserMistake, one_line

ENDINGS = tuple(".zip .tar .tar.gz .tgz .tar.bz2 .tbz2 .tar.xz .txz .7z .rar .gz .xz .bz2 .zst .z".split())
MAX_ARCHIVE = 200 * 2**20  # bytes, packed
MAX_UNPACKED = 2**30  # bytes that are read to look through a compressed tar
MAX_ENTRIES = 10_000
MAX_DEPTH = 8
_CHUNK = 2**20
_STREAMS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}
_OTHERS = {b"7z\xbc\xaf'\x1c": "a 7z archive", b"Rar!": "a rar archive", b"(\xb5/\xfd": "a zst archive"}


class CannotOpen(UserMistake):
    """An archive that is damaged, locked, too large or of a kind that is not opened here. Someone has to look at it."""


@dataclass(frozen=True)
class Unpacked:
    """One file of an archive: its path in there, when it was changed (s, 0 if unknown), and where its copy lies."""

    path: PurePosixPath
    time: float
    copy: Path


Wanted = Callable[[PurePosixPath], int]  # how many bytes to take of a file at the most; 0: it is not wanted


def is_archive(name: str) -> bool:
    """Whether a file of this name is an archive or a compressed file."""
    return name.lower().endswith(ENDINGS)


def unpack(archive: Path, name: str, room: Path, wanted: Wanted, notes: list[str]) -> list[Unpacked]:
    """Copy the wanted files of `archive`, called `name` where it was handed in, into the folder `room`.

    What is left out is said in `notes`. Raises `CannotOpen`.
    """
    if archive.stat().st_size > MAX_ARCHIVE:
        raise CannotOpen(f"{name} is larger than {MAX_ARCHIVE // 2**20} MB")
    with open(archive, "rb") as file:
        opening = file.read(8)
    for magic, kind in _OTHERS.items():
        if opening.startswith(magic):
            raise CannotOpen(f"{name} is {kind}, which cannot be opened here: pack a zip")
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                return list(_copies(_in_zip(opened, name), name, room, wanted, notes))
        with open(archive, "rb") as file, _stream(file, opening) as stream:
            try:
                opened_tar = tarfile.open(fileobj=_Capped(stream), mode="r|")
            except tarfile.ReadError:
                raise CannotOpen(f"{name} is neither a zip nor a tar archive: pack a zip") from None
            return list(_copies(_in_tar(opened_tar), name, room, wanted, notes))
    except UserMistake:
        raise
    except Exception as error:  # the libraries raise a dozen kinds over a damaged archive
        reason = one_line(f"{type(error).__name__}: {error}", 200)
        raise CannotOpen(f"{name} is damaged and cannot be unpacked ({reason}): pack it again") from error


@dataclass(frozen=True)
class _Entry:
    path: str
    regular: bool
    time: float
    checksum: int | None
    open: Callable[[], IO[bytes] | None]


def _copies(
    entries: Iterator[_Entry], name: str, room: Path, wanted: Wanted, notes: list[str]
) -> Iterator[Unpacked]:
    seen: dict[PurePosixPath, int | None] = {}
    for count, entry in enumerate(entries, 1):
        if count > MAX_ENTRIES:
            raise CannotOpen(f"{name} holds more than {MAX_ENTRIES} files")
        path = PurePosixPath(entry.path.replace("\\", "/"))
        shown = one_line(entry.path, 80)
        if path.is_absolute() or ".." in path.parts or ":" in entry.path or len(path.parts) > MAX_DEPTH:
            notes.append(f"{shown} points outside {name} and was left out")
        elif not entry.regular:
            notes.append(f"{shown} is not a regular file and was left out")
        elif (cap := wanted(path)) > 0:
            if path in seen:
                if entry.checksum is None or entry.checksum != seen[path]:
                    raise CannotOpen(f"{name} holds {shown} twice: pack it again")
                continue
            seen[path] = entry.checksum
            copy = room / f"{len(list(room.iterdir())):06}"
            if (source := entry.open()) is not None:
                with source, open(copy, "wb") as target:
                    _copy(source, target, cap)
                yield Unpacked(path, entry.time, copy)


def _copy(source: IO[bytes], target: IO[bytes], cap: int) -> None:
    """At most `cap` bytes, whatever the header says of the size."""
    while cap > 0 and (chunk := source.read(min(_CHUNK, cap))):
        target.write(chunk)
        cap -= len(chunk)


def _in_zip(archive: zipfile.ZipFile, name: str) -> Iterator[_Entry]:
    for info in archive.infolist():
        if info.is_dir() or info.filename.endswith("\\"):
            continue
        if info.flag_bits & 1:
            raise CannotOpen(f"{name} is protected with a password: hand it in without one")
        regular = stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG)
        yield _Entry(info.filename, regular, _zip_time(info), info.CRC, lambda info=info: archive.open(info))


def _zip_time(info: zipfile.ZipInfo) -> float:
    try:
        return time.mktime((*info.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0


def _in_tar(archive: tarfile.TarFile) -> Iterator[_Entry]:
    for info in archive:
        if not info.isdir():
            open_ = lambda info=info: archive.extractfile(info)  # noqa: E731
            yield _Entry(info.name.removeprefix("./"), info.isreg(), float(info.mtime), None, open_)


def _stream(file: IO[bytes], opening: bytes) -> Any:
    return next((stream(file) for magic, stream in _STREAMS.items() if opening.startswith(magic)), file)


class _Capped:
    """Reads a stream, and stops with `CannotOpen` where more comes out of it than anybody's homework needs."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = MAX_UNPACKED

    def read(self, size: int = _CHUNK) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise CannotOpen(f"an archive unpacks to more than {MAX_UNPACKED // 2**20} MB")
        return data
