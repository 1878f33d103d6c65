"""A point in the plane that has to reach a goal: the smallest world in which hindsight relabeling pays.

NumPy only. The point has a little inertia, so a learned model has something to learn:

    v' = 0.5 v + 0.075 a,   p' = clip(p + v', -1, 1)        a in [-1, 1]^2

Episodes have 20 steps and start near the middle; goals are uniform in [-1, 1]^2; success is a distance below
0.1. An action at full strength moves the point 0.15 a step along each axis, once it is moving.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from envs.goal_env import GoalVecEnv
from envs.tasks import task_spec

DAMPING = 0.5
FORCE = 0.075
START_RANGE = 0.1


@dataclass(frozen=True)
class TinyVariant:
    """The same world seen through other eyes: observed = scale * R(rotation) @ position + shift.

    Goals are seen the same way and the success threshold scales along, so every variant is equally hard.
    Actions are not rotated back: they push along the world's own axes, so in observed coordinates action a
    pushes along R(rotation) @ a. A policy or weights made for one rotation are useless for most others.
    """

    rotation: float = 0.0  # radians
    scale: float = 1.0  # above 0
    shift: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        numbers = (self.rotation, self.scale, *self.shift)
        if len(numbers) != 4 or not np.isfinite(numbers).all() or self.scale <= 0:
            raise ValueError(
                "A TinyVariant needs a finite rotation, a scale above 0 and a finite shift of two numbers."
            )

    @staticmethod
    def random(rng: np.random.Generator) -> "TinyVariant":
        """Any rotation, a scale in [0.5, 2] (uniform in its logarithm), a shift in [-1, 1]^2."""
        rotation = rng.uniform(0, 2 * np.pi)
        scale = np.exp(rng.uniform(np.log(0.5), np.log(2.0)))
        shift = rng.uniform(-1, 1, size=2)
        return TinyVariant(float(rotation), float(scale), (float(shift[0]), float(shift[1])))

    def matrix(self) -> np.ndarray:
        """(2, 2): scale * R(rotation), for row vectors use `vectors @ matrix().T`."""
        cos, sin = np.cos(self.rotation), np.sin(self.rotation)
        return self.scale * np.array([[cos, -sin], [sin, cos]])

    def observe_points(self, points: np.ndarray) -> np.ndarray:
        """World positions (B, 2) as they are observed, (B, 2)."""
        return points @ self.matrix().T + np.asarray(self.shift)


class TinyVecEnv(GoalVecEnv):
    """A batch of tiny envs: observation (n, 4) is position and velocity; goals and actions are (n, 2).

    Raises:
        ValueError: `num_envs` below 1, an unknown reward, a bad seed.
    """

    def __init__(
        self,
        num_envs: int,
        seed: int | None,
        reward: str = "sparse",
        variant: TinyVariant = TinyVariant(),
    ) -> None:
        spec = task_spec("tiny")
        super().__init__(
            replace(spec, distance_threshold=spec.distance_threshold * variant.scale), num_envs, seed, reward
        )
        self.variant = variant
        self._position = np.zeros((num_envs, 2))  # in the world's own frame
        self._velocity = np.zeros((num_envs, 2))

    def _reset_rows(self, rows: Sequence[int]) -> None:
        start = np.array([self._streams[row].uniform(-START_RANGE, START_RANGE, size=2) for row in rows])
        goals = np.array([self._streams[row].uniform(-1, 1, size=2) for row in rows])
        self._position[rows] = start
        self._velocity[rows] = 0.0
        self._goals[rows] = self.variant.observe_points(goals)

    def _step_rows(self, actions: np.ndarray, rows: Sequence[int]) -> None:
        velocity = DAMPING * self._velocity[rows] + FORCE * actions[rows].astype(np.float64)
        position = np.clip(self._position[rows] + velocity, -1.0, 1.0)
        # A wall stops the point: its velocity is how far it really went.
        self._velocity[rows] = position - self._position[rows]
        self._position[rows] = position

    def _observe(self) -> np.ndarray:
        points = self.variant.observe_points(self._position)
        return np.concatenate([points, self._velocity @ self.variant.matrix().T], axis=1)
