"""Answers and logs of Part 9 as honest runs leave them, made without training: for the tests of it."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checks.experiment_files import ANSWERS, COLUMNS, LOGS, SPECS, digest_of, read_log, runs_of
from autograder.staff.hidden.experiment_logs import answers_of, first_solved, numbers_of, schedule
from envs import task_spec
from solutions.experiments import trainings

START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
BECAUSE = "goals of other episodes say little about this one"
EXPLANATION = (
    "The runs differ as expected at first, but later all of them end at the same place, which I did not think of. "
    "With few episodes in the buffer the goals lie close together, and what is learned for one helps with others."
)


@cache
def log_of(name: str) -> str:
    """The log of one experiment, as JSON (it is copied by whoever changes it)."""
    spec = SPECS[name]
    frozen = {"time": START.isoformat(), "prediction": spec["choices"][0], "because": BECAUSE}
    times = {
        run: {"began": _time(60 * i + 1), "ended": _time(60 * i + 55), "prediction_sha256": digest_of(frozen)}
        for i, run in enumerate(runs_of(spec))
    }
    if "model_error" in spec:
        runs: dict[str, Any] = {run: {"settings": {"seed": 0}, "errors": _errors(spec)} for run in times}
    else:
        found = trainings(spec, Path("runs"))
        runs = {run: _training(one.config.as_dict(), i) for i, (run, one) in enumerate(found.items())}
    return json.dumps({"frozen": frozen, "runs": {run: times[run] | one for run, one in runs.items()}})


def logs_of(*names: str) -> dict[str, Any]:
    """The logs of these experiments, of all by default."""
    return {name: json.loads(log_of(name)) for name in names or SPECS}


def write_logs(folder: Path, logs: object) -> None:
    (folder / LOGS).write_text(json.dumps(logs), encoding="utf-8")


def answers_for(folder: Path, *names: str) -> dict[str, dict[str, Any]]:
    """Right answers to the logs in the folder."""
    found = {}
    for name in names or SPECS:
        log = read_log(folder / LOGS, name)
        numbers = numbers_of(name, log)
        said = {"prediction": log.frozen["prediction"], "because": BECAUSE}
        answer = min(answers_of(name, numbers))
        found[name] = said | {"answer": answer} | numbers | {"explanation": EXPLANATION}
    return found


def write_answers(folder: Path, answers: dict[str, dict[str, Any]]) -> None:
    lines: list[str] = []
    for name, table in answers.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    (folder / ANSWERS).write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_right(folder: Path, *names: str) -> Path:
    """Both files, with all experiments or with these."""
    write_logs(folder, logs_of(*names))
    write_answers(folder, answers_for(folder, *names))
    return folder


def _time(minutes: int) -> str:
    return (START + timedelta(minutes=minutes)).isoformat()


def _training(config: dict[str, Any], number: int) -> dict[str, Any]:
    steps = schedule(config)
    horizon = task_spec(config["task"]).episode_length
    episodes = math.ceil(config["eval_episodes"] / config["num_envs"]) * config["num_envs"]
    learned = np.clip(np.arange(1, len(steps) + 1) * (number + 1) / (len(steps) + number), 0, 1)
    success = np.floor((0.1 if config["method"] == "ddpg" else 1.0) * learned * episodes) / episodes
    none = config["method"] == "ddpg" or config["relabel_fraction"] == 0
    columns = {
        "env_steps": steps,
        "updates": np.floor(steps * config["updates_per_step"]),
        "train_seconds": steps * 0.005,
        "success": success,
        "return": -horizon + success * horizon / 2 - (1 - success) * 0.5 + 0.5,
        "started_solved": first_solved(config, len(steps)),
        "changed_rewards": np.full(len(steps), 0.0 if none else 0.6 * config["relabel_fraction"]),
    }
    rows = np.stack([columns[key] for key in COLUMNS], axis=1).tolist()
    return {"settings": json.loads(json.dumps(config)), "columns": list(COLUMNS), "rows": rows}


def _errors(spec: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for steps in spec["model_error"]["horizons"]:
        stretches = 80 * (50 - steps + 1)
        for motion, size, count in (("free", 0.2, stretches - 300), ("contact", 17.0, 300)):
            moved = [0.0, 0.1] if motion == "free" else [18.0, 60.0]
            pair = [size * steps, 3 * size * steps]
            rows.append(
                {
                    "steps": steps,
                    "motion": motion,
                    "stretches": count,
                    "gripper": pair,
                    "object": pair,
                    "moved": moved,
                }
            )
    return rows
