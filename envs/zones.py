"""Sets of tasks in one world: a task is a zone of the state space, and its reward is 0 inside the zone and -1 outside.

The tasks of a set share the dynamics, and every reward is a known function of the state. So an episode of one task can
be relabelled as one of another.

    desk()     six tasks with the block of pick_and_place: to the left, to the right, away, near, lift it, hover over it
    corners()  eight places of the hand in reach: the corners of a cube
    ring(K)    K places of the point of the tiny world, in a variant that a grading may draw

Success is that of the last state: it lies in the zone of the task.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from envs import make_vec, scripted
from envs.goal_env import GoalVecEnv, Obs
from envs.scripted import Policy
from envs.tasks import task_spec
from envs.tiny import TinyVariant, TinyVecEnv

# Metres, in the world's frame: x away from the robot, y to its left, z up.
LEFT, RIGHT, AWAY, NEAR, LIFTED, ON_TABLE = 0.94, 0.56, 1.44, 1.19, 0.5, 0.4
CLOSE = 0.03  # to the border of a zone: nothing starts there
HOVER_LOW, HOVER_HIGH, HOVER_ASIDE = 0.06, 0.14, 0.04  # of the hand from the block
HAND = np.array([1.342, 0.749, 0.535])  # where it starts
CORNER, CORNER_RADIUS = 0.1, 0.07  # of the cube: from its middle along each axis; of a zone
RING, RING_RADIUS = 0.7, 0.25  # of the ring; of a zone: units of the tiny world


@dataclass(frozen=True)
class Task:
    """A zone, with a policy that gets there. `inside` maps observations (..., O) to booleans (...,).

    `close`, a larger zone, is where no episode starts: at its very border, one state asks for two things.
    """

    name: str
    instruction: str
    inside: Callable[[np.ndarray], np.ndarray]
    expert: Policy
    close: Callable[[np.ndarray], np.ndarray] | None = None


@dataclass(frozen=True)
class TaskSet:
    """K tasks in the world `env`, one of `TASKS`. `make_env(num_envs, seed)` makes a batch of it."""

    env: str
    tasks: tuple[Task, ...]
    make_env: Callable[[int, int], GoalVecEnv]

    def __len__(self) -> int:
        return len(self.tasks)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(task.name for task in self.tasks)

    @property
    def instructions(self) -> tuple[str, ...]:
        return tuple(task.instruction for task in self.tasks)

    @property
    def experts(self) -> tuple[Policy, ...]:
        return tuple(task.expert for task in self.tasks)

    def rewards(self, observation: np.ndarray) -> np.ndarray:
        """Of being in these states, under each task: (..., O) -> (..., K), 0.0 inside the task's zone, else -1.0."""
        return np.stack([np.where(task.inside(observation), 0.0, -1.0) for task in self.tasks], axis=-1)

    def reset(self, env: GoalVecEnv, seed: int | Sequence[int] | None = None) -> Obs:
        """Start new episodes, none of them in a zone or close to one: rows that would be start once more."""
        obs, _ = env.reset(seed=seed)
        while (again := self._close(obs["observation"])).any():
            obs, _ = env.reset(options={"reset_mask": again})
        return obs

    def _close(self, observation: np.ndarray) -> np.ndarray:
        return np.any([(task.close or task.inside)(observation) for task in self.tasks], axis=0)

    def act(self, obs: Obs, tasks: np.ndarray) -> np.ndarray:
        """What the experts do, each row's by its own task: tasks (n,) int -> actions (n, A)."""
        return np.stack([expert(obs) for expert in self.experts])[tasks, np.arange(len(tasks))]


def desk() -> TaskSet:
    """Six tasks with one block on a table; observations are those of pick_and_place, (25,)."""
    spec = task_spec("pick_and_place")

    def beyond(axis: int, bound: float, sign: int) -> Callable[[np.ndarray], np.ndarray]:
        def inside(obs: np.ndarray) -> np.ndarray:
            block = spec.achieved_goal(obs)
            return (sign * (block[..., axis] - bound) > 0) & (block[..., 2] > ON_TABLE)

        return inside

    def over(obs: np.ndarray) -> np.ndarray:
        offset = spec.gripper(obs) - spec.achieved_goal(obs)
        aside = np.linalg.norm(offset[..., :2], axis=-1)
        return (aside < HOVER_ASIDE) & (offset[..., 2] > HOVER_LOW) & (offset[..., 2] < HOVER_HIGH)

    def sides(name: str, words: str, axis: int, bound: float, sign: int) -> Task:
        expert = partial(scripted.push_beyond, axis=axis, bound=bound, sign=sign)
        close = beyond(axis, bound - CLOSE * sign, sign)
        return Task(name, f"push the block {words}", beyond(axis, bound, sign), expert, close)

    tasks = (
        sides("left", "to the left", 1, LEFT, 1),
        sides("right", "to the right", 1, RIGHT, -1),
        sides("away", "away from you", 0, AWAY, 1),
        sides("near", "towards you", 0, NEAR, -1),
        Task("lift", "lift the block", beyond(2, LIFTED, 1), partial(scripted.lift, height=LIFTED + 0.06)),
        Task("hover", "hold the hand over the block", over, scripted.hover),
    )
    return TaskSet(spec.name, tasks, partial(make_vec, spec.name))


def corners() -> TaskSet:
    """Eight places of the hand, the corners of a cube around its start; observations are those of reach, (10,)."""
    words = (("near", "far"), ("right", "left"), ("lower", "upper"))
    tasks = []
    for corner in product((0, 1), repeat=3):
        place = HAND + CORNER * (2 * np.array(corner) - 1)
        name = " ".join(pair[end] for pair, end in zip(words, corner, strict=True))
        tasks.append(
            _place(name, f"move the hand to the {name} corner", place, CORNER_RADIUS, scripted.reach)
        )
    return TaskSet("reach", tuple(tasks), partial(make_vec, "reach"))


def ring(num_tasks: int, variant: TinyVariant | None = None) -> TaskSet:
    """Places of the point, evenly on a circle around the middle of the tiny world, as the variant shows it."""
    variant = variant or TinyVariant()
    angles = 2 * np.pi * np.arange(num_tasks) / num_tasks
    places = variant.observe_points(RING * np.stack([np.cos(angles), np.sin(angles)], axis=1))
    expert = scripted.TinyController(variant)
    tasks = (
        _place(f"place {i}", f"go to place {i}", place, RING_RADIUS * variant.scale, expert)
        for i, place in enumerate(places)
    )
    return TaskSet("tiny", tuple(tasks), partial(TinyVecEnv, variant=variant))


def _place(name: str, instruction: str, place: np.ndarray, radius: float, controller: Policy) -> Task:
    """The ball around `place` (D,), the first D numbers of an observation; `controller` goes to desired goals."""
    dim = len(place)

    def inside(obs: np.ndarray) -> np.ndarray:
        return np.linalg.norm(obs[..., :dim] - place, axis=-1) < radius

    def expert(obs: Obs) -> np.ndarray:
        return controller({**obs, "desired_goal": np.broadcast_to(place, obs["observation"][:, :dim].shape)})

    return Task(name, instruction, inside, expert)
