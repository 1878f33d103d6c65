"""The developer's page: its step-by-steps are followed to the letter, in a copy of the kit."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from autograder.staff.release.new_course import new_course

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "autograder/README.md").read_text(encoding="utf-8")
PLACES = ("", "autograder", "autograder/grader", "autograder/staff")  # that the page's paths start from
SECTIONS = ("Add a sub-part", "Add a part", "Add a task")
ENDS_WITH = re.compile(r"# ends with (\d+)")


def steps(section: str) -> list[str]:
    """The numbered steps of a section, each without its number and indentation."""
    (text,) = re.findall(rf"^## {section}\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
    found = re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |\Z)", text, re.MULTILINE | re.DOTALL)
    assert [int(number) for number, _ in found] == list(range(1, len(found) + 1))
    return [dedent(f"   {step}") for _, step in found]


def follow(step: str, root: Path) -> str:
    """Do what one step says in the tree at `root`; returns which kind of step it was. Each step says one thing."""
    words, _, rest = step.partition("```")
    said = " ".join(words.split())
    block = rest[rest.index("\n") + 1 : rest.index("```")] if rest else ""
    if file := re.search(r"New file `([^`]+)`:$", said):
        assert not (root / file[1]).exists()
        (root / file[1]).write_text(block, encoding="utf-8")
        return "new"
    if file := re.search(r"(?:At|at) the end of `([^`]+)`:$", said):
        _change(root / file[1], lambda text: text + _space(file[1], block) + block)
        return "append"
    if place := re.search(r"In `([^`]+)`, (above|below) `([^`]+)`:$", said):
        _change(
            root / place[1], lambda text: _beside(text, place[2], place[3], block, _space(place[1], block))
        )
        return "insert"
    if swap := re.search(r"In `([^`]+)`, `([^`]+)` becomes `([^`]+)`\.$", said):
        _change(root / swap[1], lambda text: _swapped(text, swap[2], swap[3]))
        return "replace"
    assert said.endswith("Run:"), f"this step cannot be followed: {said}"
    for line in block.splitlines():
        run(line, root)
    return "run"


def _change(path: Path, change) -> None:
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def _space(path: str, block: str) -> str:
    """The blank lines between a block and what stands there."""
    if block.startswith(" ") or (path.endswith(".toml") and not block.startswith("[")):
        return ""
    return "\n\n" if path.endswith(".py") else "\n"


def _beside(text: str, where: str, anchor: str, block: str, space: str) -> str:
    lines = text.splitlines(keepends=True)
    (at,) = [number for number, line in enumerate(lines) if anchor in line]
    if where == "below":
        return "".join([*lines[: at + 1], space, block, *lines[at + 1 :]])
    return "".join([*lines[:at], block, space, *lines[at:]])


def _swapped(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


def run(line: str, root: Path) -> None:
    """One command; it ends with 0, or with what its comment says."""
    wanted = int(found[1]) if (found := ENDS_WITH.search(line)) else 0
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {
        "OMP_NUM_THREADS": "1"
    }
    command = shlex.split(line, comments=True)
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == wanted, f"{line}\n{done.stdout}{done.stderr}"


@pytest.fixture
def kit(tmp_path) -> Path:
    """The kit in another folder, with a .venv that is this Python."""
    root = tmp_path / "kit"
    new_course(ROOT, root)
    python = root / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    shutil.copy(root / "requirements.txt", root / ".venv/.ready")
    return root


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
@pytest.mark.parametrize("section", SECTIONS)
def test_a_step_by_step_can_be_followed_to_the_letter(section, kit):
    listed = steps(section)
    assert len(listed) <= 10
    done = [follow(step, kit) for step in listed]
    assert done[-1] == "run" and len(set(done)) > 1
    written = re.findall(r"(?:file|end of|In) `([^`]+\.py)`", " ".join(" ".join(listed).split()))
    run(f".venv/bin/python -m ruff check --quiet {' '.join(written)}", kit)


def test_the_page_says_where_every_folder_ships():
    named = set(re.findall(r"`(\w+)/`", PAGE[PAGE.index("## Where") : PAGE.index("## Add")]))
    folders = {
        path.name for path in (ROOT / "autograder").iterdir() if path.is_dir() and path.name[0] not in "._"
    }
    assert folders <= named


def test_every_path_that_the_page_names_is_there():
    """Those of the step-by-steps are followed by the test above."""
    text = PAGE[: PAGE.index("## Add")] + PAGE[PAGE.index("## Run what") : PAGE.index("## CHANGELOG")]
    for name in re.findall(r"(?:[\w.]+/)+[\w.]*", text):
        assert any((ROOT / place / name).exists() for place in PLACES), name
