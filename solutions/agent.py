"""Given: actor, critics, their targets and optimizers. Puts the functions of Part 3 together: `act` and `update`.

The networks see the goal relative to what the state achieves, g - φ(s): how far there is still to go. It says the same
as g, since φ(s) is part of s, but a policy that is right in one place is then right everywhere. If the networks do not
see where on the table things are either (`unseen`), what they learn in one place holds everywhere at once.

A moving average of the actors can act instead of the latest actor, which jitters more (Polyak & Juditsky 1992). The
actor can learn in every n-th update only, as in TD3 (Fujimoto et al. 2018), which saves time.
"""

from collections.abc import Sequence

import numpy as np
import torch

from .kit.config import TrainConfig
from .kit.normalizer import Normalizer
from .kit.threads import Threads
from .policy import Actor, Critic, actor_loss, critic_loss, polyak_update, td_targets

LEARNED = (
    "actor", "target_actor", "acting", "critic", "target_critic", "actor_optimizer", "critic_optimizer", "obs_norm",
    "goal_norm",
)  # fmt: skip


class Agent:
    """Actor, critics, their targets and optimizers: `act` in the world, `update` from a batch.

    goal_start: where the achieved goal φ(s) begins inside an observation; it has goal_dim numbers. unseen: indices of
    numbers in an observation that the networks do not see. threads: 1 or 2, for `update`. The other arguments are
    settings of the training, with its defaults.
    """

    def __init__(
        self, obs_dim: int, goal_dim: int, action_dim: int, seed: int = 0, *, goal_start: int = 0,
        unseen: Sequence[int] = (), threads: int = 1, hidden: tuple[int, ...] = TrainConfig.hidden,
        num_critics: int = TrainConfig.num_critics, lr: float = TrainConfig.lr, discount: float = TrainConfig.discount,
        tau: float = TrainConfig.tau, actor_ema: float = TrainConfig.actor_ema,
        action_penalty: float = TrainConfig.action_penalty,
    ):  # fmt: skip
        self.actor, self.target_actor = (Actor(obs_dim, goal_dim, action_dim, hidden, seed) for _ in range(2))
        self.critic, self.target_critic = (
            Critic(obs_dim, goal_dim, action_dim, hidden, num_critics, seed + 1) for _ in range(2)
        )
        self.acting: torch.nn.Module = self.actor
        if actor_ema < 1:
            self.acting = Actor(obs_dim, goal_dim, action_dim, hidden, seed)
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters(), lr=lr, fused=True)
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), lr=lr, fused=True)
        self.obs_norm, self.goal_norm = Normalizer(obs_dim, unseen=unseen), Normalizer(goal_dim)
        self.achieved = slice(goal_start, goal_start + goal_dim)
        self.discount, self.tau, self.actor_ema = discount, tau, actor_ema
        self.action_penalty = action_penalty
        self.threads = Threads(threads)

    def learn_at(self, lr: float) -> None:
        """Set the learning rate of actor and critic."""
        for optimizer in (self.actor_optimizer, self.critic_optimizer):
            for group in optimizer.param_groups:
                group["lr"] = lr

    def relative(self, obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        """g - φ(s) for observations (…, O) and goals (…, G): (…, G)."""
        return goals - obs[..., self.achieved]

    def observe(self, obs: np.ndarray, goals: np.ndarray) -> None:
        """Add observations (…, O) and goals (…, G) to the statistics of the normalizers."""
        self.obs_norm.observe(obs)
        self.goal_norm.observe(self.relative(obs, goals))

    @torch.no_grad()
    def act(self, obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        """Greedy actions (B, A) for raw observations (B, O) and goals (B, G)."""
        return self.acting(self.obs_norm(obs), self.goal_norm(self.relative(obs, goals))).numpy()

    def update(self, batch: dict) -> dict:
        """A gradient step of the critic and of the actor.

        The actor's gradient is taken at the critic before its step, so the two can be computed side by side.
        Args: batch, NumPy obs, actions, rewards, next_obs, masks, goals (B, …).
        Returns: the losses and the mean target.
        """
        obs, next_obs = self.obs_norm(batch["obs"]), self.obs_norm(batch["next_obs"])
        goals = self.goal_norm(self.relative(batch["obs"], batch["goals"]))
        next_goals = self.goal_norm(self.relative(batch["next_obs"], batch["goals"]))
        actions, rewards, masks = (
            torch.as_tensor(batch[k], dtype=torch.float32) for k in ("actions", "rewards", "masks")
        )

        def critic_gradient() -> dict:
            with torch.no_grad():
                next_q = self.target_critic(next_obs, self.target_actor(next_obs, next_goals), next_goals)
                targets = torch.as_tensor(td_targets(rewards, masks, next_q, self.discount))
            loss = critic_loss(self.critic(obs, actions, goals), targets)
            self.critic_optimizer.zero_grad(set_to_none=True)
            loss.backward()
            return {"critic_loss": loss.item(), "target_mean": targets.mean().item()}

        def actor_step() -> dict:
            policy_actions = self.actor(obs, goals)
            q = self.critic(obs, policy_actions, goals)
            loss = actor_loss(q, policy_actions, self.action_penalty)
            self.actor_optimizer.zero_grad(set_to_none=True)
            # Not those of the critic, through which it flows.
            loss.backward(inputs=list(self.actor.parameters()))
            self.actor_optimizer.step()
            return {"actor_loss": loss.item()}

        info, actor_info = self.threads.both(critic_gradient, actor_step)
        self.critic_optimizer.step()
        polyak_update(self.target_critic, self.critic, self.tau)
        polyak_update(self.target_actor, self.actor, self.tau)
        if self.acting is not self.actor:
            polyak_update(self.acting, self.actor, self.actor_ema)
        return info | actor_info

    def state_dict(self) -> dict:
        """All that changes during training."""
        return {name: getattr(self, name).state_dict() for name in LEARNED}

    def load_state_dict(self, state: dict) -> None:
        """Go on from a saved state."""
        for name in LEARNED:
            getattr(self, name).load_state_dict(state[name])
