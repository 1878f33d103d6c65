"""Another answer in one hole: of a solution, whose markers stay, and of a starter's file."""

from pathlib import Path

import pytest

from autograder.course.parts import read_parts
from autograder.staff.release.holes import hole_text, replace_hole
from autograder.staff.release.markers import find_blocks

ROOT = Path(__file__).parents[2]
SOLVED = (
    "def f(x):\n    # BEGIN SOLUTION 4a\n    # hint: look\n    if x:\n        y = 1\n    # END SOLUTION\n"
)
OPEN = (
    'def f(x):\n    # TODO(4a): look\n    # TODO(4a): twice\n    raise NotImplementedError("TODO(4a): it")\n'
)


def test_the_text_of_a_hole_and_another_in_its_place():
    assert hole_text(SOLVED, "4a") == "# hint: look\nif x:\n    y = 1\n"
    assert hole_text(OPEN, "4a").splitlines()[0] == "# TODO(4a): look"
    new = "if x:\n    y = 2\n\nelse:\n    y = 3"
    inside = "    if x:\n        y = 2\n\n    else:\n        y = 3\n"
    assert replace_hole(OPEN, "4a", new) == f"def f(x):\n{inside}"
    changed = replace_hole(SOLVED, "4a", new)
    assert changed == f"def f(x):\n    # BEGIN SOLUTION 4a\n{inside}    # END SOLUTION\n"
    assert hole_text(changed, "4a") == new + "\n" and find_blocks(changed, "f.py", ["4a"])


def test_a_hole_that_is_not_there_is_named():
    for text in (SOLVED, OPEN, ""):
        with pytest.raises(ValueError, match="no hole 4b"):
            replace_hole(text, "4b", "pass")


def test_every_hole_of_the_assignment_is_found_in_both_trees_and_nothing_beside_it_changes():
    for part in read_parts().parts:
        if part.module:
            solved, given = ((ROOT / tree / part.file).read_text() for tree in ("solutions", "hw"))
            for sub in part.subparts:
                solved = replace_hole(solved, sub.id, hole_text(given, sub.id))
            for sub in part.subparts:
                given = replace_hole(given, sub.id, hole_text(solved, sub.id))
            lines = [
                line for line in solved.splitlines() if "# BEGIN SOL" not in line and "# END SOL" not in line
            ]
            assert "\n".join(lines) + "\n" == given == (ROOT / "hw" / part.file).read_text()
