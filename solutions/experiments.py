"""An experiment of Part 9: `python -m solutions.experiments --name share` (in a handout: `python -m hw.experiments`).

    answers.toml --the prediction, as it stands--> frozen --> trainings --their logs--> experiments.json

The prediction is copied once, before the first training, with the time. The logs of the runs go beside answers.toml:
both files are handed in. The same command goes on after a stop.
"""

import json
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from envs.errors import UserMistake
from envs.terminal import command_line

from .kit.cli import PACKAGE
from .kit.console import run_command
from .kit.curves import draw_curves
from .kit.files import write_whole
from .kit.runlog import read_progress, read_settings
from .kit.settings import Count, check_each
from .kit.trainings import Training, train_all
from .prediction import begin, end, freeze

SPECS = Path(__file__).parents[1] / "autograder/checks/experiments.toml"
LOGS = "experiments.json"
SHOWN = ("env_steps", "updates", "train_seconds", "success", "return", "started_solved", "changed_rewards")


@dataclass(frozen=True)
class ExperimentConfig:
    """Freeze the prediction, train what is not trained yet, and put the logs beside answers.toml."""

    name: str
    """strategies, share, rollouts, contact, no_hindsight or spread (see answers.toml)"""
    answers: Path = Path("hw/answers.toml")
    """the file with your prediction; the logs go beside it"""
    out: Path = Path("runs/experiments")
    """where the runs go, in a folder of the experiment's name"""
    jobs: Count = 1
    """trainings at a time; more than one take a core each"""


def specs() -> dict[str, dict]:
    """Every experiment: what is asked and which trainings answer it."""
    return tomllib.loads(SPECS.read_text(encoding="utf-8"))


def trainings(spec: dict, folder: Path) -> dict[str, Training]:
    """The name of each run -> its training."""
    found = {}
    for arm, own in spec["arms"].items():
        for seed in spec["seeds"]:
            name = f"{arm}-s{seed}"
            changes = spec["train"] | own | {"seed": seed, "cores": 1, "out": folder / name}
            found[name] = Training.of(name, spec["task"], changes)
    return found


def run_trainings(config: ExperimentConfig, spec: dict, frozen: dict[str, str]) -> dict[str, dict]:
    """Train what is not trained yet; the log of each run. Prints the last success of each, draws all curves."""
    folder = config.out / config.name
    runs = trainings(spec, folder)
    missing = [(run, name) for name, run in runs.items() if not run.finished]
    for place in range(0, len(missing), config.jobs):
        now_on = missing[place : place + config.jobs]
        for run, _ in now_on:
            begin(run.folder, frozen)
        train_all([run for run, _ in now_on], config.jobs)
        for run, _ in now_on:
            end(run.folder)
    logs = {name: _log(run) for name, run in runs.items()}
    table = Table(
        title=f"{config.name}: {len(runs)} runs; the curves' numbers are in {folder}/RUN/progress.csv"
    )
    for column in ("run", "env steps", "last success"):
        table.add_column(column, justify="left" if column == "run" else "right")
    figures = []
    for name, log in logs.items():
        rows = [dict(zip(log["columns"], row, strict=True)) for row in log["rows"]]
        table.add_row(name, str(rows[-1]["env_steps"]), f"{rows[-1]['success']:.3f}")
        curve = [[row[key] for key in ("env_steps", "updates", "train_seconds", "success")] for row in rows]
        figures.append({"method": name.rpartition("-s")[0], "curve": curve})
    Console().print(table)
    draw_curves(folder / "curves.png", config.name, figures)
    print(f"picture: {folder / 'curves.png'}")
    return logs


def _log(run: Training) -> dict[str, Any]:
    """What is handed in of a run: settings, times and the columns of progress.csv that are looked at."""
    settings = {
        key: value for key, value in read_settings(run.folder).items() if key not in ("out", "resume")
    }
    rows = [[row.get(key, 0.0) for key in SHOWN] for row in read_progress(run.folder / "progress.csv")]
    noted = json.loads((run.folder / "began.json").read_text(encoding="utf-8"))
    return {**noted, "settings": settings, "columns": list(SHOWN), "rows": rows}


def run_model_error(config: ExperimentConfig, spec: dict, frozen: dict[str, str]) -> dict[str, dict]:
    """Measure the model's errors with each seed, in a process of its own; the log of each."""
    logs = {}
    for seed in spec["seeds"]:
        folder = config.out / config.name / f"s{seed}"
        figures = folder / "errors.json"
        if not figures.exists():
            begin(folder, frozen)
            words = ["--task", spec["task"], "--seed", str(seed), "--json", str(figures)]
            for key, value in spec["model_error"].items():
                words += [
                    f"--{key.replace('_', '-')}",
                    *map(str, value if isinstance(value, list) else [value]),
                ]
            if subprocess.run(
                [sys.executable, "-m", f"{PACKAGE}.model_error", *words], check=False
            ).returncode:
                raise UserMistake(f"{PACKAGE}.model_error did not finish; the same command begins it again")
            end(folder)
        noted = json.loads((folder / "began.json").read_text(encoding="utf-8"))
        measured = json.loads(figures.read_text(encoding="utf-8"))
        logs[f"s{seed}"] = noted | {"settings": {"seed": seed}, "errors": measured["errors"]}
    return logs


def experiment(config: ExperimentConfig) -> None:
    """All of it. Raises: UserMistake."""
    check_each(config)
    known = specs()
    if config.name not in known:
        raise UserMistake(f"there is no experiment {config.name!r}: choose one of {', '.join(known)}")
    spec = known[config.name]
    frozen = freeze(config.out / config.name / "prediction.json", config.answers, config.name, spec)
    print(spec["question"])
    runs = (run_model_error if "model_error" in spec else run_trainings)(config, spec, frozen)
    path = config.answers.with_name(LOGS)
    try:
        logs = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError:
        raise UserMistake(
            f"{path} was changed and is no JSON any more: delete it, and run this again"
        ) from None
    text = _in_lines(logs | {config.name: {"frozen": frozen, "runs": runs}})
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    print(f"logs: {path}. Now fill in [{config.name}] in {config.answers}.")


def _in_lines(logs: dict[str, dict]) -> str:
    """JSON with a line for each run."""
    parts = []
    for name, log in logs.items():
        runs = ",\n".join(f"  {json.dumps(run)}: {json.dumps(one)}" for run, one in log["runs"].items())
        parts.append(f'{json.dumps(name)}: {{"frozen": {json.dumps(log["frozen"])}, "runs": {{\n{runs}}}}}')
    return "{" + ",\n".join(parts) + "}\n"


if __name__ == "__main__":
    run_command(lambda: experiment(command_line(ExperimentConfig)))
