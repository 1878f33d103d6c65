"""D_1 … D_K: the episodes of all tasks of a set, side by side, each with the task it was collected for."""

import numpy as np
import torch

STORED = ("obs", "actions", "tasks", "rewards")


class TaskBuffer:
    """Up to `capacity` episodes of T steps, in float32 arrays made once.

    obs (N, T+1, O), actions (N, T, A), tasks (N,) int64; rewards (N, T, K): of each step under *every* task, since they
    are known functions of the state that the step led to.
    """

    def __init__(self, capacity: int, steps: int, obs_dim: int, action_dim: int, num_tasks: int):
        self.obs = np.zeros((capacity, steps + 1, obs_dim), np.float32)
        self.actions = np.zeros((capacity, steps, action_dim), np.float32)
        self.rewards = np.zeros((capacity, steps, num_tasks), np.float32)
        self.tasks = np.zeros(capacity, np.int64)
        self.size = 0

    def __len__(self) -> int:
        return self.size

    def add(self, episodes: dict[str, np.ndarray]) -> None:
        """Store n episodes: arrays named as above, with n rows. Raises: ValueError if they do not fit."""
        end = self.size + len(episodes["tasks"])
        if end > len(self.tasks):
            raise ValueError(f"{end} episodes do not fit into a buffer of {len(self.tasks)}")
        for key in STORED:
            getattr(self, key)[self.size : end] = episodes[key]
        self.size = end

    @property
    def task_of_episode(self) -> np.ndarray:
        """The task that each episode was collected for, (N,)."""
        return self.tasks[: self.size]

    @property
    def returns(self) -> np.ndarray:
        """What each episode earned under each task, (N, K)."""
        return self.rewards[: self.size].sum(axis=1)

    def state_dict(self) -> dict:
        """The episodes held."""
        return {key: torch.from_numpy(getattr(self, key)[: self.size]) for key in STORED}

    def load_state_dict(self, state: dict) -> None:
        """Hold the episodes of a saved state."""
        self.size = 0
        self.add({key: state[key].numpy() for key in STORED})
