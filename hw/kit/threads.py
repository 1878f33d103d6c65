"""Two computations at the same time, each on a core.

The networks here are small: two torch threads on one product gain a quarter on an idle machine, and on a busy one they
wait for each other. Two independent computations side by side gain more, and their numbers do not depend on it.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch


class Threads:
    """`both(first, second)`: run two functions, side by side if there are two threads, else one after the other."""

    def __init__(self, count: int):
        self.count, self._owner = count, 0
        self._pool: ThreadPoolExecutor | None = None

    def _second(self) -> ThreadPoolExecutor:
        if self._pool is None or self._owner != os.getpid():  # a process that was forked off has no threads
            # How many threads torch uses is a setting of each thread that calls it.
            self._pool = ThreadPoolExecutor(1, "second", initializer=torch.set_num_threads, initargs=(1,))
            self._owner = os.getpid()
        return self._pool

    def both(self, first: Callable, second: Callable) -> tuple:
        """(first(), second()). Raises what the first raised, else what the second did; both have ended then."""
        if self.count < 2:
            return first(), second()
        running = self._second().submit(second)
        try:
            return first(), running.result()
        finally:
            running.exception()  # waits: nothing may still compute when the caller goes on
