"""Part 9: right, wrong, missing and made-up answers and logs; what is frozen, packed and shown to people."""

from __future__ import annotations

import copy
import dataclasses
import json
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.checks.experiment_files import ANSWERS, LOGS, MAX_BYTES, SPECS, read_log
from autograder.course.parts import read_parts
from autograder.grader.handin.submission import build_submission
from autograder.grader.intake.opening import open_submission
from autograder.grader.outcomes import Outcome
from autograder.grader.outside.tree import ROOT
from autograder.grader.running import run_checks
from autograder.staff.batch.experiments import write_experiments
from autograder.staff.batch.similar import similar_groups
from autograder.staff.hidden import ROOTS, experiment_logs
from autograder.tests.made_experiments import (
    EXPLANATION,
    answers_for,
    logs_of,
    write_answers,
    write_logs,
    write_right,
)
from envs.errors import UserMistake
from solutions import experiments
from solutions.kit.seeds import EVAL_OFFSET, SEED_STEP

FILES = ["public/test_experiments.py", "hidden/test_experiments.py"]
SUBS = {name: spec["sub"] for name, spec in SPECS.items()}


def outcomes(folder: Path, name: str) -> dict[str, tuple[Outcome, str]]:
    """ "public" and "hidden" -> how the check of one experiment ended, and what it said."""

    def connect(limit: float) -> Any:
        raise AssertionError("there is no code to ask")

    results = run_checks(ROOTS, connect, folder, read_parts(), selection=frozenset({SUBS[name]}), only=FILES)
    assert len(results) == 2
    return {result.visibility: (result.outcome, result.message) for result in results}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All six as honest students hand them in."""
    return write_right(tmp_path)


def change_log(folder: Path, name: str, change: Any) -> dict[str, tuple[Outcome, str]]:
    """How the checks end once `change(log)` has been at the log of an experiment, and the answers follow from it."""
    logs = logs_of(name)
    change(logs[name])
    write_logs(folder, logs)
    try:
        write_answers(folder, answers_for(folder, name))
    except Exception:  # nothing can be read off it any more
        pass
    return outcomes(folder, name)


@pytest.mark.parametrize("name", SPECS)
def test_what_honest_runs_leave_passes(folder: Path, name: str) -> None:
    assert outcomes(folder, name) == {"public": (Outcome.PASSED, ""), "hidden": (Outcome.PASSED, "")}


def test_the_starters_file_and_no_file_at_all_are_not_attempted(tmp_path: Path) -> None:
    for name in SPECS:
        assert {found for found, _ in outcomes(tmp_path, name).values()} == {Outcome.NOT_ATTEMPTED}
        assert {found for found, _ in outcomes(ROOT / "hw", name).values()} == {Outcome.NOT_ATTEMPTED}


def test_the_starters_file_asks_for_all_that_the_checks_want_and_nothing_else() -> None:
    table = tomllib.loads((ROOT / "solutions" / ANSWERS).read_text(encoding="utf-8"))
    assert table.keys() == SPECS.keys()
    for name, spec in SPECS.items():
        assert list(table[name]) == ["prediction", "because", "answer", *spec["numbers"], "explanation"]
        assert not any(str(value).strip() for value in table[name].values())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prediction": ""}, "[share] prediction must be one of"),
        ({"answer": "perhaps"}, "[share] answer must be one of"),
        ({"because": "so"}, "[share] because has 1 words; say it in at least 5"),
        ({"explanation": "It is clear."}, "[share] explanation has 3 words"),
        ({"explanation": "because " * 40}, "[share] explanation repeats the same few words"),
        ({"explanation": EXPLANATION * 40}, "is longer than 4000 characters"),
        ({"mean_1": ""}, "[share] mean_1 must be a number"),
        ({"mean_1": "0.5"}, "[share] mean_1 must be a number"),
        ({"mean_1": True}, "[share] mean_1 must be a number"),
        ({"mean_2": 0.5}, "[share] has 'mean_2', which nobody asks for"),
        ({"because": 7}, "[share] because must be a text in quotes"),
    ],
)
def test_what_is_missing_in_the_answers_is_named(folder: Path, change: dict[str, Any], said: str) -> None:
    answers = answers_for(folder, "share")
    write_answers(folder, {"share": answers["share"] | change})
    found = outcomes(folder, "share")
    assert found["public"][0] == Outcome.FAILED and said in found["public"][1]
    assert found["hidden"][0] == Outcome.FAILED


def test_a_wrong_prediction_costs_nothing_and_a_changed_one_is_none(folder: Path) -> None:
    answers = answers_for(folder, "share")["share"]
    assert answers["prediction"] == "higher" != answers["answer"]  # it was wrong, and everything passed
    write_answers(folder, {"share": answers | {"prediction": answers["answer"]}})
    found = outcomes(folder, "share")["public"]
    assert found[0] == Outcome.FAILED and "not as they were before the first run" in found[1]


def test_wrong_numbers_and_wrong_answers_fail_the_hidden_check_alone(folder: Path) -> None:
    answers = answers_for(folder, "share")["share"]
    for change, said in (
        ({"mean_1": answers["mean_1"] + 0.05}, "a number is not what the logs give"),
        ({"answer": "higher"}, "the answer is not the one that the logs give"),
    ):
        write_answers(folder, {"share": answers | change})
        found = outcomes(folder, "share")
        assert found["public"][0] == Outcome.PASSED
        assert found["hidden"][0] == Outcome.FAILED and said in found["hidden"][1]
    write_answers(
        folder, {"share": answers | {"mean_1": round(answers["mean_1"], 2)}}
    )  # as a person writes it
    assert outcomes(folder, "share")["hidden"][0] == Outcome.PASSED


def first_run(log: dict[str, Any]) -> dict[str, Any]:
    return next(iter(log["runs"].values()))


def set_cell(row: int, column: int, value: float) -> Any:
    def change(log: dict[str, Any]) -> None:
        first_run(log)["rows"][row][column] = value

    return change


def test_a_run_that_is_missing_is_named(tmp_path: Path) -> None:
    found = change_log(tmp_path, "share", lambda log: log["runs"].pop("1-s2"))
    write_answers(tmp_path, {"share": answers_for(write_right(tmp_path), "share")["share"]})
    write_logs(
        tmp_path,
        {
            "share": {
                **logs_of("share")["share"],
                "runs": dict(list(logs_of("share")["share"]["runs"].items())[:-1]),
            }
        },
    )
    found = outcomes(tmp_path, "share")
    assert found["public"] == (
        Outcome.FAILED,
        f"{LOGS}, share: 1-s2 is missing; make experiment NAME=share goes on with it",
    )
    assert found["hidden"][0] == Outcome.FAILED
    (tmp_path / LOGS).unlink()
    assert outcomes(tmp_path, "share")["public"][0] == Outcome.NOT_ATTEMPTED


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda log: first_run(log).update(began="2026-11-01T12:00:00+00:00"),
            "began before the prediction was made",
        ),
        (lambda log: first_run(log).update(ended="2026-11-02T11:00:00+00:00"), "ended before it began"),
        (lambda log: first_run(log).update(prediction_sha256="0" * 64), "with another prediction"),
        (
            lambda log: log["frozen"].update(because="because of the goals of others"),
            "with another prediction",
        ),
        (lambda log: log["frozen"].update(time="yesterday"), "a time is missing or none"),
        (lambda log: first_run(log).pop("began"), "a time is missing or none"),
        (lambda log: first_run(log).pop("rows"), "its rows are no numbers"),
        (lambda log: first_run(log)["rows"].append([1, 2]), "its rows are no numbers"),
        (set_cell(0, 3, "1.0"), "its rows are no numbers"),
        (set_cell(0, 3, 10**400), "its rows are no numbers"),
        (lambda log: log["runs"].update(more=first_run(log)), "a run that nobody asks for"),
        (lambda log: log.pop("frozen"), "this is no log"),
    ],
)
def test_a_log_that_is_none_or_comes_before_its_prediction_is_told(
    tmp_path: Path, change: Any, said: str
) -> None:
    write_right(tmp_path, "share")
    logs = logs_of("share")
    answers = answers_for(tmp_path, "share")
    change(logs["share"])
    write_logs(tmp_path, logs)
    if isinstance(logs["share"].get("frozen"), dict):
        answers["share"]["because"] = logs["share"]["frozen"]["because"]
    write_answers(tmp_path, answers)
    found = outcomes(tmp_path, "share")["public"]
    assert found[0] == Outcome.FAILED and said in found[1]


MADE_UP = {
    "a success above 1": (set_cell(4, 3, 1.25), "outside of 0 to 1"),
    "a success that no 40 episodes give": (set_cell(4, 3, 0.337), "no whole number of the episodes"),
    "a return of a better policy": (set_cell(4, 4, -0.01), "does not go together with the success"),
    "a return below every return": (set_cell(4, 4, -21.0), "does not go together with the success"),
    "more env steps": (set_cell(-1, 0, 99_999.0), "not those at which a run is evaluated"),
    "a row less": (lambda log: first_run(log)["rows"].pop(3), "not those at which a run is evaluated"),
    "more updates": (set_cell(2, 1, 5_000.0), "not as many as its env steps ask for"),
    "no time": (set_cell(0, 2, 0.0), "fewer than a run can take"),
    "more time than there was": (set_cell(-1, 2, 1e6), "more seconds of training than lie between"),
    "goals of other evaluations": (set_cell(3, 5, 0.5), "not what the goals of these evaluations give"),
    "rewards changed though no goal was": (set_cell(3, 6, 0.2), "although no goal is replaced"),
    "another number of updates": (
        lambda log: first_run(log)["settings"].update(updates_per_step=4),
        "other settings",
    ),
    "another seed's run": (
        lambda log: log["runs"]["08-s1"].update(rows=copy.deepcopy(log["runs"]["08-s0"]["rows"])),
        "",
    ),
    "more rewards changed than goals": (
        lambda log: [row.__setitem__(6, 0.9) for row in log["runs"]["08-s0"]["rows"]],
        "larger than the share of rows",
    ),
    "hardly a reward changed": (
        lambda log: log["runs"]["08-s0"]["rows"][0].__setitem__(6, 0.01),
        "smaller than hindsight goals",
    ),
}


@pytest.mark.parametrize("what", MADE_UP)
def test_a_log_that_no_run_can_leave_fails_though_all_answers_follow_from_it(
    tmp_path: Path, what: str
) -> None:
    change, said = MADE_UP[what]
    found = change_log(tmp_path, "share", change)
    assert found["hidden"][0] == Outcome.FAILED and said in found["hidden"][1], found


ERRORS = {
    "another number of stretches": (lambda rows: rows[0].update(stretches=7), "not of as many stretches"),
    "a median above 9 of 10": (lambda rows: rows[1].update(object=[9.0, 3.0]), "is negative, or its median"),
    "a block that moved by itself": (lambda rows: rows[0].update(moved=[0.0, 30.0]), "moved in free motion"),
    "a block that lay still": (lambda rows: rows[1].update(moved=[0.0, 0.5]), "did not move in contact"),
    "no line for contact": (lambda rows: rows.pop(3), "lack a line for contact"),
    "a line more": (lambda rows: rows.append(rows[0] | {"steps": 3}), "not those of the experiment"),
}


@pytest.mark.parametrize("what", ERRORS)
def test_errors_of_a_model_that_nobody_measured_fail(tmp_path: Path, what: str) -> None:
    change, said = ERRORS[what]
    found = change_log(tmp_path, "contact", lambda log: change(first_run(log)["errors"]))
    assert found["hidden"][0] == Outcome.FAILED and said in found["hidden"][1], found


@pytest.mark.parametrize(
    "content", [b"\xff", b"{", b"[" * 100_000, b"[]", b'{"share": NaN}', b'{"share": 3}']
)
def test_whatever_is_in_the_logs_it_is_a_sentence(folder: Path, content: bytes) -> None:
    (folder / LOGS).write_bytes(content)
    found = outcomes(folder, "share")
    assert {outcome for outcome, _ in found.values()} <= {Outcome.FAILED, Outcome.NOT_ATTEMPTED}
    assert "Error" not in found["public"][1] and "could not use" not in found["public"][1]


@pytest.mark.parametrize("content", [b"\xff", b"share = 3", b"[share", b"a = " + b"[" * 50_000])
def test_whatever_is_in_the_answers_it_is_a_sentence(folder: Path, content: bytes) -> None:
    (folder / ANSWERS).write_bytes(content)
    found = outcomes(folder, "share")
    assert {outcome for outcome, _ in found.values()} == {Outcome.FAILED}
    assert "could not use" not in found["public"][1]


def test_files_that_are_too_large_are_refused(folder: Path) -> None:
    for file, said in ((LOGS, "larger than 1024 kB"), (ANSWERS, "larger than 64 kB")):
        (folder / file).write_bytes(b"#" * (MAX_BYTES[file] + 1))
        assert said in outcomes(folder, "share")["public"][1]


def test_a_number_near_the_border_of_two_answers_fits_both() -> None:
    near = {"quickest": 400.0, "slowest": 600.0}
    assert experiment_logs.answers_of("spread", near) == {"less than 1.5", "1.5 to 3"}
    assert experiment_logs.answers_of("spread", near | {"slowest": 700.0}) == {"1.5 to 3"}
    assert experiment_logs.answers_of("contact", {"free_1": 0.0, "contact_1": 1.0}) == {"more than 10"}


def test_the_checks_know_the_seeds_of_evaluations() -> None:
    assert (experiment_logs.EVAL_OFFSET, experiment_logs.SEED_STEP) == (EVAL_OFFSET, SEED_STEP)


# --- what a student runs ---


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> experiments.ExperimentConfig:
    """An experiment of two short trainings; the checks look for the same."""
    spec = SPECS["share"] | {
        "seeds": [3],
        "arms": {"0": {"relabel_fraction": 0.0}, "08": {"relabel_fraction": 0.8}},
    }
    spec["train"] = spec["train"] | {"total_steps": 480, "eval_every": 160}
    monkeypatch.setattr(experiments, "specs", lambda: {"share": spec})
    monkeypatch.setitem(SPECS, "share", spec)
    return experiments.ExperimentConfig("share", tmp_path / ANSWERS, tmp_path / "runs")


def predict(
    config: experiments.ExperimentConfig, prediction: str, because: str = "I think that it must be so"
) -> None:
    config.answers.write_text(
        f'[share]\nprediction = "{prediction}"\nbecause = "{because}"\n', encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "take it from your handout again"),
        ("", "predict before you run"),
        ('[share]\nprediction = "perhaps"', "predict before you run"),
        ('[share]\nprediction = "lower"\nbecause = "so"', "why you expect that"),
        ("[share", "is no TOML"),
        ("share = 3", "predict before you run"),
    ],
)
def test_nothing_is_trained_before_there_is_a_prediction(
    small: experiments.ExperimentConfig, text: str | None, said: str
) -> None:
    if text is not None:
        small.answers.write_text(text, encoding="utf-8")
    with pytest.raises(UserMistake, match=said):
        experiments.experiment(small)
    assert not small.out.exists()
    with pytest.raises(UserMistake, match="there is no experiment 'shares': choose one of share"):
        experiments.experiment(dataclasses.replace(small, name="shares"))


@pytest.mark.slow
def test_an_experiment_leaves_logs_that_the_checks_believe_and_its_prediction_stays(
    small: experiments.ExperimentConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    predict(small, "lower")
    experiments.experiment(small)
    logs = small.answers.with_name(LOGS)
    log, spec = read_log(logs, "share"), SPECS["share"]
    configs = {
        run: one.config.as_dict() for run, one in experiments.trainings(spec, small.out / "share").items()
    }
    experiment_logs.expect_possible(log, spec, configs)
    assert log.frozen["prediction"] == "lower" and (small.out / "share/curves.png").is_file()
    assert (log.runs["0-s3"].column("changed_rewards") == 0).all()
    assert np.all(log.runs["08-s3"].column("changed_rewards") > 0.1)
    before = logs.read_bytes()
    predict(small, "higher")  # wiser after the event
    experiments.experiment(small)
    assert logs.read_bytes() == before and "stands: lower" in capsys.readouterr().out


def test_other_experiments_in_the_file_of_logs_stay(
    small: experiments.ExperimentConfig, monkeypatch: Any
) -> None:
    predict(small, "lower")
    logs = small.answers.with_name(LOGS)
    write_logs(logs.parent, logs_of("contact"))
    monkeypatch.setattr(experiments, "run_trainings", lambda config, spec, frozen: {"0-s3": {"rows": []}})
    experiments.experiment(small)
    assert json.loads(logs.read_text()).keys() == {"contact", "share"}
    logs.write_text("{")
    with pytest.raises(UserMistake, match="is no JSON any more"):
        experiments.experiment(small)


# --- handing in, and what people see ---


def test_both_files_are_packed_and_taken_in(folder: Path, tmp_path: Path) -> None:
    for name in read_parts().modules.values():
        (folder / name).write_bytes((ROOT / "solutions" / name).read_bytes())
    out = tmp_path / "out/submission.zip"
    notes = build_submission(folder, out)
    with zipfile.ZipFile(out) as archive:
        assert {ANSWERS, LOGS} <= set(archive.namelist())
    assert f"{ANSWERS}: 6 of 6 are complete." in notes
    into = tmp_path / "into"
    into.mkdir()
    open_submission(out, into, read_parts())
    assert (into / LOGS).read_bytes() == (folder / LOGS).read_bytes()
    answers = answers_for(folder)
    write_answers(folder, answers | {"share": answers["share"] | {"mean_1": ""}})
    notes = build_submission(folder, out)
    assert f"{ANSWERS}: 5 of 6 are complete." in notes
    assert any(note.startswith("9b: [share] mean_1 must be a number") for note in notes)


def test_the_same_logs_from_two_students_are_similar_and_the_starters_answers_are_not(tmp_path: Path) -> None:
    for who in ("ann", "ben", "cem"):
        (tmp_path / who).mkdir()
        (tmp_path / who / ANSWERS).write_bytes((ROOT / "hw" / ANSWERS).read_bytes())
        write_logs(tmp_path / who, logs_of(*(["share"] if who == "cem" else [])))
    names = {who: who for who in ("ann", "ben", "cem")}
    (group,) = similar_groups(names, tmp_path, ROOT / "hw", read_parts())
    assert set(group.members) == {"ann", "ben"} and set(group.files) == {LOGS}


def test_the_page_shows_what_was_written_beside_the_curves_and_escapes_it(
    folder: Path, tmp_path: Path
) -> None:
    answers = answers_for(folder)
    answers["share"]["explanation"] = "<script>alert(1)</script> " + EXPLANATION
    write_answers(folder, answers)
    deep = "x.explanation" + ".a" * 2000 + " = 1\n"
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / ANSWERS).write_text(f"share.because = 'so'\n{deep.replace('x.', 'share.', 1)}")
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / ANSWERS).write_bytes(b"\xff")
    (tmp_path / "broken" / LOGS).write_bytes(b"{")
    out = tmp_path / "page"
    out.mkdir()
    students = [("Ann <b>", "students/ann/feedback.html", folder), ("Ben", "", tmp_path / "empty")]
    students += [("Cem", "", tmp_path / "broken"), ("Dora", "", tmp_path / "deep")]
    path = write_experiments(out, "Homework", students)
    assert path is not None
    text = path.read_text(encoding="utf-8")
    assert "<script>" not in text and "&lt;script&gt;" in text and "Ann &lt;b&gt;" in text
    assert text.count("<polyline") == sum(
        len(log["runs"]) for name, log in logs_of().items() if name != "contact"
    )
    assert (
        "over 3200 env steps" in text
        and "10 ahead, contact: object" in text
        and "was frozen 2026-11-02 12:00 UTC" in text
    )
    assert "Ben" not in text and "Cem" not in text and "Dora" in text
    assert write_experiments(out, "Homework", [("Ben", "", tmp_path / "empty")]) is None and not path.exists()
