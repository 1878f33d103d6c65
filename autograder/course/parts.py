"""What a course gives out and grades, for how many points: parts.toml says what there is, course.toml what counts.

parts.toml (the assignment) + course.toml beside it (the course) --read_parts--> Parts
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from autograder.course.file import read_course
from autograder.course.schema import PARTS
from autograder.course.settings import MARGIN, Settings, Time
from autograder.course.toml_file import TomlFile
from envs import task_spec
from envs.errors import UserMistake

PARTS_FILE = Path(__file__).parents[1] / "parts.toml"
# Beside parts.toml; a handout's course.toml holds the threshold itself.
THRESHOLDS = "staff/hidden/thresholds"


@dataclass(frozen=True)
class SubPart:
    id: str  # "4b"
    title: str
    points: float
    hole: bool = True  # False: nothing to fill in
    function: str = ""  # where the hole is, "final_goals" or "Actor.forward"; "" if parts.toml does not say


@dataclass(frozen=True)
class Part:
    number: str  # "4"
    title: str
    file: str  # "relabel.py"
    time_limit: float  # s, of one check
    subparts: tuple[SubPart, ...]
    extra: bool = False  # extra credit: beyond the total
    given: str = ""  # one of GIVEN; "": not graded, and complete in hw/ if something there imports it
    task: str = ""  # of trained weights: the task they are graded on
    threshold: float = 0.0  # of trained weights: the success rate that passes
    companions: tuple[
        str, ...
    ] = ()  # files of solutions/, or notebooks/…, that nobody needs without this part
    beside: tuple[str, ...] = ()  # files that are handed in with the part's own

    @property
    def files(self) -> tuple[str, ...]:
        """What is handed in of this part."""
        return (self.file, *self.beside)

    @property
    def is_weights(self) -> bool:
        """Whether the part is a trained policy."""
        return self.file.endswith(".safetensors")

    @property
    def module(self) -> str | None:
        """The importable name ("relabel"), None where the part is not code."""
        return self.file.removesuffix(".py") if self.file.endswith(".py") else None

    @property
    def points(self) -> float:
        return round(sum(sub.points for sub in self.subparts), 9)


@dataclass(frozen=True)
class Parts:
    """The parts that are graded, and those that the course leaves out."""

    parts: tuple[Part, ...]
    others: tuple[Part, ...] = ()  # not graded: their files are not taken from a submission
    settings: Settings = field(default_factory=Settings)

    @property
    def subparts(self) -> dict[str, SubPart]:
        return {sub.id: sub for part in self.parts for sub in part.subparts}

    @property
    def modules(self) -> dict[str, str]:
        """Module name -> file name, of the parts that are code."""
        return {part.module: part.file for part in self.parts if part.module}

    @property
    def files(self) -> tuple[str, ...]:
        """Everything a submission may hold."""
        return tuple(dict.fromkeys(file for part in self.parts for file in part.files))

    @property
    def total(self) -> float:
        """Of all points but those of extra credit."""
        counted = (sub.points for part in self.parts if not part.extra for sub in part.subparts)
        return round(sum(counted), 9)

    @property
    def not_graded(self) -> frozenset[str]:
        """The ids of the sub-parts that the course leaves out."""
        return frozenset(sub.id for part in self.others for sub in part.subparts)

    def named(self, ids: Iterable[str]) -> tuple[str, ...]:
        """These sub-parts in words, part by part: "Part 2 synthetic rollouts (2a, 2b)"."""
        ids, words = set(ids), []
        for part in self.parts:
            own = [sub.id for sub in part.subparts if sub.id in ids]
            if own:
                some = f" ({', '.join(own)})" if len(own) < len(part.subparts) else ""
                words.append(f"Part {part.number} {part.title}{some}")
        return tuple(words)

    def part_of(self, subpart_id: str) -> Part:
        for part in self.parts:
            if any(sub.id == subpart_id for sub in part.subparts):
                return part
        if subpart_id in self.not_graded:
            raise UserMistake(f"sub-part {subpart_id} is not graded in this course")
        raise UserMistake(f"there is no sub-part {subpart_id!r}; there are {', '.join(self.subparts)}")

    def select(self, part: str | None, sub: str | None) -> frozenset[str]:
        """The sub-part ids of `--part` and `--sub`; all of them where neither is given."""
        if part is not None and part in {p.number for p in self.others}:
            raise UserMistake(f"part {part} is not graded in this course")
        if part is not None and part not in {p.number for p in self.parts}:
            raise UserMistake(
                f"there is no part {part!r}; there are {', '.join(p.number for p in self.parts)}"
            )
        if sub is not None:
            owner = self.part_of(sub)
            if part is not None and owner.number != part:
                raise UserMistake(f"sub-part {sub} belongs to part {owner.number}, not to part {part}")
            return frozenset({sub})
        return frozenset(s.id for p in self.parts if part in (None, p.number) for s in p.subparts)


def read_parts(path: Path | None = None) -> Parts:
    """The course's own parts.toml by default, with the course.toml beside it.

    Raises `UserMistake` with the file, the line and what is wrong there.
    """
    path = PARTS_FILE if path is None else path
    assignment = TomlFile.read(path, PARTS)
    listed = [_part(assignment, number, entry) for number, entry in assignment.table["part"].items()]
    course = read_course(path.with_name("course.toml"))
    wanted = course.table.get("part", {})
    for number in wanted:
        if number not in assignment.table["part"]:
            known = ", ".join(assignment.table["part"])
            raise course.wrong(["part", number], f"{path.name} has no part {number}; it has {known}")
    graded, others = [], []
    for part in listed:
        entry = wanted.get(part.number, {})
        given = entry.get("given", "holes" if part.number in wanted else "")
        if given == "holes":
            graded.append(_graded(part, entry, course))
        elif given == "complete" and part.module is None:
            what = "trained weights are" if part.is_weights else f"{part.file} is"
            raise course.wrong(["part", part.number, "given"], f'{what} not given; write "no"')
        else:
            others.append(replace(part, given=given))
    if all(part.extra for part in graded):
        raise course.wrong(["part"], "no part counts: at least one has points and is no extra credit")
    return Parts(_scaled(graded, course.table.get("total")), tuple(others), _settings(course))


def _part(file: TomlFile, number: str, entry: dict[str, Any]) -> Part:
    """A part as the assignment has it, without points."""
    subs = []
    for name, sub in entry["sub"].items():
        if name[:-1] != number:
            raise file.wrong(["part", number, "sub", name], f"the id must be {number} and a letter")
        subs.append(SubPart(name, sub["title"], 0.0, sub.get("hole", True), sub.get("function", "")))
    companions, beside = (tuple(entry.get(key, ())) for key in ("companions", "beside"))
    limit = float(entry["time_limit"])
    return Part(
        number, entry["title"], entry["file"], limit, tuple(subs), companions=companions, beside=beside
    )


def _graded(part: Part, entry: dict[str, Any], course: TomlFile) -> Part:
    """The part with its points; of trained weights also the task, which the names {task} and {env} stand for."""
    key = ["part", part.number]
    ids = [sub.id for sub in part.subparts]
    points = entry.get("points", {})
    if unknown := [id_ for id_ in points if id_ not in ids]:
        raise course.wrong(
            [*key, "points", unknown[0]],
            f"part {part.number} has no sub-part {unknown[0]}; it has {', '.join(ids)}",
        )
    if missing := [id_ for id_ in ids if id_ not in points]:
        raise course.wrong(
            [*key, "points"] if points else key,
            f"has no points for {', '.join(missing)}; to leave a whole part out, take its table away",
        )
    part = replace(part, given="holes", extra=entry.get("extra", False))
    subs = [replace(sub, points=float(points[sub.id])) for sub in part.subparts]
    if part.is_weights:
        task = course.table.get("weights", {}).get("task")
        if task is None:
            raise course.wrong(
                key, 'trained weights are graded, so say on which task: [weights] task = "reach"'
            )
        env = task_spec(task).env_id.split("-")[0] or task
        subs = [replace(sub, title=sub.title.replace("{env}", env)) for sub in subs]
        file = part.file.replace("{task}", task)
        part = replace(part, file=file, task=task, threshold=_threshold(course, task))
    return replace(part, subparts=tuple(subs))


def _threshold(course: TomlFile, task: str) -> float:
    """What course.toml says, or else the calibrated one."""
    weights = course.table["weights"]
    if "threshold" in weights:
        return float(weights["threshold"])
    calibrated = course.path.parent / THRESHOLDS / f"{task}.json"
    try:
        threshold = float(json.loads(calibrated.read_text(encoding="utf-8"))["threshold"])
    except (OSError, ValueError, KeyError, TypeError):
        raise course.wrong(
            ["weights", "task"],
            f"no threshold is measured for {task}: run make calibrate TASK={task}, or add a line threshold = 0.9",
        ) from None
    if not MARGIN < threshold < 1:
        raise course.wrong(
            ["weights", "task"],
            f"the threshold measured for {task} is {threshold:g}, and must be above {MARGIN:g} and below 1: "
            "add a line threshold = 0.9",
        )
    return threshold


def _scaled(parts: list[Part], total: float | None) -> tuple[Part, ...]:
    """The parts with their points scaled so that those that are no extra credit add up to `total`."""
    points = sum(Fraction(sub.points) for part in parts if not part.extra for sub in part.subparts)
    if total is None or points == Fraction(total):
        return tuple(parts)
    factor = Fraction(total) / points
    return tuple(
        replace(part, subparts=tuple(replace(s, points=float(s.points * factor)) for s in part.subparts))
        for part in parts
    )


def _settings(course: TomlFile) -> Settings:
    table = course.table
    named = {key: table[key] for key in ("name", "hints", "hints_on_request") if key in table}
    return Settings(**named, **table.get("feedback", {}), time=Time(**table.get("time", {})))
