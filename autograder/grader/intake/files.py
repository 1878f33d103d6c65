"""Reading files that somebody else has put there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from envs.errors import UserMistake


def read_regular(path: Path, cap: int) -> bytes:
    """At most `cap` bytes of a regular file; a link or pipe put in its place meanwhile is refused."""
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise UserMistake(f"{path} is not a regular file")
            return file.read(cap)
    except OSError as error:
        raise UserMistake(f"{path} cannot be read: {error.strerror}") from error
