"""The measurements at a small size: the made-up class is one, and the simulation goes through all its stages."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.bench.grading.again import measure_again
from autograder.bench.grading.cores import RESULTS, page
from autograder.bench.grading.scale import measure_scale
from autograder.course.parts import read_parts
from autograder.staff.batch.uploads.find import find_uploads
from autograder.staff.made_class.kinds import build_class

SOLUTIONS = Path(__file__).parents[2] / "solutions"


def test_a_made_class_has_every_kind_and_repeats_with_its_seed(tmp_path: Path) -> None:
    kinds = build_class(tmp_path / "a", 100, 3, SOLUTIONS, read_parts())
    assert sum(kinds.values()) == 100 and min(kinds.values()) >= 5
    build_class(tmp_path / "b", 100, 3, SOLUTIONS, read_parts())
    uploads = [find_uploads(tmp_path / name, read_parts())[1] for name in "ab"]
    assert [u.key for u in uploads[0]] == [u.key for u in uploads[1]] and len(uploads[0]) == 100
    tops = (tmp_path / "a", tmp_path / "b")
    texts = [{path.relative_to(top): path.read_bytes() for path in top.rglob("*.py")} for top in tops]
    assert texts[0] == texts[1]


def test_the_page_of_arithmetic_follows_from_the_measurements() -> None:
    assert (RESULTS / "cores.md").read_text() == page()


@pytest.mark.slow
def test_a_simulation_is_killed_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    figures = measure_scale(40, 1, similarity=False, kept=tmp_path)
    assert figures["grades.csv unchanged by another run"]
    assert 0 < figures["check files graded after the kill"] < 40 * 11
    assert figures["sizes (MB)"]["report.html"] < 5
    assert len((tmp_path / "out/grades.csv").read_text().splitlines()) == 41


@pytest.mark.slow
def test_graded_twice_with_other_seeds_the_points_are_the_same() -> None:
    figures = measure_again(2, 1, names=("half done",))
    earned = [figures[f"half done, {checks} checks"] for checks in ("unit", "all")]
    assert [row["points"] for row in earned] == [[47.0], [47.0]] and earned[1]["of"] == 100
