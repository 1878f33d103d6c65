"""Messages over a stream socket: four bytes of length, then the message. Both sides use this file."""

from __future__ import annotations

import socket
import time

MAX_FRAME = 64 * 2**20  # bytes; nothing longer is sent or accepted


class FrameTooLong(ValueError):
    """The other side announced more than `MAX_FRAME` bytes."""


def write_frame(sock: socket.socket, message: bytes, deadline: float | None = None) -> None:
    """Send one message. Raises `TimeoutError` at `deadline` (of `time.monotonic`), `OSError` if broken."""
    if len(message) > MAX_FRAME:
        raise FrameTooLong(f"{len(message)} bytes")
    sock.settimeout(_left(deadline))
    sock.sendall(len(message).to_bytes(4, "big") + message)


def read_frame(sock: socket.socket, deadline: float | None = None) -> bytes | None:
    """Receive one message; None when the other side has closed. Raises like `write_frame`."""
    header = _read(sock, 4, deadline)
    if header is None:
        return None
    length = int.from_bytes(header, "big")
    if length > MAX_FRAME:
        raise FrameTooLong(f"{length} bytes")
    return _read(sock, length, deadline)


def _read(sock: socket.socket, length: int, deadline: float | None) -> bytes | None:
    data = bytearray()
    while len(data) < length:
        sock.settimeout(_left(deadline))  # anew each time: trickling bytes does not move the deadline
        piece = sock.recv(min(length - len(data), 2**20))
        if not piece:
            return None
        data += piece
    return bytes(data)


def _left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
