"""The scripted policies do what they are shown for."""

import numpy as np
import pytest

from envs import make_vec, scripted


@pytest.mark.parametrize(
    "task, policy, share",
    [("reach", scripted.reach, 1.0), ("push", scripted.push, 0.9), ("pick_and_place", scripted.pick, 0.95)],
)
def test_scripts_solve_their_task(task, policy, share):
    env = make_vec(task, 24, seed=0)
    assert scripted.success_rate(env, policy) >= share
    env.close()


def test_random_actions_do_not():
    env = make_vec("reach", 24, seed=0)
    policy = scripted.RandomPolicy(4, np.random.default_rng(0))
    assert scripted.success_rate(env, policy) < 0.5
    env.close()
