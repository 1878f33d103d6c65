"""How surely do the random checks notice a small deviation? Measured on the mutants of the kind "stated alternative".

    mutants (a scale off by 5 %, one value of 50 left out, draws correlated by 0.1)  --unit checks, many seeds-->
    the share of seeds at which a check fails

A right submission fails a check by chance with a probability below 1e-6; this is the other side.
`python -m autograder.bench.power --seeds 200 --json FILE`
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from autograder.bench.intervals import CONFIDENCE, at_least
from autograder.course.parts import read_parts
from autograder.grader.report.results import write_json
from autograder.staff.verify.cache import Cache
from autograder.staff.verify.judge import Judged
from autograder.staff.verify.pool import run_all
from autograder.staff.verify.submissions import read_submissions
from envs.terminal import command_line

ROOT = Path(__file__).resolve().parents[2]
KIND = "stated alternative"


@dataclass(frozen=True)
class Config:
    """Measure the power of the random checks."""

    seeds: int = 200
    """gradings of each alternative"""
    jobs: int = 2
    """alternatives at a time"""
    out: Path = Path("out/verify")
    """where `make verify` keeps what it knows"""
    json: Path | None = None
    """also write the figures to this file"""


def row(judged: Judged, seeds: int) -> dict:
    """What came of one alternative."""
    failures = {check: len(at) for check, at in judged.failures.items()}
    found = len(set().union(*judged.failures.values()))
    strongest = max(failures, key=failures.__getitem__, default="")
    return {
        "sub-part": judged.submission.subpart,
        "alternative": judged.submission.name.removeprefix("alternative: "),
        "noticed": found / seeds,
        "at least": round(at_least(found, seeds), 4),
        "strongest check": strongest,
        "its share": failures.get(strongest, 0) / seeds,
    }


def main() -> None:
    """The command line."""
    config = command_line(Config, description=__doc__)
    parts = read_parts()
    everything = read_submissions(parts, ROOT / "solutions", ROOT / "hw")
    chosen = [submission for submission in everything if submission.kind == KIND]
    cache = Cache(config.out / "known.sqlite")
    ended = run_all(chosen, parts, lambda _, check: range(config.seeds), config.jobs, cache)
    rows = [row(Judged(submission, results, known), config.seeds) for submission, results, known in ended]
    rows.sort(key=lambda r: (r["sub-part"], r["alternative"]))
    table = Table("sub-part", "alternative", "noticed", "at least (95 %)", "strongest check", "its share")
    for r in rows:
        table.add_row(
            r["sub-part"], r["alternative"], f"{r['noticed']:.3f}", f"{r['at least']:.3f}", r["strongest check"],
            f"{r['its share']:.3f}",
        )  # fmt: skip
    Console().print(table)
    if config.json is not None:
        write_json(config.json, {"seeds": config.seeds, "confidence": CONFIDENCE, "alternatives": rows})


if __name__ == "__main__":
    main()
