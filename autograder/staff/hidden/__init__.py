"""What only a grading may see: hidden checks, their thresholds, and the canary that tries the sandbox."""

from pathlib import Path

from autograder import checks

ROOTS = {"public": Path(checks.__file__).parent, "hidden": Path(__file__).parent}
