"""The paths that a worker may read besides the course's base: Python, its packages and the system's libraries.

They are listed one by one, and no wider than needed: a virtual environment may well lie inside the course's own folder,
next to what must stay unread, so its `lib` is listed and not what is above it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

LIBRARIES = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib")
SETTINGS = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/usr/share/zoneinfo")
FONTS = ("/usr/share/fonts", "/usr/local/share/fonts", "/etc/fonts")  # for figures
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
MACHINE = ("/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu")  # read by torch and OpenBLAS


def python_libraries() -> list[str]:
    """Where this Python imports from: `lib` below its prefix and below the one it was made from."""
    prefixes = dict.fromkeys((sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix))
    return existing(os.path.join(prefix, name) for prefix in prefixes for name in ("lib", "lib64"))


def python_programs() -> list[str]:
    """What starting this Python needs besides: the program and the file that marks a virtual environment."""
    prefixes = dict.fromkeys((sys.prefix, sys.base_prefix))
    return existing(os.path.join(prefix, name) for prefix in prefixes for name in ("bin", "pyvenv.cfg"))


def existing(paths: Iterable[str]) -> list[str]:
    return [path for path in dict.fromkeys(paths) if os.path.exists(path)]
