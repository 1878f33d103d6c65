"""Run checks on one submission by direct calls in this process: 30 ms for what takes pytest and a sandbox 500.

Our own submissions are not hostile, so nothing is confined; whoever calls this kills a process that takes too long.
"""

from __future__ import annotations

import inspect
import linecache
import random
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from autograder.course.parts import Parts
from autograder.grader.outcomes import Outcome
from autograder.grader.outside.direct import DirectTransport
from autograder.grader.plugin import translate
from autograder.grader.sentences import owned
from autograder.grader.student import Student
from autograder.staff.verify.unit import Check

SOLUTIONS = Path(__file__).parents[3] / "solutions"
AFTER_A_TIME_OUT = 1.0  # s of computing for the checks that follow one that timed out


@dataclass(frozen=True)
class Ended:
    """How one check ended at one seed."""

    check: str
    seed: int
    outcome: Outcome
    message: str = ""
    hint: str = ""
    detail: str = ""
    seconds: float = 0.0  # of computing

    def at(self, seed: int) -> Ended:
        return replace(self, seed=seed)


def run(text: str, asked: Sequence[tuple[Check, int]], parts: Parts) -> list[Ended]:
    """Each check at its seed on the part file `text` that the checks are about.

    A check that timed out is not asked again: it would time out at every seed.
    """
    warnings.simplefilter("ignore")  # wrong code divides by 0 and overflows
    sys.dont_write_bytecode = True
    ended: list[Ended] = []
    with tempfile.TemporaryDirectory(prefix="verify-") as name:
        folder = Path(name, "submission")
        folder.mkdir()
        (folder / "__init__.py").touch()
        (folder / "kit").symlink_to(SOLUTIONS / "kit", target_is_directory=True)
        (folder / parts.part_of(asked[0][0].subparts[0]).file).write_text(text, encoding="utf-8")
        linecache.clearcache()
        stuck: set[str] = set()
        for check, seed in asked:
            if check.id in stuck:
                ended.append(next(e for e in ended if e.check == check.id).at(seed))
                continue
            ended.append(_run_one(folder, check, seed, parts, bool(stuck)))
            if ended[-1].outcome is Outcome.TIMED_OUT:
                stuck.add(check.id)
    return ended


def _run_one(folder: Path, check: Check, seed: int, parts: Parts, hurry: bool) -> Ended:
    limit = AFTER_A_TIME_OUT if hurry else max(parts.part_of(i).time_limit for i in check.subparts)
    transport = DirectTransport(folder, list(parts.modules), limit)
    holes = frozenset(sub.id for sub in parts.subparts.values() if sub.hole)
    lines = {p.name: p.read_bytes().count(b"\n") + 1 for p in folder.glob("*.py")}
    student = Student(transport, parts.modules | {"given": "given.py"}, holes, lines)
    fixtures = {
        "student": student,
        "fresh_rng": np.random.default_rng([seed, zlib.crc32(check.id.encode())]),
    }
    asked = {key: fixtures[key] for key in inspect.signature(check.call).parameters if key in fixtures}
    _seed_globals(seed)
    start, error = time.process_time(), None
    try:
        check.call(**asked, **dict(check.arguments))
    except Exception as raised:  # whatever it is, `translate` knows what it means
        error = raised
    seconds = time.process_time() - start
    sentences = owned(check.file) if check.visibility == "hidden" else None
    outcome, message, detail = translate(error, student.was_asked, sentences)
    hint = check.hint if outcome is not Outcome.PASSED else ""
    return Ended(check.id, seed, outcome, message, hint, detail, round(seconds, 4))


def _seed_globals(seed: int) -> None:
    """As a worker does, for code that draws from the global generators."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
