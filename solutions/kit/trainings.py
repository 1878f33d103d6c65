"""Trainings to compare: their variants, and each run as a process of its own, some side by side."""

import os
import subprocess
import sys
from collections import ChainMap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from threading import Event
from typing import Any

from envs.errors import UserMistake

from .cli import TRAIN, training_config
from .config import TrainConfig
from .console import WITHIN
from .runlog import changed_settings

# What the given code adds to the lecture's four parts (the handout's table says why), each switched off. Without
# moved_fraction, skip_fallen and prefer_far change nothing.
WITHOUT: dict[str, dict[str, Any]] = {
    "no-script": {"scripted": "none"},
    "no-fade": {"scripted_fade": 0.0},
    "no-repeat": {"repeat_probability": 0.0},
    "no-moved": {"moved_fraction": 0.0},
    "no-chosen": {"hindsight_moved": 0.0, "hindsight_lifted": 0.0},
    "no-deciding": {"deciding_fraction": 0.0},
    "no-mirror": {"mirror": "", "symmetrize": False},
    "no-mean": {"symmetrize": False},
    "no-jitter": {"jitter_fraction": 0.0},
    "no-anneal": {"anneal": 0.0},
    "no-ema": {"actor_ema": 1.0},
}
# No script visits the object: repeated random actions move the arm about instead.
UNSCRIPTED = {"scripted": "none", "repeat_probability": 0.1}
# Besides the methods themselves: unscripted; translation-invariant; without one of these, or any of them; the
# lecture's other two kinds of rollouts; and imagined steps that are samples, not means.
VARIANTS: dict[str, dict[str, Any]] = {
    **{f"{m}-unscripted": {"method": m} | UNSCRIPTED for m in ("ddpg", "her")},
    **{f"{m}-invariant": {"method": m, "translation_invariant": True} for m in ("ddpg", "her")},
    **{f"{m}-{name}": {"method": m} | off for m in ("ddpg", "her") for name, off in WITHOUT.items()},
    **{f"{m}-plain": {"method": m} | dict(ChainMap(*WITHOUT.values())) for m in ("ddpg", "her")},
    "mbpo-full": {
        "method": "mbpo",
        "start_mode": "initial",
        "rollout_mode": "full",
        "rollouts_per_step": 0.2,  # 50 times as long as the others
    },
    "mbpo-initial": {"method": "mbpo", "start_mode": "initial", "rollout_mode": "partial"},
    "mbpo-sampled": {"method": "mbpo", "model_noise": 1.0},
}


# Written name=value, so no flags and tuples; and the comparison itself sets the five named here.
SETTABLE = {field.name for field in fields(TrainConfig) if type(field.default) in (int, float, str)} - {
    "task", "method", "seed", "cores", "total_steps"
} | {"stop_at"}  # fmt: skip


def told(settings: tuple[str, ...]) -> dict[str, str]:
    """("num-envs=1",) -> {"num_envs": "1"}. Raises: UserMistake for what cannot be set for all trainings alike."""
    found = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or name.replace("-", "_") not in SETTABLE:
            raise UserMistake(
                f"compare passes settings on as name=value, and {setting!r} is none it can: name one of the options of "
                "train --help that take a single value, but not the task, method, seed, cores or total steps"
            )
        if name.replace("-", "_") in found:
            raise UserMistake(f"the settings say {name} twice")
        found[name.replace("-", "_")] = value
    return found


@dataclass(frozen=True)
class Training:
    """One run of the comparison, and the name it goes by there."""

    name: str
    config: TrainConfig
    words: tuple[str, ...]  # the same as a command line

    @classmethod
    def of(cls, name: str, task: str, changes: dict) -> "Training":
        """With these changes of the task's defaults. Raises: UserMistake for a value that makes no sense."""
        words = ["--task", task]
        for key, value in changes.items():
            option = key.replace("_", "-")
            if isinstance(value, bool):  # a flag, which takes no value
                words.append(f"--{option}" if value else f"--no-{option}")
            else:
                words += [f"--{option}", str(value)]
        return cls(name, training_config(words), tuple(words))

    @property
    def folder(self) -> Path:
        return self.config.folder

    @property
    def finished(self) -> bool:
        """Raises: UserMistake if what is finished there was trained with other settings."""
        if not (self.folder / "summary.json").exists():
            return False
        if changed := changed_settings(self.folder, self.config.as_dict()):
            raise UserMistake(
                f"{self.folder} was trained with other settings ({changed}): delete it or choose another folder"
            )
        return True


def train(run: Training, beside_others: bool = False) -> None:
    """Train in a process of its own. Beside others, it prints lines instead of a bar. Raises: UserMistake."""
    resume = ["--resume"] if (run.folder / "checkpoint.pt").exists() else []
    command = [sys.executable, "-m", TRAIN, *run.words, *resume]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE if beside_others else None,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=os.environ | {WITHIN: "compare"},
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
    if process.returncode != 0:
        raise UserMistake(f"the training in {run.folder} did not finish; the same command goes on from there")


def train_all(runs: list[Training], jobs: int) -> None:
    """Train what is not trained yet, `jobs` at a time; none begins after one did not finish. Raises: UserMistake."""
    stopped = Event()

    def next_one(run: Training) -> None:
        if not stopped.is_set():
            try:
                train(run, beside_others=jobs > 1)
            except UserMistake:
                stopped.set()
                raise

    missing = [run for run in runs if not run.finished]
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(next_one, missing))
