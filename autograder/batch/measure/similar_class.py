"""How well are copies found, and who is suspected without cause? A class of answers written apart, with rings in it.

Answers come from the kit's own right and wrong variants: for each hole one of them, or the solution's own. Nobody's
class is like that: people have habits, and there are more ways to write a hole. Read the figures as a comparison of
disguises and sizes, and as a bound on gross mistakes.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from textwrap import dedent
from types import ModuleType

from autograder.batch.measure.disguises import renamed
from autograder.batch.measure.made_class import _Holes
from autograder.engine.parts import Parts, read_parts
from autograder.engine.tree import ROOT

SOLUTION = 0.35  # how often a hole is filled as in the solution
WRONG = 0.15  # and how often with a mistake


@cache
def _bodies() -> tuple[dict[str, list], dict[str, list]]:
    """Right and wrong variants of each hole."""
    from autograder.tests import (
        test_checks_dynamics,
        test_checks_imagine,
        test_checks_policy,
        test_checks_relabel,
    )

    modules: Iterable[ModuleType] = (
        test_checks_dynamics,
        test_checks_imagine,
        test_checks_policy,
        test_checks_relabel,
    )
    right: dict[str, list] = {}
    wrong: dict[str, list] = {}
    for module in modules:
        for variants, into in ((module.RIGHT, right), (module.WRONG, wrong)):
            for variant in variants:
                into.setdefault(variant.subpart, []).append(variant)
    return right, wrong


def written_apart(rng: random.Random, parts: Parts | None = None) -> dict[str, str]:
    """One submission: file -> text."""
    holes = _Holes(ROOT / "solutions", parts or read_parts(), rng)
    right, wrong = _bodies()
    for hole in holes.ids:
        draw = rng.random()
        if draw >= SOLUTION:
            variant = rng.choice((wrong if draw >= 1 - WRONG else right)[hole])
            holes.change(hole, lambda text, v=variant: _filled(text, v))
    holes.finish()
    return {name: renamed(text, rng) for name, text in holes.texts.items()}


def _filled(text: str, variant) -> str | None:
    body = dedent(variant.body).strip("\n") or text
    if variant.swap[0] and variant.swap[0] not in body:
        return None
    return body.replace(*variant.swap) if variant.swap[0] else body


def write(folder: Path, texts: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", errors="surrogateescape")
