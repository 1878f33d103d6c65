"""Trained weights: the file with the policy."""

from collections.abc import Callable
from pathlib import Path

from autograder.checks.checking import subpart
from autograder.checks.policy_file import FILE, TASK, read_policy


@subpart("5a", hint=f"train on {TASK}, then copy the run's weights.safetensors to hw/{FILE}")
def test_the_file_holds_a_policy(submitted_file: Callable[[str], Path]) -> None:
    """The file holds a policy for the task that is graded: right tensors, right sizes, finite numbers and actions."""
    read_policy(submitted_file(FILE))
