"""Settings of `inverse`: which models, fitted to what."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from envs import task_spec

from .settings import Count, Must, NameEachOnce, Positive, check_each, need

WITH_N = ("n-step", "always-n", "chunk", "future")  # of the others, n is no setting


@dataclass(frozen=True)
class InverseConfig:
    """Fit models other than the forward model, act by them, and count the successes."""

    task: Literal["tiny", "reach"] = "reach"
    """what moves; random steps hardly ever move an object, so the tasks with one are left out"""
    models: Annotated[
        tuple[Literal["one-step", "joint", "n-step", "always-n", "chunk", "future"], ...], NameEachOnce
    ] = ("one-step",)
    """one-step: p(a | s, s'); joint: the same by a Gaussian; n-step: p(a | s, s_n, n), with n counted down; always-n:
    always told n; chunk: all n actions at once; future: p(s_1 … s_n | s) of demonstrations without actions"""
    n: Annotated[tuple[int, ...], NameEachOnce, Must("be at least 1", lambda x: min(x) >= 1)] = (5,)
    """steps to the goal (n-step, always-n, chunk), or places ahead (future)"""
    steps: Count = 1_000
    """random steps that the models are fitted to, in whole episodes"""
    demos: Count = 40
    """episodes of the expert, for `future`; its actions are not used"""
    longest: Positive | None = None
    """how far a single step is asked to lead; by default 3 cm (tiny: 0.1)"""
    updates: Count = 2_000
    """updates of a network"""
    seeds: Annotated[tuple[int, ...], NameEachOnce, Must("be 0 or more", lambda x: min(x) >= 0)] = (0,)
    """of everything random; the data are drawn anew for each"""
    episodes: Count = 100
    """fresh episodes to act in, side by side"""
    out: Path = Path("runs/inverse")
    """where the picture goes, in a folder of the task's name"""
    json: Path | None = None
    """also write the figures to this file, and the picture beside it"""


def checked(config: InverseConfig) -> InverseConfig:
    """Raises: UserMistake for a value that makes no sense."""
    check_each(config)
    spec = task_spec(config.task)
    longest = max(config.n)
    need(longest <= spec.episode_length, f"an episode of {config.task} has {spec.episode_length} steps, so n = "
         f"{longest} is too many")  # fmt: skip
    return config
