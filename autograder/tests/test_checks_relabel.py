"""The checks of Part 4 with one hole left open. Wrong and unusual right code judges them in staff/mutants."""

from pathlib import Path

import pytest

from autograder.tests.variants import assert_blank_costs_itself_only


@pytest.mark.parametrize("subpart", ["4a", "4b", "4c", "4d", "4e", "4f"])
def test_a_blank_costs_itself_only(subpart: str, tmp_path: Path) -> None:
    assert_blank_costs_itself_only(tmp_path, subpart)
