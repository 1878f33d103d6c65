"""Notice when a training's numbers become NaN or infinite, and say which ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from envs.errors import UserMistake
from envs.typed import setting

from .interfaces import Learner

# Where to look if this is the first figure that is not finite.
LOOK_AT = {
    "obs": "the model's predictions (1a to 1f) and the rollouts (2c)",
    "actions": "the actions of the policy for finite inputs (3a) and the exploration (3g)",
    "next_obs": "the model's predictions (1a to 1f) and the rollouts (2c)",
    "goals": "the hindsight goals (4a to 4e)",
    "rewards": "the new rewards (4f)",
    "masks": "the mixing of real and imagined data (2e)",
    "model_loss": "the targets (1a), the log-variance (1b) and the loss of the model (1c)",
    "target_mean": "the targets (3c)",
    "critic_loss": "the critic (3b), its targets (3c) and its loss (3d)",
    "actor_loss": "the actor (3a) and its loss (3e)",
    "weights of the actor": "the actor's loss (3e), whose gradient moves them",
    "weights of the critic": "the critic's loss (3d), whose gradient moves them",
    "weights of the target networks": "the polyak update (3f)",
}


class NotFinite(UserMistake):
    """The training cannot go on: a figure is NaN or infinite."""


def check_finite(counters: Mapping[str, Any], lr: float, **figures: Any) -> None:
    """Raises: NotFinite that names the first of these (numbers, arrays, tensors) that is not all finite."""
    for name, value in figures.items():
        if np.isfinite(value).all():
            continue
        what = "NaN" if np.isnan(value).any() else "infinite"
        is_data = np.ndim(value) > 0 and not name.startswith("weights")
        words, more = (
            (f"{name} of a batch", "")
            if is_data
            else (name, f", or lower the learning rate {setting('lr')}, which is {lr:g}")
        )
        raise NotFinite(
            f"after env step {counters['env_steps']} and update {counters['updates']}, {words} became {what}: "
            f"look at {LOOK_AT.get(name, 'what it is made of')}{more}"
        )


def network_weights(agent: Learner) -> dict[str, np.ndarray]:
    """All weights of an agent, under the names that `check_finite` explains."""
    networks = {
        "weights of the actor": [agent.actor],
        "weights of the critic": [agent.critic],
        "weights of the target networks": [agent.target_actor, agent.target_critic, agent.acting],
    }
    return {
        name: torch.cat([p.detach().flatten() for network in group for p in network.parameters()]).numpy()
        for name, group in networks.items()
    }
