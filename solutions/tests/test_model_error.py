"""Measuring the model's error, on a model whose errors are known."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from envs import task_spec
from envs.errors import UserMistake
from solutions.model_error import ErrorConfig, errors, measure


class Drifting:
    """The gripper moves by the action, the object stays; reality below differs from it."""

    def sample_next(self, obs, actions, rng):
        after = obs.copy()
        after[:, :3] += actions[:, :3]
        return after


def test_errors_by_hand():
    spec, rng = task_spec("push"), np.random.default_rng(0)
    obs, actions = np.zeros((1, 5, spec.obs_dim)), np.zeros((1, 4, spec.action_dim))
    actions[0, :, 0] = 0.01
    obs[0, :, 0] = 0.01 * np.arange(5)  # the gripper moves as the model says
    obs[0, 3:, 4] = 0.2  # the object is thrown 20 cm in the third step
    data = {"obs": obs, "actions": actions, "achieved": spec.achieved_goal(obs)}
    found = errors(Drifting(), SimpleNamespace(task_spec=spec), data, 2, rng)
    assert np.allclose(found["gripper"], 0)
    assert np.allclose(found["object"], [0, 0.2, 0.2]) and np.allclose(found["moved"], [0, 0.2, 0.2])
    assert found["contact"].tolist() == [False, True, True]


def test_the_error_grows_along_a_rollout(tmp_path):
    path = tmp_path / "errors.json"
    rows = measure(ErrorConfig(task="tiny", episodes=32, test_episodes=32, horizons=(1, 5), json=path))
    assert [(row["steps"], row["motion"]) for row in rows] == [(1, "free"), (5, "free")]
    assert rows[0]["gripper"][0] < rows[1]["gripper"][0] < rows[1]["moved"][0]
    assert json.loads(path.read_text())["errors"] == rows


def test_a_horizon_longer_than_an_episode_is_one_sentence():
    with pytest.raises(UserMistake, match="no horizon can be longer"):
        measure(ErrorConfig(task="tiny", horizons=(1000,)))


@pytest.mark.parametrize(
    "wrong",
    [
        *({"horizons": ()}, {"horizons": (0,)}, {"seed": -1}, {"episodes": 0}),
        *({"model_noise": -1.0}, {"model_min_log_var": 1.0}),
    ],
)
def test_a_setting_out_of_range_is_one_sentence(wrong):
    with pytest.raises(UserMistake, match=rf"^{next(iter(wrong))} must [^\n]*$"):
        measure(ErrorConfig(task="tiny", **wrong))
