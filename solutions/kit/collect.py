"""Acting in the world: whole episodes for D_env, random episodes, and the greedy evaluation."""

import numpy as np

from envs import make_vec
from envs.goal_env import GoalVecEnv
from envs.tasks import TaskName

from .exploration import repeating, with_script
from .interfaces import Policy


def collect_episodes(env: GoalVecEnv, policy: Policy) -> dict:
    """One episode in each of the n environments, as `EpisodeBuffer.add` takes it (n rows)."""
    current, _ = env.reset()
    desired = current["desired_goal"]
    obs, achieved = [current["observation"]], [current["achieved_goal"]]
    actions, rewards, masks = [], [], []
    for _ in range(env.episode_length):
        actions.append(np.asarray(policy(current["observation"], desired)))
        current, reward, terminated, _, _ = env.step(actions[-1])
        # next_obs and what it achieved: of the state that the step led to
        obs.append(current["observation"])
        achieved.append(current["achieved_goal"])
        rewards.append(reward)
        masks.append(1.0 - terminated)  # a time limit (truncation) does not end the return
    by_env = {"obs": obs, "achieved": achieved, "actions": actions, "rewards": rewards, "masks": masks}
    return {"desired": desired, **{key: np.stack(steps, axis=1) for key, steps in by_env.items()}}


def random_episodes(
    task: TaskName, episodes: int, seed: int, rng: np.random.Generator, script: str = "none"
) -> dict:
    """So many episodes of random actions, each held for some steps; a script of kit/scripted.py acts before them."""
    env = make_vec(task, min(episodes, 20), seed)

    def uniform(obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        return rng.uniform(-1.0, 1.0, size=(len(obs), env.task_spec.action_dim))

    rounds = []
    for _ in range(-(-episodes // env.num_envs)):
        policy = with_script(repeating(uniform, 1.0, rng), env.task_spec, script, 1.0, 0.0, rng)
        rounds.append(collect_episodes(env, policy))
    env.close()
    return {key: np.concatenate([data[key] for data in rounds])[:episodes] for key in rounds[0]}


def evaluate(env: GoalVecEnv, policy: Policy, episodes: int) -> dict[str, float]:
    """Mean over at least `episodes` whole episodes (rounded up to full rounds of the n environments).

    Returns: success (share solved in the last state), return (sum of rewards), started_solved (share of goals that
    were met before anything moved; compare success with it), episodes.
    """
    success: list[np.ndarray] = []
    returns: list[np.ndarray] = []
    started: list[np.ndarray] = []
    while len(success) * env.num_envs < episodes:
        data = collect_episodes(env, policy)
        success.append(env.is_success(data["achieved"][:, -1], data["desired"]))
        started.append(env.is_success(data["achieved"][:, 0], data["desired"]))
        returns.append(data["rewards"].sum(axis=1))
    return {
        "success": float(np.mean(success)),
        "return": float(np.mean(returns)),
        "started_solved": float(np.mean(started)),
        "episodes": len(success) * env.num_envs,
    }
