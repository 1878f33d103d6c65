"""`python -m autograder.bench.grading scale | class | again | similar | cores`: figures, each with its machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import tyro

from autograder.bench.grading.again import measure_again
from autograder.bench.grading.class_run import measure_class
from autograder.bench.grading.cores import page
from autograder.bench.grading.scale import measure_scale, run_recorded
from autograder.bench.grading.similar_class import measure_similar, table
from autograder.grader.report import results
from envs.errors import UserMistake
from envs.machine import describe_machine
from envs.terminal import subcommands

RESULTS = Path(__file__).parents[1] / "results" / "grading"


def scale(
    count: int = 10_000,
    seed: int = 1,
    similarity: bool = True,
    json: Path = RESULTS / "scale.json",
    kept: Path | None = None,
) -> int:
    """Simulate a course of `count` submissions with recorded checks (tens of minutes).

    Args:
        count: Submissions.
        seed: Of the generated class.
        similarity: Also look for similar submissions, the slowest part of the report.
        json: The figures.
        kept: Keep everything in this new folder.
    """
    _write(json, measure_scale(count, seed, similarity, kept))
    return 0


def class_(
    count: int = 200,
    jobs: int = 2,
    seed: int = 1,
    kills: int = 5,
    json: Path = RESULTS / "class.json",
    kept: Path | None = None,
    shared: str = "",
) -> int:
    """Grade a generated class on the unit checks for real, then kill and resume it (an hour).

    Args:
        count: Submissions.
        jobs: Graded at a time.
        seed: Of the generated class and of the batch.
        kills: How often the second grading is killed, at random moments; 0 leaves it out.
        json: The figures.
        kept: Keep everything in this new folder.
        shared: What else the machine was doing, to be noted beside the figures.
    """
    figures = measure_class(count, jobs, seed, kills, kept)
    _write(json, figures | ({"the machine was shared": shared} if shared else {}))
    return 0


def again(times: int = 20, seed: int = 1, json: Path = RESULTS / "again.json") -> int:
    """Grade three submissions again and again, each time with another seed (a quarter of an hour).

    Args:
        times: How often each.
        seed: The first.
        json: The figures.
    """
    _write(json, measure_again(times, seed))
    return 0


def similar(seed: int = 1, json: Path = RESULTS / "similar.json") -> int:
    """Who is found, and who is suspected without cause, in classes of made-up answers (some minutes).

    Args:
        seed: Of the generated classes.
        json: The figures.
    """
    figures = measure_similar(seed)
    results.write_json(json, {"machine": describe_machine(), "results": figures})
    print(table(figures))
    return 0


def cores(out: Path = RESULTS / "cores.md") -> int:
    """Write the page of arithmetic from the measurements above.

    Args:
        out: The page.
    """
    results.write_text(out, page())
    print(out.read_text(encoding="utf-8"))
    return 0


def recorded_run(
    source: Annotated[Path, tyro.conf.Positional],
    out: Annotated[Path, tyro.conf.Positional],
    similarity: bool = True,
) -> int:
    """One run of `scale`."""
    run_recorded(source, out, similarity)
    return 0


def _write(path: Path, figures: dict[str, Any]) -> None:
    content = {"machine": describe_machine(), "results": figures}
    results.write_json(path, content)
    print(path.read_text())


def main() -> int:
    try:
        return subcommands(
            {
                "scale": scale,
                "class": class_,
                "again": again,
                "similar": similar,
                "cores": cores,
                "recorded-run": recorded_run,
            },
        )
    except UserMistake as mistake:
        print(mistake, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
