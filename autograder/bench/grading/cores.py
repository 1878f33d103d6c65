"""How many cores does a course need? One page of arithmetic from what was measured, in results/cores.md."""

from __future__ import annotations

import json
import math
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "results" / "grading"
GRADESCOPE = Path(__file__).parents[1] / "results" / "gradescope.json"
COURSES = (30, 200, 1_000, 10_000)  # submissions
EVENINGS = (1, 8, 24)  # hours until everybody has a grade

PAGE = """# How many cores a course needs

Written by `python -m autograder.bench.grading cores` from the measurements beside it; each of those says by which
command, on which machine and at which commit it was made. Seconds are those of one core of such a machine.

**A submission costs {each:.1f} seconds.** The unit checks take {unit:.1f}: a class of {count} made-up submissions
(right, wrong, half done, broken, hostile) kept {jobs} jobs busy for {minutes:.1f} minutes (`class.json`). Of that,
{overhead:.0%} is overhead, nearly all of it a fresh confined process for each of {checks:.0f} calls of a check.
Learning checks and trained weights add {learning:.1f} for a submission in which all of it works: {all:.1f} seconds
instead of {reference:.1f} for the reference (`again.json`). Most take less.

**The batch's own work is {own:.3f} seconds a submission**: opening uploads, keeping the state, writing tables, report
and pages, with {many:,} submissions (`scale.json`). One core does it for all jobs, so it bounds a batch from below.
It takes {memory} MB at most, which does not grow with the class, and {state:.0f} kB a submission on disk.

**A job needs {peak} MB of memory**, with the preloaded libraries and the submission at work: `gradescope.json`, where
a whole grading runs on {half} core and {limit} MB in {small:.0f} seconds.

    cores = submissions x ({each:.1f} + {own:.3f}) s / (hours x 3600 s), rounded up

{table}

More than one machine's worth of cores comes from a Dask cluster (`SCHEDULER=`). What endless loops cost until their
time limits is part of the class's figures.
"""


def page(results: Path = RESULTS, gradescope: Path = GRADESCOPE) -> str:
    """The page, from class.json, again.json, scale.json and gradescope.json."""
    graded, again, scale = (
        json.loads((results / f"{name}.json").read_text())["results"] for name in ("class", "again", "scale")
    )
    small = json.loads(gradescope.read_text())
    unit = 3600 * graded["hours of all jobs"] / graded["submissions"]
    reference, everything = (
        again[f"reference, {name} checks"]["seconds, median"] for name in ("unit", "all")
    )
    times = scale["seconds"]
    own = (times["first run, until it was killed"] + times["resumed: all"]) / scale["submissions"]
    each = unit + everything - reference
    rows = [
        f"| {count:,} | " + " | ".join(_cores(count, each, own, h) for h in EVENINGS) + " |"
        for count in COURSES
    ]
    head = "| submissions | " + " | ".join(f"within {h} h" for h in EVENINGS) + " |"
    return PAGE.format(
        each=each,
        unit=unit,
        count=graded["submissions"],
        jobs=graded["jobs"],
        minutes=graded["minutes"],
        overhead=graded["share that is overhead"],
        checks=graded["check functions run"] / graded["graded contents"],
        learning=everything - reference,
        all=everything,
        reference=reference,
        own=own,
        many=scale["submissions"],
        memory=scale["memory (MB)"]["peak"],
        state=1000 * scale["sizes (MB)"]["state.sqlite"] / scale["submissions"],
        peak=small["most memory used (MB)"],
        half=small["cores"],
        limit=small["memory (MB)"],
        small=small["seconds"],
        table="\n".join([head, "|---" * (1 + len(EVENINGS)) + "|", *rows]),
    )


def _cores(count: int, each: float, own: float, hours: float) -> str:
    if count * own > 3600 * hours:
        return "one batch is too slow"
    return f"{math.ceil(count * (each + own) / (3600 * hours)):,}"
