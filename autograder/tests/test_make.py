"""The Makefile: values arrive as they were typed, wrong ones are one sentence, and the course may lie anywhere."""

from __future__ import annotations

import csv
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.grader.outside.tree import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("make"), reason="needs make"),
]

OUTER = {"MAKELEVEL", "MAKEFLAGS", "MFLAGS"}  # of `make test`


def copy_of_the_kit(folder: Path) -> Path:
    """The course in another folder, with a .venv that is this Python."""
    ignore = shutil.ignore_patterns("results", "runs", "__pycache__", "*.pyc", "out", "dist")
    for name in ("autograder", "envs", "solutions", "hw"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / name, folder)
    python = folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    shutil.copy(folder / "requirements.txt", folder / ".venv/.ready")
    return folder


@pytest.fixture(scope="module")
def kit(tmp_path_factory) -> Path:
    folder = copy_of_the_kit(tmp_path_factory.mktemp("make") / "kit")
    (folder / "class/ann").mkdir(parents=True)
    shutil.copy(folder / "solutions/relabel.py", folder / "class/ann")
    return folder


def make(kit: Path, *words: str) -> subprocess.CompletedProcess:
    env = {key: value for key, value in os.environ.items() if key not in OUTER}
    return subprocess.run(["make", *words], cwd=kit, env=env, capture_output=True, text=True, timeout=600)


# A Python that notes what it is asked, makes a .venv of itself, and cannot install while there is a file `offline`.
PYTHON = """#!/bin/sh
case "$*" in
  *"-m venv"*) echo venv >> log; rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python;;
  *"pip install"*) echo install >> log; test ! -e offline;;
esac
"""


def test_the_venv_is_remade_when_what_it_is_made_from_has_changed_whatever_the_dates_say(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    needed, ready, python = (tmp_path / name for name in ("requirements.txt", ".venv/.ready", "python"))
    needed.write_text("numpy==1\n")
    python.write_text(PYTHON)
    python.chmod(0o755)

    def done(code: int = 0) -> list[str]:
        """What `make setup` does now."""
        (tmp_path / "log").write_text("")
        assert make(tmp_path, "setup", f"PYTHON={python}").returncode == code
        return (tmp_path / "log").read_text().split()

    assert done() == ["venv", "install"] and ready.read_text() == "numpy==1\n"
    assert done() == []
    needed.write_text("numpy==2\n")
    os.utime(needed, (946684800, 946684800))  # the year 2000, as in every handout
    assert done() == ["install"] and ready.read_text() == "numpy==2\n"
    os.utime(needed)
    assert done() == []
    needed.write_text("numpy==3\n")
    (tmp_path / "offline").touch()
    assert done(code=2) == ["install"]
    (tmp_path / "offline").unlink()
    assert done() == ["install"]
    shutil.move(ready, tmp_path / ".venv/.making")  # killed on the way: nobody knows what was installed
    assert done() == ["venv", "install"]
    (tmp_path / ".venv/bin/python").unlink()
    assert done() == ["venv", "install"]
    ready.unlink()  # somebody's own .venv: what is in it stays
    assert done() == ["install"] and done() == []


WRONG = {
    ("check", "PART=9"): "there is no part '9'",
    ("check", "SUB=4z"): "there is no sub-part '4z'",
    ("check", "CODE=nowhere"): "there is no folder",
    ("train", "STEPS=abc"): "--total-steps must be a whole number",
    ("train", "STEPS=0"): "total_steps must be at least 1",
    ("train", "SEED=x"): "--seed must be a whole number",
    ("train", "TASK=walk"): "--task must be one of tiny, reach, push, slide, pick_and_place, not 'walk'",
    ("train", "METHOD=ppo"): "--method must be one of ddpg, her, mbpo, not 'ppo'",
    ("train", "RESUME=maybe"): "RESUME is 1 or 0, not 'maybe'",
    ("train", "METHOD=multitask", "TASK=push"): "TASK= does not go together with METHOD=multitask",
    (
        "train",
        "METHOD=multitask",
        "RELABEL=worst",
    ): "--relabel must be one of none, random, best, not 'worst'",
    ("train", "METHOD=her", "RELABEL=best"): "RELABEL= does not go together with METHOD=her",
    ("imitate", "Z=smell"): "--z must be one of onehot, words, demo, prompt, none, not 'smell'",
    ("imitate", "Z=words", "TASKS=ring"): "instructions are known for desk alone",
    ("imitate", "RARE=0"): "rare must be at least 1",
    ("lessons", "LESSON=patience"): "--lesson must be one of z, batches, words, demo, prompt, relabel",
    ("lessons", "SEEDS=0 0"): "seeds must name at least one, and each once",
    ("play", "SAY=lift the block", "TASK=push"): "TASK= does not go together with SAY=",
    ("play", "SAY=lift the block", "WEIGHTS=none"): "there is no policy file none",
    ("play", "EPISODES=many"): "--episodes must be a whole number",
    ("play", "EPISODES=0"): "episodes must be at least 1",
    ("play", "WEIGHTS=none"): "there is no weights file none",
    ("compare", "JOBS=abc"): "--jobs must be a whole number",
    ("compare", "JOBS=0"): "jobs must be at least 1",
    ("compare", "SEEDS=0 x"): "--seeds must be a whole number",
    ("compare", "METHODS=her sarsa"): "sarsa",
    ("compare", "SETTINGS=fast"): "'fast' is none it can",
    ("model-error", "TASK=walk"): "walk",
    ("submission", "WEIGHTS=none"): "none is missing",
    ("update",): "make update FROM=handout.zip",
    ("update", "FROM=none.zip"): "autograder/handout.zip is missing",
    ("grade",): "Say which: make grade SUBMISSIONS=folder (a class) or make grade SUBMISSION=path (one)",
    ("grade", "SUBMISSION=none"): "there is no submission at none",
    ("grade", "SUBMISSIONS=none"): "none",
    ("grade", "SUBMISSIONS=class", "JOBS=abc"): "must be a whole number",
    ("grade", "SUBMISSIONS=class", "JOBS=0"): "JOBS must be a whole number of at least 1, not 0",
    ("grade", "SUBMISSIONS=class", "ONLY=9"): "9 is no part, sub-part, check file or submission here",
    ("grade", "SUBMISSIONS=class", "DUE=soon"): "soon",
    **{
        ("grade", "SUBMISSION=class/ann", f"{name}=4"): f"does not go together with {name}="
        for name in ("SUBMISSIONS", "ONLY", "REGRADE", "DUE", "JOBS", "ROSTER", "SCHEDULER")
    },
    ("grade-diff",): "make grade-diff OLD=folder NEW=folder",
    ("grade-diff", "OLD=a"): "make grade-diff OLD=folder NEW=folder",
    ("grade-diff", "NEW=a"): "make grade-diff OLD=folder NEW=folder",
    ("grade-diff", "OLD=a", "NEW=b"): "a cannot be read",
    ("starter", "FORCE=maybe"): "FORCE is 1 or 0, not 'maybe'",
    ("gradescope", "MINUTES=ten"): "--minutes must be a number",
    ("gradescope", "MINUTES=90"): "1 to 40 minutes, not 90",
    ("calibrate", "JOBS=0"): "jobs must be at least 1, but is 0",
    ("calibrate", "STEPS=abc"): "--total-steps must be a whole number",
    ("calibrate", "TASK=walk"): "walk",
    ("bench", "TIMES=x"): "--times must be a number",
    ("bench", "TASK=walk"): "walk",
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_a_wrong_value_is_one_sentence(kit, words):
    done = make(kit, *words)
    said = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("make: ***")]
    assert done.returncode != 0 and len(said) == 1, done.stdout + done.stderr
    assert WRONG[words] in said[0]


STRANGE = ("a b", "$HOME", "$(shell touch made)", "`touch made`", 'it\'s "so"', "[x]*?", "a,b;c", "#1", "50%")


@pytest.mark.parametrize("value", STRANGE)
def test_a_value_is_handed_on_as_it_was_typed(kit, value):
    """`make -n` shows the command; a shell reads it as one word."""
    for words, option in (
        (("train", f"OUT={value}"), "--out"),
        (("submission", f"WEIGHTS={value}"), "--weights"),
        (("handout", f"OUT={value}"), "--out"),
        (("grade", f"SUBMISSIONS={value}", "OUT=o"), "grade-class"),
        (("grade", f"SUBMISSION={value}"), "grade"),
        (("grade-diff", f"OLD={value}", "NEW=n"), "compare"),
    ):
        shown = shlex.split(make(kit, "-n", *words).stdout)
        assert shown[shown.index(option) + 1] == value
    shown = shlex.split(make(kit, "-n", "grade", "SUBMISSIONS=s", "ONLY=4 student-0* it's").stdout)
    assert shown[shown.index("--only") + 1 :] == ["4", "student-0*", "it's"]
    assert not (kit / "made").exists()


def test_a_course_in_a_folder_with_a_strange_name_is_checked_and_grades(tmp_path):
    course = copy_of_the_kit(tmp_path / 'Übung [x] a::b $HOME 100% it\'s "new"')
    checks = [course / "autograder" / folder for folder in ("checks", "staff/hidden")]
    for path in (path for folder in checks for path in folder.glob("test_*.py")):
        if path.name != "test_relabel.py":
            path.unlink()  # the others show nothing more
    done = make(course, "check", "PART=4", "CODE=solutions")
    assert done.returncode == 0, done.stdout + done.stderr
    handed_in = course / "hand [in]" / "ann::one $HOME"
    handed_in.mkdir(parents=True)
    shutil.copy(course / "solutions/relabel.py", handed_in)
    done = make(course, "grade", f"SUBMISSION={handed_in}", f"OUT={course}/one [x]")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((course / "one [x]/results.json").read_text())["score"] == 22
    assert f"results in {course}/one [x]" in done.stdout.replace("\n", "")
    done = make(course, "grade", f"SUBMISSIONS={handed_in.parent}", f"OUT={course}/class [x]", "JOBS=1")
    assert done.returncode == 0, done.stdout + done.stderr
    with open(course / "class [x]/grades.csv", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["Total Score"] == "22.0" and row["Status"] == "Graded"
