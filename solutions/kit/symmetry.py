"""A mirror beside the table: every transition seen in it is one that could have happened.

    batch  ->  some rows reflected in x, some in y  ->  batch

Nothing that decides a Fetch task knows left from right, nor near from far: the arm is led by its hand, and block and
gripper are their own mirror images. So is the table in y; in x its middle is at 1.3 m, and the mirror shows its edges
8 cm off. (Lin et al. 2020, "Invariant Transform Experience Replay".)
"""

import numpy as np

CENTRE = (1.34, 0.75)  # metres: where the mirrors stand, about below the arm's first place

# Where an observation of Fetch holds what (gymnasium-robotics, fetch_env.py), with an object and without.
PLACES = {25: (0, 3), 10: (0,)}  # gripper and object: reflected at the mirror
ARROWS = {25: (6, 14, 20), 10: (5,)}  # object - gripper, velocities: their component changes its sign
TURNS = {25: (11, 17), 10: ()}  # angles and angular velocities: the other two components do
FINGERS = {25: (9, 23), 10: (3, 8)}  # left and right, which lie along y: change places


class Mirrors:
    """`mirrors(batch, rng)`: each row reflected in each of `axes` ("", "x", "y" or "xy") with probability one half."""

    def __init__(self, axes: str, obs_dim: int):
        self.reflections = [_Reflection("xy".index(axis), obs_dim) for axis in axes]

    def __call__(self, batch: dict, rng: np.random.Generator) -> dict:
        """batch: transitions with goals, arrays (B, …), as `EpisodeBuffer` gives them. Returns: a new dict."""
        for reflection in self.reflections:
            chosen = rng.random(len(batch["obs"])) < 0.5
            batch = reflection(batch, chosen)
        return batch


class _Reflection:
    """In one axis. Every quantity q becomes sign * q[order] + shift."""

    def __init__(self, axis: int, obs_dim: int):
        sign, shift, order = np.ones(obs_dim, np.float32), np.zeros(obs_dim, np.float32), np.arange(obs_dim)
        for start in PLACES[obs_dim]:
            sign[start + axis], shift[start + axis] = -1, 2 * CENTRE[axis]
        for start in ARROWS[obs_dim]:
            sign[start + axis] = -1
        for start in TURNS[obs_dim]:
            sign[[start + other for other in range(3) if other != axis]] = -1
        if axis == 1:
            for start in FINGERS[obs_dim]:
                order[[start, start + 1]] = start + 1, start
        place = sign[:3], shift[:3], np.arange(3)
        move = np.append(sign[:3], np.float32(1)), np.zeros(4, np.float32), np.arange(4)
        self.rules = {"obs": (sign, shift, order), "actions": move, "goals": place}
        self.rules |= {"next_obs": self.rules["obs"], "next_achieved": place}

    def __call__(self, batch: dict, chosen: np.ndarray) -> dict:
        """chosen (B,) bool."""
        seen = dict(batch)
        for key, (sign, shift, order) in self.rules.items():
            seen[key] = np.where(chosen[:, None], sign * batch[key][:, order] + shift, batch[key])
        return seen
