"""What usually lies behind a sentence that a check tells: the misconceptions of the known wrong answers that get it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

WRONG = Path(__file__).parents[1] / "mutants" / "wrong"
MOST = 3


def behind(subparts: Iterable[str], message: str) -> list[str]:
    """Up to three misconceptions, those of common mistakes first; none if the message is known of no wrong answer."""
    found = [
        (kind != "common", misconception)
        for sub in subparts
        for kind, misconception, says in _known(sub)
        if message and any(re.search(pattern, message) for pattern in says)
    ]
    return list(dict.fromkeys(misconception for _, misconception in sorted(found, key=lambda one: one[0])))[
        :MOST
    ]


@cache
def _known(subpart: str) -> list[tuple[str, str, list[str]]]:
    """(kind, misconception, patterns of the messages) of each wrong answer to a sub-part."""
    path = WRONG / f"{subpart}.toml"
    if not path.is_file():
        return []
    mutants = tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", [])
    return [(one["kind"], one["misconception"], one.get("says", [])) for one in mutants]
