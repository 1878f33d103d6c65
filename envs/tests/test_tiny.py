"""The tiny env: its arithmetic, its variants, and the conventions it shares with the Fetch env."""

import numpy as np
import pytest

from envs.scripted import TinyController, success_rate
from envs.tiny import TinyVariant, TinyVecEnv

TURNED = TinyVariant(rotation=0.7, scale=1.5, shift=(3.0, -2.0))


def test_one_step_from_rest_by_hand():
    env = TinyVecEnv(2, seed=0)
    before, _ = env.reset()
    after, *_ = env.step(np.array([[1.0, 0.0], [-0.5, 0.2]]))
    moved = after["achieved_goal"] - before["achieved_goal"]
    np.testing.assert_allclose(moved, [[0.075, 0.0], [-0.0375, 0.015]], atol=1e-12)
    again, *_ = env.step(np.zeros((2, 2)))  # inertia: half of the velocity stays
    np.testing.assert_allclose(again["observation"][:, 2:], moved / 2, atol=1e-12)


def test_a_wall_stops_the_point():
    env = TinyVecEnv(1, seed=0)
    env.reset()
    for _ in range(19):
        obs, *_ = env.step(np.array([[1.0, -1.0]]))
    assert obs["observation"][0].tolist() == [1.0, -1.0, 0.0, 0.0]


def test_a_variant_is_the_same_world_turned_scaled_and_shifted():
    plain, turned = TinyVecEnv(3, seed=4), TinyVecEnv(3, seed=4, variant=TURNED)
    (a, _), (b, _) = plain.reset(), turned.reset()
    rng = np.random.default_rng(0)
    for _ in range(30):  # across an episode's end
        for key in ("achieved_goal", "desired_goal"):
            np.testing.assert_allclose(TURNED.observe_points(a[key]), b[key], atol=1e-12)
        actions = rng.uniform(-1, 1, (3, 2))
        (a, ra, _, ta, _), (b, rb, _, tb, _) = plain.step(actions), turned.step(actions)
        assert np.array_equal(ra, rb) and np.array_equal(ta, tb)
    assert turned.task_spec.distance_threshold == pytest.approx(0.15)


def test_variants_are_drawn_from_the_generator_only():
    draws = [TinyVariant.random(np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
    assert 0.5 <= draws[0].scale <= 2.0


@pytest.mark.parametrize("bad", [{"scale": 0.0}, {"rotation": np.nan}, {"shift": (1.0, np.inf)}])
def test_an_impossible_variant_is_refused(bad):
    with pytest.raises(ValueError, match="TinyVariant"):
        TinyVariant(**bad)


def test_a_controller_made_for_one_variant_fails_on_another():
    opposite = TinyVariant(rotation=np.pi, scale=1.0)
    assert success_rate(TinyVecEnv(50, 0), TinyController()) == 1.0
    assert success_rate(TinyVecEnv(50, 0, variant=opposite), TinyController()) < 0.1


def test_every_goal_can_be_reached_in_every_variant_and_random_actions_rarely_do():
    rng = np.random.default_rng(1)
    for seed in range(3):
        variant = TinyVariant.random(rng)
        env = TinyVecEnv(100, seed, variant=variant)
        assert success_rate(env, TinyController(variant)) == 1.0
        assert success_rate(env, lambda obs: rng.uniform(-1, 1, (100, 2))) < 0.06
