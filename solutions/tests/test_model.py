"""The ensemble: what an imagined step is with and without noise."""

import numpy as np
import pytest
import torch

from envs.errors import UserMistake
from solutions.dynamics import gaussian_nll
from solutions.kit.config import TrainConfig
from solutions.model import DynamicsModel


@pytest.fixture
def model():
    """Fitted to a point that its actions move, and that noise moves as far."""
    rng = np.random.default_rng(0)
    obs, actions = rng.normal(size=(2, 400, 2))
    model = DynamicsModel(2, 2, seed=0, hidden=(16,), num_elites=2)
    model.fit(obs, actions, obs + actions + rng.normal(size=obs.shape), rng, max_epochs=10)
    return model


def test_a_step_without_noise_is_the_mean_of_one_of_the_elites(model):
    obs, actions = np.ones((300, 2)), np.zeros((300, 2))
    sampled = model.sample_next(obs, actions, np.random.default_rng(1))
    assert len(np.unique(sampled[:, 0])) == 300 and sampled[:, 0].std() > 0.5
    model.noise = 0.0
    means = model.sample_next(obs, actions, np.random.default_rng(1))[:, 0]
    assert len(np.unique(means.round(9))) == 2


@pytest.mark.parametrize("noise", [0.0, 1e-30, 1.0])
def test_part_1_gets_finite_log_variances_only(model, monkeypatch, noise):
    # 1f may then compute with them as it likes: relative to their largest, or as a scale that must not be 0.
    def sample(obs, mean, log_var, stats, elites, rng):
        relative = np.exp(0.5 * (log_var - log_var.max())) * np.exp(0.5 * log_var.max())
        torch.distributions.Normal(torch.as_tensor(mean), torch.as_tensor(relative), validate_args=True)
        return obs + stats["delta_mean"] + stats["delta_std"] * (mean + relative)[elites[0]]

    monkeypatch.setattr("solutions.model.sample_next_obs", sample)
    model.noise = noise
    assert np.isfinite(model.sample_next(np.ones((5, 2)), np.zeros((5, 2)), np.random.default_rng(1))).all()


def test_noise_scales_the_standard_deviation(model):
    obs, actions = np.ones((20_000, 2)), np.zeros((20_000, 2))
    model.elites = model.elites[:1]
    whole = model.sample_next(obs, actions, np.random.default_rng(1)).std(axis=0)
    model.noise = 0.5
    half = model.sample_next(obs, actions, np.random.default_rng(1)).std(axis=0)
    assert half == pytest.approx(whole / 2, rel=0.05)


@torch.no_grad()
def test_the_lower_bound_of_the_log_variance_holds():
    # Far out, where the raw log-variances lie far below any bound.
    inputs = 1e6 * torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    for bound in (-10.0, -2.0):
        _, log_var = DynamicsModel(2, 1, seed=0, min_log_var=bound).gaussian(inputs)
        assert log_var.min() == pytest.approx(bound, abs=1e-3)


@torch.no_grad()
def test_every_bound_that_the_settings_allow_keeps_the_loss_finite():
    inputs = 1e6 * torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    for bound in (-80.0, TrainConfig.model_min_log_var, 0.499):
        TrainConfig(model_min_log_var=bound).check()
        mean, log_var = DynamicsModel(2, 1, seed=0, min_log_var=bound).gaussian(inputs)
        assert torch.isfinite(gaussian_nll(mean.clamp(-1, 1), log_var, torch.zeros_like(mean))).all()
    for bound in (0.5, -200.0):  # exp(200) is more than float32 holds
        with pytest.raises(UserMistake, match="the upper bound"):
            TrainConfig(model_min_log_var=bound).check()


def test_a_saved_model_samples_as_before(model):
    other = DynamicsModel(2, 2, seed=1, hidden=(16,), num_elites=2)
    other.load_state_dict(model.state_dict())
    obs, actions = np.ones((20, 2)), np.zeros((20, 2))
    samples = [m.sample_next(obs, actions, np.random.default_rng(1)) for m in (model, other)]
    assert np.array_equal(*samples)
