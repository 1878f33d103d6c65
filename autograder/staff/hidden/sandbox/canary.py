"""Before a grading: hand in a submission that tries to get out, and see what succeeds.

Targets are prepared on the grader's side (a planted file, an open port, a process to harm) so that an attempt has
something real to reach; the very hidden checks of the coming grading are among them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.grader.outcomes import CouldNotRun, Verdict
from autograder.grader.student import Student
from autograder.staff.hidden.sandbox import escapes

NAME = "canary"
WORK = 3504  # what `escapes.work` returns
_LIMIT = 20.0  # s of computing


def escaped(host: Any, hidden: Path | None) -> list[str]:
    """What a submission could do on this machine, in the workers of `host` (a `WorkerHost`), as in "read a file".

    `hidden` is the folder of the hidden checks. Raises `CouldNotRun` where honest code does not work there.
    """
    with tempfile.TemporaryDirectory(prefix="canary-") as name, targets(Path(name), hidden) as found:
        planted = secrets.token_hex(16)
        source = Path(escapes.__file__).read_text(encoding="utf-8")
        other, canary = Path(name, "other"), Path(name, "submission")
        for folder, code in ((other, f"SECRET = 'planted-{planted}'\n"), (canary, "")):
            folder.mkdir()
            (folder / f"{NAME}.py").write_text(code + source, encoding="utf-8")
        found["elsewhere"] = hashlib.sha256(planted.encode()).hexdigest()
        try:
            if _ask(host, other, "work") != WORK:
                raise CouldNotRun("the sandbox on this machine does not let honest code work")
            answer = _ask(host, canary, "succeeded", found)
        except Verdict as verdict:
            raise CouldNotRun(
                "the sandbox on this machine does not let honest code work", str(verdict)
            ) from verdict
    return [str(item).replace("_", " ") for item in answer]


@contextlib.contextmanager
def targets(folder: Path, hidden: Path | None) -> Iterator[dict[str, Any]]:
    """What the attempts aim at, below the empty `folder`. The mode of every file invites everybody: only the sandbox
    stands between."""
    folder.chmod(0o777)
    secret = secrets.token_hex(16)
    planted, target = folder / "planted.txt", folder / "target.txt"
    for file in (planted, target):
        file.write_text(secret)
        file.chmod(0o666)
    (folder / "empty").mkdir()
    (folder / "empty").chmod(0o777)
    with contextlib.ExitStack() as stack:
        addresses: list[tuple[socket.AddressFamily, tuple[str, int] | str]] = [
            (socket.AF_INET, ("127.0.0.1", 0)),
            (socket.AF_UNIX, str(folder / "socket")),
        ]
        if sys.platform == "linux":
            addresses.append((socket.AF_UNIX, f"\0{secret}"))
        listening = []
        for kind, address in addresses:
            sock = stack.enter_context(socket.socket(kind))
            sock.bind(address)
            sock.listen()
            listening.append(sock.getsockname())
        (folder / "socket").chmod(0o777)
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        victim = stack.enter_context(_victim(secret))
        yield {
            "secret": secret,
            "secret_files": [str(planted)],
            "hidden_files": [str(path) for path in sorted(hidden.rglob("*.py"))]
            if hidden is not None
            else [],
            "open_file": str(target),
            "open_folder": str(folder / "empty"),
            "open_folders": [str(folder), "/tmp", "/var/tmp", "/dev/shm", os.path.expanduser("~")],
            "victim": victim,
            "tcp": listening[0][1],
            "udp": udp.getsockname()[1],
            "socket_file": listening[1],
            "abstract": listening[-1],
        }


@contextlib.contextmanager
def _victim(secret: str) -> Iterator[int]:
    """A process of the grader's own user that does nothing; its pid."""
    code = "import signal, time\nsignal.signal(signal.SIGUSR1, signal.SIG_IGN)\nprint(flush=True)\ntime.sleep(600)"
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", code],
        env={"SECRET": secret},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _ask(host: Any, folder: Path, function: str, *args: object) -> Any:
    transport = host.connect(folder, _LIMIT, parts=[NAME])
    try:
        return getattr(Student(transport, {NAME: f"{NAME}.py"}).module(NAME), function)(*args)
    finally:
        transport.close()
