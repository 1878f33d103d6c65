"""Archives that were handed in: what they are, and the files in them that may be homework.

Nothing is unpacked as it is named: the wanted files are copied, capped while they stream, into numbered files, and all
copies of a submission together have a cap. Links, devices, absolute paths and `..` are left where they are.
"""

from __future__ import annotations

import bz2
import contextlib
import errno
import gzip
import io
import lzma
import stat
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from envs.errors import UserMistake, one_line

ENDINGS = tuple(".zip .tar .tar.gz .tgz .tar.bz2 .tbz2 .tar.xz .txz .7z .rar .gz .xz .bz2 .zst .z".split())
MAX_ARCHIVE = 200 * 2**20  # bytes, packed
MAX_UNPACKED = 2**30  # bytes that are read to look through a compressed tar
MAX_COPIED = (
    2**30
)  # bytes of all copies: a zip of 1 MB can hold a thousand times as much, in any number of files
MAX_HEADER = 2**20  # bytes of a tar's long names and attributes, which are read into memory
MAX_ENTRIES = 10_000  # not counting what systems and tools leave behind
MAX_DEPTH = 8
_CHUNK = 2**20
_STREAMS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}
_TAR_MAGIC = (b"ustar", 257)  # and where it stands
_ENCRYPTED, _UTF8 = 0x1, 0x800  # flags of an entry in a zip
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


def is_archive(name: str) -> bool:
    """Whether a file of this name is an archive or a compressed file."""
    return name.lower().endswith(ENDINGS)


def is_noise(name: str) -> bool:
    """Whether a file or folder of this name is what systems and tools leave behind, and never homework."""
    return name in ("__MACOSX", "__pycache__", "node_modules") or (
        name.startswith(".") and name not in (".", "..")
    )


def unpack(archive: Path, name: str, room: Room, wanted: Wanted, unread: list[str]) -> list[Unpacked]:
    """Copy the wanted files of `archive`, called `name` where it was handed in, into `room`.

    A wanted file that cannot be read is named in a sentence in `unread`, and the others are copied all the same.
    Raises `CannotOpen` if that is said of the archive as a whole.
    """
    if archive.stat().st_size > MAX_ARCHIVE:
        raise CannotOpen(f"{name} is larger than {MAX_ARCHIVE // 2**20} MB")
    with open(archive, "rb") as file:
        opening = file.read(_TAR_MAGIC[1] + 5)
    for magic, kind in _OTHERS.items():
        if opening.startswith(magic):
            raise CannotOpen(f"{name} is {kind}, which cannot be opened here: pack a zip")
    # A tar is told first: one whose last file is a zip would pass for that zip.
    is_tar = opening[_TAR_MAGIC[1] :] == _TAR_MAGIC[0]
    try:
        if not is_tar and zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                return list(_copies(_in_zip(opened, name), name, room, wanted, unread))
        return _unpack_stream(archive, opening, name, room, wanted, unread)
    except (UserMistake, MemoryError):
        raise
    except Exception as error:  # the libraries raise a dozen kinds over a damaged archive
        if _is_ours(error):
            raise
        raise CannotOpen(
            f"{name} is damaged and cannot be unpacked ({_why(error)}): pack it again"
        ) from error


def _unpack_stream(
    archive: Path, opening: bytes, name: str, room: Room, wanted: Wanted, unread: list[str]
) -> list[Unpacked]:
    """A tar, compressed or not, or a single compressed file."""
    with open(archive, "rb") as file, _stream(file, opening) as stream:
        try:
            tar = tarfile.open(fileobj=_Capped(stream, name), mode="r|", tarinfo=_TarInfo)
        except tarfile.ReadError:
            if stream is file:
                raise CannotOpen(f"{name} is neither a zip nor a tar archive: pack a zip") from None
        else:
            return list(_copies(_in_tar(tar), name, room, wanted, unread))
    alone = PurePosixPath(PurePosixPath(name).name).with_suffix("")  # relabel.py.gz
    with open(archive, "rb") as file, _stream(file, opening) as stream:
        entry = _Entry(alone.name, True, 0.0, None, lambda: stream)
        return list(_copies(iter([entry]), name, room, wanted, unread))


@dataclass(frozen=True)
class _Entry:
    path: str
    regular: bool
    time: float
    checksum: int | None
    open: Callable[[], IO[bytes]]


def _copies(
    entries: Iterator[_Entry], name: str, room: Room, wanted: Wanted, unread: list[str]
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
            except (
                UserMistake,
                MemoryError,
                tarfile.TarError,
            ):  # what comes after it in a tar cannot be read
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


def _in_zip(archive: zipfile.ZipFile, name: str) -> Iterator[_Entry]:
    for info in archive.infolist():
        if not info.is_dir() and not info.filename.endswith("\\"):
            regular = stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG)
            opened = partial(_open_in_zip, archive, info, name)
            yield _Entry(file_name(info), regular, _zip_time(info), info.CRC, opened)


def _open_in_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> IO[bytes]:
    if info.flag_bits & _ENCRYPTED:
        raise CannotOpen(f"{name} is protected with a password: hand it in without one")
    return archive.open(info)


def file_name(info: zipfile.ZipInfo) -> str:
    """The entry's name. Without the UTF-8 flag it means code page 437, but most programs write UTF-8 all the same."""
    if not info.flag_bits & _UTF8:
        with contextlib.suppress(UnicodeError):
            return info.filename.encode("cp437").decode()
    return info.filename


def _zip_time(info: zipfile.ZipInfo) -> float:
    try:
        return time.mktime((*info.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0


def _in_tar(archive: tarfile.TarFile) -> Iterator[_Entry]:
    for info in archive:
        if not info.isdir():
            opened = partial(_open_in_tar, archive, info)
            yield _Entry(info.name.removeprefix("./"), info.isreg(), float(info.mtime), None, opened)


def _open_in_tar(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(info)
    assert content is not None, "only regular files are opened"
    return content


def _stream(file: IO[bytes], opening: bytes) -> Any:
    return next((stream(file) for magic, stream in _STREAMS.items() if opening.startswith(magic)), file)


class _TarInfo(tarfile.TarInfo):
    """Refuses a header that would fill the memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _TarInfo:
        info = super().frombuf(buf, encoding, errors)
        if info.size > MAX_HEADER and info.type not in tarfile.REGULAR_TYPES:
            raise CannotOpen("an archive holds a header of an absurd size: pack it again")
        return info


class _Capped(io.RawIOBase):
    """Reads a stream, and stops with `CannotOpen` where more comes out of it than anybody's homework needs."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream, self._name = stream, name
        self._left = MAX_UNPACKED

    def read(self, size: int = _CHUNK) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise CannotOpen(
                f"{self._name} unpacks to more than {MAX_UNPACKED // 2**20} MB: hand in the part files alone"
            )
        return data
