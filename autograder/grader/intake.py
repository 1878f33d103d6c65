"""Open what was handed in: a folder or an archive, from which only the files that parts.toml names are taken.

Regular files only, capped in size while they are read; links, absolute paths and `..` are left where they are. A folder
around the files, `__MACOSX`, another case of a name, an archive beside the files or within another, and extra files are
forgiven, with a note where it matters. Of several files that could be the same one

    relabel.py beside relabel-1.py or relabel (1).py    the later one is taken: a platform or browser numbers what
                                                        comes again; in an archive the files' times go first
    relabel copy.py, Copy of relabel.py                 only if there is no other
    relabel.py beside a zip that holds one too          the one beside the zip
    two zips                                            that with the higher number; without one, somebody has to look
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.course.parts import Parts
from autograder.grader.archives import (
    MAX_ARCHIVE,
    MAX_DEPTH,
    MAX_ENTRIES,
    CannotOpen,
    Room,
    is_archive,
    is_noise,
    unpack,
)
from autograder.grader.weights import MAX_BYTES as MAX_WEIGHTS
from envs.errors import UserMistake, one_line

MAX_CODE = 2**20  # bytes, of one part file
MAX_NESTED = 3  # archives within each other
MAX_ARCHIVES = 20
SHOWN = 5  # sentences of a kind
_NUMBER = re.compile(r"(?P<stem>.+?)(?: ?\((?P<a>\d{1,3})\)|-(?P<b>\d{1,3}))", re.DOTALL)
_COPY = re.compile(
    r"(?P<stem>.+?)(?: copy(?: \d+)?| - copy(?: \(\d+\))?| kopie(?: \d+)?)|copy of (?P<of>.+)", re.DOTALL
)


@dataclass(frozen=True)
class Opened:
    """What came of it: notes for the student, and what could not be read although files are missing ("" if there is
    nothing of the kind). Then somebody has to look at it."""

    notes: tuple[str, ...]
    to_look_at: str = ""


@dataclass(frozen=True)
class _Found:
    """A file of the submission."""

    path: PurePosixPath  # as it was handed in; within an archive, in there
    file: Path  # where it can be read
    inside: str = ""  # the archive
    time: float = 0.0  # when it was changed, in an archive


def open_submission(path: Path, into: Path, parts: Parts) -> Opened:
    """Put the allowed files of the submission at `path` into the existing folder `into`.

    Raises `UserMistake`: no such path, neither folder nor archive, too large, or none of the files in it. It is a
    `CannotOpen` where an archive may hold them.
    """
    if not path.exists():
        raise UserMistake(f"there is no submission at {path}")
    unread: list[str] = []  # a sentence for each archive or part file that is there and could not be read
    with tempfile.TemporaryDirectory(prefix="opening-") as name:
        room = Room(Path(name))
        if path.is_dir():
            found = _in_folder(path, parts, unread)
        elif _names(path.name, parts):
            found = [_Found(PurePosixPath(path.name), path)]
        else:
            copies = unpack(path, one_line(path.name, 80), room, lambda inside: _cap(inside, parts), unread)
            found = [_Found(copy.path, copy.copy, "", copy.time) for copy in copies]
        return _take(_with_archives(found, room, parts, unread), unread, path, into, parts)


def _with_archives(found: list[_Found], room: Room, parts: Parts, unread: list[str]) -> list[_Found]:
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
            copies = unpack(file.file, name, room, lambda path: _cap(path, parts), unread)
        except CannotOpen as reason:
            unread.append(str(reason))
            continue
        waiting += [(_Found(copy.path, copy.copy, name, copy.time), depth + 1) for copy in copies]
    return files


def _take(found: Sequence[_Found], unread: list[str], path: Path, into: Path, parts: Parts) -> Opened:
    """Choose one file for each allowed name and write it."""
    notes: list[str] = []
    home = _home(found, parts)
    if home is None:
        if unread:
            raise CannotOpen(_all_of(unread))
        raise UserMistake(f"{path.name or path} holds none of the files {', '.join(parts.files)}")
    if home[1] != PurePosixPath("."):
        notes.append(f"the files were taken from the folder {one_line(str(home[1]), 80)}")
    if home[0]:
        notes.append(f"the files were taken from {home[0]}")
    missing, doubts = False, []
    for name in parts.files:
        candidates = _candidates(found, name, home)
        if not candidates:
            missing = True
            numbers = " and ".join(f"part {p.number}" for p in parts.parts if p.file == name)
            lost = "is not among what could be read" if unread else "is missing"
            notes.append(f"{name} {lost}: {numbers} counts as not attempted")
            continue
        chosen, *others = candidates
        if chosen.path.name != name:
            notes.append(f"{one_line(chosen.path.name, 80)} was taken as {name}")
        if (chosen.inside, chosen.path.parent) != home:
            notes.append(f"{name} was taken from {_place(chosen, folder=True)}")
        cap = _cap(PurePosixPath(name), parts) - 1
        content = read_regular(chosen.file, cap + 1)
        differ = [other for other in others if read_regular(other.file, cap + 1) != content]
        for other in differ[:SHOWN]:
            notes.append(f"{_place(other)} could be {name} too and was left out")
            if (
                chosen.inside
                and other.inside not in ("", chosen.inside)
                and _number(chosen.inside) == _number(other.inside)
            ):
                doubts.append(
                    f"{chosen.inside} and {other.inside} hold different versions of {name}: hand in one"
                )
        if len(differ) > SHOWN:
            notes.append(f"and {len(differ) - SHOWN} more could be {name}")
        if len(content) > cap:
            unread.append(f"{name} is larger than {cap // 2**20} MB and was left out")
            missing = True
            continue
        with open(into / name, "xb") as file:
            file.write(content)
    notes += [*unread[:SHOWN], *doubts]
    return Opened(tuple(notes), _all_of([*(unread if missing else []), *doubts]))


def _all_of(sentences: list[str]) -> str:
    more = f"; and {len(sentences) - SHOWN} more" if len(sentences) > SHOWN else ""
    return "; ".join(sentences[:SHOWN]) + more


def _candidates(found: Sequence[_Found], name: str, home: tuple[str, PurePosixPath]) -> list[_Found]:
    """The files that could be the one called `name`, the one to take first."""
    versions = [(version, file) for file in found if (version := _version(file.path.name, name)) is not None]

    def rank(item: tuple[int, _Found]) -> tuple:
        version, file = item
        away = (file.inside, file.path.parent) != home
        place = bool(file.inside), -_number(file.inside), away, len(file.path.parts)
        return version < 0, *place, -file.time, -version, file.path.name != name, str(file.path)

    return [file for _, file in sorted(versions, key=rank)]


def _version(file: str, name: str) -> int | None:
    """0 for the name itself in any case, its number for `relabel-1.py` and the like, -1 for a copy; None for others."""
    wanted, low = name.lower(), file.lower()
    if low == wanted:
        return 0
    stem, ending = os.path.splitext(low)
    wanted_stem, wanted_ending = os.path.splitext(wanted)
    if ending != wanted_ending:
        return None
    if (numbered := _NUMBER.fullmatch(stem)) and numbered["stem"] == wanted_stem:
        return int(numbered["a"] or numbered["b"])
    if (copied := _COPY.fullmatch(stem)) and wanted_stem in (copied["stem"], copied["of"]):
        return -1
    return None


def _names(file: str, parts: Parts) -> list[str]:
    return [name for name in parts.files if _version(file, name) is not None]


def may_matter(name: str, parts: Parts) -> int:
    """How many bytes of a file of this name an intake reads at most: 0 if it is neither a part file nor an archive."""
    if is_archive(name):
        return MAX_ARCHIVE + 1
    if not _names(name, parts):
        return 0
    return (MAX_CODE if name.lower().endswith(".py") else MAX_WEIGHTS) + 1


def _cap(path: PurePosixPath, parts: Parts) -> int:
    return 0 if any(is_noise(part) for part in path.parts) else may_matter(path.name, parts)


def _number(archive: str) -> int:
    """1 for "submission-1.zip" and "submission (1).zip", 0 without a number."""
    numbered = _NUMBER.fullmatch(PurePosixPath(archive).name.split(".")[0])
    return int(numbered["a"] or numbered["b"]) if numbered else 0


def _place(file: _Found, folder: bool = False) -> str:
    path = file.path.parent if folder else file.path
    inside = "" if path == PurePosixPath(".") else str(path)
    return one_line("/".join(filter(None, (file.inside, inside))), 80) or "the folder around it"


def _home(found: Sequence[_Found], parts: Parts) -> tuple[str, PurePosixPath] | None:
    """(archive, folder) that holds most of the files; of two, the one called hw, then the one nearer to the top."""
    counts: dict[tuple[str, PurePosixPath], set[str]] = {}
    for file in found:
        for name in _names(file.path.name, parts):
            counts.setdefault((file.inside, file.path.parent), set()).add(name)

    def rank(home: tuple[str, PurePosixPath]) -> tuple:
        archive, folder = home
        return (
            -len(counts[home]),
            folder.name != "hw",
            bool(archive),
            -_number(archive),
            len(folder.parts),
            str(home),
        )

    return min(counts, key=rank, default=None)


def _in_folder(root: Path, parts: Parts, unread: list[str]) -> list[_Found]:
    found: list[_Found] = []
    for path in _walk(root, 0):
        if path.is_symlink():
            if may_matter(path.name, parts):
                unread.append(f"{one_line(path.name, 80)} is a link and was left out")
        elif path.is_file():
            if len(found) >= MAX_ENTRIES:
                raise UserMistake(
                    f"{root} holds more than {MAX_ENTRIES} files: name the folder with the part files"
                )
            found.append(_Found(PurePosixPath(path.relative_to(root).as_posix()), path))
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
