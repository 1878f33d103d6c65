"""What people do to a copy so that it looks like their own: each takes a file's text and returns it otherwise."""

from __future__ import annotations

import ast
import builtins
import random
import re
from itertools import pairwise

from autograder.staff.batch.similar.tokens import Token, scan

WORDS = (
    "alpha",
    "value",
    "result",
    "data",
    "out",
    "thing",
    "temp",
    "arr",
    "vec",
    "part",
    "piece",
    "item",
    "total",
)


def nothing(text: str, rng: random.Random) -> str:
    return text


def renamed(text: str, rng: random.Random) -> str:
    """Every local variable gets another name; arguments, which others may pass by name, keep theirs."""
    tree = ast.parse(text)
    fixed = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)} | set(dir(builtins))
    stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    new = {n: f"{rng.choice(WORDS)}_{i}" for i, n in enumerate(sorted(stored - fixed)) if not n.isupper()}
    found, at, before, depth = [], 0, "", 0
    tokens = [token for token in scan(text) if token.kind not in ("comment", "newline")]
    for token, after in pairwise([*tokens, Token("symbol", "", len(text), len(text))]):
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        passed_by_name = depth > 0 and after.text == "="
        if token.kind == "name" and before != "." and not passed_by_name:
            found += [text[at : token.start], new.get(token.text, token.text)]
            at = token.end
        before = token.text
    return "".join([*found, text[at:]])


def commented(text: str, rng: random.Random) -> str:
    """Comments and blank lines before every other line that begins a statement at depth one or more."""
    return re.sub(
        r"(?m)^( +)(\w+ = )", lambda m: f"\n{m[1]}# {rng.choice(WORDS)} {rng.random()}\n{m[0]}", text
    )


def bare(text: str, rng: random.Random) -> str:
    """No comments, no docstrings, quotes and brackets as another tool writes them."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree) + "\n"


def reordered(text: str, rng: random.Random) -> str:
    """Functions in another order; what is not a function stays where it was."""
    tree = ast.parse(text)
    places = [i for i, node in enumerate(tree.body) if isinstance(node, ast.FunctionDef)]
    nodes = [tree.body[i] for i in places]
    rng.shuffle(nodes)
    for i, node in zip(places, nodes, strict=True):
        tree.body[i] = node
    return ast.unparse(tree) + "\n"


def padded_with_comments(text: str, rng: random.Random) -> str:
    return "".join(f"# {rng.random()} {'filler ' * 10}\n" for _ in range(1_200)) + text


def padded_with_code(text: str, rng: random.Random) -> str:
    """100 kB of functions that nothing calls."""
    dead = []
    for _ in range(1_000):
        name, number, sign = f"unused_{rng.randrange(10**9)}", rng.randrange(99), rng.choice("+-*")
        dead.append(f"def {name}(a, b):\n    c = a[{number}] {sign} b\n    return c ** {number}, a.{name}\n")
    return text + "\n" + "\n".join(dead)


def padded_with_strings(text: str, rng: random.Random) -> str:
    return text + "\n" + "\n".join(f'"{rng.random()} {"filler " * 10}"' for _ in range(1_200)) + "\n"


def dead_statements(text: str, rng: random.Random) -> str:
    """A variable that nothing reads, before every assignment."""
    line = r"(?m)^( +)(\w+ = )"
    return re.sub(line, lambda m: f"{m[1]}unused_{rng.randrange(99)} = {rng.randrange(99)}\n{m[0]}", text)


def annotated(text: str, rng: random.Random) -> str:
    """A type beside every argument and variable."""
    text = re.sub(r"(?m)^( +)(\w+) = (?=[^=])", r"\1\2: object = ", text)
    return re.sub(r"(?m)^(def \w+\(\w+), (\w+), ", r"\1: object, \2: 'any array', ", text)


def swapped(text: str, rng: random.Random) -> str:
    """The operands of + and * change places, and < becomes >."""

    class Swap(ast.NodeTransformer):
        def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
            self.generic_visit(node)
            if isinstance(node.op, (ast.Add, ast.Mult)):
                node.left, node.right = node.right, node.left
            return node

        def visit_Compare(self, node: ast.Compare) -> ast.AST:
            self.generic_visit(node)
            turned = {ast.Lt: ast.Gt, ast.Gt: ast.Lt}.get(type(node.ops[0]))
            if len(node.ops) == 1 and turned is not None:
                node.left, node.ops, node.comparators = node.comparators[0], [turned()], [node.left]
            return node

    return ast.unparse(Swap().visit(ast.parse(text))) + "\n"


def split_lines(text: str, rng: random.Random) -> str:
    """A new line after every comma inside brackets, and brackets around what is assigned."""
    text = ast.unparse(ast.parse(text))
    text = re.sub(r"(?m)^( +)(\w+) = ([^\n]+[^\n:,])$", r"\1\2 = (\3)", text)
    return re.sub(r"(?m)^( +\w+ = \([^'\"\n]*)$", lambda m: m[0].replace(", ", ",\n        "), text) + "\n"


def broken(text: str, rng: random.Random) -> str:
    """It no longer parses."""
    return text + "\ndef (:\n    return ]\n"


def other_bytes(text: str, rng: random.Random) -> str:
    """Bytes that are no UTF-8, in a comment; written with surrogateescape."""
    return f"# caf\udce9 {rng.random()}\n" + text


DISGUISES = {
    change.__name__.replace("_", " "): change
    for change in (
        *(nothing, renamed, commented, bare, reordered, padded_with_comments, padded_with_code),
        *(padded_with_strings, dead_statements, annotated, swapped, split_lines, broken, other_bytes),
    )
}


def everything(text: str, rng: random.Random) -> str:
    """Many of them at once."""
    for change in (
        renamed,
        dead_statements,
        annotated,
        swapped,
        reordered,
        padded_with_code,
        padded_with_comments,
    ):
        text = change(text, rng)
    return text


DISGUISES["many at once"] = everything
