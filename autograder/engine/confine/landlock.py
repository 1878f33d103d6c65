"""Landlock: from here on this process opens only the files that are listed, whatever their permissions say.

What it does not cover (chmod, chown, utime, xattr, stat, UDP, processes' limits) is refused by `seccomp.py`; names and sizes
of files elsewhere can still be seen with `stat`.
"""

from __future__ import annotations

import os

from py_landlock import AccessFs, Landlock, get_abi_version

from autograder.engine.confine.readable import DEVICES, LIBRARIES, MACHINE, SETTINGS, existing
from autograder.engine.confine.readable import python_libraries

_READ = AccessFs.READ_FILE | AccessFs.READ_DIR
# A flat folder of regular files: no link, pipe or socket to trip over, no tree too deep to delete again.
_WRITE = _READ | AccessFs.WRITE_FILE | AccessFs.TRUNCATE | AccessFs.MAKE_REG | AccessFs.REMOVE_FILE


def prepare() -> int:
    """The kernel's version of the interface; called once before any fork, since the library looks for libc with
    programs that a confined worker may not start. Raises the library's `LandlockError` where there is none."""
    return get_abi_version()


def restrict(base: str, scratch: str) -> None:
    """Read `base`, Python and the system's libraries; read and write in `scratch`; TCP, signals and abstract sockets
    stay inside as far as the kernel's version of the interface knows them. For good. Raises `LandlockError`, `OSError`."""
    rules = Landlock(strict=False)
    folders = existing([*LIBRARIES, *python_libraries(), *SETTINGS, *MACHINE])
    for path in folders:
        rules.add_path_rule(path, access=_READ if os.path.isdir(path) else AccessFs.READ_FILE)
    for device in existing(DEVICES):
        rules.add_path_rule(device, access=AccessFs.READ_FILE | AccessFs.WRITE_FILE)
    rules.add_path_rule(base, access=_READ)
    rules.add_path_rule(scratch, access=_WRITE)
    rules.apply()
