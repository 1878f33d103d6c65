"""The unit checks one by one, without pytest: a check is a function, its cases and what its result depends on."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.course.parts import Parts
from autograder.staff.hidden import ROOTS


@dataclass(frozen=True)
class Check:
    """One case of one check. `file` is its check file, and `key` changes when its code does."""

    id: str  # "hidden/test_relabel.py::test_future_goals[float32]"
    subparts: tuple[str, ...]
    function: str
    arguments: tuple[tuple[str, Any], ...]
    hint: str
    visibility: str
    file: Path
    key: str

    @property
    def is_fresh(self) -> bool:
        """Whether its inputs are drawn anew for each seed."""
        return "fresh_rng" in inspect.signature(self.call).parameters

    @property
    def call(self) -> Callable[..., None]:
        return getattr(load(self.visibility, self.file), self.function)


def unit_checks(parts: Parts, subpart: str, roots: dict[str, Path] = ROOTS) -> list[Check]:
    """The unit checks of a sub-part: those in the check files named after its part file."""
    name = f"test_{parts.part_of(subpart).file}"
    found = [
        check for vis, root in roots.items() if (root / name).is_file() for check in _checks(vis, root / name)
    ]
    return [check for check in found if subpart in check.subparts]


@cache
def load(visibility: str, path: Path) -> ModuleType:
    """The module of a check file."""
    name = f"verified_{visibility}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@cache
def _checks(visibility: str, path: Path) -> tuple[Check, ...]:
    found = []
    for function, value in vars(load(visibility, path)).items():
        marks = {mark.name: mark for mark in getattr(value, "pytestmark", ())}
        if not function.startswith("test_") or "subpart" not in marks:
            continue
        fields = marks["subpart"].kwargs
        if fields["kind"] != "unit":
            continue
        cases = _cases([mark for mark in value.pytestmark if mark.name == "parametrize"])
        for case in cases:
            suffix = f"[{'-'.join(str(v) for _, v in case)}]" if case else ""
            found.append(
                Check(
                    f"{visibility}/{path.name}::{function}{suffix}",
                    fields["ids"],
                    function,
                    tuple(case),
                    fields["hint"],
                    visibility,
                    path,
                    _code(path, function),
                )
            )
    return tuple(found)


def _cases(marks: list[Any]) -> list[list[tuple[str, Any]]]:
    """All combinations of the parameters of a check; one empty one where it has none."""
    axes = []
    for mark in marks:
        names, values = mark.args
        keys = [k.strip() for k in names.split(",")] if isinstance(names, str) else list(names)
        axes.append([list(zip(keys, v if len(keys) > 1 else [v], strict=True)) for v in values])
    return [list(itertools.chain(*combination)) for combination in itertools.product(*axes)]


def _code(path: Path, function: str) -> str:
    """A digest of what a check's file says but for its other checks: editing one check leaves the others as judged."""
    return hashlib.sha256(f"{_shared(path)}\n{_functions(path)[function]}".encode()).hexdigest()


@cache
def _functions(path: Path) -> dict[str, str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name: ast.dump(node) for node in tree.body if isinstance(node, ast.FunctionDef)}


@cache
def _shared(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tests = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]
    tree.body = [node for node in tree.body if node not in tests]
    return ast.dump(tree)
