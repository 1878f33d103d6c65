"""Goals a little beside those of a batch, so that what just misses a goal is seen to miss it.

A goal relabelled in hindsight is one that was met. Of the goals nearby, which were missed, the critic sees little, and
values a puck that lies out of reach beside its goal far too highly. Any goal may be asked of any transition, as long as
its reward is computed anew.
"""

import numpy as np

SPREAD = 0.5  # of the standard deviation of the goals that the task asks for; they need not lie on one plane


def nearby_goals(
    goals: np.ndarray, wanted: np.ndarray, fraction: float, rng: np.random.Generator
) -> np.ndarray:
    """Move each goal with probability `fraction` by a Gaussian step, none where the task's goals do not vary.

    Args: goals (B, G), left unchanged; wanted (N, G), the goals that the task asked for. Returns: (B, G).
    """
    spread = SPREAD * wanted.std(axis=0, dtype=np.float64)  # in float32, goals that do not vary would seem to
    steps = spread * rng.standard_normal(goals.shape)
    return np.where(rng.random(len(goals))[:, None] < fraction, goals + steps, goals).astype(goals.dtype)
