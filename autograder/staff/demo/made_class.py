"""A small class of made-up submissions: what a TA meets on the evening of a deadline."""

import shutil
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from autograder.course.parts import Parts
from autograder.staff.release.holes import replace_hole

WRONG_HOLE, WRONG_LINE = (
    "4b",
    "goals = achieved[episodes, rng.integers(achieved.shape[1], size=len(episodes))]",
)
ENDLESS_HOLE, ENDLESS_LINES = "4a", "while True:\n    pass"


@dataclass(frozen=True)
class Member:
    """One submission. `earns` are the sub-parts that must earn all their points, and nobody else's any; None: any."""

    name: str
    path: Path
    story: str
    earns: frozenset[str] | None = None


def build_class(folder: Path, solutions: Path, starter: Path, weights: Path, parts: Parts) -> list[Member]:
    """Write the submissions into `folder` (made anew) and return them, the reference first.

    `weights` are those that the reference was trained to; it alone hands weights in.
    """
    shutil.rmtree(folder, ignore_errors=True)
    files = set(parts.modules.values())
    ids = {part.number: {sub.id for sub in part.subparts} for part in parts.parts}
    later = {part.file for part in parts.parts if part.number in ("3", "4")}

    reference = _copy(folder / "reference", files, solutions)
    for part in parts.parts:
        if part.module is None:
            shutil.copyfile(weights, reference / part.file)
    untouched = _copy(folder / "starter", files, starter)
    half = _copy(folder / "half_done", files - later, starter)
    _copy(half, later, solutions)
    wrong = _copy(folder / "wrong_relabeling", files - later, starter)
    _copy(wrong, later, solutions)
    _answer(wrong / parts.part_of(WRONG_HOLE).file, WRONG_HOLE, WRONG_LINE)
    endless = _copy(folder / "endless_loop", files, starter)
    _answer(endless / parts.part_of(ENDLESS_HOLE).file, ENDLESS_HOLE, ENDLESS_LINES)
    packed = folder / "badly_packed.zip"
    _pack_badly(half, packed)

    everything = frozenset().union(*ids.values())
    half_earns = frozenset(ids["3"] | ids["4"])
    return [
        Member("reference", reference, "all of solutions/, and the weights just trained", everything),
        Member("starter", untouched, "hw/ as it is handed out", frozenset()),
        Member("half done", half, "parts 3 and 4 solved, 1 and 2 untouched", half_earns),
        Member(
            "wrong relabeling", wrong, f"the half-done one, but {WRONG_HOLE} also takes goals from the past"
        ),
        Member("badly packed", packed, "the half-done one, zipped with its folders and __MACOSX", half_earns),
        Member("endless loop", endless, f"hw/, with an endless loop in {ENDLESS_HOLE}"),
    ]


def _copy(folder: Path, names: Collection[str], source: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(source / name, folder / name)
    return folder


def _answer(file: Path, hole: str, code: str) -> None:
    """Put `code` in one hole of a part file, whether it is solved there or open."""
    file.write_text(replace_hole(file.read_text(encoding="utf-8"), hole, code), encoding="utf-8")


def _pack_badly(submission: Path, path: Path) -> None:
    """As Finder packs a folder: everything nested, and a second tree of `._` files beside it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(submission.iterdir()):
            archive.write(file, f"my homework (final)/hw/{file.name}")
            archive.writestr(f"__MACOSX/my homework (final)/hw/._{file.name}", b"\0\5\26\7")
