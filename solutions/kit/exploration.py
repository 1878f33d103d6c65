"""Exploration that lasts: a policy wrapped for one round of episodes, `wrapped(obs, goals) -> actions`.

    policy  ->  holding: some random actions are held for several steps  ->  guided: scripted visits to the object

Independent noise in every step hardly gets an arm anywhere: it cancels out. What a wrapper remembers from step to step
belongs to one round of episodes, so wrap anew for the next.
"""

import numpy as np

from .collect import Policy

LONGEST_HOLD = 11  # steps
MOVE = 0.05  # metres that the gripper's target moves for an action of 1
BESIDE = (
    0.07  # metres from the object's middle to where a poke starts: half a block, half a gripper, some air
)
CLOSE = 0.02, 0.05  # metres: at the start of a poke or a carry; at the object
SETTLE = 2  # steps that the fingers get to close before the arm moves


def holding(policy: Policy, probability: float, rng: np.random.Generator) -> Policy:
    """With this probability in a step, draw a uniformly random action and hold it for 2 to 11 steps.

    (Dabney et al. 2020, "Temporally-Extended ε-Greedy Exploration".)
    """
    held, left = None, 0

    def wrapped(obs, goals):
        nonlocal held, left
        actions = policy(obs, goals)
        if held is None:
            held, left = np.zeros_like(actions), np.zeros(len(actions), int)
        begins = (left == 0) & (rng.random(len(actions)) < probability)
        held[begins] = rng.uniform(-1.0, 1.0, size=actions.shape)[begins]
        left[begins] = rng.integers(2, LONGEST_HOLD + 1, size=len(actions))[begins]
        holds = left > 0
        left[holds] -= 1
        return np.where(holds[:, None], held, actions)

    return wrapped if probability > 0 else policy


def guided(policy: Policy, guide: str, share: float, noise_std: float, rng: np.random.Generator) -> Policy:
    """In this share of the episodes, a script acts where the policy would not find to the object by itself.

    guide "approach": whenever the gripper is more than 5 cm away from the object, it moves there.
    guide "poke": until a random step of the episode, the gripper goes beside the object, on a random side, then moves
    through it, and starts again.
    guide "carry": until a random step of the episode, the gripper goes to the object with open fingers, then gives
    the fingers a random command and moves in a random direction, and starts again.
    guide "none": never. The script knows nothing of goals: where the object should go is left to the policy. Its
    actions get Gaussian noise of `noise_std`; the fingers do what they like, unless said otherwise.
    """
    if guide == "none" or share == 0:
        return policy
    script = None

    def wrapped(obs, goals):
        nonlocal script
        if script is None:
            script = {"approach": _Approach, "poke": _Poke, "carry": _Carry}[guide](len(obs), share, rng)
        actions = policy(obs, goals)
        scripted, takes_over = script(obs[:, :3], obs[:, 3:6])
        noisy = scripted + noise_std * rng.standard_normal(scripted.shape)
        return np.where(takes_over[:, None], np.clip(noisy, -1.0, 1.0), actions)

    return wrapped


class _Approach:
    """Go to the object. Called with gripper and block (n, 3): actions (n, 4), and whose turn it is (n,) bool."""

    def __init__(self, rows: int, share: float, rng: np.random.Generator):
        self.rng, self.chosen = rng, rng.random(rows) < share

    def __call__(self, gripper: np.ndarray, block: np.ndarray):
        actions = _actions(_towards(block - gripper), self.rng.uniform(-1.0, 1.0, size=len(block)))
        return actions, self.chosen & (np.linalg.norm(block - gripper, axis=1) > CLOSE[1])


class _Poke:
    """Go beside the object and move through it, again and again. Called as `_Approach` is."""

    def __init__(self, rows: int, share: float, rng: np.random.Generator, longest: int = 50):
        self.rng, self.step = rng, 0
        self.until = np.where(rng.random(rows) < share, rng.integers(10, longest + 1, size=rows), 0)
        self.side, self.speed = np.zeros((rows, 2)), np.zeros(rows)
        self.left = np.zeros(rows, int)  # steps of moving through that are left; 0 on the way
        self._choose(np.ones(rows, bool))

    def _choose(self, rows: np.ndarray) -> None:
        """A new direction and speed for these rows (n,) bool."""
        angle = self.rng.uniform(0.0, 2 * np.pi, size=len(rows))
        self.side[rows] = np.stack([np.cos(angle), np.sin(angle)], axis=1)[rows]
        self.speed[rows] = self.rng.uniform(0.3, 1.0, size=len(rows))[rows]

    def __call__(self, gripper: np.ndarray, block: np.ndarray):
        start = block.copy()
        start[:, :2] -= BESIDE * self.side
        arrived = (self.left == 0) & (np.linalg.norm(start - gripper, axis=1) < CLOSE[0])
        self.left[arrived] = self.rng.integers(3, 12, size=len(arrived))[arrived]

        through = np.concatenate([self.side * self.speed[:, None], (block - gripper)[:, 2:] / MOVE], axis=1)
        moves = np.where(self.left[:, None] > 0, np.clip(through, -1.0, 1.0), _towards(start - gripper))
        takes_over = self.step < self.until
        self._choose(self.left == 1)
        self.left = np.maximum(self.left - 1, 0)
        self.step += 1
        return _actions(moves, self.rng.uniform(-1.0, 1.0, size=len(block))), takes_over


class _Carry:
    """Go to the object, let the fingers do something, move somewhere, and again. Called as `_Approach` is."""

    def __init__(self, rows: int, share: float, rng: np.random.Generator, longest: int = 50):
        self.rng, self.step = rng, 0
        self.until = np.where(rng.random(rows) < share, rng.integers(10, longest + 1, size=rows), 0)
        self.since = np.zeros(rows, int)  # steps since the object was reached
        self.lasts = np.zeros(rows, int)  # how many of those there will be
        self.away, self.fingers = np.zeros((rows, 3)), np.ones(rows)

    def __call__(self, gripper: np.ndarray, block: np.ndarray):
        rows = len(block)
        on_the_way = self.since >= self.lasts
        arrived = on_the_way & (np.linalg.norm(block - gripper, axis=1) < CLOSE[0])
        self.since[arrived] = 0
        self.lasts[arrived] = SETTLE + self.rng.integers(3, 14, size=rows)[arrived]
        self.away[arrived] = self.rng.uniform(-1.0, 1.0, size=(rows, 3))[arrived]
        self.fingers[arrived] = self.rng.choice([-1.0, 1.0], size=rows)[arrived]

        on_the_way &= ~arrived
        moves = np.where((self.since >= SETTLE)[:, None], self.away, 0.0)
        moves = np.where(on_the_way[:, None], _towards(block - gripper), moves)
        takes_over = self.step < self.until
        self.since += 1
        self.step += 1
        return _actions(moves, np.where(on_the_way, 1.0, self.fingers)), takes_over


def _actions(moves: np.ndarray, fingers: np.ndarray) -> np.ndarray:
    """Moves (n, 3) and what the fingers are told (n,) as actions (n, 4)."""
    return np.concatenate([moves, fingers[:, None]], axis=1)


def _towards(offset: np.ndarray) -> np.ndarray:
    """Offsets (n, 3) in metres as moves (n, 3) in [-1, 1]."""
    return np.clip(offset / MOVE, -1.0, 1.0)
