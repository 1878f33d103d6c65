"""Given: the joint Gaussian p(s, a, s' - s), conditioned on whatever is known (Part 8's `condition`)."""

import numpy as np

from ..other_models import condition

JITTER = 1e-6  # of variances that are 1: the columns are normalised
SMALLEST_STD = 1e-8


class JointGaussian:
    """Fitted to rows (s, a, s' - s) by their mean and covariance; nothing is trained."""

    def __init__(self, obs: np.ndarray, actions: np.ndarray, next_obs: np.ndarray):
        """obs, next_obs (B, O), actions (B, A)."""
        rows = self.rows(obs, actions, next_obs)
        self.center = rows.mean(axis=0)
        std = rows.std(axis=0)
        self.varies = std > SMALLEST_STD
        self.scale = np.where(self.varies, std, 1.0)
        self.mean = np.zeros(rows.shape[1])
        self.cov = np.cov((rows - self.center) / self.scale, rowvar=False)
        obs_dim, action_dim = obs.shape[1], actions.shape[1]
        self.state = np.arange(obs_dim)
        self.action = obs_dim + np.arange(action_dim)
        self.change = obs_dim + action_dim + np.arange(obs_dim)

    @staticmethod
    def rows(obs: np.ndarray, actions: np.ndarray, next_obs: np.ndarray) -> np.ndarray:
        """(B, O+A+O) in float64."""
        return np.concatenate([obs, actions, np.asarray(next_obs, float) - obs], axis=1)

    def expect(self, known: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """The mean of the columns `wanted` (B, w), if the columns `known` have these values (B, k)."""
        normal = (values - self.center[known]) / self.scale[known]
        mean, _ = condition(self.mean, self.cov, known, wanted, normal, JITTER)
        return self.center[wanted] + self.scale[wanted] * np.asarray(mean)

    def log_density(self, obs: np.ndarray, actions: np.ndarray, next_obs: np.ndarray) -> np.ndarray:
        """log p(s, a, s' - s) of each row (B,), up to a constant; the columns that never vary are left out."""
        normal = ((self.rows(obs, actions, next_obs) - self.center) / self.scale)[:, self.varies]
        cov = self.cov[np.ix_(self.varies, self.varies)] + JITTER * np.eye(self.varies.sum())
        return -0.5 * np.sum(normal * np.linalg.solve(cov, normal.T).T, axis=1)
