"""The batched Fetch tasks: equal to the originals, whatever the number of threads, and clean about them."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from autograder.bench.exactness import FETCH_TASKS, compare_task
from envs import make_vec
from envs.row_pool import RowPool


@pytest.mark.parametrize("task", FETCH_TASKS)
@pytest.mark.parametrize("reward", ["sparse", "dense"])
def test_equals_gymnasium_robotics(task, reward):
    found = compare_task(task, episodes=4, seed=11, num_envs=2, reward=reward)
    assert found.episodes == 4 and found.values > 3000
    assert found.mismatches == 0, f"differs in {found.mismatches_by_key} by up to {found.largest_difference}"


@pytest.mark.slow
@pytest.mark.parametrize("task", FETCH_TASKS)
def test_equals_gymnasium_robotics_for_long(task):
    found = compare_task(task, episodes=24, seed=100, num_envs=8)
    assert found.mismatches == 0, f"differs in {found.mismatches_by_key} by up to {found.largest_difference}"


def test_the_comparison_can_fail(monkeypatch):
    from envs.fetch import FetchVecEnv

    original = FetchVecEnv._observe
    monkeypatch.setattr(FetchVecEnv, "_observe", lambda self: np.nextafter(original(self), np.inf))
    found = compare_task("reach", episodes=1, num_envs=1)
    assert found.mismatches_by_key["observation"] > 0.9 * 10 * 52
    assert 0 < found.largest_difference < 1e-15


def test_matches_gymnasiums_sync_vector_env_step_by_step():
    """Not only the originals one by one: autoreset, rewards and info as SyncVectorEnv gives them."""
    import gymnasium

    theirs = gymnasium.make_vec("FetchPickAndPlace-v4", 2, vectorization_mode="sync")
    ours = make_vec("pick_and_place", 2, seed=3)
    (a, info_a), (b, info_b) = ours.reset(), theirs.reset(seed=3)
    assert info_a == info_b
    rng = np.random.default_rng(0)
    for _ in range(105):
        for key in b:
            assert np.array_equal(a[key], b[key])
        actions = rng.uniform(-1, 1, (2, 4)).astype(np.float32)
        (a, *mine, info_a), (b, *yours, info_b) = ours.step(actions), theirs.step(actions)
        assert all(np.array_equal(x, y) for x, y in zip(mine, yours, strict=True))
        assert info_a.keys() == info_b.keys()
        assert all(np.array_equal(info_a[key], info_b[key]) for key in info_a)
    theirs.close()


def test_threads_change_nothing():
    trajectories = []
    for threads in (1, 2, 5):
        env = make_vec("push", 5, seed=0, threads=threads)
        env.reset()
        rng = np.random.default_rng(0)
        steps = [env.step(rng.uniform(-1, 1, (5, 4)))[0]["observation"] for _ in range(10)]
        trajectories.append(np.array(steps))
        env.close()
    assert np.array_equal(trajectories[0], trajectories[1])
    assert np.array_equal(trajectories[0], trajectories[2])


def test_two_envs_do_not_disturb_each_other():
    alone = make_vec("push", 1, seed=0)
    alone.reset()
    expected = [alone.step(np.full((1, 4), 0.5))[0]["observation"] for _ in range(5)]
    a, b = make_vec("push", 1, seed=0), make_vec("push", 1, seed=1)
    a.reset()
    b.reset()
    for step in range(5):
        seen = a.step(np.full((1, 4), 0.5))[0]["observation"]
        b.step(np.full((1, 4), -0.5))
        assert np.array_equal(seen, expected[step])


def test_threads_end_with_the_env_closed_or_forgotten():
    before = threading.active_count()

    def used():
        env = make_vec("reach", 4, seed=0, threads=3)
        env.reset()
        env.step(np.zeros((4, 4)))
        assert before < threading.active_count() <= before + 2  # the calling thread works too
        return env

    used().close()
    assert threading.active_count() == before
    env = used()
    del env
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_the_first_env_of_a_process_can_be_forgotten_too():
    """Importing the simulator must keep nothing of the caller alive."""
    code = (
        "import gc, sys, threading, weakref\n"
        "from envs import make_vec\n"
        "def use():\n"
        "    env = make_vec('reach', 2, seed=0, threads=2)\n"
        "    env.reset()\n"
        "    return weakref.ref(env)\n"
        "env = use()\n"
        "gc.collect()\n"
        "print(env() is None)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "True" and result.stderr == ""


@pytest.mark.parametrize("threads", [0, -2, 1.5])
def test_bad_thread_counts_are_refused(threads):
    with pytest.raises(ValueError, match="threads must be"):
        make_vec("reach", 2, 0, threads=threads)


def test_the_pool_runs_every_row_once_and_passes_errors_on():
    pool = RowPool(3)
    done: list[int] = []
    pool.run(done.append, range(50))
    assert sorted(done) == list(range(50))

    def fail(row):
        if row == 7:
            raise KeyError(row)

    with pytest.raises(KeyError):
        pool.run(fail, range(20))
    done.clear()
    pool.run(done.append, range(5))
    assert sorted(done) == list(range(5))
    pool.close()
    pool.close()


def test_objects_start_clear_of_the_gripper():
    env = make_vec("push", 32, seed=0)
    obs, _ = env.reset()
    gap = np.linalg.norm(obs["observation"][:, 3:5] - obs["observation"][:, :2], axis=1)
    assert gap.min() > 0.09  # 0.1 m from where the gripper was set up
