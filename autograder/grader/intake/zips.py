"""The entries of a zip."""

from __future__ import annotations

import contextlib
import stat
import time
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

from autograder.grader.intake.entries import CannotOpen, Entry

_ENCRYPTED, _UTF8 = 0x1, 0x800  # flags of an entry


@contextlib.contextmanager
def entries(archive: Path, name: str) -> Iterator[Iterator[Entry]]:
    """The entries of `archive`, called `name`."""
    with zipfile.ZipFile(archive) as opened:
        yield _in_zip(opened, name)


def _in_zip(archive: zipfile.ZipFile, name: str) -> Iterator[Entry]:
    for info in archive.infolist():
        if not info.is_dir() and not info.filename.endswith("\\"):
            regular = stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG)
            open_ = partial(_open, archive, info, name)
            yield Entry(file_name(info), regular, _time(info), info.CRC, open_)


def _open(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> IO[bytes]:
    if info.flag_bits & _ENCRYPTED:
        raise CannotOpen(f"{name} is protected with a password: hand it in without one")
    return archive.open(info)


def file_name(info: zipfile.ZipInfo) -> str:
    """The entry's name. Without the UTF-8 flag it means code page 437, but most programs write UTF-8 all the same."""
    if not info.flag_bits & _UTF8:
        with contextlib.suppress(UnicodeError):
            return info.filename.encode("cp437").decode()
    return info.filename


def _time(info: zipfile.ZipInfo) -> float:
    try:
        return time.mktime((*info.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0
