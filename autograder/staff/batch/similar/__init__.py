"""Which submissions have more in common than chance explains? A hint for a person to look, never a verdict.

    part files --> canonical code --> passages --> links \\
                                                          pairs --> groups --> a page a pair, a list in the report
    weights ----------------------> sketches ---> links /
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from autograder.course.parts import Parts
from autograder.staff.batch.hashes import hash_of_code
from autograder.staff.batch.similar.code import code_links
from autograder.staff.batch.similar.links import EARLIER, Group, Link, Pair, groups_of, owner, pairs_of
from autograder.staff.batch.similar.weights import weight_links

__all__ = ["EARLIER", "Group", "Link", "Pair", "groups_of", "owner", "pairs_of", "similar_groups"]

Remember = Callable[[str, Callable[[], Any]], Any]  # (a name, how to make it) -> what is kept under that name


def similar_groups(
    contents: Mapping[str, str],
    store: Path,
    pristine: Path,
    parts: Parts,
    remember: Remember = lambda name, make: make(),
) -> list[Group]:
    """The groups among `contents` (key, or key EARLIER number -> folder in `store`), those with most evidence first.

    `pristine` is the starter; the reference solution and its weights lie beside it in solutions/, or are not known.
    """
    reference = pristine.resolve().parent / "solutions"
    code = tuple(parts.modules.values())
    given = sorted([*pristine.rglob("*.safetensors"), *reference.rglob("*.safetensors")])
    starter = [path for name in code if (path := pristine / name).is_file()]
    # Changes with what makes the remembered, and the starter.
    made_by = hash_of_code(Path(__file__).parent, *starter)[:12]
    keep = lambda name, make: remember(f"{made_by}/{name}", make)  # noqa: E731
    links = code_links(contents, store, pristine, reference if reference.is_dir() else None, code, keep)
    links += weight_links(
        contents, store, given, [f for f in parts.files if f not in code and not f.endswith(".toml")], keep
    )
    return groups_of(pairs_of(_between_people(links)))


def _between_people(links: Iterable[Link]) -> list[Link]:
    """Without links between one person's uploads; a replaced upload counts only if there is no other link."""
    found: dict[tuple[str, str, str], Link] = {}
    for link in links:
        if owner(link.first) == owner(link.second):
            continue
        first, second = sorted((owner(link.first), owner(link.second)))
        place = (first, second, link.file)
        if place not in found or _better(link) > _better(found[place]):
            found[place] = link
    return list(found.values())


def _better(link: Link) -> tuple[bool, float]:
    return EARLIER not in link.first + link.second, link.bits
