"""The command that puts a process into namespaces of its own, with the program `bwrap` (the package bubblewrap)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from autograder.grader.inside.confine.readable import (
    DEVICES,
    FONTS,
    LIBRARIES,
    MACHINE,
    SETTINGS,
    existing,
    python_libraries,
    python_programs,
)

# Kept where the grader is root: to make each worker a user of its own and to end it. Nothing else is.
_CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_KILL", "CAP_CHOWN", "CAP_DAC_OVERRIDE")


def command(base: Path, writable: Path) -> list[str]:
    """What to put before a command line: it then sees `base`, may write to `writable`, and has no network.

    The process ends when the grader does. Raises nothing; whether it works is found out by running it (`probe.py`).
    """
    program = shutil.which("bwrap") or "bwrap"
    apart = "--unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup-try".split()
    line = [program, "--die-with-parent", "--new-session", *apart, "--cap-drop", "ALL"]
    if os.geteuid() == 0:
        for name in _CAPABILITIES:
            line += ["--cap-add", name]
    else:
        line += ["--unshare-user"]
    base = base.resolve()
    seen = [*LIBRARIES, "/bin", "/sbin", *SETTINGS, *FONTS, *MACHINE, *python_libraries(), *python_programs()]
    paths = [path for path in existing(seen) if not path.startswith("/proc/")]
    for folder in _above([*paths, *DEVICES, str(base)]):  # else they would copy the mode of, say, /root
        line += ["--perms", "0755", "--dir", folder]
    line += ["--proc", "/proc"]
    for device in DEVICES:
        line += ["--dev-bind", device, device]
    for path in paths:
        line += ["--ro-bind", path, path]
    line += ["--ro-bind", str(base), str(base), "--bind", str(writable.resolve()), str(writable.resolve())]
    line += ["--remount-ro", "/"]
    return [*line, "--chdir", str(base), "--"]


def _above(paths: list[str]) -> list[str]:
    """All folders above `paths`, the uppermost first, without the root and those listed themselves."""
    folders = {str(folder) for path in paths for folder in Path(path).parents} - {"/", *paths}
    inside = {f for f in folders if any(f.startswith(f"{path}/") for path in paths)}
    return sorted(folders - inside, key=lambda folder: (folder.count("/"), folder))
