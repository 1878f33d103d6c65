"""Confine this process: what a worker does after the fork and before it imports any of the submission's code."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograder.grader.inside.confine import files, limits, uid
from autograder.grader.inside.confine.layers import Layers

if TYPE_CHECKING:
    from py_landlock import Landlock
    from pyseccomp import SyscallFilter

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


@dataclass(frozen=True)
class Plan:
    """What the preloaded process prepared once, for all its workers."""

    layers: Layers
    base: str
    search: bool  # a worker of another uid needs help to reach Python or the base (see `uid.become`)
    threads: int  # that the grader's user has, where a worker stays that user
    rules: Landlock | None
    calls: SyscallFilter | None


def plan(layers: dict[str, bool], base: str) -> Plan:
    """Prepare what `layers` (as `Layers.as_dict` gives them) need; raises where one of them is not to be had."""
    wanted = Layers(**layers)
    rules = calls = None
    if wanted.landlock:
        from autograder.grader.inside.confine import landlock

        rules = landlock.prepare(base)
    if wanted.seccomp:
        from autograder.grader.inside.confine import seccomp

        calls = seccomp.prepare()
    search = wanted.uid and wanted.landlock and not _reachable(base)
    mine = limits.threads_of(os.getuid()) if sys.platform == "linux" and not wanted.uid else 0
    return Plan(wanted, base, search, mine, rules, calls)


def make_scratch(plan: Plan, number: int) -> tuple[str, int]:
    """A new empty folder for worker `number`, and the uid that owns it and should run it."""
    # A name of its own: a host that was killed leaves folders behind.
    path = tempfile.mkdtemp(prefix=f"{number}-", dir=os.path.join(plan.base, "scratch"))
    owner = os.geteuid()
    if plan.layers.uid:
        owner = uid.unused(os.getpid() * 101 + number)
        os.chown(path, owner, owner)
    return path, owner


def confine(plan: Plan, scratch: str, owner: int, parent: int) -> None:
    """Give up every right that `plan` says; `owner` as `make_scratch` gave it, `parent` the preloaded process's pid.

    Raises `OSError` or a library's error where a layer fails: then this process must end, and run nothing.
    """
    for name in ("HOME", "TMPDIR", "MPLCONFIGDIR", "TORCHINDUCTOR_CACHE_DIR"):
        os.environ[name] = scratch
    for name in ("USER", "LOGNAME"):  # `getpass.getuser` would look for the worker's uid in a table of users
        os.environ[name] = "student"
    tempfile.tempdir = scratch  # what the preloaded process found is remembered there
    files.keep_inside(scratch)
    if sys.platform != "linux":
        return
    limits.set_limits(plan.threads + limits.THREADS)
    if plan.layers.uid:
        uid.become(owner, plan.search)
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # not even killing its parent lets it live on
    if os.getppid() != parent:  # it died before that
        os._exit(1)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if plan.rules is not None:
        from autograder.grader.inside.confine import landlock

        landlock.restrict(plan.rules, scratch)
    if plan.calls is not None:
        from autograder.grader.inside.confine import seccomp

        seccomp.restrict(plan.calls)


def _reachable(base: str) -> bool:
    """Whether a user without any right could read the base and Python's libraries; tried out in a child process."""
    from autograder.grader.inside.confine.readable import python_libraries

    folders = [base, *python_libraries()]  # seen by root: what is closed to a user does not even exist for it
    child = os.fork()
    if child == 0:
        status = 1
        try:
            uid.become(uid.LAST, search=False)
            for folder in folders:
                os.listdir(folder)
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0
