"""Compare methods over seeds: `python -m solutions.compare --task reach` (in a handout: `python -m hw.compare`).

    methods x seeds  --train-->  runs/compare/TASK/  --fresh episodes-->  a table, curves.png, figures

Each training is a process of its own and has the machine to itself unless `--jobs` is more than 1. The same command
goes on after a stop.
"""

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated

import torch
from rich.console import Console
from rich.table import Table

from envs import make_vec
from envs.errors import UserMistake
from envs.machine import describe_machine
from envs.tasks import TaskName
from envs.terminal import command_line

from .kit.collect import evaluate
from .kit.config import METHODS
from .kit.console import run_command
from .kit.curves import draw_curves
from .kit.files import write_json
from .kit.recipes import default_config
from .kit.runlog import read_progress, read_settings
from .kit.seeds import FRESH_SEED, SEED_STEP
from .kit.settings import Count, Must, NameEachOnce, check_each, need
from .kit.trainings import VARIANTS, Training, told, train_all
from .play import load_agent

WHEN = ("env_steps", "updates", "train_seconds")  # the three ways to say how far a training is


@dataclass(frozen=True)
class CompareConfig:
    """Train every method with every seed, evaluate each on fresh episodes, and show them side by side."""

    task: TaskName = "reach"
    """what the arm learns; tiny is a point in the plane"""
    methods: Annotated[tuple[str, ...], NameEachOnce] = METHODS
    """any of ddpg, her, mbpo, or a variant as her-unscripted, ddpg-plain, mbpo-full (see kit/trainings.py)"""
    seeds: Annotated[tuple[int, ...], NameEachOnce] = (0, 1, 2)
    """one training for each method and seed"""
    total_steps: Count | None = None
    """env steps of each training; by default the task's"""
    settings: tuple[str, ...] = ()
    """other settings of each training, as in updates-per-step=1 num-envs=1 (see train --help)"""
    episodes: Count = 200
    """fresh episodes that each trained policy is judged by"""
    level: Annotated[float, Must("lie in (0, 1]", lambda x: 0 < x <= 1)] = 0.95
    """report when the evaluated success first reached this share"""
    jobs: Count = 1
    """trainings at a time; more than one take a core each: all are done sooner, but each takes longer"""
    out: Path = Path("runs/compare")
    """where the runs and the picture go, in a folder of the task's name"""
    picture: Path | None = None
    """where the curves go; by default beside the figures, or among the runs"""
    json: Path | None = None
    """also write the figures to this file"""


def trainings(config: CompareConfig) -> list[Training]:
    """Every training. Raises: UserMistake for a value that makes no sense."""
    check_each(config)
    settings = told(config.settings)
    total_steps = config.total_steps or default_config(config.task).total_steps
    usual = settings | {"total_steps": total_steps} | ({"cores": 1} if config.jobs > 1 else {})
    found = []
    for name in config.methods:
        need(
            name in (*METHODS, *VARIANTS),
            f"unknown method {name!r}: choose one of {', '.join(METHODS)}, or a variant (see kit/trainings.py)",
        )
        changes = VARIANTS.get(name, {"method": name})
        for seed in config.seeds:
            words = (f"{key}={value}" for key, value in settings.items())
            folder = "-".join([name, f"s{seed}", str(total_steps), *words])
            place = {"seed": seed, "out": config.out / config.task / folder}
            run, asked = (
                Training.of(name, config.task, each | place) for each in (usual | changes, changes | usual)
            )
            if run.config != asked.config:
                own = ", ".join(sorted(settings.keys() & changes.keys()))
                raise UserMistake(f"{name} sets {own} itself, to another value: leave it out of the settings")
            method = {"method": run.config.method}
            if (
                changes != method
                and run.config == Training.of(name, config.task, usual | method | place).config
            ):
                raise UserMistake(
                    f"{name} is {run.config.method} itself on {config.task}, where that is off already: leave it out"
                )
            found.append(run)
    return found


def figures_of(run: Training, config: CompareConfig) -> dict:
    """The figures of a finished run: its curve, when it reached the level, its success on fresh episodes of its own."""
    rows = read_progress(run.folder / "progress.csv")
    agent = load_agent(run.folder / "weights.safetensors", config.task)
    env = make_vec(config.task, min(config.episodes, 20), FRESH_SEED + SEED_STEP * run.config.seed)
    fresh = evaluate(env, agent.act, config.episodes)
    env.close()
    return {
        "method": run.name,
        "seed": run.config.seed,
        "cores": read_settings(run.folder)["cores"],
        **{key: rows[-1][key] for key in WHEN},
        **{key: fresh[key] for key in ("success", "started_solved", "episodes")},
        **progress(rows, config.level),
    }


def progress(rows: list[dict], level: float) -> dict:
    """When the success of these evaluations first reached the level (None: never), and their curve."""
    reached = next((row for row in rows if row["success"] >= level), None)
    return {
        "reached_level": reached and {key: reached[key] for key in WHEN},
        "curve": [[row[key] for key in (*WHEN, "success")] for row in rows],
    }


def summary(figures: list[dict]) -> Table:
    """One line for each method, medians over its seeds; a run that never reached the level counts as infinity."""
    table = Table(title="medians over seeds; success on fresh episodes")
    for column in ("method", "seeds", "success", "lowest", "steps to level", "seconds to level", "seconds"):
        table.add_column(
            column, justify="left" if column == "method" else "right", no_wrap=column == "method"
        )
    for method in dict.fromkeys(run["method"] for run in figures):
        runs = [run for run in figures if run["method"] == method]
        success = [run["success"] for run in runs]
        table.add_row(
            method,
            str(len(runs)),
            f"{median(success):.1%}",
            f"{min(success):.1%}",
            *(_when(runs, key) for key in ("env_steps", "train_seconds")),
            f"{median(run['train_seconds'] for run in runs):.0f}",
        )
    return table


def _when(runs: list[dict], key: str) -> str:
    value = median(run["reached_level"][key] if run["reached_level"] else float("inf") for run in runs)
    return "never" if value == float("inf") else f"{value:,.0f}"


def compare(config: CompareConfig) -> list[dict]:
    """Train what is not trained yet, evaluate, print, draw. Returns: the figures of each run."""
    torch.set_num_threads(1)
    runs = trainings(config)
    train_all(runs, config.jobs)
    figures = [figures_of(run, config) for run in runs]
    Console().print(summary(figures))
    if config.json:
        asked = {key: getattr(config, key) for key in ("task", "level", "settings")}
        asked["total_steps"] = runs[0].config.total_steps
        write_json(config.json, {"made_by": describe_machine(), **asked, "runs": figures})
    beside = config.json.with_suffix(".png") if config.json else config.out / config.task / "curves.png"
    picture = config.picture or beside
    picture.parent.mkdir(parents=True, exist_ok=True)
    draw_curves(picture, f"{config.task}, seeds {', '.join(map(str, config.seeds))}", figures)
    print(f"picture: {picture}")
    return figures


if __name__ == "__main__":
    run_command(lambda: compare(command_line(CompareConfig)))
