"""Exploration that lasts longer than a step: repeated actions, and the scripts that find the object."""

from dataclasses import replace

import numpy as np
import pytest

from envs import make_vec, task_spec
from solutions.kit import scripted
from solutions.kit.collect import collect_episodes, random_episodes
from solutions.kit.exploration import LONGEST_REPEAT, exploring, repeating, with_script
from solutions.kit.recipes import default_config


def still(obs, goals):
    return np.zeros((len(obs), 4))


def test_repeated_actions_are_uniform_and_last_between_two_and_eleven_steps():
    policy, runs = repeating(still, 0.1, np.random.default_rng(0)), []
    actions = np.stack([policy(np.zeros((400, 3)), None) for _ in range(300)])
    assert np.all(np.abs(actions) <= 1) and abs(actions[actions != 0].mean()) < 0.02
    for row in range(400):
        changes = np.flatnonzero(np.any(np.diff(actions[:, row], axis=0) != 0, axis=1))
        starts, ends = changes[:-1], changes[1:]
        repeated = np.any(actions[starts + 1, row] != 0, axis=1)
        runs += (ends - starts)[repeated].tolist()
    assert min(runs) == 2 and max(runs) == LONGEST_REPEAT
    assert abs(np.mean(runs) - (2 + LONGEST_REPEAT) / 2) < 0.2


def test_a_repeated_action_leaves_the_other_rows_alone():
    policy = repeating(lambda obs, goals: obs, 0.05, np.random.default_rng(0))
    obs = np.full((1000, 4), 0.123)
    kept = np.all(policy(obs, None) == obs, axis=1)
    assert abs(kept.mean() - 0.95) < 0.03


def test_without_probability_or_script_the_policy_is_the_policy_itself():
    rng = np.random.default_rng(0)
    assert repeating(still, 0.0, rng) is still
    assert with_script(still, task_spec("push"), "none", 0.5, 0.2, rng) is still
    assert with_script(still, task_spec("push"), "poke", 0.0, 0.2, rng) is still


@pytest.mark.parametrize("fade, shares", [(0.0, (0.5, 0.5, 0.5)), (0.4, (0.5, 0.3, 0.1))])
def test_the_script_acts_less_and_less_over_the_share_in_which_it_fades(fade, shares):
    config = replace(
        default_config("slide"), scripted="approach", scripted_fraction=0.5, scripted_fade=fade,
        repeat_probability=0.0, total_steps=1000,
    )  # fmt: skip
    spec = task_spec("slide")
    obs = np.zeros((4000, spec.obs_dim))
    obs[:, :3] = 1.0  # the gripper, far from the object
    for steps, share in zip((0, 200, 900), shares, strict=True):
        policy = exploring(still, config, spec, steps, np.random.default_rng(2))
        acts = np.any(policy(obs, None) != 0, axis=1)
        assert abs(acts.mean() - share) < 0.03


@pytest.mark.parametrize("task", ["push", "slide"])
def test_pokes_move_the_object_and_approaches_find_it(task):
    env = make_vec(task, 16, seed=0)

    def farthest(script: str, share: float) -> tuple[np.ndarray, np.ndarray]:
        env.reset(seed=0)
        data = collect_episodes(
            env, with_script(still, env.task_spec, script, share, 0.1, np.random.default_rng(1))
        )
        moved = np.linalg.norm(data["achieved"] - data["achieved"][:, :1], axis=2).max(axis=1)
        apart = np.linalg.norm(data["obs"][..., 3:6] - data["obs"][..., :3], axis=2).min(axis=1)
        return moved, apart

    moved, _ = farthest("poke", 1.0)
    assert np.mean(moved > 0.05) >= 0.6
    _, apart = farthest("approach", 1.0)
    assert np.all(apart < 0.06)
    moved, apart = farthest("poke", 0.4)  # only some of the rows are taken over
    assert 2 <= np.sum(apart > 0.08) <= 14 and np.all(moved[apart > 0.08] < 0.02)
    env.close()


def test_carries_lift_the_object():
    env, rng = make_vec("pick_and_place", 32, seed=0), np.random.default_rng(1)

    def lifted(script: str) -> float:
        env.reset(seed=0)
        path = collect_episodes(env, with_script(still, env.task_spec, script, 1.0, 0.2, rng))["achieved"][
            ..., 2
        ]
        return np.mean((path - path[:, :1]).max(axis=1) > 0.03)

    assert lifted("carry") >= 0.75 and lifted("approach") <= 0.15
    env.close()


def test_a_strike_sends_the_puck_away_from_the_robot_and_keeps_it_on_the_table():
    env, rng = make_vec("slide", 64, seed=0), np.random.default_rng(1)

    def paths(script: str) -> np.ndarray:
        env.reset(seed=0)
        return collect_episodes(env, with_script(still, env.task_spec, script, 1.0, 0.1, rng))["achieved"]

    struck, poked = paths("strike"), paths("poke")
    fell = [np.mean(path[:, -1, 2] < path[:, 0, 2] - 0.05) for path in (struck, poked)]
    assert fell[0] <= 0.15 and fell[1] >= 0.4
    ahead = struck[:, -1, 0] - struck[:, 0, 0]
    assert np.mean(ahead > 0.1) >= 0.7 and np.mean(ahead < -0.05) <= 0.05
    env.close()


def test_an_action_noise_of_0_02_moves_where_a_strike_sends_the_puck_by_centimetres():
    env, ends = make_vec("slide", 64, seed=0), []
    for noise_std in (0.0, 0.02):
        env.reset(seed=0)
        policy = with_script(still, env.task_spec, "strike", 1.0, noise_std, np.random.default_rng(1))
        ends.append(collect_episodes(env, policy)["achieved"][:, -1])
    assert 0.01 < np.median(np.linalg.norm(ends[1] - ends[0], axis=1)) < 0.06
    env.close()


def test_a_strike_above_the_middle_of_the_puck_sends_it_farther_than_one_at_it(monkeypatch):
    env = make_vec("slide", 64, seed=0)

    def far() -> float:
        env.reset(seed=0)
        policy = with_script(still, env.task_spec, "strike", 1.0, 0.0, np.random.default_rng(1))
        path = collect_episodes(env, policy)["achieved"]
        return np.quantile(np.linalg.norm(path[:, -1] - path[:, 0], axis=1), 0.9)

    level = far()
    monkeypatch.setattr(scripted, "LEVEL", (0.0, 0.0))
    assert level > 0.55 and level > far() + 0.1
    env.close()


def test_random_episodes_are_as_many_episodes_as_asked_for():
    data = random_episodes("tiny", 23, 0, np.random.default_rng(0))
    assert data["actions"].shape == (23, 20, 2) and np.abs(data["actions"]).max() <= 1
    held = (np.diff(data["actions"], axis=1) == 0).all(axis=2).mean()
    assert 0.6 < held < 0.95  # actions last 2 to 11 steps
