"""Task sets: no episode starts solved, experts solve their own task and no other expert does."""

import numpy as np
import pytest

from envs import zones
from envs.tiny import TinyVariant

TURNED = TinyVariant(2.0, 1.7, (0.4, -0.8))
SETS = [zones.desk(), zones.corners(), zones.ring(6), zones.ring(8, TURNED)]


def last_rewards(tasks: zones.TaskSet, each: int, noise: float = 0.0) -> np.ndarray:
    """(K, each, K): of the last states of episodes, by the task of the expert and the task of the reward."""
    env = tasks.make_env(each * len(tasks), 3)
    obs, told, rng = tasks.reset(env), np.repeat(np.arange(len(tasks)), each), np.random.default_rng(0)
    assert (tasks.rewards(obs["observation"]) == -1).all()
    for _ in range(env.episode_length):
        actions = tasks.act(obs, told)
        obs, *_ = env.step(actions + noise * rng.normal(size=actions.shape))
    env.close()
    return tasks.rewards(obs["observation"]).reshape(len(tasks), each, len(tasks))


@pytest.mark.parametrize("tasks", SETS, ids=lambda tasks: f"{tasks.env}, {len(tasks)}")
def test_experts_solve_their_task_and_no_episode_starts_solved(tasks):
    solved = (last_rewards(tasks, 20) == 0).mean(axis=1)
    assert (np.diag(solved) >= 0.95).all(), solved
    assert (solved - np.diag(np.diag(solved)) <= 0.05).all(), solved


def test_a_set_names_its_tasks():
    for tasks in SETS:
        assert len(tasks) == len(set(tasks.names)) == len(set(tasks.instructions)) == len(tasks.experts)


def test_rewards_keep_the_leading_axes():
    tasks = zones.ring(5)
    obs = np.zeros((3, 7, 4))
    obs[1, 2, 0] = zones.RING  # in the middle of zone 0
    rewards = tasks.rewards(obs)
    assert rewards.shape == (3, 7, 5) and rewards[1, 2].tolist() == [0, -1, -1, -1, -1]
    assert rewards.sum() == -3 * 7 * 5 + 1


def test_a_block_on_the_floor_is_in_no_zone():
    obs = np.zeros((1, 25))
    obs[0, 3:6] = 1.7, 1.0, 0.1  # beyond the edge, to the left and away
    obs[0, :3] = 1.3, 0.7, 0.5
    assert (zones.desk().rewards(obs) == -1).all()


def test_the_ring_turns_with_its_variant():
    plain, turned = zones.ring(8), zones.ring(8, TURNED)
    points = np.random.default_rng(0).uniform(-1, 1, size=(500, 2))
    seen = [
        np.concatenate([v.observe_points(points), np.zeros((500, 2))], axis=1)
        for v in (TinyVariant(), TURNED)
    ]
    assert (plain.rewards(seen[0]) == turned.rewards(seen[1])).all()
    assert (plain.rewards(seen[0]) == 0).any(axis=0).all()
