"""What the name of a file says: noise, an archive, or a part file and which version of it."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath

from autograder.course.parts import Parts
from autograder.grader.weights import MAX_BYTES as MAX_WEIGHTS

ENDINGS = tuple(".zip .tar .tar.gz .tgz .tar.bz2 .tbz2 .tar.xz .txz .7z .rar .gz .xz .bz2 .zst .z".split())
MAX_ARCHIVE = 200 * 2**20  # bytes, packed
MAX_CODE = 2**20  # bytes, of one part file that is text: code, answers, logs
TEXTS = (".py", ".toml", ".json")
_NUMBER = re.compile(r"(?P<stem>.+?)(?: ?\((?P<a>\d{1,3})\)|-(?P<b>\d{1,3}))", re.DOTALL)
_COPY = re.compile(
    r"(?P<stem>.+?)(?: copy(?: \d+)?| - copy(?: \(\d+\))?| kopie(?: \d+)?)|copy of (?P<of>.+)", re.DOTALL
)


def is_archive(name: str) -> bool:
    """Whether a file of this name is an archive or a compressed file."""
    return name.lower().endswith(ENDINGS)


def is_noise(name: str) -> bool:
    """Whether a file or folder of this name is what systems and tools leave behind, and never homework."""
    return name in ("__MACOSX", "__pycache__", "node_modules") or (
        name.startswith(".") and name not in (".", "..")
    )


def may_matter(name: str, parts: Parts) -> int:
    """How many bytes of a file of this name an intake reads at most: 0 if it is neither a part file nor an archive."""
    if is_archive(name):
        return MAX_ARCHIVE + 1
    if not part_names(name, parts):
        return 0
    return most_of(name) + 1


def most_of(name: str) -> int:
    """How many bytes a file that is handed in may have."""
    return MAX_CODE if name.lower().endswith(TEXTS) else MAX_WEIGHTS


def cap_of(path: PurePosixPath, parts: Parts) -> int:
    return 0 if any(is_noise(part) for part in path.parts) else may_matter(path.name, parts)


def part_names(file: str, parts: Parts) -> list[str]:
    return [name for name in parts.files if version_of(file, name) is not None]


def version_of(file: str, name: str) -> int | None:
    """0 for the name itself in any case, its number for `relabel-1.py` and the like, -1 for a copy; None for others."""
    wanted, low = name.lower(), file.lower()
    if low == wanted:
        return 0
    stem, ending = os.path.splitext(low)
    wanted_stem, wanted_ending = os.path.splitext(wanted)
    if ending != wanted_ending:
        return None
    if (numbered := _NUMBER.fullmatch(stem)) and numbered["stem"] == wanted_stem:
        return int(numbered["a"] or numbered["b"])
    if (copied := _COPY.fullmatch(stem)) and wanted_stem in (copied["stem"], copied["of"]):
        return -1
    return None


def number_of(archive: str) -> int:
    """1 for "submission-1.zip" and "submission (1).zip", 0 without a number."""
    numbered = _NUMBER.fullmatch(PurePosixPath(archive).name.split(".")[0])
    return int(numbered["a"] or numbered["b"]) if numbered else 0
