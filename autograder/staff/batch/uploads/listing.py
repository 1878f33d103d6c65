"""The files in a folder or archive that holds everybody's uploads: their paths, sizes and revisions; nothing is opened.

Paths are the same however a system spells them: with slashes, in Unicode's form NFC, and as UTF-8 if a zip does not
say so. Folders are listed as well, as one without files is somebody who handed in nothing.

Absolute paths, `..` and what systems leave behind are no files here, and there are caps on everything. What nobody
opens (a link, what lies too deep, what cannot be read) is listed: a student who has only that did hand something in.
"""

from __future__ import annotations

import lzma
import os
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType

from autograder.grader.intake.files import read_regular
from autograder.grader.intake.names import is_noise
from autograder.grader.intake.zips import file_name
from envs.errors import UserMistake, one_line

MAX_FILES = 1_000_000
MAX_ARCHIVE = 50 * 2**30  # bytes
UNREADABLE = "what cannot be read"  # stands for what a folder holds that nobody can look into
CLONE = ".git"  # tells a clone of GitHub's; what is in it is nobody's homework
FOLDER_DEPTH = 4
DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError)
MAX_DEPTH = 12  # an upload may nest 8 deep, within what the platform adds


@dataclass(frozen=True)
class Entry:
    path: PurePosixPath  # within the folder or archive
    size: int  # bytes
    revision: str
    raw: str  # how the folder or archive spells the path
    folder: bool = False  # only those near the top are listed, and a clone's .git
    closed: bool = False  # nobody opens it


def list_files(source: Path) -> list[Entry]:
    """The files in a folder or zip, sorted by path. Raises `UserMistake` if `source` is neither, or is damaged."""
    if not source.exists():
        raise UserMistake(f"there are no submissions at {source}")
    if source.is_dir():
        entries = _limited(_in_folder(source, source, 0), source)
    elif zipfile.is_zipfile(source):
        if source.stat().st_size > MAX_ARCHIVE:
            raise UserMistake(
                f"{source.name} is larger than {MAX_ARCHIVE // 2**30} GB: unpack it, name the folder"
            )
        try:
            with zipfile.ZipFile(source) as archive:
                entries = _limited(_in_archive(archive), source)
        except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
            raise UserMistake(
                f"{source.name} is damaged ({one_line(str(error), 80)}): download it again"
            ) from error
    else:
        raise UserMistake(f"{source} is neither a folder nor a zip file with everybody's submissions")
    return sorted(entries, key=lambda entry: str(entry.path))


def _limited(entries: Iterator[Entry], source: Path) -> list[Entry]:
    found = []
    for entry in entries:
        found.append(entry)
        if len(found) > MAX_FILES:
            raise UserMistake(f"{source} holds more than {MAX_FILES} files: it is not a class's submissions")
    return found


def _in_folder(root: Path, folder: Path, depth: int) -> Iterator[Entry]:
    try:
        with os.scandir(folder) as found:
            inside = list(found)
    except OSError as error:
        if folder == root:
            raise UserMistake(f"{root} cannot be read: {error.strerror}") from error
        raw = (folder / UNREADABLE).relative_to(root).as_posix()
        yield Entry(_path(raw), 0, "", raw, closed=True)
        return  # one student's unreadable folder is that student's trouble
    for item in inside:
        if is_noise(item.name) and item.name != CLONE:
            continue
        raw = Path(item.path).relative_to(root).as_posix()
        if item.is_symlink():
            if depth > 0 and item.name != CLONE:
                yield Entry(_path(raw), 0, "", raw, closed=True)
        elif item.is_dir(follow_symlinks=False):
            if depth < FOLDER_DEPTH:
                yield Entry(_path(raw), 0, "", raw, folder=True)
            elif depth == MAX_DEPTH:
                yield Entry(_path(raw), 0, "", raw, closed=True)
            if depth < MAX_DEPTH and item.name != CLONE:
                yield from _in_folder(root, Path(item.path), depth + 1)
        elif item.is_file(follow_symlinks=False) and item.name != CLONE:
            facts = item.stat(follow_symlinks=False)
            yield Entry(_path(raw), facts.st_size, str(facts.st_mtime_ns), raw)


def _in_archive(archive: zipfile.ZipFile) -> Iterator[Entry]:
    found: dict[PurePosixPath, Entry] = {}
    for info in archive.infolist():
        name = file_name(info).replace("\\", "/")
        path = _path(name)
        links = stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            continue
        deep = len(path.parts) > MAX_DEPTH + 1
        path = PurePosixPath(*path.parts[: MAX_DEPTH + 1])
        clone = path.parts.index(CLONE) if CLONE in path.parts else len(path.parts)
        folder = info.is_dir() or name.endswith("/") or clone < len(path.parts)
        path = PurePosixPath(*path.parts[: clone + 1])
        noise = next((n for n, part in enumerate(path.parts[:clone]) if is_noise(part)), len(path.parts))
        # Few zips have entries for folders.
        for depth in range(1, min(noise, len(path.parts) - 1, FOLDER_DEPTH) + 1):
            above = PurePosixPath(*path.parts[:depth])
            found.setdefault(above, Entry(above, 0, "", info.filename, folder=True))
        if noise < len(path.parts):
            continue
        if not folder:  # of two with one name, the last is the one that opens
            closed = deep or links
            found[path] = Entry(path, info.file_size, f"{info.CRC:08x}", info.filename, closed=closed)
        elif len(path.parts) <= FOLDER_DEPTH:
            found.setdefault(path, Entry(path, 0, "", info.filename, folder=True))
    yield from found.values()


def _path(text: str) -> PurePosixPath:
    # Bytes that are no UTF-8: each stays a character of its own, so names stay different.
    if not text.isprintable():
        text = re.sub("[\udc80-\udcff]", lambda found: chr(ord(found[0]) - 0xDC00), text)
    return PurePosixPath(unicodedata.normalize("NFC", text))


class Reader:
    """Reads single files of a folder or archive; use it in a `with` statement."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._archive = None if source.is_dir() else zipfile.ZipFile(source)

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._archive is not None:
            self._archive.close()

    def read(self, entry: Entry, cap: int) -> bytes:
        """At most `cap` bytes. Raises `UserMistake`."""
        if self._archive is None:
            return read_regular(self._source / entry.raw, cap)
        try:
            with self._archive.open(entry.raw) as file:
                return file.read(cap)
        except (*DAMAGE, KeyError) as error:
            raise UserMistake(f"{entry.path} is damaged ({one_line(str(error), 80)})") from error
