"""The checks of Part 3 with one hole left open. Wrong and unusual right code judges them in staff/mutants."""

from pathlib import Path

import pytest

from autograder.tests.variants import assert_blank_costs_itself_only


@pytest.mark.parametrize("subpart", ["3a", "3b", "3c", "3d", "3e", "3f", "3g"])
def test_a_blank_costs_itself_only(subpart: str, tmp_path: Path) -> None:
    assert_blank_costs_itself_only(tmp_path, subpart)
