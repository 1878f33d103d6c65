"""Distance, reward and success of goal-reaching tasks, for batches.

The comparisons are those of gymnasium-robotics' Fetch v4, to the last bit: a distance of exactly the
threshold costs nothing (reward 0) and is not yet a success.
"""

from typing import Literal, get_args

import numpy as np

RewardType = Literal["sparse", "dense"]


def check_reward_type(reward: str) -> None:
    """Raise ValueError unless `reward` is "sparse" or "dense"."""
    if reward not in get_args(RewardType):
        raise ValueError(f"Unknown reward {reward!r}: choose 'sparse' or 'dense'.")


def goal_distance(achieved: np.ndarray, desired: np.ndarray) -> np.ndarray:
    """Euclidean distance between goals.

    Args:
        achieved: (..., goal_dim)
        desired: (..., goal_dim), the same shape

    Returns:
        (...,) in the unit of the goals (Fetch: metres).

    Raises:
        ValueError: the shapes differ. Broadcasting is refused: it hides a relabeling mistake.
    """
    achieved, desired = np.asarray(achieved), np.asarray(desired)
    if achieved.shape != desired.shape:
        raise ValueError(
            f"Achieved and desired goals must have one shape, got {achieved.shape} and {desired.shape}."
        )
    offset = achieved - desired
    return np.sqrt(np.add.reduce(offset * offset, axis=-1))  # np.linalg.norm, without its overhead


def reward_at(distance: np.ndarray, reward: str, threshold: float) -> np.ndarray:
    """The reward at a distance, (...,) float64. "sparse": 0 within the threshold, else -1. "dense": -distance."""
    if reward == "sparse":
        return -(distance > threshold).astype(np.float64)
    return -distance.astype(np.float64)


def success_at(distance: np.ndarray, threshold: float) -> np.ndarray:
    """1 if the distance is below the threshold, else 0; (...,) float64."""
    return (distance < threshold).astype(np.float64)
