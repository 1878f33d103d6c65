"""Run the checks in some folders on one submission: pytest in this process, our plugin, nothing printed."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from autograder.engine.outcomes import CouldNotRun
from autograder.engine.parts import Parts
from autograder.engine.plugin import CheckResult, Checks
from autograder.engine.student import Transport

# No plugin, ini file or cache of whoever runs this, no rewriting of assertions (it prints values), no output; and one
# check file that does not load does not keep the others from running.
_BLOCKED = "cacheprovider terminal warnings logging faulthandler debugging junitxml pastebin".split()
_BLOCKED += ["unraisableexception", "threadexception"]
_OPTIONS = [
    *"--import-mode=importlib --assert=plain --capture=no --disable-plugin-autoload --strict-markers".split(),
    "--continue-on-collection-errors",
    f"--config-file={os.devnull}",
    *(f"-pno:{name}" for name in _BLOCKED),
]


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

    `only` names the check files to run ("hidden/test_relabel.py"). `connect(time_limit)` opens a transport to the
    submission, whose files lie in `folder`. Raises `KeyboardInterrupt` on Ctrl-C and `CouldNotRun` where pytest itself
    gave up.
    """
    roots = {name: root.resolve() for name, root in roots.items()}
    wanted = selection if selection is not None else frozenset(parts.subparts)
    named = check_files(roots, selection)
    files = [file for name, file in named.items() if only is None or name in only]
    if not files:
        return []
    plugin = Checks(parts, connect, folder, roots, wanted, seed, on_result)
    _run(plugin, roots, files)
    if plugin.could_not_run:  # once more, each in a fresh worker
        plugin.only = plugin.could_not_run
        _run(plugin, roots, files)
    order = {str(file): i for i, file in enumerate(files)}
    return sorted(plugin.results, key=lambda r: order.get(str(roots.get(r.visibility, Path()) / _file(r)), 0))


def list_checks(roots: dict[str, Path], parts: Parts) -> list[CheckResult]:
    """All checks under `roots`, none of them run: each "could not run", with a message only where it is ill-formed."""
    roots = {name: root.resolve() for name, root in roots.items()}

    def connect(limit: float) -> Transport:
        raise CouldNotRun("nothing is run")

    plugin = Checks(parts, connect, Path(), roots, frozenset(parts.subparts), 0)
    _run(plugin, roots, list(check_files(roots).values()), "--collect-only")
    return plugin.collected + plugin.results


def check_files(roots: dict[str, Path], selection: frozenset[str] | None = None) -> dict[str, Path]:
    """ "public/test_relabel.py" -> its path, for the check files under `roots` that touch `selection`, in order."""
    return {
        f"{name}/{file.relative_to(root).as_posix()}": file
        for name, root in roots.items()
        for file in _files(root, selection)
    }


def _file(result: CheckResult) -> str:
    return result.id.split("::")[0].partition("/")[2]


def _run(plugin: Checks, roots: dict[str, Path], files: list[Path], *options: str) -> None:
    _forget(roots)
    top = os.path.commonpath(roots.values())
    # Without the cut, pytest would look for conftest files all the way up, in folders that are not ours.
    places = [f"--rootdir={top}", f"--confcutdir={top}", *map(str, files)]
    code = pytest.main([*_OPTIONS, *options, *places], [plugin])
    _forget(roots)
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        raise CouldNotRun("the checks could not be started")


def _files(root: Path, wanted: frozenset[str] | None) -> list[Path]:
    """The check files, or those that name one of the wanted sub-parts: the others need not be imported at all."""
    files = sorted(root.glob("**/test_*.py"))
    if wanted is None:
        return files
    named = re.compile("|".join(rf"""["']{re.escape(name)}["']""" for name in sorted(wanted)))
    return [file for file in files if named.search(file.read_text(encoding="utf-8"))]


def _forget(roots: dict[str, Path]) -> None:
    """Unload check modules: another run may have other files under the same names."""
    folders = tuple(str(root) + os.sep for root in roots.values())
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(folders):
            del sys.modules[name]
