"""Links between submissions whose trained weights are the same, or nearly.

file --safetensors, no code in it--> arrays --sort each by value--> a sketch of a few hundred numbers --> pairs close by
     --the hidden units of both--> pairs that are nearly the same

A sketch does not see the order of hidden units; noise, names, metadata and the precision of numbers change it little.
A student who trains with the same seed, settings and code on the same kind of machine gets the same weights too.
"""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from autograder.staff.batch.similar.links import Link, between_all

MAX_BYTES = 8 * 2**20  # of a file that is opened; a larger one is compared byte for byte only
MAX_TENSORS = 100
LEAST_NUMBERS = 1_000  # in a file, below which nothing is compared
POINTS = 64  # of each tensor in a sketch
CLOSE = 0.05  # distance of two sketches, of the size of one, up to which the weights themselves are compared
ROWS, MOST_PAIRS = 512, 2_000  # sketches compared at a time, and pairs whose weights are
MAX_UNITS, MAX_INPUTS = 2_048, 64  # of a layer whose hidden units are compared
SAME_UNIT = 0.1  # distance of a hidden unit to the nearest of the other file, of a unit's size, up to which it is that
NEARLY, BITS = 0.99, 1_000.0  # share and evidence of a link: no chance explains it

# (what it is of, how to make a sketch) -> as strings.
Remember = Callable[[str, Callable[[], list[str]]], list[str]]


@dataclass(frozen=True)
class _Sketch:
    """`identity` is a hash of the numbers, or of the bytes of a file that could not be read; "": nothing to compare."""

    identity: str
    file: str  # a hash of its bytes
    points: np.ndarray


def weight_links(
    contents: Mapping[str, str],
    store: Path,
    given: Sequence[Path],
    files: Sequence[str],
    remember: Remember = lambda name, make: make(),
) -> list[Link]:
    """Among `contents` (name -> folder in `store`); weights that are `given` (files) are nobody's copy."""
    known = [(path, _unpacked(sketch(path))) for path in given]
    found: list[Link] = []
    for file in files:
        having: dict[str, list[str]] = defaultdict(list)
        for name, content in sorted(contents.items()):
            if (store / content / file).is_file():
                having[content].append(name)
        made = {
            content: _unpacked(remember(f"{content}/{file}", partial(sketch, store / content / file)))
            for content in having
        }
        found += _links(file, store, made, having, known)
    return found


def sketch(path: Path) -> list[str]:
    """What a file of weights is compared by, as strings. It never raises on what is in a file."""
    with open(path, "rb") as file:
        raw = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    arrays = [array for array in _arrays(path) if array.size] if size <= MAX_BYTES else []
    if not arrays:
        return [raw if size >= 4 * LEAST_NUMBERS else "", raw, ""]
    if sum(a.size for a in arrays) < LEAST_NUMBERS or not any(np.ptp(a) > 0 for a in arrays):
        return ["", raw, ""]  # two could have that by chance
    arrays.sort(key=lambda a: (a.shape, float(np.abs(a).sum())))
    numbers = hashlib.sha256(b"".join(a.astype(np.float32).tobytes() for a in arrays)).hexdigest()
    points = np.concatenate([_points(a) for a in arrays]).astype(np.float32)
    return [numbers, raw, base64.b85encode(points.tobytes()).decode()]


def _unpacked(strings: list[str]) -> _Sketch:
    identity, file, points = strings
    return _Sketch(identity, file, np.frombuffer(base64.b85decode(points), np.float32))


def _points(array: np.ndarray) -> np.ndarray:
    """Evenly spaced among the array's numbers in ascending order, its smallest and largest with them; of length 1."""
    ascending = np.sort(array, axis=None)
    points = ascending[np.linspace(0, array.size - 1, POINTS).round().astype(int)]
    return points / (np.linalg.norm(points) or 1.0)


def _arrays(path: Path) -> list[np.ndarray]:
    """The file's tensors of numbers; none if it cannot be read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            tensors = [file.get_tensor(name) for name in list(file.keys())[:MAX_TENSORS]]
    except (SafetensorError, OSError, ValueError, TypeError, OverflowError, AttributeError):
        return []
    numbers = [tensor.astype(np.float64) for tensor in tensors if tensor.dtype.kind in "fiu"]
    return [np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0).clip(-1e6, 1e6) for array in numbers]


def _links(
    file: str,
    store: Path,
    sketches: Mapping[str, _Sketch],
    having: Mapping[str, Sequence[str]],
    known: Sequence[tuple[Path, _Sketch]],
) -> Iterator[Link]:
    alike: dict[str, list[str]] = defaultdict(list)  # contents with the same numbers
    for content, made in sketches.items():
        if made.identity and made.identity not in {of.identity for _, of in known}:
            alike[made.identity].append(content)
    firsts = [contents[0] for contents in alike.values()]
    paths = [*(store / content / file for content in firsts), *(path for path, _ in known)]
    close = _close([*(sketches[content].points for content in firsts), *(of.points for _, of in known)])
    near = [(a, b) for a, b in close if a < len(firsts) and nearly_same(paths[a], paths[b])]
    shipped = {a for a, b in near if b >= len(firsts)}
    for place, contents in enumerate(alike.values()):
        names = [name for content in contents for name in having[content]]
        if place not in shipped:
            same = len({sketches[content].file for content in contents}) == 1
            for a, b in between_all(names):
                yield Link(a, b, file, 1.0, BITS, same)
    for i, j in near:
        if not {i, j} & shipped and j < len(firsts):
            yield Link(having[firsts[i]][0], having[firsts[j]][0], file, NEARLY, BITS)


def _close(sketches: Sequence[np.ndarray]) -> list[tuple[int, int]]:
    """Pairs of places in `sketches`, a < b, that are CLOSE; the closest first, no more than MOST_PAIRS."""
    by_length: dict[int, list[int]] = defaultdict(list)
    for place, points in enumerate(sketches):
        if len(points):
            by_length[len(points)].append(place)
    found: list[tuple[float, int, int]] = []
    for length, places in by_length.items():
        points = np.stack([sketches[place] for place in places])  # (S, length); POINTS of them are a tensor's
        for start in range(0, len(places), ROWS):
            # (ROWS, S), 1 for the same.
            likeness = points[start : start + ROWS] @ points.T * (POINTS / length)
            distance = np.sqrt(np.maximum(0.0, 2.0 - 2.0 * likeness))
            rows, columns = np.nonzero(distance <= CLOSE)
            rows, columns = rows[rows + start < columns], columns[rows + start < columns]
            closest = np.argsort(distance[rows, columns], kind="stable")[:MOST_PAIRS]
            found += [
                (float(distance[r, c]), places[r + start], places[c])
                for r, c in zip(rows[closest].tolist(), columns[closest].tolist(), strict=True)
            ]
            found = sorted(found)[:MOST_PAIRS]
    return [(a, b) for _, a, b in found]


def nearly_same(first: Path, second: Path) -> bool:
    """Whether two readable files hold the same hidden units, in any order, up to noise."""
    ours, theirs = _units(first), _units(second)
    if ours is None or theirs is None or ours.shape != theirs.shape:
        return False
    squares = (ours**2).sum(axis=1)[:, None] + (theirs**2).sum(axis=1) - 2 * ours @ theirs.T  # (units, units)
    nearest = np.sqrt(np.maximum(0.0, squares.min(axis=1)))
    size = np.median(np.linalg.norm(ours, axis=1))
    return bool(size > 0 and np.median(nearest) <= SAME_UNIT * size)


def _units(path: Path) -> np.ndarray | None:
    """(units, inputs) of the layer that sees the inputs themselves: the one whose columns keep their order."""
    layers = [
        a for a in _arrays(path) if a.ndim == 2 and max(a.shape) <= MAX_UNITS and min(a.shape) <= MAX_INPUTS
    ]
    if not layers:
        return None
    layer = max(layers, key=lambda a: min(a.shape))
    return layer if layer.shape[0] >= layer.shape[1] else layer.T
