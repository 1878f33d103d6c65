"""Part 2: synthetic rollouts, the data that the learned model adds (Janner et al. 2019, "MBPO", Algorithm 2).

Start from states that were really visited, act with the current policy inside the model p_ψ for a few steps, keep
the imagined transitions in D_model, and update the policy on a mix of D_env and D_model. Model errors add up along a
rollout (Theorem 4.3 there bounds the harm by the rollout length), so it matters where rollouts start and how long they
are.

    start states (D_env)  ->  rollout lengths  ->  imagine: policy and model in turn  ->  D_model  ->  mixed batches

Shapes: B rollouts side by side, T = episode length, O = obs_dim, A = action_dim, G = goal_dim.
"""

import numpy as np

from .kit.interfaces import Model, Policy


def start_states(
    mode: str, num_episodes: int, episode_length: int, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Where in D_env the rollouts start: in which episode, and at which of its steps.

    mode "initial": at the first state of a random episode. mode "all": at any state in which an action was taken
    (steps 0 … T-1); all num_episodes · T of them are equally likely. Draws are independent.
    Returns: episodes (count,) int in [0, num_episodes), steps (count,) int.
    Raises: ValueError for another mode.
    """
    if mode not in ("initial", "all"):
        raise ValueError(f"start mode {mode!r} is unknown: choose 'initial' or 'all'")
    # TODO(2a): in both modes any episode may come; the modes differ in the step
    raise NotImplementedError("TODO(2a): start states")
    assert episodes.shape == steps.shape == (count,), "an episode and a step for each start: (count,)"
    return episodes, steps


def rollout_lengths(mode: str, steps: np.ndarray, episode_length: int, max_length: int) -> np.ndarray:
    """How many steps each rollout has.

    mode "full": up to the end of the episode that it starts in. mode "partial": max_length steps ("k" in MBPO), but
    never past that end. Args: steps (B,) int, the step at which each rollout starts; leave it unchanged.
    Returns: (B,) int, at least 1. Raises: ValueError for another mode.
    """
    if mode not in ("full", "partial"):
        raise ValueError(f"rollout mode {mode!r} is unknown: choose 'full' or 'partial'")
    # TODO(2b): the handout's table says how many steps are left at step t, and what k does to that
    raise NotImplementedError("TODO(2b): rollout lengths")
    assert lengths.shape == steps.shape, "one length for each rollout: (B,)"
    return lengths


def imagine(
    model: Model, policy: Policy, obs: np.ndarray, goals: np.ndarray, lengths: np.ndarray, rng: np.random.Generator
) -> dict:  # fmt: skip
    """Roll the policy out inside the model, all B rollouts side by side; rollout i has lengths[i] steps.

    In each step: actions = policy(obs, goals), next_obs = model.sample_next(obs, actions, rng), and the next step
    starts from next_obs. A rollout keeps its goal throughout. Once it has reached its length, do not step it any more.
    Args: obs (B, O), the start states; goals (B, G); lengths (B,) int. Leave them unchanged.
    Returns: a dict of all imagined transitions, M = lengths.sum() rows, in any order:
        obs (M, O), actions (M, A), next_obs (M, O), goals (M, G).
    """
    pieces = []  # one dict of transitions for each step of the rollouts
    # TODO(2c): all rollouts take their first step, then all that go on take their second
    raise NotImplementedError("TODO(2c): imagined rollouts")
    return {key: np.concatenate([piece[key] for piece in pieces]) for key in pieces[0]}


class ModelBuffer:
    """D_model: the latest `capacity` imagined transitions. If it is full, new rows replace the oldest ones."""

    def __init__(self, capacity: int):
        self.capacity, self.size, self.next_row = capacity, 0, 0
        self.data: dict[str, np.ndarray] = {}

    def add(self, transitions: dict) -> None:
        """Add rows (all arrays (M, …), M <= capacity) from `next_row` on; after the last row comes row 0.

        Afterwards `size` is the number of rows held, and `next_row` the row that is written next.
        """
        count = len(transitions["obs"])
        if count > self.capacity:
            raise ValueError(f"{count} transitions do not fit into a model buffer of {self.capacity} rows")
        if not self.data:
            self.data = {
                key: np.zeros((self.capacity, *x.shape[1:]), x.dtype) for key, x in transitions.items()
            }
        # TODO(2d): the buffer is a ring: after its last row comes row 0, even in the middle of what is added
        raise NotImplementedError("TODO(2d): the model buffer")

    def sample(self, count: int, rng: np.random.Generator) -> dict:
        """`count` rows, uniform with replacement, as a dict of arrays (count, …)."""
        rows = rng.integers(self.size, size=count)
        return {key: values[rows] for key, values in self.data.items()}


def mix(real: dict, imagined: dict, real_fraction: float) -> dict:
    """Make one batch of two: D_env ∪ D_model, with a fixed share of real data (5 % in the code of MBPO's authors).

    Args: real, imagined: dicts with the same keys, arrays of B rows each, both in random order. Leave them unchanged.
    Returns: a dict of B rows: round(real_fraction · B) rows of `real`, all others of `imagined`, no row twice. The
        entries of a row stay together.
    """
    # TODO(2e): both are in random order already, so nothing has to be drawn
    raise NotImplementedError("TODO(2e): mixing real and imagined data")
    assert all(len(values) == len(real["obs"]) for values in mixed.values()), "as many rows as `real` has"
    return {key: np.asarray(values) for key, values in mixed.items()}
