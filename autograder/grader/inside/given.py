"""Stand-ins that live beside the student's code: `student.given.GainPolicy(gain)` makes one there, as a handle.

A check of one part needs a model or a policy of another part; it makes a simple one here, so that a broken part costs
only its own points. These run in the submission's process, so no check may trust what they say about themselves.
"""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import nn


class LinearModel:
    """A known dynamics model: next_obs = obs @ A + actions @ B + noise_std * normal noise."""

    def __init__(self, A: np.ndarray, B: np.ndarray, noise_std: float = 0.0) -> None:
        self.A = np.asarray(A)  # (obs_dim, obs_dim)
        self.B = np.asarray(B)  # (action_dim, obs_dim)
        self.noise_std = noise_std
        self.calls = 0
        self.rows = 0  # of all calls together

    def sample_next(self, obs: np.ndarray, actions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """obs (B, obs_dim), actions (B, action_dim) -> next_obs (B, obs_dim)."""
        self.calls += 1
        self.rows += len(obs)
        mean = np.asarray(obs) @ self.A + np.asarray(actions) @ self.B
        return mean + self.noise_std * rng.standard_normal(mean.shape) if self.noise_std else mean


class GainPolicy:
    """A known policy: actions = clip((goals - obs[:, :goal_dim]) @ K + noise_std * normal noise, -1, 1)."""

    def __init__(self, K: np.ndarray, noise_std: float = 0.0) -> None:
        self.K = np.asarray(K)  # (goal_dim, action_dim)
        self.noise_std = noise_std
        self.rng = np.random.default_rng(0)
        self.calls = 0

    def __call__(self, obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        """obs (B, obs_dim), goals (B, goal_dim) -> actions (B, action_dim)."""
        self.calls += 1
        goals = np.asarray(goals)
        greedy = (goals - np.asarray(obs)[:, : goals.shape[1]]) @ self.K
        noise = self.noise_std * self.rng.standard_normal(greedy.shape) if self.noise_std else 0.0
        return np.clip(greedy + noise, -1.0, 1.0)


class NotedGenerator(np.random.Generator):
    """A generator like any other; `copies` counts how often it was copied."""

    def __init__(self, source: int | np.random.BitGenerator) -> None:
        """`source` is a seed, or, where `spawn` makes a child, its bit generator."""
        super().__init__(np.random.PCG64(source) if isinstance(source, int) else source)
        self.copies = 0

    def __copy__(self) -> np.random.Generator:
        self.copies += 1
        return copy.deepcopy(np.random.Generator(self.bit_generator))

    def __deepcopy__(self, memo: dict[int, Any]) -> np.random.Generator:
        return self.__copy__()


def rng(seed: int) -> NotedGenerator:
    """A generator that lives on between calls (an argument `Rng(seed)` starts anew at each)."""
    return NotedGenerator(seed)


def linear(weight: np.ndarray, bias: np.ndarray | None = None) -> nn.Linear:
    """y = x @ weight.T + bias as a module; weight (out, in), bias (out,)."""
    import torch
    from torch import nn

    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))  # a copy: what arrives here is read-only
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))
    return layer


def parameters(module: nn.Module) -> dict[str, np.ndarray]:
    """Copies of a module's parameters by name."""
    return {name: p.detach().cpu().numpy().copy() for name, p in module.named_parameters()}


def state(module: nn.Module) -> dict[str, np.ndarray]:
    """Copies of a module's parameters and buffers by name."""
    return {name: t.detach().cpu().numpy().copy() for name, t in module.state_dict().items()}


def load_state(module: nn.Module, arrays: dict[str, np.ndarray]) -> dict[str, str]:
    """Put arrays (as `state` gives them) into a module; returns the name that its own parameter has for each.

    By name, whatever else the module holds (a second name for a layer, a buffer). Where it has other names, in order,
    if it has as many parameters and each fits; otherwise nothing is changed, and {} returned.
    """
    import torch

    own, parameters = module.state_dict(keep_vars=True), dict(module.named_parameters())
    if set(arrays) <= set(own):
        chosen = {name: own[name] for name in arrays}
    elif len(arrays) == len(parameters):
        chosen = dict(zip(arrays, parameters.values(), strict=True))
    else:
        return {}
    if any(chosen[name].shape != np.shape(array) for name, array in arrays.items()):
        return {}
    with torch.no_grad():
        for name, array in arrays.items():
            chosen[name].copy_(torch.tensor(array))
    # As gradients are named.
    names = {id(tensor): name for name, tensor in [*own.items(), *parameters.items()]}
    return {name: names[id(tensor)] for name, tensor in chosen.items()}


def grads(module: nn.Module) -> dict[str, np.ndarray | None]:
    """Copies of the gradients a module's parameters hold now."""
    return {
        n: None if p.grad is None else p.grad.detach().cpu().numpy().copy()
        for n, p in module.named_parameters()
    }


def goals_moved(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The batch with each goal moved by one along every axis: what `relabel` may be given as `adjust`."""
    return {**batch, "goals": batch["goals"] + 1.0}


def call_strided(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a function of the submission with the same arrays and tensors, each cut out of a larger one.

    Training passes such views too: half of what a net gives, some columns of the observations.
    """
    return function(*(_cut_out(a) for a in args), **kwargs)


def _cut_out(value: Any) -> Any:
    """Every second place of the last axis of a larger array; what is no array or tensor stays as it is."""
    if not getattr(value, "ndim", 0):
        return value
    shape = (*value.shape[:-1], 2 * value.shape[-1] + 1)
    larger = np.zeros(shape, value.dtype) if isinstance(value, np.ndarray) else value.new_zeros(shape)
    view = larger[..., 1::2]
    view[...] = value
    return view


def against_a_loop(rows: int, function: Any, *args: Any) -> float:
    """How long a call computes, as a multiple of a plain loop that draws a number for each row, here and now.

    CPU time of this thread, so a busy machine changes neither by much, and a slow one both. Of two calls the shorter
    one counts: the first may have something to import.
    """
    rng, loops, calls = np.random.default_rng(0), [], []
    for _ in range(2):
        start = time.thread_time()
        for _ in range(rows):
            rng.integers(10)
        loops.append(time.thread_time() - start)
        start = time.thread_time()
        function(*args)
        calls.append(time.thread_time() - start)
    return min(calls) / max(loops)


def add_then_overwrite(buffer: Any, transitions: dict[str, np.ndarray]) -> None:
    """Add copies of the arrays to a buffer, and overwrite those: what the buffer holds must be its own."""
    copies = {key: np.array(values) for key, values in transitions.items()}
    buffer.add(copies)
    for values in copies.values():
        values[...] = -77


# For Part 7, planning.


class LinearStep:
    """A known model for tensors: next_obs = obs @ A + actions @ B. `calls` and `rows` count what it was asked."""

    def __init__(self, A: np.ndarray, B: np.ndarray) -> None:
        self.A, self.B = np.array(A, dtype=np.float32), np.array(B, dtype=np.float32)
        self.calls = self.rows = 0

    def __call__(self, obs: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """obs (M, O), actions (M, A) -> next_obs (M, O)."""
        import torch

        self.calls += 1
        self.rows += len(obs)
        return obs @ torch.from_numpy(self.A) + actions @ torch.from_numpy(self.B)


class GoalReward:
    """A known reward: minus the squared distance of next_obs[:, :G] to goals[rows], times a weight."""

    def __init__(self, goals: np.ndarray, weight: float = 1.0) -> None:
        self.goals, self.weight = np.array(goals, dtype=np.float32), weight  # (N, G)

    def __call__(self, next_obs: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """next_obs (M, O), rows (M,) -> (M,)."""
        import torch

        goals = torch.from_numpy(self.goals)[rows]
        return -self.weight * (next_obs[:, : goals.shape[1]] - goals).square().sum(dim=1)


class NearTargets:
    """A known `returns_of`: for plans (N, H, A), minus the summed squared distance to `targets` (N, H, A)."""

    def __init__(self, targets: np.ndarray, weight: float = 1.0) -> None:
        self.targets, self.weight = np.array(targets, dtype=np.float32), weight
        self.calls = 0

    def __call__(self, plans: torch.Tensor) -> torch.Tensor:
        """plans (N, H, A) -> (N,)."""
        import torch

        self.calls += 1
        return -self.weight * (plans - torch.from_numpy(self.targets)).square().sum(dim=(1, 2))


class TellingPlanner:
    """A known `plan_from`: its actions (A = 1) say what it was given and which of the plan's steps they are for.

    The action of step h is 0.1 · obs[:, 1] + 0.01 · h + 0.001 · done, so an env that counts its steps in obs[:, 1] and
    adds actions up in obs[:, 0] tells who planned when.
    """

    def __init__(self, horizon: int) -> None:
        self.horizon, self.calls = horizon, 0

    def __call__(self, obs: np.ndarray, done: int) -> np.ndarray:
        """obs (N, 2), done -> plan (N, H, 1)."""
        self.calls += 1
        return (0.1 * obs[:, 1, None] + 0.01 * np.arange(self.horizon) + 0.001 * done)[..., None]


class CountingEnv:
    """A known `env_step`: obs[:, 0] adds up the actions, obs[:, 1] counts steps, and a wind is added to both."""

    def __init__(self, first: np.ndarray, wind: float = 0.0) -> None:
        self.obs, self.wind, self.calls = np.array(first), wind, 0  # (N, 2)

    def __call__(self, actions: np.ndarray) -> np.ndarray:
        """actions (N, 1) -> the next observations (N, 2)."""
        if np.shape(actions) != (len(self.obs), 1):
            raise ValueError(f"env_step got actions of shape {np.shape(actions)}, not {(len(self.obs), 1)}")
        self.calls += 1
        self.obs = self.obs + self.wind + np.column_stack([np.asarray(actions)[:, 0], np.ones(len(self.obs))])
        return self.obs


def has_graph(function: Any, *args: Any) -> bool:
    """Whether the tensor that a function of the submission returns still hangs on a graph."""
    return bool(function(*args).requires_grad)


def returns_of(plan_returns: Any, step: LinearStep, reward: GoalReward, obs: torch.Tensor) -> Any:
    """A `returns_of` made of the submission's `plan_returns`: one candidate for each episode."""

    def of(plans: torch.Tensor) -> torch.Tensor:
        returns: torch.Tensor = plan_returns(step, reward, obs, plans[:, None])
        return returns[:, 0]

    return of
