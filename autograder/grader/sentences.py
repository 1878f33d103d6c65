"""The sentences that a hidden check may show: those that are written out in the checks.

A sentence that was put together (with a shape, a number, a name) could carry a hidden input to whoever reads it, since
the submission chooses such values. So a hidden check shows a sentence only if it stands, letter by letter, in a source
file of the checks; anything else becomes `DID_NOT_PASS`.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

CHECKS = Path(__file__).parents[1] / "checks"
DID_NOT_PASS = "the check did not pass"
UNUSABLE = "your code returned something this check could not use"


@cache
def owned(check_file: Path) -> frozenset[str]:
    """All text constants of a file of checks and of the modules beside it and beside the public checks."""
    folders = {CHECKS, check_file.parent}
    shared = [path for folder in folders for path in folder.glob("*.py") if not path.name.startswith("test_")]
    return frozenset().union(*(_constants(path) for path in [check_file, *shared]))


def _constants(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return frozenset(value for value in nodes if isinstance(value, str))
