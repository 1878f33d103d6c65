"""Grade a submission in a confined process: what programs call (the command line, the demo, a batch, tests).

path --intake--> part files --run_checks over a transport--> results --score--> Grade
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from autograder.course.parts import Parts
from autograder.grader.inside.confine.layers import Layers
from autograder.grader.intake.opening import open_submission
from autograder.grader.outside.process import WorkerHost
from autograder.grader.outside.tree import build_base
from autograder.grader.plugin import CheckResult
from autograder.grader.report.grade import Grade
from autograder.grader.report.scoring import score
from autograder.grader.running import run_checks
from envs.errors import UserMistake

OnResult = Callable[[CheckResult], None]
OnOpen = Callable[[str, tuple[str, ...]], None]  # the isolation, and the notes about the package
# Of a host and the folder of hidden checks: what a submission could do there.
Canary = Callable[[WorkerHost, Path], list[str]]


class Grader:
    """Grades any number of submissions with one preloaded process; use it in a `with` statement.

    `pristine` is the untouched starter (`hw/`), `roots` the folders of checks ({"public": …, "hidden": …}).
    """

    def __init__(
        self,
        pristine: Path,
        roots: dict[str, Path],
        parts: Parts,
        *,
        canary: Canary | None = None,
        allow_weak_sandbox: bool = False,
        layers: Layers | None = None,
    ) -> None:
        """`layers` confine the submissions' code; by default all that this machine offers.

        `canary` tries that sandbox and names what a submission could do; hidden checks are not graded without one.
        Entering raises `UserMistake` if it could do anything, unless `allow_weak_sandbox`.
        """
        if "hidden" in roots and canary is None:
            raise ValueError("hidden checks are graded only behind a sandbox that a canary has tried")
        self._canary = canary
        self._pristine = pristine
        self._roots = roots
        self._parts = parts
        self._allow_weak = allow_weak_sandbox
        self._layers = layers
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Grader:
        if not hasattr(os, "fork"):
            raise UserMistake(
                "running a submission in a process of its own needs Linux or macOS (on Windows: WSL)"
            )
        try:
            base = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="grading-")))
            preload = build_base(base, self._pristine, self._parts)
            package = self._pristine.resolve().name
            host = WorkerHost(base, package, list(self._parts.modules), preload, self._layers)
            self._host = self._stack.enter_context(host)
            self._escapes = self._try_to_escape()
        except BaseException:
            self._stack.close()
            raise
        return self

    def _try_to_escape(self) -> tuple[str, ...]:
        """What the canary could do; without hidden checks, nobody needs to know."""
        if self._canary is None or "hidden" not in self._roots:
            return ()
        found = self._canary(self._host, self._roots["hidden"])
        if found and not self._allow_weak:
            more = f" and {len(found) - 3} more" if len(found) > 3 else ""
            raise UserMistake(
                f"the sandbox on this machine ({self._host.layers.name}) does not hold, a submission could: "
                f"{', '.join(found[:3])}{more}. Grade elsewhere, or with --allow-weak-sandbox if you trust them."
            )
        return tuple(found)

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def grade(
        self,
        path: Path,
        *,
        seed: int | None = None,
        selection: frozenset[str] | None = None,
        only: Sequence[str] | None = None,
        on_open: OnOpen = lambda isolation, notes: None,
        on_result: OnResult = lambda result: None,
    ) -> Grade:
        """Grade the folder or zip at `path`, on the sub-parts in `selection` and with the check files in `only`.

        `on_open` is told what is known before the first check runs. Raises `UserMistake`, `CouldNotRun`.
        """
        start = time.monotonic()
        seed = secrets.randbits(32) if seed is None else seed
        with tempfile.TemporaryDirectory(prefix="submission-") as name:
            folder = Path(name)
            opened = open_submission(path, folder, self._parts)
            on_open(self._host.layers.name, opened.notes)
            results = run_checks(
                self._roots,
                lambda limit: self._host.connect(folder, limit, _worker_seed(seed)),
                folder,
                self._parts,
                selection=selection,
                only=only,
                seed=seed,
                on_result=on_result,
            )
        points = score(results, self._parts, selection)
        seconds = time.monotonic() - start
        title = path.resolve().name
        isolation = self._host.layers.name
        left = frozenset(self._parts.subparts) - selection if selection is not None else frozenset()
        return Grade(
            title,
            tuple(results),
            points,
            seed,
            seconds,
            isolation,
            escapes=self._escapes,
            notes=opened.notes,
            missing=self._parts.named(left),
            settings=self._parts.settings,
        )


def _worker_seed(seed: int) -> int:
    """For the generators that a submission can read: what it draws must not tell what the hidden checks drew."""
    return int.from_bytes(hashlib.blake2b(b"worker %d" % seed, digest_size=4).digest(), "big")


def grade(
    path: Path,
    pristine: Path,
    roots: dict[str, Path],
    parts: Parts,
    *,
    seed: int | None = None,
    selection: frozenset[str] | None = None,
    on_result: OnResult = lambda result: None,
    canary: Canary | None = None,
    allow_weak_sandbox: bool = False,
) -> Grade:
    """Grade one submission in a confined process (for several, keep a `Grader` open)."""
    with Grader(pristine, roots, parts, canary=canary, allow_weak_sandbox=allow_weak_sandbox) as grader:
        return grader.grade(path, seed=seed, selection=selection, on_result=on_result)
