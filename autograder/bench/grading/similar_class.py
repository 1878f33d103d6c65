"""How well are copies found, and who is suspected without cause? A class of answers written apart, with rings in it.

Answers come from the kit's own right and wrong variants: for each hole one of them, or the solution's own. Nobody's
class is like that: people have habits, and there are more ways to write a hole. Read the figures as a comparison of
disguises and sizes, and as a bound on gross mistakes.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from autograder.bench.grading.disguises import DISGUISES, renamed
from autograder.course.parts import Parts, read_parts
from autograder.grader.outside.tree import ROOT
from autograder.staff.batch.similar import similar_groups
from autograder.staff.made_class.draft import Draft, part_files, write
from autograder.staff.verify.submissions import Role, hole_body, read_submissions

SOLUTION = 0.35  # how often a hole is filled as in the solution
WRONG = 0.15  # and how often with a mistake


@cache
def _bodies() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Right and wrong code for each hole: that of the variants and mutants which change nothing beside it."""
    parts, solutions = read_parts(), ROOT / "solutions"
    right: dict[str, list[str]] = {}
    wrong: dict[str, list[str]] = {}
    for submission in read_submissions(parts, solutions, ROOT / "hw"):
        reference = (solutions / parts.part_of(submission.subpart).file).read_text(encoding="utf-8")
        body = hole_body(reference, submission)
        into = {Role.RIGHT: right, Role.WRONG: wrong}.get(submission.role)
        if body is not None and into is not None:
            into.setdefault(submission.subpart, []).append(body)
    return right, wrong


def written_apart(rng: random.Random, parts: Parts | None = None) -> dict[str, str]:
    """One submission: file -> text."""
    parts = parts or read_parts()
    made = Draft(part_files(ROOT / "solutions", parts), parts)
    for hole, body in ideas(rng, made.holes).items():
        made.fill(hole, body)
    return {name: renamed(text, rng) for name, text in made.files().items()}


def ideas(rng: random.Random, holes: Sequence[str]) -> dict[str, str]:
    """What somebody thinks of: hole -> code, where that is not the solution's."""
    right, wrong = _bodies()
    found = {}
    for hole in holes:
        draw = rng.random()
        if draw >= SOLUTION:
            found[hole] = rng.choice((wrong if draw >= 1 - WRONG else right)[hole])
    return found


def measure_similar(seed: int, sizes: Sequence[int] = (30, 100, 300)) -> dict[str, Any]:
    """Rings found and people suspected without cause, by size of class, by disguise, and by part file."""
    files = list(read_parts().modules.values())
    found: dict[str, Any] = {
        f"{count}, nobody copied": measure(count, (), "nothing", seed) for count in sizes
    }
    for count, rings in ((10, (8,)), (30, (6,)), (300, (30, 2))):
        found[f"{count}, rings of {', '.join(map(str, rings))}, renamed"] = measure(
            count, rings, "renamed", seed
        )
    for disguise in DISGUISES:
        found[f"60, rings of 2, 4 and 6, {disguise}"] = measure(60, (2, 4, 6), disguise, seed)
    for disguise in ("commented", "renamed", "many at once"):
        for file in files:
            name = f"60, rings of 2, 4 and 6, only {file}, {disguise}"
            found[name] = measure(60, (2, 4, 6), disguise, seed, file)
    return found


def measure(count: int, rings: Sequence[int], disguise: str, seed: int, only: str = "") -> dict[str, float]:
    """A class of `count` with `rings` of these sizes, whose copies are disguised: of all parts, or of `only` one."""
    rng, ring_of = random.Random(f"{seed} {count} {rings} {disguise} {only}"), {}
    with tempfile.TemporaryDirectory(prefix="similar-") as name:
        store = Path(name)
        for number, size in enumerate(rings):
            source = written_apart(rng)
            for member in range(size):
                copy = {f: DISGUISES[disguise](text, rng) if member else text for f, text in source.items()}
                key = f"ring-{number}-{member}"
                ring_of[key] = number
                write(store / key, written_apart(rng) | {only: copy[only]} if only else copy)
        for number in range(count - sum(rings)):
            write(store / f"other-{number}", written_apart(rng))
        start = time.process_time()
        groups = similar_groups({p.name: p.name for p in store.iterdir()}, store, ROOT / "hw", read_parts())
        seconds = time.process_time() - start
    pairs = [(pair.first, pair.second) for group in groups for pair in group.pairs]
    right = [p for p in pairs if p[0] in ring_of and ring_of[p[0]] == ring_of.get(p[1])]
    members = {name for pair in right for name in pair}
    return {
        "members": sum(rings),
        "of them found": len(members),
        "pairs": len(pairs),
        "of them without cause": len(pairs) - len(right),
        "seconds": round(seconds, 1),
    }


def table(figures: dict[str, Any]) -> str:
    """The figures as a table in Markdown."""
    lines = ["| class | recall | precision | pairs without cause |", "|---|---|---|---|"]
    for name, row in figures.items():
        recall = f"{row['of them found']} of {row['members']}" if row["members"] else ""
        precision = (
            f"{1 - row['of them without cause'] / row['pairs']:.2f}"
            if row["pairs"] and row["members"]
            else ""
        )
        lines.append(f"| {name} | {recall} | {precision} | {row['of them without cause']} |")
    return "\n".join(lines)
