"""Files in a worker: what honest code writes lands in its own folder, the scratch, whatever path it names.

This is a convenience for that code and no layer of confinement: the kernel decides what may be opened (`landlock.py`,
`seccomp.py`), and the functions replaced here are asked first. They differ only where they are refused:

* a path below /tmp (or another such place) that is refused is looked for in the scratch instead;
* the mode, times and owner of a file in the scratch stay as they are, since a copy of a file sets them on the way;
* folders are not nested deeper than `limits.DEPTH`.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import functools
import io
import os
import sys
from collections.abc import Callable
from typing import Any

from autograder.grader.inside.confine import limits

TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # places that code names by an absolute path
# All take paths as their first arguments.
_OS = "open mkdir rmdir unlink remove rename replace stat lstat listdir scandir".split()
# These open files in C++.
_LIBRARIES = {
    "torch": ("save", "load"),
    "safetensors.torch": ("save_file", "load_file"),
}
_METADATA = "chmod fchmod lchmod chown fchown lchown utime setxattr".split()


def keep_inside(scratch: str) -> None:
    """Replace the functions that open, make, move and look at files in this process. `scratch` is an absolute path."""
    os.mkdir = _not_too_deep(os.mkdir, scratch)
    for name in _OS:
        setattr(os, name, _moved(getattr(os, name), scratch))
    builtins.open = io.open = _moved(io.open, scratch)
    for library, names in _LIBRARIES.items():
        if library in sys.modules:
            for name in names:
                function = getattr(sys.modules[library], name)
                setattr(sys.modules[library], name, _moved(function, scratch))
    for name in _METADATA:
        if hasattr(os, name):
            setattr(os, name, _left_alone(getattr(os, name), scratch))
    change_folder = os.chdir  # never refused, but nothing could be written there
    os.chdir = lambda path: change_folder(_in_scratch(path, scratch))
    if hasattr(os, "listxattr"):  # `shutil.copy2` asks for a file's attributes
        os.listxattr = _left_alone(os.listxattr, scratch, ())


def _moved(function: Callable[..., Any], scratch: str) -> Callable[..., Any]:
    """`function`, called again with paths in `scratch` where those below /tmp did not do."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception:  # torch and safetensors have errors of their own
            places = [_in_scratch(value, scratch) for value in args]
            named = {key: _in_scratch(value, scratch) for key, value in kwargs.items()}
            if all(
                new is old
                for new, old in zip([*places, *named.values()], [*args, *kwargs.values()], strict=True)
            ):
                raise
            with contextlib.suppress(Exception):
                return function(*places, **named)
            raise  # as it was refused at the place that was asked for

    return call


def _in_scratch(value: Any, scratch: str) -> Any:
    """A path below /tmp as one in the scratch; everything else as it is."""
    if not isinstance(value, str | bytes | os.PathLike):
        return value
    path = os.fsdecode(value)
    for place in TEMPORARY:
        if path == place or path.startswith(place + "/"):
            return value if _inside(path, scratch) else scratch + path[len(place) :]
    return value


def _not_too_deep(mkdir: Callable[..., None], scratch: str) -> Callable[..., None]:
    @functools.wraps(mkdir)
    def call(path: Any, *args: Any, **kwargs: Any) -> None:
        place = os.path.realpath(os.fsdecode(path))
        if _inside(place, scratch) and place[len(scratch) :].count(os.sep) > limits.DEPTH:
            raise OSError(errno.EMLINK, f"folders may be nested {limits.DEPTH} deep", path)
        mkdir(path, *args, **kwargs)

    return call


def _left_alone(function: Callable[..., Any], scratch: str, answer: Any = None) -> Callable[..., Any]:
    """`function`, which returns `answer` where it is refused for a file in `scratch`."""

    @functools.wraps(function)
    def call(path: Any = os.curdir, *args: Any, **kwargs: Any) -> Any:
        try:
            return function(path, *args, **kwargs)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EROFS):
                raise
            if not isinstance(path, int):
                place = os.path.realpath(_in_scratch(os.fsdecode(path), scratch))
                if not _inside(place, scratch) or not os.path.lexists(place):
                    raise
            return answer

    return call


def _inside(path: str, scratch: str) -> bool:
    return path == scratch or path.startswith(scratch + os.sep)
