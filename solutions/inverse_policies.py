"""Given: policies from models that are not forward models, each put together of Part 8.

    random steps    --inverse_pairs, n_step_pairs-->  an inverse model:  which action leads there?
    demonstrations  --future_pairs-->                 a future model:    what comes next?

A maker fits a model and returns its policy: (obs (B, O), goals (B, G)) -> actions (B, A). A policy counts its own
steps, all episodes side by side, so make a new one for each round of episodes (`Maker`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from envs import TaskSpec

from .kit.interfaces import Policy
from .kit.joint import JointGaussian
from .kit.regression import fit_network, of_pairs
from .other_models import future_pairs, inverse_pairs, n_step_pairs, step_towards, steps_left

Maker = Callable[[], Policy]
Inverse = Callable[
    [np.ndarray, np.ndarray], np.ndarray
]  # obs (B, O), moves (B, G) -> actions (B, A) in [-1, 1]


@dataclass(frozen=True)
class Fitting:
    """What all of them are fitted with."""

    spec: TaskSpec
    random: dict  # episodes of random actions: obs (N, T+1, O), actions (N, T, A)
    demos: dict  # episodes of an expert, of which no action is looked at
    longest: float  # of the step towards the goal that is asked for, metres
    updates: int
    seed: int
    rng: np.random.Generator
    each_update: Callable[[], object] = lambda: None

    def places(self, obs: np.ndarray) -> np.ndarray:
        """φ(s), the achieved goals."""
        return self.spec.achieved_goal(obs)

    @property
    def data(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """obs, places and actions of the random episodes."""
        obs = self.random["obs"]
        return obs, self.places(obs), self.random["actions"]

    def network(
        self, draw: Callable[[int], tuple[np.ndarray, np.ndarray]]
    ) -> Callable[[np.ndarray], np.ndarray]:
        return fit_network(draw, self.seed, updates=self.updates, each_update=self.each_update)


def network_inverse(fitting: Fitting) -> Inverse:
    """p(a | s, s') of the random steps, by a network."""
    inputs, targets = (np.asarray(x) for x in inverse_pairs(*fitting.data))
    predict = fitting.network(of_pairs(inputs, targets, fitting.rng))
    return lambda obs, moves: np.clip(predict(np.concatenate([obs, moves], axis=1)), -1.0, 1.0)


def gaussian_inverse(fitting: Fitting) -> Inverse:
    """The same, by a Gaussian that is conditioned: nothing is trained."""
    model, spec = joint_model(fitting), fitting.spec
    moves = model.change[spec.goal_start : spec.goal_start + spec.goal_dim]
    known = np.concatenate([model.state, moves])

    def act(obs: np.ndarray, moves: np.ndarray) -> np.ndarray:
        return np.clip(model.expect(known, np.concatenate([obs, moves], axis=1), model.action), -1.0, 1.0)

    return act


def one_step(fitting: Fitting, n: int, inverse: Callable[[Fitting], Inverse] = network_inverse) -> Maker:
    """Ask the inverse model for a step towards the goal."""
    act = inverse(fitting)

    def policy(obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        return act(obs, np.asarray(step_towards(fitting.places(obs), goals, fitting.longest)))

    return lambda: policy


def joint(fitting: Fitting, n: int) -> Maker:
    """Ask the Gaussian for a step towards the goal."""
    return one_step(fitting, n, gaussian_inverse)


def joint_model(fitting: Fitting) -> JointGaussian:
    """The Gaussian of all transitions of the random episodes."""
    obs, actions = fitting.random["obs"], fitting.random["actions"]
    flat = [x.reshape(-1, x.shape[2]) for x in (obs[:, :-1], actions, obs[:, 1:])]
    return JointGaussian(*flat)


def n_step(fitting: Fitting, n: int, tell: Callable[[int, int], int] = steps_left) -> Maker:
    """Ask for the action that begins a way of so many steps to the goal; `tell(step, n)` says how many."""

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        inputs, chunks = n_step_pairs(*fitting.data, n, count, fitting.rng)
        return np.asarray(inputs), np.asarray(chunks)[:, 0]

    predict = fitting.network(draw)

    def make() -> Policy:
        step = -1

        def policy(obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
            nonlocal step
            step += 1
            return np.clip(predict(_asked(fitting, obs, goals, tell(step, n))), -1.0, 1.0)

        return policy

    return make


def always_n(fitting: Fitting, n: int) -> Maker:
    """The same model, always told that n steps are left."""
    return n_step(fitting, n, tell=lambda step, n: n)


def chunk(fitting: Fitting, n: int) -> Maker:
    """Ask for all n actions that lead to the goal in n steps, and act them out before asking again."""

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        inputs, chunks = n_step_pairs(*fitting.data, n, count, fitting.rng)
        return np.asarray(inputs), np.asarray(chunks)

    predict = fitting.network(draw)

    def make() -> Policy:
        ahead: list[np.ndarray] = []

        def policy(obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
            if not ahead:
                ahead.extend(np.clip(predict(_asked(fitting, obs, goals, n)), -1.0, 1.0).swapaxes(0, 1))
            return ahead.pop(0)

        return policy

    return make


def future(fitting: Fitting, n: int) -> Maker:
    """Where would the expert's hand be in n steps? Ask for a step there. No action of the expert is used."""
    predict, act = future_model(fitting, n), gaussian_inverse(fitting)

    def policy(obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        place = fitting.places(obs)
        return act(obs, np.asarray(step_towards(place, place + predict(obs, goals)[:, -1], fitting.longest)))

    return lambda: policy


def future_model(fitting: Fitting, n: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """p(s_t+1 … s_t+n | s_t, goal) of the demonstrations, as a function (obs, goals) -> moves (B, n, G) from φ(s_t)."""
    obs, desired = fitting.demos["obs"], fitting.demos["desired"]
    states = np.concatenate([obs, desired[:, None] - fitting.places(obs)], axis=2)
    inputs, moves = future_pairs(states, fitting.places(obs), n)
    predict = fitting.network(of_pairs(np.asarray(inputs), np.asarray(moves), fitting.rng))
    return lambda obs, goals: predict(np.concatenate([obs, goals - fitting.places(obs)], axis=1))


def _asked(fitting: Fitting, obs: np.ndarray, goals: np.ndarray, left: int) -> np.ndarray:
    """The input of an n-step model: the state, the way to the goal, the steps left."""
    return np.concatenate([obs, goals - fitting.places(obs), np.full((len(obs), 1), left)], axis=1)


MODELS = {
    "one-step": one_step,
    "joint": joint,
    "n-step": n_step,
    "always-n": always_n,
    "chunk": chunk,
    "future": future,
}
