"""The version of a check file: a hash of all that its results can depend on, so that only what changed is graded again.

The text of a check does not tell which of the kit's files it uses, directly or through others. So all of them count, by
content: the grader, what checks share, thresholds, the reference, envs, the pristine package, the libraries.
Of the check files, each counts for itself. What does not count is what is made from the results: titles, points,
scoring, pages.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from autograder.course.parts import Parts
from autograder.grader.intake.names import is_noise
from autograder.grader.outside.tree import ROOT
from autograder.grader.running import check_files, subparts_by_file
from autograder.staff.batch.grades import seed_for
from autograder.staff.batch.hashes import hash_of

KIT = (
    "autograder/grader",
    "autograder/checks",
    "autograder/staff/hidden",
    "autograder/staff/batch/worker",
    "envs",
    "solutions",
)
# The kit's own tests, figures that were measured, what works on results, and what a student runs.
FOLDERS_LEFT_OUT = {"tests", "results", "report", "handin"}
SUFFIXES_LEFT_OUT = {".md", ".pyc"}


def file_versions(roots: dict[str, Path], pristine: Path, parts: Parts) -> dict[str, str]:
    """ "hidden/test_relabel.py" -> the version of each check file under `roots`, in their order."""
    files = check_files({name: root.resolve() for name, root in roots.items()})
    facts = [sys.version_info[:3], _libraries(), seed_for(0, "a content")]
    shared = hash_of(_shared_files(files.values(), pristine.resolve(), parts))
    versions = {}
    for name, subparts in subparts_by_file(roots, parts).items():
        others = _other_checks(files[name], files.values())
        own = hash_of([(name, files[name]), *((other.name, other) for other in others)])
        own_parts = [p for p in parts.parts if any(sub.id in subparts for sub in p.subparts)]
        used = [(p.number, p.file, p.time_limit, p.task, p.threshold) for p in own_parts]
        time = asdict(parts.settings.time) | {"gradescope_minutes": 0}
        text = json.dumps([facts, shared, own, name, subparts, used, parts.files, time])
        versions[name] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return versions


def _shared_files(checks: Iterable[Path], pristine: Path, parts: Parts) -> Iterator[tuple[str, Path]]:
    """(a name that does not depend on where the course lies, path) of what every check can depend on."""
    checks = set(checks)
    for folder in KIT:
        for inside, path in _tree(ROOT / folder):
            if not (folder.startswith("autograder/") and path.match("test_*.py")):
                yield f"{folder}/{inside}", path
    for inside, path in _tree(pristine):
        if inside not in (
            *parts.files,
            "hints.toml",
        ):  # those come from the submission; nothing runs on hints
            yield f"pristine/{inside}", path
    # A course's own checks, and the files beside them.
    for own in sorted({path.parents[1] for path in checks if not path.is_relative_to(ROOT)}):
        for inside, path in _tree(own):
            if path not in checks:
                yield f"checks/{inside}", path


def _tree(folder: Path) -> list[tuple[str, Path]]:
    """(path inside, path) of the files in a folder that can matter, sorted."""
    found = []
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        left_out = FOLDERS_LEFT_OUT & set(inside.parts[:-1]) or path.suffix in SUFFIXES_LEFT_OUT
        if not left_out and not any(map(is_noise, inside.parts)) and path.is_file():
            found.append((inside.as_posix(), path))
    return sorted(found)


def _other_checks(file: Path, checks: Iterable[Path]) -> list[Path]:
    """The check files that this one seems to import: those whose name stands in one of its imports."""
    try:
        nodes = list(ast.walk(ast.parse(file.read_bytes())))
    except (SyntaxError, ValueError):
        return []  # it will not load either; its bytes count all the same
    names = [alias.name for n in nodes if isinstance(n, ast.Import | ast.ImportFrom) for alias in n.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    words = {word for name in names for word in name.split(".")}
    return sorted(path for path in checks if path.stem in words and path != file)


def _libraries() -> dict[str, str]:
    """The installed version of everything that requirements.txt names."""
    try:
        lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    names = [found[0] for line in lines if (found := re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line))]
    return {name: _version(name) for name in names}


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
