"""What is known already: how a check ended on a text at a seed, kept until one of them or what they rest on changes."""

from __future__ import annotations

import hashlib
import json
import platform
import sqlite3
from collections.abc import Iterable, Sequence
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

    def add(self, text: str, checks: Sequence[Check], results: Iterable[Ended]) -> None:
        by_id = {check.id: check for check in checks}
        rows = [(_key(text, by_id[e.check], e.seed), json.dumps(asdict(e))) for e in results]
        with self._db:
            self._db.executemany("insert or replace into ended values (?, ?)", rows)


def _key(text: str, check: Check, seed: int) -> str:
    return _digest(_digest(text), check.id, check.key, _beneath(check.file), str(seed))


@cache
def _beneath(check_file: Path) -> str:
    """A digest of what the checks of a file rest on: the grader, what checks share, the reference, the libraries."""
    files = [*(AUTOGRADER / "grader").rglob("*.py"), AUTOGRADER / "staff" / "verify" / "run.py"]
    for folder in {AUTOGRADER / "checks", check_file.parent}:
        files += [path for path in folder.glob("*.py") if not path.name.startswith("test_")]
    files += [SOLUTIONS / check_file.name.removeprefix("test_"), *(SOLUTIONS / "kit").glob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in sorted(files) if path.is_file()]
    return _digest(platform.python_version(), *map(version, LIBRARIES), *texts)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
