"""Which holes of a part file are still open: read from its text, since running it may take long or fail."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.course.parts import Part
from envs.errors import UserMistake

PLACEHOLDER = re.compile(r"TODO\((\d+[a-z])\)")
_RAISED = re.compile(r"\s*raise NotImplementedError\(\"TODO\((\d+[a-z])\): ")
# They bring no method that a part asks for.
_PLAIN_BASES = {
    "object",
    "Module",
    "nn.Module",
    "torch.nn.Module",
}


@dataclass(frozen=True)
class Holes:
    """What is left to do in one part file."""

    # (id, line): the placeholder still stands there, or the function is empty.
    open: tuple[tuple[str, int], ...]
    undefined: tuple[tuple[str, str], ...]  # (id, function): the file does not define it


def find_holes(source: bytes, part: Part) -> Holes:
    """The open holes of `part` in its file. Raises UserMistake naming file and line where it does not parse."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte
        line = getattr(error, "lineno", None) or 1
        reason = getattr(error, "msg", None) or str(error)
        raise UserMistake(
            f"{part.file}:{line} is not valid Python ({reason}); fix it, or no check can run it."
        ) from None
    except (RecursionError, MemoryError):
        raise UserMistake(f"{part.file} is nested too deeply to be read; no check can run it.") from None
    found = sorted(_placeholders(tree))
    undefined = []
    for sub in part.subparts:
        if sub.hole and sub.function and sub.id not in dict(found):
            scope, known = _definition(tree, sub.function)
            if scope is None and known:
                undefined.append((sub.id, sub.function))
            elif isinstance(scope, ast.FunctionDef) and _is_empty(scope):
                found.append((sub.id, scope.lineno))
    return Holes(tuple(sorted(found)), tuple(undefined))


def placeholders(lines: Sequence[str]) -> dict[str, range]:
    """The holes of a starter's file as it is handed out: id -> the lines (from 0) of its hints and its `raise`."""
    found = {}
    for number, line in enumerate(lines):
        if mark := _RAISED.match(line):
            first = number
            while first and lines[first - 1].lstrip().startswith(f"# TODO({mark[1]}): "):
                first -= 1
            found[mark[1]] = range(first, number + 1)
    return found


def _placeholders(tree: ast.Module) -> list[tuple[str, int]]:
    """(id, line) of each `raise NotImplementedError("TODO(4a): …")`."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            message = node.exc.args[0]
            if isinstance(message, ast.Constant) and isinstance(message.value, str):
                if mark := PLACEHOLDER.match(message.value):
                    found.append((mark[1], node.lineno))
    return found


def _definition(tree: ast.Module, function: str) -> tuple[ast.AST | None, bool]:
    """What binds `function`, and whether its absence is certain: a star import may bring anything."""
    owner, _, method = function.rpartition(".")
    if any(isinstance(n, ast.ImportFrom) and n.names[0].name == "*" for n in ast.walk(tree)):
        return None, False
    if not owner:
        return _bound(tree.body, method), True
    scope = _bound(tree.body, owner)
    if not isinstance(scope, ast.ClassDef):
        return None, scope is None  # bound to something else, which may well have it
    own = _bound(scope.body, method)
    return own, own is None and {ast.unparse(base) for base in scope.bases} <= _PLAIN_BASES


def _bound(body: list[ast.stmt], name: str) -> ast.stmt | None:
    """The last statement of this body, or of an `if`, `try` or `with` in it, that binds the name."""
    found: ast.stmt | None = None
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found = node if node.name == name else found
        elif any(_binds(n, name) for n in ast.walk(node)):
            inner = (n for n in ast.walk(node) if isinstance(n, ast.stmt))
            found = next((n for n in inner if getattr(n, "name", None) == name), node)
    return found


def _binds(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Name):
        return node.id == name and isinstance(node.ctx, ast.Store)
    if isinstance(node, ast.alias):
        return (node.asname or node.name.split(".")[0]) == name
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name


def _is_empty(function: ast.FunctionDef) -> bool:
    """Whether it always raises NotImplementedError, or holds nothing but a docstring, `pass` or `...`."""
    return any(_is_placeholder(node) for node in function.body) or all(
        isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in function.body
    )


def _is_placeholder(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Raise):
        return False
    name = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(name, ast.Name) and name.id == "NotImplementedError"
