"""The pages of similar pairs, OUT/similar/<one>--<other>.html: those of this run, and no others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from autograder.course.parts import Parts
from autograder.grader.report import results
from autograder.staff.batch.similar.code import ALL
from autograder.staff.batch.similar.links import Group, Link, Pair, connected
from autograder.staff.batch.similar.page import page, side_by_side

MAX_PAGES = 400
FOLDER = "similar"


class _Summary(Protocol):
    parts: Parts
    rows: list
    similar: list[Group] | None


def page_name(pair: Pair) -> str:
    """The file of a pair's page; no two pairs have the same."""
    name = f"{pair.first}--{pair.second}"
    if "--" in pair.first + pair.second:
        name += "-" + hashlib.sha256(f"{pair.first}/{pair.second}".encode()).hexdigest()[:8]
    return f"{name}.html"


def shown(groups: Iterable[Group]) -> list[Pair]:
    """The pairs that have pages: first those that hold each group together, then those with most evidence."""
    first: list[Pair] = []
    rest: list[Pair] = []
    for group in groups:
        joined: list[Pair] = []
        for pair in group.pairs:
            leader = connected(group.members, ((p.first, p.second) for p in joined))
            needed = len(joined) + 1 < len(group.members) and leader[pair.first] != leader[pair.second]
            (joined if needed else rest).append(pair)
        first += joined
    return [*first, *sorted(rest, key=lambda pair: -pair.bits)][:MAX_PAGES]


def write_pages(
    out: Path, summary: _Summary, contents: Mapping[str, str], pristine: Path, assignment: str
) -> None:
    """A page for each pair. Pages of pairs that are no longer similar go. Raises `UserMistake` if writing fails."""
    folder, store, titles = out / FOLDER, out / "contents", {row.key: row.title for row in summary.rows}
    pages = {page_name(pair): pair for pair in shown(summary.similar or ())}
    code = list(summary.parts.modules.values())
    for name, pair in pages.items():
        sides = []
        for file, link in _files(pair, code):
            folders = (store / contents[link.first], store / contents[link.second])
            sides.append(side_by_side(link, file, folders, pristine))
        results.write_text(folder / name, page(pair, titles, sides, assignment))
    for path in folder.glob("*.html"):
        if path.name not in pages:
            path.unlink(missing_ok=True)


def _files(pair: Pair, code: Iterable[str]) -> Iterator[tuple[str, Link]]:
    """(part file, the link that speaks of it): every file if only the whole is similar."""
    links = {link.file: link for link in pair.links}
    for file in code:
        if link := links.get(file, links.get(ALL)):
            yield file, link


def at_work(pair: Pair) -> str:
    """ "relabel.py 94 %, weights_reach.safetensors the same": what is similar, in a few words."""
    return ", ".join(f"{n.file} {'the same' if n.same else f'{100 * n.share:.0f} %'}" for n in pair.links)
