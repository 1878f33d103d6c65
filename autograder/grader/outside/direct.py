"""The direct call: the submission runs in this very process, so that prints are seen and a debugger works.

For a student's own shell, never for grading. A check's arguments are rebuilt from bytes all the same: editing them in
place does not reach the check, and results look exactly as they do when a TA grades.
"""

from __future__ import annotations

import importlib
import importlib.util
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from autograder.grader.budget import IDLE_LIMIT
from autograder.grader.inside.endpoint import Endpoint, NoSuchFile
from autograder.grader.outcomes import TimedOut
from autograder.grader.outside.refusals import as_when_graded
from envs.errors import UserMistake
from envs.typed import option

WALL_FACTOR = 5.0


class _Alarm(BaseException):
    """Not an `Exception`: a student's `except Exception` must not swallow the time limit."""


class DirectTransport:
    """Answers by calling the code in `folder` (a package such as `hw/`) here and now.

    `time_limit` in seconds of computing covers all calls together (on the clock it is five times as much, for code that
    only waits); it needs the main thread and a system with timers, and is lifted while a debugger is attached.
    """

    def __init__(
        self,
        folder: Path,
        part_modules: list[str],
        time_limit: float,
        on_error: Callable[[BaseException], None] | None = None,
    ) -> None:
        package = load_package(folder)
        for name in part_modules:  # each check meets the parts as after a fresh import; the kit stays loaded
            sys.modules.pop(f"{package}.{name}", None)
        self._files = [folder.resolve() / f"{name}.py" for name in part_modules]
        self._endpoint = Endpoint(lambda name: load_module(package, folder, name), folder, on_error)
        self._limit = time_limit
        self.idle_limit = IDLE_LIMIT  # not enforced here: somebody may step through the code
        self.computed = 0.0  # s so far
        self.idle = 0.0

    def ask(self, message: bytes) -> bytes:
        start, clock = time.process_time(), time.monotonic()
        try:
            with _alarm(self._limit - self.computed), as_when_graded(self._files):
                return self._endpoint.answer(message)
        except _Alarm:
            raise TimedOut(f"no answer after {self._limit:g} s of computing (an endless loop?)") from None
        finally:
            seconds = time.process_time() - start
            self.computed += seconds
            self.idle += max(0.0, time.monotonic() - clock - seconds)

    def close(self) -> None:
        """Nothing to end: the code ran in this process."""


def load_package(folder: Path) -> str:
    """Make the package at `folder` importable under the folder's name; returns that name.

    Raises `UserMistake` where there is no such folder.
    """
    folder = folder.resolve()
    name = folder.name
    if not folder.is_dir():
        raise UserMistake(
            f"there is no folder {folder}; name the one with your part files ({option('target', '…')})"
        )
    if not name.isidentifier():
        raise UserMistake(f"the folder {name!r} cannot be imported: rename it to a plain word such as hw")
    loaded = sys.modules.get(name)
    if loaded is not None and [str(folder)] == list(getattr(loaded, "__path__", [])):
        return name
    init = folder / "__init__.py"
    spec = importlib.util.spec_from_file_location(
        name, init if init.exists() else None, submodule_search_locations=[str(folder)]
    )
    if spec is None:  # a folder without __init__.py
        spec = importlib.util.spec_from_loader(name, None, is_package=True)
        assert spec is not None
        spec.submodule_search_locations = [str(folder)]
    for old in [m for m in sys.modules if m == name or m.startswith(name + ".")]:
        del sys.modules[old]
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if spec.loader is not None and init.exists():
        spec.loader.exec_module(module)
    importlib.invalidate_caches()
    return name


def load_module(package: str, folder: Path, name: str) -> ModuleType:
    """A module of the submission, or the stand-ins (`given`).

    Raises `NoSuchFile` where the submission has no such file.
    """
    if name == "given":
        return importlib.import_module("autograder.grader.inside.given")
    path = folder.joinpath(*name.split("."))
    if not path.with_suffix(".py").is_file() and not path.is_dir():
        raise NoSuchFile(name)
    return importlib.import_module(f"{package}.{name}")


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise `_Alarm` here after `seconds` of computing, where this system and thread can."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    armed = True

    def ring(*_: object) -> None:
        # Somebody steps through: let them.
        if armed and sys.gettrace() is None and "debugpy" not in sys.modules:
            raise _Alarm

    timers = {signal.SIGPROF: (signal.ITIMER_PROF, 1.0), signal.SIGALRM: (signal.ITIMER_REAL, WALL_FACTOR)}
    before = {number: signal.signal(number, ring) for number in timers}
    # Each rings again every second: the first time may fall inside somebody's bare `except:`.
    for timer, factor in timers.values():
        signal.setitimer(timer, max(seconds * factor, 1e-3), 1.0)
    try:
        yield
    finally:
        armed = False
        for number, (timer, _) in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])
