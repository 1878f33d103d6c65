"""What the readers of archives have in common: the entries they give, and the refusal to open one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from envs.errors import UserMistake


class CannotOpen(UserMistake):
    """An archive that is damaged, locked, too large or of a kind that is not opened here. Someone has to look at it."""


@dataclass(frozen=True)
class Entry:
    """One file of an archive. `checksum` is None if it has none; such an archive can only be read in one go."""

    path: str
    regular: bool  # no link, no device
    time: float  # when it was changed (s), 0 if unknown
    checksum: int | None
    open: Callable[[], IO[bytes]]
