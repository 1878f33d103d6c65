"""Part 9, experiments: can a run have left these logs, and are answer and numbers what the logs give?"""

from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.checks.checking import expect, subpart
from autograder.checks.experiment_files import ANSWERS, LOGS, SPECS, read_answer, read_log
from autograder.staff.hidden.experiment_logs import answers_of, expect_possible, fits, numbers_of
from solutions.experiments import trainings

EXPERIMENTS = [
    pytest.param(name, marks=subpart(spec["sub"], weight=3), id=name) for name, spec in SPECS.items()
]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_logs_give_the_answer(name: str, submitted_file: Callable[[str], Path]) -> None:
    """The logs can be those of the experiment's runs, and they give the numbers and the answer."""
    answer, spec = read_answer(submitted_file(ANSWERS), name), SPECS[name]
    log = read_log(submitted_file(LOGS), name)
    settings = {}
    if "arms" in spec:
        settings = {run: one.config.as_dict() for run, one in trainings(spec, Path("runs")).items()}
    expect_possible(log, spec, settings)
    numbers = numbers_of(name, log)
    expect(
        all(fits(answer.numbers[key], value) for key, value in numbers.items()),
        "a number is not what the logs give: compute it again, from all rows and all runs that it is asked of",
    )
    expect(answer.answer in answers_of(name, numbers), "the answer is not the one that the logs give")
