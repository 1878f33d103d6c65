"""What a worker refuses is refused in the student's own shell too, with a sentence, and not only when it is graded.

There no kernel stands in the way: Python tells an audit hook of each such call, and the hook looks whether a part file
has made it. Nobody is kept from anything by this; it only makes the public checks say what grading would.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from autograder.grader.inside.libraries import WITHOUT_A_COMPILER

_PROGRAM, _PROCESS, _NETWORK, _LINK = "start a program", "start a process", "open a socket", "make a link"
REFUSED = (
    dict.fromkeys(("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn"), _PROGRAM)
    | dict.fromkeys(("os.fork", "os.forkpty", "pty.spawn"), _PROCESS)
    | dict.fromkeys(("socket.__new__", "socket.connect", "socket.bind", "socket.getaddrinfo"), _NETWORK)
    | dict.fromkeys(("os.symlink", "os.link"), _LINK)
    | {"os.truncate": "cut a file by its name"}
)
_watched: frozenset[str] = frozenset()
_installed = False


@contextmanager
def as_when_graded(files: Collection[Path]) -> Iterator[None]:
    """Within it the code in `files` gets a `PermissionError` where a worker would; `torch.compile` compiles nothing.

    What a library does while it is being imported is let through: workers find the usual ones loaded.
    """
    global _watched, _installed
    if not _installed:
        sys.addaudithook(_refuse)  # for good: there is no way to remove one
        _installed = True
    before = {name: os.environ.get(name) for name in WITHOUT_A_COMPILER}
    watched, _watched = _watched, frozenset(map(str, files))
    os.environ.update(WITHOUT_A_COMPILER)
    try:
        yield
    finally:
        _watched = watched
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watched or event not in REFUSED:
        return
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith("<frozen importlib"):
            return
        if name in _watched:
            raise PermissionError(f"a part file may not {REFUSED[event]}: it is refused when it is graded")
        frame = frame.f_back
