"""A user id of its own for each worker, where the grader is root: the kernel then keeps workers and files apart."""

from __future__ import annotations

import ctypes
import os
import struct

FIRST, LAST = 50_000, 59_999  # neither Debian, Fedora nor systemd gives these out by itself
_CAP_DAC_READ_SEARCH = 2
_CAPSET_VERSION_3 = 0x20080522
_PR_SET_KEEPCAPS = 8


def can_change() -> bool:
    """Whether this process is root and may become somebody else: the ids must exist in its user namespace."""
    if os.geteuid() != 0:
        return False
    try:
        with open("/proc/self/uid_map", encoding="ascii") as file:
            ranges = [tuple(map(int, line.split())) for line in file]
    except OSError:
        return False
    return any(start <= FIRST and LAST < start + length for start, _, length in ranges)


def unused(wish: int) -> int:
    """An id that is in no user table and that no process has now; the search starts at the `wish`-th.

    Raises `OSError` where all ten thousand are taken.
    """
    import pwd  # not on Windows, where the grader imports this file and calls nothing in it

    count = LAST - FIRST + 1
    for step in range(count):
        uid = FIRST + (wish + step) % count
        try:
            pwd.getpwuid(uid)
        except KeyError:
            try:
                os.getpriority(os.PRIO_USER, uid)  # asks the kernel for any process of that user
            except ProcessLookupError:
                return uid
    raise OSError("no unused user id")


def become(uid: int, search: bool) -> None:
    """Become user and group `uid`, in no other group, without any capability. For good.

    With `search`, one capability is kept: to look up and read paths that are closed to other users, such as a Python
    below /root. Only where Landlock says which files may be opened at all is that safe. Raises `OSError`.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if search:
        _check(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # capset takes effective, permitted and inheritable capabilities, as two words of 32 each.
    kept = 1 << _CAP_DAC_READ_SEARCH if search else 0
    header = struct.pack("=Ii", _CAPSET_VERSION_3, 0)
    _check(libc.capset(header, struct.pack("=6I", kept, kept, 0, 0, 0, 0)))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
