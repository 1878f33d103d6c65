"""The world of the homework: four Fetch tasks and a tiny one, stepped in batches. Nothing to fill in.

    from envs import make_vec
    env = make_vec("reach", num_envs=16, seed=0)
    obs, info = env.reset()  # (16, dim) float64 each: observation, achieved_goal, desired_goal
    obs, rewards, terminated, truncated, info = env.step(env.action_space.sample())

Tasks: `TASKS`; their sizes: `task_spec(name)`, also `env.task_spec`. Every env is a gymnasium `VectorEnv` in
gymnasium's default autoreset mode (NEXT_STEP) and adds `compute_reward`, `is_success`, `achieved_goal` and
`episode_length`. Importing this package loads no simulator; the first Fetch env does.
"""

from typing import TYPE_CHECKING

from envs.tasks import TASKS, TaskSpec, task_spec

if TYPE_CHECKING:
    from envs.goal_env import GoalVecEnv

__all__ = ["TASKS", "TaskSpec", "make_vec", "task_spec"]


def make_vec(
    task: str, num_envs: int, seed: int | None, reward: str = "sparse", threads: int | None = None
) -> "GoalVecEnv":
    """Make a batch of envs of one task.

    Args:
        task: one of `TASKS`.
        num_envs: rows in the batch, at least 1.
        seed: row i draws from the stream of `seed + i`; None draws a seed from the system.
        reward: "sparse" (0 at the goal, -1 elsewhere) or "dense" (negative distance).
        threads: physics threads for a Fetch task; None takes one for each core this process may use. The
            results do not depend on it.

    Raises:
        ValueError: an unknown task or reward, `num_envs` or `threads` below 1, a bad seed.
    """
    spec = task_spec(task)
    if spec.name == "tiny":
        from envs.tiny import TinyVecEnv

        return TinyVecEnv(num_envs, seed, reward)
    from envs.fetch import FetchVecEnv

    return FetchVecEnv(spec, num_envs, seed, reward, threads)
