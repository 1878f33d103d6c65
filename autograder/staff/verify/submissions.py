"""Read the submissions that judge the checks: each is a part file of solutions/ with one thing changed.

    mutants/wrong/4b.toml, mutants/right/4b.toml  --read-->  Submissions (4b's checks run on each)

One TOML table a submission, `[[mutant]]` for wrong code and `[[variant]]` for right code that looks different:
    name            what was changed, in a few words
    kind            what sort of mistake or difference it is: "right at toy size only", "stream", "arguments", …
    severity        "wrong" by default, or "cosmetic": nobody should lose points for it, so it need not be noticed
    misconception   what this student believes
    hint            what a good TA would say
    says            regular expressions; a message that matches one of them names this mistake
    body            stands in the hole in place of the solution; or
    swap            pairs [old, new], carried out in turn: `old` stands once in the hole, or else in the part file
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from textwrap import dedent
from typing import Any

from autograder.course.parts import Parts
from autograder.staff.release.holes import hole_span, hole_text, replace_hole
from autograder.staff.release.markers import HINT
from envs.errors import UserMistake

MUTANTS = Path(__file__).parents[1] / "mutants"
FEWEST = {"wrong": 10, "right": 5}  # of a sub-part
TABLES = {"wrong": "mutant", "right": "variant"}
SEVERITIES = ("wrong", "cosmetic")
NEEDED = {"wrong": ("name", "kind", "misconception", "hint"), "right": ("name",)}
KEYS = {"name", "kind", "severity", "misconception", "hint", "says", "body", "swap"}


class Role(StrEnum):
    REFERENCE = "reference"  # solutions/ as it is
    STARTER = "starter"  # hw/ as it is
    WRONG = "wrong"
    RIGHT = "right"


@dataclass(frozen=True)
class Submission:
    """A part file, and the sub-part whose checks are run on it."""

    subpart: str
    role: Role
    name: str
    text: str  # of the part file
    kind: str = ""
    severity: str = "wrong"
    misconception: str = ""
    hint: str = ""
    says: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.subpart} {self.role}: {self.name}"


def read_submissions(
    parts: Parts,
    solutions: Path,
    starter: Path,
    folder: Path = MUTANTS,
    only: frozenset[str] | None = None,
    fewest: dict[str, int] = FEWEST,
) -> list[Submission]:
    """Reference, starter, mutants and variants of the sub-parts `only` (all that have a hole by default).

    Raises `UserMistake` where a sub-part has too few of them, where one cannot be made or changes nothing, and where
    two are the same.
    """
    _no_strangers(folder, parts)
    found: list[Submission] = []
    for sub in parts.subparts.values():
        if not sub.hole or (only is not None and sub.id not in only):
            continue
        file = parts.part_of(sub.id).file
        reference = (solutions / file).read_text(encoding="utf-8")
        of_sub = [
            Submission(sub.id, Role.REFERENCE, "the reference", reference),
            Submission(sub.id, Role.STARTER, "the open hole", (starter / file).read_text(encoding="utf-8")),
        ]
        for side in TABLES:
            made = _read_file(folder / side / f"{sub.id}.toml", side, sub.id, reference)
            if len(made) < fewest[side]:
                raise UserMistake(
                    f"sub-part {sub.id} has {len(made)} {TABLES[side]}s, and needs at least {fewest[side]}: "
                    f"add some to {folder / side / sub.id}.toml"
                )
            of_sub += made
        _no_duplicates(of_sub)
        found += of_sub
    return found


def changed(text: str, subpart: str, body: str = "", swap: Iterable[Sequence[str]] = ()) -> str:
    """The part file `text` with `body` in the hole, or with each (old, new) of `swap` carried out, in order."""
    if body:
        text = replace_hole(text, subpart, dedent(body).rstrip())
    for old, new in swap:
        hole = hole_span(text, subpart)
        start, end = (hole.start, hole.stop) if old in text[hole.start : hole.stop] else (0, len(text))
        if (count := text.count(old, start, end)) != 1:
            where = "hole" if start else "part file"
            raise UserMistake(f"{old!r} stands in the {where} {count} times, and must stand there once")
        place = text.index(old, start)
        text = text[:place] + new + text[place + len(old) :]
    return text


def hole_body(reference: str, submission: Submission) -> str | None:
    """What stands in the hole of a submission, without markers and hints; None where it changes something else."""
    hole, text = hole_span(reference, submission.subpart), submission.text
    before, after = reference[: hole.start], reference[hole.stop :]
    if not (text.startswith(before) and text.endswith(after)):
        return None
    lines = hole_text(text, submission.subpart).splitlines()
    return "\n".join(line for line in lines if not HINT.fullmatch(line.strip()))


def _read_file(path: Path, side: str, subpart: str, reference: str) -> list[Submission]:
    if not path.is_file():
        return []
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserMistake(f"{path} is not valid TOML: {error}") from error
    name = TABLES[side]
    if unknown := set(table) - {name}:
        raise UserMistake(f"{path}: {min(unknown)!r} is unknown here; each entry is a [[{name}]]")
    return [
        _submission(path, Role(side), subpart, reference, n, e) for n, e in enumerate(table.get(name, []), 1)
    ]


def _submission(
    path: Path, role: Role, subpart: str, reference: str, number: int, entry: dict[str, Any]
) -> Submission:
    where = f"{path}, entry {number} ({entry.get('name', 'without a name')})"
    if unknown := set(entry) - KEYS:
        raise UserMistake(f"{where}: {min(unknown)!r} is unknown; there are {', '.join(sorted(KEYS))}")
    for key in NEEDED[role]:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise UserMistake(f"{where} has no {key}")
    body, swap, says = entry.get("body", ""), entry.get("swap", []), entry.get("says", [])
    if bool(body) == bool(swap):
        raise UserMistake(f"{where} needs either a body or a swap")
    if not all(isinstance(pair, list) and [type(text) for text in pair] == [str, str] for pair in swap):
        raise UserMistake(f"{where}: swap holds pairs [old, new] of text")
    if entry.get("severity", "wrong") not in SEVERITIES:
        raise UserMistake(f"{where}: severity is one of {', '.join(SEVERITIES)}")
    for pattern in says:
        try:
            re.compile(pattern)
        except re.error as error:
            raise UserMistake(f"{where}: {pattern!r} is no regular expression ({error})") from error
    try:
        text = changed(reference, subpart, body, swap)
    except UserMistake as error:
        raise UserMistake(f"{where}: {error}") from error
    fields = {key: entry[key] for key in ("kind", "severity", "misconception", "hint") if key in entry}
    return Submission(subpart, role, entry["name"], text, says=tuple(says), **fields)


def _no_duplicates(of_sub: list[Submission]) -> None:
    """Neither two names nor two programs are the same; comments and layout make no program."""
    seen: dict[str, Submission] = {}
    for submission in of_sub:
        for key in (submission.name, _program(submission)):
            other = seen.setdefault(key, submission)
            if other is not submission:
                what = "changes nothing" if other.role is Role.REFERENCE else f"is the same as {other.name!r}"
                raise UserMistake(f"{submission.id} {what}: change it or take it away")


def _program(submission: Submission) -> str:
    try:
        return ast.dump(ast.parse(submission.text))
    except SyntaxError:
        return submission.text


def _no_strangers(folder: Path, parts: Parts) -> None:
    known = {f"{sub.id}.toml" for sub in parts.subparts.values() if sub.hole}
    for side in TABLES:
        for path in sorted((folder / side).glob("*")):
            if path.name not in known:
                raise UserMistake(f"{path} belongs to no sub-part with a hole")
