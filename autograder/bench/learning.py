"""How often does a learning check fail right code, and pass wrong code? Measured over many fresh worlds.

`python -m autograder.bench.learning --worlds 100 --json FILE` trains every part that often, with the reference in the
place of the submission, and prints how long learning took at worst. A bound is sound where the worst of many worlds
lies far from it. Then it trains wrong answers of every sub-part (`staff/mutants/wrong`, all of which a unit check
fails), each in one world: those that learn all the same are what a learning check alone would pass.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from pebble import ProcessExpired, ProcessPool
from rich.console import Console
from rich.table import Table

from autograder.bench.intervals import at_least, at_most
from autograder.course.parts import read_parts
from autograder.grader.outside.direct import DirectTransport
from autograder.grader.report.results import write_json
from autograder.grader.student import Student
from autograder.staff.hidden import imitations, inverted, planned, trainings
from autograder.staff.hidden.learning import ROUNDS
from autograder.staff.hidden.test_learning import MISSED, MISSES, MODEL_ERROR, RELABELLED_MISSES
from autograder.staff.verify.submissions import Role, read_submissions
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
    "7 goals missed, sampling": (planned.missed_by_sampling, MISSED),
    "7 goals missed, climbing": (planned.missed_by_climbing, MISSED),
    "8 goals missed, inverting": (inverted.missed_by_inverting, MISSED),
}
SUBPARTS = {name: name[0] for name in TRAININGS} | {
    "4 rounds, relabeling": ("4b", "4e", "4f"),
    "6 misses, one-hot tasks": ("6a", "6b", "6c"),
    "6 misses, demonstrations": ("6e",),
    "6 misses, relabelled data": ("6g", "6h"),
    "7 goals missed, sampling": ("7a", "7b", "7c", "7d"),
    "7 goals missed, climbing": ("7a", "7d", "7e"),
    "8 goals missed, inverting": ("8a", "8b", "8g"),
}  # that it uses
PATIENCE = 90.0  # s of one training of a wrong answer


@dataclass(frozen=True)
class Config:
    """Measure the learning checks on the reference."""

    worlds: int = 100
    """fresh worlds for each training"""
    seed: int = 0
    """of the first world"""
    only: str = ""
    """a part's number: its trainings alone"""
    wrong: int = 10
    """wrong answers of each sub-part, drawn at random; 0 for none"""
    jobs: int = 2
    """trainings of wrong answers at a time"""
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
    return {
        "bound": bound,
        "worlds": worlds,
        "failed": failed,
        "fails at most": round(at_most(failed, worlds), 4),
        **labelled,
        "seconds": round(seconds, 2),
    }


def _learns(name: str, part_file: str, text: str, seed: int) -> bool:
    """Whether a submission passes a learning check in one world."""
    training, bound = TRAININGS[name]
    parts = read_parts()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for path in (ROOT / "solutions").iterdir():
            Path(folder, path.name).symlink_to(path)
        Path(folder, part_file).unlink()
        Path(folder, part_file).write_text(text, encoding="utf-8")
        transport = DirectTransport(Path(folder), list(parts.modules), PATIENCE)
        student = Student(transport, parts.modules | {"given": "given.py"})
        try:
            figure = training(student, np.random.default_rng(seed))
        except Exception:  # it has not learned; not all of them can be pickled, so none leaves this process
            return False
    return figure is not None and figure <= bound


def measure_wrong(name: str, per_subpart: int, seed: int, jobs: int) -> dict:
    """How many wrong answers of a part learn all the same, with the bounds of their share, and which."""
    parts = read_parts()
    used = SUBPARTS[name]
    subparts = parts.select(used, None) if isinstance(used, str) else frozenset(used)
    everything = read_submissions(parts, ROOT / "solutions", ROOT / "hw", only=subparts)
    rng, chosen = np.random.default_rng(seed), []
    for subpart in sorted(subparts):
        of_it = [s for s in everything if (s.subpart, s.role, s.severity) == (subpart, Role.WRONG, "wrong")]
        chosen += [of_it[i] for i in sorted(rng.permutation(len(of_it))[:per_subpart])]
    file = parts.part_of(min(subparts)).file
    learned = []
    with ProcessPool(max_workers=jobs, max_tasks=1) as pool:
        futures = [pool.schedule(_learns, (name, file, s.text, seed), timeout=PATIENCE) for s in chosen]
        for submission, future in zip(chosen, futures, strict=True):
            with contextlib.suppress(TimeoutError, ProcessExpired):  # an endless loop, or the process died
                learned += [submission.id] * future.result()
    return {
        "wrong answers": len(chosen),
        "learn": len(learned),
        "share at least": round(at_least(len(learned), len(chosen)), 3),
        "share at most": round(at_most(len(learned), len(chosen)), 3),
        "these learn": learned,
    }


def main(config: Config) -> None:
    """Measure, print, and write."""
    torch.set_num_threads(1)
    chosen = [name for name in TRAININGS if name.startswith(config.only)]
    rows = {name: measure(name, config.worlds, config.seed) for name in chosen}
    columns = (*LABELS, "bound", "failed", "fails at most", "seconds")
    _print(f"The reference on the learning checks, {config.worlds} worlds each", columns, rows)
    wrong = {}
    if config.wrong:
        wrong = {name: measure_wrong(name, config.wrong, config.seed, config.jobs) for name in chosen}
        of_wrong = ("wrong answers", "learn", "share at least", "share at most")
        _print("Wrong answers that learn all the same (unit checks fail them)", of_wrong, wrong)
    if config.json:
        write_json(config.json, {"made_by": describe_machine(), "trainings": rows, "wrong": wrong})


def _print(title: str, columns: tuple[str, ...], rows: dict[str, dict]) -> None:
    table = Table(title=title)
    for column in ("part", *columns):
        table.add_column(column, justify="right")
    for name, row in rows.items():
        table.add_row(name, *(str(row[column]) for column in columns))
    Console().print(table)


if __name__ == "__main__":
    main(command_line(Config))
