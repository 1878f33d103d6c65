"""The demo's class: six submissions whose only right grades are known."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from autograder.course.parts import Part, Parts
from autograder.staff.made_class.draft import Draft, pack, write
from autograder.staff.made_class.kinds import ENDLESS

WRONG_HOLE, WRONG_LINE = (
    "4b",
    "goals = achieved[episodes, rng.integers(achieved.shape[1], size=len(episodes))]",
)
ENDLESS_HOLE = "4a"


@dataclass(frozen=True)
class Member:
    """One submission. `earns` are the sub-parts that must earn all their points, all others none; None: any points."""

    name: str
    path: Path
    story: str
    earns: frozenset[str] | None = None


def build_members(folder: Path, solutions: Path, starter: Path, weights: Path, parts: Parts) -> list[Member]:
    """Write the submissions into `folder` (made anew) and return them, the reference first.

    `weights` are those that the reference was trained to; no other member hands weights in.
    """
    shutil.rmtree(folder, ignore_errors=True)
    code = [part for part in parts.parts if part.module]
    done = code[len(code) // 2 :]  # the parts that the half-done one has solved
    later = frozenset(sub.id for part in done for sub in part.subparts)

    def draft(open_holes: frozenset[str] = frozenset()) -> Draft:
        made = Draft(solutions, parts)
        for hole in made.holes:
            if hole in open_holes:
                made.empty(hole)
        return made

    holes = frozenset(draft().holes)
    reference = write(folder / "reference", draft().files())
    for part in parts.parts:
        if part.module is None:
            shutil.copyfile(weights, reference / part.file)
    untouched = {name: (starter / name).read_text(encoding="utf-8") for name in parts.modules.values()}
    half, wrong, endless = draft(holes - later), draft(holes - later), draft(holes)
    with_part_4 = {WRONG_HOLE, ENDLESS_HOLE} <= later  # a course may go without it
    if with_part_4:
        wrong.fill(WRONG_HOLE, WRONG_LINE)
        endless.fill(ENDLESS_HOLE, ENDLESS)
    packed = pack(folder / "badly_packed.zip", half.files(), "my homework (final)/hw/", mac=True)

    def member(name: str, files: dict[str, str], story: str, earns: frozenset[str] | None = None) -> Member:
        return Member(name, write(folder / name.replace(" ", "_"), files), story, earns)

    passed = f"the half-done one, but {WRONG_HOLE} also takes goals from the past"
    looping = f"every hole open but {ENDLESS_HOLE}, which holds an endless loop"
    everything = frozenset(parts.subparts)
    return [
        Member("reference", reference, "all of solutions/, and the weights just trained", everything),
        member("starter", untouched, "hw/ as it is handed out", frozenset()),
        member("half done", half.files(), f"of {_numbers(code)}, {_numbers(done)} solved", later),
        Member("badly packed", packed, "the half-done one, zipped with its folders and __MACOSX", later),
        *(
            (
                member("wrong relabeling", wrong.files(), passed),
                member("endless loop", endless.files(), looping),
            )
            if with_part_4
            else ()
        ),
    ]


def _numbers(parts: list[Part]) -> str:
    return f"parts {', '.join(part.number for part in parts)}"
