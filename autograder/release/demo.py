"""The whole kit in a few minutes: train the reference, grade a small class, and see that the grades are the right ones.

solutions/ --train--> weights --build_class--> submissions --Grader--> reports and one table in out/demo/
"""

import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.engine import grading, page, results
from autograder.engine.grading import Grade
from autograder.engine.outcomes import CouldNotRun, Outcome, UserMistake
from autograder.engine.parts import Parts, read_parts
from autograder.release import starter
from autograder.release.demo_class import Member, build_class
from autograder.release.errors import ReleaseError
from autograder.release.outline import read_outline

ROOT = Path(__file__).resolve().parents[2]
CHECKS = {"public": ROOT / "autograder/checks/public", "hidden": ROOT / "autograder/checks/hidden"}
SEED = 0
STEPS = 5_000  # the success is 1 long before


@dataclass(frozen=True)
class Row:
    """One graded member of the class; `wrong` says how the grade is not the one it must be."""

    member: Member
    grade: Grade
    wrong: tuple[str, ...]


def run(out: Path, console: Console) -> int:
    """Everything, into the folder `out` (made anew): 0 if every grade is the right one, else 1."""
    start = time.monotonic()
    files = starter.plan(ROOT / "solutions", read_outline(ROOT / "autograder" / "parts.toml"))
    difference = starter.compare(ROOT / "hw", files)
    if difference:
        raise ReleaseError([*difference.sentences(), "hw/ is not what solutions/ gives: run `make starter`."])
    console.print(f"[bold]1[/]  hw/ is what solutions/ gives: {len(files)} files.")

    shutil.rmtree(out, ignore_errors=True)
    console.print("[bold]2[/]  The reference learns FetchReach from scratch.")
    weights = train(out / "training")

    console.print("[bold]3[/]  A class hands in, and is graded.")
    parts = read_parts()
    members = build_class(out / "submissions", ROOT / "solutions", ROOT / "hw", weights, parts)
    rows = []
    for member, grade in zip(members, grade_all(members), strict=True):
        folder = out / "reports" / member.path.stem
        folder.mkdir(parents=True)
        results.write_json(folder / "results.json", results.gradescope(grade))
        results.write_text(folder / "feedback.html", page.feedback(grade))
        rows.append(Row(member, grade, tuple(mistakes(member, grade))))
        console.print(f"   {member.name}: {member.story} ({grade.seconds:.0f} s)", highlight=False)
    console.print(table(rows, parts))
    console.print(
        f"Reports: {out / 'reports'}. All of it took {time.monotonic() - start:.0f} s.", highlight=False
    )
    for row in rows:
        for sentence in row.wrong:
            console.print(f"[red]wrong grade[/] {escape(row.member.name)}: {escape(sentence)}")
    return int(any(row.wrong for row in rows))


def grade_all(members: list[Member]) -> Iterator[Grade]:
    """The grades in the members' order; two are graded at a time, as a check uses one core."""
    jobs = min(2, os.cpu_count() or 1)
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_grade, [member.path for member in members])


def _grade(path: Path) -> Grade:
    return grading.grade(path, ROOT / "hw", CHECKS, read_parts(), seed=SEED)


def train(folder: Path) -> Path:
    """Train in a process of its own, as a student would; returns the weights. Raises ReleaseError if it fails."""
    options = {"task": "reach", "method": "her", "seed": SEED, "total-steps": STEPS, "out": folder.resolve()}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    done = subprocess.run([sys.executable, "-m", "solutions.train", *words], cwd=ROOT)
    weights = folder / "weights.safetensors"
    if done.returncode != 0 or not weights.is_file():
        raise ReleaseError([f"The training ended with code {done.returncode} and without usable weights."])
    return weights


def mistakes(member: Member, grade: Grade) -> list[str]:
    """How a grade differs from the only right one: `member.earns` in full, everything else not attempted."""
    wrong = [f"{result.id} could not run" for result in grade.score.run_again]
    if member.earns is None:
        return wrong
    for sub in grade.score.subparts:
        name, share = sub.subpart.id, f"{sub.earned:g} of {sub.subpart.points:g} points"
        if sub.outcome is None:
            wrong.append(f"{name} has no check")
        elif name in member.earns and abs(sub.earned - sub.subpart.points) > 1e-9:
            wrong.append(f"{name} has {share}, not all ({sub.outcome})")
        elif name not in member.earns and (sub.earned or sub.outcome != Outcome.NOT_ATTEMPTED):
            wrong.append(f"{name} has {share} and is '{sub.outcome}', not 'not attempted'")
    return wrong


def table(rows: list[Row], parts: Parts) -> Table:
    """Who, points in all and for each part, and what became of the sub-parts."""
    shown = Table(title="The class", title_justify="left", header_style="bold", pad_edge=False)
    shown.add_column("who", no_wrap=True)
    shown.add_column("points", justify="right", no_wrap=True)
    for part in parts.parts:
        shown.add_column(f"part {part.number}", justify="center", no_wrap=True)
    shown.add_column("sub-parts")
    for row in rows:
        score = row.grade.score
        cells = []
        for part in parts.parts:
            subs = [sub for sub in score.subparts if sub.part.number == part.number]
            cells.append(f"{sum(s.earned for s in subs):.3g}/{sum(s.possible for s in subs):.3g}")
        percent = 100 * score.earned / score.possible if score.possible else 0.0
        shown.add_row(
            row.member.name, f"[bold]{percent:.3g} %[/]", *cells, _outcomes(row.grade), end_section=True
        )
    return shown


def _outcomes(grade: Grade) -> str:
    """Such as: 17 passed, 1 failed (4b), 8 not attempted."""
    ids: dict[Outcome, list[str]] = {}
    for sub in grade.score.subparts:
        if sub.outcome is not None:
            ids.setdefault(sub.outcome, []).append(sub.subpart.id)
    few = {outcome: f" ({', '.join(names)})" if len(names) < 4 else "" for outcome, names in ids.items()}
    return ", ".join(
        f"{len(names)} {outcome}{few[outcome] if outcome != Outcome.PASSED else ''}"
        for outcome, names in sorted(ids.items(), key=lambda item: list(Outcome).index(item[0]))
    )


def main() -> int:
    """The command line; prints one sentence, and no traceback, for what a user can mend."""
    console = Console()
    try:
        return run(ROOT / "out" / "demo", console)
    except (ReleaseError, UserMistake, CouldNotRun) as error:
        console.print(str(error), style="red", highlight=False, markup=False)
    except OSError as error:
        console.print(
            f"{error.filename or 'A file'} cannot be used: {error.strerror}.", style="red", markup=False
        )
    except KeyboardInterrupt:
        console.print("Stopped.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
