"""Run the kit's tests under each Python that it promises to run on: `python -m autograder.staff.pythons`.

    the kit --copy--> out/pythons/3.12/ --autograder/setup.py--> its own .venv --pytest--> a line in the table

Setting up is a part of what is tested. A second run finds each .venv as it was, and takes the tests' time only.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from autograder.grader.outside.tree import ROOT
from autograder.staff.release.new_course import kit_files
from envs.errors import UserMistake
from envs.terminal import command_line
from solutions.kit.console import run_command

VERSIONS = ("3.11", "3.12", "3.13")


@dataclass(frozen=True)
class PythonsConfig:
    """Run the tests under each Python."""

    pythons: tuple[str, ...] = VERSIONS
    """versions, or paths of Pythons"""
    tests: str = "-m 'not slow'"
    """words for pytest: files, -k and the like, as a shell reads them"""
    out: Path = Path("out/pythons")
    """a copy of the kit for each goes there"""


def interpreter(name: str) -> str | None:
    """The path of a Python: the path itself, or that of a version that PATH, uv or pyenv knows; None if none does."""
    if not name[:1].isdigit():
        return name if shutil.which(name) else None
    candidates = [shutil.which(f"python{name}")]
    if uv := shutil.which("uv"):
        found = subprocess.run([uv, "python", "find", name], capture_output=True, text=True, check=False)
        candidates.append(found.stdout.strip())
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    candidates += [str(path) for path in sorted(pyenv.glob(f"{name}*/bin/python"))]
    return next((path for path in candidates if path and _version(path) == name), None)


def _version(python: str) -> str:
    """Its version, such as 3.12; "" if it does not run (a shim may stand for nothing)."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def copied(folder: Path) -> None:
    """The kit as it is now, in this folder; its .venv, if it has one, stays."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name != ".venv":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in kit_files(ROOT):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)


def tested(python: str, folder: Path, words: list[str]) -> str:
    """How it ended: pytest's last line, or a sentence."""
    copied(folder)
    if subprocess.run([python, str(folder / "autograder/setup.py")], check=False).returncode != 0:
        return "setting up failed (the reason stands above)"
    own = folder / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    command = [str(own.absolute()), "-m", "pytest", "-q", *words]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout)
    lines = done.stdout.strip().splitlines()
    return f"{'passed' if done.returncode == 0 else 'failed'}: {lines[-1] if lines else 'no output'}"


def pythons(config: PythonsConfig) -> int:
    """Test, print a table. Returns: how many did not pass. Raises: UserMistake if a Python is not there."""
    found = {name: interpreter(name) for name in config.pythons}
    if missing := [name for name, path in found.items() if path is None]:
        raise UserMistake(
            f"there is no Python {', '.join(missing)} here: install it (uv python install …), or leave it out"
        )
    table = Table("Python", "seconds", "tests")
    failed = 0
    for name, path in found.items():
        assert path is not None
        started = time.monotonic()
        ended = tested(path, config.out / name.replace(os.sep, "_"), shlex.split(config.tests))
        failed += not ended.startswith("passed")
        table.add_row(name, f"{time.monotonic() - started:.0f}", ended)
    Console().print(table)
    return failed


if __name__ == "__main__":
    run_command(lambda: sys.exit(bool(pythons(command_line(PythonsConfig)))))
