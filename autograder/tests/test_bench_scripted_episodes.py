"""What the bench of scripts counts, on four made-up episodes."""

import numpy as np

from autograder.bench.scripted_episodes import shares
from envs import task_spec


def test_what_a_script_shows_is_counted_by_episode():
    still, on_the_table, up_and_down, begins_there = np.zeros((4, 3, 3))
    on_the_table[1:, 0] = 0.10
    up_and_down[1, 2] = 0.20
    goals = np.array([[0.5, 0, 0], [0.11, 0, 0], [0, 0, 0.22], [0.01, 0, 0]])
    found = shares(
        np.stack([still, on_the_table, up_and_down, begins_there]), goals, task_spec("pick_and_place")
    )
    assert found == {
        "moved": 0.5,
        "lifted": 0.25,
        "a goal on the table met by luck": 0.25,  # not where it was met at the start
        "a goal in the air met by luck": 0.25,  # in the middle of an episode counts
    }
