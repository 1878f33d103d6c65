"""The whole kit in a few minutes: train the reference, grade a small class, and see that the grades are the right ones.

solutions/ --train--> weights --build_members--> submissions --Grader--> reports and one table in out/demo/
"""

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.course.parts import Parts, read_parts
from autograder.grader.outcomes import CouldNotRun, Outcome
from autograder.grader.report import page, results
from autograder.grader.report.grade import Grade
from autograder.staff.demo.grade import grade_all
from autograder.staff.demo.members import Member, build_members
from autograder.staff.release import starter
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.outline import read_outline
from envs.errors import UserMistake
from envs.terminal import show_anywhere

ROOT = Path(__file__).resolve().parents[3]
SEED = 0
STEPS = 2_000  # the success is 1 well before


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
    graded = next((part.task for part in parts.parts if part.task), "reach")
    if graded != "reach":  # learning that one takes longer than a demo
        weights = ROOT / "solutions" / "results" / graded / "weights.safetensors"
    members = build_members(out / "submissions", ROOT / "solutions", ROOT / "hw", weights, parts)
    rows = {}
    for member, grade in grade_all(members):
        folder = out / "reports" / member.path.stem
        folder.mkdir(parents=True)
        results.write_json(folder / "results.json", results.gradescope(grade))
        results.write_text(folder / "feedback.html", page.feedback(grade))
        rows[member] = Row(member, grade, tuple(mistakes(member, grade)))
        console.print(f"   {member.name}: {member.story} ({grade.seconds:.0f} s)", highlight=False)
    seconds = time.monotonic() - start
    where = out / "reports"
    console.print(
        f"   All of it took {seconds:.0f} s; the reports are in {where}.", highlight=False, soft_wrap=True
    )
    report([rows[member] for member in members], parts, console)
    return int(any(row.wrong for row in rows.values()))


def report(rows: list[Row], parts: Parts, console: Console) -> None:
    """The table, and a sentence for each grade that is not the right one."""
    console.print(table(rows, parts))
    for row in rows:
        for sentence in row.wrong:
            console.print(f"[red]wrong grade[/] {escape(row.member.name)}: {escape(sentence)}")


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
    shown = Table(
        title="The class, and its points for each part",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        header_style="bold",
    )
    shown.add_column("who", no_wrap=True)
    shown.add_column("points", justify="right", no_wrap=True)
    columns = {part.number: [part] for part in parts.parts if not part.extra}
    if extra := [part for part in parts.parts if part.extra]:
        columns["extra"] = extra  # all of them in one: the table must fit a terminal
    for name, members in columns.items():
        points = sum(sub.points for part in members for sub in part.subparts)
        shown.add_column(f"{name}\nof {points:g}", justify="right", no_wrap=True)
    shown.add_column("sub-parts")
    for row in rows:
        score = row.grade.score
        cells = []
        for members in columns.values():
            numbers = {part.number for part in members}
            earned = sum(sub.earned for sub in score.subparts if sub.part.number in numbers)
            cells.append(f"{earned:.1f}".removesuffix(".0"))
        percent = f"[bold]{100 * score.earned / max(score.possible, 1e-9):.1f} %[/]"
        shown.add_row(row.member.name, percent, *cells, _outcomes(row.grade))
    return shown


def _outcomes(grade: Grade) -> str:
    """A line each, such as: 17 passed; 1 failed (4b); 8 not attempted."""
    ids: dict[Outcome, list[str]] = {}
    for sub in grade.score.subparts:
        if sub.outcome is not None:
            ids.setdefault(sub.outcome, []).append(sub.subpart.id)
    lines = []
    for outcome in Outcome:  # in its order: passed first
        if names := ids.get(outcome):
            few = outcome != Outcome.PASSED and len(names) < 4
            lines.append(f"{len(names)} {outcome}" + (f" ({', '.join(names)})" if few else ""))
    return "\n".join(lines)


def main() -> int:
    """Exit codes: 0 every grade is the right one, 1 one is not, 2 a mistake of the user's, 3 the kit's own fault."""
    show_anywhere()
    console = Console()
    try:
        return run(ROOT / "out" / "demo", console)
    except UserMistake as mistake:
        code, sentence = 2, str(mistake)
    except CouldNotRun as fault:
        code, sentence = 3, str(fault)
    except OSError as error:
        code, sentence = 2, f"{error.filename or 'A file'} cannot be used: {error.strerror}."
    except KeyboardInterrupt:
        code, sentence = 130, "Stopped."
    console.print(sentence, style="red", highlight=False, markup=False)
    return code


if __name__ == "__main__":
    sys.exit(main())
