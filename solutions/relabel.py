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
    # BEGIN SOLUTION 4a
    # hint: which of the T+1 states of an episode is its last?
    # hint 2: achieved[episodes, …] with one index for each transition picks one row for each
    goals = achieved[episodes, -1]
    # END SOLUTION
    assert goals.shape == (len(episodes), achieved.shape[2]), "one goal for each transition: (B, G)"
    return goals


def future_goals(
    achieved: np.ndarray, episodes: np.ndarray, steps: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Strategy "future": what the same episode achieved after the transition, in a state drawn uniformly from
    t+1 … T. State t+1 is the one that the transition of step t itself leads to. Returns (B, G)."""
    # BEGIN SOLUTION 4b
    # hint: the first state that may be drawn depends on the transition, the last one does not
    # hint 2: rng.integers(low, high) takes arrays and excludes high
    last = achieved.shape[1] - 1
    goals = achieved[episodes, rng.integers(steps + 1, last + 1)]
    # END SOLUTION
    assert goals.shape == (len(episodes), achieved.shape[2]), "one goal for each transition: (B, G)"
    return goals


def episode_goals(
    achieved: np.ndarray, episodes: np.ndarray, steps: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Strategy "episode": what the same episode achieved in any of its states 0 … T, drawn uniformly.
    Returns (B, G)."""
    # BEGIN SOLUTION 4c
    # hint: as in "future", but the step of the transition does not matter
    # hint 2: an episode has T+1 states; draw one number for each transition, and then index as before
    goals = achieved[episodes, rng.integers(achieved.shape[1], size=len(episodes))]
    # END SOLUTION
    assert goals.shape == (len(episodes), achieved.shape[2]), "one goal for each transition: (B, G)"
    return goals


def random_goals(
    achieved: np.ndarray, episodes: np.ndarray, steps: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Strategy "random": what any episode in the buffer achieved in any of its states, drawn uniformly.
    Returns (B, G)."""
    # BEGIN SOLUTION 4d
    # hint: the transition's own episode does not matter either
    # hint 2: draw the episode too, from all N
    num_episodes, num_states, _ = achieved.shape
    any_episode = rng.integers(num_episodes, size=len(episodes))
    goals = achieved[any_episode, rng.integers(num_states, size=len(episodes))]
    # END SOLUTION
    assert goals.shape == (len(episodes), achieved.shape[2]), "one goal for each transition: (B, G)"
    return goals


def replace_goals(
    desired: np.ndarray, hindsight: np.ndarray, fraction: float, rng: np.random.Generator
) -> np.ndarray:
    """Replace the goal by the hindsight goal in a part of the batch: each row by itself, with probability `fraction`.

    With k hindsight goals for each real one, as in the paper, fraction = k / (k + 1).
    Args: desired, hindsight (B, G). Returns: (B, G), each row whole from one of the two.
    """
    # BEGIN SOLUTION 4e
    # hint: each row by itself keeps its goal or loses it, and always the whole of it
    # hint 2: draw one random number for each row; np.where with a mask of shape (B, 1) picks whole rows
    replaced = rng.random(len(desired)) < fraction
    goals = np.where(replaced[:, None], hindsight, desired)
    # END SOLUTION
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
    # BEGIN SOLUTION 4f
    # hint: the distance is one number for each row; at exactly the threshold the goal counts as reached
    # hint 2: np.linalg.norm(…, axis=-1) gives a distance for each row
    distance = np.linalg.norm(next_achieved - goals, axis=-1)
    rewards = -distance if reward == "dense" else -(distance > threshold).astype(np.float32)
    # END SOLUTION
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
