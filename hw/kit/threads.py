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
        self.count, self._owner, self._pool = count, 0, None

    def _second(self) -> ThreadPoolExecutor:
        if self._owner != os.getpid():  # at first, and in a process that was forked off: threads stay behind
            # How many threads torch uses is a setting of each thread that calls it.
            one_thread = {"initializer": torch.set_num_threads, "initargs": (1,)}
            self._pool, self._owner = ThreadPoolExecutor(1, "second", **one_thread), os.getpid()
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
