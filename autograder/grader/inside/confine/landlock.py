"""Landlock: from here on this process opens only the files that are listed, whatever their permissions say.

What it does not cover (chmod, chown, utime, xattr, UDP, other processes' limits) is refused by `seccomp.py`; names and
sizes of files elsewhere can still be seen with `stat`.
"""

from __future__ import annotations

import os

from py_landlock import AccessFs, Landlock

from autograder.grader.inside.confine.readable import (
    DEVICES,
    FONTS,
    LIBRARIES,
    MACHINE,
    SETTINGS,
    existing,
    python_libraries,
)

_READ = AccessFs.READ_FILE | AccessFs.READ_DIR
# Regular files and folders: no link, pipe or socket to trip over. `limits.py` watches how many there are and how deep.
_FILES = AccessFs.WRITE_FILE | AccessFs.TRUNCATE | AccessFs.MAKE_REG | AccessFs.REMOVE_FILE
# The last: move a file from one to another.
_FOLDERS = AccessFs.MAKE_DIR | AccessFs.REMOVE_DIR | AccessFs.REFER
_WRITE = _READ | _FILES | _FOLDERS


def prepare(base: str) -> Landlock:
    """The rules that all workers share, not yet in force: read `base`, Python and the system's libraries.

    Called once before any fork: it takes milliseconds, and the library looks for libc with programs that a confined
    worker may not start. Raises the library's `LandlockError` where the kernel has no Landlock.
    """
    rules = Landlock(strict=False)  # what an older kernel does not know is left out
    for path in existing([base, *LIBRARIES, *python_libraries(), *SETTINGS, *FONTS, *MACHINE]):
        rules.add_path_rule(path, access=_READ if os.path.isdir(path) else AccessFs.READ_FILE)
    for device in existing(DEVICES):
        rules.add_path_rule(device, access=AccessFs.READ_FILE | AccessFs.WRITE_FILE)
    return rules


def restrict(rules: Landlock, scratch: str) -> None:
    """Put `rules` in force for this process, for good, with reading and writing in `scratch`.

    TCP, signals and abstract sockets stay inside as well, as far as the kernel's version of Landlock knows them. Raises
    `LandlockError`, `OSError`.
    """
    rules.add_path_rule(scratch, access=_WRITE)
    rules.apply()
