"""`make hint`: level by level, and each mistake is one sentence."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

import autograder.__main__ as cli
from autograder.course.parts import read_parts

ROOT = Path(__file__).parents[2]
HINTS = '4b = ["the idea", "near the code"]\n4c = ["the only one"]\n'


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """run("--sub", "4b") -> (exit code, the lines that were printed)."""
    monkeypatch.delenv("MAKELEVEL", raising=False)
    (tmp_path / "hw").mkdir()
    (tmp_path / "hw/hints.toml").write_text(HINTS)
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, list[str]]:
        monkeypatch.setattr(sys, "argv", ["autograder", "hint", *words])
        code = cli.main()
        captured = capsys.readouterr()
        return code, (captured.out + captured.err).splitlines()

    return run


def test_the_idea_comes_first_and_the_last_line_says_how_to_see_more(run) -> None:
    code, lines = run("--sub", "4b")
    assert code == 0 and lines[0] == "4b, hint 1 of 2: the idea"
    assert len(lines) == 2 and lines[1].endswith("autograder hint --sub 4b --level 2")
    code, lines = run("--sub", "4b", "--level", "2")
    assert code == 0 and lines[:2] == ["4b, hint 1 of 2: the idea", "4b, hint 2 of 2: near the code"]
    assert lines[2].startswith("That is the last hint.") and lines[2].endswith("autograder check --sub 4b")
    assert run("--sub", "4c")[1][1].startswith("That is the last hint.")


def test_asking_again_shows_the_same(run) -> None:
    assert run("--sub", "4b") == run("--sub", "4b")


def test_under_make_the_next_command_is_one_of_make(run, monkeypatch) -> None:
    monkeypatch.setenv("MAKELEVEL", "1")
    assert run("--sub", "4b")[1][1] == "Nearer to the code: make hint SUB=4b LEVEL=2"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sub", "4b", "--level", "3"], "--level 3 is not there: the hints for 4b are of level 1 to 2"),
        (["--sub", "4b", "--level", "0"], "--level 0 is not there"),
        (["--sub", "4c", "--level", "2"], "the hints for 4c are of level 1"),
        (["--sub", "4z"], "there is no sub-part '4z'"),
        (["--sub", "5a"], "5a has no hole to fill in"),
        (["--sub", "4a"], "there is no hint for 4a"),
        (["--sub", "4b", "--target", "there"], "there is no hint for 4b"),
    ],
)
def test_a_mistake_is_one_sentence(run, words, said) -> None:
    code, lines = run(*words)
    assert code == 2 and len(lines) == 1 and said in lines[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"4b = [", "is no TOML any more"),
        (b"\xff", "is no TOML any more"),
        (b"4b = 3", "there is no hint for 4b"),
        (b"4b = []", "there is no hint for 4b"),
    ],
)
def test_a_file_that_was_changed_is_one_sentence(run, content, said) -> None:
    Path("hw/hints.toml").write_bytes(content)
    code, lines = run("--sub", "4b")
    assert code == 2 and len(lines) == 1 and said in lines[0]


def test_every_hole_of_the_course_has_an_idea_and_something_nearer_to_the_code() -> None:
    """No first hint names a function to call or an index expression: that is for the later ones."""
    hints = tomllib.loads((ROOT / "hw/hints.toml").read_text(encoding="utf-8"))
    holes = {id_ for id_, sub in read_parts().subparts.items() if sub.hole}
    assert hints.keys() == holes
    for id_, levels in hints.items():
        assert len(levels) >= 2, id_
        assert not re.search(r"\w\.\w+\(|np\.|torch\.|\w\[|%|@", levels[0]), (id_, levels[0])
