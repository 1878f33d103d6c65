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
        # BEGIN SOLUTION 3a
        # hint: the goal is one more input; the net's output has no bounds, an action has
        # hint 2: torch.cat joins observation and goal along the last axis
        actions = torch.tanh(self.net(torch.cat([obs, goals], dim=-1)))
        # END SOLUTION
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
        # BEGIN SOLUTION 3b
        # hint: the net gives (E, B, 1); which of the axes says nothing?
        # hint 2: remove the last axis, of length 1: in the losses it would broadcast, and nobody would notice
        q = self.net(torch.cat([obs, actions, goals], dim=-1)).squeeze(-1)
        # END SOLUTION
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
    # BEGIN SOLUTION 3c
    # hint: read the equation from the inside out: smallest critic, mask and discount, reward, bounds
    # hint 2: next_q.min(dim=0).values is the smallest of the E predictions for each row
    targets = rewards + discount * masks * next_q.min(dim=0).values
    targets = targets.clamp(-1.0 / (1.0 - discount), 0.0)
    # END SOLUTION
    assert targets.shape == rewards.shape, "one target for each row: (B,)"
    return targets


def critic_loss(q: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean squared error to the targets: averaged over the batch, summed over the critics.

    Args: q (E, B); targets (B,), the same for every critic, and constants: no gradient flows into them.
    Returns: a scalar.
    """
    # BEGIN SOLUTION 3d
    # hint: which axis is averaged, and which is summed? where must no gradient flow?
    # hint 2: (E, B) - (B,) broadcasts over the critics; .detach() makes a constant
    loss = (q - targets.detach()).square().mean(dim=1).sum()
    # END SOLUTION
    assert loss.ndim == 0, "a loss is a single number"
    return loss


def actor_loss(q: torch.Tensor, actions: torch.Tensor, action_penalty: float) -> torch.Tensor:
    """What the actor minimises: -average Q(s, π(s,g), g) + action_penalty · average squared action.

    The penalty keeps tanh away from its flat ends. Args: q (E, B), the critics' values of the actor's own actions;
    actions (B, A). Both averages are over all entries. Returns: a scalar.
    """
    # BEGIN SOLUTION 3e
    # hint: a gradient step lowers the loss, and the actor wants a high Q
    # hint 2: two averages over all entries: of q, with a minus, and of the squared actions
    loss = -q.mean() + action_penalty * actions.square().mean()
    # END SOLUTION
    assert loss.ndim == 0, "a loss is a single number"
    return loss


@torch.no_grad()
def polyak_update(target: nn.Module, online: nn.Module, tau: float) -> None:
    """Move every parameter of `target` a step towards that of `online`, in place: θ' <- (1 - τ) θ' + τ θ."""
    # BEGIN SOLUTION 3f
    # hint: both networks list their parameters in the same order
    # hint 2: zip(target.parameters(), online.parameters()); x.lerp_(y, τ) works in place
    for target_parameter, parameter in zip(target.parameters(), online.parameters(), strict=True):
        target_parameter.lerp_(parameter, tau)
    # END SOLUTION


def explore(actions: np.ndarray, noise_std: float, epsilon: float, rng: np.random.Generator) -> np.ndarray:
    """Change greedy actions to explore (Andrychowicz et al. 2017, Appendix A).

    Each row becomes, with probability `epsilon`, uniform in [-1, 1] in all of its entries. Every other row gets
    independent Gaussian noise of standard deviation `noise_std` in each entry, and is clipped to [-1, 1].
    Args: actions (B, A); leave them unchanged. Returns: (B, A).
    """
    # BEGIN SOLUTION 3g
    # hint: a row is random as a whole or noisy as a whole
    # hint 2: draw uniform actions for all rows, then choose rows by np.where with a mask of shape (B, 1)
    noisy = np.clip(actions + noise_std * rng.standard_normal(actions.shape), -1.0, 1.0)
    uniform = rng.uniform(-1.0, 1.0, size=actions.shape)
    is_random = rng.random(len(actions)) < epsilon
    explored = np.where(is_random[:, None], uniform, noisy)
    # END SOLUTION
    assert explored.shape == actions.shape, "one action for each row: (B, A)"
    return explored
