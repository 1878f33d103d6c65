"""Worker processes that carry out tasks, and what happens when one of them dies.

tasks --a thread for each worker--> worker/__main__.py --one answer for each task--> a queue --> the loop over `run`

A worker that dies, falls silent or reports a fault is replaced, and its task is tried once more. After the second time
the task has failed, which is an answer too. No other task waits for it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from autograder.grader.outcomes import CouldNotRun
from autograder.grader.outside.tree import ROOT

# s without the end of a check, after which a worker counts as stuck. The longest check takes a third of that.
SILENCE = 1800.0
TRIES = 2
_WAITING = 200  # answers that wait for the loop at most, so that memory stays flat

Task = dict[str, Any]
Answer = dict[str, Any]


class Pool:
    """`jobs` workers; use it in a `with` statement. `setup` is the first line that each of them reads."""

    def __init__(self, jobs: int, setup: dict[str, Any], silence: float = SILENCE) -> None:
        self._workers = [_Worker(setup, silence) for _ in range(jobs)]

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for worker in self._workers:
            worker.close()

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Answer]]:
        """Each task with its answer, as they come; {"failed": a sentence} is the answer of a task that failed.

        Threads read `tasks`, one at a time and only as they are needed.
        """
        supply, lock = iter(tasks), threading.Lock()
        answers: queue.Queue[tuple[Task, Answer] | None] = queue.Queue(_WAITING)

        def work(worker: _Worker) -> None:
            while not worker.closed:
                with lock:
                    task = next(supply, None)
                if task is None:
                    break
                answers.put((task, worker.answer(task)))
            answers.put(None)

        for worker in self._workers:
            threading.Thread(target=work, args=(worker,), daemon=True).start()
        working = len(self._workers)
        while working:
            item = answers.get()
            if item is None:
                working -= 1
            else:
                yield item


class _Worker:
    """A worker process, started for its first task and started again after a fault."""

    def __init__(self, setup: dict[str, Any], silence: float) -> None:
        self._setup = setup
        self._silence = silence
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch: Path | None = None
        self._unread = b""
        self.closed = False

    def answer(self, task: Task) -> Answer:
        """What the worker says of `task`, or {"failed": a sentence}."""
        reason = "the worker was stopped"
        for _ in range(TRIES):
            if self.closed:
                break
            try:
                return self._ask(task)
            except (CouldNotRun, OSError, ValueError) as fault:  # ValueError: half a line, a closed pipe
                reason = str(fault)
                self._end()
        return {"failed": reason}

    def close(self) -> None:
        self.closed = True
        self._end()

    def _ask(self, task: Task) -> Answer:
        """The answer to a task. Raises `CouldNotRun` if there is none."""
        if self._process is None:
            self._start()
        self._tell(task)
        while True:
            said = json.loads(self._line())
            if "fault" in said:
                raise CouldNotRun(said["fault"])
            if "answer" in said:
                return said["answer"]

    def _start(self) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="worker-"))
        self._scratch.chmod(0o711)  # a submission may run as another user, who has to pass through
        self._unread = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "autograder.staff.batch.worker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the batch alone
        )
        self._tell(self._setup | {"scratch": str(self._scratch)})

    def _tell(self, message: dict[str, Any]) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise CouldNotRun("the worker was stopped")
        process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()

    def _line(self) -> bytes:
        deadline = time.monotonic() + self._silence
        while b"\n" not in self._unread:
            process = self._process
            if process is None or process.stdout is None:
                raise CouldNotRun("the worker was stopped")
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                raise CouldNotRun(f"the worker gave no answer for {self._silence:g} s")
            piece = os.read(process.stdout.fileno(), 2**16)
            if not piece:
                raise CouldNotRun("the worker died")
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    if pipe is not None:
                        pipe.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None
