"""Scripts that visit the object, each for one round of episodes; they know nothing of goals.

    script(gripper, block) -> actions, and in which rows the script acts instead of the policy

Shapes: n rows, one for each episode; gripper, block (n, 3) in metres; actions (n, 4); which rows (n,) bool. The fingers
get random commands unless a script says otherwise.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from envs.tasks import METRES_PER_ACTION

ScriptName = Literal["none", "approach", "poke", "carry", "strike"]
Acts = tuple[np.ndarray, np.ndarray]  # actions, which rows
Script = Callable[[np.ndarray, np.ndarray], Acts]

BESIDE = 0.07  # metres from the object's middle to beside it: half a block, half a gripper, some air
OVER = 0.08  # metres above the object at which the gripper passes it
ARRIVED = 0.02  # metres: so close to its target, the gripper begins to poke, carry or strike
FOUND = 0.05  # metres: so close to the object, an approach ends
LEVEL = 0.01, 0.02  # metres above a puck's middle: hit lower, it slides less far
SETTLE = 2  # steps that the fingers get to close before the arm moves
LONGEST = 50  # steps after which a poke or a carry ends at the latest


class _Approach:
    """Go to the object whenever the gripper is more than 5 cm away from it."""

    def __init__(self, rows: int, share: float, rng: np.random.Generator):
        self.rng, self.chosen = rng, rng.random(rows) < share

    def __call__(self, gripper: np.ndarray, block: np.ndarray) -> Acts:
        actions = _actions(_towards(block - gripper), self.rng.uniform(-1.0, 1.0, size=len(block)))
        return actions, self.chosen & (np.linalg.norm(block - gripper, axis=1) > FOUND)


class _Poke:
    """Until a random step: go beside the object, on a random side, move through it, and start again."""

    def __init__(self, rows: int, share: float, rng: np.random.Generator):
        self.rng, self.step = rng, 0
        self.until = np.where(rng.random(rows) < share, rng.integers(10, LONGEST + 1, size=rows), 0)
        self.side, self.speed = np.zeros((rows, 2)), np.zeros(rows)
        self.left = np.zeros(rows, int)  # steps of moving through that are left; 0 on the way
        self._choose(np.ones(rows, bool))

    def _choose(self, rows: np.ndarray) -> None:
        """Choose a new direction and speed for these rows (n,) bool."""
        angle = self.rng.uniform(0.0, 2 * np.pi, size=len(rows))
        self.side[rows] = np.stack([np.cos(angle), np.sin(angle)], axis=1)[rows]
        self.speed[rows] = self.rng.uniform(0.3, 1.0, size=len(rows))[rows]

    def __call__(self, gripper: np.ndarray, block: np.ndarray) -> Acts:
        start = block.copy()
        start[:, :2] -= BESIDE * self.side
        arrived = (self.left == 0) & (np.linalg.norm(start - gripper, axis=1) < ARRIVED)
        self.left[arrived] = self.rng.integers(3, 12, size=len(arrived))[arrived]

        through = _through(self.side, self.speed, (block - gripper)[:, 2:])
        moves = np.where(self.left[:, None] > 0, through, _towards(start - gripper))
        takes_over = self.step < self.until
        self._choose(self.left == 1)
        self.left = np.maximum(self.left - 1, 0)
        self.step += 1
        return _actions(moves, self.rng.uniform(-1.0, 1.0, size=len(block))), takes_over


class _Carry:
    """Until a random step: go to the object with open fingers, close them, move sideways and up, and start again.

    Never down: a block that is pushed along the table meets goals there by luck, and then no hindsight is needed.
    """

    def __init__(self, rows: int, share: float, rng: np.random.Generator):
        self.rng, self.step = rng, 0
        self.until = np.where(rng.random(rows) < share, rng.integers(10, LONGEST + 1, size=rows), 0)
        self.since = np.zeros(rows, int)  # steps since the gripper reached the object
        self.lasts = np.zeros(rows, int)  # how many steps the carry lasts from there
        self.away = np.zeros((rows, 3))

    def __call__(self, gripper: np.ndarray, block: np.ndarray) -> Acts:
        rows = len(block)
        on_the_way = self.since >= self.lasts
        arrived = on_the_way & (np.linalg.norm(block - gripper, axis=1) < ARRIVED)
        self.since[arrived] = 0
        self.lasts[arrived] = SETTLE + self.rng.integers(3, 14, size=rows)[arrived]
        self.away[arrived] = self.rng.uniform((-1.0, -1.0, 0.0), 1.0, size=(rows, 3))[arrived]

        on_the_way &= ~arrived
        moves = np.where((self.since >= SETTLE)[:, None], self.away, 0.0)
        moves = np.where(on_the_way[:, None], _towards(block - gripper), moves)
        takes_over = self.step < self.until
        self.since += 1
        self.step += 1
        return _actions(moves, np.where(on_the_way, 1.0, -1.0)), takes_over


class _Strike:
    """Go over the object to the robot's side of it, hit it once, level, away from the robot, and leave it alone."""

    def __init__(self, rows: int, share: float, rng: np.random.Generator):
        self.rng, self.chosen = rng, rng.random(rows) < share
        angle = rng.uniform(-np.pi / 4, np.pi / 4, size=rows)  # from straight ahead
        self.side = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        self.height, self.speed = rng.uniform(*LEVEL, size=rows), rng.uniform(0.4, 1.0, size=rows)
        self.left = np.full(rows, -1)  # steps of moving through that are left; -1 on the way, 0 after the hit

    def __call__(self, gripper: np.ndarray, block: np.ndarray) -> Acts:
        start = block.copy()
        start[:, :2] -= BESIDE * self.side
        start[:, 2] += self.height
        way = start - gripper
        level = way[:, 2:].copy()
        beside = np.linalg.norm(way[:, :2], axis=1) < ARRIVED
        arrived = (self.left < 0) & beside & (np.abs(way[:, 2]) < ARRIVED)
        self.left[arrived] = self.rng.integers(2, 6, size=len(arrived))[arrived]

        low = -way[:, 2] < 0.7 * OVER
        way[~beside & low, :2] = 0  # straight up first
        way[~beside, 2] += OVER
        through = _through(self.side, self.speed, level)
        moves = np.where(self.left[:, None] > 0, through, _towards(way))
        moves[self.left == 0] = 0.0
        self.left = np.where(self.left > 0, self.left - 1, self.left)
        return _actions(moves, self.rng.uniform(-1.0, 1.0, size=len(block))), self.chosen


def _actions(moves: np.ndarray, fingers: np.ndarray) -> np.ndarray:
    """Moves (n, 3) and the commands to the fingers (n,) as actions (n, 4)."""
    return np.concatenate([moves, fingers[:, None]], axis=1)


def _through(side: np.ndarray, speed: np.ndarray, climb: np.ndarray) -> np.ndarray:
    """Moves (n, 3) along a direction (n, 2) at a speed (n,), and up by `climb` (n, 1) metres."""
    return np.clip(np.concatenate([side * speed[:, None], climb / METRES_PER_ACTION], axis=1), -1.0, 1.0)


def _towards(offset: np.ndarray) -> np.ndarray:
    """Offsets (n, 3) in metres as moves (n, 3) in [-1, 1]."""
    return np.clip(offset / METRES_PER_ACTION, -1.0, 1.0)


SCRIPTS: dict[str, Callable[[int, float, np.random.Generator], Script]]
SCRIPTS = {"approach": _Approach, "poke": _Poke, "carry": _Carry, "strike": _Strike}
