"""Does a function leave its arguments as they are? Arrays arrive read-only, and what can be changed is compared.

Runs on the submission's side, as part of every call.
"""

from __future__ import annotations

import ast
import linecache
import re
import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

import numpy as np


class Arguments:
    """The arguments of one call. Made before it; afterwards `edited` says which one has changed."""

    def __init__(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        self._values = [*args, *kwargs.values()]
        for value in self._values:
            _protect(value)
        self._before = [_content(value) for value in self._values]

    @property
    def edited(self) -> int:
        """The number of the first argument that has changed, from 1, keywords after positions; 0 if none has."""
        pairs = zip(self._values, self._before, strict=True)
        return next((i for i, (now, before) in enumerate(pairs, 1) if _content(now) != before), 0)


def written_to(frame: FrameType, line: int) -> str:
    """The name of the read-only array that this line of a function writes to; "" if it is not plain to see."""
    text = linecache.getline(frame.f_code.co_filename, line).strip()
    arrays = {name: value for name, value in frame.f_locals.items() if isinstance(value, np.ndarray)}
    locked = [name for name, array in arrays.items() if not array.flags.writeable]
    targets = _assigned(text)
    into = re.match(r"[\w.]+\[[^=]*\]\s*[-+*/]?=[^=]", text)  # then what it writes to is on the left
    for names in [targets] if into else [targets, re.findall(r"\w+", text)]:
        if len(found := {name for name in names if name in locked}) == 1:
            return found.pop()
    return ""


def _assigned(text: str) -> list[str]:
    """The variables on the left of an assignment; [] for any other statement, or a piece of one."""
    try:
        statement = ast.parse(text).body[0]
    except (SyntaxError, ValueError, IndexError):
        return []
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AugAssign):
        targets = [statement.target]
    names = []
    for target in targets:
        while isinstance(target, ast.Subscript):
            target = target.value
        names += [target.id] if isinstance(target, ast.Name) else []
    return names


def wrote_into_read_only(error: BaseException, text: str) -> bool:
    """Whether an exception with this text is NumPy's, which has no type of its own for it, only these words."""
    return isinstance(error, ValueError) and "read-only" in text


def _protect(value: Any) -> None:
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    elif isinstance(value, dict):
        for item in value.values():
            _protect(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _protect(item)


def _content(value: Any) -> Any:
    """What a change would show in. A torch tensor has no read-only flag, and may share a NumPy array's memory."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, dict):
        return [(key, _content(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [_content(item) for item in value]
    torch = sys.modules.get("torch")
    if torch is not None and type(value) is torch.Tensor and not value.requires_grad:
        return tuple(value.shape), value.numpy().tobytes()
    return repr(value) if type(value) in (bool, int, float, str, bytes) else type(value)
