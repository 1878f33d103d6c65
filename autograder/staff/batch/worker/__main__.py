"""Reads tasks on stdin and answers on stdout, in JSON lines: `python -m autograder.staff.batch.worker`.

    {"pristine": …, "roots": …, "parts": …, "store": …, "scratch": …, "allow_weak_sandbox": …}   once, before all tasks
    {"op": "take", …an upload (take.py)…}
    {"op": "grade", "content": …, "file": …, "seed": …}   with {"check": …} after each check
    each task ends with {"answer": …}, or {"fault": a sentence} if the grader itself went wrong

When stdin closes (the batch has died, however abruptly) it cleans up and ends, even in the middle of a check.
"""

from __future__ import annotations

import dataclasses
import json
import os
import queue
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from autograder.course.parts import read_parts
from autograder.grader.grading import Grader
from autograder.grader.outcomes import CouldNotRun
from autograder.staff.batch.uploads.take import take
from autograder.staff.hidden.sandbox.canary import escaped
from envs.errors import UserMistake, one_line

Say = Callable[[dict[str, Any]], None]


class Worker:
    """Carries out tasks; `close` ends the process that submissions run in."""

    def __init__(self, setup: dict[str, Any]) -> None:
        self._parts = read_parts(Path(setup["parts"]) if setup["parts"] else None)
        self._store = Path(setup["store"])
        self._roots = {name: Path(root) for name, root in setup["roots"].items()}
        self._pristine = Path(setup["pristine"])
        self._allow_weak_sandbox = setup["allow_weak_sandbox"]
        self._stack = ExitStack()
        self._grader: Grader | None = None  # taking needs none

    def answer(self, task: dict[str, Any], say: Say) -> dict[str, Any]:
        """Raises `UserMistake` and `CouldNotRun`."""
        if task["op"] == "take":
            return dataclasses.asdict(take(task, self._store, self._parts))
        return self._grade(self._store / task["content"], task["file"], task["seed"], say)

    def close(self) -> None:
        self._stack.close()

    def _grade(self, folder: Path, file: str, seed: int, say: Say) -> dict[str, Any]:
        if self._grader is None:
            grader = Grader(
                self._pristine,
                self._roots,
                self._parts,
                canary=escaped,
                allow_weak_sandbox=self._allow_weak_sandbox,
            )
            self._grader = self._stack.enter_context(grader)
        start = time.monotonic()
        grade = self._grader.grade(
            folder, seed=seed, only=[file], on_result=lambda result: say({"check": result.title})
        )
        return {
            "results": [vars(result) for result in grade.results],
            "seconds": time.monotonic() - start,
            "isolation": grade.isolation,
        }


def main() -> int:
    say = _saying()
    setup = json.loads(sys.stdin.readline())
    tempfile.tempdir = setup["scratch"]  # all that is made on the way lies there
    worker = Worker(setup)
    try:
        for task in _tasks(Path(setup["scratch"])):
            try:
                say({"answer": worker.answer(task, say)})
            except (CouldNotRun, UserMistake) as fault:
                detail = getattr(fault, "detail", "")
                say({"fault": one_line(f"{fault} ({detail})" if detail else str(fault))})
            except Exception as error:  # the next submission must not suffer for it
                say({"fault": one_line(f"{type(error).__name__}: {error}")})
    finally:
        worker.close()
    return 0


def _saying() -> Say:
    """Writes lines to the former stdout. All that is printed goes to stderr, so it cannot disturb them."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii", newline="\n")
    os.dup2(2, 1)

    def say(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    return say


def _tasks(scratch: Path) -> Iterator[dict[str, Any]]:
    """The tasks as they come. A thread reads them, to notice at once when there will be no more."""
    waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            waiting.put(json.loads(line))
        # Nobody listens any more. The submission's process ends when our end of its socket closes.
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield waiting.get()


if __name__ == "__main__":
    sys.exit(main())
