"""Part 9, experiments: what is missing. What the answers are worth is looked at when they are graded, and by people."""

from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.checks.checking import expect, subpart
from autograder.checks.experiment_files import ANSWERS, LOGS, SPECS, digest_of, read_answer, read_log

EXPERIMENTS = [
    pytest.param(
        name,
        marks=subpart(
            spec["sub"], hint=f"{ANSWERS} says what to do under [{name}]; predict, run, and then answer"
        ),
        id=name,
    )
    for name, spec in SPECS.items()
]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_predicted_run_and_answered(name: str, submitted_file: Callable[[str], Path]) -> None:
    """The prediction was made before the runs, all runs are there, and nothing is left open."""
    answer = read_answer(submitted_file(ANSWERS), name)
    log = read_log(submitted_file(LOGS), name)
    expect(
        (answer.prediction, answer.because)
        == (log.frozen["prediction"].strip(), log.frozen["because"].strip()),
        f"[{name}] prediction and because are not as they were before the first run: "
        f'"{log.frozen["prediction"]}", "{log.frozen["because"]}"; write them as they were',
    )
    early = [run for run, one in log.runs.items() if one.began < log.frozen_at]
    expect(not early, f"{LOGS}, {name}: {early[:1]} began before the prediction was made")
    noted = all(one.prediction_sha256 == digest_of(log.frozen) for one in log.runs.values())
    expect(noted, f"{LOGS}, {name}: a run began with another prediction than the one that stands there")
    backwards = [run for run, one in log.runs.items() if one.ended < one.began]
    expect(not backwards, f"{LOGS}, {name}: {backwards[:1]} ended before it began")
