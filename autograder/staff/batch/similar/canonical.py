"""A part file as the code that counts, in one form: what a disguise changes without changing the code is taken out.

text --tokens--> blocks (a function, a class, a statement) --> those that the assignment's functions reach
     --ast--> one spelling: no docstrings, annotations or dead statements; operands and keywords in one order
     --> a string a function, a character a token

A block that does not parse, or would be costly to parse, counts as it is spelled.
"""

from __future__ import annotations

import ast
import warnings
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from autograder.staff.batch.similar.tokens import Token, code_only, scan, spelled

MAX_BLOCK = 20_000  # tokens
MAX_PARSED = 5_000  # tokens of a block that is parsed
MAX_NESTED = 40  # brackets
MAX_BLOCKS, MAX_CODE = 2_000, 100_000  # blocks and tokens of a file
MAX_SCANNED = 2_000_000  # tokens of a file, comments and all
_DEFINES = ("def", "class", "async")
_COMMUTE = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)
_TURNED = {ast.Gt: ast.Lt, ast.GtE: ast.LtE}


@dataclass(frozen=True)
class _Block:
    """One statement at the left margin, with all that is indented below it."""

    tokens: list[Token]

    @property
    def name(self) -> str:
        """What it defines; "" where it defines nothing."""
        words = [token.text for token in self.tokens[:3]]
        if words[0] in _DEFINES:
            return next((w for w in words if w not in _DEFINES), "")
        return words[0] if len(words) > 1 and words[1] in ("=", ":") else ""

    @property
    def words(self) -> set[str]:
        return {token.text for token in self.tokens if token.kind == "name"}

    def text(self, source: str) -> str:
        return source[self.tokens[0].start : self.tokens[-1].end]


def defined(text: str) -> frozenset[str]:
    """The names that a file defines at its left margin."""
    return frozenset(block.name for block in _blocks(text) if block.name)


@lru_cache(maxsize=256)  # files that nobody changed are there many times
def canonical(text: str, given: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """Function -> its code in one form, of those that the `given` ones reach, or of all if none of them is there.

    Only the given functions go by their names ("relabel", "ModelBuffer.add"): they are the same for everybody. All
    others are listed under "", since they can be called anything.
    """
    found: dict[str, list[str]] = {}
    left = MAX_CODE
    for block in _reached(list(_blocks(text)), given)[:MAX_BLOCKS]:
        for name, piece in _pieces(block, text):
            if piece := piece[: max(0, left)]:
                found.setdefault(name if block.name in given else "", []).append(piece)
                left -= len(piece)
    return found


def _blocks(text: str) -> Iterator[_Block]:
    tokens: list[Token] = []
    depth = 0
    for count, token in enumerate(code_only(scan(text))):
        if count >= MAX_SCANNED:
            break
        margin = token.start == 0 or text[token.start - 1] == "\n"
        if margin and tokens and (depth == 0 or token.text in _DEFINES) and token.text not in ")]}":
            yield _Block(tokens[:MAX_BLOCK])
            tokens, depth = [], 0
        tokens.append(token)
        if token.kind == "symbol":
            depth = max(0, depth + (token.text in "([{") - (token.text in ")]}"))
    if tokens:
        yield _Block(tokens[:MAX_BLOCK])


def _reached(blocks: list[_Block], given: frozenset[str]) -> list[_Block]:
    named: dict[str, list[_Block]] = {}
    for block in blocks:
        named.setdefault(block.name, []).append(block)
    waiting = sorted(given & named.keys())
    if not waiting:
        return blocks
    reached = dict.fromkeys(waiting)
    while waiting:
        for block in named[waiting.pop()]:
            new = sorted(word for word in block.words if word in named and word not in reached)
            reached.update(dict.fromkeys(new))
            waiting += new
    return [block for name in reached for block in named[name]]


def _pieces(block: _Block, source: str) -> list[tuple[str, str]]:
    """The names of the block's functions, and the code of each."""
    tree = _parsed(block, source)
    if tree is None:
        return [(block.name, spelled(block.tokens))]
    try:
        return [
            (name, _spelled(piece)) for name, piece in _functions(_OneForm().visit(tree).body, block.name)
        ]
    except (RecursionError, ValueError, MemoryError):  # unparse gives up on some trees
        return [(block.name, spelled(block.tokens))]


def _parsed(block: _Block, source: str) -> ast.Module | None:
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


class _OneForm(ast.NodeTransformer):
    """One spelling for code that does the same."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns, node.decorator_list = None, []
        read = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        self._drop_unread(node, read)
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        self.generic_visit(node)
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        self.generic_visit(node)
        return None if isinstance(node.value, (ast.Constant, ast.Name)) else node

    def visit_Pass(self, node: ast.Pass) -> None:
        return None

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt] | None:
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant):
            return node.body if node.test.value else node.orelse
        return node if node.body or node.orelse else None

    def visit_While(self, node: ast.While) -> ast.AST | None:
        self.generic_visit(node)
        return None if isinstance(node.test, ast.Constant) and not node.test.value else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, _COMMUTE):
            node.left, node.right = sorted((node.left, node.right), key=_key)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) == 1:
            turned = _TURNED.get(type(node.ops[0]))
            sides = [node.left, node.comparators[0]]
            if turned is not None:
                node.ops, sides = [turned()], sides[::-1]
            elif isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
                sides = sorted(sides, key=_key)
            node.left, node.comparators = sides[0], [sides[1]]
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        node.keywords = sorted(node.keywords, key=lambda keyword: keyword.arg or "~")
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                end = next((i for i, s in enumerate(block) if _ends(s)), len(block))
                setattr(node, field, block[: end + 1])
        return node

    def _drop_unread(self, node: ast.AST, read: set[str]) -> None:
        """Assignments of plain values to names that nothing reads."""
        for owner in ast.walk(node):
            for field in ("body", "orelse", "finalbody"):
                block = getattr(owner, field, None)
                if isinstance(block, list):
                    setattr(owner, field, [s for s in block if not _unread(s, read)])


def _ends(statement: ast.stmt) -> bool:
    """Whether nothing after it is run; an open hole does not count, as the starter goes on below it."""
    if isinstance(statement, ast.Raise):
        return "NotImplementedError" not in ast.dump(statement)
    return isinstance(statement, (ast.Return, ast.Break, ast.Continue))


def _key(node: ast.AST) -> int:
    """A number for what an expression says, the same whatever its names are; made once a node."""
    known = getattr(node, "order", None)
    if known is None:
        said = [type(node).__name__, getattr(node, "attr", "")]
        if isinstance(node, ast.Constant) and not isinstance(node.value, str):
            said.append(repr(node.value))
        below = [str(_key(child)) for child in ast.iter_child_nodes(node)]
        known = node.order = zlib.crc32("|".join(said + below).encode("utf-8", "replace"))  # type: ignore[attr-defined]
    return known


def _unread(statement: ast.stmt, read: set[str]) -> bool:
    if not isinstance(statement, ast.Assign):
        return False
    names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
    plain = not any(isinstance(n, (ast.Call, ast.Await, ast.Yield)) for n in ast.walk(statement.value))
    return plain and len(names) == len(statement.targets) and not read & set(names)
