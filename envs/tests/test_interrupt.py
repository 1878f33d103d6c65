"""Ctrl-C while a command loads its libraries, and at other early moments, is one sentence."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = (
    *("solutions.train", "solutions.play", "solutions.compare", "solutions.model_error", "hw.train"),
    *("autograder check --target solutions", "autograder.staff.calibrate", "autograder.staff.verify"),
)
linux = pytest.mark.skipif(
    not Path("/proc/self/maps").exists(), reason="looks into /proc to see what is loaded"
)


def interrupted(command: str, loading: str, tmp_path: Path, **more: str) -> subprocess.CompletedProcess:
    """Ctrl-C at the moment in which the command has mapped a library of that name."""
    words = [sys.executable, "-m", *command.split()]
    said = tmp_path / "said"
    with said.open("w") as file:
        process = subprocess.Popen(words, cwd=ROOT, env=os.environ | more, stdout=file, stderr=file)
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until:
        if loading in Path(f"/proc/{process.pid}/maps").read_text():
            process.send_signal(signal.SIGINT)
            break
        time.sleep(0.002)
    code = process.wait(timeout=120)
    return subprocess.CompletedProcess(words, code, said.read_text())


@linux
@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_while_loading_is_one_sentence(command, tmp_path):
    library = "libtorch" if "autograder" not in command else "_multiarray_umath"
    done = interrupted(command, library, tmp_path)
    assert (done.returncode, done.stdout) == (130, "interrupted\n")


@linux
@pytest.mark.slow
def test_ctrl_c_once_it_runs_cleans_up_first(tmp_path):
    """The simulator is loaded by the run itself: what is thrown then is caught, and said in the same sentence."""
    done = interrupted(f"solutions.train --task reach --out {tmp_path / 'run'}", "libmujoco", tmp_path)
    assert (done.returncode, done.stdout) == (130, "interrupted\n")


def test_importing_our_packages_changes_nothing_about_ctrl_c():
    code = (
        "import signal, sys, solutions, autograder, envs.interrupt as interrupt; interrupt.loaded(); "
        "interrupt.ended(); "
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler; "
        "assert sys.excepthook is sys.__excepthook__"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_what_is_not_caught_is_one_sentence_too_and_a_bug_keeps_its_traceback(tmp_path):
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/__init__.py").write_text("from envs.interrupt import while_loading\nwhile_loading()\n")
    for raised, said in (
        ("KeyboardInterrupt", "interrupted\n"),
        ("ValueError('a bug')", "ValueError: a bug\n"),
    ):
        (tmp_path / "ours/__main__.py").write_text(f"raise {raised}")
        env = os.environ | {"PYTHONPATH": str(ROOT)}
        line = [sys.executable, "-m", "ours"]
        done = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert done.stderr.endswith(said) and (done.stderr == said) == (raised == "KeyboardInterrupt")
