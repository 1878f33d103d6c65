"""Settings that know what they may be: the type of a field says it, beside its default and its help.

epsilon: Share = 0.3     ->  check_each(config)  ->  "epsilon must lie in [0, 1], but is 1.5"
"""

import math
import types
from collections.abc import Callable
from dataclasses import fields
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from envs.errors import UserMistake


class Must(NamedTuple):
    """What a value must satisfy, in words that go on after "must", and as a test."""

    words: str
    holds: Callable[[Any], bool]


Count = Annotated[int, Must("be at least 1", lambda x: x >= 1)]
WholeNumber = Annotated[int, Must("not be negative", lambda x: x >= 0)]
NotNegative = Annotated[float, Must("not be negative", lambda x: x >= 0)]
Positive = Annotated[float, Must("be positive", lambda x: x > 0)]
Share = Annotated[float, Must("lie in [0, 1]", lambda x: 0 <= x <= 1)]
Seed = Annotated[int, Must("lie in [0, 2^32)", lambda x: 0 <= x < 2**32)]
Layers = Annotated[
    tuple[int, ...], Must("have one or more layers of at least one unit", lambda x: x and min(x) >= 1)
]

NameEachOnce = Must("name at least one, and each once", lambda x: 0 < len(x) == len(set(x)))


def need(ok: bool, sentence: str) -> None:
    """Raises: UserMistake with the sentence unless it is ok."""
    if not ok:
        raise UserMistake(sentence)


def check_each(config: Any) -> None:
    """Check each field of a dataclass by its type. Raises: UserMistake that names the first wrong value."""
    hints = get_type_hints(type(config), include_extras=True)
    for name in (field.name for field in fields(config)):
        _check(name, getattr(config, name), hints[name])


def _check(name: str, value: Any, hint: Any) -> None:
    """One value. None is fine for a field that may be None."""
    if get_origin(hint) in (Union, types.UnionType):
        if value is not None:
            for option in get_args(hint):
                _check(name, value, option)
    elif get_origin(hint) is Literal:
        choices = get_args(hint)
        listed = ", ".join(choice or repr(choice) for choice in choices)
        need(value in choices, f"unknown {name} {value!r}: choose one of {listed}")
    elif get_origin(hint) is Annotated:
        finite = not isinstance(value, float) or math.isfinite(value)
        need(finite, f"{name} must be a finite number, but is {value}")
        for must in hint.__metadata__:
            need(must.holds(value), f"{name} must {must.words}, but is {value}")
