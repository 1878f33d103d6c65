"""What a training run can be told. A setting stands here once: its default, what it may be, and its help.

What a task changes of the defaults stands in kit/recipes.py.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

from envs.rewards import RewardType
from envs.tasks import TaskName, task_spec

from .log_var import MIN_LOG_VAR, LogVarBound
from .scripted import ScriptName
from .seeds import FRESH_SEED, SEED_STEP
from .settings import Count, Layers, Must, NotNegative, Positive, Seed, Share, WholeNumber, check_each, need

Method = Literal["ddpg", "her", "mbpo"]
METHODS: tuple[str, ...] = get_args(Method)
NEEDS = {"ddpg": "Part 3", "her": "Parts 3 and 4", "mbpo": "Parts 1 to 4"}  # of the homework


@dataclass(frozen=True)
class TrainConfig:
    """Train a policy on one task."""

    task: TaskName = "reach"
    """what the arm learns; tiny is a point in the plane"""
    method: Method = "her"
    """ddpg: no relabeling (Part 3); her: hindsight relabeling (Parts 3 and 4); mbpo: her and a model (Parts 1 to 4)"""
    seed: Seed = 0
    """of everything random; the same seed gives the same numbers on the same machine"""
    out: Path | None = None
    """the run's folder; by default a new one, runs/TASK-METHOD-sSEED, then …-2, …-3"""
    resume: bool = False
    """go on with the unfinished run in that folder; by default with the last one of this task, method and seed"""
    cores: Count = 2
    """cores to use, 1 or 2; the numbers do not depend on it"""
    total_steps: Count = 10_000
    """env steps in all, over all environments"""
    stop_at: Share | None = None
    """end early once the evaluated success has reached this share"""

    reward: RewardType = "sparse"
    """sparse: 0 at the goal, -1 elsewhere; dense: the negative distance"""
    num_envs: Count = 8
    """environments stepped side by side"""
    warmup_episodes: WholeNumber = 8
    """episodes of uniformly random actions at the start"""
    noise_std: NotNegative = 0.2
    """standard deviation of the exploration noise (actions lie in [-1, 1])"""
    epsilon: Share = 0.3
    """probability of a uniformly random action"""
    repeat_probability: Share = 0.0
    """probability that a random action begins in a step and is repeated for 2 to 11 steps"""
    scripted: ScriptName = "none"
    """scripted exploration: which script visits the object in some episodes (see kit/scripted.py)"""
    scripted_fraction: Share = 0.1
    """share of the episodes in which the script acts"""
    scripted_fade: Share = 0.0
    """share of the training, at its start, over which scripted-fraction falls to a fifth"""

    hidden: Layers = (256, 256)
    """hidden layers of actor and critic"""
    num_critics: Count = 1
    """critics; the smallest of their values is the target"""
    lr: Positive = 1e-3
    """learning rate of actor and critic (Adam)"""
    anneal: Share = 0.0
    """share of the training, at its end, over which the learning rate falls to a tenth"""
    discount: Annotated[float, Must("lie in [0, 1)", lambda x: 0 <= x < 1)] = 0.95
    """discount factor γ for each step"""
    tau: Share = 0.05
    """step τ of the target networks in each update"""
    actor_ema: Annotated[float, Must("lie in (0, 1]", lambda x: 0 < x <= 1)] = 1.0
    """weight of the latest actor in the moving average that acts; 1 lets the latest actor act"""
    action_penalty: NotNegative = 0.1
    """weight of the squared actions in the actor's loss"""
    batch_size: Count = 256
    """transitions in a batch"""
    updates_per_step: Positive = 0.5
    """gradient updates for each env step"""
    buffer_episodes: Count = 20_000
    """episodes that D_env holds"""
    moved_fraction: Share = 0.0
    """share of a batch that comes from episodes in which the achieved goal moved"""
    skip_fallen: bool = False
    """an episode that ends with the object fallen off the table does not count as one in which it moved"""
    prefer_far: bool = False
    """weight the episodes in which the achieved goal moved by how far from its first place it ended"""
    deciding_fraction: Share = 0.0
    """share of the rows from moved episodes that are steps until just after the first move (see kit/buffer.py)"""
    translation_invariant: bool = False
    """the networks do not see where on the table things are, only how they lie to each other and to the goal (Fetch)"""
    mirror: Literal["", "x", "y", "xy"] = ""
    """axes in which transitions are mirrored at random (Fetch; see kit/symmetry.py)"""
    symmetrize: bool = False
    """the policy that is kept is the mean of the trained one and its images in these mirrors"""

    strategy: Literal["final", "future", "episode", "random"] = "future"
    """where hindsight goals come from"""
    relabel_fraction: Share = 0.8
    """share of a batch that gets a hindsight goal (her, mbpo)"""
    hindsight_moved: Share = 0.0
    """share of the rows with a hindsight goal that come from episodes in which the achieved goal moved (her, mbpo)"""
    hindsight_lifted: Share = 0.0
    """share of those rows that come from episodes in which the object was lifted, which are rare at first"""
    jitter_fraction: Share = 0.0
    """share of a batch whose goal is moved a little (her, mbpo; see kit/jitter.py)"""

    model_every: Count = 400
    """mbpo: env steps between two fits of the dynamics model"""
    model_hidden: Layers = (200, 200)
    """mbpo: hidden layers of each member of the ensemble"""
    model_noise: NotNegative = 0.0
    """mbpo: share of the predicted standard deviation that imagined steps are sampled with"""
    model_min_log_var: LogVarBound = MIN_LOG_VAR
    """mbpo: lower bound of the log-variance that the model predicts"""
    start_mode: Literal["initial", "all"] = "all"
    """mbpo: rollouts start from initial states, or from all states in D_env"""
    rollout_mode: Literal["full", "partial"] = "partial"
    """mbpo: rollouts go to the end of the episode, or for rollout-length steps"""
    rollout_length: Count = 1
    """mbpo: steps of a partial rollout (k)"""
    rollouts_per_step: NotNegative = 10.0
    """mbpo: rollouts imagined for each env step"""
    model_buffer: Count = 50_000
    """mbpo: imagined transitions that D_model holds"""
    real_fraction: Share = 0.5
    """mbpo: share of each batch that comes from D_env"""

    eval_every: Count = 800
    """env steps between two evaluations"""
    eval_episodes: Count = 40
    """episodes of an evaluation"""
    save_seconds: NotNegative = 30.0
    """seconds between two checkpoints"""

    def check(self) -> "TrainConfig":
        """Returns: the config itself. Raises: UserMistake that names the first value that makes no sense."""
        check_each(self)
        spec = task_spec(self.task)
        need(
            SEED_STEP * self.seed != FRESH_SEED,
            f"seed {self.seed} would train on the episodes that play judges by: choose another",
        )
        need(
            not self.mirror or spec.layout is not None,
            f"{self.task} has no mirror image: leave mirror empty",
        )
        need(
            bool(self.mirror) or not self.symmetrize,
            "symmetrize needs a mirror, and mirror is empty: give it an axis, or leave symmetrize at False",
        )
        need(
            not self.translation_invariant or spec.layout is not None,
            f"{self.task} has no table: leave translation_invariant at False",
        )
        for name, off in (("scripted", "none"), ("skip_fallen", False), ("hindsight_lifted", 0.0)):
            need(
                spec.object is not None or getattr(self, name) == off,
                f"{self.task} has no object: leave {name} at {off}",
            )
        need(
            self.buffer_episodes >= max(self.num_envs, self.warmup_episodes),
            f"buffer_episodes must be at least num_envs and warmup_episodes, but is {self.buffer_episodes}",
        )
        if self.method == "mbpo":
            length = spec.episode_length if self.rollout_mode == "full" else self.rollout_length
            imagined = self.rollouts_each_round * length
            need(imagined >= 1, "a round imagines nothing: raise rollouts_per_step")
            need(
                imagined <= self.model_buffer,
                f"a round imagines up to {imagined} transitions, but model_buffer holds {self.model_buffer}: "
                "lower rollouts_per_step or raise model_buffer",
            )
        return self

    @property
    def rollouts_each_round(self) -> int:
        """mbpo: rollouts imagined after an episode in every environment."""
        return round(self.rollouts_per_step * self.num_envs * task_spec(self.task).episode_length)

    @property
    def folder(self) -> Path:
        """Where the run goes: the folder that is named, or the usual one (kit/places.py looks whether it is free)."""
        return self.out or Path("runs") / f"{self.task}-{self.method}-s{self.seed}"

    @property
    def title(self) -> str:
        """What the run is called wherever it is shown."""
        return f"{self.task}, {self.method}, seed {self.seed}"

    def as_dict(self) -> dict:
        """Plain values, as config.json holds them."""
        return dataclasses.asdict(self) | {"out": str(self.folder)}
