"""What does a task's script show: how often is the object moved, lifted, and brought to the goal by luck?

`python -m autograder.bench.scripted_episodes --task pick_and_place --json FILE`; random actions follow the script.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from envs import TaskSpec, task_spec
from envs.errors import UserMistake
from envs.machine import describe_machine
from envs.tasks import TaskName
from envs.terminal import command_line
from solutions.kit.collect import random_episodes
from solutions.kit.console import run_command
from solutions.kit.files import write_json
from solutions.kit.recipes import default_config
from solutions.kit.settings import Count, Seed, check_each


@dataclass(frozen=True)
class ScriptedConfig:
    """Let the script of a task act in every episode, and count what it shows."""

    task: TaskName = "pick_and_place"
    """push, slide or pick_and_place"""
    episodes: Count = 2000
    """episodes, the script in each of them"""
    seed: Seed = 0
    """of the episodes and of the script"""
    json: Path | None = None
    """also write the figures to this file"""


def shares(achieved: np.ndarray, desired: np.ndarray, spec: TaskSpec) -> dict[str, float]:
    """Shares of the episodes. Args: the object's places (N, T+1, 3) and its goals (N, 3), metres.

    A goal is met by luck if the object is at it in some step, and was not at the start.
    """
    assert spec.object is not None, f"{spec.name} has an object"
    start = achieved[:, 0]
    at_goal = np.linalg.norm(achieved - desired[:, None], axis=2) <= spec.distance_threshold
    by_luck = at_goal.any(axis=1) & ~at_goal[:, 0]
    in_the_air = desired[:, 2] - start[:, 2] > spec.object.lifted
    counted = {
        "moved": np.linalg.norm(achieved - start[:, None], axis=2).max(axis=1) > spec.moved,
        "lifted": achieved[..., 2].max(axis=1) - start[:, 2] > spec.object.lifted,
        "a goal on the table met by luck": by_luck & ~in_the_air,
        "a goal in the air met by luck": by_luck & in_the_air,
    }
    return {name: round(float(rows.mean()), 4) for name, rows in counted.items()}


def main(config: ScriptedConfig) -> None:
    """Roll out, print, and write."""
    check_each(config)
    script = default_config(config.task).scripted
    if script == "none":
        raise UserMistake(f"{config.task} has no script: choose push, slide or pick_and_place")
    data = random_episodes(
        config.task, config.episodes, config.seed, np.random.default_rng(config.seed), script
    )
    found = shares(data["achieved"], data["desired"], task_spec(config.task))
    table = Table("share of the episodes", "", title=f"{config.task}: {script}, {config.episodes} episodes")
    for name, share in found.items():
        table.add_row(name, f"{share:.1%}")
    Console().print(table)
    if config.json:
        asked = {"task": config.task, "script": script, "episodes": config.episodes}
        write_json(config.json, {"made_by": describe_machine(), **asked, **found})


if __name__ == "__main__":
    run_command(lambda: main(command_line(ScriptedConfig)))
