"""Grade the one submission that lies in Gradescope's folders: `python -m autograder.staff.gradescope.harness [ROOT]`.

    ROOT/submission/  --checks, the long ones last-->  ROOT/results/results.json

A platform that ends us in the middle shows whatever results.json holds. So it is there from the beginning, with every
check in it; each result is written as it comes; and shortly before the time is up we end by ourselves and say so. A
check that did not get its turn earns nothing but is no secret either: the page says that grading was cut short.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course.file import read_deadlines
from autograder.course.late import NO_DEADLINES, Deadlines, Late
from autograder.course.parts import Parts, read_parts
from autograder.grader.grading import Grader
from autograder.grader.outcomes import CouldNotRun, Outcome
from autograder.grader.plugin import CheckResult
from autograder.grader.report import results
from autograder.grader.report.grade import Grade
from autograder.grader.report.scoring import Score, score
from autograder.grader.running import collect_checks
from autograder.staff.gradescope.late import late_on_gradescope
from autograder.staff.hidden import ROOTS
from autograder.staff.hidden.sandbox.canary import escaped
from envs.errors import UserMistake

KIT = Path(__file__).parents[3]
LIMIT = 600.0  # s, Gradescope's own default; make gradescope MINUTES=… writes another into limit.txt
MARGIN = 15.0  # s before the limit, to end in good order
WAITING = "This check did not get its turn before the time was up."
CUT = "Grading was cut short by the time limit: the points are those of the checks that ran. Staff can run it again."


@dataclass
class Progress:
    """What is known so far, and the file it is written to; written by one thread at a time."""

    path: Path
    parts: Parts
    seed: int
    found: dict[str, CheckResult]
    started: float
    isolation: str = "nothing has been run yet"
    notes: tuple[str, ...] = ()
    done: bool = False
    late: Late | None = None
    late_notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def record(self, result: CheckResult) -> None:
        with self._lock:
            self.found[result.id] = result
        self.write()

    def opened(self, isolation: str, notes: tuple[str, ...]) -> None:
        """The submission is open, and what holds it in is known."""
        self.isolation, self.notes = isolation, notes

    def write(self) -> None:
        with self._lock:
            every = tuple(self.found.values())
            total: Score = score(every, self.parts)
            notes = (*(() if self.done else (CUT,)), *self.notes, *self.late_notes)
            seconds = time.monotonic() - self.started
            grade = Grade(
                "submission",
                every,
                total,
                self.seed,
                seconds,
                self.isolation,
                notes=notes,
                late=self.late,
                settings=self.parts.settings,
            )
            results.write_json(self.path, results.gradescope(grade))


def run(
    root: Path,
    pristine: Path,
    roots: dict[str, Path],
    parts: Parts,
    limit: float = LIMIT,
    deadlines: Deadlines = NO_DEADLINES,
) -> int:
    """Grade ROOT/submission; returns the exit code: not 0 for a fault of the grader's own, which staff then sees.

    `deadlines` cost points here only where the course's policy says `on_gradescope`.
    """
    path = root / "results" / "results.json"
    results.prepare_folder(path.parent)
    listed = collect_checks(roots, parts)
    waiting = [dataclasses.replace(c, outcome=Outcome.TIMED_OUT, message=WAITING) for c in listed.checks]
    found = {check.id: check for check in (*waiting, *listed.broken)}
    progress = Progress(path, parts, _seed(root), found, time.monotonic())
    if deadlines.policy.on_gradescope:
        progress.late, progress.late_notes = late_on_gradescope(root / "submission_metadata.json", deadlines)
    progress.write()
    timer = threading.Timer(max(1.0, limit - MARGIN), _end, [progress])
    timer.daemon = True
    timer.start()
    try:
        with _grader(pristine, roots, parts) as grader:
            grader.grade(
                root / "submission", seed=progress.seed, on_open=progress.opened, on_result=progress.record
            )
    except UserMistake as mistake:  # of whoever packed the submission
        nothing = Grade(
            *("submission", (), score((), parts), progress.seed, 0.0, "nothing was run"),
            notes=(str(mistake),),
            settings=parts.settings,
        )
        results.write_json(path, results.gradescope(nothing))
        print(mistake)
        return 0
    except CouldNotRun as fault:
        path.unlink(missing_ok=True)  # no points for or against anybody: the platform reports an error
        print(f"{fault} {fault.detail}", file=sys.stderr)
        return 1
    finally:
        timer.cancel()
    progress.done = True
    progress.write()
    if (set_there := _total(root)) not in (None, parts.total):  # stdout is for staff alone
        print(
            f"The assignment is worth {set_there:g} points on Gradescope, but {parts.total:g} in course.toml."
        )
    print(f"{len(progress.found)} checks in {time.monotonic() - progress.started:.0f} s")
    return 0


@contextmanager
def _grader(pristine: Path, roots: dict[str, Path], parts: Parts) -> Iterator[Grader]:
    """A grader; a machine on which the sandbox does not hold is no fault of the student's. Raises `CouldNotRun`."""
    with ExitStack() as stack:
        try:
            grader = stack.enter_context(Grader(pristine, roots, parts, canary=escaped))
        except UserMistake as weak:
            raise CouldNotRun(str(weak)) from None
        yield grader


def _end(progress: Progress) -> None:
    """The time is nearly up, wherever the grading stands. The submission's process ends with our end of its socket."""
    progress.write()
    print(CUT, flush=True)
    os._exit(0)


def _metadata(root: Path, *path: str) -> Any:
    """An entry of the submission's metadata; None where there is none."""
    try:
        found = json.loads((root / "submission_metadata.json").read_text(encoding="utf-8"))
        for name in path:
            found = found[name]
        return found
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _total(root: Path) -> float | None:
    """What the assignment is worth on Gradescope, a number written as text; None where that is not known."""
    try:
        return float(_metadata(root, "assignment", "total_points"))
    except (TypeError, ValueError):
        return None


def _seed(root: Path) -> int:
    """The same submission gets the same inputs whenever it is graded again."""
    submission = _metadata(root, "id")
    if submission is None:
        return secrets.randbits(32)
    return int.from_bytes(hashlib.sha256(f"gradescope:{submission}".encode()).digest()[:4])


def _limit(root: Path) -> float:
    try:
        return 60.0 * float((root / "source" / "limit.txt").read_text())
    except (OSError, ValueError):
        return LIMIT


def main() -> int:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("AUTOGRADER_ROOT", "/autograder"))
    try:
        return run(root, KIT / "hw", ROOTS, read_parts(), _limit(root), read_deadlines())
    except (UserMistake, CouldNotRun) as fault:
        print(fault, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
