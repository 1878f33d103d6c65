"""The files in a folder or archive that holds everybody's uploads: their paths, sizes and stamps; nothing is opened.

Links, absolute paths, `..` and what systems leave behind are no files here, and there are caps on everything.
"""

from __future__ import annotations

import os
import stat
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.engine.archives import is_noise
from autograder.engine.outcomes import UserMistake, one_line

MAX_FILES = 1_000_000
MAX_ARCHIVE = 50 * 2**30  # bytes
MAX_DEPTH = 12  # an upload may nest 8 deep, within what the platform adds


@dataclass(frozen=True)
class Entry:
    path: PurePosixPath  # within the folder or archive
    size: int  # bytes
    stamp: str
    raw: str  # how the archive spells the path


def list_files(source: Path) -> list[Entry]:
    """The files in a folder or zip, sorted by path. Raises `UserMistake`: not there, neither of both, damaged."""
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
        return  # one student's unreadable folder is that student's trouble
    for item in inside:
        if is_noise(item.name) or item.is_symlink():
            continue
        if item.is_dir(follow_symlinks=False):
            if depth < MAX_DEPTH:
                yield from _in_folder(root, Path(item.path), depth + 1)
        elif item.is_file(follow_symlinks=False):
            facts = item.stat(follow_symlinks=False)
            raw = Path(item.path).relative_to(root).as_posix()
            path = PurePosixPath(unicodedata.normalize("NFC", raw))
            yield Entry(path, facts.st_size, str(facts.st_mtime_ns), raw)


def _in_archive(archive: zipfile.ZipFile) -> Iterator[Entry]:
    seen: set[PurePosixPath] = set()
    for info in archive.infolist():
        path = PurePosixPath(_spelled(info))
        links = stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG)
        outside = path.is_absolute() or ".." in path.parts or len(path.parts) > MAX_DEPTH + 1
        if _is_folder(info) or links or outside or path in seen or any(is_noise(part) for part in path.parts):
            continue
        seen.add(path)
        yield Entry(path, info.file_size, f"{info.CRC:08x}", info.filename)


def list_folders(source: Path) -> list[PurePosixPath]:
    """The folders at the top and one level below: where nothing is in them, no file tells of them."""
    if source.is_dir():
        found = [p for p in (*source.glob("*"), *source.glob("*/*")) if p.is_dir() and not p.is_symlink()]
        paths = [PurePosixPath(unicodedata.normalize("NFC", p.relative_to(source).as_posix())) for p in found]
    else:
        with zipfile.ZipFile(source) as archive:
            paths = [PurePosixPath(_spelled(info)) for info in archive.infolist() if _is_folder(info)]
    inside = [path for path in paths if not path.is_absolute() and ".." not in path.parts]
    return sorted(path for path in inside if not any(is_noise(part) for part in path.parts))


def _is_folder(info: zipfile.ZipInfo) -> bool:
    return info.is_dir() or info.filename.endswith("\\")  # as some packers on Windows write them


def _spelled(info: zipfile.ZipInfo) -> str:
    """The path as it was meant: many packers write UTF-8 and do not say so, and then it is read as cp437."""
    name = info.filename
    if not info.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return unicodedata.normalize("NFC", name.replace("\\", "/"))
