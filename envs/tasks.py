"""The tasks: their sizes, and all that anyone has to know about them. No simulator is needed to read this.

Fetch: Plappert et al. 2018, "Multi-Goal Reinforcement Learning", in the v4 form of gymnasium-robotics.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

TaskName = Literal["tiny", "reach", "push", "slide", "pick_and_place"]
TASKS: tuple[str, ...] = get_args(TaskName)

METRES_PER_ACTION = 0.05  # how far the gripper's target moves for an action of 1


@dataclass(frozen=True)
class FetchLayout:
    """Where a Fetch observation holds what: for each quantity, the index of its first number."""

    positions: tuple[int, ...]  # (3,) each, metres: of the gripper, then of the object if there is one
    vectors: tuple[int, ...]  # (3,) each: object minus gripper, and the velocities
    rotations: tuple[int, ...]  # (3,) each: Euler angles and angular velocities
    # (2,) each: positions and velocities of the right and the left finger, which move along y.
    fingers: tuple[int, ...]

    # The mirrors stand upright in the middle of the table: an edge is the image of an edge.
    mirror_at: tuple[float, float] = (1.3, 0.75)  # metres, x and y

    @property
    def on_the_table(self) -> tuple[int, ...]:
        """The indices of x and y of every position: where on the table things are."""
        return tuple(start + axis for start in self.positions for axis in (0, 1))


@dataclass(frozen=True)
class ObjectSpec:
    """What counts as lifted and as fallen. Metres, from the object's first place."""

    lifted: float = 0.03  # an object that got this far above was lifted
    fallen: float = 0.05  # an object that ends this far below has fallen off the table


@dataclass(frozen=True)
class TaskSpec:
    """What an agent has to know about a task before it has seen it."""

    name: str  # the name used on every command line
    env_id: str  # gymnasium id of the sparse-reward original; "" for the tiny env, which has none
    obs_dim: int
    goal_dim: int
    action_dim: int
    episode_length: int  # steps until an episode is truncated; no task terminates
    distance_threshold: float  # metres (tiny: world units); closer than this counts as success
    goal_start: int  # where the achieved goal begins inside the observation
    moved: float = 0.02  # metres (tiny: world units); an achieved goal that got farther than this has moved
    layout: FetchLayout | None = None  # None: tiny, which has no mirror image
    object: ObjectSpec | None = None  # None: tiny and reach have no object

    def achieved_goal(self, observation: Any) -> Any:
        """Cut the achieved goal out of an observation.

        Args:
            observation: (..., obs_dim), a NumPy array or a torch tensor.

        Returns:
            (..., goal_dim), a view of the same kind: the gripper's position for reach, the object's for the
            tasks that have one, the point's position for tiny.
        """
        return observation[..., self.goal_start : self.goal_start + self.goal_dim]

    def gripper(self, observation: Any) -> Any:
        """Cut the position of the gripper (tiny: of the point) out of an observation: (..., goal_dim)."""
        return observation[..., : self.goal_dim]


_ALONE = FetchLayout(positions=(0,), vectors=(5,), rotations=(), fingers=(3, 8))
_WITH_OBJECT = FetchLayout(positions=(0, 3), vectors=(6, 14, 20), rotations=(11, 17), fingers=(9, 23))

_SLIDE = replace(_WITH_OBJECT, mirror_at=(1.3244, 0.75))  # its table is longer
_OBJECT: dict[str, Any] = {"layout": _WITH_OBJECT, "object": ObjectSpec()}

_SPECS = {
    spec.name: spec
    for spec in (
        TaskSpec("tiny", "", 4, 2, 2, 20, 0.1, 0),
        TaskSpec("reach", "FetchReach-v4", 10, 3, 4, 50, 0.05, 0, layout=_ALONE),
        TaskSpec("push", "FetchPush-v4", 25, 3, 4, 50, 0.05, 3, **_OBJECT),
        TaskSpec("slide", "FetchSlide-v4", 25, 3, 4, 50, 0.05, 3, **_OBJECT | {"layout": _SLIDE}),
        TaskSpec("pick_and_place", "FetchPickAndPlace-v4", 25, 3, 4, 50, 0.05, 3, **_OBJECT),
    )
}


def task_spec(name: str) -> TaskSpec:
    """Look a task up by name.

    Raises:
        ValueError: the name is none of `TASKS`.
    """
    if not isinstance(name, str) or name not in _SPECS:
        raise ValueError(f"Unknown task {name!r}: choose one of {', '.join(TASKS)}.")
    return _SPECS[name]
