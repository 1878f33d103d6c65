"""One spelling for code that does the same."""

from __future__ import annotations

import ast
import zlib

_COMMUTE = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)
_TURNED = {ast.Gt: ast.Lt, ast.GtE: ast.LtE}


class OneForm(ast.NodeTransformer):
    """Takes out what does not change what the code does, and sorts what may stand in any order."""

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns, node.decorator_list = None, []
        read = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        self._drop_unread(node, read)
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

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
    known = vars(node).get("order")
    if known is None:
        said = [type(node).__name__, getattr(node, "attr", "")]
        if isinstance(node, ast.Constant) and not isinstance(node.value, str):
            said.append(repr(node.value))
        below = [str(_key(child)) for child in ast.iter_child_nodes(node)]
        known = vars(node)["order"] = zlib.crc32("|".join(said + below).encode("utf-8", "replace"))
    return known


def _unread(statement: ast.stmt, read: set[str]) -> bool:
    if not isinstance(statement, ast.Assign):
        return False
    names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
    plain = not any(isinstance(n, (ast.Call, ast.Await, ast.Yield)) for n in ast.walk(statement.value))
    return plain and len(names) == len(statement.targets) and not read & set(names)
