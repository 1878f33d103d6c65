"""What a batch shows while it runs: a bar with the time left, or a line now and then if there is no terminal."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from envs.errors import one_line

EVERY = 30.0  # s between two lines in a log


class Quiet:
    """Shows nothing; also what the others look like from outside."""

    def stage(self, name: str, total: int) -> None:
        """`name` begins, with `total` steps (0: nothing to do)."""

    def advance(self, what: str) -> None:
        """One step of it is done; `what` may come from a submission."""

    def __enter__(self) -> Quiet:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass


class Bar(Quiet):
    """For a terminal."""

    def __init__(self, console: Console) -> None:
        remaining = TimeRemainingColumn(elapsed_when_finished=True)
        columns = (TextColumn("{task.description:8}"), BarColumn(), MofNCompleteColumn(), remaining)
        # The speed is that of the last 10 minutes: single submissions differ by a factor of a hundred.
        self._progress = Progress(
            *columns, TextColumn("{task.fields[what]}"), console=console, speed_estimate_period=600.0
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Quiet:
        self._progress.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def stage(self, name: str, total: int) -> None:
        self._task = self._progress.add_task(name, total=total, what="")

    def advance(self, what: str) -> None:
        if self._task is not None:
            self._progress.update(self._task, advance=1, what=escape(one_line(what, 30)))


class Log(Quiet):
    """For a file: a line every half minute."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._name, self._total, self._done = "", 0, 0
        self._begin = self._last = time.monotonic()

    def stage(self, name: str, total: int) -> None:
        self._name, self._total, self._done = name, total, 0
        self._begin = self._last = time.monotonic()
        self._console.print(f"{name}: {total} to do", highlight=False)

    def advance(self, what: str) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._last < EVERY:
            return
        self._last = now
        left = (now - self._begin) / self._done * max(0, self._total - self._done)
        self._console.print(
            f"{self._name}: {self._done} of {self._total}, about {left / 60:.0f} min left", highlight=False
        )
