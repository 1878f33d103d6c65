"""How fast the batched Fetch tasks are, beside the other ways to step them: `python -m autograder.bench.envs_speed`.

The contestants take turns in rounds, so a busy machine slows them alike, and medians over the rounds are reported.
A ratio is the median over rounds of (ours / theirs within the round). Counted are real transitions; the time of the
resets is everybody's own. One contestant is not an env but the limit: bare physics on all cores.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from autograder.bench.contestants import CONTESTANTS, ENVPOOL_VERSION, Contestant, NotAvailable, Player
from autograder.bench.exactness import FETCH_TASKS, FetchTask
from envs import task_spec
from envs.machine import describe_machine


@dataclass(frozen=True)
class Args:
    """Measure env steps per second: ours, gymnasium's, EnvPool's, and the limit."""

    num_envs: int = 16
    seconds: float = 10.0  # measured a contestant and task, spread over the rounds
    rounds: int = 20
    tasks: tuple[FetchTask, ...] = FETCH_TASKS
    contestants: tuple[Contestant, ...] = get_args(Contestant)
    json: Path | None = None  # write the figures here


def measure_task(task: str, args: Args) -> list[dict[str, Any]]:
    """One row of figures a contestant; a contestant that cannot take part says why."""
    if args.rounds < 1 or args.seconds <= 0:
        raise ValueError("Measure at least one round and more than 0 seconds.")
    playing: dict[Contestant, Player] = {}
    absent: dict[Contestant, str] = {}
    for name in args.contestants:
        try:
            playing[name] = CONTESTANTS[name](task, args.num_envs)
        except NotAvailable as reason:
            absent[name] = str(reason)
    try:
        # One episode to warm up, one to learn how many fill a turn.
        turn = args.seconds / args.rounds
        episodes = {}
        for name, contestant in playing.items():
            contestant.run(1)
            episodes[name] = max(1, round(turn / contestant.run(1)))
        transitions = args.num_envs * task_spec(task).episode_length
        speeds: dict[Contestant, list[float]] = {name: [] for name in playing}
        order = list(playing)
        for _ in range(args.rounds):
            for name in order:
                speeds[name].append(episodes[name] * transitions / playing[name].run(episodes[name]))
            order.reverse()  # so that nobody always plays after the same one
    finally:
        for contestant in playing.values():
            contestant.close()
    return [_figures(task, name, speeds, absent) for name in args.contestants]


def _figures(
    task: str, name: Contestant, speeds: dict[Contestant, list[float]], absent: dict[Contestant, str]
) -> dict[str, Any]:
    if name in absent:
        return {"task": task, "contestant": name, "reason": absent[name]}
    row = {
        "task": task,
        "contestant": name,
        "steps_per_second": float(np.median(speeds[name])),
        "lowest": min(speeds[name]),
        "highest": max(speeds[name]),
        "rounds": speeds[name],
    }
    if "ours" in speeds:
        row["ours_over_this"] = float(np.median(np.divide(speeds["ours"], speeds[name])))
    return row


def main(args: Args) -> None:
    """Measure, print one table, write the figures."""
    from rich.console import Console
    from rich.table import Table

    rows = [row for task in args.tasks for row in measure_task(task, args)]
    table = Table(title=f"Env steps per second, {args.num_envs} envs, medians of {args.rounds} rounds")
    for column in ("task", "contestant", "steps/s", "lowest", "highest", "ours / this"):
        table.add_column(column, justify="left" if column in ("task", "contestant") else "right")
    for row in rows:
        if "reason" in row:
            table.add_row(row["task"], row["contestant"], "-", "", "", "")
        else:
            ratio = f"{row['ours_over_this']:.2f}x" if "ours_over_this" in row else ""
            speeds = [f"{row[key]:,.0f}" for key in ("steps_per_second", "lowest", "highest")]
            table.add_row(row["task"], row["contestant"], *speeds, ratio)
    Console().print(table)
    for reason in sorted({row["reason"] for row in rows if "reason" in row}):
        print(reason)
    if args.json:
        settings = {
            "num_envs": args.num_envs,
            "seconds": args.seconds,
            "rounds": args.rounds,
            "envpool": ENVPOOL_VERSION,
        }
        figures = {"machine": describe_machine(), "settings": settings, "results": rows}
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    from envs.terminal import command_line

    try:
        main(command_line(Args))
    except (ValueError, OSError) as error:
        raise SystemExit(f"error: {error}") from None
