"""Imitate experts of many tasks with one policy: `python -m solutions.imitate --z onehot` (in a handout: `hw.imitate`).

    demonstrations (made once, kept in runs/demos)  --Σ_i L(θ, D_i)-->  π(a | s, z)  -->  success of every task

The success is reported twice: the policy is told the task that it is judged by, and it is told another one.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.random import default_rng
from rich.console import Console
from rich.progress import track
from rich.table import Table

from envs.machine import describe_machine
from envs.terminal import command_line
from envs.zones import TaskSet

from .kit.console import run_command
from .kit.demos import Demos, demonstrations, play
from .kit.files import write_json
from .kit.seeds import FRESH_SEED, SEED_STEP
from .kit.sentences import Vocabulary
from .kit.settings import Count, Seed, WholeNumber, check_each, need
from .kit.task_sets import TaskSetName, run_tasks, solved, task_set
from .multitask import relabel_tasks
from .task_batches import Batches, Imitation
from .task_policy import TaskPolicy, Z, save_policy
from .told import ways

UNSEEN_DEMOS = 20  # of each task, beyond those of the training
UPDATES = {"demo": 4_000, "words": 4_000, "prompt": 2_000}  # what each needs; 3,000 for the others


@dataclass(frozen=True)
class ImitateConfig:
    """Imitate experts of many tasks with one policy, and measure it."""

    z: Z = "onehot"
    """what tells the policy its task: onehot, words, demo (of another episode), prompt (a sequence policy), none"""
    tasks: TaskSetName = "desk"
    """desk: six tasks with a block; corners: eight places of the hand; ring: eight places of the tiny point"""
    seed: Seed = 0
    """of everything random but the demonstrations"""
    demos: Count = 100
    """demonstrations of each task"""
    rare: Count | None = None
    """demonstrations of the last two tasks, if they shall have fewer"""
    relabel: Literal["none", "random", "best"] = "none"
    """none: imitate the experts; else imitate random actions instead, labelled with any task or the best"""
    batches: Batches = "stratified"
    """stratified: Σ_i L(θ, D_i), each task has the same share of a batch; proportional: the mean over all data"""
    updates: Count | None = None
    """gradient steps; by default what this z needs"""
    eval_every: WholeNumber = 0
    """also evaluate after every so many updates; 0: at the end alone"""
    episodes: Count = 16
    """fresh episodes of each task that the policy is judged by"""
    out: Path | None = None
    """the folder of the policy and its figures; by default runs/imitate-Z-sSEED"""
    json: Path | None = None
    """also write the figures to this file"""

    def check(self) -> "ImitateConfig":
        """Returns: the config itself. Raises: UserMistake that names the first value that makes no sense."""
        check_each(self)
        need(self.rare is None or self.rare <= self.demos, f"rare must be at most demos, but is {self.rare}")
        need(
            self.relabel == "none" or (self.z in ("onehot", "prompt", "none") and self.rare is None),
            "random play shows and says no task: with relabel, z is onehot, prompt or none, and rare is left out",
        )
        need(
            self.z != "words" or self.tasks == "desk",
            "instructions are known for desk alone: leave tasks at desk",
        )
        return self

    @property
    def steps(self) -> int:
        return self.updates or UPDATES.get(self.z, 3_000)

    @property
    def folder(self) -> Path:
        return self.out or Path("runs") / f"imitate-{self.z}-s{self.seed}"


class Imitator:
    """Data, policy and evaluation of one config."""

    def __init__(self, config: ImitateConfig):
        self.config, self.tasks = config, task_set(config.tasks)
        self.seen, self.unseen = data(config, self.tasks)
        env = self.tasks.make_env(1, 0)
        spec = env.task_spec
        env.close()
        sizes = spec.obs_dim, spec.action_dim, len(self.tasks), len(Vocabulary())
        self.learner = Imitation(
            self.seen,
            TaskPolicy(config.z, *sizes, seed=config.seed),
            default_rng([config.seed, 0]),
            config.batches,
        )
        self.env = self.tasks.make_env(config.episodes * len(self.tasks), FRESH_SEED)

    @property
    def policy(self) -> TaskPolicy:
        """What acts: the average of the last weights."""
        averaged = self.learner.averaged.module
        assert isinstance(averaged, TaskPolicy)
        return averaged

    def evaluate(self) -> dict[str, list[float]]:
        """For each way of telling, the success of each task, in the order of the set."""
        judged = np.arange(self.env.num_envs) % len(self.tasks)
        told = ways(
            self.config.z, judged, len(self.tasks), self.seen, self.unseen, default_rng([self.config.seed, 1])
        )
        found = {}
        for name, what in told.items():
            ok = solved(run_tasks(self.tasks, self.env, self.policy.told(what)), judged)
            found[name] = [round(float(ok[judged == task].mean()), 4) for task in range(len(self.tasks))]
        return found


def data(config: ImitateConfig, tasks: TaskSet) -> tuple[Demos, Demos]:
    """The demonstrations to learn from, and those that nobody learns from (random play: the same)."""
    if config.relabel != "none":
        episodes = play(tasks, config.demos * len(tasks), SEED_STEP * config.seed)
        returns, old = episodes["rewards"].sum(axis=1), np.zeros(len(episodes["obs"]), int)
        labels = relabel_tasks(returns, old, config.relabel, 1.0, default_rng([config.seed, 2]))
        obs, actions = (episodes[key].astype(np.float32) for key in ("obs", "actions"))
        labelled = Demos(obs, actions, actions, labels)
        return labelled, labelled
    every = demonstrations(tasks, config.demos + UNSEEN_DEMOS, seed=0)
    counts = [config.demos] * len(tasks)
    if config.rare is not None:
        counts[-2:] = [config.rare] * 2
    return every.firsts(tuple(counts)), every.without_firsts(config.demos)


def imitate(config: ImitateConfig) -> dict:
    """Train, judge, print, save. Returns: the figures."""
    torch.set_num_threads(1)
    config.check()
    started = time.monotonic()
    imitator = Imitator(config)
    made, seconds = time.monotonic() - started, 0.0
    curve: list[dict[str, Any]] = []
    for update in track(range(1, config.steps + 1), description=f"{config.tasks}, {config.z}"):
        started = time.monotonic()
        loss = imitator.learner.update()
        seconds += time.monotonic() - started
        if update == config.steps or (config.eval_every and update % config.eval_every == 0):
            success = imitator.evaluate()
            curve.append(
                {"updates": update, "train_seconds": round(seconds, 2), "loss": loss, "success": success}
            )
    imitator.env.close()
    asked = {key: getattr(config, key) for key in ("z", "seed", "relabel", "demos", "rare", "batches")}
    names = imitator.tasks.names
    figures = {"tasks": names, **asked, "demo_seconds": round(made, 1), **curve[-1], "curve": curve}
    Console().print(table(config, names, curve[-1]["success"]))
    folder = config.folder
    folder.mkdir(parents=True, exist_ok=True)
    save_policy(folder / "policy.safetensors", imitator.policy, {"tasks": config.tasks})
    for path in (folder / "figures.json", config.json):
        if path:
            write_json(path, {"made_by": describe_machine(), **figures})
    print(f"policy: {folder / 'policy.safetensors'}")
    return figures


def table(config: ImitateConfig, names: tuple[str, ...], success: dict[str, list[float]]) -> Table:
    """One line for each way of telling, one column for each task and one for their mean."""
    title = f"{config.tasks}, z = {config.z}: success of {config.episodes} fresh episodes a task"
    found = Table(title=title)
    for column in ("told", *names, "mean"):
        found.add_column(column, justify="left" if column == "told" else "right", no_wrap=column == "told")
    for way, shares in success.items():
        found.add_row(way, *(f"{share:.2f}" for share in (*shares, float(np.mean(shares)))))
    return found


if __name__ == "__main__":
    run_command(lambda: imitate(command_line(ImitateConfig)))
