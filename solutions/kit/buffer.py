"""D_env: whole episodes of real experience, so that goals can be relabelled when a batch is drawn."""

import numpy as np

MOVED = 0.02  # metres: when the achieved goal got farther than this from its first place, something was moved
LIFTED = 0.03  # metres: when the achieved goal got this far above its first place, something was lifted
FALLEN = 0.05  # metres: an object that ends this far below its first place has fallen off the table
FAR = 0.2, 0.8  # metres: shorter and longer ways count as these where far ones are preferred
AFTER = 3  # steps from the one in which something was moved until, on the whole, nothing more can be done about it


class EpisodeBuffer:
    """The latest `capacity` episodes, each of exactly T steps, in float32 arrays made once.

    obs (N, T+1, O), achieved (N, T+1, G): one more than steps, since the last state counts too.
    actions (N, T, A), rewards (N, T), masks (N, T), desired (N, G): a goal holds for a whole episode.
    """

    def __init__(
        self,
        capacity: int,
        episode_length: int,
        obs_dim: int,
        goal_dim: int,
        action_dim: int,
        skip_fallen: bool = False,
        prefer_far: bool = False,
    ):
        if capacity < 1:
            raise ValueError(f"a buffer must hold at least one episode, but capacity is {capacity}")
        steps = episode_length
        self.capacity, self.episode_length = capacity, episode_length
        self.skip_fallen, self.prefer_far = skip_fallen, prefer_far
        self.obs = np.zeros((capacity, steps + 1, obs_dim), np.float32)
        self.achieved = np.zeros((capacity, steps + 1, goal_dim), np.float32)
        self.desired = np.zeros((capacity, goal_dim), np.float32)
        self.actions = np.zeros((capacity, steps, action_dim), np.float32)
        self.rewards = np.zeros((capacity, steps), np.float32)
        self.masks = np.ones((capacity, steps), np.float32)
        self.worth = np.zeros(capacity)
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
            for key, values in episodes.items():
                getattr(self, key)[self.next_row] = values[episode]
            self.worth[self.next_row] = self._worth(self.achieved[self.next_row])
            self.lifted[self.next_row] = self._lifted(self.achieved[self.next_row])
            self.deciding[self.next_row] = self._deciding(self.achieved[self.next_row])
            self.next_row += 1
            self.size = max(self.size, self.next_row)
            if self.next_row == self.capacity:  # start over at the oldest episode
                self.next_row = 0

    def _worth(self, path: np.ndarray) -> float:
        """How often to draw an episode for what its achieved goal did along its path (T+1, G); 0 if it was nothing."""
        if np.linalg.norm(path - path[0], axis=1).max() <= MOVED:
            return 0.0
        if self.skip_fallen and path[-1, 2] < path[0, 2] - FALLEN:
            return 0.0
        return float(np.clip(np.linalg.norm(path[-1] - path[0]), *FAR)) if self.prefer_far else 1.0

    def _lifted(self, path: np.ndarray) -> bool:
        """Whether the achieved goal rose along its path (T+1, G), where goals have a height."""
        return path.shape[1] > 2 and bool((path[:, 2] - path[0, 2]).max() > LIFTED)

    def _deciding(self, path: np.ndarray) -> int:
        """How many steps, from the first, decide where the achieved goal goes: until just after it first moved."""
        moved = np.linalg.norm(path - path[0], axis=1) > MOVED
        return min(int(moved.argmax()) + AFTER, self.episode_length) if moved.any() else self.episode_length

    def sample_steps(
        self,
        count: int,
        rng: np.random.Generator,
        moved_fraction: float = 0.0,
        deciding_fraction: float = 0.0,
        lifted_fraction: float = 0.0,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Indices of `count` transitions, drawn with replacement: episodes (count,), steps (count,).

        Each row with probability `moved_fraction` from an episode in which the achieved goal moved, else from any: an
        object that lies still teaches no goal but its own place (Zhao & Tresp 2018 weigh episodes by energy, and here
        `prefer_far` weighs them by distance). Of those rows, each with probability `lifted_fraction` comes from an
        episode in which the object was lifted, which is rare at first, and with probability `deciding_fraction` is one
        of the steps until just after the object first moved: once a puck is on its way, no action matters any more.
        """
        if self.size == 0:
            raise ValueError("cannot draw a batch: the buffer holds no episode yet")
        episodes, steps = rng.integers(self.size, size=count), rng.integers(self.episode_length, size=count)
        moved = np.flatnonzero(self.worth[: self.size])
        if moved_fraction > 0 and len(moved):
            worth = self.worth[moved]
            chances = worth / worth.sum() if self.prefer_far else None  # None, all alike, is drawn faster
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
        flat = (obs[:, :-1], actions, obs[:, 1:])
        return tuple(x.reshape(-1, x.shape[-1]) for x in flat)
