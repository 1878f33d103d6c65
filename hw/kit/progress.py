"""The display of a training: a bar with success, return, steps per second and the time left."""

import os
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from envs.typed import command

from .cli import PACKAGE
from .console import WITHIN

FIELDS = "success {task.fields[success]} · return {task.fields[mean_return]} · {task.fields[rate]} steps/s"


class TrainingBar:
    """`with TrainingBar("reach, her, seed 0", total_steps) as bar: bar.show(env_steps, train_seconds, row)`.

    If the output is no terminal (a log file), each evaluation prints a line instead.
    """

    def __init__(self, title: str, total_steps: int, already_done: int = 0):
        self.title, self.console = title, Console()
        self.last_row: dict = {}
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.percentage:>3.0f}%"),
                   TextColumn(FIELDS), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())  # fmt: skip
        self.bar = Progress(*columns, console=self.console, disable=not self.console.is_terminal)
        blank: dict[str, Any] = {"success": "–", "mean_return": "–", "rate": "–"}
        self.task = self.bar.add_task(title, total=total_steps, completed=already_done, **blank)

    def __enter__(self) -> "TrainingBar":
        self.bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.bar.stop()

    def show(self, env_steps: int, train_seconds: float, row: dict) -> None:
        """Move the bar; `row` is the latest line of progress.csv, or {} before the first one."""
        fields: dict[str, Any] = {"rate": f"{env_steps / max(train_seconds, 1e-9):.0f}"}
        if row:
            fields |= {"success": f"{row['success']:.2f}", "mean_return": f"{row['return']:.1f}"}
        self.bar.update(self.task, completed=env_steps, **fields)
        if row and row is not self.last_row:
            self.last_row = row
            if not self.console.is_terminal:
                print(f"{self.title}: {env_steps} steps, {train_seconds:.1f} s, success {fields['success']}, "
                      f"return {fields['mean_return']}, {fields['rate']} steps/s", flush=True)  # fmt: skip


def print_ending(task: str, title: str, weights: Path, curve: Path, row: dict) -> None:
    """What a training has reached, where that lies, and what comes next. row: the last line of progress.csv."""
    if WITHIN in os.environ:  # the command that trains several shows its own table
        return
    steps, seconds = f"{row['env_steps']:,} env steps", f"{row['train_seconds']:.0f} s"
    print(f"{title}: success {row['success']:.2f} after {steps} and {seconds}")
    print(f"  weights     {weights}\n  curve       {curve}")
    print(f"  watch it    {command('play', f'{PACKAGE}.play', task=task, weights=weights)}")
    if task != "tiny":  # no course grades that one
        handing_in = command("submission", "autograder submission", weights=weights)
        print(f"  hand it in  {handing_in}  (if the course grades {task})")
