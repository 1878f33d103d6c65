"""Part 9's two files, read without trusting them: answers.toml, which a student writes, and experiments.json, the logs.

Both are text and can run nothing. Sizes, types and ranges are looked at before anything is computed from them.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checks.checking import CheckFailed, NotAttempted, expect

SPECS: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("experiments.toml").read_text(encoding="utf-8")
)
ANSWERS, LOGS = "answers.toml", "experiments.json"
MAX_BYTES = {ANSWERS: 2**16, LOGS: 2**20}
MAX_TEXT = 4000  # characters of one text
MAX_ROWS = 2000  # of one run
LARGEST = 1e9  # of any number
COLUMNS = ("env_steps", "updates", "train_seconds", "success", "return", "started_solved", "changed_rewards")
WORDS, DIFFERENT, REASON = 30, 20, 5  # of an explanation, of these different ones; of a reason


@dataclass(frozen=True)
class Answer:
    """What a student wrote about one experiment."""

    prediction: str
    because: str
    answer: str
    numbers: dict[str, float]
    explanation: str


@dataclass(frozen=True)
class Run:
    """The log of one run: `rows` (N, 7) of a training, in the order of COLUMNS, or `errors` of a model."""

    began: datetime
    ended: datetime
    prediction_sha256: str
    settings: dict[str, Any]
    rows: np.ndarray
    errors: list[dict[str, Any]]

    def column(self, name: str) -> np.ndarray:
        """One column of `rows` (N,)."""
        return self.rows[:, COLUMNS.index(name)]


@dataclass(frozen=True)
class Log:
    """All runs of one experiment, and the prediction that was frozen before them."""

    frozen: dict[str, str]
    frozen_at: datetime
    runs: dict[str, Run]


def runs_of(spec: Mapping[str, Any]) -> list[str]:
    """The names of an experiment's runs."""
    seeds = [f"s{seed}" for seed in spec["seeds"]]
    return [f"{arm}-{seed}" for arm in spec["arms"] for seed in seeds] if "arms" in spec else seeds


def read_answer(path: Path, name: str) -> Answer:
    """Raises: NotAttempted if nothing of it is filled in; CheckFailed with a sentence for what is missing or wrong."""
    answers = _toml(path)
    table = answers.get(name, {})
    expect(isinstance(table, dict), f"{name} is no table: begin it with [{name}]")
    spec = SPECS[name]
    known = ["prediction", "because", "answer", *spec["numbers"], "explanation"]
    if not any(value.strip() if isinstance(value, str) else True for value in table.values()):
        raise NotAttempted(f"[{name}] is not filled in")
    if unknown := [key for key in table if key not in known]:
        raise CheckFailed(f"[{name}] has {unknown[0]!r}, which nobody asks for; it holds {', '.join(known)}")
    texts = {key: _text(table.get(key, ""), f"[{name}] {key}") for key in known if key not in spec["numbers"]}
    for key in ("prediction", "answer"):
        expect(texts[key] in spec["choices"], f"[{name}] {key} must be one of {', '.join(spec['choices'])}")
    for key, least in (("because", REASON), ("explanation", WORDS)):
        count = len(texts[key].split())
        expect(count >= least, f"[{name}] {key} has {count} words; say it in at least {least}")
    different = len({word.casefold() for word in texts["explanation"].split()})
    expect(different >= DIFFERENT, f"[{name}] explanation repeats the same few words")
    numbers = {}
    for key in spec["numbers"]:
        value = table.get(key, "")
        expect(_is_number(value), f"[{name}] {key} must be a number without quotes, such as 0.5")
        numbers[key] = float(value)
    return Answer(texts["prediction"], texts["because"], texts["answer"], numbers, texts["explanation"])


def read_log(path: Path, name: str) -> Log:
    """Raises: NotAttempted if the experiment was never run; CheckFailed with a sentence if its log is none."""
    logs = _json(path)
    if name not in logs:
        raise NotAttempted(f"{LOGS} holds no runs of {name}: make experiment NAME={name} trains them")
    log = logs[name]
    where = f"{LOGS}, {name}"
    expect(isinstance(log, dict) and log.keys() == {"frozen", "runs"}, f"{where}: this is no log")
    frozen, runs = log["frozen"], log["runs"]
    keys = {"time", "prediction", "because"}
    well = isinstance(frozen, dict) and frozen.keys() == keys and isinstance(runs, dict)
    expect(well and all(isinstance(value, str) for value in frozen.values()), f"{where}: this is no log")
    if missing := [run for run in runs_of(SPECS[name]) if run not in runs]:
        raise CheckFailed(f"{where}: {missing[0]} is missing; make experiment NAME={name} goes on with it")
    expect(len(runs) == len(runs_of(SPECS[name])), f"{where}: there is a run that nobody asks for")
    read = {run: _run(one, f"{where}, {run}") for run, one in runs.items()}
    return Log(frozen, _time(frozen["time"], where), read)


def digest_of(frozen: Mapping[str, str]) -> str:
    """What every run notes of the prediction that stood when it began."""
    return hashlib.sha256(json.dumps(dict(frozen), sort_keys=True).encode()).hexdigest()


def _run(one: object, where: str) -> Run:
    expect(isinstance(one, dict) and isinstance(one.get("settings"), dict), f"{where}: this is no log")
    assert isinstance(one, dict)
    rows, errors = np.zeros((0, len(COLUMNS))), []
    if "errors" in one:
        errors = one["errors"]
        well = isinstance(errors, list) and 0 < len(errors) <= MAX_ROWS and all(map(_is_error, errors))
        expect(well, f"{where}: its errors are none")
    else:
        table = one.get("rows")
        well = one.get("columns") == list(COLUMNS) and isinstance(table, list) and 0 < len(table) <= MAX_ROWS
        table = table if well and isinstance(table, list) else [None]
        well = all(
            isinstance(row, list) and len(row) == len(COLUMNS) and all(map(_is_number, row)) for row in table
        )
        expect(well, f"{where}: its rows are no numbers")
        rows = np.array(table, dtype=np.float64)
    began, ended = (_time(one.get(key), where) for key in ("began", "ended"))
    digest = one.get("prediction_sha256")
    expect(isinstance(digest, str), f"{where}: it notes no prediction")
    return Run(began, ended, str(digest), one["settings"], rows, errors)


def _is_error(row: object) -> bool:
    """Whether it is a line of `make model-error`: steps, motion, stretches, and [median, 90 %] of three lengths."""
    if not isinstance(row, dict) or row.keys() != {
        "steps",
        "motion",
        "stretches",
        "gripper",
        "object",
        "moved",
    }:
        return False
    pairs = [row[key] for key in ("gripper", "object", "moved")]
    well = all(isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair)) for pair in pairs)
    return (
        well
        and row["motion"] in ("free", "contact")
        and all(type(row[k]) is int and 0 < row[k] < LARGEST for k in ("steps", "stretches"))
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST


def _text(value: object, where: str) -> str:
    expect(isinstance(value, str), f"{where} must be a text in quotes")
    expect(len(str(value)) <= MAX_TEXT, f"{where} is longer than {MAX_TEXT} characters")
    return str(value).strip()


def _time(value: object, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and len(value) < 40 else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise CheckFailed(f"{where}: a time is missing or none")


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MAX_BYTES[path.name] + 1)
    expect(
        len(content) <= MAX_BYTES[path.name], f"{path.name} is larger than {MAX_BYTES[path.name] // 2**10} kB"
    )
    return content


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_bytes(path).decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise CheckFailed(f"{path.name} is no TOML: {error}") from None


def _json(path: Path) -> dict[str, Any]:
    try:
        logs = json.loads(_bytes(path).decode("utf-8"))
    except (ValueError, RecursionError):
        raise CheckFailed(f"{path.name} is no JSON: make experiment writes it, and nobody edits it") from None
    expect(isinstance(logs, dict), f"{path.name} is no JSON: make experiment writes it, and nobody edits it")
    return dict(logs)
