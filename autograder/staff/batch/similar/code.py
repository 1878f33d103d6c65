"""Links between submissions whose code has more in common than chance explains, each part file by itself and all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from autograder.staff.batch.similar.canonical import canonical, defined
from autograder.staff.batch.similar.links import Link, between_all
from autograder.staff.batch.similar.passages import NOTHING, Passages, overlaps, passages, threshold, together
from autograder.staff.batch.similar.tokens import nameless, read_text

Code = dict[str, dict[str, list[str]]]  # a part file's name -> function -> its code, in one form
Remember = Callable[[str, Callable[[], Code]], Code]  # (content, how to make its code) -> its code

ALL = "all parts"
ENOUGH = 24  # passages (60 tokens) from which byte-for-byte the same is no chance


def code_links(
    contents: Mapping[str, str],
    store: Path,
    pristine: Path,
    reference: Path | None,
    files: Sequence[str],
    remember: Remember = lambda content, make: make(),
) -> list[Link]:
    """Among `contents` (name -> folder in `store`). The starter is in `pristine`, the solutions in `reference`."""
    having: dict[str, list[str]] = defaultdict(list)
    for name, content in sorted(contents.items()):
        having[content].append(name)
    given = {file: defined(read_text(pristine / file)) for file in files if (pristine / file).is_file()}
    starter, solution = (_code(folder, files, given) for folder in (pristine, reference))
    made = {content: partial(_code, store / content, files, given) for content in having}
    found: dict[tuple[str, str, str], Link] = {}
    # Names say who copied without a disguise. Without names a disguise counts less.
    for alike in (str, nameless):
        less = {file: _alike(code, alike) for file, code in starter.items()}
        own = {name: _passages(remember(name, make), files, alike, less) for name, make in made.items()}
        known = _passages(solution, files, alike, {})
        for file in (*files, ALL):
            # The last, as it takes the place of the others: of a large class both would be too much.
            if file == ALL:
                own = {content: _together(of, files) for content, of in own.items()}
                known = _together(known, files)
            some = {content: of[file] for content, of in own.items() if file in of}
            for link in _links(file, some, having, known.get(file, NOTHING)):
                place = (link.first, link.second, file)
                if place not in found or found[place].bits < link.bits:
                    found[place] = link
    return list(found.values())


def _passages(
    code: Code, files: Sequence[str], alike: Callable[[str], str], less: Code
) -> dict[str, Passages]:
    """File -> its passages beyond the starter's, `less`."""
    return {file: passages(_alike(code[file], alike), less.get(file, {})) for file in files if file in code}


def _alike(code: Mapping[str, Sequence[str]], alike: Callable[[str], str]) -> dict[str, list[str]]:
    return {function: [alike(text) for text in texts] for function, texts in code.items()}


def _together(of: Mapping[str, Passages], files: Sequence[str]) -> dict[str, Passages]:
    return {ALL: together(of[file].of(i) for i, file in enumerate(files) if file in of)}


def _code(folder: Path | None, files: Sequence[str], given: Mapping[str, frozenset[str]]) -> Code:
    paths = {name: folder / name for name in files} if folder else {}
    return {
        name: canonical(read_text(path), given.get(name, frozenset()))
        for name, path in paths.items()
        if path.is_file()
    }


def _links(
    file: str, own: Mapping[str, Passages], having: Mapping[str, Sequence[str]], known: Passages
) -> Iterator[Link]:
    alike: dict[bytes, list[str]] = defaultdict(list)  # contents that differ in nothing that counts
    for content, said in own.items():
        if len(said):
            alike[said.hashes.tobytes()].append(content)
    keys = {names[0]: [key for name in names for key in having[name]] for names in alike.values()}
    pairs, bits = overlaps({n: own[n] for n in keys}, {n: len(keys[n]) for n in keys}, known)
    count = sum(map(len, having.values()))
    for name, people in keys.items():
        same = len(alike[own[name].hashes.tobytes()]) == 1
        if len(people) > 1 and (bits[name] >= threshold(count, 1.0) or (same and len(own[name]) >= ENOUGH)):
            for a, b in between_all(people):
                yield Link(a, b, file, 1.0, bits[name], same)
    for pair in pairs:
        if pair.bits >= threshold(count, pair.share):
            first, second = sorted((keys[pair.first][0], keys[pair.second][0]))
            yield Link(first, second, file, pair.share, pair.bits)
