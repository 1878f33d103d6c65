"""Hashes of files, by name and content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def hash_of(files: Iterable[tuple[str, Path]]) -> str:
    """Of these files, each with the name it counts by: 32 hexadecimal digits."""
    total = hashlib.sha256()
    for name, path in files:
        with open(path, "rb") as file:
            total.update(f"{name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()[:32]


def hash_of_code(*places: Path) -> str:
    """Of these files, and of all code and templates that lie in these folders."""
    found = []
    for place in places:
        inside = (
            [path for path in place.iterdir() if path.suffix in (".py", ".html")]
            if place.is_dir()
            else [place]
        )
        found += [(path.name, path) for path in sorted(inside)]
    return hash_of(found)
