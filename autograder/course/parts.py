"""Read `parts.toml`: part -> file, sub-parts, points, time limit. A mistake in it is named in one sentence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from envs.errors import UserMistake

PARTS_FILE = Path(__file__).parents[1] / "parts.toml"


@dataclass(frozen=True)
class SubPart:
    id: str  # "4b"
    title: str
    points: float
    hole: bool = True  # False: nothing to fill in
    function: str = (
        ""  # where the hole is, "final_goals" or "Actor.forward"; "" where parts.toml does not say
    )


@dataclass(frozen=True)
class Part:
    number: str  # "4"
    title: str
    file: str  # "relabel.py"
    time_limit: float  # s, of one check
    subparts: tuple[SubPart, ...]

    @property
    def module(self) -> str | None:
        """The importable name ("relabel"), None where the part is not code."""
        return self.file.removesuffix(".py") if self.file.endswith(".py") else None


@dataclass(frozen=True)
class Parts:
    parts: tuple[Part, ...]

    @property
    def subparts(self) -> dict[str, SubPart]:
        return {sub.id: sub for part in self.parts for sub in part.subparts}

    @property
    def modules(self) -> dict[str, str]:
        """Module name -> file name, of the parts that are code."""
        return {part.module: part.file for part in self.parts if part.module}

    @property
    def files(self) -> tuple[str, ...]:
        """Everything a submission may hold."""
        return tuple(dict.fromkeys(part.file for part in self.parts))

    @property
    def total(self) -> float:
        return sum(sub.points for sub in self.subparts.values())

    def named(self, ids: Iterable[str]) -> tuple[str, ...]:
        """These sub-parts in words, part by part: "Part 2 synthetic rollouts (2a, 2b)"."""
        ids, words = set(ids), []
        for part in self.parts:
            own = [sub.id for sub in part.subparts if sub.id in ids]
            if own:
                some = f" ({', '.join(own)})" if len(own) < len(part.subparts) else ""
                words.append(f"Part {part.number} {part.title}{some}")
        return tuple(words)

    def part_of(self, subpart_id: str) -> Part:
        for part in self.parts:
            if any(sub.id == subpart_id for sub in part.subparts):
                return part
        raise UserMistake(f"there is no sub-part {subpart_id!r}; there are {', '.join(self.subparts)}")

    def select(self, part: str | None, sub: str | None) -> frozenset[str]:
        """The sub-part ids of `--part` and `--sub`; all of them where neither is given."""
        if part is not None and part not in {p.number for p in self.parts}:
            raise UserMistake(
                f"there is no part {part!r}; there are {', '.join(p.number for p in self.parts)}"
            )
        if sub is not None:
            owner = self.part_of(sub)
            if part is not None and owner.number != part:
                raise UserMistake(f"sub-part {sub} belongs to part {owner.number}, not to part {part}")
            return frozenset({sub})
        return frozenset(s.id for p in self.parts if part in (None, p.number) for s in p.subparts)


def read_parts(path: Path | None = None) -> Parts:
    """The course's own `parts.toml` by default. Raises `UserMistake` with the file's name and what is wrong in it."""
    path = PARTS_FILE if path is None else path
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserMistake(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserMistake(f"{path} is not valid TOML: {error}") from error
    parts = table.get("part")
    if not isinstance(parts, dict) or not parts:
        raise UserMistake(f"{path} has no table [part.1]")
    read = Parts(tuple(_part(path, number, entry) for number, entry in parts.items()))
    ids = [sub.id for part in read.parts for sub in part.subparts]
    if twice := {i for i in ids if ids.count(i) > 1}:
        raise UserMistake(f"{path}: sub-part {min(twice)} is there twice")
    return read


def _part(path: Path, number: str, entry: Any) -> Part:
    where = f"{path}, part {number}"
    if not number.isdigit():
        raise UserMistake(f"{where}: a part's name is a number")
    title = _field(where, entry, "title", str)
    file = _field(where, entry, "file", str)
    if not re.fullmatch(r"[A-Za-z_]\w*\.(py|safetensors)", file):
        raise UserMistake(f"{where}: file must be a plain name ending in .py or .safetensors, not {file!r}")
    limit = _field(where, entry, "time_limit", (int, float))
    if not limit > 0:
        raise UserMistake(f"{where}: time_limit must be positive")
    subs = _field(where, entry, "sub", dict)
    return Part(
        number, title, file, float(limit), tuple(_subpart(where, number, i, sub) for i, sub in subs.items())
    )


def _subpart(where: str, number: str, name: str, entry: Any) -> SubPart:
    where = f"{where}, sub-part {name}"
    if not re.fullmatch(rf"{number}[a-z]", name):
        raise UserMistake(f"{where}: its id must be {number} and a letter")
    points = _field(where, entry, "points", (int, float))
    if points < 0:
        raise UserMistake(f"{where}: points must not be negative")
    hole = entry.get("hole", True)
    if not isinstance(hole, bool):
        raise UserMistake(f"{where}: hole must be true or false")
    function = entry.get("function", "")
    if not isinstance(function, str) or (function and not re.fullmatch(r"[A-Za-z_]\w*(\.\w+)?", function)):
        raise UserMistake(f"{where}: function must be a name such as final_goals or Actor.forward")
    if unknown := set(entry) - {"title", "points", "hole", "function"}:
        raise UserMistake(f"{where}: unknown key {min(unknown)!r}")
    return SubPart(name, _field(where, entry, "title", str), float(points), hole, function)


def _field(where: str, entry: Any, key: str, kind: type | tuple[type, ...]) -> Any:
    if not isinstance(entry, dict) or key not in entry:
        raise UserMistake(f"{where} has no {key}")
    if not isinstance(entry[key], kind) or isinstance(entry[key], bool):
        raise UserMistake(f"{where}: {key} is of the wrong type")
    return entry[key]
