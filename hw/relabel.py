"""Part 4: hindsight relabeling (Andrychowicz et al. 2017, "HER", Algorithm 1 and Section 4.5).

A trajectory that missed its goal still reached *something*. Pretend that something it reached had been the goal: the
actions stay right, the dynamics do not depend on the goal, and the reward is a known function, so it can be computed
anew. An off-policy learner may use such a transition like any other.

    a batch (s, a, s', g)  ->  goals by a strategy  ->  replace a part of the goals  ->  the new reward r' = r(s', g')

Shapes: N episodes of T steps in the buffer; `achieved` (N, T+1, G) holds the achieved goal at every state, so the
transition of step t leads from achieved[:, t] to achieved[:, t+1]. B transitions in a batch; `episodes` (B,) and
`steps` (B,), each in 0 … T-1, say where each comes from. The four strategies have one signature. All functions leave
their arguments unchanged.
"""

import numpy as np


def final_goals(achieved, episodes, steps, rng: np.random.Generator) -> np.ndarray:
    """Strategy "final": what the transition's episode had achieved in its last state. Returns (B, G)."""
    # TODO(4a): two index arrays side by side, achieved[episodes, …], pick one row for each transition
    raise NotImplementedError("TODO(4a): final goals")
    assert goals.shape == (len(episodes), achieved.shape[2]), "one goal for each transition: (B, G)"
    return goals


def future_goals(achieved, episodes, steps, rng: np.random.Generator) -> np.ndarray:
    """Strategy "future": what the same episode achieved after the transition, at a state drawn uniformly from
    t+1 … T; t+1 is the state that the transition of step t itself leads to. Returns (B, G)."""
    # TODO(4b): rng.integers(low, high) takes arrays, and excludes high
    raise NotImplementedError("TODO(4b): future goals")
    assert goals.shape == (len(episodes), achieved.shape[2]), "one goal for each transition: (B, G)"
    return goals


def episode_goals(achieved, episodes, steps, rng: np.random.Generator) -> np.ndarray:
    """Strategy "episode": what the same episode achieved at any of its states 0 … T, drawn uniformly.
    Returns (B, G)."""
    # TODO(4c): like "future", but it does not matter when the transition happened
    raise NotImplementedError("TODO(4c): episode goals")
    assert goals.shape == (len(episodes), achieved.shape[2]), "one goal for each transition: (B, G)"
    return goals


def random_goals(achieved, episodes, steps, rng: np.random.Generator) -> np.ndarray:
    """Strategy "random": what any episode in the buffer achieved at any of its states, drawn uniformly.
    Returns (B, G)."""
    # TODO(4d): the episode is drawn too, out of all N
    raise NotImplementedError("TODO(4d): random goals")
    assert goals.shape == (len(episodes), achieved.shape[2]), "one goal for each transition: (B, G)"
    return goals


def replace_goals(desired, hindsight, fraction: float, rng: np.random.Generator) -> np.ndarray:
    """Swap in the hindsight goal for a part of the batch: each row on its own, with probability `fraction`.

    With k hindsight goals for each real one, as in the paper, fraction = k / (k + 1).
    Args: desired, hindsight (B, G). Returns: (B, G), each row whole from one of the two.
    """
    # TODO(4e): one random number a row; a mask of shape (B, 1) picks whole rows in np.where
    raise NotImplementedError("TODO(4e): which goals to replace")
    assert goals.shape == desired.shape, "one goal for each row: (B, G)"
    return goals


def new_rewards(next_achieved, goals, threshold: float, reward: str = "sparse") -> np.ndarray:
    """The reward r' = r(s', g') of arriving at s', for the goal that the batch now holds.

    With d the Euclidean distance in metres between next_achieved and goals: "sparse" is 0 where d <= threshold and -1
    elsewhere (Plappert et al. 2018, Section 1.1); "dense" is -d.
    Args: next_achieved, goals (B, G). Returns: (B,). Raises: ValueError for another reward.
    """
    if reward not in ("sparse", "dense"):
        raise ValueError(f"reward {reward!r} is unknown: choose 'sparse' or 'dense'")
    # TODO(4f): np.linalg.norm(…, axis=-1) gives a distance for each row
    raise NotImplementedError("TODO(4f): new rewards")
    assert rewards.shape == (len(goals),), "one reward for each row: (B,)"
    return rewards


STRATEGIES = {"final": final_goals, "future": future_goals, "episode": episode_goals, "random": random_goals}


def relabel(batch, achieved, episodes, steps, *, strategy, fraction, threshold, reward, rng) -> dict:
    """Part 4 as a whole: the batch with new goals and new rewards; everything else stays as it happened.

    Args: batch, a dict with at least goals (B, G) and next_achieved (B, G); the rest as above.
    """
    hindsight = np.asarray(STRATEGIES[strategy](achieved, episodes, steps, rng))
    goals = np.asarray(replace_goals(batch["goals"], hindsight, fraction, rng))
    rewards = np.asarray(new_rewards(batch["next_achieved"], goals, threshold, reward))
    return {**batch, "goals": goals, "rewards": rewards}
