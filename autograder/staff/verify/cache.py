"""What is known already: how a check ended on a text at a seed, kept until one of them or what they rest on changes."""

from __future__ import annotations

import ast
import hashlib
import json
import platform
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path

from autograder.grader.outcomes import Outcome
from autograder.staff.verify.run import SOLUTIONS, Ended
from autograder.staff.verify.unit import Check

AUTOGRADER = Path(__file__).parents[2]
LIBRARIES = ("numpy", "torch", "msgspec")


class Cache:
    """A file of results; `known` and `add` take what one submission's text gave."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path)
        self._db.execute("create table if not exists ended (key text primary key, value text)")

    def known(self, text: str, check: Check, seeds: Iterable[int]) -> list[Ended]:
        """What is known of a check on a text, at those of the seeds at which it is known."""
        found = []
        for seed in seeds:
            row = self._db.execute(
                "select value from ended where key = ?", (_key(text, check, seed),)
            ).fetchone()
            if row is not None:
                fields = json.loads(row[0])
                found.append(Ended(**fields | {"outcome": Outcome(fields["outcome"])}))
        return found

    def add(self, text: str, results: Iterable[Ended], by_id: Mapping[str, Check]) -> None:
        rows = [(_key(text, by_id[e.check], e.seed), json.dumps(asdict(e))) for e in results]
        with self._db:
            self._db.executemany("insert or replace into ended values (?, ?)", rows)


def _key(text: str, check: Check, seed: int) -> str:
    return _digest(_digest(text), check.id, check.key, _beneath(check.file), str(seed))


@cache
def _beneath(check_file: Path) -> str:
    """A digest of what the checks of a file rest on, directly or through others, and of the libraries.

    By imports, so that a new page or another part's checks make nothing run again. What is found by name is added: all
    that a worker lays beside a submission, and the kit it may import.
    """
    by_name = [*(AUTOGRADER / "grader" / "inside").rglob("*.py"), *(SOLUTIONS / "kit").glob("*.py")]
    files = _imported({check_file, AUTOGRADER / "staff" / "verify" / "run.py", *by_name}) - {check_file}
    texts = [path.read_text(encoding="utf-8") for path in sorted(files)]
    return _digest(platform.python_version(), *map(version, LIBRARIES), *texts)


def _imported(files: Iterable[Path]) -> set[Path]:
    """The files of this repository that `files` import, at any depth, and `files` themselves."""
    found: set[Path] = set()
    waiting = set(files)
    while waiting:
        path = waiting.pop()
        found.add(path)
        waiting |= _imports(path) - found
    return found


@cache
def _imports(path: Path) -> frozenset[Path]:
    """The files of this repository that a file imports, wherever in it."""
    root = AUTOGRADER.parent
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = path.relative_to(root).parts[: -node.level] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    paths = [root.joinpath(*name.split(".")) for name in names]
    candidates = [c for p in paths for c in (p.with_suffix(".py"), p / "__init__.py")]
    return frozenset(c for c in candidates if c.is_file())


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
