"""The separate process, seen from the grader: start it, fork a worker for each check, ask, end.

The grader believes nothing it hears: frames are capped, one limit covers all the waiting of a check, and silence, death
and gibberish each have an outcome. A check's time limit counts the seconds of CPU its worker uses, so that a verdict
does not depend on what else the machine is doing; the limit on the clock is far wider. Code that waits without wanting
to compute (it sleeps) has a limit of its own: the time in which a worker queues for a core does not count as waiting.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from msgspec import msgpack

from autograder.grader.budget import IDLE_LIMIT
from autograder.grader.inside.confine.layers import Layers
from autograder.grader.inside.frames import FrameTooLong, read_frame, write_frame
from autograder.grader.outcomes import CouldNotRun, Crashed, TimedOut, Verdict
from autograder.grader.outside import bubblewrap, probe, sandbox_exec
from envs.errors import one_line

ROOT = Path(__file__).parents[3]  # of the course
STARTUP_LIMIT = 180.0  # s; a cold import of torch from a slow disk takes its time
WALL_FACTOR, WALL_EXTRA = 5.0, 2.0  # the limit on the clock: 5 times the time limit, and 2 s
LOOK_EVERY = 0.5  # s
ORDER_LIMIT = 30.0  # s, for a fork or a kill
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TZ")


@dataclass(frozen=True)
class End:
    """How a worker ended."""

    status: int  # as `os.wait` gives it
    seconds: float  # of CPU
    disk_full: str  # what it wrote too much of, as in "more than 64 MB", and was ended for


class WorkerHost:
    """Owns the preloaded process; `connect` gives each check a worker of its own. Use it in a `with` statement."""

    def __init__(
        self,
        base: Path,
        package: str,
        part_modules: list[str],
        preload: list[str],
        layers: Layers | None = None,
    ) -> None:
        """`base` is a folder made by `tree.build_base`, `package` the name of the homework's package in it.

        `layers` are the confinement of the workers; by default all that this machine offers.
        """
        self._base = base.resolve()
        self.layers = probe.best() if layers is None else layers
        self._package = package
        self._parts = part_modules
        self._preload = preload
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def __enter__(self) -> WorkerHost:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def connect(
        self, folder: Path, time_limit: float, seed: int = 0, parts: list[str] | None = None
    ) -> ProcessTransport:
        """A fresh worker for the part files in `folder`, with `time_limit` seconds of CPU. Raises `CouldNotRun`.

        `seed` seeds the worker's global generators and can be read there; `parts` are the modules to take.
        """
        for attempt in (1, 2):  # a submission may have killed the host: then there is a new one
            if self._control is None:
                self._start()
            try:
                return self._fork(folder, time_limit, seed, self._parts if parts is None else parts)
            except (OSError, CouldNotRun):
                self.close()
                if attempt == 2:
                    raise CouldNotRun("no process could be started for your code") from None
        raise AssertionError

    def used(self, pid: int) -> tuple[float, float] | None:
        """Seconds of CPU that a worker has used so far, and for which it queued; None if the system does not tell."""
        try:
            reply = self._order({"op": "used", "pid": pid})
        except (OSError, CouldNotRun):
            self.close()
            return None
        return None if reply["seconds"] is None else (float(reply["seconds"]), float(reply["queued"]))

    def end(self, pid: int) -> End | None:
        """Kill a worker; how it ended, or None where the host itself is gone."""
        try:
            reply = self._order({"op": "end", "pid": pid})
        except (OSError, CouldNotRun):
            self.close()
            return None
        return End(int(reply["status"]), float(reply["seconds"]), str(reply["disk"]))

    def close(self) -> None:
        """End the host, and with it every worker."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2.0)  # it ends its workers and then itself
            self._process.kill()
            self._process.wait()
            self._process = None

    def _start(self) -> None:
        if not hasattr(os, "fork") or not hasattr(socket, "send_fds"):
            raise CouldNotRun("grading in a separate process needs Linux or macOS")
        scratch = self._base / "scratch"
        scratch.mkdir(exist_ok=True)
        for folder in (self._base, scratch):
            folder.chmod(0o755)  # a worker may be another user
        around: list[str] = []
        if self.layers.bubblewrap:
            around = bubblewrap.command(self._base, scratch)
        elif self.layers.sandbox_exec:
            around = sandbox_exec.command(scratch, [ROOT])
        self._control, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as errors:
            self._process = subprocess.Popen(
                [
                    *around,
                    sys.executable,
                    "-s",
                    "-B",
                    "-m",
                    "autograder.grader.inside.worker",
                    str(theirs.fileno()),
                ],
                cwd=self._base,
                env=_environment(self._base),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,  # Ctrl-C reaches the grader only, which then closes this
            )
            theirs.close()
            try:
                order = {"op": "preload", "modules": self._preload, "layers": self.layers.as_dict()}
                reply = self._order(order, STARTUP_LIMIT)
            except (OSError, CouldNotRun):
                self.close()
                errors.seek(0)
                last = errors.read().decode(errors="replace").strip().rsplit("\n", 1)[-1]
                raise CouldNotRun("the process for your code could not be started", one_line(last)) from None
        if reply["missing"]:
            self.close()
            raise CouldNotRun(
                "the course's own code could not be loaded", one_line("; ".join(reply["missing"]))
            )

    def _fork(self, folder: Path, time_limit: float, seed: int, parts: list[str]) -> ProcessTransport:
        files = {f"{name}.py": _content(folder / f"{name}.py") for name in parts}
        files = {name: content for name, content in files.items() if content is not None}
        order = {"op": "start", "package": self._package, "parts": parts, "seed": seed}
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                seconds = {"cpu_seconds": math.ceil(time_limit)}
                pid = int(self._order(order | seconds, ORDER_LIMIT, theirs.fileno())["pid"])
            except BaseException:
                ours.close()
                raise
        transport = ProcessTransport(self, ours, pid, time_limit)
        try:
            deadline = time.monotonic() + ORDER_LIMIT
            write_frame(ours, msgpack.encode(files), deadline)
            if read_frame(ours, deadline) is None:
                raise CouldNotRun("no process could be confined for your code")
        except BaseException:
            transport.close()
            raise
        return transport

    def _order(
        self, order: dict[str, Any], limit: float = ORDER_LIMIT, fd: int | None = None
    ) -> dict[str, Any]:
        if self._control is None:
            raise CouldNotRun("the process for your code has ended")
        deadline = time.monotonic() + limit
        write_frame(self._control, msgpack.encode(order), deadline)
        if fd is not None:
            socket.send_fds(self._control, [b"!"], [fd])
        reply = read_frame(self._control, deadline)
        if reply is None:
            raise CouldNotRun("the process for your code has ended")
        return msgpack.decode(reply)


class _Idle(Exception):
    """The worker neither answers nor computes."""


class ProcessTransport:
    """One worker, for one check. `computed` and `idle` are the seconds its code took, known once it is closed."""

    def __init__(self, host: WorkerHost, channel: socket.socket, pid: int, time_limit: float) -> None:
        self._host = host
        self._channel = channel
        self._pid: int | None = pid
        self._limit = time_limit
        self.idle_limit = IDLE_LIMIT
        self._wall = WALL_FACTOR * time_limit + WALL_EXTRA
        self._waited = 0.0  # s on the clock; what a check itself computes is no one's delay
        self.computed = 0.0
        self.idle = 0.0

    def ask(self, message: bytes) -> bytes:
        """Raises `TimedOut` at a limit, `Crashed` when the process died or sent nonsense; it is ended then."""
        if self._pid is None:
            raise Crashed("your code's process has already ended")
        start = time.monotonic()
        deadline = start + self._wall - self._waited
        try:
            write_frame(self._channel, message, deadline)
            self._wait(start, deadline)
            answer = read_frame(self._channel, deadline)
        except _Idle:
            self.close()
            raise TimedOut("no answer, and your code computed nothing meanwhile (does it sleep?)") from None
        except TimeoutError:
            self.close()
            raise TimedOut(f"no answer after {self._wall:g} s") from None
        except FrameTooLong:
            self.close()
            raise Crashed("your code's process sent more data than can be accepted") from None
        except OSError:  # a broken pipe: it died
            answer = None
        finally:
            self._waited += time.monotonic() - start
        if answer is None:
            raise self._epitaph(self.close())
        return answer

    def _wait(self, start: float, deadline: float) -> None:
        """Until something can be read, or the deadline. Raises `_Idle` for a worker that waits without computing."""
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self._channel], [], [], min(left, LOOK_EVERY))[0]:
                return
            self._look(self._waited + time.monotonic() - start)
            if self.idle > self.idle_limit:
                raise _Idle

    def _look(self, waited: float) -> None:
        """How much of `waited` seconds on the clock the code neither computed nor queued for a core."""
        if self._pid is not None and (used := self._host.used(self._pid)) is not None:
            self.idle = max(0.0, waited - sum(used))

    def close(self) -> End | None:
        """End the worker and everything it started; how it ended, None if that is unknown."""
        if self._pid is None:
            return None
        if self._waited > LOOK_EVERY:
            self._look(self._waited)
        self._channel.close()
        pid, self._pid = self._pid, None
        ended = self._host.end(pid)
        if ended is not None:
            self.computed = ended.seconds
        return ended

    def _epitaph(self, ended: End | None) -> Verdict:
        """Explains a worker's exit."""
        if ended is None:
            return Crashed("your code's process died, and took the grader's helper process with it")
        if ended.disk_full:
            return Crashed(f"your code wrote {ended.disk_full} to the disk")
        end = os.WTERMSIG(ended.status) if os.WIFSIGNALED(ended.status) else None
        # The two ways in which the kernel counts CPU time differ a little on a busy machine: hence half of it.
        if end == signal.SIGXCPU or (end == signal.SIGKILL and ended.seconds >= math.ceil(self._limit) / 2):
            return TimedOut(f"no answer after {math.ceil(self._limit)} s of computing (an endless loop?)")
        return Crashed(f"your code's process died ({_cause(ended.status)})", safe="your code's process died")


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _cause(status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGKILL:
            return "killed; out of memory?"
        return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    return f"it exited with code {os.WEXITSTATUS(status)}"


def _environment(base: Path) -> dict[str, str]:
    """No secret and nothing that could differ between two gradings; one thread, since two of them share few cores."""
    scratch = str(base / "scratch")
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    fixed = {"PYTHONHASHSEED": "0", "LANG": "C.UTF-8", "HOME": scratch, "TMPDIR": scratch}
    return kept | threads | fixed
