"""Exploration that lasts: a policy wrapped for one round of episodes, `wrapped(obs, goals) -> actions`.

    policy  ->  holding: some random actions are held for several steps  ->  guided: scripted visits to the object

Independent noise in every step hardly gets an arm anywhere: it cancels out. What a wrapper remembers from step to step
belongs to one round of episodes, so wrap anew for the next.
"""

import numpy as np

from .collect import Policy
from .guides import GUIDES

LONGEST_HOLD = 11  # steps


def holding(policy: Policy, probability: float, rng: np.random.Generator) -> Policy:
    """With this probability in a step, draw a uniformly random action and hold it for 2 to 11 steps.

    (After Dabney et al. 2020, "Temporally-Extended ε-Greedy Exploration", where the durations are heavy-tailed.)
    """
    held, left = None, 0

    def wrapped(obs, goals):
        nonlocal held, left
        actions = policy(obs, goals)
        if held is None:
            held, left = np.zeros_like(actions), np.zeros(len(actions), int)
        begins = (left == 0) & (rng.random(len(actions)) < probability)
        held[begins] = rng.uniform(-1.0, 1.0, size=actions.shape)[begins]
        left[begins] = rng.integers(2, LONGEST_HOLD + 1, size=len(actions))[begins]
        holds = left > 0
        left[holds] -= 1
        return np.where(holds[:, None], held, actions)

    return wrapped if probability > 0 else policy


def guided(
    policy: Policy,
    guide: str,
    share: float,
    noise_std: float,
    rng: np.random.Generator,
) -> Policy:
    """In this share of the episodes, a script acts where the policy would not find to the object by itself.

    guide: "none" or the name of a script in guides.py. The script knows nothing of goals: where the object should go
    is left to the policy. Its actions get Gaussian noise of `noise_std`.
    """
    if guide == "none" or share == 0:
        return policy
    script = None

    def wrapped(obs, goals):
        nonlocal script
        if script is None:
            script = GUIDES[guide](len(obs), share, rng)
        actions = policy(obs, goals)
        scripted, takes_over = script(obs[:, :3], obs[:, 3:6])
        noisy = scripted + noise_std * rng.standard_normal(scripted.shape)
        return np.where(takes_over[:, None], np.clip(noisy, -1.0, 1.0), actions)

    return wrapped
