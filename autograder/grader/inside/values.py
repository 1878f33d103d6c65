"""What may cross between a check and a submission, as bytes, and nothing else.

Plain values, lists, tuples, dicts and numeric arrays cross by value; every other object stays where it was made and
crosses as a number (`HandleRef`). The format is msgpack with a few extension types whose contents have schemas
(msgspec checks types, lengths and ranges as it decodes). There is no pickle: bytes from a submission become plain
data only, and `decode` trusts none of them (dtype, shape, size, depth).

A message is `[skeleton, blobs]`: array data lies in the blobs, so that the skeleton, each byte of which can become an
object sixty times its size, can be kept small.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, cast, get_args

import numpy as np
from msgspec import Meta, Struct, msgpack

MAX_BYTES = 64 * 2**20  # of one message
MAX_SKELETON = 2 * 2**20
MAX_BLOBS = 10_000
MAX_DEPTH = 16  # of nested lists, tuples and dicts
MAX_NDIM = 8
DType = Literal["|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8"]
DTYPES = frozenset(get_args(DType))
_ARRAY, _TUPLE, _HANDLE, _FUNCTION, _TENSOR, _RNG, _TORCH_RNG = range(1, 8)
_PLAIN = frozenset((type(None), bool, int, float, str, bytes))  # what msgpack holds besides lists and dicts
_REBUILT: tuple[type[Any], ...] = (int, float, str, bytes)  # those of them that have subclasses

Name = Annotated[str, Meta(max_length=200)]
Length = Annotated[int, Meta(ge=0, le=MAX_BYTES)]


class _Message(Struct, array_like=True, forbid_unknown_fields=True):
    skeleton: Annotated[bytes, Meta(max_length=MAX_SKELETON)]
    blobs: Annotated[list[bytes], Meta(max_length=MAX_BLOBS)]


class _ArrayHeader(Struct, array_like=True, forbid_unknown_fields=True):
    dtype: DType
    shape: Annotated[list[Length], Meta(max_length=MAX_NDIM)]
    blob: Length


class _Seed(Struct, array_like=True, forbid_unknown_fields=True):
    seed: Annotated[int, Meta(ge=0)]


class Unusable(ValueError):
    """A value that cannot cross, or bytes that do not hold one. The text is a noun: "an array of dtype object"."""


_MALFORMED = "a malformed message"
_TOO_DEEP = f"data nested deeper than {MAX_DEPTH} levels"
_TOO_LARGE = f"more data than the {MAX_BYTES // 2**20} MB that can be handed over"


@dataclass(frozen=True)
class Tensor:
    """An array that arrives as a `torch.Tensor`; floats as float32, or as they are with `double=True`."""

    array: np.ndarray
    double: bool = False


@dataclass(frozen=True)
class Rng:
    """Arrives as `np.random.default_rng(seed)`, new at each call (one that lives on: `student.given.rng(seed)`)."""

    seed: int


@dataclass(frozen=True)
class TorchRng:
    """Arrives as `torch.Generator().manual_seed(seed)`, new at each call."""

    seed: int


class HandleRef(Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """An object kept on the submission's side. `type_name` is whatever the submission says it is."""

    number: Length
    type_name: Name = ""


class FunctionRef(Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """A function (or anything else) named in one of the submission's modules."""

    module: Name
    name: Name


def encode(value: object, foreign: Callable[[object], object]) -> bytes:
    """`value` as bytes; `foreign(obj)` turns an object that cannot cross by value into one that can.

    Raises `Unusable`: too deep, too large, or an array that does not hold plain numbers.
    """
    return _Encoder(foreign).message(value)


def decode(data: bytes, revive: Callable[[object], object]) -> object:
    """The value in `data`; `revive` gets each `HandleRef`, `FunctionRef`, `Tensor`, `Rng`, `TorchRng` in it.

    Raises `Unusable` for anything malformed.
    """
    try:
        return _Decoder(revive).message(data)
    except Unusable:
        raise
    except RecursionError:
        raise Unusable(_TOO_DEEP) from None
    except (ValueError, TypeError, KeyError, OverflowError) as error:  # msgspec's errors are ValueErrors
        raise Unusable(_MALFORMED) from error


@dataclass
class _Encoder:
    foreign: Callable[[object], object]
    blobs: list[bytes] = field(default_factory=list)
    size: int = 0

    def message(self, value: object) -> bytes:
        try:
            skeleton = msgpack.encode(self.tree(value, 0))
        except OverflowError:
            raise Unusable("an integer beyond 64 bits") from None
        except RecursionError:
            raise Unusable(_TOO_DEEP) from None
        except UnicodeEncodeError:
            raise Unusable("text that is not valid Unicode") from None
        if len(skeleton) > MAX_SKELETON:
            raise Unusable(f"plain data beyond {MAX_SKELETON // 2**20} MB (arrays may be larger)")
        if len(self.blobs) > MAX_BLOBS:
            raise Unusable(f"more than {MAX_BLOBS} arrays")
        return msgpack.encode(_Message(skeleton, self.blobs))

    def tree(self, value: object, depth: int) -> object:
        if depth > MAX_DEPTH:
            raise Unusable(_TOO_DEEP)
        if type(value) in _PLAIN:
            return value
        if isinstance(value, np.bool | np.number):  # NumPy's scalars arrive as Python's
            return self.tree(_plain(np.asarray(value)).item(), depth + 1)
        if isinstance(value, np.ndarray):
            return self.array(_ARRAY, value)
        for plain in _REBUILT:  # a subclass may lie about itself: rebuild it as the plain type
            if isinstance(value, plain):
                return self.tree(plain(value), depth + 1)
        if isinstance(value, list):
            return [self.tree(item, depth + 1) for item in value]
        if isinstance(value, tuple):
            return _extension(_TUPLE, [self.tree(item, depth + 1) for item in value])
        if isinstance(value, dict):
            return {_key(key): self.tree(item, depth + 1) for key, item in value.items()}
        if isinstance(value, HandleRef):
            return _extension(_HANDLE, value)
        if isinstance(value, FunctionRef):
            return _extension(_FUNCTION, value)
        if isinstance(value, Tensor):
            array = np.asarray(value.array)
            return self.array(
                _TENSOR, array.astype(np.float32) if array.dtype.kind == "f" and not value.double else array
            )
        if isinstance(value, Rng | TorchRng):
            return _extension(_RNG if isinstance(value, Rng) else _TORCH_RNG, _Seed(value.seed))
        return self.tree(self.foreign(value), depth + 1)

    def array(self, code: int, array: np.ndarray) -> msgpack.Ext:
        self.size += array.nbytes
        if self.size > MAX_BYTES - MAX_SKELETON - 2**20:
            raise Unusable(_TOO_LARGE)
        plain = _plain(array)
        self.blobs.append(plain.tobytes())
        dtype = cast(DType, plain.dtype.str)  # `_plain` gives no other
        return _extension(code, _ArrayHeader(dtype, list(plain.shape), len(self.blobs) - 1))


@dataclass
class _Decoder:
    revive: Callable[[object], object]
    blobs: dict[int, bytes] = field(default_factory=dict)

    def message(self, data: bytes) -> object:
        if len(data) > MAX_BYTES:
            raise Unusable(_TOO_LARGE)
        message = _MESSAGE.decode(data)
        self.blobs = dict(enumerate(message.blobs))
        tree = self.unpack(message.skeleton, 0)
        _refuse_odd(tree, 0)
        return tree

    def unpack(self, data: bytes, depth: int) -> object:
        if depth > MAX_DEPTH:
            raise Unusable(_TOO_DEEP)
        hook = lambda code, content: self.extension(code, bytes(content), depth)  # noqa: E731
        return msgpack.decode(data, ext_hook=hook)

    def extension(self, code: int, content: bytes, depth: int) -> object:
        if code == _TUPLE:
            items = self.unpack(content, depth + 1)
            if type(items) is list:
                return tuple(items)
        elif code == _ARRAY:
            return self.array(content)
        elif code == _TENSOR:
            return self.revive(Tensor(self.array(content), double=True))
        elif code in _REFERENCES:
            ref = _REFERENCES[code].decode(content)
            if isinstance(ref, _Seed):
                return self.revive(Rng(ref.seed) if code == _RNG else TorchRng(ref.seed))
            return self.revive(ref)
        raise Unusable(_MALFORMED)

    def array(self, content: bytes) -> np.ndarray:
        header = _HEADER.decode(content)
        # Once only: a thousand names of a blob would make a thousand copies.
        raw = self.blobs.pop(header.blob)
        if math.prod(header.shape) * np.dtype(header.dtype).itemsize != len(raw):
            raise Unusable("an array whose shape does not fit its data")
        array = np.frombuffer(raw, dtype=header.dtype).reshape(header.shape)
        if header.dtype == "|b1":  # a forged byte 7 would be a bool that is neither True nor False
            return array.view(np.uint8) != 0
        return array.copy()  # frombuffer's arrays cannot be written to


_MESSAGE = msgpack.Decoder(_Message)
_HEADER = msgpack.Decoder(_ArrayHeader)
_REFERENCES: dict[int, msgpack.Decoder[HandleRef] | msgpack.Decoder[FunctionRef] | msgpack.Decoder[_Seed]] = {
    _HANDLE: msgpack.Decoder(HandleRef),
    _FUNCTION: msgpack.Decoder(FunctionRef),
    _RNG: msgpack.Decoder(_Seed),
    _TORCH_RNG: msgpack.Decoder(_Seed),
}


def _extension(code: int, content: object) -> msgpack.Ext:
    return msgpack.Ext(code, msgpack.encode(content))


def _key(key: object) -> object:
    if isinstance(key, np.integer):
        key = key.item()
    if type(key) in (str, int):
        return key
    raise Unusable("a dict whose keys are neither text nor integers")


def _plain(array: np.ndarray) -> np.ndarray:
    """The same numbers as a plain little-endian array of an allowed dtype."""
    if array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8):
        array = array.astype(np.float32 if array.dtype.itemsize < 4 else np.float64)
    plain = np.array(array, dtype=array.dtype.newbyteorder("<"), order="C", copy=True, subok=False)
    if plain.dtype.str not in DTYPES:
        raise Unusable(f"an array of dtype {plain.dtype.name}")
    if plain.ndim > MAX_NDIM:
        raise Unusable(f"an array with {plain.ndim} axes")
    return plain


def _refuse_odd(tree: object, depth: int) -> None:
    """Refuse what msgpack can hold but no honest sender writes: time stamps, odd keys, deep nesting."""
    if depth > MAX_DEPTH:
        raise Unusable(_TOO_DEEP)
    if isinstance(tree, list | tuple):
        for item in tree:
            _refuse_odd(item, depth + 1)
    elif isinstance(tree, dict):
        for key, item in tree.items():
            if type(key) not in (str, int):
                raise Unusable(_MALFORMED)
            _refuse_odd(item, depth + 1)
    elif isinstance(tree, datetime):  # msgpack's own extension type
        raise Unusable(_MALFORMED)
