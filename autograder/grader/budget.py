"""How long one submission may take, all checks together.

Each check has a limit of its own, and a submission that comes near it in every check would hold a grader for an hour.
So the unit checks of a file share a budget, from which right code stays far: a unit check takes it milliseconds, and it
never waits. Once the budget is used up, each further check of the file is given little:
enough for right code, whose unit checks take milliseconds. Other files do not count: what a check gives must not depend
on which files run beside it.
"""

from __future__ import annotations

from collections import defaultdict

from autograder.course.settings import Time
from autograder.grader.student import Transport

LEAST = 1.0  # s that a check gets in any case
IDLE_LIMIT = Time().idle_check  # s


def rule(time: Time) -> str:
    """For the student."""
    return (
        f"The unit checks of a file together may compute for {time.file_checks:g} times the limit of one, and wait for "
        f"{time.idle_file:g} s. After that each gets a tenth, but {LEAST:g} s at least."
    )


class Budget:
    """What the checks of each file have used so far."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self._computed: dict[str, float] = defaultdict(float)
        self._idle: dict[str, float] = defaultdict(float)

    def time_limit(self, file: str, limit: float, kind: str) -> float:
        """Seconds of computing for the next check of a file, whose own limit is `limit`."""
        limit *= self._time.scale
        used_up = kind == "unit" and self._computed[file] >= self._time.file_checks * limit
        return min(limit, max(LEAST, limit / 10)) if used_up else limit

    def idle_limit(self, file: str) -> float:
        spent = self._idle[file] >= self._time.idle_file
        return min(LEAST, self._time.idle_check) if spent else self._time.idle_check

    def spend(self, file: str, kind: str, transport: Transport) -> None:
        """Add what a check has used, after its transport was closed."""
        self._idle[file] += transport.idle
        if kind == "unit":
            self._computed[file] += transport.computed
