"""Run checks on one's own code, in this very process: what `make check` does, on any system Python runs on.

Nothing here may import what confines a submission, which needs Linux or macOS (`grading.py`).
"""

from __future__ import annotations

import contextlib
import importlib
import time
from collections.abc import Callable
from pathlib import Path

from autograder.course.parts import Parts
from autograder.grader.outside.direct import DirectTransport, load_package
from autograder.grader.outside.tree import imports_of
from autograder.grader.plugin import CheckResult
from autograder.grader.report.grade import Grade
from autograder.grader.report.scoring import score
from autograder.grader.running import run_checks
from envs.errors import UserMistake


def check(
    target: Path,
    roots: dict[str, Path],
    parts: Parts,
    *,
    seed: int = 0,
    selection: frozenset[str] | None = None,
    on_result: Callable[[CheckResult], None] = lambda result: None,
    on_error: Callable[[BaseException], None] | None = None,
    time_limits: bool = True,
) -> Grade:
    """Run checks on the package at `target` in this very process: for students, whose debugger then works.

    `on_error` is told each exception of the student's code. Raises `UserMistake` where there is no such package.
    """
    start = time.monotonic()
    wanted = selection if selection is not None else frozenset(parts.subparts)
    package = load_package(target)
    modules = list(parts.modules)
    if not any((target / file).is_file() for file in parts.files):
        raise UserMistake(f"{target} holds none of the files {', '.join(parts.files)}")
    for part in parts.parts:  # loading torch for the first time must not count against a check's time limit
        if part.module and any(sub.id in wanted for sub in part.subparts):
            for name in imports_of(target / part.file, package) if (target / part.file).is_file() else []:
                if not name.startswith(f"{package}."):
                    # The check itself will say that it cannot be imported.
                    with contextlib.suppress(Exception):
                        importlib.import_module(name)

    def connect(limit: float) -> DirectTransport:
        return DirectTransport(target, modules, limit if time_limits else 1e9, on_error)

    results = run_checks(roots, connect, target, parts, selection=selection, seed=seed, on_result=on_result)
    points = score(results, parts, selection)
    seconds = time.monotonic() - start
    name = target.resolve().name
    return Grade(name, tuple(results), points, seed, seconds, "none: direct calls", settings=parts.settings)
