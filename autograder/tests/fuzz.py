"""Forge answers at random and look for a surprise on the grader's side: `python -m autograder.tests.fuzz [COUNT]`.

Each answer is of one of these kinds: a problem or a value with fields of every type that the wire can carry, an honest
answer with bytes changed, cut or repeated, and noise. It must become a value or a verdict; any other exception, and the
verdict "could not run", is a surprise. The lines that a hidden check would show are counted on the way: their number is
the capacity that is left.

`through_the_checks` answers the questions of the real checks the same way, or with the reference's own answers in which
something was changed: none may end as "could not run".
"""

from __future__ import annotations

import json
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from autograder.course.parts import Parts
from autograder.grader.inside import answers, values
from autograder.grader.inside.values import DTYPES
from autograder.grader.outcomes import Outcome, Verdict
from autograder.grader.outside.direct import DirectTransport
from autograder.grader.plugin import translate
from autograder.grader.running import run_checks
from autograder.grader.student import SHOWN_ERRORS, Student, Transport
from autograder.tests.forging import answer, array, extension, packed, problem, returned
from autograder.tests.variants import SOLUTIONS

COUNT = 1_000_000
BENT = 0.05  # of the reference's answers
LINES = 150  # of the part file that the forged problems name
_DTYPES = (*sorted(DTYPES), "|O")
FIELDS = ("kind", "text", "type_name", "file", "line", "argument")
HOLES = frozenset({"1a", "1b", "2a"})


class Forged:
    """A transport whose answers are forged; every one of them is an answer to any question."""

    idle_limit = computed = idle = 0.0

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def ask(self, message: bytes) -> bytes:
        return forged(self._rng)

    def close(self) -> None:
        """There is no process."""


class Bent(DirectTransport):
    """The reference's answers, some of them with something changed in what was returned."""

    def __init__(self, folder: Path, modules: list[str], rng: random.Random) -> None:
        super().__init__(folder, modules, 1e9)
        self._rng = rng

    def ask(self, message: bytes) -> bytes:
        true = super().ask(message)
        found = answers.decode(true)
        if self._rng.random() > BENT or not isinstance(found, answers.Returned):
            return true
        tree = values.decode(found.value, lambda ref: ref)
        return answers.encode(answers.Returned(values.encode(_bent(tree, self._rng), _as_it_is)))


def _as_it_is(obj: object) -> object:
    raise TypeError(f"a {type(obj).__name__} is no plain value")


def _bent(tree: Any, rng: random.Random) -> Any:
    """The same with one thing changed: an array's values, dtype or shape, an item of a list or dict, or all of it."""
    if isinstance(tree, dict) and tree and rng.random() < 0.8:
        key = rng.choice(list(tree))
        return {k: _bent(v, rng) if k == key else v for k, v in tree.items()}
    if isinstance(tree, list | tuple) and tree and rng.random() < 0.8:
        at = rng.randrange(len(tree))
        return type(tree)(_bent(v, rng) if i == at else v for i, v in enumerate(tree))
    if isinstance(tree, np.ndarray) and rng.random() < 0.8:
        return _bent_array(tree, rng)
    big = rng.choice((2**62, -1, 10**9, 0, 1))
    things = (
        None,
        True,
        big,
        float("nan"),
        "text",
        [],
        {},
        (),
        np.zeros((0, 3)),
        np.full(3, big),
        np.array(big),
    )
    return rng.choice(things)


def _bent_array(array: np.ndarray, rng: random.Random) -> np.ndarray:
    with np.errstate(all="ignore"):
        changes: tuple[Callable[[], np.ndarray], ...] = (
            lambda: array.astype(rng.choice(("?", "i1", "i8", "u8", "f4", "f8"))),
            lambda: array[..., None],
            lambda: array.ravel(),
            lambda: array[:0],
            lambda: array.T,
            lambda: np.full_like(array, rng.choice((0, 1))),
            lambda: np.full(array.shape, rng.choice((np.nan, np.inf, -np.inf, 1e300))),
            lambda: np.full(array.shape, rng.choice((2**62, -(2**62), 10**9, -1))),
            lambda: np.concatenate([array.ravel(), array.ravel()]),
        )
        return rng.choice(changes)()


def forged(rng: random.Random) -> bytes:
    """One answer."""
    kind = rng.random()
    if kind < 0.45:
        return _problem(rng)
    if kind < 0.8:
        return _value(rng)
    honest = _value(rng) if rng.random() < 0.5 else _problem(rng)
    if kind < 0.95:
        return _damaged(honest, rng)
    return rng.randbytes(rng.randrange(60))


def _problem(rng: random.Random) -> bytes:
    """Mostly well-formed, so that the readers behind the schema get something to read."""
    fields: dict[str, Any] = {
        "kind": rng.choice(answers.KINDS),
        "text": rng.choice(
            ("", "TODO(1a): x", f"TODO({rng.randrange(10**9)}a)", "x" * rng.randrange(301), "\x1b\n\ud7ff")
        ),
        "type_name": rng.choice((*SHOWN_ERRORS, "E", "SyntaxError", "<b>", "")),
        "file": rng.choice(("sums.py", "words.py", "/etc/passwd", "")),
        "line": rng.choice((0, rng.randrange(LINES + 2), rng.randrange(2**31))),
        "argument": rng.randrange(2**31),
    }
    for name in [name for name in FIELDS if rng.random() < 0.1]:
        fields[name] = odd(rng)
    if rng.random() < 0.05:
        fields[rng.choice(("score", "outcome", "value", "type"))] = odd(rng)
    return problem(**fields) if "type" not in fields else answer(**fields)


def _value(rng: random.Random) -> bytes:
    if rng.random() < 0.1:
        return packed(odd(rng), odd(rng))
    blobs = [rng.randbytes(rng.choice((0, 1, 4, 8, 24, 64))) for _ in range(rng.randrange(4))]
    return returned(odd(rng), blobs)


def _damaged(message: bytes, rng: random.Random) -> bytes:
    data = bytearray(message)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data) + 1)
        change = rng.randrange(3)
        if change == 0:
            data[at : at + 1] = bytes([rng.randrange(256)])
        elif change == 1:
            del data[at : at + rng.randrange(1, 6)]
        else:
            data[at:at] = data[at : at + rng.randrange(1, 6)]
    return bytes(data)


def odd(rng: random.Random, depth: int = 0) -> Any:
    """Anything that msgpack holds, and any of the extensions with a content that may fit or not."""
    choices: tuple[Callable[[], Any], ...] = (
        lambda: None,
        lambda: rng.random() < 0.5,
        lambda: rng.choice((0, 1, -1, 7, 150, 2**31, 2**62, 2**64 - 1, -(2**63))),
        lambda: rng.choice((0.0, -0.5, 1e300, float("nan"), float("inf"))),
        lambda: rng.choice(("", "raised", "x" * rng.randrange(400), "\x1b[2J", "😀")),
        lambda: rng.randbytes(rng.randrange(12)),
        lambda: array(
            rng.choice((*sorted(DTYPES), "|O", odd(rng, 9))), _shape(rng), rng.choice((0, 1, 2, odd(rng, 9)))
        ),
        lambda: extension(rng.randrange(-3, 10) % 128, odd(rng, depth + 1)),
        lambda: extension(rng.choice((3, 4, 6, 7)), [rng.randrange(3), "T"][: rng.randrange(3)]),
        lambda: [odd(rng, depth + 1) for _ in range(rng.randrange(4))],
        lambda: {rng.choice(("a", "outcome", 1, -1)): odd(rng, depth + 1) for _ in range(rng.randrange(4))},
        lambda: extension(2, [odd(rng, depth + 1) for _ in range(rng.randrange(4))]),
    )
    return choices[rng.randrange(6 if depth > 3 else len(choices))]()


def _shape(rng: random.Random) -> Any:
    sizes = (0, 1, 2, 3, 8, 2**26, 2**62, -1)
    return [rng.choice(sizes) for _ in range(rng.randrange(4))] if rng.random() < 0.9 else odd(rng, 9)


def fuzz(count: int, seed: int = 0) -> dict[str, Any]:
    """What `count` forged answers became; "surprises" holds the first few that are neither values nor verdicts."""
    rng = random.Random(seed)
    became: Counter[str] = Counter()
    surprises: list[str] = []
    lines: set[tuple[str, str]] = set()
    student = Student(Forged(rng), {"sums": "sums.py", "words": "words.py"}, HOLES, {"sums.py": LINES})
    calls: tuple[Callable[[], Any], ...] = (
        lambda: student.sums.add(1, 2),
        lambda: student.read("sums", "X"),
        lambda: student.value_and_grad("sums", "add", [1.0, 2.0]),
        lambda: student.module("kit.helpers").twice(1),
    )
    for i in range(count):
        error: BaseException | None = None
        try:
            calls[i % len(calls)]()
        except Exception as raised:
            error = raised
        if error is not None and not isinstance(error, Verdict) and len(surprises) < 20:
            surprises.append(f"{type(error).__name__}: {error}")
        outcome, line, _ = translate(error, True, frozenset())
        if outcome is Outcome.COULD_NOT_RUN and len(surprises) < 20:
            surprises.append(f"could not run: {error}")
        became[outcome.value if error is not None else "a value"] += 1
        lines.add((outcome, line))
    return {
        "answers": count,
        "seed": seed,
        "surprises": surprises,
        "became": dict(became),
        "lines a hidden check would show": len(lines),
        "bits": round(math.log2(len(lines)), 1),
    }


def through_the_checks(
    roots: dict[str, Path], parts: Parts, rounds: int, seed: int = 0, bend: Path | None = None
) -> dict[str, Any]:
    """Every check of `roots`, `rounds` times: how they ended, and those that could not run.

    The answers are forged, or with `bend` those of the code in that folder, some of them bent.
    """
    ended: Counter[str] = Counter()
    wrong: list[str] = []
    folder = bend or SOLUTIONS  # a check of a file that was not handed in asks nothing
    for number in range(rounds):
        rng = random.Random(seed * 10**6 + number)

        def connect(limit: float, rng: random.Random = rng) -> Transport:
            return Forged(rng) if bend is None else Bent(bend, list(parts.modules), rng)

        for result in run_checks(roots, connect, folder, parts, seed=number):
            ended[result.outcome.value] += 1
            if result.outcome is Outcome.COULD_NOT_RUN:
                wrong.append(f"{result.id}: {result.detail}")
    return {"checks": sum(ended.values()), "ended": dict(ended), "could not run": wrong}


def main(arguments: list[str]) -> int:
    """Print the reports; exit code 1 if there was a surprise."""
    from autograder.course.parts import read_parts
    from autograder.staff.hidden import ROOTS

    start, course = time.monotonic(), (ROOTS, read_parts())
    report = fuzz(int(arguments[0]) if arguments else COUNT)
    forged_checks = through_the_checks(*course, rounds=20)
    bent_checks = through_the_checks(*course, rounds=10, bend=SOLUTIONS)
    report |= {"checks with forged answers": forged_checks, "checks with bent answers": bent_checks}
    print(json.dumps(report | {"seconds": round(time.monotonic() - start)}, indent=1))
    wrong = report["surprises"] + forged_checks["could not run"] + bent_checks["could not run"]
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
