"""Folders and zips made of {path: content}."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

Files = Mapping[str, str | bytes]


def zipped(files: Files) -> bytes:
    made = io.BytesIO()
    _write(made, files, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def pack(path: Path, files: Files) -> Path:
    """Not compressed, so that a test can find and damage a text in it."""
    _write(path, files, zipfile.ZIP_STORED)
    return path


def _write(target: Path | IO[bytes], files: Files, compression: int) -> None:
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def unpack(path: Path, files: Files) -> Path:
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
