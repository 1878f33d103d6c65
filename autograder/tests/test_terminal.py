"""Every command line of the course: wrong words are one sentence, and its help prints on any terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from envs.typed import python

ROOT = Path(__file__).parents[2]
COMMANDS = [
    *("hw.train", "hw.play", "hw.compare", "hw.model_error"),
    *("autograder", "autograder check", "autograder submission"),
    *("autograder grade", "autograder grade-class", "autograder compare"),
    *("autograder.staff.release", "autograder.staff.release starter", "autograder.staff.release gradescope"),
    *("autograder.staff.calibrate", "autograder.bench.sb3", "autograder.bench.grading"),
    *("autograder.bench.envs_speed", "autograder.bench.exactness"),
]


def run(command: str, *words: str, **environment: str) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", *command.split(), *words]
    variables = os.environ | environment
    return subprocess.run(
        line, cwd=ROOT, env=variables, capture_output=True, text=True, errors="replace", timeout=120
    )


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_prints_on_a_terminal_that_has_few_characters(command):
    encoding = ("ascii", "latin-1", "cp1252")[COMMANDS.index(command) % 3]
    done = run(command, "--help", PYTHONIOENCODING=encoding, LC_ALL="C")
    assert done.returncode == 0 and "Traceback" not in done.stderr
    # It can be typed again as it stands, and nobody is asked to type a word that means nothing.
    usage = done.stdout.lstrip().splitlines()[0]
    assert usage.startswith(f"usage: {python()} -m {command} [-h]"), usage
    assert " OPTIONS]" not in usage.replace("[OPTIONS]", "") and "{None}" not in done.stdout


@pytest.mark.slow
def test_a_training_prints_on_a_terminal_that_has_few_characters(tmp_path):
    words = ["--task", "tiny", "--total-steps", "160", "--out", str(tmp_path / "Übung [x]")]
    done = run("solutions.train", *words, PYTHONIOENCODING="ascii", LC_ALL="C", TTY_COMPATIBLE="1")
    assert done.returncode == 0, done.stderr


WRONG = {
    "hw.train --total-steps abc": "--total-steps must be a whole number",
    "hw.train --seed 1.5": "--seed must be a whole number",
    "hw.train --lr fast": "--lr must be a number",
    "hw.train --no-such-thing 3": "'--no-such-thing 3' means nothing here",
    "hw.train --seed": "--seed needs another value",
    "hw.train --task walk": "--task must be one of tiny, reach, push, slide, pick_and_place, not 'walk'",
    "hw.train --mirror z": "--mirror must be one of '', x, y, xy, not 'z'",
    "hw.train --guide poke": "'--guide poke' means nothing here",
    "hw.compare --seeds 0 x": "--seeds must be a whole number",
    "hw.play --episodes many": "--episodes must be a whole number",
    "autograder": "no command is named; name one of check, hint, submission, update, grade, grade-class, compare",
    "autograder grade-class class --out out --jobs abc": "JOBS must be a whole number",
    "autograder grade": "path, --out is missing",
    "autograder compare": "old, new is missing",
    "autograder check --nope": "'--nope' means nothing here",
    "autograder.staff.release gradescope --minutes ten": "--minutes must be a number",
    "autograder.bench.envs_speed --nope": "'--nope' means nothing here",
}


@pytest.mark.slow
@pytest.mark.parametrize("command", WRONG)
def test_words_that_do_not_parse_are_one_sentence(command):
    done = run(command)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(WRONG[command]) and done.stderr.count("\n") == 1
    assert done.stderr.endswith(" --help)\n") or "JOBS" in done.stderr  # that one is of the command itself
