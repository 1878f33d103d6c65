"""What one piece of the training asks of another, as types."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:  # Part 2 imports this file and needs no torch
    from torch import nn

    from .normalizer import Normalizer

Policy = Callable[[np.ndarray, np.ndarray], np.ndarray]  # obs (n, O), goals (n, G) -> actions (n, A)


class Model(Protocol):
    """What imagines."""

    def sample_next(self, obs: np.ndarray, actions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Sample next states (B, O) for obs (B, O) and actions (B, A)."""


class Player(Protocol):
    """What acts greedily: a network and the statistics of what it sees."""

    acting: nn.Module

    @property
    def obs_norm(self) -> Normalizer: ...
    @property
    def goal_norm(self) -> Normalizer: ...


class Learner(Player, Protocol):
    """What learns to act: all of its networks."""

    @property
    def actor(self) -> nn.Module: ...
    @property
    def critic(self) -> nn.Module: ...
    @property
    def target_actor(self) -> nn.Module: ...
    @property
    def target_critic(self) -> nn.Module: ...
