"""Python text to tokens, for any text at all: it need not parse, end, or be Python. Takes time linear in its length.

The standard library's `tokenize` stops at the first mistake, and a copy with a mistake in it is still a copy.
"""

from __future__ import annotations

import builtins
import keyword
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_TOKEN = re.compile(
    r"""
      (?P<comment> \#[^\n]* )
    | (?P<string> \b[rRbBuUfF]{0,2} (?: \"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\Z) | '''(?:[^\\]|\\.)*?(?:'''|\Z) )
                | \b[rRbBuUfF]{1,2} (?: "(?:[^"\\\n]|\\.)*"? | '(?:[^'\\\n]|\\.)*'? )
                | \"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\Z) | '''(?:[^\\]|\\.)*?(?:'''|\Z)
                | "(?:[^"\\\n]|\\.)*"? | '(?:[^'\\\n]|\\.)*'? )
    | (?P<number> (?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+|[xXoObB]\w+)?[jJ]? )
    | (?P<name> [^\W\d]\w* )
    | (?P<newline> \n )
    | (?P<space> (?:[^\S\n]|\\\n)+ )
    | (?P<symbol> \*\*=?|//=?|>>=?|<<=?|->|:=|[-+*/%@&|^=<>!]=|. )
    """,
    re.VERBOSE | re.DOTALL,
)
_KEPT = frozenset(keyword.kwlist) | frozenset(dir(builtins))
_LARGEST = 4_000_000  # characters of a text that are looked at


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is a group of the pattern above; `start` and `end` are places in the text."""

    kind: str
    text: str
    start: int
    end: int


def read_text(path: Path) -> str:
    """A file as text, whatever its encoding, with "\\n" at the end of each line."""
    raw = path.read_bytes()[:_LARGEST]
    coding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return raw.decode(coding, errors="replace").replace("\r\n", "\n").replace("\r", "\n")


def scan(text: str) -> Iterator[Token]:
    """All tokens of a text but its white space; comments and ends of lines are tokens too."""
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or "symbol"
        if kind != "space":
            yield Token(kind, found[0], found.start(), found.end())


def code_only(tokens: Iterable[Token]) -> list[Token]:
    """Without comments, ends of lines, and strings that stand alone on their lines, as docstrings do."""
    kept: list[Token] = []
    alone: Token | None = None  # a string at the start of a line, until it is known whether the line goes on
    fresh, depth = True, 0
    for token in tokens:
        if token.kind == "newline":
            alone, fresh = None, fresh or depth == 0
        elif token.kind == "string" and fresh and depth == 0:
            alone, fresh = token, False
        elif token.kind != "comment":
            if alone is not None:
                kept.append(alone)
            kept.append(token)
            depth = max(0, depth + (token.text in "([{") - (token.text in ")]}"))
            alone, fresh = None, False
    return kept


def spelled(tokens: Iterable[Token]) -> str:
    """A character a token. All strings are one character; names that a student chooses have characters of their own.

    Keywords, built-in names, and names after a dot are not chosen: they have other characters, as numbers have.
    """
    characters, after = [], ""
    for token in tokens:
        if token.kind == "string":
            characters.append("S")
        elif token.kind == "name" and after != "." and token.text not in _KEPT:
            characters.append(chr(_CHOSEN + _number(token.text) % 1_000_000))
        elif len(token.text) == 1 and token.text.isascii():
            characters.append(token.text)
        else:
            characters.append(chr(0x100 + _number(token.text) % 50_000))
        after = token.text
    return "".join(characters)


def nameless(code: str) -> str:
    """`spelled` code with all chosen names alike."""
    return _NAMES.sub("V", code)


_CHOSEN = 0x10000
_NAMES = re.compile(f"[{chr(_CHOSEN)}-{chr(0x10FFFF)}]")


def _number(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "replace"))
