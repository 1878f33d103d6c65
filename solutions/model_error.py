"""How wrong is the learned model, in free motion and in contact? `python -m solutions.model_error --task push`.

    random exploration -> D_env --fit--> model --the actions of other episodes--> imagined against real positions

The model gets the real states and the real actions, and predicts several steps from them. A stretch of steps counts as
contact if the object really moved in it; on reach and tiny, which have no object, all of it is free motion.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from envs import make_vec
from envs.errors import UserMistake
from envs.goal_env import GoalVecEnv
from envs.machine import describe_machine
from envs.tasks import TaskName
from envs.terminal import command_line

from .kit.collect import collect_episodes
from .kit.config import TrainConfig
from .kit.console import run_command
from .kit.exploration import repeating, with_script
from .kit.files import write_json
from .kit.interfaces import Model
from .kit.log_var import LogVarBound
from .kit.recipes import default_config
from .kit.settings import Count, Must, NotNegative, Seed, check_each
from .model import DynamicsModel

STILL = 0.001  # metres: an object that stays this close to its place was not moved
MODEL_SETTINGS = ("model_noise", "model_min_log_var")


@dataclass(frozen=True)
class ErrorConfig:
    """Fit the model to random exploration and measure its errors on other episodes."""

    task: TaskName = "push"
    """what moves; tiny is a point in the plane"""
    seed: Seed = 0
    """of everything random"""
    episodes: Count = 320
    """episodes the model is fitted to"""
    test_episodes: Count = 160
    """episodes its errors are measured on"""
    horizons: Annotated[
        tuple[int, ...], Must("name one or more numbers of steps", lambda x: x and min(x) >= 1)
    ] = (1, 2, 5, 10, 20)
    """steps ahead"""
    model_noise: NotNegative = TrainConfig.model_noise
    """share of the predicted standard deviation that imagined steps are sampled with"""
    model_min_log_var: LogVarBound = TrainConfig.model_min_log_var
    """lower bound of the log-variance that the model predicts"""
    json: Path | None = None
    """also write the figures to this file"""


def explore_randomly(env: GoalVecEnv, config: ErrorConfig, episodes: int, rng: np.random.Generator) -> dict:
    """At least that many episodes of random actions, some repeated, and of the task's script."""
    task, spec = default_config(config.task), env.task_spec
    script = task.scripted, task.scripted_fraction, task.noise_std

    def uniform(obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        return rng.uniform(-1.0, 1.0, size=(len(obs), spec.action_dim))

    rounds = []
    for _ in range(-(-episodes // env.num_envs)):
        policy = repeating(uniform, task.repeat_probability, rng)
        rounds.append(collect_episodes(env, with_script(policy, spec, *script, rng)))
    return {key: np.concatenate([data[key] for data in rounds]) for key in rounds[0]}


def errors(
    model: Model, env: GoalVecEnv, data: dict, horizon: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """For each of the N stretches of `horizon` steps: how far its imagined end lies from the real one, in metres.

    Returns: gripper (N,) (tiny: the point), object (N,), moved (N,), how far the object really got, contact (N,) bool.
    """
    starts = np.arange(data["actions"].shape[1] - horizon + 1)

    def at(key: str, step: int) -> np.ndarray:
        return data[key][:, starts + step].reshape(-1, data[key].shape[-1])

    imagined = at("obs", 0)
    for step in range(horizon):
        imagined = model.sample_next(imagined, at("actions", step), rng)
    spec = env.task_spec
    away = [
        np.linalg.norm(at("achieved", step) - at("achieved", 0), axis=1) for step in range(1, horizon + 1)
    ]
    return {
        "gripper": np.linalg.norm(spec.gripper(imagined - at("obs", horizon)), axis=1),
        "object": np.linalg.norm(spec.achieved_goal(imagined) - at("achieved", horizon), axis=1),
        "moved": away[-1],
        "contact": (np.max(away, axis=0) > STILL) & (spec.object is not None),
    }


def measure(config: ErrorConfig) -> list[dict]:
    """Fit, imagine, compare, print. Returns: for each horizon and kind of motion, [median, 90 %] in mm."""
    torch.set_num_threads(1)
    check_each(config)
    rng = np.random.default_rng(config.seed)
    env = make_vec(config.task, 16, config.seed)
    if max(config.horizons) > env.episode_length:
        raise UserMistake(f"an episode has {env.episode_length} steps, so no horizon can be longer")
    seen, fresh = (
        explore_randomly(env, config, count, rng) for count in (config.episodes, config.test_episodes)
    )
    model = DynamicsModel(
        env.task_spec.obs_dim, env.task_spec.action_dim, config.seed,
        noise=config.model_noise, min_log_var=config.model_min_log_var,
    )  # fmt: skip
    steps = seen["obs"][:, :-1], seen["actions"], seen["obs"][:, 1:]
    obs, actions, next_obs = (values.reshape(-1, values.shape[-1]) for values in steps)
    model.fit(obs, actions, next_obs, rng)

    table = Table(title=f"{config.task}: errors in mm, median / 90 %, after {len(seen['obs'])} episodes")
    for column in ("steps", "motion", "stretches", "gripper", "object", "the object really moved"):
        table.add_column(column, justify="left" if column == "motion" else "right")
    rows = []
    for horizon in config.horizons:
        found = errors(model, env, fresh, horizon, rng)
        for motion, chosen in (("free", ~found["contact"]), ("contact", found["contact"])):
            if chosen.any():
                figures = {
                    key: [round(float(1000 * q), 2) for q in np.quantile(found[key][chosen], (0.5, 0.9))]
                    for key in ("gripper", "object", "moved")
                }
                row = {"steps": horizon, "motion": motion, "stretches": int(chosen.sum())}
                table.add_row(*map(str, row.values()), *(f"{a:.1f} / {b:.1f}" for a, b in figures.values()))
                rows.append(row | figures)
    env.close()
    Console().print(table)
    if config.json:
        settings = {key: getattr(config, key) for key in ("task", "seed", *MODEL_SETTINGS)}
        settings["episodes"] = len(seen["obs"])
        write_json(config.json, {"made_by": describe_machine(), **settings, "errors": rows})
    return rows


if __name__ == "__main__":
    run_command(lambda: measure(command_line(ErrorConfig)))
