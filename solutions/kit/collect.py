"""Acting in the world: whole episodes for D_env, and the greedy evaluation."""

import numpy as np

from envs.goal_env import GoalVecEnv

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
