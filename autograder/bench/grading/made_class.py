"""A made-up class of any size: right, wrong, half done, broken and hostile submissions, from solutions/ and a seed.

No two are alike (each carries its number in a comment), so that nothing is saved by grading equal contents once.
"""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from autograder.course.parts import Parts
from autograder.staff.release.markers import Block, find_blocks

# Of a hundred: most have understood most of it, some have not begun everywhere, a few are trouble.
SHARES = {"right": 30, "wrong": 35, "half done": 18, "broken": 10, "hostile": 7}

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
HOSTILE = (
    "while True:\n    pass",
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
    kinds = [kind for kind, share in SHARES.items() for _ in range(round(count * share / 100))]
    kinds = (kinds + ["right"] * count)[:count]
    rng.shuffle(kinds)
    makers = {
        "right": _right,
        "wrong": _wrong,
        "half done": _half_done,
        "broken": _broken,
        "hostile": _hostile,
    }
    folder.mkdir(parents=True)
    for number, kind in enumerate(kinds):
        holes = _Holes(solutions, parts, rng)
        makers[kind](holes, rng)
        holes.finish()
        texts = {name: f"{text}\n# student-{number:05}\n" for name, text in holes.texts.items()}
        name = f"student-{number:05}"
        if kind == "hostile":
            name += " " + rng.choice(NAMES).replace("/", "_")
        _hand_in(folder, name, texts, rng, badly=kind == "broken" and rng.random() < 0.3)
    return {kind: kinds.count(kind) for kind in SHARES}


class _Holes:
    """One submission in the making: the solution's part files, whose holes can be filled in otherwise."""

    def __init__(self, solutions: Path, parts: Parts, rng: random.Random) -> None:
        files = tuple(parts.modules.values())
        self.texts = {name: _read(solutions / name) for name in files}
        self._ids = {part.file: tuple(sub.id for sub in part.subparts) for part in parts.parts}
        self._rng = rng
        self._changed: dict[str, list[str]] = {}
        self.ids = [i for name in files for i in self._ids[name]]

    def file_of(self, hole: str) -> str:
        return next(name for name, ids in self._ids.items() if hole in ids)

    def change(self, hole: str, change: Callable[[str], str | None]) -> bool:
        """Replace the hole's text by `change(text)`, unless that is None; whether it was."""
        name = self.file_of(hole)
        block = self._blocks(name)[hole]
        inside = self.texts[name].splitlines()[block.begin : block.end - 1]
        new = change("\n".join(line[block.indent :] for line in inside))
        if new is not None:
            self._changed[hole] = [" " * block.indent + line for line in new.splitlines()]
        return new is not None

    def finish(self) -> None:
        """Put the changes into the texts; a file's last hole first, so that the lines above stay where they are."""
        for name in self.texts:
            blocks = (
                [b for b in self._blocks(name).values() if b.id in self._changed] if self._changed else []
            )
            lines = self.texts[name].splitlines()
            for block in sorted(blocks, key=lambda b: -b.begin):
                lines[block.begin : block.end - 1] = self._changed[block.id]
            self.texts[name] = "\n".join(lines) + "\n"

    def _blocks(self, name: str) -> dict[str, Block]:
        return {block.id: block for block in _blocks(self.texts[name], name, self._ids[name])}

    def some(self, least: int, most: int) -> list[str]:
        return self._rng.sample(self.ids, self._rng.randint(least, most))


def _right(holes: _Holes, rng: random.Random) -> None:
    for hole in holes.some(0, 6):  # somebody's own words and an extra variable
        holes.change(hole, lambda text: f"mine = {rng.randrange(100)}  # a note\n{text}")


def _wrong(holes: _Holes, rng: random.Random) -> None:
    left = rng.randint(1, 4)
    for hole in holes.some(24, 24):
        swaps = list(SWAPS)
        rng.shuffle(swaps)
        left -= holes.change(hole, lambda text, swaps=swaps: _swapped(text, swaps))
        if left == 0:
            return


def _half_done(holes: _Holes, rng: random.Random) -> None:
    for hole in holes.some(4, 22):
        holes.change(hole, lambda text, hole=hole: f'raise NotImplementedError("TODO({hole}): to do")')


def _broken(holes: _Holes, rng: random.Random) -> None:
    name = rng.choice(sorted(holes.texts))
    way = rng.randrange(5)
    if way == 0:
        holes.texts[name] += "\ndef (:\n"
    elif way == 1:
        holes.texts[name] = "import no_such_module\n" + holes.texts[name]
    elif way == 2:
        del holes.texts[name]
    else:
        for hole in holes.some(2, 8):
            holes.change(hole, lambda text: rng.choice(BROKEN))


def _hostile(holes: _Holes, rng: random.Random) -> None:
    for hole in holes.some(1, 2):
        holes.change(hole, lambda text: rng.choice(HOSTILE))


def _swapped(text: str, swaps: Sequence[tuple[str, str]]) -> str | None:
    return next((text.replace(old, new) for old, new in swaps if old in text), None)


def _hand_in(folder: Path, name: str, texts: dict[str, str], rng: random.Random, badly: bool) -> None:
    if badly and rng.random() < 0.5:
        (folder / f"{name}.zip").write_bytes(b"PK\3\4" + rng.randbytes(200))
        return
    if rng.random() < 0.3:
        (folder / name).mkdir()
        for file, text in texts.items():
            (folder / name / file).write_text(text, encoding="utf-8")
        return
    inner = "my homework (final)/hw/" if badly or rng.random() < 0.3 else ""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, text in texts.items():
            archive.writestr(inner + file, text)
            if badly:
                archive.writestr(f"__MACOSX/{inner}._{file}", b"\0\5\26\7")
    (folder / f"{name}.zip").write_bytes(packed.getvalue())


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def _blocks(text: str, name: str, ids: tuple[str, ...]) -> list[Block]:
    return find_blocks(text, name, ids)
