"""Two computations at the same time, each on one core.

The networks here are small: two torch threads on one product gain a quarter on an idle machine, and on a busy one they
wait for each other. Two independent computations side by side gain more, and their numbers do not depend on it.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch


class Lanes:
    """`both(first, second)`: run two functions, side by side if there are two lanes, else one after the other."""

    __slots__ = ("_lanes", "_owner", "_pool")  # nothing that a checkpoint would save

    def __init__(self, lanes: int):
        self._lanes, self._owner, self._pool = lanes, 0, None

    def _second_lane(self) -> ThreadPoolExecutor:
        if self._owner != os.getpid():  # at first, and in a process that was forked off: threads stay behind
            # How many threads torch uses is a setting of each thread that calls it.
            one_thread = {"initializer": torch.set_num_threads, "initargs": (1,)}
            self._pool, self._owner = ThreadPoolExecutor(1, "lane", **one_thread), os.getpid()
        return self._pool

    def both(self, first: Callable, second: Callable) -> tuple:
        """(first(), second()). Raises what the first raised, else what the second did; both have ended then."""
        if self._lanes < 2:
            return first(), second()
        running = self._second_lane().submit(second)
        try:
            return first(), running.result()
        finally:
            running.exception()  # waits: nobody may still be computing when the caller goes on
