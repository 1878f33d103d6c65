"""Open what was handed in: a folder or a zip, from which only the files that parts.toml names are taken.

Regular files only, capped in size while they are read; links, absolute paths and `..` are left where they are. A folder
around the files, `__MACOSX`, another case of a name and extra files are forgiven, with a note where it matters.
"""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.engine.outcomes import UserMistake, one_line
from autograder.engine.parts import Parts

MAX_ZIP = 200 * 2**20  # bytes, packed
MAX_ENTRIES = 10_000
MAX_CODE = 2**20  # bytes, of one part file
MAX_WEIGHTS = 50 * 2**20
MAX_DEPTH = 8


@dataclass(frozen=True)
class _Found:
    """A file in the submission: where it lies, and how to read at most so many bytes of it."""

    path: PurePosixPath
    read: Callable[[int], bytes]


def open_submission(path: Path, into: Path, parts: Parts) -> list[str]:
    """Put the allowed files of the submission at `path` into the existing folder `into`; returns notes.

    Raises `UserMistake`: no such path, neither folder nor zip, damaged, too large, or none of the files in it.
    """
    if not path.exists():
        raise UserMistake(f"there is no submission at {path}")
    notes: list[str] = []
    if path.is_dir():
        _take(_in_folder(path, notes), path, into, parts, notes)
    elif zipfile.is_zipfile(path):
        if path.stat().st_size > MAX_ZIP:
            raise UserMistake(f"{path.name} is larger than {MAX_ZIP // 2**20} MB")
        try:
            with zipfile.ZipFile(path) as archive:
                _take(_in_zip(archive, path, notes), path, into, parts, notes)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            # RuntimeError: encrypted; NotImplementedError: an unknown way of packing
            raise UserMistake(
                f"{path.name} cannot be unpacked ({one_line(str(error), 80)}): pack it again"
            ) from error
    else:
        raise UserMistake(f"{path} is neither a folder nor a zip file")
    return notes


def _take(found: list[_Found], path: Path, into: Path, parts: Parts, notes: list[str]) -> None:
    """Choose one file for each allowed name and write it."""
    home = _home(found, parts)
    if home is None:
        raise UserMistake(f"{path.name or path} holds none of the files {', '.join(parts.files)}")
    if home != PurePosixPath("."):
        notes.append(f"the files were taken from the folder {one_line(str(home), 80)}")
    for name in parts.files:
        candidates = [f for f in found if f.path.name.lower() == name.lower()]
        # In the home folder before elsewhere, in the right case before another, near the top before deep down.
        candidates.sort(
            key=lambda f: (f.path.parent != home, f.path.name != name, len(f.path.parts), str(f.path))
        )
        if not candidates:
            owners = [p for p in parts.parts if p.file == name]
            numbers = " and ".join(f"part {p.number}" for p in owners)
            notes.append(f"{name} is missing: {numbers} counts as not attempted")
            continue
        chosen = candidates[0]
        if chosen.path.name != name:
            notes.append(f"{one_line(chosen.path.name, 80)} was taken as {name}")
        if chosen.path.parent != home:
            notes.append(f"{name} was taken from {one_line(str(chosen.path.parent), 80)}")
        cap = MAX_CODE if name.endswith(".py") else MAX_WEIGHTS
        content = chosen.read(cap + 1)
        if len(content) > cap:
            notes.append(f"{name} is larger than {cap // 2**20} MB and was left out")
            continue
        with open(into / name, "xb") as file:
            file.write(content)


def _home(found: list[_Found], parts: Parts) -> PurePosixPath | None:
    """The folder that holds most of the files; of two, the one called hw, then the one nearer to the top."""
    allowed = {name.lower() for name in parts.files}
    counts: dict[PurePosixPath, int] = {}
    for file in found:
        if file.path.name.lower() in allowed:
            counts[file.path.parent] = counts.get(file.path.parent, 0) + 1
    rank = lambda folder: (-counts[folder], folder.name != "hw", len(folder.parts), str(folder))  # noqa: E731
    return min(counts, key=rank, default=None)


def _in_folder(root: Path, notes: list[str]) -> list[_Found]:
    found: list[_Found] = []
    for path in _walk(root, 0):
        if path.is_symlink():
            notes.append(f"{one_line(path.name, 80)} is a link and was left out")
        elif path.is_file():
            if len(found) >= MAX_ENTRIES:
                raise UserMistake(
                    f"{root} holds more than {MAX_ENTRIES} files: name the folder with the part files"
                )
            found.append(
                _Found(
                    PurePosixPath(path.relative_to(root).as_posix()), lambda cap, p=path: read_regular(p, cap)
                )
            )
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


def read_regular(path: Path, cap: int) -> bytes:
    """At most `cap` bytes of a regular file; a link or pipe put in its place meanwhile is refused."""
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise UserMistake(f"{path} is not a regular file")
            return file.read(cap)
    except OSError as error:
        raise UserMistake(f"{path} cannot be read: {error.strerror}") from error


def _in_zip(archive: zipfile.ZipFile, path: Path, notes: list[str]) -> list[_Found]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise UserMistake(f"{path.name} holds more than {MAX_ENTRIES} files")
    found: dict[PurePosixPath, _Found] = {}
    for entry in entries:
        name = entry.filename.replace("\\", "/")
        inside = PurePosixPath(name)
        if entry.is_dir() or any(is_noise(part) for part in inside.parts):
            continue
        if inside.is_absolute() or ".." in inside.parts or ":" in name or len(inside.parts) > MAX_DEPTH:
            notes.append(f"{one_line(name, 80)} points outside the zip and was left out")
        elif stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
            notes.append(f"{one_line(name, 80)} is not a regular file and was left out")
        elif inside in found:
            raise UserMistake(f"{path.name} holds {one_line(name, 80)} twice: pack it again")
        else:
            found[inside] = _Found(inside, lambda cap, e=entry: _read_entry(archive, e, cap))
    return list(found.values())


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, cap: int) -> bytes:
    with archive.open(entry) as file:  # the header's size may lie: what counts is what comes out
        return file.read(cap)


def is_noise(name: str) -> bool:
    """Whether a file or folder of this name is what systems and tools leave behind, and never homework."""
    return name in ("__MACOSX", "__pycache__", "node_modules") or (
        name.startswith(".") and name not in (".", "..")
    )
