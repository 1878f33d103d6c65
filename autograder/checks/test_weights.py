"""Trained weights: the file holds a policy, and the policy reaches its goals in the grader's simulator.

Task and threshold are the course's (course.toml). If it names no threshold, the measured one counts (`make calibrate`),
which a correct solution reaches in at least 99 of 100 trainings. Each grading draws goals of its own.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from autograder.checks.checking import CheckFailed, expect, subpart
from autograder.checks.play_policy import play
from autograder.checks.policy_file import FILE, TASK, THRESHOLD, read_policy

NO_POLICY = (
    "the file holds no policy that can be played: the other check of this part says what is wrong with it"
)


@subpart("5a", hint=f"train on {TASK}, then copy the run's weights.safetensors to hw/{FILE}")
def test_the_file_holds_a_policy(submitted_file: Callable[[str], Path]) -> None:
    """The file holds a policy for the task that is graded: right tensors, right sizes, finite numbers and actions."""
    read_policy(submitted_file(FILE))


@subpart(
    "5a", hint="train longer, and look at the run's curve.png", weight=8, kind="threshold", time_limit=300
)
def test_the_policy_reaches_fresh_goals(
    submitted_file: Callable[[str], Path], fresh_rng: np.random.Generator
) -> None:
    """The policy reaches fresh goals as often as a correct solution does (sequential test)."""
    try:
        arrays = read_policy(submitted_file(FILE))
    except CheckFailed as failed:
        raise CheckFailed(NO_POLICY, str(failed)) from None
    verdict = play(arrays, TASK, THRESHOLD, seed=int(fresh_rng.integers(2**31)))
    expect(
        verdict.passed,
        f"the policy reached {verdict.successes} of {verdict.episodes} fresh goals on {TASK}, and {THRESHOLD:.0%} are "
        "asked for: a policy that good does as badly with a probability below 1 in 1000",
    )
