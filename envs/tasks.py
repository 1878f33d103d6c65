"""The tasks and their sizes, readable without importing a simulator.

Fetch: Plappert et al. 2018, "Multi-Goal Reinforcement Learning", in the v4 form of gymnasium-robotics.
"""

from dataclasses import dataclass
from typing import Any


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

    def achieved_goal(self, observation: Any) -> Any:
        """Cut the achieved goal out of an observation.

        Args:
            observation: (..., obs_dim), a NumPy array or a torch tensor.

        Returns:
            (..., goal_dim), a view of the same kind: the gripper's position for reach, the object's for the
            tasks that have one, the point's position for tiny.
        """
        return observation[..., self.goal_start : self.goal_start + self.goal_dim]


_SPECS = {
    spec.name: spec
    for spec in (
        TaskSpec("tiny", "", 4, 2, 2, 20, 0.1, 0),
        TaskSpec("reach", "FetchReach-v4", 10, 3, 4, 50, 0.05, 0),
        TaskSpec("push", "FetchPush-v4", 25, 3, 4, 50, 0.05, 3),
        TaskSpec("slide", "FetchSlide-v4", 25, 3, 4, 50, 0.05, 3),
        TaskSpec("pick_and_place", "FetchPickAndPlace-v4", 25, 3, 4, 50, 0.05, 3),
    )
}

TASKS: tuple[str, ...] = tuple(_SPECS)


def task_spec(name: str) -> TaskSpec:
    """Look a task up by name.

    Raises:
        ValueError: the name is none of `TASKS`.
    """
    if not isinstance(name, str) or name not in _SPECS:
        raise ValueError(f"Unknown task {name!r}: choose one of {', '.join(TASKS)}.")
    return _SPECS[name]
