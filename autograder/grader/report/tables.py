"""Results as a table in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.grader.outcomes import Outcome
from autograder.grader.plugin import CheckResult
from autograder.grader.report.grade import Grade
from autograder.grader.report.words import number

STYLES = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "red",
    Outcome.NOT_ATTEMPTED: "bright_black",
    Outcome.TIMED_OUT: "yellow",
    Outcome.CRASHED: "magenta",
    Outcome.COULD_NOT_RUN: "blue",
}


@contextmanager
def counting(console: Console) -> Iterator[Callable[[CheckResult], None]]:
    """A line that counts the checks as they end; gives the function to call with each."""
    with console.status("starting") as status:
        done: list[CheckResult] = []

        def count(result: CheckResult) -> None:
            done.append(result)
            passed = sum(r.outcome == Outcome.PASSED for r in done)
            status.update(f"{len(done)} checks, {passed} passed; last: {escape(result.title)}")

        yield count


def print_subparts(grade: Grade, console: Console, title: str = "") -> None:
    """One row a sub-part: outcome, checks passed, points; then the total."""
    table = Table(title=title or None, title_justify="left", pad_edge=False, header_style="bold")
    for name in ("", "sub-part", "outcome", "checks", "points"):
        table.add_column(
            name, justify="right" if name in ("checks", "points") else "left", no_wrap=name == "outcome"
        )
    part = None
    for sub in grade.score.subparts:
        if sub.outcome is None:
            continue
        if sub.part != part:
            if part is not None:
                table.add_section()
            part = sub.part
            about = f"{part.file}, extra credit" if part.extra else part.file
            table.add_row("", f"[bold]{part.number}  {escape(part.title)}[/] [dim]{about}[/]", "", "", "")
        passed = sum(r.outcome == Outcome.PASSED for r in sub.checks)
        word = f"[{STYLES[sub.outcome]}]{sub.outcome.value}[/]" + (" (run again)" if sub.run_again else "")
        points = f"{number(sub.earned)} / {number(sub.possible)}"
        table.add_row(sub.subpart.id, escape(sub.subpart.title), word, f"{passed}/{len(sub.checks)}", points)
    table.add_section()
    of_all = (
        f"/ {number(grade.score.possible)}" if grade.score.possible else "extra"
    )  # if that alone was checked
    total = f"{number(grade.score.earned)} {of_all}"
    table.add_row("", "[bold]total[/]", "", "", f"[bold]{total}[/]")
    console.print(table)


def print_messages(grade: Grade, console: Console, hints: bool = True) -> None:
    """What to read for each check that did not pass; the same sentence of several checks only once."""
    said: set[tuple[str, ...]] = set()
    files = {sub.subpart.id: grade.of_the_file(sub.part) for sub in grade.score.subparts}
    for whole in dict.fromkeys(found for found in files.values() if found):
        names = " ".join(name for name, found in files.items() if found == whole)
        console.print(f"[red]{names}[/]  {escape(whole[0])}", highlight=False, soft_wrap=True)
    for share in grade.score.checks:
        result = share.result
        if any(result.message in files.get(name, ()) for name in result.subparts):
            continue
        if result.outcome == Outcome.PASSED or (key := (*result.subparts, result.message)) in said:
            continue
        said.add(key)
        where = escape(" ".join(result.subparts) or result.id)
        console.print(f"[{STYLES[result.outcome]}]{where} {result.outcome.value}[/]  {escape(result.title)}")
        console.print(f"    {escape(result.message)}", style="default", highlight=False, soft_wrap=True)
        if hints and result.hint:
            console.print(f"    hint: {escape(result.hint)}", style="cyan", highlight=False, soft_wrap=True)
    for result in grade.score.run_again:
        console.print(f"[blue]could not run[/] {escape(result.id)}: this is not your code's fault")
    for note in grade.notes:
        console.print(f"[dim]note: {escape(note)}[/]", highlight=False, soft_wrap=True)
