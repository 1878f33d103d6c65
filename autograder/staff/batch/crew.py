"""Some processes that carry out orders (worker.py), and what happens when one of them dies.

orders --a thread a process--> worker.py --answers--> one queue --> whoever iterates over `carry_out`

A process that dies, falls silent or reports a fault is replaced, and its order is tried once more without what it had
already answered; after that the order is given up, which is an answer as well. Nothing stops the other orders.
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
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from autograder.grader.outcomes import CouldNotRun
from autograder.grader.outside.tree import ROOT

SILENCE = (
    1800.0  # s without a check's end, after which a process counts as stuck; the longest check takes a third
)
TRIES = 2
_WAITING = 200  # answers that may wait for whoever iterates, so that memory stays flat

Order = dict[str, Any]
Answer = dict[str, Any]
Rest = Callable[[Order, list[Answer]], Order]  # what of an order is left to do after these answers


class Crew:
    """`jobs` processes; use it in a `with` statement. `setup` is the first line that each of them reads."""

    def __init__(self, jobs: int, setup: dict[str, Any], silence: float = SILENCE) -> None:
        self._jobs = jobs
        self._setup = setup
        self._silence = silence
        self._hands: list[_Hand] = []

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for hand in self._hands:
            hand.dismiss()

    def carry_out(
        self, orders: Iterable[Order], rest: Rest = lambda order, answers: order
    ) -> Iterator[tuple[Order, Answer]]:
        """Each order's answers as they come, in any order; the last is {"done": True} or {"lost": a sentence}.

        `orders` is read as they are needed, by threads, one at a time.
        """
        supply, lock = iter(orders), threading.Lock()
        answers: queue.Queue[tuple[Order, Answer] | None] = queue.Queue(_WAITING)

        def draw() -> Order | None:
            with lock:
                return next(supply, None)

        while len(self._hands) < self._jobs:
            self._hands.append(_Hand(self._setup, self._silence))
        for hand in self._hands:
            work = lambda hand=hand: hand.work(draw, answers.put, rest)  # noqa: E731
            threading.Thread(target=work, daemon=True).start()
        working = self._jobs
        while working:
            item = answers.get()
            if item is None:
                working -= 1
            else:
                yield item


class _Hand:
    """One place in the crew: the process that fills it now."""

    def __init__(self, setup: dict[str, Any], silence: float) -> None:
        self._setup = setup
        self._silence = silence
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch: Path | None = None
        self._unread = b""
        self._dismissed = False

    def work(self, draw: Callable[[], Order | None], put: Callable[[Any], None], rest: Rest) -> None:
        """Order after order, until there is none; ends with None."""
        while not self._dismissed and (order := draw()) is not None:
            heard: list[Answer] = []
            reason = "the process that graded it ended"
            for _ in range(TRIES):
                try:
                    for answer in self._ask(rest(order, heard)):
                        heard.append(answer)
                        put((order, answer))
                    break
                except (CouldNotRun, OSError, ValueError) as fault:  # ValueError: half a line, a closed pipe
                    reason = str(fault)
                    self._end()
                    if self._dismissed:
                        return
            else:
                put((order, {"lost": reason}))
        put(None)

    def dismiss(self) -> None:
        self._dismissed = True
        self._end()

    def _ask(self, order: Order) -> Iterator[Answer]:
        """The answers to an order, the last one done. Raises `CouldNotRun` where there is no such end."""
        if self._process is None:
            self._start()
        self._tell(order)
        while True:
            answer = json.loads(self._line())
            if "fault" in answer:
                raise CouldNotRun(answer["fault"])
            yield answer
            if "done" in answer:
                return

    def _start(self) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="crew-"))
        self._scratch.chmod(0o711)  # a submission may run as another user, who has to pass through
        self._unread = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "autograder.staff.batch.worker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches only whoever gives the orders
        )
        self._tell(self._setup | {"scratch": str(self._scratch)})

    def _tell(self, message: dict[str, Any]) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise CouldNotRun("the process that graded it was ended")
        process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()

    def _line(self) -> bytes:
        deadline = time.monotonic() + self._silence
        while b"\n" not in self._unread:
            process = self._process
            if process is None or process.stdout is None:
                raise CouldNotRun("the process that graded it was ended")
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                raise CouldNotRun(f"the process that graded it gave no answer for {self._silence:g} s")
            piece = os.read(process.stdout.fileno(), 2**16)
            if not piece:
                raise CouldNotRun("the process that graded it died")
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
