"""The command line: exit codes, files, and one sentence (never a traceback) for each mistake of a user's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import autograder.__main__ as cli
from autograder.course import parts
from autograder.grader.outside import probe
from autograder.grader.report import results
from autograder.staff.hidden import ROOTS
from autograder.tests.conftest import Assignment


@pytest.fixture
def run(assignment: Assignment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """run("check", …) -> (exit code, what was printed), in a folder that holds the tiny assignment."""
    monkeypatch.setattr(cli, "PUBLIC", assignment.roots["public"])
    monkeypatch.setitem(ROOTS, "public", assignment.roots["public"])
    monkeypatch.setitem(ROOTS, "hidden", assignment.roots["hidden"])
    monkeypatch.setattr(parts, "PARTS_FILE", assignment.root / "parts.toml")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(assignment.root)

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["autograder", *map(str, words)])
        code = cli.main()
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


def test_check_prints_a_table_and_says_whether_all_is_well(assignment: Assignment, run) -> None:
    code, text = run("check", "--target", "hw")
    assert code == 0 and "20 / 20" in text and "doubling" in text
    assert text.strip().endswith(
        "These public checks pass. Grading adds hidden ones of the same kind, on fresh inputs."
    )
    assignment.write("hw/sums.py", "def add(a, b): return 3\ndef double(x): return 2 * x")
    code, text = run("check", "--target", "hw", "--part", "1")
    assert code == 1 and "hint: it is a plain sum" in text and "6 / 10" in text and "shouting" not in text
    assert (
        "Not passed yet: 1a. One alone: " in text and "stops where your code raises" in text.splitlines()[-1]
    )
    code, text = run("check", "--sub", "1b")
    assert code == 0 and "6 / 6" in text


def test_check_can_run_in_a_separate_process(run, tmp_path: Path) -> None:
    code, text = run("check", "--isolated", "--json", "out.json")
    assert code == 0 and "20 / 20" in text
    assert json.loads(Path("out.json").read_text())["isolation"] == probe.best().name


def test_grade_writes_results_and_page(run) -> None:
    code, text = run("grade", "hw", "--out", "graded", "--json", "all.json", "--seed", "5")
    assert code == 0 and "20 / 20" in text and "seed 5" in text
    assert json.loads(Path("graded/results.json").read_text())["score"] == 20
    assert "<!doctype html>" in Path("graded/feedback.html").read_text()
    everything = json.loads(Path("all.json").read_text())
    assert everything["subparts"]["1a"] == {
        "earned": 4,
        "possible": 4,
        "outcome": "passed",
        "run_again": False,
    }
    assert sorted(p.name for p in Path("graded").iterdir()) == ["feedback.html", "results.json"]


def _file(name: str, content: bytes = b"x") -> str:
    Path(name).write_bytes(content)
    return name


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("check", "--target", "nowhere"), "there is no folder"),
        (("check", "--target", "no-where"), "there is no folder"),
        (("check", "--target", "checks"), "holds none of the files"),
        (("check", "--isolated", "--target", "nowhere"), "there is no folder"),
        (("check", "--part", "9"), "there is no part '9'; there are 1, 2"),
        (("check", "--sub", "9x"), "there is no sub-part '9x'"),
        (("check", "--part", "1", "--sub", "2a"), "sub-part 2a belongs to part 2"),
        (("check", "--json", "parts.toml/x.json"), "cannot be written"),
        (("grade", "nowhere", "--out", "o"), "there is no submission at nowhere"),
        (("grade", "parts.toml", "--out", "o"), "is neither a zip nor a tar archive"),
        (("grade", "hw", "--out", "parts.toml/o"), "cannot be written to: Not a directory"),
        (("grade", "hw", "--out", "o", "--pristine", "nowhere"), "there is no pristine package nowhere"),
    ],
)
def test_a_users_mistake_gets_one_sentence(run, words: tuple[str, ...], sentence: str) -> None:
    code, text = run(*words)
    assert code == 2 and sentence in text
    assert len(text.strip().splitlines()) == 1 and "Traceback" not in text


def test_a_broken_parts_file_gets_one_sentence(assignment: Assignment, run) -> None:
    assignment.write("parts.toml", "[part.1")
    assert run("check")[0] == 2
    code, text = run("grade", "hw", "--out", "o")
    assert code == 2 and "is not valid TOML" in text and len(text.strip().splitlines()) == 1


def test_a_full_disk_gets_one_sentence_and_leaves_no_half_file(run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("grade", "hw", "--out", "graded")
    before = Path("graded/results.json").read_text()

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results.os, "fsync", full)
    code, text = run("grade", "hw", "--out", "graded")
    assert code == 2 and text.strip().endswith(
        "graded/results.json cannot be written: No space left on device"
    )
    assert Path("graded/results.json").read_text() == before
    assert sorted(p.name for p in Path("graded").iterdir()) == ["feedback.html", "results.json"]


def test_ctrl_c_stops(assignment: Assignment, run) -> None:
    assignment.write("hw/words.py", "def shout(text): raise KeyboardInterrupt")
    code, text = run("check")
    assert code == 130 and text.strip().endswith("stopped")


def test_python_m_autograder_runs_from_another_folder(assignment: Assignment) -> None:
    """The real program, on a folder of part files that are not the course's: nothing fails but the submission."""
    root = Path(cli.__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "autograder", "check", "--target", str(assignment.hw), "--part", "4"]
    done = subprocess.run(
        command, cwd=assignment.root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "holds none of the files dynamics.py" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
