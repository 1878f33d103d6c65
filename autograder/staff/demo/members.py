"""The demo's class: six submissions whose only right grades are known."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from autograder.course.parts import Part, Parts
from autograder.staff.made_class.draft import Draft, pack, part_files, write
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
    solved, open_ = part_files(solutions, parts), part_files(starter, parts)
    code = [part for part in parts.parts if part.module and not part.extra]
    later = code[len(code) // 2 :]  # the parts that the half-done one has solved
    earns = frozenset(sub.id for part in later for sub in part.subparts)
    half_solved = open_ | {part.file: solved[part.file] for part in later}

    reference = write(folder / "reference", solved)
    for part in parts.parts:
        if part.is_weights:
            shutil.copyfile(weights, reference / part.file)
    half, wrong, endless = (Draft(texts, parts) for texts in (half_solved, half_solved, open_))
    with_part_4 = {WRONG_HOLE, ENDLESS_HOLE} <= earns  # a course may go without it
    if with_part_4:
        wrong.fill(WRONG_HOLE, WRONG_LINE)
        endless.fill(ENDLESS_HOLE, ENDLESS)
    packed = pack(folder / "badly_packed.zip", half.files(), "my homework (final)/hw/", mac=True)

    def member(name: str, files: dict[str, str], story: str, earns: frozenset[str] | None = None) -> Member:
        return Member(name, write(folder / name.replace(" ", "_"), files), story, earns)

    passed = f"the half-done one, but {WRONG_HOLE} also takes goals from the past"
    looping = f"every hole open but {ENDLESS_HOLE}, which holds an endless loop"
    done = [part for part in parts.parts if part.module or part.is_weights]  # nobody here made experiments
    everything = frozenset(sub.id for part in done for sub in part.subparts)
    return [
        Member("reference", reference, "all of solutions/, and the weights just trained", everything),
        member("starter", open_, "hw/ as it is handed out", frozenset()),
        member("half done", half.files(), f"of {_numbers(code)}, {_numbers(later)} solved", earns),
        *([member("wrong relabeling", wrong.files(), passed)] if with_part_4 else []),
        Member("badly packed", packed, "the half-done one, zipped with its folders and __MACOSX", earns),
        *([member("endless loop", endless.files(), looping)] if with_part_4 else []),
    ]


def _numbers(parts: list[Part]) -> str:
    return f"parts {', '.join(part.number for part in parts)}"
