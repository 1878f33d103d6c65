"""Rewards: hand-computed cases and agreement with the original's formula."""

import numpy as np
import pytest

from envs import rewards

ORIGIN = np.zeros((3, 3))
AT = np.array([[0.03, 0.04, 0.0], [0.0, 0.0, 0.0501], [0.0, 0.0, 0.0499]])  # 0.05, 0.0501 and 0.0499 m away


def test_distance_is_euclidean_over_the_last_axis():
    np.testing.assert_allclose(rewards.goal_distance(AT, ORIGIN), [0.05, 0.0501, 0.0499], rtol=1e-12)
    assert rewards.goal_distance(np.ones((4, 5, 2)), np.zeros((4, 5, 2))).shape == (4, 5)


def test_sparse_reward_is_zero_at_the_goal_and_minus_one_elsewhere():
    assert rewards.reward_at(rewards.goal_distance(AT, ORIGIN), "sparse", 0.05).tolist() == [0.0, -1.0, 0.0]


def test_exactly_at_the_threshold_costs_nothing_but_is_no_success():
    distance = rewards.goal_distance(np.array([[0.5, 0.0]]), np.zeros((1, 2)))
    assert rewards.reward_at(distance, "sparse", 0.5) == 0.0
    assert rewards.success_at(distance, 0.5) == 0.0
    assert rewards.success_at(distance, np.nextafter(0.5, 1)) == 1.0


def test_dense_reward_is_the_negative_distance():
    distance = rewards.goal_distance(AT, ORIGIN)
    np.testing.assert_allclose(rewards.reward_at(distance, "dense", 0.05), [-0.05, -0.0501, -0.0499])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_are_float64_for_any_float_input(dtype):
    distance = rewards.goal_distance(AT.astype(dtype), ORIGIN.astype(dtype))
    for result in (
        rewards.reward_at(distance, "sparse", 0.05),
        rewards.reward_at(distance, "dense", 0.05),
        rewards.success_at(distance, 0.05),
    ):
        assert result.dtype == np.float64 and result.shape == (3,)


def test_shapes_that_would_broadcast_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        rewards.goal_distance(np.zeros((4, 3)), np.zeros(3))


def test_an_unknown_reward_is_named():
    with pytest.raises(ValueError, match="'shaped'"):
        rewards.check_reward_type("shaped")
