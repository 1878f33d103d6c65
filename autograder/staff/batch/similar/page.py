"""Two submissions side by side, with what they have in common marked: one HTML page that needs nothing else."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from autograder.grader.report.template import template
from autograder.staff.batch.similar.links import EARLIER, Link, Pair, owner
from autograder.staff.batch.similar.passages import LENGTH
from autograder.staff.batch.similar.tokens import Token, code_only, nameless, read_text, scan, spelled

TEMPLATE = Path(__file__).with_name("page.html")
MAX_TOKENS = 50_000  # of a file that are compared
MAX_ROWS, MAX_WIDTH = 3_000, 300  # lines of a file, and characters of a line, that are shown
AROUND, LONGEST = 6, 20  # lines shown around a mark, and lines without one that are shown whole


@dataclass(frozen=True)
class Piece:
    """Some text of a line. On the first line of a common passage `place` names it, and `other` its counterpart."""

    text: str
    common: bool = False
    place: str = ""
    other: str = ""


@dataclass(frozen=True)
class Row:
    """A line of a file, or (number 0) a sentence about lines that are left out."""

    number: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Side:
    """Whose file it is: `label` for people, `key` for the link to the feedback."""

    label: str
    key: str
    rows: tuple[Row, ...]


def page(pair: Pair, titles: dict[str, str], sides: Sequence[tuple[str, Side, Side]], assignment: str) -> str:
    """The page's HTML; `titles` says who a key is. Everything that comes from a submission or a student is escaped."""
    return template(TEMPLATE).render(
        pair=pair, title=lambda key: titles.get(key, key), files=sides, assignment=assignment
    )


def side_by_side(link: Link, file: str, folders: tuple[Path, Path], starter: Path) -> tuple[str, Side, Side]:
    """The part file `file` of both, marked. `folders` hold what `link.first` and `link.second` handed in."""
    texts = tuple(read_text(folder / file) if (folder / file).is_file() else "" for folder in folders)
    known = _grams(_tokens(read_text(starter / file))) if (starter / file).is_file() else {}
    left, right = _marked(texts[0], texts[1], known)
    rows = (_rows(texts[0], left), _rows(texts[1], right))
    names = (link.first, link.second)
    first, second = (Side(label(name), owner(name), row) for name, row in zip(names, rows, strict=True))
    return file, first, second


def label(name: str) -> str:
    """ "student-1, an earlier upload"."""
    return f"{owner(name)}, an earlier upload" if EARLIER in name else name


@dataclass(frozen=True)
class _Stretch:
    """Characters of one line that the other text has too. The first of a passage names it, and its counterpart."""

    start: int
    end: int
    place: str = ""
    other: str = ""


def _tokens(text: str) -> list[Token]:
    return code_only(scan(text))[:MAX_TOKENS]


def _grams(tokens: Sequence[Token]) -> dict[str, int]:
    """Each passage of LENGTH tokens, names alike -> the place of its first token."""
    code = nameless(spelled(tokens))
    found: dict[str, int] = {}
    for place in range(len(code) - LENGTH + 1):
        found.setdefault(code[place : place + LENGTH], place)
    return found


def _marked(first: str, second: str, known: dict[str, int]) -> tuple[list[_Stretch], list[_Stretch]]:
    """What is marked in both; `known` are the starter's passages."""
    tokens = (_tokens(first), _tokens(second))
    grams = (_grams(tokens[0]), _grams(tokens[1]))
    spans = (_spans(tokens[0], grams[1], known), _spans(tokens[1], grams[0], known))
    inside = [{i: n for n, (a, b, _) in enumerate(own) for i in range(a, b)} for own in spans]
    left = _stretches(first, tokens[0], spans[0], ("left", "right"), inside[1])
    return left, _stretches(second, tokens[1], spans[1], ("right", "left"), inside[0])


def _spans(
    tokens: Sequence[Token], other: dict[str, int], known: dict[str, int]
) -> list[tuple[int, int, int]]:
    """(first token, token after the last, a token of the other file) of each stretch in common.

    Tokens that belong to a passage of the starter, too, do not count.
    """
    code = nameless(spelled(tokens))
    common, given = [-1] * len(code), [False] * len(code)
    for place in range(len(code) - LENGTH + 1):
        gram = code[place : place + LENGTH]
        for i in range(LENGTH):
            if gram in known:
                given[place + i] = True
            elif gram in other:
                common[place + i] = other[gram] + i
    spans: list[tuple[int, int, int]] = []
    for place, there in enumerate(common):
        if there >= 0 and not given[place]:
            if spans and spans[-1][1] == place:
                spans[-1] = (spans[-1][0], place + 1, spans[-1][2])
            else:
                spans.append((place, place + 1, there))
    return spans


def _stretches(
    text: str,
    tokens: Sequence[Token],
    spans: Sequence[tuple[int, int, int]],
    sides: tuple[str, str],
    inside: dict[int, int],
) -> list[_Stretch]:
    """The spans as stretches of lines; `inside` says which span of the other side a token there belongs to."""
    found: list[_Stretch] = []
    for number, (first, last, there) in enumerate(spans):
        start = end = tokens[first].start
        place, other = f"{sides[0]}-{number}", f"{sides[1]}-{inside[there]}" if there in inside else ""
        for token in tokens[first:last]:
            if "\n" in text[end : token.start]:
                found.append(_Stretch(start, end, place, other))
                start, place, other = token.start, "", ""
            end = token.end
        found.append(_Stretch(start, end, place, other))
    return found


def _rows(text: str, stretches: Sequence[_Stretch]) -> tuple[Row, ...]:
    rows, start, waiting = [], 0, list(stretches)[::-1]
    for number, line in enumerate(text.split("\n"), 1):
        pieces, at, end = [], start, start + len(line)
        while waiting and waiting[-1].start < end:
            stretch = waiting[-1]
            begin, stop = max(at, stretch.start), min(end, stretch.end)
            names = (stretch.place, stretch.other) if stretch.start >= start else ("", "")
            pieces += [Piece(text[at:begin]), Piece(text[begin:stop], True, *names)]
            at = stop
            if stretch.end > end:  # a string over several lines
                break
            waiting.pop()
        pieces.append(Piece(text[at:end]))
        rows.append(Row(number, tuple(_cut(piece for piece in pieces if piece.text))))
        start = end + 1
    return tuple(_without_long_gaps(rows))


def _cut(pieces: Iterable[Piece]) -> Iterable[Piece]:
    left = MAX_WIDTH
    for piece in pieces:
        if left <= 0:
            yield Piece(" …")
            return
        text = "".join(
            " " if c == "\t" else "·" if unicodedata.category(c)[0] == "C" else c for c in piece.text[:left]
        )
        yield Piece(text, piece.common, piece.place, piece.other)
        left -= len(piece.text)


def _without_long_gaps(rows: Sequence[Row]) -> Iterable[Row]:
    marks = [i for i, row in enumerate(rows) if any(piece.common for piece in row.pieces)]
    shown = 0
    edges = [-1, *marks, len(rows)]
    for before, after in pairwise(edges):
        gap = list(rows[before + 1 : after])
        if len(gap) > LONGEST:
            head = gap[:AROUND] if before >= 0 else []
            tail = gap[-AROUND:] if after < len(rows) else []
            left_out = len(gap) - len(head) - len(tail)
            gap = [*head, Row(0, (Piece(f"{left_out} lines without anything in common"),)), *tail]
        for row in [*gap, *rows[after : after + 1]]:
            if shown >= MAX_ROWS:
                yield Row(0, (Piece(f"the rest of {len(rows)} lines is left out"),))
                return
            shown += 1
            yield row
