"""Which of the files that were handed in is taken as which part file.

Of several that could be the same one

    relabel.py beside relabel-1.py or relabel (1).py    the later one is taken: a platform or browser numbers what
                                                        comes again; in an archive the files' times go first
    relabel copy.py, Copy of relabel.py                 only if there is no other
    relabel.py beside a zip that holds one too          the one beside the zip
    two zips                                            that with the higher number; without one, somebody has to look
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.course.parts import Parts
from autograder.grader.intake.entries import CannotOpen
from autograder.grader.intake.files import read_regular
from autograder.grader.intake.names import cap_of, number_of, part_names, version_of
from envs.errors import UserMistake, one_line

SHOWN = 5  # sentences of a kind


@dataclass(frozen=True)
class Found:
    """A file of the submission."""

    path: PurePosixPath  # as it was handed in; within an archive, in there
    file: Path  # where it can be read
    inside: str = ""  # the archive
    time: float = 0.0  # when it was changed, in an archive


@dataclass(frozen=True)
class Opened:
    """What came of it: notes for the student, and what could not be read although files are missing ("" if there is
    nothing of the kind). Then somebody has to look at it."""

    notes: tuple[str, ...]
    to_look_at: str = ""


def take_files(found: Sequence[Found], unread: list[str], path: Path, into: Path, parts: Parts) -> Opened:
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
            numbers = " and ".join(f"part {p.number}" for p in parts.parts if name in p.files)
            lost = "is not among what could be read" if unread else "is missing"
            notes.append(f"{name} {lost}: {numbers} counts as not attempted")
            continue
        chosen, *others = candidates
        if chosen.path.name != name:
            notes.append(f"{one_line(chosen.path.name, 80)} was taken as {name}")
        if (chosen.inside, chosen.path.parent) != home:
            notes.append(f"{name} was taken from {_place(chosen, folder=True)}")
        cap = cap_of(PurePosixPath(name), parts) - 1
        content = read_regular(chosen.file, cap + 1)
        differ = [other for other in others if read_regular(other.file, cap + 1) != content]
        for other in differ[:SHOWN]:
            notes.append(f"{_place(other)} could be {name} too and was left out")
            if (
                chosen.inside
                and other.inside not in ("", chosen.inside)
                and number_of(chosen.inside) == number_of(other.inside)
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


def _candidates(found: Sequence[Found], name: str, home: tuple[str, PurePosixPath]) -> list[Found]:
    """The files that could be the one called `name`, the one to take first."""
    versions = [
        (version, file) for file in found if (version := version_of(file.path.name, name)) is not None
    ]

    def rank(item: tuple[int, Found]) -> tuple:
        version, file = item
        away = (file.inside, file.path.parent) != home
        place = bool(file.inside), -number_of(file.inside), away, len(file.path.parts)
        return version < 0, *place, -file.time, -version, file.path.name != name, str(file.path)

    return [file for _, file in sorted(versions, key=rank)]


def _place(file: Found, folder: bool = False) -> str:
    path = file.path.parent if folder else file.path
    inside = "" if path == PurePosixPath(".") else str(path)
    return one_line("/".join(filter(None, (file.inside, inside))), 80) or "the folder around it"


def _home(found: Sequence[Found], parts: Parts) -> tuple[str, PurePosixPath] | None:
    """(archive, folder) that holds most of the files; of two, the one called hw, then the one nearer to the top."""
    counts: dict[tuple[str, PurePosixPath], set[str]] = {}
    for file in found:
        for name in part_names(file.path.name, parts):
            counts.setdefault((file.inside, file.path.parent), set()).add(name)

    def rank(home: tuple[str, PurePosixPath]) -> tuple:
        archive, folder = home
        return (
            -len(counts[home]),
            folder.name != "hw",
            bool(archive),
            -number_of(archive),
            len(folder.parts),
            str(home),
        )

    return min(counts, key=rank, default=None)
