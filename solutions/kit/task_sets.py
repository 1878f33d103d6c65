"""The sets of tasks by name, and whole episodes in them."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from envs.goal_env import GoalVecEnv, Obs
from envs.zones import TaskSet, corners, desk, ring

TaskSetName = Literal["desk", "corners", "ring"]


def task_set(name: TaskSetName) -> TaskSet:
    """A set of tasks; the ring has eight places."""
    return {"desk": desk, "corners": corners, "ring": lambda: ring(8)}[name]()


def run_tasks(tasks: TaskSet, env: GoalVecEnv, act: Callable[[Obs], np.ndarray]) -> dict[str, np.ndarray]:
    """An episode in each of the n environments, of which none begins in a zone.

    Returns: obs (n, T+1, O), actions (n, T, A), rewards (n, T, K) of arriving at each state, under each task.
    """
    obs = tasks.reset(env)
    states, actions = [obs["observation"]], []
    for _ in range(env.episode_length):
        actions.append(act(obs))
        obs, *_ = env.step(actions[-1])
        states.append(obs["observation"])
    path = np.stack(states, axis=1)
    return {"obs": path, "actions": np.stack(actions, axis=1), "rewards": tasks.rewards(path[:, 1:])}


def solved(episodes: dict[str, np.ndarray], tasks: np.ndarray) -> np.ndarray:
    """Which episodes of `run_tasks` ended in the zone of their task: tasks (n,) -> (n,) bool."""
    return episodes["rewards"][np.arange(len(tasks)), -1, tasks] == 0
