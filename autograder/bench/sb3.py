"""Our `her` beside stable-baselines3's, second by second: `python -m autograder.bench.sb3 --task push`.

    solutions.compare --seconds it took--> stable-baselines3, in an environment of its own --> table, curves, JSON

One after the other, each with the machine to itself. What ours has trained before is not trained again: so that both
ran on one machine, start with an empty `runs/`.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from autograder.bench.peers import NotAvailable, peer_python
from envs import task_spec
from envs.errors import UserMistake
from envs.machine import describe_machine
from envs.tasks import TaskName
from envs.terminal import command_line
from solutions.compare import CompareConfig, compare, progress, summary
from solutions.kit.console import run_command
from solutions.kit.curves import draw_curves
from solutions.kit.files import write_json

SB3 = (
    "stable-baselines3==2.9.2",
    "sb3-contrib==2.9.2",
    "torch==2.13.0",
    "gymnasium==1.4.0",
    "gymnasium-robotics==1.4.2",
    "mujoco>=3.3.7,<3.8",
)
HER = {
    "buffer_size": 1_000_000,
    "replay_buffer_kwargs": {"goal_selection_strategy": "future", "n_sampled_goal": 4},
    "gamma": 0.95,
    "learning_rate": 1e-3,
}
OBJECT = {
    **HER,
    "normalize": False,
    "tau": 0.05,
    "policy_kwargs": {"net_arch": [512, 512, 512], "n_critics": 2},
}
# As rl-baselines3-zoo publishes them (hyperparams/tqc.yml, the Fetch tasks); what it leaves out is TQC's default.
SETTINGS = {
    "reach": {
        **HER,
        "normalize": True,
        "batch_size": 256,
        "learning_starts": 1000,
        "ent_coef": "auto",
        "policy_kwargs": {"net_arch": [64, 64], "n_critics": 1},
    },
    "push": {**OBJECT, "batch_size": 2048},
    "slide": {**OBJECT, "batch_size": 2048},
    "pick_and_place": {**OBJECT, "batch_size": 1024},
}
RUNNER = Path(__file__).with_name("sb3_runner.py")
LEVEL = 0.9  # the time until this success is compared
NAME = "TQC+HER (stable-baselines3)"


@dataclass(frozen=True)
class BenchConfig:
    """Train ours, then stable-baselines3's HER for as long or longer."""

    task: TaskName = "push"
    """reach, push, slide or pick_and_place"""
    seeds: tuple[int, ...] = (0,)
    """one training of each for each seed"""
    times: float = 1.0
    """how many times our seconds to a success of .9 stable-baselines3 gets; at least until ours is done"""
    episodes: int = 200
    """fresh episodes that each trained policy is judged by"""
    json: Path | None = None
    """also write the figures to this file, and the picture beside it"""


def train_sb3(task: str, ours: dict, times: float, episodes: int) -> dict:
    """One training by stable-baselines3, for as long as ours and for `times` what ours took to `LEVEL` if it got there.

    It is evaluated each half of our seconds, so that one evaluation comes when ours is done.

    Returns: figures as `solutions.compare` has them. Raises: UserMistake.
    """
    try:
        python = peer_python("sb3_contrib, gymnasium_robotics", *SB3)
    except NotAvailable as reason:
        raise UserMistake(str(reason)) from reason
    seed, done, reached = ours["seed"], ours["train_seconds"], ours["reached_level"]
    seconds = max(done, times * reached["train_seconds"]) if reached else done
    words = (task_spec(task).env_id, seed, seconds, done / 2, episodes, json.dumps(SETTINGS[task]))
    curve = []
    with subprocess.Popen(
        [python, str(RUNNER), *map(str, words)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            curve.append(json.loads(line))
            print(f"{task}, {NAME}, seed {seed}: {curve[-1]}", flush=True)
    if process.returncode != 0 or not curve:
        raise UserMistake(f"stable-baselines3 ended with code {process.returncode}; its message stands above")
    return {
        "method": NAME,
        "seed": seed,
        **curve[-1],
        "episodes": episodes,
        **progress(curve, LEVEL),
    }


def bench(config: BenchConfig) -> list[dict]:
    """Train both, print, draw. Returns: the figures of each run."""
    if config.task not in SETTINGS:
        raise UserMistake(f"stable-baselines3 is measured on the Fetch tasks, and {config.task!r} is none")
    wanted: dict[str, Any] = {"seeds": config.seeds, "episodes": config.episodes, "level": LEVEL}
    ours = compare(CompareConfig(config.task, methods=("her",), **wanted))
    runs = ours + [train_sb3(config.task, run, config.times, config.episodes) for run in ours]
    Console().print(summary(runs))
    if config.json:
        settings: dict[str, Any] = {"task": config.task, "times": config.times, "level": LEVEL}
        settings |= {"peer": SB3, "peer_settings": SETTINGS[config.task]}
        write_json(config.json, {"made_by": describe_machine(), **settings, "runs": runs})
        draw_curves(config.json.with_suffix(".png"), f"{config.task}, on one machine", runs)
    return runs


if __name__ == "__main__":
    run_command(lambda: bench(command_line(BenchConfig)))
