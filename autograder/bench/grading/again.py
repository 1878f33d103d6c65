"""The same submissions graded again and again, each time with another seed: do they always get the same points?"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

from autograder.bench.grading.class_run import UNIT
from autograder.bench.grading.scale import course
from autograder.grader.grading import Grader
from autograder.grader.outside.tree import ROOT
from autograder.grader.running import check_files
from autograder.staff.demo.members import build_members
from autograder.staff.hidden.sandbox.canary import escaped

WEIGHTS = ROOT / "solutions" / "results" / "reach" / "weights.safetensors"
NAMES = ("reference", "half done", "wrong relabeling")


def measure_again(times: int, seed: int, names: tuple[str, ...] = NAMES) -> dict[str, Any]:
    """Points and seconds of each grading, on the unit checks and on everything; `names` are of the demo's class."""
    own = course()
    unit = [name for name in check_files(own.roots) if Path(name).stem in UNIT]
    figures: dict[str, Any] = {"times": times, "first seed": seed}
    with tempfile.TemporaryDirectory(prefix="again-") as folder:
        members = build_members(Path(folder, "class"), ROOT / "solutions", own.pristine, WEIGHTS, own.parts)
        with Grader(own.pristine, own.roots, own.parts, canary=escaped) as grader:
            for member in members:
                if member.name not in names:
                    continue
                for title, only in (("unit checks", unit), ("all checks", None)):
                    grades = [grader.grade(member.path, seed=seed + n, only=only) for n in range(times)]
                    seconds = [grade.seconds for grade in grades]
                    figures[f"{member.name}, {title}"] = {
                        "points": sorted({round(grade.score.earned, 6) for grade in grades}),
                        "of": grades[0].score.possible,
                        "seconds, median": round(statistics.median(seconds), 1),
                        "seconds, most": round(max(seconds), 1),
                    }
    return figures
