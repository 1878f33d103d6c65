"""Run the checks in some folders on one submission: pytest in this process, our plugin, nothing printed.

What checks there are, of which sub-parts and kind, is known from pytest's own collection alone (`collect_checks`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest

from autograder.course.parts import Parts
from autograder.grader.outcomes import CouldNotRun
from autograder.grader.plugin import CheckResult, Checks
from autograder.grader.student import Transport

# No plugin, ini file, conftest file or cache of whoever runs this, no rewriting of assertions (it prints values), no
# output; and one check file that does not load does not keep the others from running.
_BLOCKED = "cacheprovider terminal warnings logging faulthandler debugging junitxml pastebin".split()
_BLOCKED += ["unraisableexception", "threadexception"]
_OPTIONS = [
    *"--import-mode=importlib --assert=plain --capture=no --disable-plugin-autoload --strict-markers".split(),
    "--noconftest",
    "--continue-on-collection-errors",
    f"--config-file={os.devnull}",
    *(f"-pno:{name}" for name in _BLOCKED),
]


# pytest reads these as well, and they are meant for other runs of it.
_VARIABLES = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")


def run_checks(
    roots: dict[str, Path],
    connect: Callable[[float], Transport],
    folder: Path,
    parts: Parts,
    *,
    selection: frozenset[str] | None = None,
    only: Sequence[str] | None = None,
    seed: int = 0,
    on_result: Callable[[CheckResult], None] = lambda result: None,
) -> list[CheckResult]:
    """The results of all checks under `roots` ({"public": …, "hidden": …}) that touch `selection`, in order.

    They run in another order: the unit checks of all files come first, so if the time ends, it ends in the long ones.
    `only` names the check files to run ("hidden/test_relabel.py"). `connect(time_limit)` opens a transport to the
    submission, whose files lie in `folder`. Raises `KeyboardInterrupt` on Ctrl-C and `CouldNotRun` where pytest itself
    gave up.
    """
    roots = _resolved(roots)
    wanted = selection if selection is not None else frozenset(parts.subparts)
    files = [file for name, file in check_files(roots).items() if only is None or name in only]
    if not files:
        return []
    plugin = Checks(parts, connect, folder, roots, wanted, seed, on_result, files)
    _run(plugin)
    place = {check.id: i for i, check in enumerate(plugin.collected)}
    if plugin.could_not_run:  # once more, each in a fresh worker
        plugin.only = plugin.could_not_run
        _run(plugin)
    # What could not be collected comes first.
    return sorted(plugin.results, key=lambda result: place.get(result.id, -1))


@dataclass(frozen=True)
class Collected:
    """The checks under some folders, none of them run: each "could not run"."""

    checks: tuple[CheckResult, ...]  # in order
    broken: tuple[CheckResult, ...]  # files that do not load, ill-formed checks: the message says why
    # Files, all of whose checks are of parts that the course does not grade.
    left_out: frozenset[str] = frozenset()


def collect_checks(roots: dict[str, Path], parts: Parts) -> Collected:
    """All checks under `roots`. Asked again while no check file has changed, the answer costs a look at the files."""
    roots = _resolved(roots)
    contents = tuple((path, path.read_bytes()) for path in check_files(roots).values())
    return _collect(tuple(roots.items()), parts, contents)


@lru_cache(maxsize=8)
def _collect(
    roots: tuple[tuple[str, Path], ...], parts: Parts, contents: tuple[tuple[Path, bytes], ...]
) -> Collected:
    def connect(limit: float) -> Transport:
        raise CouldNotRun("nothing is run")

    files = [path for path, _ in contents]
    plugin = Checks(parts, connect, Path(), dict(roots), frozenset(parts.subparts), 0, files=files)
    if files:
        _run(plugin, "--collect-only")
    used = {check.file for check in (*plugin.collected, *plugin.results)}
    return Collected(tuple(plugin.collected), tuple(plugin.results), frozenset(plugin.left_out - used))


def list_checks(roots: dict[str, Path], parts: Parts) -> list[CheckResult]:
    """All checks under `roots`, none of them run: each "could not run", with a message only where it is ill-formed."""
    found = collect_checks(roots, parts)
    return [*found.checks, *found.broken]


def subparts_by_file(roots: dict[str, Path], parts: Parts) -> dict[str, list[str]]:
    """ "public/test_relabel.py" -> the sub-parts of its checks, in the order of parts.toml, for every check file that
    the course needs."""
    found = collect_checks(roots, parts)
    named: dict[str, set[str]] = {n: set() for n in check_files(_resolved(roots)) if n not in found.left_out}
    for check in found.checks:
        named[check.file] |= set(check.subparts)
    return {file: [sub for sub in parts.subparts if sub in names] for file, names in named.items()}


def check_files(roots: dict[str, Path]) -> dict[str, Path]:
    """ "public/test_relabel.py" -> its path, for the check files under `roots`, in order."""
    return {
        f"{name}/{file.relative_to(root).as_posix()}": file
        for name, root in roots.items()
        for file in sorted(root.glob("**/test_*.py"))
    }


def _resolved(roots: dict[str, Path]) -> dict[str, Path]:
    return {name: root.resolve() for name, root in roots.items()}


def _run(plugin: Checks, *options: str) -> None:
    _forget(plugin.roots)
    with _without(_VARIABLES):
        code = pytest.main([*_OPTIONS, *options], [plugin])
    _forget(plugin.roots)
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        raise CouldNotRun("the checks could not be started")


@contextmanager
def _without(names: Sequence[str]) -> Iterator[None]:
    """Without these environment variables."""
    before = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(before)


def _forget(roots: dict[str, Path]) -> None:
    """Unload the check files: another run may have others under the same names. What they import stays as it is."""
    files = {str(file) for file in check_files(roots).values()}
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) in files:
            del sys.modules[name]
