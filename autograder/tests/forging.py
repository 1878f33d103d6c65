"""Answers as a hostile submission would forge them: every field, of every type that the wire can carry."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import msgpack


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(4, "big") + message


def returned(tree: object, blobs: Sequence[object] = ()) -> bytes:
    """The answer that a function returned `tree`; array data lies in `blobs`."""
    return packed(msgpack.encode(tree), blobs)


def packed(skeleton: object, blobs: object = ()) -> bytes:
    """The same with the bytes of the tree, which may be none of msgpack's."""
    return answer(type="returned", value=msgpack.encode([skeleton, blobs]))


def problem(**fields: object) -> bytes:
    """The answer that something went wrong."""
    return answer(type="problem", **fields)


def answer(**fields: object) -> bytes:
    return msgpack.encode(fields)


def array(dtype: object, shape: object, blob: object = 0) -> msgpack.Ext:
    return extension(1, [dtype, shape, blob])


def extension(code: int, content: object) -> msgpack.Ext:
    return msgpack.Ext(code, msgpack.encode(content))
