"""D_env: whole episodes of real experience, so that goals can be relabelled when a batch is drawn."""

import numpy as np
import torch

from envs import TaskSpec

FAR = 0.2, 0.8  # metres: where far episodes are preferred, shorter and longer ways count as these
# Steps after the first move of the object until, on the whole, nothing can be done about it any more.
AFTER = 3
STORED = ("obs", "achieved", "desired", "actions", "rewards", "masks")


class EpisodeBuffer:
    """The latest `capacity` episodes of a task, each of exactly T steps, in float32 arrays made once.

    obs (N, T+1, O), achieved (N, T+1, G): one more than steps, since the last state counts too.
    actions (N, T, A), rewards (N, T), masks (N, T), desired (N, G): a goal holds for a whole episode.

    Beside them, what the achieved goal did in each episode (N,): `priority`, 0 if it did not move; whether it was
    `lifted`; and how many steps were `deciding` where it went. skip_fallen: an object that fell off the table counts as
    not moved. prefer_far: the priority is the distance between first and last place, instead of 1.
    """

    def __init__(self, capacity: int, spec: TaskSpec, skip_fallen: bool = False, prefer_far: bool = False):
        if capacity < 1:
            raise ValueError(f"a buffer must hold at least one episode, but capacity is {capacity}")
        steps = spec.episode_length
        self.spec, self.capacity, self.episode_length = spec, capacity, steps
        self.skip_fallen, self.prefer_far = skip_fallen, prefer_far
        self.obs = np.zeros((capacity, steps + 1, spec.obs_dim), np.float32)
        self.achieved = np.zeros((capacity, steps + 1, spec.goal_dim), np.float32)
        self.desired = np.zeros((capacity, spec.goal_dim), np.float32)
        self.actions = np.zeros((capacity, steps, spec.action_dim), np.float32)
        self.rewards = np.zeros((capacity, steps), np.float32)
        self.masks = np.ones((capacity, steps), np.float32)
        self.priority = np.zeros(capacity)
        self.lifted = np.zeros(capacity, bool)
        self.deciding = np.full(capacity, steps)
        self.size, self.next_row = 0, 0

    def __len__(self) -> int:
        return self.size

    def add(self, episodes: dict) -> None:
        """Store episodes: a dict of arrays named as above, with n <= capacity rows. The oldest make room."""
        count = len(episodes["obs"])
        if count > self.capacity:
            raise ValueError(f"{count} episodes do not fit into a buffer of {self.capacity}")
        for episode in range(count):
            for key in STORED:
                getattr(self, key)[self.next_row] = episodes[key][episode]
            self._judge(self.next_row)
            self.next_row += 1
            self.size = max(self.size, self.next_row)
            if self.next_row == self.capacity:  # start over at the oldest episode
                self.next_row = 0

    def _judge(self, row: int) -> None:
        """Note what the achieved goal did along its path (T+1, G) in this episode."""
        path, spec = self.achieved[row], self.spec
        moved = np.linalg.norm(path - path[0], axis=1) > spec.moved
        fallen = spec.object is not None and path[-1, 2] < path[0, 2] - spec.object.fallen
        far = float(np.clip(np.linalg.norm(path[-1] - path[0]), *FAR)) if self.prefer_far else 1.0
        self.priority[row] = 0.0 if not moved.any() or (self.skip_fallen and fallen) else far
        self.lifted[row] = spec.object is not None and (path[:, 2] - path[0, 2]).max() > spec.object.lifted
        decided = int(moved.argmax()) + AFTER if moved.any() else self.episode_length
        self.deciding[row] = min(decided, self.episode_length)

    def sample_steps(
        self,
        count: int,
        rng: np.random.Generator,
        moved_fraction: float = 0.0,
        deciding_fraction: float = 0.0,
        lifted_fraction: float = 0.0,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw the indices of `count` transitions, with replacement: episodes (count,), steps (count,).

        With probability `moved_fraction`, a row comes from an episode in which the achieved goal moved, drawn by
        priority; else from any episode. An object that lies still teaches no goal but its own place (Zhao & Tresp 2018
        weight episodes by energy). Such a row comes with probability `lifted_fraction` from an episode in which the
        object was lifted, if there is any. With probability `deciding_fraction` it is a step until just after the first
        move, since no action changes the way of a puck that slides.
        """
        if self.size == 0:
            raise ValueError("cannot draw a batch: the buffer holds no episode yet")
        episodes, steps = rng.integers(self.size, size=count), rng.integers(self.episode_length, size=count)
        moved = np.flatnonzero(self.priority[: self.size])
        if moved_fraction > 0 and len(moved):
            priority = self.priority[moved]
            chances = priority / priority.sum() if self.prefer_far else None  # None: all alike, drawn faster
            from_moved = rng.random(count) < moved_fraction
            episodes = np.where(from_moved, rng.choice(moved, size=count, p=chances), episodes)
            lifted = moved[self.lifted[moved]]
            if lifted_fraction > 0 and len(lifted):
                from_lifted = from_moved & (rng.random(count) < lifted_fraction)
                episodes = np.where(from_lifted, rng.choice(lifted, size=count), episodes)
            if deciding_fraction > 0:
                early = (rng.random(count) * self.deciding[episodes]).astype(int)
                steps = np.where(from_moved & (rng.random(count) < deciding_fraction), early, steps)
        return episodes, steps

    def transitions(self, episodes: np.ndarray, steps: np.ndarray) -> dict:
        """The transitions at those indices, with the goals that were wanted at the time; arrays (B, …)."""
        return {
            "obs": self.obs[episodes, steps],
            "actions": self.actions[episodes, steps],
            "rewards": self.rewards[episodes, steps],
            "next_obs": self.obs[episodes, steps + 1],
            "next_achieved": self.achieved[episodes, steps + 1],
            "masks": self.masks[episodes, steps],
            "goals": self.desired[episodes],
        }

    def all_transitions(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Everything the dynamics model learns from: obs (M, O), actions (M, A), next_obs (M, O), M = size · T."""
        obs, actions = self.obs[: self.size], self.actions[: self.size]
        return _flat(obs[:, :-1]), _flat(actions), _flat(obs[:, 1:])

    def state_dict(self) -> dict:
        """The episodes held, and where the next one goes."""
        stored = {key: torch.from_numpy(getattr(self, key)[: self.size]) for key in STORED}
        return stored | {"next_row": self.next_row}

    def load_state_dict(self, state: dict) -> None:
        """Hold the episodes of a saved state."""
        self.size, self.next_row = len(state["obs"]), state["next_row"]
        for key in STORED:
            getattr(self, key)[: self.size] = state[key].numpy()
        for row in range(self.size):
            self._judge(row)


def _flat(steps: np.ndarray) -> np.ndarray:
    """(N, T, D) -> (N · T, D)"""
    return steps.reshape(-1, steps.shape[-1])
