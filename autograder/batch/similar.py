"""Which submissions have passages in common that few others have? A hint for a person to look, never a verdict.

part files --copydetect: tokens, fingerprints--> minus the starter's --> minus what many share --> pairs by rare ones

The holes are short, and right answers resemble each other. So a passage counts only while it is rare in the class: the
common ways to write an equation drop out by themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

LENGTH, WINDOW = 25, 6  # characters of normalised code in a passage; any 30 in common are noticed
RARE_SHARE, RARE_COUNT = 0.02, 3  # a passage is rare while at most this share, or this many, have it
FEWEST = 8  # rare passages in common, below which a pair is chance
LEAST = 0.4  # of the smaller one's rare and other passages
SHOWN = 40
MAX_FILE = 100_000  # bytes; a part file is at most 150 lines


@dataclass(frozen=True)
class Pair:
    """Two submissions, by key. `share` of what the smaller one has beyond starter and common passages is in both."""

    first: str
    second: str
    share: float
    passages: int
    same: bool = False  # byte for byte


def similar_pairs(
    contents: Mapping[str, str], store: Path, pristine: Path, files: Sequence[str]
) -> list[Pair]:
    """The most similar pairs of `contents` (key -> folder in `store`), most similar first."""
    by_content: dict[str, list[str]] = defaultdict(list)
    for key, content in sorted(contents.items()):
        by_content[content].append(key)
    starter = fingerprints(pristine, files)
    prints = {content: fingerprints(store / content, files) - starter for content in by_content}
    pairs = [
        Pair(a, b, 1.0, len(prints[content]), same=True)
        for content, keys in by_content.items()
        if len(prints[content]) >= FEWEST  # everyone's untouched starter is no copy of anyone's
        for a, b in combinations(keys[:SHOWN], 2)
    ]
    pairs += [
        Pair(by_content[a][0], by_content[b][0], share, count)
        for (a, b), count, share in _overlaps(prints)
        if count >= FEWEST and share >= LEAST
    ]
    return sorted(pairs, key=lambda p: (-p.share, -p.passages, p.first, p.second))[:SHOWN]


def fingerprints(folder: Path, files: Iterable[str]) -> frozenset[int]:
    """The passages of the part files in `folder`, with names and comments taken out."""
    from copydetect.utils import (  # it imports matplotlib: only when needed
        filter_code,
        get_document_fingerprints,
    )

    found: set[int] = set()
    for name in files:
        path = folder / name
        if not path.is_file() or path.stat().st_size > MAX_FILE:
            continue
        code, _ = filter_code(path.read_text(encoding="utf-8", errors="replace"), name, "python")
        if len(code) >= LENGTH + WINDOW:
            hashes, _ = get_document_fingerprints(code, LENGTH, WINDOW)
            found |= {int(value) for value in hashes}
    return frozenset(found)


def _overlaps(prints: Mapping[str, frozenset[int]]) -> Iterable[tuple[tuple[str, str], int, float]]:
    """((content, content), rare passages in common, their share), for pairs that have some.

    Goes from passages to their owners, so its cost grows with the rare passages and not with the square of the class.
    """
    owners: dict[int, list[str]] = defaultdict(list)
    for content, found in prints.items():
        for value in found:
            owners[value].append(content)
    most = max(RARE_COUNT, int(RARE_SHARE * len(prints)))
    sizes: Counter[str] = Counter()
    common: Counter[tuple[str, str]] = Counter()
    for having in owners.values():
        if len(having) <= most:
            sizes.update(having)
            common.update(combinations(sorted(having), 2))
    for (a, b), count in common.items():
        yield (a, b), count, count / min(sizes[a], sizes[b])
