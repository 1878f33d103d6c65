"""What joins two submissions, and what makes groups of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

# Submissions that are all the same, up to which every two are a link; else each with the first.
EVERY_PAIR = 8

EARLIER = "~"  # "student-1~2": the second of the uploads that student-1 replaced; no key holds that sign

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class Link:
    """Two uploads, each a key or a key EARLIER number: a `share` of what is uncommon in `file` is in both.

    That is `bits` of evidence.
    """

    first: str
    second: str
    file: str
    share: float
    bits: float
    same: bool = False  # byte for byte


def owner(name: str) -> str:
    """The key of the student who handed in `name`."""
    return name.split(EARLIER)[0]


@dataclass(frozen=True)
class Pair:
    """Two people, by key, and their links, those with most evidence first."""

    first: str
    second: str
    links: tuple[Link, ...]

    @property
    def bits(self) -> float:
        return max(link.bits for link in self.links)


@dataclass(frozen=True)
class Group:
    """Submissions that pairs join, directly or through others; the strongest pair first."""

    members: tuple[str, ...]
    pairs: tuple[Pair, ...]

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(sorted({link.file for pair in self.pairs for link in pair.links}))


def pairs_of(links: Iterable[Link]) -> list[Pair]:
    """The links of each two people as one, most evidence first; there is one link a file."""
    found: dict[tuple[str, str], list[Link]] = defaultdict(list)
    for link in sorted(links, key=lambda link: (-link.bits, link.file)):
        first, second = sorted((owner(link.first), owner(link.second)))
        found[first, second].append(link)
    pairs = [Pair(*people, tuple(own)) for people, own in found.items()]
    return sorted(pairs, key=lambda pair: (-pair.bits, pair.first, pair.second))


def groups_of(pairs: Sequence[Pair]) -> list[Group]:
    """Most evidence first."""
    leader = connected(
        {name for pair in pairs for name in (pair.first, pair.second)}, ((p.first, p.second) for p in pairs)
    )
    inside: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        inside[leader[pair.first]].append(pair)
    return [
        Group(tuple(sorted({name for pair in own for name in (pair.first, pair.second)})), tuple(own))
        for own in inside.values()
    ]


def between_all(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The pairs that say that all of `names` are the same: every two, or of many, the first with each other one."""
    if len(names) <= EVERY_PAIR:
        return combinations(names, 2)
    return ((names[0], other) for other in names[1:])


def connected(items: Iterable[T], pairs: Iterable[Sequence[T]]) -> dict[T, T]:
    """Item -> one and the same item for all that `pairs` join, directly or through others."""
    leader = {item: item for item in items}

    def lead(item: T) -> T:
        while leader[item] != item:
            leader[item] = item = leader[leader[item]]
        return item

    for a, b in pairs:
        leader[lead(b)] = lead(a)
    return {item: lead(item) for item in leader}
