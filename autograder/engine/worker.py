"""The separate process in which a submission runs: `python -m autograder.engine.worker FD`.

It is exec'ed by `process.py` with a clean environment, in a folder that holds nothing secret: the pristine package
without its part files, `envs`, and the few engine files listed there. It loads torch and the rest once, and then, for
each check, forks a fresh worker that imports the submission and answers requests; when the check is over it kills
the worker. This first process never runs the submission's code.

    grader --control socket: preload, start (+ a socket of the worker's own), end--> this process --fork--> worker
    grader <------------------------- requests and answers ----------------------------------------------> worker
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import random
import resource
import signal
import socket
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import msgpack
import numpy as np

from autograder.engine.endpoint import Endpoint, NoSuchFile
from autograder.engine.frames import read_frame, write_frame


def main(control: socket.socket) -> None:
    """Serve until the grader closes the control socket (or dies, which closes it too)."""
    _adopt_orphans()
    workers: set[int] = set()
    try:
        while (frame := read_frame(control)) is not None:
            order = msgpack.unpackb(frame)
            if order["op"] == "preload":
                reply = {"missing": preload(order["modules"])}
            elif order["op"] == "start":
                _, (fd,), *_ = socket.recv_fds(control, 1, 1)
                pid = _fork(control, fd, order)
                workers.add(pid)
                reply = {"pid": pid}
            else:
                status, seconds = _end(order["pid"])
                reply = {"status": status, "seconds": seconds}
                workers.discard(order["pid"])
                _end_strays(workers)
            write_frame(control, msgpack.packb(reply))
    finally:
        for pid in workers:
            _end(pid)
        _end_strays(set())


def preload(modules: list[str]) -> list[str]:
    """Import what the parts will import, so that no check pays for it; returns what could not be."""
    missing = []
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError as error:
            missing.append(f"{name}: {error}")
    gc.collect()
    gc.freeze()  # the garbage collector of a fork leaves these pages alone, so they stay shared
    return missing


def confine(job: dict[str, Any]) -> None:
    """Where a worker gives up its rights, after the fork and before any of the submission's code is imported.

    Nothing is taken away yet: what keeps a check honest today is that the verdict is reached in another process. Files,
    network, memory and signals to other processes are still open to the submission.
    """


def serve(channel: socket.socket, job: dict[str, Any]) -> None:
    """Answer requests until the grader hangs up. `job`: package, folder (of the part files), parts, seed."""
    folder = Path(job["folder"])
    package = importlib.import_module(job["package"])
    package.__path__.append(
        str(folder)
    )  # after the pristine files: a submission adds parts and replaces nothing
    importlib.invalidate_caches()
    random.seed(job["seed"])
    np.random.seed(job["seed"])  # noqa: NPY002  - for code that uses the global generators: the same in each worker
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(job["seed"])

    def load(name: str) -> ModuleType:
        if name == "given":
            return importlib.import_module("autograder.engine.given")
        if name in job["parts"] and not (folder / f"{name}.py").is_file():
            raise NoSuchFile(name)
        return importlib.import_module(f"{job['package']}.{name}")

    endpoint = Endpoint(load, folder)
    while (message := read_frame(channel)) is not None:
        write_frame(channel, endpoint.answer(message))


def _fork(control: socket.socket, fd: int, job: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        os.close(fd)
        return pid
    status = 1
    try:
        _prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: not even killing its parent lets it live on
        os.setsid()  # a group of its own, so that whatever it starts can be ended with it
        control.close()
        channel = socket.socket(fileno=fd)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):  # what it prints goes nowhere, and cannot reach the protocol
            os.dup2(null, standard)
        os.chdir(job["scratch"])
        # CPU time, not time on the clock: a busy machine must not fail anybody. At the first limit the kernel sends
        # SIGXCPU, which ends the process and says why; code that ignores that is killed a second later.
        resource.setrlimit(resource.RLIMIT_CPU, (job["cpu_seconds"], job["cpu_seconds"] + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        confine(job)
        serve(channel, job)
        status = 0
    finally:
        os._exit(status)  # no handler that the submission registered runs in the name of this process


def _end(pid: int) -> tuple[int, float]:
    """Kill a worker and its group; returns its wait status and the seconds of CPU it used.

    Its number cannot be used again by another process before this wait.
    """
    for kill in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
    try:
        _, status, used = os.wait4(pid, 0)
    except ChildProcessError:
        return 0, 0.0
    return status, used.ru_utime + used.ru_stime


def _adopt_orphans() -> None:
    """On Linux, become the parent of processes whose worker has died: a daemon cannot slip away."""
    _prctl(36, 1)  # PR_SET_CHILD_SUBREAPER


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _end_strays(workers: set[int]) -> None:
    """Kill adopted processes until none is left that is not a worker."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    for _ in range(1000):  # each round can uncover children of those killed
        try:
            strays = {int(pid) for pid in children.read_text().split()} - workers
        except OSError:  # not Linux, or a kernel without this file
            return
        if not strays:
            return
        for pid in strays:
            _end(pid)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
