"""The entries of a tar, compressed or not, and of a single compressed file."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from autograder.grader.intake.entries import CannotOpen, Entry

MAX_UNPACKED = 2**30  # bytes that are read to look through a compressed tar
MAX_HEADER = 2**20  # bytes of a tar's long names and attributes, which are read into memory
_CHUNK = 2**20
_MAGIC, _PLACE = b"ustar", 257  # what marks a tar, and where it stands
OPENING = _PLACE + len(_MAGIC)  # bytes at the beginning of a file that tell what it is
_STREAMS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}


def is_tar(opening: bytes) -> bool:
    return opening[_PLACE:] == _MAGIC


@contextlib.contextmanager
def entries(archive: Path, opening: bytes, name: str) -> Iterator[Iterator[Entry]]:
    """The entries of `archive`, called `name`, which begins with `opening`. Raises `CannotOpen`."""
    with open(archive, "rb") as file, _stream(file, opening) as stream:
        try:
            tar = tarfile.open(fileobj=cast(IO[bytes], _Capped(stream, name)), mode="r|", tarinfo=_TarInfo)
        except tarfile.ReadError:
            if stream is file:
                raise CannotOpen(f"{name} is neither a zip nor a tar archive: pack a zip") from None
        else:
            yield _in_tar(tar)
            return
    alone = PurePosixPath(PurePosixPath(name).name).with_suffix("")  # relabel.py.gz
    with open(archive, "rb") as file, _stream(file, opening) as stream:
        yield iter([Entry(alone.name, True, 0.0, None, lambda: stream)])


def _in_tar(archive: tarfile.TarFile) -> Iterator[Entry]:
    for info in archive:
        if not info.isdir():
            open_ = partial(_open, archive, info)
            yield Entry(info.name.removeprefix("./"), info.isreg(), float(info.mtime), None, open_)


def _open(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(info)
    assert file is not None, "only regular files are opened"
    return file


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


class _Capped:
    """Reads a stream, and raises `CannotOpen` if more comes out of it than any homework needs."""

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
