"""The staff's commands: `python -m autograder grade`, `grade-class` and `compare`."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from autograder.course.file import read_deadlines
from autograder.course.times import read_due
from autograder.staff.hidden import ROOTS
from autograder.staff.hidden.sandbox.canary import escaped
from envs.errors import UserMistake, one_line

if TYPE_CHECKING:
    from rich.console import Console


def grade(
    path: Annotated[Path, tyro.conf.Positional],
    out: Path,
    pristine: Path = Path("hw"),
    part: str | None = None,
    sub: str | None = None,
    seed: int | None = None,
    json: Path | None = None,
    allow_weak_sandbox: bool = False,
) -> int:
    """Grade one submission with the public and hidden checks (course staff).

    Args:
        path: A folder or a zip.
        out: Where results.json (for Gradescope) and feedback.html go, and experiments.html if any were handed in.
        pristine: The untouched starter, over which the submission's part files are laid.
        part: One part only, such as 4.
        sub: One sub-part only, such as 4b.
        seed: Repeat a grading with the seed it printed; by default the hidden checks draw fresh inputs.
        json: Also write all figures here, with details for the staff.
        allow_weak_sandbox: Grade even where this machine cannot keep a submission from reading hidden checks.
    """
    from rich.console import Console
    from rich.markup import escape

    from autograder.course.parts import read_parts
    from autograder.grader import grading
    from autograder.grader.intake.opening import open_submission
    from autograder.grader.report import page, results, tables
    from autograder.staff.batch.experiments import is_graded, write_experiments

    parts, deadlines = read_parts(), read_deadlines()
    selection = parts.select(part, sub) if part or sub else None
    results.prepare_folder(out)
    console = Console()
    with tables.counting(console) as count:
        graded = grading.grade(
            path,
            pristine,
            ROOTS,
            parts,
            seed=seed,
            selection=selection,
            on_result=count,
            canary=escaped,
            allow_weak_sandbox=allow_weak_sandbox,
        )
    results.write_json(out / "results.json", results.gradescope(graded))
    results.write_text(out / "feedback.html", page.feedback(graded, deadlines.due))
    if is_graded(parts):
        with tempfile.TemporaryDirectory(prefix="experiments-") as name:
            open_submission(path, Path(name), parts)
            write_experiments(out, graded.submission, [(graded.submission, "feedback.html", Path(name))])
    if json is not None:
        results.write_json(json, results.as_dict(graded))
    tables.print_messages(graded, console, hints=False)
    tables.print_subparts(graded, console, title=escape(graded.submission))
    console.print(
        f"seed {graded.seed}, {graded.seconds:.1f} s, results in {out}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    return 3 if graded.score.run_again else 0


def grade_class(
    submissions: Annotated[Path, tyro.conf.Positional],
    out: Path,
    jobs: Annotated[str | None, tyro.conf.arg(metavar="INT")] = None,
    pristine: Path = Path("hw"),
    only: tuple[str, ...] = (),
    regrade: tuple[str, ...] = (),
    seed: Annotated[str | None, tyro.conf.arg(metavar="INT")] = None,
    due: str | None = None,
    dates: Path | None = None,
    roster: Path | None = None,
    assignment: str | None = None,
    similarity: bool = True,
    scheduler: str | None = None,
    allow_weak_sandbox: bool = False,
) -> int:
    """Grade everybody's submissions (course staff). Stopped at any moment, it goes on where it was.

    Args:
        submissions: A folder of archives and folders, or an export of Gradescope, Canvas, Moodle, Brightspace,
            Blackboard or GitHub Classroom (a zip, or unpacked).
        out: Where grades.csv, report.html, tables for Canvas, Moodle and Brightspace and a folder a student go, and the
            state that lets it go on. What stands in adjust.csv there (Submission,Points,Reason) is added by hand.
        jobs: How many are graded at a time; by default one a core.
        pristine: The untouched starter, over which the part files are laid.
        only: Grade no more than this: parts, sub-parts, check files, submissions ('student-0*').
        regrade: Grade this again, though nothing has changed; the words are those of --only.
        seed: Seeds the whole batch; by default the first run draws one, and OUT remembers it.
        due: When it was due, where the export does not say: 2026-11-20T23:59+01:00, or without +01:00 where
            course.toml names a zone.
        dates: The file with the course's dates and late policy instead of autograder/course.toml.
        roster: A CSV file that names everybody in the class (name, id, email; or an export of the platform's).
        assignment: Its name in the learning platform; by default the name in course.toml.
        similarity: Look for similar submissions.
        scheduler: Grade on the workers of this Dask scheduler (tcp://host:8786) instead of on this machine.
        allow_weak_sandbox: Grade even where this machine cannot keep a submission from reading hidden checks.
    """
    from rich.console import Console

    from autograder.course import parts
    from autograder.grader.grading import Grader
    from autograder.staff.batch.cluster import Cluster
    from autograder.staff.batch.run import Course
    from autograder.staff.batch.run import grade_class as run
    from autograder.staff.batch.show import Bar, Log

    workers = _whole("JOBS", jobs, 1)
    first_seed = _whole("the seed", seed, 0)
    deadlines = read_deadlines(dates)
    if due is not None:
        deadlines = replace(deadlines, due=_due(due, deadlines.zone))
    graded = parts.read_parts()
    name = assignment or graded.settings.name
    course = Course(pristine, ROOTS, graded, parts.PARTS_FILE, name, allow_weak_sandbox)
    if pristine.is_dir():
        with Grader(pristine, ROOTS, course.parts, canary=escaped, allow_weak_sandbox=allow_weak_sandbox):
            pass  # a sandbox that does not hold is told now, once, and not of every submission
    console = Console()
    with (Bar if console.is_terminal else Log)(console) as show:
        ended = run(
            submissions,
            out,
            course,
            jobs=os.cpu_count() or 1 if workers is None else workers,
            seed=first_seed,
            only=only,
            regrade=regrade,
            deadlines=deadlines,
            roster=roster,
            similarity=similarity,
            show=show,
            pool_maker=partial(Cluster, scheduler) if scheduler else None,
        )
    counts = ", ".join(f"{count} {status.lower()}" for status, count in ended.summary.statuses.items())
    console.print(f"{counts}; {ended.graded_now} check files run now", highlight=False, markup=False)
    made = ", ".join(str(out / name) for name in ("report.html", "grades.csv", "canvas.csv"))
    console.print(made, highlight=False, markup=False, soft_wrap=True)
    for note in ended.notes:
        console.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)
    if ended.before is not None:
        _print_changes(ended.before, out / "grades.csv", console)
    return 0


def compare(old: Annotated[Path, tyro.conf.Positional], new: Annotated[Path, tyro.conf.Positional]) -> int:
    """Whose points differ between two gradings (course staff).

    Args:
        old: A grades.csv, or a folder with one.
        new: Another.
    """
    from rich.console import Console

    _print_changes(old, new, Console())
    return 0


def _print_changes(old: Path, new: Path, console: Console) -> None:
    from rich.markup import escape
    from rich.table import Table

    from autograder.staff.batch.tables import changes

    texts = []
    for path in (old, new):
        path = path / "grades.csv" if path.is_dir() else path
        try:
            texts.append(path.read_text(encoding="utf-8", errors="replace"))
        except OSError as error:
            raise UserMistake(f"{path} cannot be read: {error.strerror}") from error
    try:
        found = changes(*texts)
    except ValueError as error:
        raise UserMistake(f"{old} or {new} is no grades.csv: {error}") from error
    if not found:
        console.print("no points differ")
        return
    table = Table(
        "submission", "who", title=f"{len(found)} with other points", title_justify="left", pad_edge=False
    )
    for name in ("old", "new"):
        table.add_column(name, justify="right")
    for key, who, was, now in found:
        table.add_row(escape(one_line(key, 60)), escape(one_line(who, 40)), was or "none", now or "none")
    console.print(table)


def _due(text: str, zone: tzinfo | None) -> datetime:
    try:
        return read_due(text, zone)
    except ValueError as error:
        raise UserMistake(f"DUE (--due): {error}") from error


def _whole(name: str, text: str | None, least: int) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text.strip()) or int(text) < least:
        raise UserMistake(
            f"{name} must be a whole number of at least {least}, not {one_line(text, 40) or 'empty'}"
        )
    return int(text)
