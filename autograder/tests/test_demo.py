"""The demo's class is what its stories say, and a wrong grade does not go unnoticed."""

import io
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from autograder.course.parts import read_parts
from autograder.grader.outcomes import Outcome
from autograder.grader.report.grade import Grade
from autograder.grader.report.scoring import Score, SubScore
from autograder.staff.demo.__main__ import Row, mistakes, table
from autograder.staff.demo.members import Member, build_members
from autograder.staff.release import starter
from autograder.staff.release.outline import read_outline

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def members(tmp_path) -> dict[str, Member]:
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b"weights")
    hw = tmp_path / "hw"
    starter.write(hw, starter.plan(ROOT / "solutions", read_outline(ROOT / "autograder" / "parts.toml")))
    built = build_members(tmp_path / "class", ROOT / "solutions", hw, weights, read_parts())
    return {member.name: member for member in built}


def changed(folder: Path, other: Path) -> dict[str, list[str]]:
    """File -> the lines of `folder` that `other` has not, or not as often."""
    found = {}
    for path in folder.glob("*.py"):
        more = Counter(path.read_text().splitlines()) - Counter((other / path.name).read_text().splitlines())
        if more:
            found[path.name] = list(more)
    return found


def test_each_member_is_what_its_story_says(members, tmp_path):
    solutions, hw = ROOT / "solutions", tmp_path / "hw"
    extra = {part.file for part in read_parts().parts if part.extra and part.module}
    assert not changed(members["reference"].path, solutions)
    assert (members["reference"].path / "weights_reach.safetensors").read_bytes() == b"weights"
    assert not changed(members["starter"].path, hw)
    assert changed(members["half done"].path, hw).keys() == {"policy.py", "relabel.py"}
    assert changed(members["half done"].path, solutions).keys() == {"dynamics.py", "imagine.py"} | extra
    wrong = changed(members["wrong relabeling"].path, members["half done"].path)
    assert wrong.keys() == {"relabel.py"} and "achieved.shape[1]" in wrong["relabel.py"][0]
    endless = changed(members["endless loop"].path, hw)
    assert endless == {"relabel.py": ["    while True:", "        pass"]}
    for member in members.values():
        for path in member.path.glob("*.py"):
            compile(path.read_text(), path, "exec")


def test_the_badly_packed_one_is_nested_and_holds_a_shadow_tree(members):
    with zipfile.ZipFile(members["badly packed"].path) as archive:
        names = archive.namelist()
    assert any(name.startswith("__MACOSX/") for name in names)
    assert not [name for name in names if "/" not in name]


def graded(earned: dict[str, float], outcome: Outcome) -> Grade:
    """A grade in which the sub-parts in `earned` passed and all others ended with `outcome`."""
    parts = read_parts()
    subs = tuple(
        SubScore(
            part, sub, (), earned.get(sub.id, 0.0), Outcome.PASSED if sub.id in earned else outcome, False
        )
        for part in parts.parts
        for sub in part.subparts
    )
    return Grade("somebody", (), Score(subs, ()), 0, 1.0, "none")


def test_only_the_right_grade_is_without_mistakes():
    points = {sub.id: sub.points for sub in read_parts().subparts.values()}
    all_, half = Member("a", Path(), "", frozenset(points)), Member("h", Path(), "", frozenset({"4b"}))
    assert mistakes(all_, graded(points, Outcome.NOT_ATTEMPTED)) == []
    assert mistakes(half, graded({"4b": points["4b"]}, Outcome.NOT_ATTEMPTED)) == []
    assert len(mistakes(all_, graded({**points, "2a": 1.0}, Outcome.NOT_ATTEMPTED))) == 1
    assert len(mistakes(half, graded({**points}, Outcome.NOT_ATTEMPTED))) == len(points) - 1
    assert len(mistakes(half, graded({"4b": points["4b"]}, Outcome.FAILED))) == len(points) - 1


def test_the_table_names_everyone_and_rounds_nothing_up_to_full_points():
    points = {sub.id: sub.points for sub in read_parts().subparts.values()}
    asked = {sub.id for part in read_parts().parts if not part.extra for sub in part.subparts}
    asked = {name: points[name] for name in asked}
    almost = graded({**asked, "4b": points["4b"] - 0.1}, Outcome.FAILED)
    half = graded({"4b": points["4b"]}, Outcome.NOT_ATTEMPTED)
    console = Console(width=80, file=io.StringIO())
    rows = [Row(Member(name, Path(), ""), grade, ()) for name, grade in (("almost", almost), ("half", half))]
    console.print(table(rows, read_parts()))
    shown = console.file.getvalue()
    assert "almost" in shown and "99.9 %" in shown and "100.0 %" not in shown
    assert f"{len(points) - 1} not attempted" in shown and "1 passed" in shown and "…" not in shown
