"""Run this Python as a user without any right, from a test that may itself run as root."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

UID = 54_321
ROOT = Path(__file__).parents[2]


def command() -> list[str]:
    """What to put before `python ...`; [] where this is an ordinary user already.

    Raises `RuntimeError` with a sentence where there is no way to become one.
    """
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        raise RuntimeError("there is no setpriv to become an ordinary user with")
    become = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--inh-caps=-all", "--"]
    for around in ([], _opened()):
        line = [*around, *become]
        # It must also be able to start itself: the first program is still opened with the rights of root.
        check = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import numpy'], check=True)"
        if (
            subprocess.run(
                [*line, sys.executable, "-B", "-c", check], cwd=ROOT, capture_output=True
            ).returncode
            == 0
        ):
            return line
    raise RuntimeError(f"an ordinary user cannot use {sys.executable} here")


def _opened() -> list[str]:
    """A command that runs another in a view of the files in which Python and this repository are not below a closed
    folder (as /root is): there, that folder is an empty one, with the two mounted into it."""
    places = [str(ROOT), *dict.fromkeys(os.path.realpath(p) for p in (sys.prefix, sys.base_prefix))]
    closed = {
        str(folder) for place in places for folder in Path(place).parents if not folder.stat().st_mode & 0o001
    }
    if not closed or shutil.which("unshare") is None:
        return []
    kept = tempfile.mkdtemp(prefix="kept-")  # it stays empty: the mounts are seen inside only
    script = [f"mount -t tmpfs none {shlex.quote(kept)}"]
    for number, place in enumerate(places):
        script += [
            f"mkdir {shlex.quote(kept)}/{number}",
            f"mount --bind {shlex.quote(place)} {shlex.quote(kept)}/{number}",
        ]
    script += [f"mount -t tmpfs -o mode=755 none {shlex.quote(folder)}" for folder in sorted(closed)]
    for number, place in enumerate(places):
        script += [
            f"mkdir -p {shlex.quote(place)}",
            f"mount --bind {shlex.quote(kept)}/{number} {shlex.quote(place)}",
        ]
    return [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-ec",
        "\n".join([*script, 'exec "$@"']),
        "sh",
    ]
