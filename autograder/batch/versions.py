"""The version of a check file: a hash of all that its results depend on, so that only what changed is graded again.

That is the file and what it imports from here, the engine that runs it, what the submission's process gets to import,
time limits, and the libraries that compute. It is not: titles, points, scoring, pages (they are made from the results).
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from autograder.engine.parts import Part, Parts
from autograder.engine.running import check_files
from autograder.engine.tree import ENGINE, ROOT, WORKER_FILES

LIBRARIES = ("torch", "numpy", "mujoco", "gymnasium", "gymnasium-robotics")
_RUNNER = ("running", "process", "tree")


def file_versions(roots: dict[str, Path], pristine: Path, parts: Parts) -> dict[str, str]:
    """ "hidden/test_relabel.py" -> the version of each check file under `roots`, in their order."""
    engine = [ENGINE / f"{name}.py" for name in (*_RUNNER, *WORKER_FILES)]
    shared = hashlib.sha256()
    for path in closure([*engine, *_package_files(pristine, parts)]):
        _add(shared, path)
    libraries = {name: _version(name) for name in LIBRARIES}
    shared.update(json.dumps([sys.version_info[:2], libraries]).encode())
    versions = {}
    for name, path in check_files({key: root.resolve() for key, root in roots.items()}).items():
        own = shared.copy()
        for source in closure([path]):
            _add(own, source)
        used = [(p.number, p.file, p.time_limit, [s.id for s in p.subparts]) for p in parts_of(path, parts)]
        own.update(json.dumps([name, used, parts.files]).encode())
        versions[name] = own.hexdigest()[:16]
    return versions


def parts_of(path: Path, parts: Parts) -> list[Part]:
    """The parts that a check file names a sub-part of."""
    ids = subparts_of(path, parts)
    return [part for part in parts.parts if any(sub.id in ids for sub in part.subparts)]


def subparts_of(path: Path, parts: Parts) -> list[str]:
    """The sub-parts that a check file names, in order."""
    named = set(re.findall(r"""["'](\d+[a-z])["']""", path.read_text(encoding="utf-8")))
    return [name for name in parts.subparts if name in named]


def closure(files: Iterable[Path]) -> list[Path]:
    """The files and all modules of this repository that they import, directly or not, sorted."""
    found: set[Path] = set()
    waiting = [path.resolve() for path in files]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path, path.read_bytes())
    return sorted(found)


@cache
def _imported(path: Path, text: bytes) -> tuple[Path, ...]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return ()  # it will not load either; its bytes count all the same
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            home = _package(path, node.level)
            base = ".".join(part for part in (home, node.module) if part)
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(dict.fromkeys(file for name in names for file in _files(name)))


def _package(path: Path, level: int) -> str:
    if level == 0 or not path.is_relative_to(ROOT):
        return ""
    return ".".join(path.relative_to(ROOT).parts[:-level])


def _files(module: str) -> list[Path]:
    """The files that importing `module` runs, as far as they lie in this repository."""
    files, folder = [], ROOT
    for part in module.split("."):
        if (folder / f"{part}.py").is_file():
            files.append(folder / f"{part}.py")
        folder /= part
        if (folder / "__init__.py").is_file():
            files.append(folder / "__init__.py")
    return files


def _package_files(pristine: Path, parts: Parts) -> list[Path]:
    """What a submission's process gets of the pristine package: all but the part files and the tests."""
    files = sorted(pristine.rglob("*.py"))
    inside = [(path, path.relative_to(pristine)) for path in files]
    return [p for p, name in inside if "tests" not in name.parts and name.as_posix() not in parts.files]


def _add(total: hashlib._Hash, path: Path) -> None:
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name
    total.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
