"""A function run for every row of a batch, on a few threads."""

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait

Work = Callable[[int], None]


class RowPool:
    """Threads that take rows one at a time, so a slow row holds up no other.

    It pays where the work releases the interpreter lock, as MuJoCo's `mj_step` does. The calling thread works too.
    """

    def __init__(self, threads: int) -> None:
        self._helpers = threads - 1
        self._start()

    def _start(self) -> None:
        self._owner = os.getpid()
        self._executor = ThreadPoolExecutor(max(1, self._helpers), "rows")

    def run(self, work: Work, rows: Iterable[int]) -> None:
        """Call `work(row)` once for each row, return when all are done, raise what any of them raised."""
        if self._owner != os.getpid():
            self._start()  # this process was forked off, and threads do not come along
        pending = deque(rows)
        helpers = [self._executor.submit(_drain, work, pending) for _ in range(self._helpers)]
        try:
            _drain(work, pending)
        finally:
            wait(helpers)
        for helper in helpers:
            helper.result()

    def close(self) -> None:
        """End the threads. Calling it again does nothing."""
        self._executor.shutdown()
        self._helpers = 0


def _drain(work: Work, pending: deque[int]) -> None:
    while True:
        try:
            row = pending.popleft()
        except IndexError:
            return
        work(row)
