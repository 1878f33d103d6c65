"""Submitted weights at work: the policy that a file holds, and the sequential test of its success on fresh goals.

The verdict's error probabilities (autograder/checks/sequential.py): a policy with a true success rate of at least the
threshold fails with probability at most 1e-3; one at or below threshold - MARGIN passes with probability at most 0.004
if the threshold is .95, and more often if it is lower (0.20 for .66), the chance of an undecided budget
included. The whole curve: `python -m autograder.bench.operating`, autograder/bench/results/operating.png.
"""

from collections.abc import Callable, Iterator

import numpy as np

from autograder.checks.policy_file import CLIP, layers
from autograder.checks.sequential import Verdict, sequential_test
from autograder.course.settings import ERROR, MARGIN, MAX_EPISODES
from envs import make_vec
from envs.tasks import TaskSpec

ENVS = 10  # episodes played side by side; at most so many more than the test needs


def policy(arrays: dict[str, np.ndarray], spec: TaskSpec) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Greedy actions (n, A) for raw observations (n, O) and goals (n, G), as the given agent acts (`hw/agent.py`).

    The goal is seen relative to what the state achieves, both are normalised and clipped, and tanh bounds the actions.
    """

    def normalised(rows: np.ndarray, name: str) -> np.ndarray:
        scaled = (rows.astype(np.float32) - arrays[f"{name}.mean"]) / arrays[f"{name}.std"]
        return np.clip(scaled, -CLIP, CLIP)

    def act(obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        relative = goals - spec.achieved_goal(obs)
        seen = np.concatenate([normalised(obs, "obs_norm"), normalised(relative, "goal_norm")], axis=1)
        return np.tanh(layers(arrays, seen))

    return act


def play(arrays: dict[str, np.ndarray], task: str, threshold: float, seed: int) -> Verdict:
    """Play fresh goals of the task until it is sure whether the policy's success rate reaches the threshold."""
    env = make_vec(task, ENVS, seed, threads=1)
    act = policy(arrays, env.task_spec)

    def successes() -> Iterator[bool]:
        while True:
            obs, _ = env.reset()
            for _ in range(env.episode_length):
                obs, *_ = env.step(act(obs["observation"], obs["desired_goal"]))
            yield from map(bool, env.is_success(obs["achieved_goal"], obs["desired_goal"]))

    try:
        return sequential_test(successes(), threshold, MARGIN, ERROR, ERROR, MAX_EPISODES)
    finally:
        env.close()
