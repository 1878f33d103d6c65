"""Settings of `plan`: what to plan for, how to search, how often."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from envs import task_spec
from envs.tasks import TaskName

from .config import TrainConfig
from .log_var import LogVarBound
from .settings import Count, Layers, Must, NameEachOnce, Positive, check_each, need


@dataclass(frozen=True)
class Search:
    """How long and how wide a planner searches."""

    horizon: Count = 3
    """steps of a plan; a plan has at least as many steps as are acted out of it"""
    candidates: Count = 64
    """CEM: plans in each round, for each episode"""
    elites: Count = 8
    """CEM: the best of them, that mean and standard deviation are refitted to"""
    rounds: Count = 2
    """CEM: rounds of sampling and refitting"""
    first_std: Positive = 0.5
    """CEM: standard deviation of the actions in the first round"""
    min_std: Positive = 0.05
    """CEM: no standard deviation falls below it"""
    climbs: Count = 5
    """gradient: steps uphill"""
    lr: Positive = 1.0
    """gradient: how far a step goes, times the gradient"""


@dataclass(frozen=True)
class PlanConfig:
    """Fit the model to random steps, plan in it, act, and count the successes."""

    task: TaskName = "reach"
    """what moves; tiny is a point in the plane"""
    planners: Annotated[tuple[Literal["cem", "gradient"], ...], NameEachOnce] = ("cem",)
    """how plans are found: cem samples, gradient climbs"""
    every: Annotated[tuple[int, ...], NameEachOnce, Must("be at least 1", lambda x: min(x) >= 1)] = (1,)
    """steps between two plans; a whole episode's is open loop"""
    rewards: Annotated[tuple[Literal["goal", "sparse", "circle", "left", "around"], ...], NameEachOnce] = (
        "goal",
    )
    """what to plan for: the goal (minus the distance, or -1 while it is far), or wishes of the hand's own"""
    seeds: Annotated[tuple[int, ...], NameEachOnce, Must("be 0 or more", lambda x: min(x) >= 0)] = (0,)
    """of everything random; a model is fitted for each"""
    random_steps: Count | None = None
    """steps the model is fitted to, in whole episodes; by default 500, and 16,000 where there is an object"""
    episodes: Count = 40
    """fresh episodes to act in, side by side"""
    hidden: Layers = (64, 64)
    """layers of the model"""
    model_min_log_var: LogVarBound = TrainConfig.model_min_log_var
    """lower bound of the log-variance that the model is fitted with"""
    search: Search = field(default_factory=Search)
    """how the planner searches"""
    out: Path = Path("runs/plan")
    """where the picture goes, in a folder of the task's name"""
    video: Path | None = None
    """also write a video of the last trial's first episode to this .mp4 file"""
    json: Path | None = None
    """also write the figures to this file, and the picture beside it"""


def checked(config: PlanConfig) -> PlanConfig:
    """Raises: UserMistake for a value that makes no sense."""
    check_each(config)
    check_each(config.search)
    search, spec = config.search, task_spec(config.task)
    need(
        search.elites <= search.candidates,
        f"of {search.candidates} candidates, {search.elites} cannot be the best",
    )
    own = [reward for reward in config.rewards if reward not in ("goal", "sparse")]
    need(
        spec.layout is not None or not own,
        f"{' and '.join(own)}: {config.task} has no hand, so name another task",
    )
    need(
        config.video is None or config.video.suffix == ".mp4", f"a video is an .mp4 file, not {config.video}"
    )
    flat = "sparse" in config.rewards and "gradient" in config.planners
    need(
        not flat,
        "the sparse reward is flat nearly everywhere, so there is no gradient to climb: plan with cem alone",
    )
    longest = max(config.every)
    need(longest <= spec.episode_length, f"an episode of {config.task} has {spec.episode_length} steps, so every "
         f"{longest} is too many")  # fmt: skip
    return config
