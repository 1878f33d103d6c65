"""What a training of many tasks by RL can be told. A setting stands here once: default, what it may be, help."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .config import TrainConfig
from .seeds import FRESH_SEED, SEED_STEP
from .settings import Count, Layers, NotNegative, Positive, Seed, Share, check_each, need
from .task_sets import TaskSetName


@dataclass(frozen=True)
class TaskTrainConfig:
    """Train one policy on all tasks of a set by RL."""

    tasks: TaskSetName = "corners"
    """corners: eight places of the hand; ring: eight places of the tiny point; desk: six tasks with a block"""
    relabel: Literal["none", "random", "best"] = "random"
    """none: each episode keeps its task; random: any task; best: the task in which the episode earned most"""
    seed: Seed = 0
    """of everything random; the same seed gives the same numbers on the same machine"""
    out: Path | None = None
    """the run's folder; by default runs/TASKS-multitask-RELABEL-sSEED"""
    resume: bool = False
    """go on with the unfinished run in that folder"""
    cores: Count = 2
    """cores to use, 1 or 2; the numbers do not depend on it"""
    total_steps: Count = 6_000
    """env steps in all, over all environments"""
    relabel_fraction: Share = 0.5
    """share of a batch that gets a new label"""
    episodes_per_round: Count = 8
    """episodes between two rounds of updates, side by side; the tasks take turns"""
    warmup_episodes: Count = 8
    """episodes of uniformly random actions at the start"""
    noise_std: NotNegative = TrainConfig.noise_std
    """standard deviation of the exploration noise"""
    epsilon: Share = TrainConfig.epsilon
    """share of uniformly random actions"""
    repeat_probability: Share = 0.1
    """chance in each step that a random action begins which lasts several steps"""
    updates_per_step: Positive = 0.5
    """gradient updates for each env step"""
    batch_size: Count = TrainConfig.batch_size
    """transitions in a batch"""
    hidden: Layers = TrainConfig.hidden
    """hidden layers of actor and critic"""
    lr: Positive = TrainConfig.lr
    """learning rate of actor and critic (Adam)"""
    eval_every: Count = 2_000
    """env steps between two evaluations"""
    eval_episodes: Count = 64
    """episodes of an evaluation, over all tasks"""
    save_seconds: NotNegative = 30.0
    """seconds between two checkpoints"""
    json: Path | None = None
    """also write the last evaluation to this file"""

    def check(self) -> "TaskTrainConfig":
        """Returns: the config itself. Raises: UserMistake that names the first value that makes no sense."""
        check_each(self)
        need(
            SEED_STEP * self.seed != FRESH_SEED,
            f"seed {self.seed} would train on the episodes of judging: choose another",
        )
        return self

    def as_dict(self) -> dict:
        """Plain values, as config.json holds them."""
        values = dataclasses.asdict(self) | {"out": str(self.folder), "task": self.tasks}
        return {key: value for key, value in values.items() if key != "json"}

    @property
    def title(self) -> str:
        """What the run is called wherever it is shown."""
        return f"{self.tasks}, multitask, labels {self.relabel}, seed {self.seed}"

    @property
    def folder(self) -> Path:
        """Where the run goes."""
        return self.out or Path("runs") / f"{self.tasks}-multitask-{self.relabel}-s{self.seed}"
