"""Policies written by hand: what the tasks ask for, without learning. A policy maps an obs dict to actions (n, 4)."""

from collections.abc import Callable

import numpy as np

from envs.goal_env import GoalVecEnv, Obs
from envs.tasks import METRES_PER_ACTION, task_spec
from envs.tiny import DAMPING, FORCE, TinyVariant

Policy = Callable[[Obs], np.ndarray]


def reach(obs: Obs) -> np.ndarray:
    """Proportional control: move the gripper straight at the goal. Solves reach."""
    return _towards(obs["desired_goal"] - obs["achieved_goal"])


def push(obs: Obs) -> np.ndarray:
    """Go behind the block (seen from the goal), come down, push along the line. Solves push.

    If the block slips off to the side, the gripper rises and comes behind it again.
    """
    gripper = task_spec("push").gripper(obs["observation"])
    block, goal = obs["achieved_goal"], obs["desired_goal"]
    line = goal[:, :2] - block[:, :2]
    gap = np.linalg.norm(line, axis=1, keepdims=True)
    direction = line / np.maximum(gap, 1e-6)
    # Gripper relative to the block: how far ahead along the line, how far off to the side.
    relative = gripper[:, :2] - block[:, :2]
    ahead = np.sum(relative * direction, axis=1)
    aside = np.linalg.norm(relative - ahead[:, None] * direction, axis=1)

    behind = np.concatenate([block[:, :2] - 0.08 * direction, block[:, 2:]], axis=1)
    above = behind + np.array([0.0, 0.0, 0.1])

    in_line = (ahead < -0.03) & (aside < 0.02)
    low = gripper[:, 2] - block[:, 2] < 0.03
    over = np.linalg.norm(above[:, :2] - gripper[:, :2], axis=1) < 0.02
    target = np.where((in_line & low)[:, None], block, np.where((in_line | over)[:, None], behind, above))
    actions = _towards(target - gripper)
    actions[gap[:, 0] < 0.04] = 0.0  # there: leave it
    return actions


def push_beyond(obs: Obs, *, axis: int, bound: float, sign: int) -> np.ndarray:
    """Push the block along x (axis 0) or y (1) until it lies beyond the bound: above it for sign 1, below it for -1.

    Slowly, since the table ends; afterwards the gripper rises. The goal in `obs` counts nothing.
    """
    gripper, block = task_spec("push").gripper(obs["observation"]), obs["achieved_goal"]
    goal = block.copy()
    goal[:, axis] = bound + 0.06 * sign
    actions = push({**obs, "desired_goal": goal})
    low = gripper[:, 2] - block[:, 2] < 0.03
    actions[low, :3] *= 0.6
    done = sign * (block[:, axis] - bound) > 0.012
    rise = np.zeros_like(block)
    rise[:, 2] = block[:, 2] + 0.1 - gripper[:, 2]
    return np.where(done[:, None], _towards(rise), actions)


def pick(obs: Obs) -> np.ndarray:
    """Open the fingers over the block, come down, close them, carry. Solves pick_and_place.

    Without memory: whether the block is held is seen from the fingers' width, which is that of the block then.
    """
    observation, block = obs["observation"], obs["achieved_goal"]
    spec = task_spec("pick_and_place")
    assert spec.layout is not None
    gripper = spec.gripper(observation)
    first = spec.layout.fingers[0]
    width = observation[:, first : first + 2].sum(axis=1)
    offset = block - gripper
    aside = np.linalg.norm(offset[:, :2], axis=1)
    around = (aside < 0.02) & (np.abs(offset[:, 2]) < 0.015)  # the fingers are on both sides of the block
    held = around & (width < 0.055)
    target = np.where((aside < 0.015)[:, None], block, block + np.array([0.0, 0.0, 0.08]))
    move = np.where(around[:, None], 0.0, target - gripper)
    actions = _towards(np.where(held[:, None], obs["desired_goal"] - block, move))
    actions[:, 3] = np.where(around, -1.0, 1.0)
    return actions


def lift(obs: Obs, *, height: float) -> np.ndarray:
    """Pick the block up to a height (metres, in the world's frame), straight above where it lies."""
    goal = obs["achieved_goal"].copy()
    goal[:, 2] = height
    return pick({**obs, "desired_goal": goal})


def hover(obs: Obs) -> np.ndarray:
    """Hold the gripper 10 cm over the block."""
    gripper = task_spec("pick_and_place").gripper(obs["observation"])
    return _towards(obs["achieved_goal"] + np.array([0.0, 0.0, 0.1]) - gripper)


class RandomPolicy:
    """Uniformly random actions from a generator of its own."""

    def __init__(self, action_dim: int, rng: np.random.Generator) -> None:
        self._dim, self._rng = action_dim, rng

    def __call__(self, obs: Obs) -> np.ndarray:
        return self._rng.uniform(-1, 1, (len(obs["observation"]), self._dim))


class TinyController:
    """Proportional control of the tiny env, for one who knows which variant it is."""

    def __init__(self, variant: TinyVariant | None = None) -> None:
        self._inverse = np.linalg.inv((variant or TinyVariant()).matrix())

    def __call__(self, obs: Obs) -> np.ndarray:
        """Act so that the point, left alone afterwards, would coast to the goal."""
        position, velocity = obs["observation"][:, :2], obs["observation"][:, 2:]
        coasting = velocity * DAMPING / (1 - DAMPING)
        wanted = (obs["desired_goal"] - position - coasting) @ self._inverse.T
        return np.clip(wanted * (1 - DAMPING) / FORCE, -1.0, 1.0)


def success_rate(env: GoalVecEnv, policy: Policy) -> float:
    """Share of rows at the goal at the end of one episode."""
    obs, _ = env.reset()
    for _ in range(env.episode_length):
        obs, *_, info = env.step(policy(obs))
    return float(info["is_success"].mean())


def _towards(offset: np.ndarray) -> np.ndarray:
    """Offsets (n, 3) in metres as actions (n, 4); the gripper stays closed."""
    moves = np.clip(offset / METRES_PER_ACTION, -1.0, 1.0)
    return np.concatenate([moves, np.full((len(moves), 1), -1.0)], axis=1)
