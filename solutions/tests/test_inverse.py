"""Models other than the forward model, as a whole: the commands, and the policies on a world that is known."""

import json

import numpy as np
import pytest

from envs.errors import UserMistake
from solutions import between
from solutions.between import BetweenConfig, fill_in, gaps_of
from solutions.inverse import act, expert_episodes, fitting_for, inverse, judge_joint
from solutions.kit.inverse_config import InverseConfig, checked
from solutions.kit.joint import JointGaussian
from solutions.kit.regression import fit_network, of_pairs

SMALL = {"task": "tiny", "episodes": 32, "updates": 400, "n": (5,)}


def test_a_network_learns_a_known_function():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(400, 3)) * [1.0, 100.0, 0.0] + [0.0, 5.0, 2.0]  # the last column never varies
    targets = np.stack([inputs[:, 0], -0.01 * inputs[:, 1]], axis=1).reshape(-1, 2, 1)
    predict = fit_network(of_pairs(inputs, targets, rng), 0, updates=300, hidden=(32,), lr=0.01)
    assert predict(inputs[:7]).shape == (7, 2, 1)
    assert np.abs(predict(inputs) - targets).mean() < 0.1


def test_the_joint_gaussian_of_a_linear_world_knows_everything():
    rng = np.random.default_rng(0)
    A, B = np.array([[0.9, 0.1], [0.0, 0.8]]), np.array([[0.5, 0.0], [0.1, -0.3]])
    obs, actions = rng.normal(size=(500, 2)), rng.uniform(-1, 1, size=(500, 2))
    after = obs @ A + actions @ B
    model = JointGaussian(obs, actions, after)
    both = np.hstack([obs[:9], actions[:9]])
    change = model.expect(np.concatenate([model.state, model.action]), both, model.change)
    assert np.allclose(obs[:9] + change, after[:9], atol=1e-3)
    known = np.concatenate([model.state, model.change])
    found = model.expect(known, np.hstack([obs[:9], after[:9] - obs[:9]]), model.action)
    assert np.allclose(found, actions[:9], atol=1e-2)
    wrong = model.log_density(obs, np.roll(actions, 1, axis=0), after)
    assert np.median(wrong) < np.quantile(model.log_density(obs, actions, after), 0.01)


@pytest.mark.parametrize("model", ["joint", "one-step"])
def test_an_inverse_model_of_random_steps_solves_tiny(model):
    config = InverseConfig(**SMALL, models=(model,))
    assert act(config, fitting_for(config, 0), model, 1)["success"] >= 0.9


def test_counting_down_arrives_and_always_n_does_not():
    config = InverseConfig(**SMALL, models=("n-step", "always-n"), steps=2_000)
    fitting = fitting_for(config, 0)
    success = {model: act(config, fitting, model, 5)["success"] for model in config.models}
    assert success["n-step"] >= success["always-n"] + 0.3


def test_data_are_whole_episodes_and_demonstrations_hold_no_actions():
    assert set(expert_episodes("tiny", 3, 0)) == {"obs", "desired"}
    assert len(fitting_for(InverseConfig(**SMALL, steps=41), 0).random["obs"]) == 3


def test_the_command_writes_figures_and_a_picture(tmp_path):
    path = tmp_path / "figures.json"
    models = ("joint", "chunk", "future")
    trials = inverse(InverseConfig(**SMALL | {"updates": 50, "n": (3, 5)}, models=models, json=path))
    assert [(t["model"], t.get("n")) for t in trials] == [
        ("joint", None), ("chunk", 3), ("chunk", 5), ("future", 3), ("future", 5),
    ]  # fmt: skip
    assert trials[0]["auc"] > 0.8 and min(trials[0]["forward_explained"]) > 0.9
    assert json.loads(path.read_text())["trials"] == trials
    assert path.with_suffix(".png").stat().st_size > 5_000


def test_the_joint_gaussian_is_judged_on_other_transitions_than_it_was_fitted_to():
    config = InverseConfig(**SMALL)
    figures, density = judge_joint(config, fitting_for(config, 0))
    assert len(density.real) == len(density.wrong) == 400
    assert 0.5 < figures["auc"] <= 1


def _bent(episodes: int, seed: int = 0) -> np.ndarray:
    """States (N, 13, 25) of a hand that goes along a bow, the same one everywhere."""
    rng = np.random.default_rng(seed)
    step = np.arange(13)
    states = np.zeros((episodes, 13, 25))
    states[..., :3] = rng.normal(size=(episodes, 1, 3))
    states[..., 0] += 0.03 * step
    states[..., 2] += 0.1 * np.sin(np.pi * step / 12)
    states[..., 3] = step  # the state tells how far it is
    return states


def test_gaps_are_of_single_episodes_and_filled_better_by_a_model_than_by_a_line():
    states = _bent(30)
    obs, start, end, truth = gaps_of(states, 4)
    assert obs.shape == (30 * 8, 25) and truth.shape == (30 * 8, 4, 3)
    assert np.allclose(start[1], states[0, 1, :3]) and np.allclose(end[1], states[0, 6, :3])
    assert np.allclose(truth[8], states[1, 1:5, :3])
    ways = between.fit(states, 4, 300, 0)(_bent(5, seed=1))
    assert ways.centimetres("in-between") < 0.5 * ways.centimetres("straight line")


def test_the_command_between_writes_figures_and_a_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(between, "demonstrations", lambda episodes, seed: _bent(episodes, seed))
    path = tmp_path / "between.json"
    trials = fill_in(BetweenConfig(gaps=(2, 4), demos=20, updates=50, json=path))
    assert [trial["gap"] for trial in trials] == [2, 4]
    assert json.loads(path.read_text())["trials"] == trials
    assert path.with_suffix(".png").stat().st_size > 5_000


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"n": (0,)}, "n must be at least 1"),
        ({"n": (21,)}, "an episode of tiny has 20 steps, so n = 21 is too many"),
        ({"seeds": ()}, "seeds must name at least one, and each once"),
        ({"models": ("joint", "joint")}, "models must name at least one, and each once"),
        ({"longest": 0.0}, "longest must be positive"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"task": "push"}, "unknown task 'push': choose one of tiny, reach"),
    ],
)
def test_a_wrong_value_is_one_sentence(wrong, sentence):
    with pytest.raises(UserMistake, match=sentence) as caught:
        checked(InverseConfig(**SMALL | wrong))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"gaps": (0,)}, "gaps must be at least 1"),
        ({"gaps": (50,)}, "an episode has 50 steps, so a gap of 50 is too long"),
        ({"demos": 3}, "3 are too few"),
    ],
)
def test_a_wrong_value_of_between_is_one_sentence(wrong, sentence):
    with pytest.raises(UserMistake, match=sentence):
        fill_in(BetweenConfig(**wrong))


@pytest.mark.slow
@pytest.mark.parametrize("model", ["one-step", "joint"])
def test_reach_from_1000_random_steps(model):
    config = InverseConfig(models=(model,), episodes=40)
    assert act(config, fitting_for(config, 0), model, 1)["success"] >= 0.95
