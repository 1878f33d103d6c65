"""How often, and by how much, does a trained policy miss, by how far the goal is? The error by distance of slide.

`python -m autograder.bench.by_distance --task slide --json FILE` plays committed weights on fresh episodes.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from envs import make_vec, task_spec
from envs.machine import describe_machine
from envs.tasks import TaskName
from envs.terminal import command_line
from solutions.kit.collect import collect_episodes
from solutions.kit.console import run_command
from solutions.kit.files import write_json
from solutions.kit.seeds import FRESH_SEED
from solutions.kit.settings import Count, WholeNumber, check_each
from solutions.play import load_agent

RESULTS = Path(__file__).parents[2] / "solutions" / "results"
WIDTH = 0.1  # metres of distance that make one row; the last row holds all that is farther than FAR
FAR = 0.7
NEAR = 0.08  # metres: so close, a miss is a near miss


@dataclass(frozen=True)
class DistanceConfig:
    """Play a policy and show success and error by the distance of the goal from the object."""

    task: TaskName = "slide"
    """what the weights were trained on"""
    weights: Path | None = None
    """by default the committed ones of the task"""
    episodes: Count = 1000
    """fresh episodes, rounded up to whole rounds of 20"""
    seed: WholeNumber = FRESH_SEED
    """of these episodes"""
    json: Path | None = None
    """also write the figures to this file"""


def errors_by_distance(
    start: np.ndarray, end: np.ndarray, goals: np.ndarray, threshold: float
) -> list[dict[str, float]]:
    """A row for each distance of the goal: success, near misses, and how far past the goal the object ended.

    Args: start, end, goals (N, 3), metres: the object's first and last place, and its goal.
    """
    way, error = goals - start, end - goals
    distance = np.linalg.norm(way, axis=1)
    missed_by = np.linalg.norm(error, axis=1)
    past = (error * way).sum(axis=1) / np.maximum(distance, 1e-9)
    bins = np.minimum((distance / WIDTH).astype(int), round(FAR / WIDTH))
    return [
        {
            "from": round(i * WIDTH, 1),
            "episodes": int(rows.sum()),
            "success": round(float((missed_by[rows] <= threshold).mean()), 3),
            "within 8 cm": round(float((missed_by[rows] <= NEAR).mean()), 3),
            "cm past the goal, median": round(100 * float(np.median(past[rows])), 1),
        }
        for i in np.unique(bins)
        if (rows := bins == i).any()
    ]


def main(config: DistanceConfig) -> None:
    """Play, print, and write."""
    torch.set_num_threads(1)
    check_each(config)
    spec = task_spec(config.task)
    agent = load_agent(config.weights or RESULTS / config.task / "weights.safetensors", config.task)
    env = make_vec(config.task, 20, config.seed)
    played = [collect_episodes(env, agent.act) for _ in range(-(-config.episodes // 20))]
    env.close()
    achieved, goals = (np.concatenate([data[key] for data in played]) for key in ("achieved", "desired"))
    rows = errors_by_distance(achieved[:, 0], achieved[:, -1], goals, spec.distance_threshold)
    reached = np.linalg.norm(achieved - goals[:, None], axis=2) <= spec.distance_threshold
    whole = {
        "success": round(float(reached[:, -1].mean()), 3),
        "at the goal before, not at the end": round(float((reached.any(axis=1) & ~reached[:, -1]).mean()), 3),
    }
    table = Table(title=f"{config.task}: {whole}")
    for name in rows[0]:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)
    if config.json:
        write_json(config.json, {"made_by": describe_machine(), **whole, "by distance": rows})


if __name__ == "__main__":
    run_command(lambda: main(command_line(DistanceConfig)))
