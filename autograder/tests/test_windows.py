"""What a student types runs without anything that only POSIX has. Windows itself is not here: see as_on_windows.py."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.grader.outside.tree import ROOT
from autograder.staff.release import handout
from autograder.tests.as_on_windows import MODULES

pytestmark = pytest.mark.slow


def on_windows(*words: str) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", "autograder.tests.as_on_windows", *words]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_checks_run(tmp_path):
    figures = tmp_path / "all.json"
    done = on_windows("autograder", "check", "--target", "solutions", "--part", "4", "--json", str(figures))
    assert done.returncode == 0 and "22 / 22" in done.stdout, done.stderr


def test_weights_are_checked_and_handed_in(tmp_path):
    hw = tmp_path / "hw"
    ignore = shutil.ignore_patterns("tests", "results", "__pycache__")
    shutil.copytree(ROOT / "solutions", hw, ignore=ignore)
    shutil.copy(ROOT / "solutions/results/reach/weights.safetensors", hw / "weights_reach.safetensors")
    done = on_windows("autograder", "check", "--target", str(hw), "--part", "5")
    assert done.returncode == 0 and "9 / 9" in done.stdout, done.stderr
    done = on_windows("autograder", "submission", "--target", str(hw), "--out", str(tmp_path / "s.zip"))
    assert done.returncode == 0 and (tmp_path / "s.zip").exists(), done.stderr


def test_training_and_playing_run(tmp_path):
    words = "--task tiny --total-steps 320 --out".split()
    done = on_windows("solutions.train", *words, str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    played = on_windows(
        *"solutions.play --task tiny --episodes 20 --weights".split(),
        str(tmp_path / "run/weights.safetensors"),
    )
    assert played.returncode == 0 and (tmp_path / "run/play.mp4").exists(), played.stderr


@pytest.mark.parametrize(
    "words", ["check --isolated --target solutions --part 4", "grade solutions --out out"]
)
def test_what_needs_another_system_says_so(words):
    done = on_windows("autograder", *words.split())
    assert done.returncode == 2 and done.stderr.splitlines()[-1].startswith(
        "running a submission in a process of its own"
    )
    assert "Traceback" not in done.stderr


# Only what runs inside a confined worker, which Windows cannot have, asks for these as it is loaded.
CONFINED = ("autograder/grader/inside/worker.py", "autograder/grader/inside/confine/limits.py")


def test_nothing_that_is_handed_out_loads_a_module_that_windows_lacks():
    absent = set(MODULES.split())
    for path, content in handout.collect(Path(ROOT)).items():
        if path.endswith(".py") and path not in CONFINED:
            for node in ast.parse(content).body:
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                assert not absent & set(names), path
