"""A generated class, graded for real on the unit checks: how long, how much of it overhead, and the same after kills.

The overhead is what is not the check functions' own time: opening uploads, starting and ending a process a check,
collecting, writing. `durations.json` (see recorded.py) is written from the same run.
"""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from autograder.bench.grading.recorded import DURATIONS
from autograder.bench.grading.scale import course
from autograder.grader.outside.tree import ROOT
from autograder.grader.report import results
from autograder.staff.batch.state import State
from autograder.staff.batch.versions import file_versions
from autograder.staff.made_class.kinds import build_class

UNIT = ("test_dynamics", "test_imagine", "test_policy", "test_relabel")


def measure_class(count: int, jobs: int, seed: int, kills: int, kept: Path | None = None) -> dict[str, Any]:
    """The figures; takes as long as grading the class twice."""
    with tempfile.TemporaryDirectory(prefix="class-") as name:
        folder = kept or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        kinds = build_class(folder / "class", count, seed, ROOT / "solutions", course().parts)
        start = time.monotonic()
        subprocess.run(_command(folder / "class", folder / "out", jobs, seed), cwd=ROOT, check=True)
        wall = time.monotonic() - start
        figures = {
            "submissions": count,
            "kinds": kinds,
            "jobs": jobs,
            "seed": seed,
            "minutes": round(wall / 60, 2),
            **_times(folder / "out", wall, jobs),
        }
        if kills:
            figures["killed"] = _kill_and_compare(folder, jobs, seed, kills, wall)
        return figures


def _times(out: Path, wall: float, jobs: int) -> dict[str, Any]:
    """Where the time went, from the state; writes the deciles of each check's seconds."""
    own = course()
    versions = file_versions(own.roots, own.pristine, own.parts)
    seconds: dict[str, list[float]] = defaultdict(list)
    files: list[float] = []
    each: list[float] = []
    with State(out) as state:
        for content in state.done(versions):
            outcomes = state.outcomes(content, versions)
            each.append(sum(outcome.seconds for outcome in outcomes))
            files += [outcome.seconds for outcome in outcomes]
            for outcome in outcomes:
                for result in outcome.results:
                    seconds[result.id].append(result.seconds)
    deciles = {name: _deciles(values) for name, values in sorted(seconds.items())}
    results.write_text(DURATIONS, json.dumps(deciles, separators=(",", ":")).replace('],"', '],\n"') + "\n")
    checks = sum(map(sum, seconds.values()))
    return {
        "graded contents": len(each),
        "check functions run": sum(map(len, seconds.values())),
        "seconds a submission": {"median": round(statistics.median(each), 2), "most": round(max(each), 1)},
        "hours in check functions": round(checks / 3600, 3),
        "hours of all jobs": round(wall * jobs / 3600, 3),
        "share that is overhead": round(1 - checks / (wall * jobs), 3),
        "of it around the checks of a file": round((sum(files) - checks) / (wall * jobs), 3),
        "of it idle at the end, opening and writing": round(1 - sum(files) / (wall * jobs), 3),
    }


def _deciles(values: list[float]) -> list[float]:
    ordered = sorted(values)
    return [round(ordered[min(len(ordered) - 1, int(len(ordered) * (i + 0.5) / 10))], 4) for i in range(10)]


def _kill_and_compare(folder: Path, jobs: int, seed: int, kills: int, wall: float) -> dict[str, Any]:
    """Grade again, killed (`kill -9`) at random moments and resumed each time; is grades.csv the same?"""
    rng = random.Random(seed)
    moments = sorted(rng.uniform(0.02, 0.95) * wall for _ in range(kills))
    pauses = [b - a for a, b in zip([0.0, *moments], moments, strict=False)]
    out = folder / "killed"
    for pause in pauses:
        process = subprocess.Popen(
            _command(folder / "class", out, jobs, seed), cwd=ROOT, stdout=subprocess.DEVNULL
        )
        time.sleep(pause)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run(
        _command(folder / "class", out, jobs, seed), cwd=ROOT, stdout=subprocess.DEVNULL, check=True
    )
    same = (out / "grades.csv").read_bytes() == (folder / "out" / "grades.csv").read_bytes()
    return {"after seconds": [round(pause, 1) for pause in pauses], "grades.csv is the same": same}


def _command(source: Path, out: Path, jobs: int, seed: int) -> list[str]:
    words = [sys.executable, "-m", "autograder", "grade-class", str(source), "--out", str(out)]
    return [*words, "--jobs", str(jobs), "--seed", str(seed), "--only", *UNIT]
