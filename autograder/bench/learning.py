"""How far does the reference stay away from the bounds of the learning checks? Measured over many fresh worlds.

`python -m autograder.bench.learning --worlds 100 --json FILE` trains every part that often, with the reference in the
place of the submission, and prints how long learning took at worst. A bound is sound where the worst of many
worlds lies far from it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from autograder.course.parts import read_parts
from autograder.grader.outside.direct import DirectTransport
from autograder.grader.report.results import write_json
from autograder.grader.student import Student
from autograder.staff.hidden import imitations, trainings
from autograder.staff.hidden.learning import ROUNDS
from autograder.staff.hidden.test_learning import MISSES, MODEL_ERROR, RELABELLED_MISSES
from envs.machine import describe_machine
from envs.terminal import command_line

ROOT = Path(__file__).resolve().parents[2]
LABELS = ("median", "90 %", "worst")
TRAININGS = {
    "1 model error": (trainings.model_error, MODEL_ERROR),
    "2 rounds on imagined data": (trainings.imagined_rounds, ROUNDS),
    "3 rounds, policy": (trainings.policy_rounds, ROUNDS),
    "4 rounds, relabeling": (trainings.relabel_rounds, ROUNDS),
    "6 misses, one-hot tasks": (imitations.conditioned_misses, MISSES),
    "6 misses, demonstrations": (imitations.inferred_misses, MISSES),
    "6 misses, relabelled data": (imitations.relabelled_misses, RELABELLED_MISSES),
}


@dataclass(frozen=True)
class Config:
    """Measure the learning checks on the reference."""

    worlds: int = 100
    """fresh worlds for each training"""
    seed: int = 0
    """of the first world"""
    only: str = ""
    """a part's number: its trainings alone"""
    json: Path | None = None
    """also write the figures to this file"""


def measure(name: str, worlds: int, seed: int) -> dict:
    """Median, worst, failures and seconds of one training over the worlds."""
    training, bound = TRAININGS[name]
    parts = read_parts()
    figures, started = [], time.monotonic()
    for world in range(seed, seed + worlds):
        transport = DirectTransport(ROOT / "solutions", list(parts.modules), time_limit=1e9)
        figure = training(
            Student(transport, parts.modules | {"given": "given.py"}), np.random.default_rng(world)
        )
        figures.append(float("inf") if figure is None else figure)
        transport.close()
    seconds = (time.monotonic() - started) / worlds
    failed = sum(figure > bound for figure in figures)
    quantiles = [float(np.quantile(figures, share, method="higher")) for share in (0.5, 0.9, 1.0)]
    labelled = {
        label: round(q, 4) if np.isfinite(q) else "never" for label, q in zip(LABELS, quantiles, strict=True)
    }
    return {"bound": bound, "worlds": worlds, "failed": failed, **labelled, "seconds": round(seconds, 2)}


def main(config: Config) -> None:
    """Measure, print, and write."""
    torch.set_num_threads(1)
    rows = {
        name: measure(name, config.worlds, config.seed) for name in TRAININGS if name.startswith(config.only)
    }
    table = Table(title=f"The reference on the learning checks, {config.worlds} worlds each")
    columns = (*LABELS, "bound", "failed", "seconds")
    for column in ("part", *columns):
        table.add_column(column, justify="right")
    for name, row in rows.items():
        table.add_row(name, *(str(row[column]) for column in columns))
    Console().print(table)
    if config.json:
        write_json(config.json, {"made_by": describe_machine(), "trainings": rows})


if __name__ == "__main__":
    main(command_line(Config))
