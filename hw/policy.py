"""Part 3: the goal-conditioned policy π(a|s,g) and its critic Q(s,a,g), trained off-policy.

This is the deep deterministic policy gradient (DDPG, Lillicrap et al. 2016) with the goal as one more input (universal
value functions, Schaul et al. 2015). As in HER, targets are clipped, exploration is noise and uniformly random actions
(Andrychowicz et al. 2017, Appendix A), and large actions are penalised (Plappert et al. 2018).

    batch (s, a, r, s', g)  ->  targets y  ->  critic loss  ->  actor loss  ->  slowly moving target networks

Shapes: B rows of a batch, E critics (the ensemble axis comes first), O, G, A = dims of observation, goal, action.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from .kit.networks import EnsembleMLP, mlp


class Actor(nn.Module):
    """π(a|s,g), deterministic. `self.net` maps (B, O+G) to (B, A), unbounded, and holds all of the parameters.

    A run's weights file holds these and nothing else. A second name for a layer, or a buffer, does no harm.
    """

    def __init__(
        self, obs_dim: int, goal_dim: int, action_dim: int, hidden: Sequence[int] = (256, 256), seed: int = 0
    ):
        super().__init__()
        self.net = mlp(obs_dim + goal_dim, hidden, action_dim, seed=seed)

    def forward(self, obs: torch.Tensor, goals: torch.Tensor) -> torch.Tensor:
        """obs (B, O) and goals (B, G), in this order, into the net; then tanh -> actions (B, A) in [-1, 1]."""
        # TODO(3a): the goal is one more input; the net's output has no bounds, an action has
        raise NotImplementedError("TODO(3a): actor")
        assert actions.shape[0] == obs.shape[0], "one action for each row: (B, A)"
        return actions


class Critic(nn.Module):
    """Q(s,a,g), an ensemble of E. `self.net` maps (B, O+A+G) to (E, B, 1), and holds all of the parameters."""

    def __init__(
        self, obs_dim: int, goal_dim: int, action_dim: int, hidden: Sequence[int] = (256, 256), members: int = 1,
        seed: int = 0,
    ):  # fmt: skip
        super().__init__()
        self.net = EnsembleMLP(
            members, obs_dim + action_dim + goal_dim, hidden, 1, seed=seed, layer_norm=True
        )

    def forward(self, obs: torch.Tensor, actions: torch.Tensor, goals: torch.Tensor) -> torch.Tensor:
        """obs (B, O), actions (B, A), goals (B, G), in this order, into the net -> Q-values (E, B), not (E, B, 1)."""
        # TODO(3b): the net gives (E, B, 1); which of the axes says nothing?
        raise NotImplementedError("TODO(3b): critic")
        assert q.ndim == 2 and q.shape[1] == obs.shape[0], "a value for each critic and row: (E, B)"
        return q


def td_targets(
    rewards: torch.Tensor, masks: torch.Tensor, next_q: torch.Tensor, discount: float
) -> torch.Tensor:
    """The regression targets of the critic, y = r + γ · mask · min over the critics of Q'(s', π'(s',g), g).

    masks is 0 only if s' is truly terminal, never at a time limit. With rewards in [-1, 0] every return lies in
    [-1/(1-γ), 0], so clip y to that interval (Andrychowicz et al. 2017, Appendix A).
    Args: rewards, masks (B,); next_q (E, B). Returns: (B,).
    """
    # TODO(3c): read the equation from the inside out: smallest critic, mask and discount, reward, bounds
    raise NotImplementedError("TODO(3c): TD targets")
    assert targets.shape == rewards.shape, "one target for each row: (B,)"
    return targets


def critic_loss(q: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean squared error to the targets: averaged over the batch, summed over the critics.

    Args: q (E, B); targets (B,), the same for every critic, and constants: no gradient flows into them.
    Returns: a scalar.
    """
    # TODO(3d): which axis is averaged, and which is summed? where must no gradient flow?
    raise NotImplementedError("TODO(3d): critic loss")
    assert loss.ndim == 0, "a loss is a single number"
    return loss


def actor_loss(q: torch.Tensor, actions: torch.Tensor, action_penalty: float) -> torch.Tensor:
    """What the actor minimises: -average Q(s, π(s,g), g) + action_penalty · average squared action.

    The penalty keeps tanh away from its flat ends. Args: q (E, B), the critics' values of the actor's own actions;
    actions (B, A). Both averages are over all entries. Returns: a scalar.
    """
    # TODO(3e): a gradient step lowers the loss, and the actor wants a high Q
    raise NotImplementedError("TODO(3e): actor loss")
    assert loss.ndim == 0, "a loss is a single number"
    return loss


@torch.no_grad()
def polyak_update(target: nn.Module, online: nn.Module, tau: float) -> None:
    """Move every parameter of `target` a step towards that of `online`, in place: θ' <- (1 - τ) θ' + τ θ."""
    # TODO(3f): both networks list their parameters in the same order
    raise NotImplementedError("TODO(3f): polyak update")


def explore(actions: np.ndarray, noise_std: float, epsilon: float, rng: np.random.Generator) -> np.ndarray:
    """Change greedy actions to explore (Andrychowicz et al. 2017, Appendix A).

    Each row becomes, with probability `epsilon`, uniform in [-1, 1] in all of its entries. Every other row gets
    independent Gaussian noise of standard deviation `noise_std` in each entry, and is clipped to [-1, 1].
    Args: actions (B, A); leave them unchanged. Returns: (B, A).
    """
    # TODO(3g): a row is random as a whole or noisy as a whole
    raise NotImplementedError("TODO(3g): exploration")
    assert explored.shape == actions.shape, "one action for each row: (B, A)"
    return explored
