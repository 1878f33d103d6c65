"""A made-up class of any size: right, wrong, half done, broken and hostile submissions, from solutions/ and a seed.

No two are alike (each holds its number in a comment), so grading equal contents only once saves nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from autograder.course.parts import Parts
from autograder.staff.made_class.draft import Draft, pack, part_files, write

Files = dict[str, str]

SWAPS = (
    *[(" + ", " - "), (" - ", " + "), (" * ", " + "), (" / ", " * "), ("mean", "sum"), ("min", "max")],
    *[("max", "min"), (" > ", " < "), (" < ", " > "), ("axis=-1", "axis=0"), ("1.0", "0.5"), ("-1]", "0]")],
    *[
        ("steps + 1", "steps"),
        ("next_obs", "obs"),
        ("target_critic", "critic"),
        ("masks", "1.0"),
        ("low", "high"),
    ],
)
BROKEN = (
    "return None",
    "return float('nan')",
    "return 'the answer'",
    "return [[[]]]",
    "return undefined_name",
    "raise ValueError('I gave up here')",
    "import numpy\nreturn numpy.zeros((7, 7, 7))",
    "goals = rewards = targets = loss = None",
    "return 1 / 0",
)
ENDLESS = "while True:\n    pass"
HOSTILE = (
    ENDLESS,
    "import time\ntime.sleep(10_000)",
    "import os\nos._exit(0)",
    "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "import sys\nsys.exit(0)",
    "raise ValueError('<script>alert(1)</script>' * 1000)",
    "raise BaseException('=cmd|calc\\r\\n\\x1b[31m')",
    "print('x' * 10**7)\nreturn None",
    "import numpy\nreturn numpy.zeros(40_000_000)",
    "import numpy\nnumpy.zeros = numpy.ones = numpy.asarray = None",
    "class Equal:\n    def __eq__(self, other):\n        return True\nreturn Equal()",
    "import sys\nsys.setrecursionlimit(10**9)\nf = lambda n: f(n + 1)\nreturn f(0)",
)
NAMES = (
    "=1+1",
    "<b>student</b>",
    "-student",
    "@student",
    "student \U0001f642",
    "../student",
    "student\u202e",
)


def build_class(folder: Path, count: int, seed: int, solutions: Path, parts: Parts) -> dict[str, int]:
    """Write `count` submissions, zips and folders, into the new `folder`; returns how many are of each kind."""
    rng = random.Random(seed)
    kinds = [kind for kind, (share, _) in KINDS.items() for _ in range(round(count * share / 100))]
    kinds = (kinds + ["right"] * count)[:count]
    rng.shuffle(kinds)
    folder.mkdir(parents=True)
    solved = part_files(solutions, parts)
    for number, kind in enumerate(kinds):
        name = f"student-{number:05}"
        files = {
            file: f"{text}\n# {name}\n" for file, text in KINDS[kind][1](Draft(solved, parts), rng).items()
        }
        if kind == "hostile":
            name += " " + rng.choice(NAMES).replace("/", "_")
        _hand_in(folder / name, files, rng, badly=kind == "broken" and rng.random() < 0.3)
    return {kind: kinds.count(kind) for kind in KINDS}


def right(draft: Draft, rng: random.Random) -> Files:
    """A variable and a comment of the student's own in some holes."""
    for hole in _some(draft, rng, 0, 6):
        draft.change(hole, lambda text: f"mine = {rng.randrange(100)}  # a note\n{text}")
    return draft.files()


def wrong(draft: Draft, rng: random.Random) -> Files:
    """A mistake in one to four holes."""
    left = rng.randint(1, 4)
    for hole in _some(draft, rng, len(draft.holes), len(draft.holes)):
        swaps = list(SWAPS)
        rng.shuffle(swaps)
        left -= draft.change(hole, partial(_swapped, swaps))
        if left == 0:
            break
    return draft.files()


def half_done(draft: Draft, rng: random.Random) -> Files:
    """At least four holes are open, and at least two are not."""
    for hole in _some(draft, rng, 4, len(draft.holes) - 2):
        draft.empty(hole)
    return draft.files()


def broken(draft: Draft, rng: random.Random) -> Files:
    """A file that cannot be loaded or is missing, or code that returns nonsense."""
    name = rng.choice(sorted(draft.files()))
    way = rng.randrange(5)
    if way > 2:
        for hole in _some(draft, rng, 2, 8):
            draft.fill(hole, rng.choice(BROKEN))
    files = draft.files()
    if way == 0:
        files[name] += "\ndef (:\n"
    elif way == 1:
        files[name] = "import no_such_module\n" + files[name]
    elif way == 2:
        del files[name]
    return files


def hostile(draft: Draft, rng: random.Random) -> Files:
    """One or two holes attack the grader or never end."""
    for hole in _some(draft, rng, 1, 2):
        draft.fill(hole, rng.choice(HOSTILE))
    return draft.files()


# Of a hundred: most have understood most of it, some have not begun everywhere, a few are trouble.
KINDS: dict[str, tuple[int, Callable[[Draft, random.Random], Files]]] = {
    "right": (30, right),
    "wrong": (35, wrong),
    "half done": (18, half_done),
    "broken": (10, broken),
    "hostile": (7, hostile),
}


def _some(draft: Draft, rng: random.Random, least: int, most: int) -> list[str]:
    return rng.sample(draft.holes, rng.randint(least, most))


def _swapped(swaps: Sequence[tuple[str, str]], text: str) -> str | None:
    return next((text.replace(old, new) for old, new in swaps if old in text), None)


def _hand_in(path: Path, files: Files, rng: random.Random, badly: bool) -> None:
    """As a folder or a zip; `badly` as a damaged zip or as a Mac packs a folder."""
    archive = path.with_name(f"{path.name}.zip")
    if badly and rng.random() < 0.5:
        archive.write_bytes(b"PK\3\4" + rng.randbytes(200))
    elif rng.random() < 0.3:
        write(path, files)
    else:
        inside = "my homework (final)/hw/" if badly or rng.random() < 0.3 else ""
        pack(archive, files, inside, mac=badly)
