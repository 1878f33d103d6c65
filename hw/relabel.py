"""Part 4: hindsight relabeling (Andrychowicz et al. 2017, "HER", Algorithm 1 and Section 4.5).

A trajectory that missed its goal still reached *something*. Pretend that this had been the goal. The dynamics do not
depend on the goal, and the reward is a known function of it, so it can be computed anew. An off-policy learner may use
such a transition like any other.

    a batch (s, a, s', g)  ->  goals by a strategy  ->  replace a part of the goals  ->  the new reward r' = r(s', g')

Shapes: N episodes of T steps in the buffer; `achieved` (N, T+1, G) holds the achieved goal at every state, so the
transition of step t leads from achieved[:, t] to achieved[:, t+1]. B transitions in a batch; `episodes` (B,) and
`steps` (B,), each in 0 … T-1, say where each comes from. The four strategies have the same arguments. Every function
leaves its arguments unchanged.
"""

from collections.abc import Callable

import numpy as np


def final_goals(
    achieved: np.ndarray, episodes: np.ndarray, steps: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Strategy "final": what the transition's episode achieved in its last state. Returns (B, G)."""
    # TODO(4a): which of the T+1 states of an episode is its last?
    raise NotImplementedError("TODO(4a): final goals")
    assert goals.shape == (len(episodes), achieved.shape[2]), "one goal for each transition: (B, G)"
    return goals


def future_goals(
    achieved: np.ndarray, episodes: np.ndarray, steps: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Strategy "future": what the same episode achieved after the transition, in a state drawn uniformly from
    t+1 … T. State t+1 is the one that the transition of step t itself leads to. Returns (B, G)."""
    # TODO(4b): the first state that may be drawn depends on the transition, the last one does not
    raise NotImplementedError("TODO(4b): future goals")
    assert goals.shape == (len(episodes), achieved.shape[2]), "one goal for each transition: (B, G)"
    return goals


def episode_goals(
    achieved: np.ndarray, episodes: np.ndarray, steps: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Strategy "episode": what the same episode achieved in any of its states 0 … T, drawn uniformly.
    Returns (B, G)."""
    # TODO(4c): as in "future", but the step of the transition does not matter
    raise NotImplementedError("TODO(4c): episode goals")
    assert goals.shape == (len(episodes), achieved.shape[2]), "one goal for each transition: (B, G)"
    return goals


def random_goals(
    achieved: np.ndarray, episodes: np.ndarray, steps: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Strategy "random": what any episode in the buffer achieved in any of its states, drawn uniformly.
    Returns (B, G)."""
    # TODO(4d): the transition's own episode does not matter either
    raise NotImplementedError("TODO(4d): random goals")
    assert goals.shape == (len(episodes), achieved.shape[2]), "one goal for each transition: (B, G)"
    return goals


def replace_goals(
    desired: np.ndarray, hindsight: np.ndarray, fraction: float, rng: np.random.Generator
) -> np.ndarray:
    """Replace the goal by the hindsight goal in a part of the batch: each row by itself, with probability `fraction`.

    With k hindsight goals for each real one, as in the paper, fraction = k / (k + 1).
    Args: desired, hindsight (B, G). Returns: (B, G), each row whole from one of the two.
    """
    # TODO(4e): each row by itself keeps its goal or loses it, and always the whole of it
    raise NotImplementedError("TODO(4e): which goals to replace")
    assert goals.shape == desired.shape, "one goal for each row: (B, G)"
    return goals


def new_rewards(
    next_achieved: np.ndarray, goals: np.ndarray, threshold: float, reward: str = "sparse"
) -> np.ndarray:
    """The reward r' = r(s', g') of arriving at s', for the goal that the batch holds now.

    Let d be the Euclidean distance in metres between next_achieved and goals. "sparse" is 0 if d <= threshold and -1
    otherwise (Plappert et al. 2018, Section 1.1); "dense" is -d.
    Args: next_achieved, goals (B, G). Returns: (B,). Raises: ValueError for another reward.
    """
    if reward not in ("sparse", "dense"):
        raise ValueError(f"reward {reward!r} is unknown: choose 'sparse' or 'dense'")
    # TODO(4f): the distance is one number for each row; at exactly the threshold the goal counts as reached
    raise NotImplementedError("TODO(4f): new rewards")
    assert rewards.shape == (len(goals),), "one reward for each row: (B,)"
    return rewards


STRATEGIES = {"final": final_goals, "future": future_goals, "episode": episode_goals, "random": random_goals}


def relabel(
    batch: dict, achieved: np.ndarray, episodes: np.ndarray, steps: np.ndarray, *, strategy: str, fraction: float,
    threshold: float, reward: str, rng: np.random.Generator, adjust: Callable[[dict], dict] | None = None,
) -> dict:  # fmt: skip
    """Part 4 as a whole: the batch with new goals and new rewards; everything else stays as it happened.

    Args: batch, a dict with at least goals (B, G) and next_achieved (B, G); adjust, if given, a function batch -> batch
        that has the last word on the goals before the rewards are computed; the rest as above.
    """
    hindsight = np.asarray(STRATEGIES[strategy](achieved, episodes, steps, rng))
    batch = {**batch, "goals": np.asarray(replace_goals(batch["goals"], hindsight, fraction, rng))}
    if adjust is not None:
        batch = adjust(batch)
    rewards = np.asarray(new_rewards(batch["next_achieved"], batch["goals"], threshold, reward))
    return {**batch, "rewards": rewards}
