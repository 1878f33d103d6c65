"""A mirror beside the table: every transition seen in it is one that could have happened.

    batch  ->  some rows reflected in x, some in y  ->  batch

Nothing that decides a Fetch task knows left from right, nor near from far: the hand leads the arm, and block, gripper
and table are their own mirror images. Goals lie nearer to the far edge than to the near one, so some mirrored ones are
never asked for; of slide's, none is. (Lin et al. 2020, "Invariant Transform Experience Replay".)
"""

import numpy as np

from envs import TaskSpec

AXES = "xy"


class Mirrors:
    """`mirrors(batch, rng)`: reflects each row in each of `axes` ("", "x", "y" or "xy") with probability one half."""

    def __init__(self, axes: str, spec: TaskSpec):
        self.reflections = [Reflection(AXES.index(axis), spec) for axis in axes]

    def __call__(self, batch: dict, rng: np.random.Generator) -> dict:
        """batch: transitions with goals, arrays (B, …), as `EpisodeBuffer` gives them. Returns: a new dict."""
        for reflection in self.reflections:
            chosen = rng.random(len(batch["obs"])) < 0.5
            batch = reflection(batch, chosen)
        return batch


class Reflection:
    """In one axis, 0 for x and 1 for y. Every quantity q becomes sign * q[order] + shift."""

    def __init__(self, axis: int, spec: TaskSpec):
        layout, dim = spec.layout, spec.obs_dim
        if layout is None:
            raise ValueError(f"{spec.name} has no mirror image")
        sign, shift, order = np.ones(dim, np.float32), np.zeros(dim, np.float32), np.arange(dim)
        for start in layout.positions:
            sign[start + axis], shift[start + axis] = -1, 2 * layout.mirror_at[axis]
        for start in layout.vectors:
            sign[start + axis] = -1
        for start in layout.rotations:  # those around the mirror's own axis stay
            sign[[start + other for other in range(3) if other != axis]] = -1
        if AXES[axis] == "y":
            for start in layout.fingers:  # left and right change places
                order[[start, start + 1]] = start + 1, start
        place = sign[:3], shift[:3], np.arange(3)
        move = np.append(sign[:3], np.float32(1)), np.zeros(4, np.float32), np.arange(4)
        self.rules = {"obs": (sign, shift, order), "actions": move, "goals": place}
        self.rules |= {"next_obs": self.rules["obs"], "next_achieved": place}

    def reflected(self, key: str, values: np.ndarray) -> np.ndarray:
        """The mirror image of an array (…, dim) that a batch holds under this key."""
        sign, shift, order = self.rules[key]
        return sign * values[..., order] + shift

    def __call__(self, batch: dict, chosen: np.ndarray) -> dict:
        """The batch with the rows `chosen` (B,) bool reflected."""
        seen = {
            key: np.where(chosen[:, None], self.reflected(key, batch[key]), batch[key]) for key in self.rules
        }
        return {**batch, **seen}
