"""Trained weights: the file with the policy."""

from autograder.checks.checking import subpart
from autograder.checks.policy_file import FILE, read_policy


@subpart("5a", hint=f"train on reach, then copy the run's weights.safetensors to hw/{FILE}")
def test_the_file_holds_a_policy_for_reach(submitted_file):
    """The file holds a policy for FetchReach: right tensors, right sizes, finite numbers and actions."""
    read_policy(submitted_file(FILE))
