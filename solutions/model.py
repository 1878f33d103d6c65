"""Given: the ensemble with its statistics. Puts Part 1 together: `fit` on D_env, then `sample_next`."""

import math

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

from .dynamics import (
    bootstrap_split,
    bounded_log_var,
    early_stopping,
    gaussian_nll,
    normalized_pairs,
    sample_next_obs,
)
from .kit.checkpoint import arrays, tensors
from .kit.config import TrainConfig
from .kit.log_var import MIN_LOG_VAR
from .kit.networks import EnsembleMLP

NO_NOISE = 1e-13  # a share of the standard deviation too small to matter; log-variances stay finite with it


class DynamicsModel:
    """A bootstrap ensemble of Gaussian networks over the change of the state.

    `noise` scales the standard deviations that `sample_next` samples with; with 0 it takes a member's mean as it is.
    `min_log_var` bounds the log-variances from below. The narrower a Gaussian may get, the more the likelihood weights
    rows that are easy to predict (nothing moves), and the less it weights contact, which is rare (Seitzer et al. 2022).
    """

    def __init__(
        self, obs_dim: int, action_dim: int, seed: int, *, hidden: tuple[int, ...] = TrainConfig.model_hidden,
        noise: float = 1.0, min_log_var: float = MIN_LOG_VAR, ensemble_size: int = 5, num_elites: int = 3,
        lr: float = 1e-3,
    ):  # fmt: skip
        self.net = EnsembleMLP(
            ensemble_size, obs_dim + action_dim, hidden, 2 * obs_dim, seed=seed, activation=nn.SiLU
        )
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=lr, weight_decay=1e-5, fused=True)
        self.ensemble_size, self.num_elites = ensemble_size, num_elites
        self.elites: np.ndarray = np.arange(num_elites)
        self.stats: dict[str, np.ndarray] = {}
        self.noise, self.min_log_var = noise, min_log_var

    def gaussian(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalised inputs (B, O+A) or (E, B, O+A) -> mean and bounded log-variance, each (E, B, O)."""
        mean, raw_log_var = self.net(inputs).chunk(2, dim=-1)
        return mean, bounded_log_var(raw_log_var, low=self.min_log_var)

    def fit(
        self, obs: np.ndarray, actions: np.ndarray, next_obs: np.ndarray, rng: np.random.Generator, *,
        batch_size: int = 256, max_epochs: int = 50, patience: int = 3, holdout_fraction: float = 0.1,
    ) -> dict[str, float]:  # fmt: skip
        """Train until no member's hold-out loss has improved for `patience` epochs; keep each member's best weights.

        Args: obs, next_obs (N, O), actions (N, A). Returns: info, with the epochs and the elites' mean hold-out loss.
        """
        raw_inputs, raw_targets, stats = normalized_pairs(obs, actions, next_obs)
        self.stats = {name: np.asarray(vector) for name, vector in stats.items()}
        inputs, targets = (torch.as_tensor(x, dtype=torch.float32) for x in (raw_inputs, raw_targets))
        split = bootstrap_split(len(inputs), self.ensemble_size, holdout_fraction, rng)
        train, holdout = (np.asarray(rows) for rows in split)
        best, best_weights, stale_epochs = np.full(self.ensemble_size, np.inf), self.net.member_weights(), 0
        for epoch in range(1, max_epochs + 1):  # noqa: B007
            for rows in np.array_split(rng.permuted(train, axis=1), -(-train.shape[1] // batch_size), axis=1):
                self.optimizer.zero_grad(set_to_none=True)
                gaussian_nll(*self.gaussian(inputs[rows]), targets[rows]).sum().backward()
                self.optimizer.step()
            with torch.no_grad():
                losses = gaussian_nll(
                    *self.gaussian(inputs[holdout]), targets[holdout].expand(self.ensemble_size, -1, -1)
                )
            improved, best, stale_epochs = early_stopping(best, losses.double().numpy(), stale_epochs)
            improved, best = np.asarray(improved), np.asarray(best)
            self.net.copy_members(improved, source=self.net.member_weights(), target=best_weights)
            if stale_epochs >= patience:
                break
        self.net.load_state_dict(best_weights)
        self.elites = np.argsort(best)[: self.num_elites]
        return {"model_epochs": epoch, "model_loss": float(best[self.elites].mean())}

    @torch.no_grad()
    def sample_next(self, obs: np.ndarray, actions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Sample next states (B, O) for obs (B, O) and actions (B, A)."""
        inputs = (np.concatenate([obs, actions], axis=1) - self.stats["input_mean"]) / self.stats["input_std"]
        mean, log_var = self.gaussian(torch.as_tensor(inputs, dtype=torch.float32))
        log_var = log_var + 2 * math.log(max(self.noise, NO_NOISE))
        return np.asarray(sample_next_obs(obs, mean.numpy(), log_var.numpy(), self.stats, self.elites, rng))

    def mean_next(self, obs: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """The mean of the elites' means: next states (B, O) for obs (B, O), actions (B, A). Gradients flow through."""
        vectors = {name: torch.as_tensor(vector, dtype=torch.float32) for name, vector in self.stats.items()}
        inputs = (torch.cat([obs, actions], dim=1) - vectors["input_mean"]) / vectors["input_std"]
        elites = {name: weights[self.elites] for name, weights in self.net.named_parameters()}
        mean, _ = functional_call(self.net, elites, inputs).chunk(2, dim=-1)  # (num_elites, B, O)
        return obs + vectors["delta_mean"] + vectors["delta_std"] * mean.mean(dim=0)

    def state_dict(self) -> dict:
        """All that changes during training."""
        return {
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            **tensors({"elites": self.elites, "stats": self.stats}),
        }

    def load_state_dict(self, state: dict) -> None:
        """Go on from a saved state."""
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.elites, self.stats = arrays(state["elites"]), arrays(state["stats"])
