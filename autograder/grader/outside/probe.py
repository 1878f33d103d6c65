"""Which layers this machine offers, found out by using each: `python -m autograder.grader.outside.probe` prints them.

A kernel may know a call and refuse it, a program may be installed and not be allowed to do its work (bubblewrap inside
a container, or under Ubuntu's AppArmor profile): only running it tells.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from autograder.grader.inside.confine import uid
from autograder.grader.inside.confine.layers import NONE, Layers
from autograder.grader.outside import bubblewrap, sandbox_exec

_LIMIT = 60.0  # s, for one attempt


@functools.cache
def best() -> Layers:
    """All layers that work here, together; takes a fraction of a second, once in a process."""
    if sys.platform == "darwin":
        return Layers(sandbox_exec=_runs(_in_sandbox_exec))
    if sys.platform != "linux":
        return NONE
    inside = subprocess.run(
        [sys.executable, "-s", "-B", "-m", __name__],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        timeout=_LIMIT,
        check=False,
    )
    kernel = json.loads(inside.stdout) if inside.returncode == 0 else {}
    return Layers(bubblewrap=_runs(bubblewrap.command), **kernel)


def _runs(around: Callable[[Path, Path], list[str]]) -> bool:
    """Whether Python starts under this command and can import a library there."""
    with tempfile.TemporaryDirectory(prefix="probe-") as name:
        scratch = Path(name, "scratch")
        scratch.mkdir()
        check = "import msgspec, numpy; open('scratch/written', 'w').close()"
        try:
            done = subprocess.run(
                [*around(Path(name), scratch), sys.executable, "-s", "-B", "-c", check],
                cwd=name,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LIMIT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0 and (scratch / "written").exists()


def _in_sandbox_exec(base: Path, scratch: Path) -> list[str]:
    return sandbox_exec.command(scratch, [Path(__file__).parents[3]])


def _uid_holds(folder: Path) -> bool:
    uid.become(uid.unused(os.getpid()), search=False)
    return os.geteuid() != 0 and _refused((folder / "secret").read_bytes)


def _landlock_holds(folder: Path) -> bool:
    from autograder.grader.inside.confine import landlock

    landlock.restrict(landlock.prepare(str(folder / "base")), str(folder / "scratch"))
    (folder / "scratch" / "file").touch()
    return _refused((folder / "secret").read_bytes) and _refused((folder / "base" / "file").touch)


def _seccomp_holds(folder: Path) -> bool:
    import socket

    from autograder.grader.inside.confine import seccomp

    seccomp.restrict(seccomp.prepare())
    return _refused(socket.socket) and _refused(os.fork) and _refused(lambda: os.kill(os.getppid(), 0))


def _refused(action: Callable[[], object]) -> bool:
    try:
        action()
    except OSError:
        return True
    return False


def _tried(action: Callable[[Path], bool]) -> bool:
    """Whether it holds, tried in a child process, since there is no way back. Whatever goes wrong there means: no."""
    with tempfile.TemporaryDirectory(prefix="probe-") as name:
        for inside in ("base", "scratch"):
            Path(name, inside).mkdir()
        Path(name, "secret").write_text("")
        os.chmod(name, 0o755)
        os.chmod(Path(name, "secret"), 0o600)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if action(Path(name)) else 1
            finally:
                os._exit(status)
        return os.waitpid(child, 0)[1] == 0


def main() -> None:
    held = {"landlock": _tried(_landlock_holds), "seccomp": _tried(_seccomp_holds)}
    print(json.dumps(held | {"uid": uid.can_change() and _tried(_uid_holds)}))


if __name__ == "__main__":
    main()
