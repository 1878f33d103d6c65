"""What the learning checks share: small trainings on a variant of the tiny env that nobody has seen before.

The variant (rotation, scale, shift) is drawn for each grading, so weights hidden in the code help nobody. The grader
owns the simulator, the buffer and the evaluation; the submission gets batches and gives back numbers. What a training
needs besides the part under test is the reference's, or a stand-in of `given.py`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from envs.tiny import TinyVariant, TinyVecEnv
from solutions.kit.buffer import EpisodeBuffer
from solutions.kit.collect import Policy, collect_episodes, evaluate

HIDDEN, BATCH, UPDATES_A_ROUND = (64, 64), 128, 80
ENOUGH = 0.9  # success over the evaluation's episodes that counts as learned
ROUNDS = 30  # the reference: 7 to 11 in 100 worlds (autograder/bench/results/learning.json)
EVALUATION_EPISODES = 64


class World:
    """A fresh variant: an env to learn in, another one to be judged in, and D_env."""

    def __init__(self, rng: np.random.Generator):
        torch.set_num_threads(1)  # on a busy machine two threads take many times longer than one
        self.variant = TinyVariant.random(rng)
        seed = int(rng.integers(2**30))
        self.env = TinyVecEnv(8, seed, variant=self.variant)
        self.judge = TinyVecEnv(16, seed + 1000, variant=self.variant)
        self.spec = self.env.task_spec
        self.dims = (self.spec.obs_dim, self.spec.goal_dim, self.spec.action_dim)
        self.buffer = EpisodeBuffer(8 * ROUNDS, self.spec)

    def collect(self, policy: Policy) -> dict:
        """An episode in each env, into D_env."""
        episodes = collect_episodes(self.env, policy)
        self.buffer.add(episodes)
        return episodes

    @property
    def threshold(self) -> float:
        """How close counts as reached, in this variant's own unit."""
        return self.spec.distance_threshold

    @property
    def achieved(self) -> np.ndarray:
        """(N, T+1, G), the achieved goals of all episodes so far."""
        return self.buffer.achieved[: len(self.buffer)]

    def learned(self, act: Policy) -> bool:
        """Whether these greedy actions solve enough of some fresh episodes."""
        return evaluate(self.judge, act, EVALUATION_EPISODES)["success"] >= ENOUGH


def random_actions(rng: np.random.Generator, strength: float = 1.0) -> Policy:
    """A policy that acts uniformly at random on the tiny env, each action within [-strength, strength]."""
    return lambda obs, goals: rng.uniform(-strength, strength, size=(len(obs), 2))


def rounds_to_learn(
    world: World,
    agent: Any,
    act: Policy,
    explore: Callable[[np.ndarray], np.ndarray],
    relabel: Callable[..., Any],
    rng: np.random.Generator,
    rounds: int = ROUNDS,
) -> int | None:
    """DDPG with relabeling from scratch. Returns: the rounds it took, None if that many were not enough.

    Args: agent with `observe` and `update`; act(obs, goals) -> actions; explore(actions) -> actions;
        relabel(batch, achieved, episodes, steps) -> batch. A round is an episode in each env and the updates after it.
    """
    for round_ in range(1, rounds + 1):
        behaviour = random_actions(rng) if round_ == 1 else lambda obs, goals: explore(act(obs, goals))
        episodes = world.collect(behaviour)
        agent.observe(episodes["obs"], episodes["desired"][:, None])
        for _ in range(UPDATES_A_ROUND):
            indices = world.buffer.sample_steps(BATCH, rng)
            agent.update(relabel(world.buffer.transitions(*indices), world.achieved, *indices))
        if round_ >= 5 and round_ % 2 == 1 and world.learned(act):
            return round_
    return None


class LinearWorld:
    """The tiny env's dynamics as a linear model, in coordinates centred on the variant's shift (walls left out)."""

    def __init__(self, world: World):
        self.shift = np.array([*world.variant.shift, 0.0, 0.0])
        obs, actions, next_obs = world.buffer.all_transitions()
        inputs = np.concatenate([obs - self.shift, actions], axis=1)
        weights = np.linalg.lstsq(inputs, next_obs - self.shift, rcond=None)[0]
        self.A, self.B = weights[:4], weights[4:]

    def random_gain(self, world: World, rng: np.random.Generator) -> np.ndarray:
        """A random linear controller (G, A): not good at anything, but it gets around."""
        return rng.normal(size=(2, 2)) * rng.choice([1.0, 3.0, 10.0]) / world.variant.scale
