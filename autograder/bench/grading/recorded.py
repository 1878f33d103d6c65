"""A pool that grades nothing: it answers with drawn results and recorded durations, as fast as they can be written.

What is left is the batch itself: finding, opening, the state, pages, tables, report. `durations.json` holds, for each
check, the deciles of its seconds in a real class (`measure class` writes it).
"""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from autograder.course.parts import read_parts
from autograder.grader.outcomes import Outcome
from autograder.grader.plugin import CheckResult
from autograder.grader.running import list_checks
from autograder.staff.batch.pool import Answer, Pool, Task
from autograder.staff.batch.uploads.take import take

DURATIONS = Path(__file__).with_name("durations.json")
TYPICAL = 0.03  # s, of a check that was not recorded
OUTCOMES = {
    Outcome.PASSED: 75,
    Outcome.FAILED: 15,
    Outcome.NOT_ATTEMPTED: 8,
    Outcome.TIMED_OUT: 1,
    Outcome.CRASHED: 1,
}


class RecordedPool(Pool):
    """Takes uploads in for real, in this process; grades by drawing from a generator seeded with the task."""

    def __init__(self, setup: dict[str, Any], durations: Path = DURATIONS) -> None:
        super().__init__(0, setup)
        self._parts = read_parts(Path(setup["parts"]))
        self._store = Path(setup["store"])
        self._checks: dict[str, list[CheckResult]] = {}
        for check in list_checks({name: Path(root) for name, root in setup["roots"].items()}, self._parts):
            self._checks.setdefault(check.id.split("::")[0], []).append(check)
        self._deciles = json.loads(durations.read_text()) if durations.is_file() else {}
        self.seconds = 0.0  # what the checks would have taken, on one core

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Answer]]:
        for task in tasks:
            if task["op"] == "take":
                yield task, dataclasses.asdict(take(task, self._store, self._parts))
            else:
                yield task, self._grade(task["file"], task["seed"])

    def _grade(self, file: str, seed: int) -> Answer:
        rng = random.Random(f"{seed} {file}")
        able = rng.random()  # some know it all
        found = []
        for check in self._checks.get(file, []):
            passed = able < 0.4
            outcome = Outcome.PASSED if passed else rng.choices([*OUTCOMES], [*OUTCOMES.values()])[0]
            said = f"{check.title}: mistake {rng.randrange(4)}, line {seed % 90}"
            message = said if outcome != Outcome.PASSED else ""
            seconds = rng.choice(self._deciles.get(check.id) or [TYPICAL])
            found.append(dataclasses.replace(check, outcome=outcome, message=message, seconds=seconds))
        seconds = sum(result.seconds for result in found)
        self.seconds += seconds
        results = [vars(result) for result in found]
        return {"results": results, "seconds": seconds, "isolation": "recorded"}
