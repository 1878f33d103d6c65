"""What every batched goal-reaching env here has in common: spaces, seeds, time limit, autoreset, info.

A subclass moves the world: `_reset_rows`, `_step_rows`, `_observe`. Everything else follows the conventions
of gymnasium's own `SyncVectorEnv` in its default mode, NEXT_STEP: the step after an episode's last one
ignores that row's action, resets the row, and returns the first observation with reward 0.
"""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space

from envs import rewards
from envs.tasks import TaskSpec

Obs = dict[str, np.ndarray]


class GoalVecEnv(gymnasium.vector.VectorEnv):
    """A batch of goal-reaching envs; row i owns the random stream of `seed + i` and shares nothing random.

    So an env made with seed s uses the streams s, ..., s + num_envs - 1: keep the seeds of two envs that are
    meant to be independent (training and evaluation) at least num_envs apart.

    Raises:
        ValueError: `num_envs` below 1, an unknown reward, a negative or non-integer seed.
    """

    action_space: spaces.Box

    def __init__(self, spec: TaskSpec, num_envs: int, seed: int | None, reward: str) -> None:
        if isinstance(num_envs, bool) or not isinstance(num_envs, int | np.integer) or num_envs < 1:
            raise ValueError(f"num_envs must be a whole number of at least 1, got {num_envs!r}.")
        rewards.check_reward_type(reward)
        self.task_spec = spec
        self.episode_length = spec.episode_length
        self.num_envs = int(num_envs)
        self.reward_type = reward
        self.metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP, "render_modes": []}

        def unbounded(dim: int) -> spaces.Box:
            return spaces.Box(-np.inf, np.inf, (dim,), np.float64)

        self.single_action_space = spaces.Box(-1.0, 1.0, (spec.action_dim,), np.float32)
        self.single_observation_space = spaces.Dict(
            desired_goal=unbounded(spec.goal_dim),
            achieved_goal=unbounded(spec.goal_dim),
            observation=unbounded(spec.obs_dim),
        )
        action_space = batch_space(self.single_action_space, self.num_envs)
        assert isinstance(action_space, spaces.Box)
        self.action_space = action_space
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)

        self._goals = np.zeros((self.num_envs, spec.goal_dim))
        self._elapsed = np.zeros(self.num_envs, dtype=np.int64)
        self._done = np.zeros(self.num_envs, dtype=bool)
        self._was_reset = np.zeros(self.num_envs, dtype=bool)
        started = [seeding.np_random(value) for value in self._seed_list(seed)]  # None: fresh entropy
        self._streams = [stream for stream, _ in started]
        self._stream_seeds = [value for _, value in started]

    # What a subclass provides.

    def _reset_rows(self, rows: Sequence[int]) -> None:
        """Put the rows into fresh initial states, write their goals; draw from `self._streams[row]` only."""
        raise NotImplementedError

    def _step_rows(self, actions: np.ndarray, rows: Sequence[int]) -> None:
        """Move the rows by one step; `actions` is (num_envs, action_dim), valid and clipped."""
        raise NotImplementedError

    def _observe(self) -> np.ndarray:
        """Observations of all rows, a fresh (num_envs, obs_dim) float64 array."""
        raise NotImplementedError

    # The env.

    # VectorEnv declares one stream for all rows; gymnasium's own SyncVectorEnv has one a row, as here.
    @property  # type: ignore[misc]
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """Each row's own random stream."""
        return tuple(self._streams)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """The seed each row's stream was made from."""
        return tuple(self._stream_seeds)

    def achieved_goal(self, observation: np.ndarray) -> np.ndarray:
        """(..., obs_dim) -> (..., goal_dim): the achieved goal is a part of the observation."""
        return self.task_spec.achieved_goal(observation)

    def compute_reward(self, achieved: np.ndarray, desired: np.ndarray, info: Any = None) -> np.ndarray:
        """Reward for having achieved (B, goal_dim) when (B, goal_dim) was desired; (B,) float64."""
        return self._reward_at(rewards.goal_distance(achieved, desired))

    def is_success(self, achieved: np.ndarray, desired: np.ndarray) -> np.ndarray:
        """1.0 where achieved (B, goal_dim) is within the threshold of desired, else 0.0; (B,) float64."""
        return self._success_at(rewards.goal_distance(achieved, desired))

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Obs, dict[str, Any]]:
        """Start new episodes.

        Args:
            seed: None continues each row's stream; an int s restarts row i's from s + i; a list gives one
                per row.
            options: `{"reset_mask": (num_envs,) bool}` resets those rows only.

        Raises:
            ValueError: a seed list or a mask that does not fit.
        """
        self._check_open()
        rows = np.flatnonzero(self._reset_mask(options)).tolist()
        self._reseed(self._seed_list(seed), rows)
        self._reset_rows(rows)
        self._elapsed[rows] = 0
        self._done[rows] = False
        self._was_reset[rows] = True
        return self._observation(), {}

    def step(self, actions: np.ndarray) -> tuple[Obs, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step every row, or reset it where its episode ended at the previous step.

        Args:
            actions: (num_envs, action_dim); clipped to [-1, 1].

        Returns:
            obs, rewards (num_envs,) float64, terminated (always False), truncated, info.
            `info["is_success"]` is (num_envs,) float64 and `info["_is_success"]` says for which rows it
            holds: not for those just reset.

        Raises:
            ValueError: actions of a wrong shape or kind, or not finite.
            gymnasium.error.ResetNeeded: `reset` has not been called.
        """
        self._check_open()
        if not self._was_reset.all():
            raise gymnasium.error.ResetNeeded("Call reset() before the first step().")
        actions = self._valid_actions(actions)
        stepping = ~self._done
        stepped, ended = np.flatnonzero(stepping).tolist(), np.flatnonzero(self._done).tolist()
        if stepped:
            self._step_rows(actions, stepped)
        if ended:
            self._reset_rows(ended)
        self._elapsed += 1
        self._elapsed[ended] = 0

        obs = self._observation()
        distance = rewards.goal_distance(obs["achieved_goal"], obs["desired_goal"])
        reward = self._reward_at(distance)
        reward[ended] = 0.0
        truncated = stepping & (self._elapsed >= self.episode_length)
        info: dict[str, Any] = {}
        if stepped:
            info["is_success"] = self._success_at(distance)
            info["is_success"][ended] = 0.0
            info["_is_success"] = stepping
        self._done = truncated.copy()
        return obs, reward, np.zeros(self.num_envs, dtype=bool), truncated, info

    # Helpers.

    def _reward_at(self, distance: np.ndarray) -> np.ndarray:
        return rewards.reward_at(distance, self.reward_type, self.task_spec.distance_threshold)

    def _success_at(self, distance: np.ndarray) -> np.ndarray:
        return rewards.success_at(distance, self.task_spec.distance_threshold)

    def _observation(self) -> Obs:
        observation = self._observe()
        return {
            "observation": observation,
            "achieved_goal": self.achieved_goal(observation).copy(),
            "desired_goal": self._goals.copy(),
        }

    def _valid_actions(self, actions: np.ndarray) -> np.ndarray:
        actions = np.asarray(actions)
        if actions.shape != self.action_space.shape:
            raise ValueError(f"Actions must have shape {self.action_space.shape}, got {actions.shape}.")
        if actions.dtype.kind not in "fiu":
            raise ValueError(f"Actions must be real numbers, got dtype {actions.dtype}.")
        if not np.isfinite(actions).all():
            rows = np.flatnonzero(~np.isfinite(actions).all(axis=1)).tolist()
            raise ValueError(f"Actions must be finite, got NaN or infinity in rows {rows}.")
        # The bounds are float32, so float32 actions stay float32 and float64 ones float64, as in the
        # original. (np.clip does the same in four times the time.)
        return np.minimum(np.maximum(actions, self.action_space.low), self.action_space.high)

    def _seed_list(self, seed: int | Sequence[int | None] | None) -> list[int | None]:
        if seed is None or isinstance(seed, int | np.integer):
            seeds = [None if seed is None else int(seed) + row for row in range(self.num_envs)]
        else:
            seeds = list(seed)
        if len(seeds) != self.num_envs:
            raise ValueError(
                f"A list of seeds needs one entry for each of the {self.num_envs} envs, got {len(seeds)}."
            )
        for value in seeds:
            if value is not None and (not isinstance(value, int | np.integer) or value < 0):
                raise ValueError(f"A seed must be a whole number of at least 0, got {value!r}.")
        return [None if value is None else int(value) for value in seeds]

    def _reseed(self, seeds: list[int | None], rows: Sequence[int]) -> None:
        for row in rows:
            seed = seeds[row]
            if seed is not None:
                self._streams[row], self._stream_seeds[row] = seeding.np_random(seed)

    def _reset_mask(self, options: dict[str, Any] | None) -> np.ndarray:
        if options is None or "reset_mask" not in options:
            return np.ones(self.num_envs, dtype=bool)
        mask = np.asarray(options["reset_mask"])
        if mask.shape != (self.num_envs,) or mask.dtype != np.bool_ or not mask.any():
            raise ValueError(f"reset_mask must be {self.num_envs} booleans, at least one of them true.")
        return mask

    def _check_open(self) -> None:
        if self.closed:
            raise gymnasium.error.ClosedEnvironmentError("This env is closed: make a new one.")
