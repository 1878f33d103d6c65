"""Exploration that lasts longer than a step: a policy wrapped for one round of episodes.

    policy  ->  repeating: some random actions last several steps  ->  with_script: a script visits the object

`exploring` is both, as the settings ask for them.

Independent noise in every step hardly moves an arm: it cancels out. A wrapper remembers things from step to step, so it
belongs to one round of episodes: wrap the policy anew for the next round.
"""

import numpy as np

from envs import TaskSpec

from .config import TrainConfig
from .interfaces import Policy
from .schedules import scripted_fraction
from .scripted import SCRIPTS, Script

LONGEST_REPEAT = 11  # steps


def exploring(
    policy: Policy, config: TrainConfig, spec: TaskSpec, env_steps: int, rng: np.random.Generator
) -> Policy:
    """What collects one round of episodes at this point of the training."""
    share = scripted_fraction(config, env_steps)
    policy = repeating(policy, config.repeat_probability, rng)
    return with_script(policy, spec, config.scripted, share, config.noise_std, rng)


def repeating(policy: Policy, probability: float, rng: np.random.Generator) -> Policy:
    """Temporally extended ε-greedy: with this probability in a step, a random action begins and lasts 2 to 11 steps.

    The action is uniform in [-1, 1], and so is its duration over its range (after Dabney et al. 2020,
    "Temporally-Extended ε-Greedy Exploration", where the durations are heavy-tailed).
    """
    repeated: np.ndarray | None = None
    left = np.zeros(0, int)

    def wrapped(obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        nonlocal repeated, left
        actions = policy(obs, goals)
        if repeated is None:
            repeated, left = np.zeros_like(actions), np.zeros(len(actions), int)
        begins = (left == 0) & (rng.random(len(actions)) < probability)
        repeated[begins] = rng.uniform(-1.0, 1.0, size=actions.shape)[begins]
        left[begins] = rng.integers(2, LONGEST_REPEAT + 1, size=len(actions))[begins]
        lasts = left > 0
        left[lasts] -= 1
        return np.where(lasts[:, None], repeated, actions)

    return wrapped if probability > 0 else policy


def with_script(
    policy: Policy, spec: TaskSpec, name: str, share: float, noise_std: float, rng: np.random.Generator
) -> Policy:
    """Scripted exploration: in this share of the episodes, a script visits the object before the policy acts again.

    name: "none" or a script of kit/scripted.py. The script knows nothing of goals: the policy has to learn where the
    object should go. The script's actions get Gaussian noise of `noise_std`.
    """
    if name == "none" or share == 0:
        return policy
    script: Script | None = None

    def wrapped(obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        nonlocal script
        if script is None:
            script = SCRIPTS[name](len(obs), share, rng)
        actions = policy(obs, goals)
        scripted, takes_over = script(spec.gripper(obs), spec.achieved_goal(obs))
        noisy = scripted + noise_std * rng.standard_normal(scripted.shape)
        return np.where(takes_over[:, None], np.clip(noisy, -1.0, 1.0), actions)

    return wrapped
