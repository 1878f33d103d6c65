"""Part 1: training the dynamics model p_ψ(s'|s,a).

A bootstrap ensemble of E networks; each predicts, for a state and an action, a Gaussian over the *change* of the
state (Chua et al. 2018, "PETS", Section 4; Janner et al. 2019, "MBPO", Section 5). Everything the networks see and
predict is normalised, because metres, radians and metres per second differ by orders of magnitude.

    input  (s, a)  ->  normalise  ->  E networks  ->  mean, log-variance of the normalised  s' - s  ->  a sample of s'

Shapes: E members, B rows of a batch, N transitions in D_env, O = obs_dim, A = action_dim.
"""

import numpy as np
import torch
from torch import nn

from .kit.log_var import MAX_LOG_VAR, MIN_LOG_VAR


def normalized_pairs(
    obs: np.ndarray, actions: np.ndarray, next_obs: np.ndarray
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """What the networks learn from: normalised inputs (s, a) and normalised targets s' - s.

    Args: obs, next_obs (N, O); actions (N, A), of any dtype (D_env holds float32). Leave them unchanged. Compute in
        float64: float32 rounds at every addition, which can move the mean of 100,000 rows by half a standard deviation.
    Returns: inputs (N, O+A), targets (N, O), and `stats`, a dict of the vectors used:
        input_mean, input_std (O+A,), delta_mean, delta_std (O,).
    Each column of inputs and targets has mean 0 and standard deviation 1 over the N rows. A column that never changes
    (standard deviation below 1e-8) is divided by 1 instead, and becomes 0.
    """
    # TODO(1a): the network sees (s, a) and predicts how the state changes: both have means and deviations of their own
    raise NotImplementedError("TODO(1a): normalised delta targets")
    assert inputs.shape == (len(obs), obs.shape[1] + actions.shape[1]), (
        "inputs: a row (s, a) for each transition"
    )
    assert targets.shape == obs.shape, "targets: a row s' - s for each transition"
    stats = {
        "input_mean": input_mean,
        "input_std": input_std,
        "delta_mean": delta_mean,
        "delta_std": delta_std,
    }
    return inputs, targets, stats


def bounded_log_var(raw: torch.Tensor, low: float = MIN_LOG_VAR, high: float = MAX_LOG_VAR) -> torch.Tensor:
    """Keep the predicted log-variance (all but) inside (low, high), smoothly, so that gradients do not vanish.

    First bound it from above, x = high - softplus(high - raw), then from below, low + softplus(x - low)
    (Chua et al. 2018, Appendix A.1). Args and return: any shape.
    """
    # TODO(1b): the handout's two equations, one after the other; softplus is a smooth max(0, x)
    raise NotImplementedError("TODO(1b): bounded log-variance")


def gaussian_nll(mean: torch.Tensor, log_var: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Negative log-likelihood of the targets under N(mean, exp(log_var)), without the constant log 2π.

        1/2 · average over rows and dimensions of  [ (target - mean)² · exp(-log_var) + log_var ]

    (Chua et al. 2018, Section 4, "Probabilistic neural networks"). Args: all (E, B, O). Returns: losses
    (E,), one for each member.
    """
    # TODO(1c): who claims a large variance pays less for the error, and more for the variance: both terms count
    raise NotImplementedError("TODO(1c): Gaussian negative log-likelihood")
    assert loss.shape == (mean.shape[0],), "one loss for each member: (E,)"
    return loss


def bootstrap_split(
    num_samples: int, ensemble_size: int, holdout_fraction: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Split the rows: one hold-out set for all members, and for each member its own bootstrap sample of the other rows.

    Let H = round(holdout_fraction · num_samples), at least 1. Each call draws anew from `rng`.
    Returns: train (E, num_samples - H) int, rows drawn *with replacement* from those not held out, independently for
        each member; holdout (H,) int, distinct rows that no member trains on.
    """
    # TODO(1d): members disagree because they saw different rows; the rows held out are the same for all of them
    raise NotImplementedError("TODO(1d): bootstrap and hold-out")
    assert train.shape == (ensemble_size, num_samples - len(holdout)), "train: (E, num_samples - H)"
    return train, holdout


def early_stopping(
    best: np.ndarray, losses: np.ndarray, stale_epochs: int, min_improvement: float = 0.01
) -> tuple[np.ndarray, np.ndarray, int]:
    """Early stopping on the hold-out loss, after one epoch: which members improved, and since when none did.

    A member has improved if its loss is finite and lies below its best by more than min_improvement · |best|. Any
    finite loss beats a best of infinity. `stale_epochs` counts the epochs in a row in which *no* member improved.
    Args: best (E,), the lowest hold-out losses before this epoch; losses (E,), those of this epoch. Leave them as they
        are. Returns: improved (E,) bool, new best (E,), new stale_epochs int.
    """
    # TODO(1e): each member is compared with its own best; the count of epochs belongs to the whole ensemble
    raise NotImplementedError("TODO(1e): early stopping")
    assert improved.shape == best.shape == new_best.shape, "one entry for each member: (E,)"
    return improved, new_best, stale_epochs


def sample_next_obs(
    obs: np.ndarray, mean: np.ndarray, log_var: np.ndarray, stats: dict, elites: np.ndarray, rng: np.random.Generator
) -> np.ndarray:  # fmt: skip
    """Sample s' ~ p_ψ(s'|s,a): for each row, choose one elite member uniformly and sample from its Gaussian.

    Args: obs (B, O); mean, log_var (E, B, O), the members' Gaussians over the normalised change, all finite;
        stats, as `normalized_pairs` returns them; elites (K,) int, the members to choose from. Leave them unchanged.
    Returns: next_obs (B, O) = s + (the sampled change, no longer normalised).
    """
    # TODO(1f): each row has its own member and its own noise; what was normalised is undone at the end
    raise NotImplementedError("TODO(1f): sampling the next state")
    assert next_obs.shape == obs.shape, "one next state for each state: (B, O)"
    return next_obs
