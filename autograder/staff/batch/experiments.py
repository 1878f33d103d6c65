"""Part 9 for people: each experiment with everybody's prediction, numbers and words beside the curves of their runs.

files of a submission --checks/experiment_files.py--> what can be read of them --> one page, OUT/experiments.html

What cannot be read is left out: the checks say what is wrong with it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.checks.experiment_files import ANSWERS, LOGS, MAX_BYTES, MAX_TEXT, SPECS, Log, read_log
from autograder.course.parts import Parts
from autograder.grader.outcomes import Verdict
from autograder.grader.report import results
from autograder.grader.report.template import template
from envs.errors import one_line

TEMPLATE = Path(__file__).with_name("experiments.html")
PAGE = "experiments.html"
WIDTH, HEIGHT = 320, 120  # of a picture
COLOURS = ("#1558b0", "#c5221f", "#137333", "#8a5a00", "#8e24aa", "#5f6368", "#00838f", "#ad1457")


@dataclass(frozen=True)
class Curve:
    """One run's success over env steps, as the points of a polyline."""

    name: str
    colour: str
    points: str


@dataclass(frozen=True)
class Entry:
    """One student's share of an experiment: (what, text) in the order of answers.toml, and what the runs left."""

    who: str
    page: str  # a link to the student's own page, or ""
    said: tuple[tuple[str, str], ...]
    frozen: str  # when the prediction was made, and when the first run began
    curves: tuple[Curve, ...]
    env_steps: int  # where the curves end
    errors: tuple[str, ...]  # a line for each of a model's errors


def is_graded(parts: Parts) -> bool:
    """Whether the course grades experiments."""
    return ANSWERS in parts.files


def write_experiments(out: Path, title: str, students: Iterable[tuple[str, str, Path]]) -> Path | None:
    """Write the page of these students (name, link to their page, folder with their files); None if there is nothing.

    Raises: UserMistake if it cannot be written.
    """
    found: dict[str, list[Entry]] = {name: [] for name in SPECS}
    for who, page, folder in students:
        for name, entry in entries_of(who, page, folder).items():
            found[name].append(entry)
    path = out / PAGE
    if not any(found.values()):
        path.unlink(missing_ok=True)
        return None
    shown = [(name, SPECS[name], entries) for name, entries in found.items()]
    results.write_text(
        path, template(TEMPLATE).render(title=title, experiments=shown, width=WIDTH, height=HEIGHT)
    )
    return path


def entries_of(who: str, page: str, folder: Path) -> dict[str, Entry]:
    """Experiment -> the student's entry, of those that anything was written or run for."""
    answers, found = _answers(folder / ANSWERS), {}
    for name in SPECS:
        table = answers.get(name)
        said = _said(table, SPECS[name]) if isinstance(table, dict) else ()
        log = _log(folder / LOGS, name)
        if said or log:
            if log:
                found[name] = Entry(who, page, said, _frozen(log), _curves(log), _farthest(log), _errors(log))
            else:
                found[name] = Entry(who, page, said, "no runs", (), 0, ())
    return found


def _answers(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size <= MAX_BYTES[ANSWERS]:
            return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        pass
    return {}


def _said(table: dict[str, Any], spec: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    keys = ["prediction", "because", "answer", *spec["numbers"], "explanation"]
    plain = {key: value for key, value in table.items() if isinstance(value, str | int | float)}
    texts = [(key, str(plain.get(key, "")).strip()[:MAX_TEXT]) for key in keys]
    return tuple(texts) if any(text for _, text in texts) else ()


def _log(path: Path, name: str) -> Log | None:
    try:
        return read_log(path, name)
    except (Verdict, OSError):
        return None


def _frozen(log: Log) -> str:
    first = min(run.began for run in log.runs.values())
    when = f"{log.frozen_at:%Y-%m-%d %H:%M} UTC, the first run began {first:%Y-%m-%d %H:%M}"
    return f'"{one_line(log.frozen["prediction"], 60)}" was frozen {when}'


def _curves(log: Log) -> tuple[Curve, ...]:
    arms = list(dict.fromkeys(name.rpartition("-s")[0] or name for name in log.runs))
    farthest, curves = _farthest(log), []
    for name, run in log.runs.items():
        if len(run.rows) and farthest > 0:
            x = run.column("env_steps").clip(0) / farthest * WIDTH
            y = HEIGHT * (1 - run.column("success").clip(0, 1))
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
            colour = COLOURS[arms.index(name.rpartition("-s")[0] or name) % len(COLOURS)]
            curves.append(Curve(one_line(name, 30), colour, points))
    return tuple(curves)


def _farthest(log: Log) -> int:
    steps = (run.column("env_steps").max() for run in log.runs.values() if len(run.rows))
    return int(max(steps, default=0))


def _errors(log: Log) -> tuple[str, ...]:
    rows = [row for run in log.runs.values() for row in run.errors]
    return tuple(
        f"{row['steps']} ahead, {row['motion']}: object {row['object'][0]:g} mm (9 of 10 below {row['object'][1]:g}), "
        f"it moved {row['moved'][0]:g} mm, {row['stretches']} stretches"
        for row in rows[:20]
    )
