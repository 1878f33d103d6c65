"""The code of a part file, in one form: without what a disguise can change and what the code does not depend on.

text --tokens--> blocks (a function, a class, a statement) --> those that the assignment's functions reach
     --ast--> one spelling: no docstrings, annotations or dead statements; operands and keywords in one order
     --> a string a function, a character a token

A block that does not parse, or would be costly to parse, counts as it is spelled.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator
from functools import lru_cache

from autograder.staff.batch.similar.blocks import Block, blocks_of, reached
from autograder.staff.batch.similar.one_form import OneForm
from autograder.staff.batch.similar.tokens import Token, code_only, scan, spelled

MAX_PARSED = 5_000  # tokens of a block that is parsed
MAX_NESTED = 40  # brackets
MAX_BLOCKS, MAX_CODE = 2_000, 100_000  # blocks and tokens of a file


def defined(text: str) -> frozenset[str]:
    """The names that a file defines at its left margin."""
    return frozenset(block.name for block in blocks_of(text) if block.name)


@lru_cache(maxsize=256)  # files that nobody changed are there many times
def canonical(text: str, given: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """Function -> its code in one form, for the functions that the `given` ones reach, or for all if there are none.

    Only the given functions go by their names ("relabel", "ModelBuffer.add"): they are the same for everybody. All
    others are listed under "", since they can be called anything.
    """
    found: dict[str, list[str]] = {}
    left = MAX_CODE
    for block in reached(list(blocks_of(text)), given)[:MAX_BLOCKS]:
        for name, piece in _pieces(block, text):
            if piece := piece[: max(0, left)]:
                found.setdefault(name if block.name in given else "", []).append(piece)
                left -= len(piece)
    return found


def _pieces(block: Block, source: str) -> list[tuple[str, str]]:
    """The names of the block's functions, and the code of each."""
    tree = _parsed(block, source)
    if tree is None:
        return [(block.name, spelled(block.tokens))]
    try:
        return [(name, _spelled(piece)) for name, piece in _functions(OneForm().visit(tree).body, block.name)]
    except (RecursionError, ValueError, MemoryError):  # unparse gives up on some trees
        return [(block.name, spelled(block.tokens))]


def _parsed(block: Block, source: str) -> ast.Module | None:
    if len(block.tokens) > MAX_PARSED or _nested(block.tokens) > MAX_NESTED:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python has to say about a student's strings
            return ast.parse(block.text(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _nested(tokens: Iterable[Token]) -> int:
    """How deep brackets go."""
    depth = most = 0
    for token in tokens:
        if token.kind == "symbol":
            depth += (token.text in "([{") - (token.text in ")]}")
            most = max(most, depth)
    return most


def _functions(body: list[ast.stmt], name: str) -> Iterator[tuple[str, ast.stmt]]:
    """The statements, a class as its methods: their order in the file says nothing."""
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            for method in statement.body:
                yield f"{name}.{getattr(method, 'name', '')}", method
        else:
            yield name, statement


def _spelled(node: ast.AST) -> str:
    return spelled(code_only(scan(ast.unparse(node))))
