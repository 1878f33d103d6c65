"""Trained weights: does the policy reach its goals? Played in the grader's own simulator, on fresh seeds.

Task and threshold are the course's (course.toml). If it names no threshold, the measured one counts (`make calibrate`),
which a correct solution reaches in at least 99 of 100 trainings. The verdict is a sequential test
(autograder/checks/sequential.py): a policy with a true success rate of at least THRESHOLD fails with probability at
most 1e-3; one at or below THRESHOLD - MARGIN passes with probability at most 0.004 if the threshold is .95, and more
often if it is lower (0.04 for .88, 0.13 for .77), the chance of an undecided budget included.
The whole curve: `python -m autograder.bench.operating`, autograder/bench/results/operating.png.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from autograder.checks.checking import CheckFailed, expect, expect_array, subpart
from autograder.checks.policy_file import FILE, HIDDEN, PART, TASK, read_policy
from autograder.checks.sequential import sequential_test
from autograder.course.settings import ERROR, MARGIN, MAX_EPISODES
from envs import make_vec
from envs.tasks import TaskSpec
from solutions.agent import Agent
from solutions.kit.collect import collect_episodes

THRESHOLD = PART.threshold
NO_POLICY = (
    "the file holds no policy that can be played: the public check of this part says what is wrong with it"
)
ENVS = 10  # episodes played side by side; at most so many more than the test needs


def agent_with(arrays: dict, spec: TaskSpec) -> Agent:
    """The reference's agent for a task, acting with these tensors."""
    dims = (spec.obs_dim, spec.goal_dim, spec.action_dim)
    agent = Agent(*dims, goal_start=spec.goal_start, hidden=(HIDDEN, HIDDEN))
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    agent.actor.load_state_dict(
        {name.removeprefix("actor."): x for name, x in tensors.items() if "actor." in name}
    )
    for name in ("obs_norm", "goal_norm"):
        getattr(agent, name).mean.copy_(tensors[f"{name}.mean"])
        getattr(agent, name).std.copy_(tensors[f"{name}.std"])
    return agent


@subpart("5a", weight=8, kind="threshold", time_limit=300)
def test_the_policy_reaches_fresh_goals(
    submitted_file: Callable[[str], Path], fresh_rng: np.random.Generator
) -> None:
    """The policy reaches fresh goals as often as a correct solution does (sequential test)."""
    try:
        arrays = read_policy(submitted_file(FILE))
    except CheckFailed as failed:
        raise CheckFailed(NO_POLICY, str(failed)) from None
    env = make_vec(TASK, ENVS, int(fresh_rng.integers(2**31)), threads=1)
    spec = env.task_spec
    agent = agent_with(arrays, spec)

    def act(obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        actions = agent.act(obs, goals)
        return expect_array(actions, shape=(len(obs), spec.action_dim), name="the actions of your policy")

    def successes() -> Iterator[bool]:
        while True:
            episodes = collect_episodes(env, act)
            yield from map(bool, env.is_success(episodes["achieved"][:, -1], episodes["desired"]))

    try:
        verdict = sequential_test(successes(), THRESHOLD, MARGIN, ERROR, ERROR, MAX_EPISODES)
    finally:
        env.close()
    expect(
        verdict.passed,
        "the policy reaches so few fresh goals that the success rate asked for explains it with a probability below "
        "1 in 1000: train longer, and look at the run's curve.png",
    )
