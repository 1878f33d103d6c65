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
    return subprocess.run(["make", *words], cwd=kit, capture_output=True, text=True, timeout=600)


def test_what_make_runs_first_is_the_setup_and_only_if_it_is_needed(tmp_path):
    """tests/test_setup.py says what that does; here it is asked by each target, and not twice."""
    for name in ("Makefile", "autograder/setup.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    done = make(tmp_path, "setup", f"PYTHON={sys.executable}")
    assert done.returncode == 0 and done.stdout.splitlines()[-1].endswith("Next: make check"), done.stderr
    assert (tmp_path / ".venv/.ready").read_text() == "# nothing\n"
    assert "setup.py" not in make(tmp_path, "-n", "check").stdout
    (tmp_path / "requirements.txt").write_text("# another\n")
    assert "setup.py" in make(tmp_path, "-n", "check").stdout
    done = make(tmp_path, "check", "PYTHON=no-such-python")
    assert "There is no 'no-such-python' here: install or name a Python 3.11" in done.stdout


def on_a_terminal(kit: Path, *words: str) -> tuple[int, list[str]]:
    """The exit code of make on a terminal, and the lines it shows there."""
    import pty

    shown = bytearray()

    def read(fd: int) -> bytes:
        data = os.read(fd, 65536)
        shown.extend(data)
        return b"" if not data else b" "

    status = pty.spawn(["sh", "-c", 'cd "$0" && exec make "$@"', str(kit), *words], read)
    return os.waitstatus_to_exitcode(status), shown.decode(errors="replace").replace("\r", "").splitlines()


def test_on_a_terminal_a_check_ends_with_what_comes_next_and_not_with_an_error_of_makes(kit):
    code, lines = on_a_terminal(kit, "check", "SUB=4b")
    assert code == 0 and not [line for line in lines if line.startswith("make:")]
    assert (
        lines[-1].strip().endswith("One alone: make check SUB=4b, and DEBUG=1 stops where your code raises.")
    )
    done = make(kit, "check", "SUB=4b")  # programs get the code
    assert done.returncode == 2
    assert on_a_terminal(kit, "check", "SUB=4z")[0] == 2  # a mistake is one everywhere


def test_what_is_packed_but_does_not_pass_is_told(kit):
    source = (kit / "solutions/relabel.py").read_text()
    wrong = source.replace("achieved[episodes, -1]", "achieved[episodes, 0]")
    assert wrong != source
    before = (kit / "hw/relabel.py").read_text()
    (kit / "hw/relabel.py").write_text(wrong)
    done = make(kit, "submission", f"OUT={kit / 's.zip'}")
    (kit / "hw/relabel.py").write_text(before)
    assert done.returncode == 0 and "1a is still open" in done.stdout
    assert done.stdout.splitlines()[-1] == "It is packed, but 4a does not pass: see make check SUB=4a."


# Of these a student may have no make. `system` installs packages of Debian's.
STUDENTS = (
    *("check", "hint", "experiment", "train", "play", "compare", "model-error", "submission", "update"),
    *("lint", "format"),
)


@pytest.mark.parametrize("target", STUDENTS)
def test_what_make_runs_can_be_typed_without_make(kit, target):
    """One command of Python's, without anything that needs a shell: so on Windows there is the same."""
    words = {
        "update": ("FROM=handout.zip",),
        "check": ("PART=4", "DEBUG=1"),
        "hint": ("SUB=4b", "LEVEL=2"),
        "experiment": ("NAME=share",),
    }.get(target, ())
    for line in make(kit, "-n", target, *words).stdout.replace("\\\n", "").splitlines():
        command = line.partition(" || ")[0]
        assert shlex.split(command)[:2] == [".venv/bin/python", "-m"]
        assert not set("|&;<>$`") & set(command)


def test_debug_stops_where_the_code_raises(kit):
    (kit / "wrong").mkdir()
    for name in ("__init__", "dynamics", "imagine", "policy", "relabel"):
        (kit / f"wrong/{name}.py").write_text("")
    (kit / "wrong/relabel.py").write_text(
        "def final_goals(achieved, episodes, steps, rng):\n    here = 1\n    raise ValueError(here)\n"
    )
    line = ["make", "check", "SUB=4a", "CODE=wrong", "DEBUG=1"]
    done = subprocess.run(line, cwd=kit, input="p here\n" + 20 * "q\n", capture_output=True, text=True)
    assert "(Pdb)" in done.stdout and "raise ValueError(here)" in done.stdout


WRONG = {
    ("hint",): "say which: make hint SUB=4b",
    ("hint", "SUB=4b", "LEVEL=9"): "LEVEL=9 is not there: the hints for 4b are of level 1 to 2",
    ("hint", "SUB=4b", "LEVEL=two"): "must be a whole number",
    ("hint", "SUB=5a"): "5a has no hole to fill in",
    ("experiment",): "say which: make experiment NAME=strategies",
    ("experiment", "NAME=strategie"): "there is no experiment 'strategie': choose one of strategies, share",
    ("experiment", "NAME=share"): "predict before you run",
    ("check", "PART=10"): "there is no part '10'",
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
    ("train", "SETTINGS=lr=fast"): "--lr must be a number",
    ("check", "DEBUG=maybe"): "DEBUG is 1 or 0, not 'maybe'",
    ("play", "LIVE=maybe"): "LIVE is 1 or 0, not 'maybe'",
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
    ("grade", "SUBMISSIONS=class", "ONLY=10"): "10 is no part, sub-part, check file or submission here",
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
    ("test-pythons", "PYTHONS=2.1"): "there is no Python 2.1 here",
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
    assert f"results in {course}/one [x]" in done.stdout  # on one line, to be copied
    done = make(course, "grade", f"SUBMISSIONS={handed_in.parent}", f"OUT={course}/class [x]", "JOBS=1")
    assert done.returncode == 0, done.stdout + done.stderr
    with open(course / "class [x]/grades.csv", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["Total Score"] == "22.0" and row["Status"] == "Graded"
