"""`autograder/setup.py`: what it makes, when it makes it anew, and what it says; with real .venvs and tiny packages."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.grader.outside.tree import ROOT

SETUP = ROOT / "autograder/setup.py"
posix = pytest.mark.skipif(sys.platform == "win32", reason="sends signals")

# A package in a folder, built without anything from the network; while there is a file `slow`, that takes a minute.
BACKEND = """
import os, time, zipfile
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    open("started", "w").close()
    for _ in range(600 if os.path.exists("slow") else 0):
        time.sleep(0.1)
        if not os.path.exists("slow"):
            raise SystemExit("nobody waits any more")
    name = "tinypackage-1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        wheel.writestr("tinypackage.py", "")
        info = "tinypackage-1.dist-info/"
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tinypackage\\nVersion: 1\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@pytest.fixture
def course(tmp_path) -> Path:
    """A folder with a name that needs care, setup.py in it, and no requirements but a comment."""
    folder = tmp_path / "Übung 1 [x] it's"
    (folder / "autograder").mkdir(parents=True)
    shutil.copy(SETUP, folder / "autograder")
    (folder / "requirements.txt").write_text("# nothing yet\n", encoding="utf-8")
    package = folder / "package"
    package.mkdir()
    (package / "backend.py").write_text(BACKEND)
    (package / "pyproject.toml").write_text(PROJECT)
    return folder


def python(course: Path) -> Path:
    return course / (".venv/Scripts/python.exe" if sys.platform == "win32" else ".venv/bin/python")


def set_up(course: Path, pip: bool = True) -> subprocess.CompletedProcess:
    """Run it from another folder."""
    command = [sys.executable, str(course / "autograder/setup.py"), *(["--pip"] if pip else [])]
    return subprocess.run(command, cwd=course.parent, capture_output=True, text=True, timeout=300)


def wants(course: Path, text: str) -> None:
    (course / "requirements.txt").write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_it_is_made_once_and_again_when_requirements_change(course):
    done = set_up(course)
    assert done.returncode == 0 and done.stdout.splitlines()[-1].startswith("Ready after 0:"), done.stderr
    assert done.stdout.splitlines()[-1].endswith(".venv/bin/python -m autograder check")
    assert python(course).exists() and (course / ".venv/.ready").read_text() == "# nothing yet\n"
    (course / ".venv/kept").touch()
    assert set_up(course).stdout == ".venv is ready.\n"
    wants(course, "./package\n")
    os.utime(course / "requirements.txt", (946684800, 946684800))  # the year 2000, as in every handout
    done = set_up(course)
    assert done.returncode == 0 and "Ready" in done.stdout and "0:0" in done.stdout.splitlines()[1], (
        done.stderr
    )
    assert subprocess.run([python(course), "-c", "import tinypackage"]).returncode == 0
    assert (course / ".venv/kept").exists()  # what is installed stays
    wants(course, "./nowhere-at-all\n")  # as where there is no network
    done = set_up(course)
    assert done.returncode == 2 and done.stderr.endswith("stands above): the same command goes on\n")
    assert "Traceback" not in done.stderr and not (course / ".venv/.making").exists()
    wants(course, "./package\n")
    assert set_up(course).returncode == 0 and (course / ".venv/kept").exists()


def heed_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@posix
@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_one_that_was_stopped_is_made_anew(course, end):
    wants(course, "./package\n")
    (course / "package/slow").touch()
    command = [sys.executable, str(course / "autograder/setup.py"), "--pip"]
    said = course / "said"
    with said.open("w") as file:
        # A shell that runs the tests in the background lets them ignore Ctrl-C, and what they start inherits that.
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=file, preexec_fn=heed_ctrl_c)
    until = time.monotonic() + 120
    while not any(course.rglob("started")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    (course / ".venv/half").touch()
    process.send_signal(end)
    process.wait(timeout=30)
    if end == signal.SIGINT:
        assert process.returncode == 130
        assert said.read_text() == "stopped: the same command goes on, with what was downloaded so far\n"
    assert (course / ".venv/.making").exists() and not (course / ".venv/.ready").exists()
    (course / "package/slow").unlink()
    done = set_up(course)
    assert done.returncode == 0, done.stderr
    assert not (course / ".venv/half").exists()
    assert subprocess.run([python(course), "-c", "import tinypackage"]).returncode == 0


@posix
@pytest.mark.slow
def test_a_venv_that_is_half_made_is_not_used(course):
    """Whoever made it: one whose Python does not run, and one without pip."""
    python(course).parent.mkdir(parents=True)
    python(course).symlink_to("/nowhere/python3")
    (course / ".venv/half").touch()
    assert set_up(course).returncode == 0 and not (course / ".venv/half").exists()
    shutil.rmtree(course / ".venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", course / ".venv"], check=True)
    (course / ".venv/half").touch()
    assert set_up(course).returncode == 0 and not (course / ".venv/half").exists()
    assert subprocess.run([python(course), "-m", "pip", "--version"], capture_output=True).returncode == 0


@pytest.mark.slow
def test_a_link_to_another_venv_is_never_emptied(course, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/kept").touch()
    (course / ".venv").symlink_to(tmp_path / "theirs")
    done = set_up(course)
    assert (
        done.returncode == 2
        and done.stderr.startswith(".venv is a link")
        and (tmp_path / "theirs/kept").exists()
    )


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("uv"), reason="needs uv")
def test_uv_makes_it_where_uv_is_installed(course):
    wants(course, "./package\n")
    done = set_up(course, pip=False)
    assert done.returncode == 0 and "with uv" in done.stdout, done.stderr
    assert subprocess.run([python(course), "-c", "import tinypackage, pip"]).returncode == 0


def test_an_old_python_can_read_it_and_is_told_so():
    """Its syntax is that of Python 3.6; the sentence is tried with whatever old Python is here."""
    ast.parse(SETUP.read_text(encoding="utf-8"), feature_version=(3, 6))
    names = [f"python3.{minor}" for minor in range(6, 11)]
    for old in filter(None, map(shutil.which, names)):
        done = subprocess.run([old, str(SETUP)], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode in (0, 2, 127) and "Traceback" not in done.stderr


def test_pips_settings_reach_uv(monkeypatch):
    import autograder.setup as setup

    listed = "global.extra-index-url='a\\nb'\n:env:.index-url='c'\nglobal.timeout='9'\nglobal.cert='d'\n"
    monkeypatch.setattr(setup.subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 0, listed))
    for name in (*setup.UV_NAMES.values(), "UV_INDEX_STRATEGY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UV_INDEX_URL", "their own")
    assert setup.uv_settings() == {
        "UV_EXTRA_INDEX_URL": "a b",
        "SSL_CERT_FILE": "d",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_what_pip_does_is_one_line_a_download(capsys):
    import autograder.setup as setup

    line = setup.Line(time.time() - 83)
    for said in (
        "Collecting torch==2 (from -r requirements.txt (line 4))",
        "  Downloading https://example.org/a/torch-2-cp311.whl (203.1 MB)",
        "Requirement already satisfied: numpy",
        "Installing collected packages: sympy, torch",
    ):
        line.show(said)
    line.end()
    assert capsys.readouterr().out.splitlines() == [
        "1:23  downloading torch-2-cp311.whl (203.1 MB)",
        "1:23  unpacking 2 packages",
    ]
