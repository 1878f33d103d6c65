"""The zip that a course uploads to Gradescope: what runs there and the kit it needs, and nothing else.

setup.sh, run_autograder   at the root, as the platform wants them
requirements.txt           the pins of the kit without what grading does not need
limit.txt, index.txt       the assignment's time limit (minutes); where pip finds CPU builds, if one was named
kit/                       hw/ (the pristine starter), envs/, autograder/; solutions/ for the hidden checks
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from autograder.staff.release import starter
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.handout import write_zip
from autograder.staff.release.outline import Outline, read_outline

SCRIPTS = ("setup.sh", "run_autograder")
NOT_NEEDED = (
    *(
        "matplotlib",
        "tensorboard",
        "jupytext",
        "nbclient",
        "ipykernel",
        "imageio",
        "hypothesis",
        "ruff",
        "pytest-xdist",
    ),
    *("pyyaml", "copydetect", "mypy", "merge3", "tomli-w"),
)
FOLDERS = (
    *("envs", "solutions", "autograder/course", "autograder/checks", "autograder/grader"),
    *("autograder/staff/hidden", "autograder/staff/gradescope"),
)
FILES = (
    "autograder/__init__.py",
    "autograder/staff/__init__.py",
    "autograder/parts.toml",
    "autograder/course.toml",
)
LEFT_OUT_FOLDERS = {"tests", "results", "__pycache__"}
KEPT_SUFFIXES = {".py", ".toml", ".html", ".xml", ".json"}


def build(root: Path, out: Path, minutes: float | None = None, index: str = "") -> list[str]:
    """Write the zip for the repository at `root` to `out`; returns the paths in it. Raises ReleaseError.

    `minutes` is the assignment's time limit, by default the course's.
    """
    # A mistake is told now, not at every submission.
    outline = read_outline(root / "autograder" / "parts.toml")
    if minutes is None:
        minutes = outline.parts.settings.time.gradescope_minutes
    if not 1 <= minutes <= 40:
        raise ReleaseError([f"Gradescope's time limit is 1 to 40 minutes, not {minutes:g}."])
    entries = collect(root, outline, minutes, index)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as staged:
        part = Path(staged, out.name)
        write_zip(part, entries)
        os.replace(part, out)  # never a half-written zip under the name that gets uploaded
    return sorted(entries)


def collect(root: Path, outline: Outline, minutes: float, index: str) -> dict[str, bytes]:
    """Path in the zip -> content. Raises ReleaseError where hw/ is not what solutions/ gives."""
    files = starter.plan(root / "solutions", outline)
    difference = starter.compare(root / "hw", files)
    if difference:
        raise ReleaseError([*difference.sentences(), "hw/ is not what solutions/ gives: run `make starter`."])
    entries = {f"kit/hw/{path}": content for path, content in files.items() if _kept(path)}
    for folder in FOLDERS:
        for path, content in starter.read_tree(root / folder).items():
            if _kept(f"{folder}/{path}"):
                entries[f"kit/{folder}/{path}"] = content
    entries |= {f"kit/{name}": (root / name).read_bytes() for name in FILES if (root / name).is_file()}
    for name in SCRIPTS:
        entries[name] = (root / "autograder" / "staff" / "gradescope" / name).read_bytes()
    entries["requirements.txt"] = requirements(
        (root / "requirements.txt").read_text(encoding="utf-8")
    ).encode()
    entries["limit.txt"] = f"{minutes:g}\n".encode()
    if index:
        entries["index.txt"] = f"{index}\n".encode()
    return entries


def requirements(text: str) -> str:
    """The pins without those that grading does not need."""
    name = re.compile(r"[A-Za-z0-9_.-]+")
    lines = []
    for line in text.splitlines():
        found = name.match(line)
        if found and found[0].lower() not in NOT_NEEDED:
            lines.append(line.split("#")[0].strip())
    return "\n".join(lines) + "\n"


def _kept(path: str) -> bool:
    folders = set(Path(path).parts[:-1])
    return Path(path).suffix in KEPT_SUFFIXES and not LEFT_OUT_FOLDERS & folders
