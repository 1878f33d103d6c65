"""The blocks of a file: a function, a class or a statement at the left margin, whether the file parses or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from autograder.staff.batch.similar.tokens import Token, code_only, scan

MAX_BLOCK = 20_000  # tokens
MAX_SCANNED = 2_000_000  # tokens of a file, comments and all
_DEFINES = ("def", "class", "async")


@dataclass(frozen=True)
class Block:
    """One statement at the left margin, with all that is indented below it."""

    tokens: list[Token]

    @property
    def name(self) -> str:
        """What it defines; "" if it defines nothing."""
        words = [token.text for token in self.tokens[:3]]
        if words[0] in _DEFINES:
            return next((w for w in words if w not in _DEFINES), "")
        return words[0] if len(words) > 1 and words[1] in ("=", ":") else ""

    @property
    def words(self) -> set[str]:
        return {token.text for token in self.tokens if token.kind == "name"}

    def text(self, source: str) -> str:
        return source[self.tokens[0].start : self.tokens[-1].end]


def blocks_of(text: str) -> Iterator[Block]:
    tokens: list[Token] = []
    depth = 0
    for count, token in enumerate(code_only(scan(text))):
        if count >= MAX_SCANNED:
            break
        margin = token.start == 0 or text[token.start - 1] == "\n"
        if margin and tokens and (depth == 0 or token.text in _DEFINES) and token.text not in ")]}":
            yield Block(tokens[:MAX_BLOCK])
            tokens, depth = [], 0
        tokens.append(token)
        if token.kind == "symbol":
            depth = max(0, depth + (token.text in "([{") - (token.text in ")]}"))
    if tokens:
        yield Block(tokens[:MAX_BLOCK])


def reached(blocks: list[Block], given: frozenset[str]) -> list[Block]:
    named: dict[str, list[Block]] = {}
    for block in blocks:
        named.setdefault(block.name, []).append(block)
    waiting = sorted(given & named.keys())
    if not waiting:
        return blocks
    found = dict.fromkeys(waiting)
    while waiting:
        for block in named[waiting.pop()]:
            new = sorted(word for word in block.words if word in named and word not in found)
            found.update(dict.fromkeys(new))
            waiting += new
    return [block for name in found for block in named[name]]
