"""Which submissions share more of a file than right answers that were written apart would?

    code --copydetect: fingerprints--> passages, minus the starter's --> how common each is --> pairs: share, evidence

Right answers to short holes resemble each other, so a passage is evidence only as far as it is uncommon: log2(1/p) bits
for one that a share p of the class writes. A ring makes its own passages common. So submissions that are nearly the
same count as one voice in p, but for passages of the reference solution, which many reach on their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from autograder.staff.batch.similar.links import connected

LENGTH, WINDOW = 12, 4  # tokens of a passage; any 15 in common are noticed
CHOICE = 60  # passages (150 tokens) that say one thing: a shorter function is one choice that its author made
NEAR, NEAR_CHOICES = 0.75, 2.0  # share, and choices in common, from which two count as one voice
LEAST, NEARLY_ALL = 0.6, 0.9  # shares below which a pair is not shown, and from which less evidence is enough
MARGIN, MARGIN_NEARLY_ALL = 10.0, 2.0  # bits beyond what the best pair of a class written apart would have
WORK = 2_000_000  # pairs of owners looked at: the most uncommon passages first


@dataclass(frozen=True)
class Overlap:
    """What two have in common: `bits` of evidence, and the `share` they are of all the evidence in the smaller one."""

    first: str
    second: str
    bits: float
    share: float


@dataclass(frozen=True)
class Passages:
    """What a file says beyond the starter: different hashes, sorted, and beside each how many its function has."""

    hashes: np.ndarray
    sizes: np.ndarray

    def of(self, salt: int) -> Passages:
        """The same, so that they match only those of this salt."""
        return _sorted(self.hashes * 31 + salt, self.sizes)

    def __len__(self) -> int:
        return len(self.hashes)


def passages(code: Mapping[str, Sequence[str]], starter: Mapping[str, Sequence[str]]) -> Passages:
    """The passages of code (function -> texts), less those that the starter has in the same function.

    Their hashes hold within this process.
    """
    found = [_beyond(name, tuple(texts), tuple(starter.get(name, ()))) for name, texts in code.items()]
    sizes = [np.full(len(own), len(own)) for own in found]
    return _sorted(np.concatenate([_NONE, *found]), np.concatenate([_NONE, *sizes]))


@lru_cache(maxsize=20_000)  # in a class most functions are there many times
def _beyond(name: str, texts: tuple[str, ...], starter: tuple[str, ...]) -> np.ndarray:
    own, given = (np.concatenate([_NONE, *map(_fingerprints, of)]) for of in (texts, starter))
    return np.setdiff1d(own, given) * 31 + hash(name) % 1_000_003


def together(parts: Iterable[Passages]) -> Passages:
    """All of them as one."""
    parts = list(parts)
    hashes = np.concatenate([_NONE, *(p.hashes for p in parts)])
    return _sorted(hashes, np.concatenate([_NONE, *(p.sizes for p in parts)]))


_NONE = np.zeros(0, np.int64)


def _sorted(hashes: np.ndarray, sizes: np.ndarray) -> Passages:
    hashes, places = np.unique(hashes, return_index=True)
    return Passages(hashes, sizes[places])


NOTHING = Passages(_NONE, _NONE)


def _fingerprints(text: str) -> np.ndarray:
    from copydetect.utils import hashed_kgrams, winnow  # it imports matplotlib: only when needed

    if len(text) < LENGTH + WINDOW - 1:  # a short function is one passage
        return np.array([hash(text)], np.int64) if text else _NONE
    return winnow(hashed_kgrams(text, LENGTH), WINDOW)[0]


def threshold(count: int, share: float) -> float:
    """Bits from which a pair in a class of `count` is no chance any more: there are count²/2 pairs to be unlucky in.

    A pair that has nearly all of it in common needs fewer.
    """
    chance = float(np.log2(max(2, count * (count - 1) / 2)))
    return chance + (MARGIN if share < NEARLY_ALL else MARGIN_NEARLY_ALL)


def overlaps(
    own: Mapping[str, Passages], counts: Mapping[str, int], reference: Passages
) -> tuple[list[Overlap], dict[str, float]]:
    """The pairs of `own` (name -> passages) that share LEAST or more, and the bits of evidence in each name's.

    `counts` says how many handed in each; `reference` are the passages of the reference solution.
    """
    if not any(map(len, own.values())):
        return [], dict.fromkeys(own, 0.0)
    table = _Table(own, counts, reference)
    everyone = np.arange(len(table.names))
    weights = table.weights(everyone)
    otherwise = weights >= table.choices  # at least half the class writes otherwise
    telling = table.choices * (~table.known | otherwise)
    pairs, shared, total, choices = table.shared(weights, telling)
    near = (_share(pairs, shared, total) >= NEAR) & (choices >= NEAR_CHOICES)
    weights = table.weights(_joined(len(everyone), pairs[:, near]))
    pairs, shared, total, _ = table.shared(weights, weights)
    share = _share(pairs, shared, total)
    kept = share >= LEAST
    found = [
        Overlap(table.names[a], table.names[b], float(bits), float(part))
        for a, b, bits, part in zip(*pairs[:, kept], shared[kept], share[kept], strict=True)
    ]
    return found, dict(zip(table.names, total.tolist(), strict=True))


def _share(pairs: np.ndarray, shared: np.ndarray, own: np.ndarray) -> np.ndarray:
    """(P,): how much of the evidence in the smaller one of each pair it shares."""
    smaller = np.minimum(own[pairs[0]], own[pairs[1]])
    return np.divide(shared, smaller, out=np.zeros_like(shared), where=smaller > 0).clip(max=1.0)


class _Table:
    """Passages and their owners, sorted by passage: passage i belongs to owners[starts[i] : starts[i] + counts[i]]."""

    def __init__(self, own: Mapping[str, Passages], counts: Mapping[str, int], reference: Passages) -> None:
        self.names = list(own)
        self.people = np.array([counts[name] for name in self.names], float)
        hashes = np.concatenate([_NONE, *(p.hashes for p in own.values())])
        sizes = np.concatenate([_NONE, *(p.sizes for p in own.values())])
        owners = np.repeat(np.arange(len(self.names)), [len(p) for p in own.values()])
        order = np.argsort(hashes, kind="stable")
        hashes, self.owners = hashes[order], owners[order]
        self.starts = np.flatnonzero(np.r_[True, hashes[1:] != hashes[:-1]]) if len(hashes) else _NONE
        self.counts = np.diff(np.r_[self.starts, len(hashes)])
        self.index = np.repeat(np.arange(len(self.starts)), self.counts)  # of the passage, beside each owner
        self.known = np.isin(hashes[self.starts], reference.hashes)
        size = np.bincount(self.index, weights=sizes[order], minlength=len(self.starts)) / np.maximum(
            1, self.counts
        )
        self.choices = 1.0 / np.clip(size, 1, CHOICE)  # that a passage stands for
        ascending = np.sort(self.counts)
        fit = np.searchsorted(np.cumsum(ascending * (ascending - 1) // 2), WORK, side="right")
        self.most = int(ascending[fit - 1]) if fit else 0  # owners of a passage that is looked at

    def weights(self, voices: np.ndarray) -> np.ndarray:
        """Bits of evidence in each passage; 0 for those that nobody looks at."""
        spoken = np.unique(self.index * len(self.names) + voices[self.owners]) // max(1, len(self.names))
        said = np.bincount(spoken, minlength=len(self.starts))
        share = np.maximum(said - 1.0, 0.5) / max(2, len(np.unique(voices)))
        people = np.bincount(self.index, weights=self.people[self.owners], minlength=len(self.starts))
        share = np.where(self.known, np.maximum(share, people / self.people.sum()), share)
        return np.where(self.counts <= self.most, -np.log2(np.minimum(share, 1.0)) * self.choices, 0.0)

    def shared(
        self, weights: np.ndarray, others: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Pairs (2, P) that share a passage; what they share (P,) and what each name has, in `weights`.

        And what the pairs share in `others` (P,).
        """
        own = np.bincount(self.owners, weights=weights[self.index], minlength=len(self.names))
        codes, rows = [_NONE], [_NONE.astype(np.int32)]
        for count in np.unique(self.counts[(self.counts > 1) & (weights > 0)]):
            chosen = np.flatnonzero((self.counts == count) & (weights > 0))
            # (passages, count), ascending.
            owners = self.owners[self.starts[chosen][:, None] + np.arange(count)]
            a, b = np.triu_indices(count, 1)
            codes.append((owners[:, a] * len(self.names) + owners[:, b]).ravel())
            rows.append(np.repeat(chosen.astype(np.int32), len(a)))
        pairs, place = np.unique(np.concatenate(codes), return_inverse=True)
        row = np.concatenate(rows)
        sums = [
            np.bincount(place, weights=w[row], minlength=len(pairs)).astype(float) for w in (weights, others)
        ]
        return np.array(np.divmod(pairs, max(1, len(self.names)))), sums[0], own, sums[1]


def _joined(count: int, pairs: np.ndarray) -> np.ndarray:
    """A number for each of `count`: the same for those that pairs join, directly or through others."""
    group = connected(range(count), zip(*pairs.tolist(), strict=True))
    return np.array([group[i] for i in range(count)])
