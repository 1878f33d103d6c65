"""Given: the ensemble with its statistics. Puts Part 1 together: `fit` on D_env, then `sample_next`."""

import math

import numpy as np
import torch
from torch import nn

from .dynamics import (
    MIN_LOG_VAR,
    bootstrap_split,
    bounded_log_var,
    early_stopping,
    gaussian_nll,
    normalized_pairs,
    sample_next_obs,
)
from .kit.networks import EnsembleMLP

NO_NOISE = 1e-13  # a share of the standard deviation too small to matter; log-variances stay finite with it


class DynamicsModel:
    """A bootstrap ensemble of Gaussian networks over the change of the state.

    `noise` scales the standard deviations that `sample_next` samples with: with 0 a member's mean is taken as it is.
    `min_log_var` bounds the log-variances from below: the narrower a Gaussian may get, the more the rows that are easy
    to predict (nothing moves) weigh in the likelihood, and the less the rare ones, contact (Seitzer et al. 2022).
    """

    def __init__(
        self, obs_dim, action_dim, seed, *, members=5, elites=3, hidden=(200, 200), lr=1e-3, noise=1.0,
        min_log_var=MIN_LOG_VAR,
    ):  # fmt: skip
        self.net = EnsembleMLP(
            members, obs_dim + action_dim, hidden, 2 * obs_dim, seed=seed, activation=nn.SiLU
        )
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=lr, weight_decay=1e-5, fused=True)
        self.members, self.num_elites = members, elites
        self.elites, self.stats = np.arange(elites), None
        self.noise, self.min_log_var = noise, min_log_var

    def gaussian(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalised inputs (B, O+A) or (E, B, O+A) -> mean and bounded log-variance, each (E, B, O)."""
        mean, raw_log_var = self.net(inputs).chunk(2, dim=-1)
        return mean, bounded_log_var(raw_log_var, low=self.min_log_var)

    def fit(
        self, obs, actions, next_obs, rng, *, batch_size=256, max_epochs=50, patience=3, holdout_fraction=0.1
    ):
        """Train until no member's hold-out loss has improved for `patience` epochs; keep each member's best weights.

        Args: obs, next_obs (N, O), actions (N, A). Returns: info, with the epochs and the elites' mean hold-out loss.
        """
        inputs, targets, stats = normalized_pairs(obs, actions, next_obs)
        self.stats = {name: np.asarray(vector) for name, vector in stats.items()}
        inputs, targets = (torch.as_tensor(x, dtype=torch.float32) for x in (inputs, targets))
        split = bootstrap_split(len(inputs), self.members, holdout_fraction, rng)
        train, holdout = (np.asarray(rows) for rows in split)
        best, best_weights, stale_epochs = np.full(self.members, np.inf), self.net.member_weights(), 0
        for epoch in range(1, max_epochs + 1):  # noqa: B007
            for rows in np.array_split(rng.permuted(train, axis=1), -(-train.shape[1] // batch_size), axis=1):
                self.optimizer.zero_grad(set_to_none=True)
                gaussian_nll(*self.gaussian(inputs[rows]), targets[rows]).sum().backward()
                self.optimizer.step()
            with torch.no_grad():
                losses = gaussian_nll(
                    *self.gaussian(inputs[holdout]), targets[holdout].expand(self.members, -1, -1)
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
