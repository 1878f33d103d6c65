"""D_env: whole episodes of real experience, so that goals can be relabelled when a batch is drawn."""

import numpy as np

MOVED = 0.02  # metres: when the achieved goal got farther than this from its first place, something was moved
NEAR = 0.05  # metres: this far outside the box of all goals that were wanted still counts as inside


class EpisodeBuffer:
    """The latest `capacity` episodes, each of exactly T steps, in float32 arrays made once.

    obs (N, T+1, O), achieved (N, T+1, G): one more than steps, since the last state counts too.
    actions (N, T, A), rewards (N, T), masks (N, T), desired (N, G): a goal holds for a whole episode.
    """

    def __init__(self, capacity: int, episode_length: int, obs_dim: int, goal_dim: int, action_dim: int):
        if capacity < 1:
            raise ValueError(f"a buffer must hold at least one episode, but capacity is {capacity}")
        steps = episode_length
        self.capacity, self.episode_length = capacity, episode_length
        self.obs = np.zeros((capacity, steps + 1, obs_dim), np.float32)
        self.achieved = np.zeros((capacity, steps + 1, goal_dim), np.float32)
        self.desired = np.zeros((capacity, goal_dim), np.float32)
        self.actions = np.zeros((capacity, steps, action_dim), np.float32)
        self.rewards = np.zeros((capacity, steps), np.float32)
        self.masks = np.ones((capacity, steps), np.float32)
        self.telling = np.zeros(capacity, bool)
        self.size, self.next_row = 0, 0

    def __len__(self) -> int:
        return self.size

    def add(self, episodes: dict) -> None:
        """Store episodes: a dict of arrays named as above, with n <= capacity rows. The oldest make room."""
        count = len(episodes["obs"])
        if count > self.capacity:
            raise ValueError(f"{count} episodes do not fit into a buffer of {self.capacity}")
        for episode in range(count):
            for key, values in episodes.items():
                getattr(self, key)[self.next_row] = values[episode]
            self.next_row += 1
            self.size = max(self.size, self.next_row)
            if self.next_row == self.capacity:  # start over at the oldest episode
                self.next_row = 0
        self._judge()

    def _judge(self) -> None:
        """Which episodes tell most: the achieved goal moved, and ended in the box of all goals that were wanted."""
        achieved, desired = self.achieved[: self.size], self.desired[: self.size]
        last = achieved[:, -1]
        moved = np.linalg.norm(achieved - achieved[:, :1], axis=2).max(axis=1) > MOVED
        asked = (last > desired.min(axis=0) - NEAR) & (last < desired.max(axis=0) + NEAR)
        self.telling[: self.size] = moved & asked.all(axis=1)

    def sample_steps(
        self, count: int, rng: np.random.Generator, telling_fraction: float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Indices of `count` transitions, drawn with replacement: episodes (count,), steps (count,).

        Each row with probability `telling_fraction` from an episode in which the achieved goal moved and ended where
        goals are, else from any: an object that lies still teaches no goal but its own place, and one that fell from
        the table teaches the way to the floor (Zhao & Tresp 2018 weigh episodes by energy).
        """
        if self.size == 0:
            raise ValueError("cannot draw a batch: the buffer holds no episode yet")
        episodes, steps = rng.integers(self.size, size=count), rng.integers(self.episode_length, size=count)
        telling = np.flatnonzero(self.telling[: self.size])
        if telling_fraction > 0 and len(telling):
            from_telling = rng.random(count) < telling_fraction
            episodes = np.where(from_telling, rng.choice(telling, size=count), episodes)
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
        flat = (obs[:, :-1], actions, obs[:, 1:])
        return tuple(x.reshape(-1, x.shape[-1]) for x in flat)
