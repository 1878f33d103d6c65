"""Given: actor, critics, their targets and optimizers. Puts the functions of Part 3 together: `act` and `update`."""

import numpy as np
import torch

from .kit.normalizer import Normalizer
from .policy import Actor, Critic, actor_loss, critic_loss, polyak_update, td_targets


class Agent:
    """Actor, critics, their targets and optimizers: `act` in the world, `update` from a batch."""

    def __init__(self, obs_dim, goal_dim, action_dim, seed=0, *, hidden=(256, 256), critics=1, lr=1e-3,
                 discount=0.95, tau=0.05, action_penalty=0.1):  # fmt: skip
        self.actor, self.target_actor = (Actor(obs_dim, goal_dim, action_dim, hidden, seed) for _ in range(2))
        self.critic, self.target_critic = (
            Critic(obs_dim, goal_dim, action_dim, hidden, critics, seed + 1) for _ in range(2)
        )
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters(), lr=lr, fused=True)
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), lr=lr, fused=True)
        self.obs_norm, self.goal_norm = Normalizer(obs_dim), Normalizer(goal_dim)
        self.discount, self.tau, self.action_penalty = discount, tau, action_penalty

    def observe(self, obs: np.ndarray, goals: np.ndarray) -> None:
        """Let the normalizers see new data: observations (…, O) and goals (…, G)."""
        self.obs_norm.observe(obs)
        self.goal_norm.observe(goals)

    @torch.no_grad()
    def act(self, obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        """Greedy actions (B, A) for raw observations (B, O) and goals (B, G)."""
        return self.actor(self.obs_norm(obs), self.goal_norm(goals)).numpy()

    def update(self, batch: dict) -> dict:
        """One gradient step of critic and actor. batch: NumPy obs, actions, rewards, next_obs, masks, goals (B, …)."""
        obs, next_obs = self.obs_norm(batch["obs"]), self.obs_norm(batch["next_obs"])
        goals = self.goal_norm(batch["goals"])
        actions, rewards, masks = (
            torch.as_tensor(batch[k], dtype=torch.float32) for k in ("actions", "rewards", "masks")
        )

        with torch.no_grad():
            next_q = self.target_critic(next_obs, self.target_actor(next_obs, goals), goals)
            targets = td_targets(rewards, masks, next_q, self.discount)
        loss_q = critic_loss(self.critic(obs, actions, goals), targets)
        self.critic_optimizer.zero_grad(set_to_none=True)
        loss_q.backward()
        self.critic_optimizer.step()

        self.critic.requires_grad_(False)  # the actor's step needs dQ/da alone
        policy_actions = self.actor(obs, goals)
        loss_pi = actor_loss(self.critic(obs, policy_actions, goals), policy_actions, self.action_penalty)
        self.actor_optimizer.zero_grad(set_to_none=True)
        loss_pi.backward()
        self.actor_optimizer.step()
        self.critic.requires_grad_(True)

        polyak_update(self.target_critic, self.critic, self.tau)
        polyak_update(self.target_actor, self.actor, self.tau)
        return {
            "critic_loss": loss_q.item(),
            "actor_loss": loss_pi.item(),
            "target_mean": targets.mean().item(),
        }
