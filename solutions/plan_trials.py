"""Given: fit the model to random steps, then plan with it and act: one trial.

random_episodes  ->  fit  ->  act: a planner, a reward and a number of steps between plans, in N episodes side by side
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from envs import make_vec, task_spec

from .kit.collect import random_episodes
from .kit.plan_config import PlanConfig
from .kit.plan_picture import Trial
from .kit.recipes import default_config
from .kit.rewards import WISHES
from .kit.seeds import FRESH_SEED, SEED_STEP
from .model import DynamicsModel
from .planners import PLANNERS
from .planning import replan

WITHOUT_OBJECT, WITH_OBJECT = 500, 16_000  # random steps: contact is rare


def fit(config: PlanConfig, seed: int) -> tuple[DynamicsModel, dict]:
    """A model of random steps, and on how many it was fitted, how long that took, and its loss."""
    spec, rng = task_spec(config.task), np.random.default_rng([seed, 1])
    count = config.random_steps or (WITHOUT_OBJECT if spec.object is None else WITH_OBJECT)
    script = default_config(config.task).scripted  # where there is an object: chance alone seldom meets it
    data = random_episodes(config.task, -(-count // spec.episode_length), SEED_STEP * seed, rng, script)
    obs, actions, next_obs = (
        values.reshape(-1, values.shape[-1])
        for values in (data["obs"][:, :-1], data["actions"], data["obs"][:, 1:])
    )
    model = DynamicsModel(
        spec.obs_dim, spec.action_dim, seed, hidden=config.hidden, min_log_var=config.model_min_log_var
    )
    start = time.perf_counter()
    info = model.fit(obs, actions, next_obs, rng)
    return model, {"env_steps": len(obs), "fit_seconds": round(time.perf_counter() - start, 2), **info}


def act(
    config: PlanConfig, model: DynamicsModel, seed: int, planner: str, reward: str, every: int,
    each_step: Callable[[], object] = lambda: None,
) -> Trial:  # fmt: skip
    """Plan for a reward and act, in all episodes side by side; calls `each_step` after each step."""
    env = make_vec(config.task, config.episodes, FRESH_SEED + SEED_STEP * seed)
    spec, (first, _) = env.task_spec, env.reset()
    wish = WISHES[reward](spec, first)
    horizon = min(max(config.search.horizon, every), env.episode_length)
    search = replace(config.search, horizon=horizon)
    rng = np.random.default_rng([seed, 2])
    planned = PLANNERS[planner](model.mean_next, wish.reward, spec.action_dim, search, rng)
    actions: list[np.ndarray] = []
    promised: list[np.ndarray] = []
    seconds: list[float] = []

    def plan_from(obs: np.ndarray, done: int) -> np.ndarray:
        start = time.process_time()
        plan = planned(obs, done)
        seconds.append(time.process_time() - start)  # of computing, whatever else the machine does
        promised.append(imagined(model, obs, plan[:, :every]))
        return plan

    def env_step(chosen: np.ndarray) -> np.ndarray:
        actions.append(chosen)
        each_step()
        return env.step(chosen)[0]["observation"]

    observed = np.asarray(replan(plan_from, env_step, first["observation"], env.episode_length, every))
    env.close()
    figures: dict[str, Any] = {
        **{"planner": planner, "reward": reward, "every": every, "seed": seed, "horizon": horizon},
        **wish.judge(observed),
        **{"plans": len(seconds), "ms_a_replan": round(1000 * float(np.median(seconds)), 2)},
    }
    figures["ms_a_plan"] = round(figures["ms_a_replan"] / config.episodes, 2)
    marks = first["desired_goal"], wish.balls
    return Trial(planner, reward, every, seed, observed, *marks, np.stack(actions), promised, figures)


@torch.no_grad()
def imagined(model: DynamicsModel, obs: np.ndarray, plan: np.ndarray) -> np.ndarray:
    """Where a plan (N, H, A) leads in the model, with the first state: (H+1, N, O)."""
    states = [torch.as_tensor(obs, dtype=torch.float32)]
    for actions in torch.as_tensor(plan, dtype=torch.float32).unbind(dim=1):
        states.append(model.mean_next(states[-1], actions))
    return torch.stack(states).numpy()
