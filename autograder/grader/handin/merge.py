"""One file of a handout that both its student and its course have changed: merged line by line, and hole by hole.

    base, mine, new --a hole is one line--> merge3 --holes opened again, mine where I filled them--> text

`base` is the file as it was handed out, `mine` the student's, `new` the one in the new handout. A hole counts as one
line that nobody changed, so an answer never stands in the way of a change next to it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from textwrap import dedent, indent
from typing import Any

from merge3 import Merge3

from autograder.grader.handin.holes import placeholders


class Clash(Exception):
    """The file cannot be merged: why, and at which line of the student's file (from 1)."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line


@dataclass(frozen=True)
class Merged:
    """The merged text, and the holes in it that hold the student's own lines."""

    text: str
    kept: tuple[str, ...]


class _Matcher(SequenceMatcher[str]):
    """Without difflib's rule that a line that comes often is junk: in a part file those carry meaning."""

    def __init__(self, isjunk: None, a: Sequence[str], b: Sequence[str]) -> None:
        super().__init__(isjunk, a, b, autojunk=False)


@dataclass(frozen=True)
class _Folded:
    """A text whose holes are one line each."""

    lines: list[str]
    holes: Mapping[str, list[str]]  # id -> the lines that were folded away
    numbers: list[int]  # of each line, where it stands in the text, from 0


def merge(base: str, mine: str, new: str) -> Merged:
    """All three texts have "\\n" at the end of each line. Raises `Clash`."""
    was, given = _fold(base, _open(base)), _fold(new, _open(new))
    # Around a hole may stand the old lines, or the new ones already: they were announced, or an update was killed.
    own = _fold(mine, _filled(given, mine) | _filled(was, mine))
    merged: list[str] = []
    matcher: Any = _Matcher  # difflib's own, called as merge3 does
    for kind, *span in Merge3(was.lines, own.lines, given.lines, sequence_matcher=matcher).merge_regions():
        if kind == "conflict":
            at = span[2]
            line = own.numbers[at] if at < len(own.numbers) else len(mine.splitlines()) - 1
            raise Clash(line + 1, "you and the new handout have both changed what stands here")
        lines = {"unchanged": was.lines, "b": given.lines}.get(kind, own.lines)
        merged += lines[span[0] : span[1]]
    written = {
        id_: body for id_, body in own.holes.items() if body not in (was.holes.get(id_), given.holes.get(id_))
    }
    for id_ in written:
        if _token(id_) not in merged:
            line = own.numbers[own.lines.index(_token(id_))]
            raise Clash(line + 1, f"the new handout has no hole {id_} here, and you have filled yours")
    bodies = {
        **own.holes,
        **given.holes,
        **{id_: _fitted(body, was, given, id_) for id_, body in written.items()},
    }
    text = "".join("".join(bodies[line[1:-1]]) if line.startswith("\0") else line for line in merged)
    _look(mine, new, text, [id_ for id_ in was.holes if id_ not in _open(mine)])
    return Merged(text, tuple(sorted(written)))


def _token(hole: str) -> str:
    return f"\0{hole}\n"


def _open(text: str) -> dict[str, range]:
    return placeholders(text.splitlines(keepends=True))


def _fold(text: str, holes: Mapping[str, range]) -> _Folded:
    lines = text.splitlines(keepends=True)
    folded: list[str] = []
    numbers: list[int] = []
    bodies: dict[str, list[str]] = {}
    at = 0
    for id_, span in sorted(holes.items(), key=lambda item: (item[1].start, item[1].stop)):
        if span.start >= at:  # else the lines were taken for two holes, and are left to the merge
            folded += [*lines[at : span.start], _token(id_)]
            numbers += [*range(at, span.start), span.start]
            bodies[id_] = lines[span.start : span.stop]
            at = span.stop
    return _Folded([*folded, *lines[at:]], bodies, [*numbers, *range(at, len(lines))])


def _filled(base: _Folded, mine: str) -> dict[str, range]:
    """Where the holes of `base` are in the student's text: between the lines that stood above and below them.

    A hole with other lines next to it than it was handed out with is left to the merge, like any edit.
    """
    lines = mine.splitlines(keepends=True)
    place: dict[int, int] = {}
    for block in _Matcher(None, base.lines, lines).get_matching_blocks():
        place |= {block.a + i: block.b + i for i in range(block.size)}
    place |= {-1: -1, len(base.lines): len(lines)}
    found = {}
    for number, line in enumerate(base.lines):
        if line.startswith("\0") and number - 1 in place and number + 1 in place:
            span = range(place[number - 1] + 1, place[number + 1])
            if _scope(base.lines, number) == _scope(lines, span.start):
                found[line[1:-1]] = span
    return found


def _scope(lines: Sequence[str], number: int) -> str:
    """The first line of the function that a line is in."""
    above = (line for line in reversed(lines[:number]) if line.lstrip().startswith(("def ", "async def ")))
    return next(above, "")


def _fitted(body: list[str], base: _Folded, new: _Folded, hole: str) -> list[str]:
    """The student's lines, indented as the new handout's hole is."""
    columns = [
        len(f.holes[hole][-1]) - len(f.holes[hole][-1].lstrip()) for f in (base, new) if hole in f.holes
    ]
    if len(set(columns)) < 2:
        return body
    return indent(dedent("".join(body)), " " * columns[1]).splitlines(keepends=True)


def _look(mine: str, new: str, merged: str, filled: Sequence[str]) -> None:
    """Raise `Clash` if the merged text is worse than the two it was made of: no Python, or with a hole opened again."""
    again = sorted(set(filled) & _open(merged).keys())
    if again:
        raise Clash(1, f"your answer to {again[0]} cannot be told from the lines around it")
    if _parses(mine) and _parses(new) and not _parses(merged):
        raise Clash(1, "put together, your changes and the new handout's are no valid Python")


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
