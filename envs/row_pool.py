"""A function run for every row of a batch, on a few threads."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor


class RowPool:
    """Threads that take rows one at a time, so a slow row holds up no other.

    It pays where the work releases the interpreter lock, as MuJoCo's `mj_step` does.
    """

    def __init__(self, threads: int) -> None:
        # The calling thread works too, so one thread needs no executor at all.
        self._helpers = threads - 1
        self._executor = ThreadPoolExecutor(self._helpers, "fetch") if self._helpers else None

    def run(self, work: Callable[[int], None], rows: Iterable[int]) -> None:
        """Call `work(row)` once for each row, return when all are done, raise what any of them raised."""
        pending = deque(rows)

        def drain() -> None:
            while True:
                try:
                    row = pending.popleft()
                except IndexError:
                    return
                work(row)

        running = [self._executor.submit(drain) for _ in range(self._helpers)] if self._executor else []
        try:
            drain()
        finally:
            for future in running:
                future.result()

    def close(self) -> None:
        """End the threads. Calling it again does nothing."""
        if self._executor:
            self._executor.shutdown()
