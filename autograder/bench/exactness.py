"""Proof that the batched Fetch tasks equal gymnasium-robotics' v4: `python -m autograder.bench.exactness`.

Row i of `make_vec(task, n, seed=s)` plays against `gymnasium.make(...)` reset with seed s + i, with the same
random actions, over several episodes of which only the first is seeded. Every number is compared with `==`,
in float64.

Two terms depend on how NumPy was built: the site velocities (a matrix product) and the Euler angles
(arctan2). Batched and single calls of these agree where this was run; on a machine where NumPy picks
different kernels for the two they could differ in the last bit, and the table would show it: every other
term is the same operation on the same numbers. Neither is fed back into the physics, so such a difference
could not grow.
"""

import json
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from envs import make_vec, task_spec
from envs.goal_env import Obs
from envs.rewards import RewardType

FetchTask = Literal["reach", "push", "slide", "pick_and_place"]
FETCH_TASKS: tuple[FetchTask, ...] = get_args(FetchTask)


@dataclass
class Comparison:
    """What one task's comparison found."""

    task: str
    env_id: str
    episodes: int = 0
    steps: int = 0
    values: int = 0
    mismatches: int = 0
    largest_difference: float = 0.0
    mismatches_by_key: dict[str, int] = field(default_factory=dict)

    def compare(self, key: str, ours: ArrayLike, theirs: ArrayLike) -> None:
        """Count one pair of arrays (or numbers) of the same shape."""
        ours, theirs = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
        assert ours.shape == theirs.shape, f"{key}: {ours.shape} against {theirs.shape}"
        different = ~((ours == theirs) | (np.isnan(ours) & np.isnan(theirs)))
        self.values += ours.size
        if different.any():
            self.mismatches += int(different.sum())
            self.mismatches_by_key[key] = self.mismatches_by_key.get(key, 0) + int(different.sum())
            self.largest_difference = max(
                self.largest_difference, float(np.abs(ours - theirs)[different].max())
            )


def compare_task(
    task: str,
    episodes: int,
    seed: int = 0,
    num_envs: int = 4,
    reward: str = "sparse",
    threads: int | None = None,
) -> Comparison:
    """Play at least `episodes` episodes of a Fetch task on both sides and compare every number.

    Half of the episodes get actions drawn anew at each step (some beyond the bounds, to test the clipping),
    half get actions held for several steps, which push the object about. float32 and float64 actions
    alternate.
    """
    if episodes < 1:
        raise ValueError("Compare at least one episode.")
    import gymnasium

    from envs.fetch_scene import register_originals

    register_originals()
    spec = task_spec(task)
    found = Comparison(task, spec.env_id)
    ours = make_vec(task, num_envs, seed, reward, threads)
    originals = [gymnasium.make(spec.env_id, reward_type=reward) for _ in range(num_envs)]
    rng = np.random.default_rng(seed)
    length = spec.episode_length

    obs, _ = ours.reset()
    for row, original in enumerate(originals):
        _compare_obs(found, obs, row, original.reset(seed=seed + row)[0])
    for episode in range(-(-episodes // num_envs)):
        held = episode % 2 == 1
        dtype = np.float32 if episode % 4 < 2 else np.float64
        for step in range(length):
            if not held or step % 8 == 0:
                actions = rng.uniform(-1.3, 1.3, size=(num_envs, spec.action_dim)).astype(dtype)
            obs, rewards, terminated, truncated, info = ours.step(actions)
            for row, original in enumerate(originals):
                theirs = original.step(actions[row])
                _compare_obs(found, obs, row, theirs[0])
                found.compare("reward", rewards[row], float(theirs[1]))
                found.compare("terminated", terminated[row], theirs[2])
                found.compare("truncated", truncated[row], theirs[3])
                found.compare("is_success", info["is_success"][row], theirs[4]["is_success"])
            found.steps += num_envs
        found.episodes += num_envs
        obs, rewards, *_ = ours.step(actions)  # the reset step: its actions are ignored
        for row, original in enumerate(originals):
            _compare_obs(found, obs, row, original.reset()[0])
            found.compare("reward", rewards[row], 0.0)
    ours.close()
    for original in originals:
        original.close()
    return found


def _compare_obs(found: Comparison, obs: Obs, row: int, theirs: Obs) -> None:
    for key in ("observation", "achieved_goal", "desired_goal"):
        found.compare(key, obs[key][row], theirs[key])


@dataclass(frozen=True)
class Args:
    """Compare the batched Fetch tasks with gymnasium-robotics, number by number."""

    episodes: int = 200  # at least this many a task
    tasks: tuple[FetchTask, ...] = FETCH_TASKS
    num_envs: int = 8
    seed: int = 0
    reward: RewardType = "sparse"
    json: Path | None = None  # write the figures here


def main(args: Args) -> int:
    """Print the table, write the figures; 0 if every number agrees."""
    import mujoco
    from rich.console import Console
    from rich.table import Table

    from envs.machine import describe_machine

    table = Table(title="Batched Fetch against gymnasium-robotics v4")
    for column in ("task", "episodes", "steps", "compared values", "mismatches", "largest difference"):
        table.add_column(column, justify="left" if column == "task" else "right", no_wrap=column == "task")
    results = []
    for task in args.tasks:
        found = compare_task(task, args.episodes, args.seed, args.num_envs, args.reward)
        results.append(found)
        table.add_row(
            task,
            f"{found.episodes:,}",
            f"{found.steps:,}",
            f"{found.values:,}",
            f"{found.mismatches:,}",
            f"{found.largest_difference:.3g}",
        )
    Console().print(table)
    print(f"numpy {np.__version__}, mujoco {mujoco.__version__}, {platform.machine()}")
    if args.json:
        figures = {"machine": describe_machine(), "results": [asdict(found) for found in results]}
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(figures, indent=2) + "\n")
    return int(any(found.mismatches for found in results))


if __name__ == "__main__":
    from envs.terminal import command_line

    try:
        raise SystemExit(main(command_line(Args)))
    except (ValueError, OSError) as error:
        raise SystemExit(f"error: {error}") from None
