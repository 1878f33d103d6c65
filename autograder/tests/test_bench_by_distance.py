"""Success and error by how far the goal is."""

import numpy as np
import pytest

from autograder.bench.by_distance import errors_by_distance


def test_each_episode_counts_where_its_goal_lies():
    start = np.zeros((4, 3))
    goals = np.array([[0.25, 0, 0], [0.25, 0, 0], [0, 0.28, 0], [0.95, 0, 0]])
    end = np.array([[0.29, 0, 0], [0.18, 0, 0], [0, 0.29, 0], [0.75, 0, 0]])
    near, far = errors_by_distance(start, end, goals, threshold=0.05)
    assert (near["from"], near["episodes"], far["from"], far["episodes"]) == (0.2, 3, 0.7, 1)
    assert (near["success"], near["within 8 cm"]) == (pytest.approx(2 / 3, abs=1e-3), 1)
    assert near["cm past the goal, median"] == 1.0  # of 4, -7 and 1
    assert (far["success"], far["cm past the goal, median"]) == (0, -20.0)
