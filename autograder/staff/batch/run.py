"""Grade a class: everything between a folder of submissions and a folder of grades.

find_uploads -> take_in (what changed) -> grade (what is not known yet) -> write_class (csv, report)

Each answer of the pool goes into the state before anything else is done with it, and a run begins by asking the state
what is missing: so the first run, one after a crash, and one after a changed check are all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course.late import NO_DEADLINES, Deadlines
from autograder.course.parts import Parts
from autograder.course.settings import Settings
from autograder.grader.report import results
from autograder.grader.running import subparts_by_file
from autograder.staff.batch.choose import choose
from autograder.staff.batch.cluster import Cluster
from autograder.staff.batch.grades import Checks
from autograder.staff.batch.pool import Pool
from autograder.staff.batch.show import Quiet
from autograder.staff.batch.state import State
from autograder.staff.batch.summary import Summary
from autograder.staff.batch.tasks import grade, take_in
from autograder.staff.batch.uploads.find import find_uploads
from autograder.staff.batch.uploads.matching import with_roster
from autograder.staff.batch.uploads.roster import read_roster
from autograder.staff.batch.uploads.uploads import with_deadline
from autograder.staff.batch.versions import file_versions
from autograder.staff.batch.write import Writer
from envs.errors import UserMistake, one_line


@dataclass(frozen=True)
class Course:
    """What submissions are graded with; `parts_file` is where `parts` was read from."""

    pristine: Path
    roots: dict[str, Path]  # {"public": …, "hidden": …}, the folders of checks
    parts: Parts
    parts_file: Path
    assignment: str = Settings.name  # its name in the learning platform
    allow_weak_sandbox: bool = False  # grade even if a submission could read the hidden checks


@dataclass(frozen=True)
class Ended:
    """How a run ended: `summary` has the class's figures."""

    summary: Summary
    graded_now: int  # check files
    before: Path | None  # the former grades.csv, if this run changed it
    notes: tuple[str, ...] = ()  # about the class as a whole


def grade_class(
    source: Path,
    out: Path,
    course: Course,
    *,
    jobs: int,
    seed: int | None = None,
    only: Iterable[str] = (),
    regrade: Iterable[str] = (),
    deadlines: Deadlines = NO_DEADLINES,
    roster: Path | None = None,
    similarity: bool = True,
    show: Quiet | None = None,
    pool_maker: Callable[[dict[str, Any]], Pool | Cluster] | None = None,
) -> Ended:
    """Grade everybody in `source` into `out`. Raises `UserMistake`; a submission's faults are in its own grade.

    `deadlines` are what the course says; a due date that the platform's export gives goes before the course's.
    `roster` names who is in the class, so that a student who handed in nothing has a row too. `pool_maker(setup)` makes
    the pool (pool.py, cluster.py), by default of `jobs` processes on this machine.
    """
    show = show or Quiet()
    if jobs < 1:
        raise UserMistake(f"JOBS must be at least 1, not {jobs}")
    if not course.pristine.is_dir():
        raise UserMistake(f"there is no pristine package {course.pristine} (make it with: make starter)")
    for name in ("students", "contents", "similar"):
        if source.resolve().is_relative_to((out / name).resolve()):
            raise UserMistake(
                f"{source} lies in the results of a grading, {out}: name another folder for OUT"
            )
    people = read_roster(roster) if roster else None
    notes: list[str] = []
    platform, uploads = find_uploads(source, course.parts, zone=deadlines.zone, out=out, say=notes.append)
    if people is not None:
        uploads, more = with_roster(uploads, people, platform, source)
        notes += more
    results.prepare_folder(out)
    uploads = [with_deadline(upload, deadlines) for upload in uploads]
    if unknown := deadlines.unknown(id_ for upload in uploads for id_ in upload.ids):
        named = ", ".join(one_line(id_, 60) for id_ in unknown)
        notes.append(f"course.toml has extensions for {named}, but nobody here has such an id or email")
    files = subparts_by_file(course.roots, course.parts)
    versions = file_versions(course.roots, course.pristine, course.parts)
    keys = [upload.key for upload in uploads]
    wanted = choose(list(only), files, keys)
    again = choose(words, files, keys) if (words := list(regrade)) else None
    setup = {
        "pristine": str(course.pristine.resolve()),
        "roots": {name: str(root.resolve()) for name, root in course.roots.items()},
        "parts": str(course.parts_file.resolve()),
        "store": str((out / "contents").resolve()),
        "allow_weak_sandbox": course.allow_weak_sandbox,
    }
    with State(out, seed) as state, (pool_maker or (lambda s: Pool(jobs, s)))(setup) as pool:
        handed_in = [upload for upload in uploads if not upload.empty]
        take_in(state, pool, handed_in, show)
        if again is not None:
            taken = state.taken()
            state.forget({taken[key].content for key in again.keys if key in taken}, again.files)
        checks = Checks(versions, files)
        writer = Writer(state, uploads, checks, course.parts, out)
        try:
            graded_now = grade(state, pool, handed_in, wanted, checks, show, writer.pages_of)
        finally:  # also when stopped by Ctrl-C: what is known is written down
            show.stage("writing", len(uploads))
            writer.all_pages()
            summary, before = writer.write_class(
                platform, course.assignment, course.pristine, similarity, show, notes
            )
    return Ended(summary, graded_now, before, tuple(notes))
