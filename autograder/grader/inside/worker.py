"""The separate process in which a submission runs: `python -m autograder.grader.inside.worker FD`.

It is exec'ed by `process.py` with a clean environment, in a folder that holds nothing secret: the pristine package
without its part files, `envs`, and the folder that this file lies in. It loads torch and the rest once, and then, for
each check, forks a fresh worker that gives up its rights (`confine`), imports the submission and answers requests; when
the check is over it kills the worker. This first process never runs the submission's code and never holds it in memory,
which its workers inherit: the files go from the grader to the worker directly.

    grader --control socket: preload, start (+ a socket of the worker's own), end--> this process --fork--> worker
    grader <-------------- part files, "ready", then requests and answers --------------------------------> worker
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import random
import resource
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from msgspec import msgpack

from autograder.grader.inside import libraries
from autograder.grader.inside.confine import apply, limits, scratch
from autograder.grader.inside.confine.apply import Plan
from autograder.grader.inside.endpoint import Endpoint, NoSuchFile
from autograder.grader.inside.frames import read_frame, write_frame

READY = b"ready"
WATCH_EVERY = 0.1  # s
_count = 0  # of workers so far


def main(control: socket.socket) -> None:
    """Serve until the grader closes the control socket (or dies, which closes it too)."""
    _adopt_orphans()
    workers: dict[int, Worker] = {}
    plan: Plan | None = None
    reply: dict[str, Any]
    try:
        while (frame := _next_frame(control, workers)) is not None:
            order = msgpack.decode(frame)
            if order["op"] == "preload":
                reply = {"missing": preload(order["modules"])}
                plan = apply.plan(order["layers"], os.getcwd())
            elif order["op"] == "start":
                assert plan is not None
                _, (fd,), *_ = socket.recv_fds(control, 1, 1)
                pid, started = _fork(control, fd, order, plan)
                workers[pid] = started
                reply = {"pid": pid}
            elif order["op"] == "used":
                reply = {"seconds": _used(order["pid"]), "queued": _queued(order["pid"])}
            else:
                worker = workers.pop(order["pid"], None)
                status, seconds = _end(order["pid"])
                _end_strays(set(workers))
                if worker is not None:
                    scratch.remove(worker.scratch)
                reply = {
                    "status": status,
                    "seconds": seconds,
                    "disk": "" if worker is None else worker.disk_full,
                }
            write_frame(control, msgpack.encode(reply))
    finally:
        for pid in workers:
            _end(pid)
        _end_strays(set())


@dataclass
class Worker:
    """What this process remembers of a worker; nothing of the submission is ever in its memory."""

    scratch: str
    disk_full: str = ""  # what it wrote too much of, and was ended for


def _next_frame(control: socket.socket, workers: dict[int, Worker]) -> bytes | None:
    """The next order; while waiting for it, whoever fills the disk is ended."""
    while not select.select([control], [], [], WATCH_EVERY if workers else None)[0]:
        for pid, worker in workers.items():
            if not worker.disk_full:
                worker.disk_full = limits.too_much_on_disk(worker.scratch)
                if worker.disk_full:
                    os.kill(pid, signal.SIGKILL)
    return read_frame(control)


def preload(modules: list[str]) -> list[str]:
    """Import what the parts will import, so that no check pays for it; returns what could not be."""
    missing = []
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError as error:
            missing.append(f"{name}: {error}")
    if "torch" in sys.modules:
        libraries.load()
    gc.collect()
    gc.freeze()  # the garbage collector of a fork leaves these pages alone, so they stay shared
    return missing


def receive(channel: socket.socket) -> None:
    """Write the part files, which come from the grader as the first message, into this folder (the scratch)."""
    message = read_frame(channel)
    for name, content in msgpack.decode(message or b"\x80").items():
        Path(name).write_bytes(content)


def serve(channel: socket.socket, job: dict[str, Any], folder: Path) -> None:
    """Answer requests until the grader hangs up. `job`: package, parts, seed; `folder` holds the part files."""
    package = importlib.import_module(job["package"])
    # After the pristine files: a submission adds parts and replaces nothing.
    package.__path__.append(str(folder))
    importlib.invalidate_caches()
    random.seed(job["seed"])
    np.random.seed(job["seed"])  # noqa: NPY002  - for code that uses the global generators: the same in each worker
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.default_generator.manual_seed(job["seed"])  # manual_seed itself also looks for GPUs, 5 ms

    def load(name: str) -> ModuleType:
        if name == "given":
            return importlib.import_module("autograder.grader.inside.given")
        if name in job["parts"] and not (folder / f"{name}.py").is_file():
            raise NoSuchFile(name)
        return importlib.import_module(f"{job['package']}.{name}")

    endpoint = Endpoint(load, folder)
    while (message := read_frame(channel)) is not None:
        write_frame(channel, endpoint.answer(message))


def _fork(control: socket.socket, fd: int, job: dict[str, Any], plan: Plan) -> tuple[int, Worker]:
    global _count
    _count += 1
    scratch, owner = apply.make_scratch(plan, _count)
    parent = os.getpid()
    pid = os.fork()
    if pid:
        os.close(fd)
        return pid, Worker(scratch)
    status = 1
    try:
        os.setsid()  # a group of its own, so that whatever it starts can be ended with it
        os.dup2(fd, 3)
        # Not the control socket, nor anything a library left open.
        os.closerange(4, os.sysconf("SC_OPEN_MAX"))
        control.detach()
        channel = socket.socket(fileno=3)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):  # what it prints goes nowhere, and cannot reach the protocol
            os.dup2(null, standard)
        os.close(null)
        os.chdir(scratch)
        # CPU time, not time on the clock: a busy machine must not fail anybody. At the first limit the kernel sends
        # SIGXCPU, which ends the process and says why; code that ignores that is killed a second later.
        resource.setrlimit(resource.RLIMIT_CPU, (job["cpu_seconds"], job["cpu_seconds"] + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        apply.confine(plan, scratch, owner, parent)
        receive(channel)
        write_frame(channel, READY)  # what comes after this may be the submission speaking
        serve(channel, job, Path(scratch))
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


def _used(pid: int) -> float | None:
    """Seconds of CPU a living worker has used so far, on all its threads; None where the system does not tell."""
    if sys.platform != "linux":
        return None
    try:
        # What clock_getcpuclockid(3) gives, which Python does not offer.
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return None


def _queued(pid: int) -> float:
    """Seconds for which a process wanted to compute and had to wait for a core; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


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
