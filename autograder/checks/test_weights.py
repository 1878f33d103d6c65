"""Part 5: the file with the trained policy."""

from collections.abc import Callable
from pathlib import Path

from autograder.checks.checking import subpart
from autograder.checks.reach_policy import FILE, read_policy


@subpart("5a", hint=f"train on reach, then copy the run's weights.safetensors to hw/{FILE}")
def test_the_file_holds_a_policy_for_reach(submitted_file: Callable[[str], Path]) -> None:
    """The file holds a policy for FetchReach: right tensors, right sizes, finite numbers."""
    read_policy(submitted_file(FILE))
