"""What the submission's side answers: a value, or the problem that kept it from having one.

Both are decoded against these types before anything looks at them, so that no field can be of a kind that its reader
does not expect. What stands in the fields is still the submission's own choice.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct, msgpack

from autograder.grader.inside.values import Unusable

MAX_TEXT = 300  # characters
MAX_NAME = 100
MAX_PLACE = 2**31

Kind = Literal[
    "not attempted",  # a placeholder was reached
    "raised",  # the code raised an exception
    "no import",  # the module cannot be imported
    "no file",  # the module was not handed in
    "no name",  # the module lacks the function
    "unusable",  # what was returned cannot cross
    "read-only",  # the code wrote into a read-only array, as the arguments are
    "edited",  # the code changed an argument all the same
]
KINDS: tuple[str, ...] = get_args(Kind)

Text = Annotated[str, Meta(max_length=MAX_TEXT)]
ShortText = Annotated[str, Meta(max_length=MAX_NAME)]
Place = Annotated[int, Meta(ge=0, le=MAX_PLACE)]


class Returned(Struct, tag="returned", frozen=True, forbid_unknown_fields=True):
    """`value` as `values.encode` makes it."""

    value: bytes


class Problem(Struct, tag="problem", frozen=True, forbid_unknown_fields=True):
    kind: Kind
    text: Text = ""  # of the exception, or what is unusable
    type_name: ShortText = ""  # of the exception
    file: ShortText = ""  # where it was raised: the file's name, "" if not in the submission
    line: Place = 0  # 0: unknown
    argument: Place = 0  # which one was edited, from 1; keywords count after the positions


_DECODER = msgpack.Decoder(Returned | Problem)


def encode(answer: Returned | Problem) -> bytes:
    return msgpack.encode(answer)


def decode(data: bytes) -> Returned | Problem:
    """Raises `Unusable` for anything else."""
    try:
        return _DECODER.decode(data)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise Unusable("a malformed answer") from error
