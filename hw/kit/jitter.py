"""Goal jitter: goals a little beside those of a batch, so that the critic sees near misses.

A hindsight goal is one that was met. The critic sees few of the goals nearby, which were missed, and then values an
object that lies beside its goal, or slides on past it, far too highly. Any goal may be asked of any transition if the
reward is computed for that goal.
"""

import numpy as np

SPREAD = 0.5  # of the standard deviation of the goals that the task asks for; they need not lie on one plane


def jitter_goals(
    goals: np.ndarray, wanted: np.ndarray, fraction: float, rng: np.random.Generator
) -> np.ndarray:
    """Move each goal with probability `fraction` by a Gaussian step, in the dimensions in which the task's goals vary.

    Args: goals (B, G), left unchanged; wanted (N, G), the goals that the task asked for. Returns: (B, G).
    """
    # In float32, goals that are all alike would seem to vary.
    spread = SPREAD * wanted.std(axis=0, dtype=np.float64)
    steps = spread * rng.standard_normal(goals.shape)
    return np.where(rng.random(len(goals))[:, None] < fraction, goals + steps, goals).astype(goals.dtype)
