"""Delete a worker's folder, whatever its code has left in it: deep trees, closed folders, a million files."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
from collections.abc import Iterator


def remove(folder: str) -> None:
    """Delete `folder`. Nobody may use it any more. Raises nothing: what cannot be deleted stays.

    Each folder in a folder is first moved up to the top, so that no path gets long and nothing is recursive:
    `shutil.rmtree` ends at a thousand folders, one in another.
    """
    token = secrets.token_hex(8)
    names = (os.path.join(folder, f"{token}-{number}") for number in itertools.count())
    pending = _emptied(folder, None)
    while pending:
        path = pending.pop()
        pending += _emptied(path, names)
        with contextlib.suppress(OSError):
            os.rmdir(path)
    with contextlib.suppress(OSError):
        os.rmdir(folder)


def _emptied(path: str, names: Iterator[str] | None) -> list[str]:
    """Delete the files in a folder; returns the folders in it, each moved to the next of `names` (None: not moved)."""
    folders = []
    with contextlib.suppress(OSError):
        os.chmod(path, 0o700)  # its owner may have closed it; root needs no leave
    with contextlib.suppress(OSError), os.scandir(path) as entries:
        for entry in list(entries):
            with contextlib.suppress(OSError):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)
                elif names is None:
                    folders.append(entry.path)
                else:
                    moved = next(names)
                    if not os.access(entry.path, os.W_OK):  # to be moved, a folder must be writable
                        os.chmod(entry.path, 0o700)
                    os.rename(entry.path, moved)
                    folders.append(moved)
    return folders
