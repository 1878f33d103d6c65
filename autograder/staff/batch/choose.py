"""What `--only` and `--regrade` mean: words for parts, sub-parts, checks and submissions.

    4   4b   test_relabel   hidden/test_relabel.py   hidden/test_relabel.py::test_ages   student-017   'student-0*'

Words for checks and words for submissions each widen the choice; together they narrow it: `4 student-017` is part 4 of
student-017. What is run is always a whole check file, the smallest thing that the state remembers.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from envs.errors import UserMistake, one_line


@dataclass(frozen=True)
class Choice:
    """Check files and the keys of uploads."""

    files: frozenset[str]
    keys: frozenset[str]


def choose(words: Sequence[str], files: Mapping[str, Sequence[str]], keys: Iterable[str]) -> Choice:
    """Everything if there are no words; `files` has the sub-parts of each check file.

    Raises `UserMistake` for a word that names nothing.
    """
    keys = frozenset(keys)
    chosen_files: set[str] = set()
    chosen_keys: set[str] = set()
    for word in words:
        if found := _files(word, files):
            chosen_files |= found
        elif found := set(fnmatch.filter(keys, word)):
            chosen_keys |= found
        else:
            raise UserMistake(
                f"{one_line(word, 80)} is no part, sub-part, check file or submission here; the check files are "
                f"{', '.join(files)}, and submissions are called like {min(keys, default='(there is none)')}"
            )
    return Choice(frozenset(chosen_files or files), frozenset(chosen_keys or keys))


def _files(word: str, files: Mapping[str, Sequence[str]]) -> set[str]:
    name = word.split("::")[0]
    return {
        file
        for file, subparts in files.items()
        if name in (file, PurePosixPath(file).name, PurePosixPath(file).stem)
        or word in subparts
        or word in {sub.rstrip("abcdefghijklmnopqrstuvwxyz") for sub in subparts}
    }
