"""Which submissions have passages in common that few others have? A hint for a person to look, never a verdict.

part files --copydetect: code without names, fingerprints--> minus the starter's --> rare ones --> pairs that share them

The holes are short, and right answers resemble each other. So a passage counts only while it is rare in the class: the
common ways to write an equation drop out by themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

LENGTH, WINDOW = 25, 6  # characters of normalised code in a passage; any 30 in common are noticed
RARE_SHARE, RARE_LEAST, RARE_MOST = (
    0.02,
    3,
    10,
)  # a passage is rare in at most this share of the class, 3 to 10 of it
FEWEST = 8  # rare passages in common, below which a pair is chance
LEAST = 0.4  # of the rare passages of the one that has fewer
SHOWN = 40
MAX_FILE = 100_000  # bytes; a part file is at most 150 lines

Remember = Callable[[str, Callable[[], list[str]]], list[str]]  # (content, how to make its code) -> its code


@dataclass(frozen=True)
class Pair:
    """Two submissions, by key. `share` of the rare passages of the one that has fewer are in the other one too."""

    first: str
    second: str
    share: float
    passages: int
    same: bool = False  # byte for byte


def similar_pairs(
    contents: Mapping[str, str],
    store: Path,
    pristine: Path,
    files: Sequence[str],
    remember: Remember = lambda content, make: make(),
) -> list[Pair]:
    """The most similar pairs of `contents` (key -> folder in `store`), most similar first."""
    by_content: dict[str, list[str]] = defaultdict(list)
    for key, content in sorted(contents.items()):
        by_content[content].append(key)
    starter = fingerprints(normalised(pristine, files))
    prints = {}
    for content in by_content:
        code = remember(content, lambda content=content: normalised(store / content, files))
        prints[content] = np.setdiff1d(fingerprints(code), starter, assume_unique=True)
    pairs = [
        Pair(a, b, 1.0, len(prints[content]), same=True)
        for content, keys in by_content.items()
        if len(prints[content]) >= FEWEST  # everyone's untouched starter is no copy of anyone's
        for a, b in combinations(keys[:SHOWN], 2)
    ]
    pairs += [
        Pair(by_content[a][0], by_content[b][0], share, count)
        for a, b, count, share in _overlaps(prints)
        if count >= FEWEST and share >= LEAST
    ]
    return sorted(pairs, key=lambda p: (-p.share, -p.passages, p.first, p.second))[:SHOWN]


def normalised(folder: Path, files: Iterable[str]) -> list[str]:
    """The code of the part files in `folder`, a text each, with names, strings and comments taken out."""
    from copydetect.utils import filter_code  # it imports matplotlib: only when needed

    texts = []
    for name in files:
        path = folder / name
        if path.is_file() and path.stat().st_size <= MAX_FILE:
            texts.append(filter_code(path.read_text(encoding="utf-8", errors="replace"), name, "python")[0])
    return texts


def fingerprints(code: Iterable[str]) -> np.ndarray:
    """The passages in normalised code as a sorted array of different hashes; they hold within this process."""
    from copydetect.utils import hashed_kgrams, winnow

    found = [np.zeros(0, np.int64)]
    for text in code:
        if len(text) >= LENGTH + WINDOW:
            found.append(winnow(hashed_kgrams(text, LENGTH), WINDOW)[0])
    return np.unique(np.concatenate(found))


def _overlaps(prints: Mapping[str, np.ndarray]) -> Iterator[tuple[str, str, int, float]]:
    """(content, content, rare passages in common, their share), for pairs that have some.

    Goes from passages to their owners, so its cost grows with the rare passages and not with the square of the class.
    """
    names = list(prints)
    if not names:
        return
    hashes = np.concatenate(list(prints.values()))
    owners = np.repeat(np.arange(len(names)), [len(found) for found in prints.values()])
    order = np.argsort(hashes, kind="stable")
    hashes, owners = hashes[order], owners[order]
    starts = np.flatnonzero(np.r_[True, hashes[1:] != hashes[:-1]]) if len(hashes) else np.zeros(0, int)
    counts = np.diff(np.r_[starts, len(hashes)])
    rare = counts <= min(RARE_MOST, max(RARE_LEAST, int(RARE_SHARE * len(names))))
    sizes = np.bincount(owners[np.repeat(rare, counts)], minlength=len(names))
    common: Counter[tuple[int, int]] = Counter()
    for start, count in zip(starts[rare & (counts > 1)], counts[rare & (counts > 1)], strict=True):
        common.update(combinations(map(int, owners[start : start + count]), 2))
    for (a, b), count in common.items():
        yield names[a], names[b], count, float(count / min(sizes[a], sizes[b]))
