"""The conventions every batched env keeps: gymnasium's spaces, autoreset, info, seeds, and its users' mistakes."""

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from envs import TASKS, make_vec, task_spec

N = 3


@pytest.fixture(params=TASKS)
def env(request):
    env = make_vec(request.param, N, seed=7)
    yield env
    env.close()


def equal(a, b):
    return all(np.array_equal(a[key], b[key]) for key in a) and a.keys() == b.keys()


def random_actions(env, rng):
    return rng.uniform(-1, 1, env.action_space.shape).astype(np.float32)


def test_spaces_and_dtypes_hold(env):
    spec = env.task_spec
    obs, info = env.reset()
    assert (
        isinstance(env, gymnasium.vector.VectorEnv)
        and env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    )
    assert info == {} and obs in env.observation_space
    assert obs["observation"].shape == (N, spec.obs_dim) and obs["desired_goal"].shape == (N, spec.goal_dim)
    assert env.action_space.shape == (N, spec.action_dim) and env.single_action_space.dtype == np.float32
    obs, rewards, terminated, truncated, info = env.step(env.action_space.sample())
    assert obs in env.observation_space and all(value.dtype == np.float64 for value in obs.values())
    assert rewards.dtype == np.float64 and terminated.dtype == truncated.dtype == bool
    assert {a.shape for a in (rewards, terminated, truncated, info["is_success"], info["_is_success"])} == {
        (N,)
    }


def test_an_episode_ends_by_truncation_and_the_next_step_resets(env):
    rng = np.random.default_rng(0)
    obs, _ = env.reset()
    goals = obs["desired_goal"]
    for step in range(env.episode_length):
        obs, rewards, terminated, truncated, info = env.step(random_actions(env, rng))
        assert truncated.all() == (step == env.episode_length - 1) and not terminated.any()
        assert np.array_equal(obs["desired_goal"], goals) and info["_is_success"].all()
    final = obs["observation"].copy()
    obs, rewards, terminated, truncated, info = env.step(random_actions(env, rng))
    assert np.array_equal(rewards, np.zeros(N)) and not truncated.any() and info == {}
    assert not np.array_equal(obs["desired_goal"], goals) and not np.array_equal(obs["observation"], final)
    *_, info = env.step(random_actions(env, rng))
    assert info["_is_success"].all()


def test_reward_and_success_follow_from_the_goals(env):
    rng = np.random.default_rng(0)
    env.reset()
    for _ in range(5):
        obs, rewards, _, _, info = env.step(random_actions(env, rng))
        assert np.array_equal(rewards, env.compute_reward(obs["achieved_goal"], obs["desired_goal"]))
        assert np.array_equal(info["is_success"], env.is_success(obs["achieved_goal"], obs["desired_goal"]))
        assert np.array_equal(obs["achieved_goal"], env.achieved_goal(obs["observation"]))
    assert env.compute_reward(
        np.zeros((9, env.task_spec.goal_dim)), np.ones((9, env.task_spec.goal_dim))
    ).shape == (9,)


def test_a_partial_reset_leaves_the_other_rows_alone(env):
    rng = np.random.default_rng(0)
    env.reset()
    for _ in range(4):
        before, *_ = env.step(random_actions(env, rng))
    after, _ = env.reset(options={"reset_mask": np.array([False, True, False])})
    for key in before:
        assert np.array_equal(before[key][[0, 2]], after[key][[0, 2]])
    assert not np.array_equal(before["desired_goal"][1], after["desired_goal"][1])
    # The rows are out of step now: row 1 has four more steps to go than the others.
    for _ in range(env.episode_length - 4):
        *_, truncated, info = env.step(random_actions(env, rng))
    assert truncated.tolist() == [True, False, True]
    _, rewards, _, truncated, info = env.step(random_actions(env, rng))
    assert info["_is_success"].tolist() == [False, True, False] and rewards[0] == rewards[2] == 0.0


def test_returned_arrays_are_the_callers_own(env):
    first, _ = env.reset()
    kept = {key: value.copy() for key, value in first.items()}
    second, *_ = env.step(np.ones(env.action_space.shape))
    assert equal(first, kept)
    for value in second.values():
        value[:] = np.nan
    third, *_ = env.step(np.ones(env.action_space.shape))
    assert all(np.isfinite(value).all() for value in third.values())


def test_same_seed_same_world_and_rows_differ(env):
    twin = make_vec(env.task_spec.name, N, seed=7)
    a, _ = env.reset()
    b, _ = twin.reset()
    assert equal(a, b)
    assert len({tuple(goal) for goal in a["desired_goal"]}) == N
    assert env.np_random_seed == (7, 8, 9)
    # Row i of seed s is row 0 of seed s + i; a seed given later starts the streams again.
    c, _ = twin.reset(seed=8)
    assert np.array_equal(a["desired_goal"][1], c["desired_goal"][0])
    d, _ = twin.reset(seed=[9, None, 7])
    assert np.array_equal(d["desired_goal"][[0, 2]], a["desired_goal"][[2, 0]])
    twin.close()


def test_nothing_depends_on_the_global_random_state(env):
    np.random.seed(0)  # noqa: NPY002
    first, _ = env.reset(seed=3)
    np.random.seed(1)  # noqa: NPY002
    second, _ = env.reset(seed=3)
    assert equal(first, second)


@pytest.mark.parametrize(
    "actions, sentence",
    [
        (lambda shape: np.zeros(shape[1]), "shape"),
        (lambda shape: np.zeros((shape[0] + 1, shape[1])), "shape"),
        (lambda shape: np.full(shape, np.nan), "finite, got NaN or infinity in rows [0, 1, 2]"),
        (lambda shape: np.full(shape, np.inf), "finite"),
        (lambda shape: np.full(shape, "left"), "real numbers"),
        (lambda shape: None, "shape"),
    ],
)
def test_bad_actions_get_one_sentence_and_change_nothing(env, actions, sentence):
    env.reset(seed=0)
    good = np.full(env.action_space.shape, 0.3)
    expected, *_ = env.step(good)
    env.reset(seed=0)
    with pytest.raises(ValueError) as error:
        env.step(actions(env.action_space.shape))
    assert sentence in str(error.value) and "\n" not in str(error.value)
    assert equal(env.step(good)[0], expected)


def test_actions_are_clipped(env):
    env.reset(seed=0)
    expected, *_ = env.step(np.ones(env.action_space.shape))
    env.reset(seed=0)
    assert equal(env.step(np.full(env.action_space.shape, 50.0))[0], expected)


def test_other_mistakes_get_one_sentence(env):
    name = env.task_spec.name
    for wrong in (0, -1, 2.5, True, "3"):
        with pytest.raises(ValueError, match="num_envs must be a whole number"):
            make_vec(name, wrong, 0)
    with pytest.raises(ValueError, match="Unknown reward 'shaped'"):
        make_vec(name, 1, 0, reward="shaped")
    with pytest.raises(ValueError, match="seed must be a whole number"):
        make_vec(name, 1, -1)
    with pytest.raises(ValueError, match="one entry for each of the 3 envs"):
        env.reset(seed=[1, 2])
    with pytest.raises(ValueError, match="3 booleans"):
        env.reset(options={"reset_mask": np.zeros(N, dtype=bool)})
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(np.zeros(env.action_space.shape))


def test_closing_twice_is_fine_and_a_closed_env_says_so(env):
    env.reset()
    env.close()
    env.close()
    with pytest.raises(gymnasium.error.ClosedEnvironmentError, match="closed"):
        env.step(np.zeros(env.action_space.shape))


def test_gymnasiums_own_vector_wrappers_accept_it(env):
    wrapped = gymnasium.wrappers.vector.RecordEpisodeStatistics(env)
    wrapped.reset()
    for _ in range(env.episode_length):
        *_, info = wrapped.step(np.zeros(env.action_space.shape, dtype=np.float32))
    assert info["episode"]["l"].tolist() == [env.episode_length] * N


def test_dense_rewards():
    env = make_vec("tiny", N, seed=0, reward="dense")
    env.reset()
    obs, rewards, *_ = env.step(np.zeros((N, 2)))
    distance = np.linalg.norm(obs["achieved_goal"] - obs["desired_goal"], axis=1)
    assert np.array_equal(rewards, -distance)
    assert task_spec("tiny").distance_threshold == 0.1
