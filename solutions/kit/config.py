"""What a training run can be told. Each default stands here, once; what a task changes stands in kit/recipes.py."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from .ranges import check_each, check_together


@dataclass(frozen=True)
class TrainConfig:
    """Train a policy on one task."""

    task: str = "reach"
    """tiny, reach, push, slide or pick_and_place"""
    method: str = "her"
    """ddpg (no relabeling), her (with hindsight relabeling) or mbpo (her and a learned model)"""
    seed: int = 0
    """of everything random; the same seed gives the same numbers on the same machine"""
    out: Path | None = None
    """the run's folder; by default runs/TASK-METHOD-sSEED"""
    resume: bool = False
    """go on with the unfinished run in that folder"""
    cores: int = 2
    """cores to use, 1 or 2; the numbers do not depend on it"""
    total_steps: int = 10_000
    """env steps in all, over all environments"""
    stop_at: float | None = None
    """end early once the evaluated success has reached this share"""

    reward: str = "sparse"
    """sparse (0 at the goal, -1 elsewhere) or dense (negative distance)"""
    num_envs: int = 8
    """environments stepped side by side"""
    warmup_episodes: int = 8
    """episodes of uniformly random actions at the start"""
    noise_std: float = 0.2
    """standard deviation of the exploration noise (actions lie in [-1, 1])"""
    epsilon: float = 0.3
    """probability of a uniformly random action"""
    hold: float = 0.0
    """probability in a step that a random action begins which is held for 2 to 11 steps"""
    guide: str = "none"
    """a script that visits the object: none, approach, poke, carry or strike (see kit/guides.py)"""
    guided_fraction: float = 0.1
    """share of the episodes in which the guide acts"""

    hidden: tuple[int, ...] = (256, 256)
    """hidden layers of actor and critic"""
    critics: int = 1
    """critics; the smallest of their values is the target"""
    lr: float = 1e-3
    """learning rate of actor and critic (Adam)"""
    anneal: float = 0.0
    """share of the training, at its end, over which the learning rate falls to a tenth"""
    discount: float = 0.95
    """discount factor γ, a step"""
    tau: float = 0.05
    """step of the target networks τ, an update"""
    averaging: float = 1.0
    """step of the acting policy towards the actor, an update; below 1 it is an average of the latest actors"""
    action_penalty: float = 0.1
    """weight of the squared actions in the actor's loss"""
    batch_size: int = 256
    """transitions in a batch"""
    updates_per_step: float = 0.5
    """gradient updates for each env step"""
    buffer_episodes: int = 20_000
    """episodes that D_env holds"""
    moved_fraction: float = 0.0
    """share of a batch that comes from episodes in which the achieved goal moved"""
    skip_fallen: bool = False
    """leave out, of those, the episodes that end with the object fallen off the table"""
    prefer_far: bool = False
    """draw, of those, an episode the more often the farther from its first place the achieved goal ended"""
    deciding_fraction: float = 0.0
    """share, of those, of steps until just after the object first moved: later ones matter little where it slides"""
    mirror: str = ""
    """axes in which transitions are mirrored at random: x, y or xy (Fetch; see kit/symmetry.py)"""

    strategy: str = "future"
    """where hindsight goals come from: final, future, episode or random"""
    relabel_fraction: float = 0.8
    """share of a batch that gets a hindsight goal (her, mbpo)"""
    hindsight_moved: float = 0.0
    """share of the rows with a hindsight goal that come from episodes in which the achieved goal moved (her, mbpo)"""
    hindsight_lifted: float = 0.0
    """share, of those, that come from episodes in which the object was lifted: at first they are rare"""
    nearby_fraction: float = 0.0
    """share of a batch whose goal is moved a little (her, mbpo; see kit/nearby.py)"""

    model_every: int = 400
    """mbpo: env steps between two fits of the dynamics model"""
    model_hidden: tuple[int, ...] = (200, 200)
    """mbpo: hidden layers of each member of the ensemble"""
    model_noise: float = 0.0
    """mbpo: share of the predicted standard deviation that imagined steps are sampled with"""
    model_min_log_var: float = -10.0
    """mbpo: lower bound of the log-variance that the model predicts, below its upper one of .5"""
    start_mode: str = "all"
    """mbpo: where rollouts start: initial, or all states in D_env"""
    rollout_mode: str = "partial"
    """mbpo: full rollouts (to the episode's end) or partial ones"""
    rollout_length: int = 1
    """mbpo: steps of a partial rollout (k)"""
    rollouts_per_step: float = 10.0
    """mbpo: rollouts imagined for each env step"""
    model_buffer: int = 50_000
    """mbpo: imagined transitions that D_model holds"""
    real_fraction: float = 0.5
    """mbpo: share of each batch that comes from D_env"""

    eval_every: int = 800
    """env steps between two evaluations"""
    eval_episodes: int = 40
    """episodes of an evaluation"""
    save_seconds: float = 30.0
    """seconds between two checkpoints"""

    def check(self) -> "TrainConfig":
        """Returns: the config itself. Raises: UserError naming the first value that makes no sense."""
        check_each(self)
        check_together(self)
        return self

    def learning_rate(self, env_steps: int) -> float:
        """At this point of the training: `lr` at first, falling linearly to a tenth over the last `anneal` of it."""
        annealing = self.anneal * self.total_steps
        past = env_steps - (self.total_steps - annealing)
        return self.lr * (1 - 0.9 * min(past / annealing, 1.0)) if annealing and past > 0 else self.lr

    @property
    def folder(self) -> Path:
        return self.out or Path("runs") / f"{self.task}-{self.method}-s{self.seed}"

    @property
    def title(self) -> str:
        return f"{self.task}, {self.method}, seed {self.seed}"

    def as_dict(self) -> dict:
        """Plain values, as config.json holds them."""
        plain = dataclasses.asdict(self)
        return {**plain, "out": str(self.folder)}
