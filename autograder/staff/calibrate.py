"""Set a task's reward threshold on measured ground: `python -m autograder.staff.calibrate --task push`.

    solutions/ --her, several seeds--> success of each --tolerance bound--> autograder/staff/hidden/thresholds/TASK.json

That file holds the threshold and where it comes from: every run's figures and curve, seeds, machine, commit. Into
solutions/results/TASK/ go the picture of the curves, and weights, config and log of the run of median success.
"""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np

from autograder.staff.batch.cluster import connect
from envs.errors import UserMistake
from envs.machine import describe_machine
from envs.tasks import TaskName
from envs.terminal import command_line
from solutions.compare import CompareConfig, compare, trainings
from solutions.kit.console import run_command
from solutions.kit.files import write_json
from solutions.kit.trainings import Training, train

THRESHOLDS = Path("autograder/staff/hidden/thresholds")
HIGHEST = 0.95  # above it, the sequential test of a good policy would take too long
# A correct solution passes with this probability; with this confidence in the bound.
COVERED, SURE = 0.99, 0.95
KEPT = ("weights.safetensors", "config.json", "progress.csv")  # of the reference's run


@dataclass(frozen=True)
class CalibrateConfig:
    """Train the reference over several seeds and write the threshold that a correct solution passes."""

    task: TaskName = "reach"
    """tiny, reach, push, slide or pick_and_place"""
    seeds: tuple[int, ...] = tuple(range(10))
    """one training for each, judged on fresh episodes of its own; at least three"""
    total_steps: int | None = None
    """env steps of each training; by default the task's"""
    episodes: int = 500
    """fresh episodes that each trained policy is judged by"""
    jobs: int = 1
    """trainings at a time; more than one take a core each"""
    runs: Path = Path("runs/compare")
    """where the trainings go; what is finished there is not trained again"""
    thresholds: Path = THRESHOLDS
    """the folder that TASK.json goes to"""
    out: Path = Path("solutions/results")
    """the folder of the task's name in it gets the picture and the reference's weights"""
    scheduler: str | None = None
    """train on the workers of this Dask cluster, tcp://host:8786, which see the same folder under the same path"""


def factor(count: int, covered: float = COVERED, sure: float = SURE, draws: int = 400_000) -> float:
    """k such that mean - k sd of `count` normal values lies below a share `covered` of the population.

    With probability `sure`: the one-sided tolerance factor (Howe 1969; tabled for 5 values, .99 and .95 as 5.74), here
    by simulation with a fixed seed. Raises: ValueError for fewer than two values.
    """
    if count < 2:
        raise ValueError("one value has no spread")
    values = np.random.default_rng(0).standard_normal((draws, count))
    low = NormalDist().inv_cdf(1 - covered)
    return float(np.quantile((values.mean(axis=1) - low) / values.std(axis=1, ddof=1), sure))


def threshold(successes: list[float]) -> float:
    """The success rate that a correct solution reaches with probability COVERED, in whole per cent.

    From the trained policies' measured rates, whose spread holds the seeds' and the episodes'. Never above HIGHEST,
    never below 0.
    """
    values = np.array(successes)
    bound = values.mean() - factor(len(values)) * values.std(ddof=1)
    return max(0.0, math.floor(100 * min(HIGHEST, bound) + 1e-9) / 100)


def train_on_cluster(runs: list[Training], address: str) -> None:
    """Train what is not trained yet, one run a thread of a Dask worker at a time. Raises: UserMistake."""
    try:
        with connect(address) as client:
            missing = [run for run in runs if not run.finished]
            client.gather(client.map(train, missing, pure=False))
    except UserMistake as mistake:
        raise UserMistake(str(mistake)) from None


def calibrate(config: CalibrateConfig) -> dict:
    """Train what is not trained yet, write the files, print the threshold. Returns: what TASK.json holds."""
    if len(set(config.seeds)) < 3:
        raise UserMistake(
            "a spread over fewer than three seeds says nothing: give at least three different seeds"
        )
    folder = config.out / config.task
    trained = CompareConfig(
        task=config.task,
        methods=("her",),
        seeds=config.seeds,
        total_steps=config.total_steps,
        episodes=config.episodes,
        jobs=config.jobs,
        out=config.runs,
        picture=folder / "curves.png",
    )
    if config.scheduler:
        train_on_cluster(trainings(trained), config.scheduler)
    runs = compare(trained)
    successes = [run["success"] for run in runs]
    middle = sorted(range(len(runs)), key=successes.__getitem__)[(len(runs) - 1) // 2]
    figures = {
        "task": config.task,
        "threshold": threshold(successes),
        "passes_with_probability": COVERED,
        "confidence": SURE,
        "reference_seed": runs[middle]["seed"],
        "made_by": describe_machine(),
        "runs": runs,
    }
    for name in KEPT:
        shutil.copyfile(trainings(trained)[middle].folder / name, folder / name)
    write_json(config.thresholds / f"{config.task}.json", figures)
    below = sum(success < trained.level for success in successes)
    print(
        f"{below} of {len(runs)} seeds below {trained.level:.0%}; threshold for {config.task}: "
        f"{figures['threshold']:.0%}; reference: seed {figures['reference_seed']}"
    )
    return figures


if __name__ == "__main__":
    run_command(lambda: calibrate(command_line(CalibrateConfig)))
