"""Comparing methods over seeds, on the tiny env."""

import dataclasses
import json
from pathlib import Path

import pytest

from envs.errors import UserMistake
from solutions import compare
from solutions.compare import CompareConfig
from solutions.kit import trainings
from solutions.kit.files import write_json
from solutions.kit.recipes import default_config


def short(out: Path, **changes) -> CompareConfig:
    changes = {
        "task": "tiny",
        "methods": ("her",),
        "seeds": (0, 1),
        "total_steps": 800,
        "episodes": 20,
    } | changes
    return CompareConfig(out=out, **changes)


@pytest.mark.slow
def test_trains_evaluates_and_does_not_train_again(tmp_path, capsys):
    figures = compare.compare(short(tmp_path, json=tmp_path / "new/figures.json"))
    assert [(run["method"], run["seed"]) for run in figures] == [("her", 0), ("her", 1)]
    assert all(run["env_steps"] == 800 == run["curve"][-1][0] and run["episodes"] == 20 for run in figures)
    assert json.loads((tmp_path / "new/figures.json").read_text())["runs"] == figures
    assert (tmp_path / "new/figures.png").stat().st_size > 1000

    summary = tmp_path / "tiny/her-s0-800/summary.json"
    trained_at = summary.stat().st_mtime_ns
    again = compare.compare(short(tmp_path, seeds=(0,)))
    assert again == figures[:1] and summary.stat().st_mtime_ns == trained_at
    assert (tmp_path / "tiny/curves.png").stat().st_size > 1000


@pytest.mark.slow
def test_two_trainings_at_a_time_learn_what_each_does_alone(tmp_path, capfd):
    alone = compare.compare(short(tmp_path / "alone"))
    together = compare.compare(short(tmp_path / "together", jobs=2))
    assert [run["cores"] for run in alone + together] == [2, 2, 1, 1]
    for one, other in zip(alone, together, strict=True):
        assert one["success"] == other["success"]
        assert [point[3] for point in one["curve"]] == [point[3] for point in other["curve"]]
    printed = capfd.readouterr().out
    assert all(f"tiny, her, seed {seed}: 800 steps" in printed for seed in (0, 1))


def test_after_a_training_that_did_not_finish_none_begins(tmp_path, monkeypatch):
    begun = []

    def fails(run, beside_others):
        begun.append(run.config.seed)
        raise UserMistake("it did not finish")

    monkeypatch.setattr(trainings, "train", fails)
    with pytest.raises(UserMistake, match="did not finish"):
        compare.compare(short(tmp_path, seeds=(0, 1, 2, 3)))
    assert begun == [0]


def test_a_finished_run_with_other_settings_is_not_taken_for_this_one(tmp_path):
    (run,) = compare.trainings(short(tmp_path, seeds=(0,)))
    write_json(run.folder / "summary.json", {})
    write_json(run.folder / "config.json", run.config.as_dict() | {"lr": 0.5, "cores": 1})
    with pytest.raises(UserMistake, match=r"was trained with other settings \(lr was 0.5 and is now 0.001\)"):
        compare.compare(short(tmp_path, seeds=(0,)))


@pytest.mark.parametrize(
    "name, off, on", [("translation_invariant", False, True), ("scripted_fade", 0.0, 0.3)]
)
def test_a_setting_younger_than_a_run_matters_to_it_only_if_it_is_on(tmp_path, name, off, on):
    for value in (off, on):
        run = trainings.Training.of("her", "push", {"total_steps": 640, name: value, "out": tmp_path})
        older = {key: setting for key, setting in run.config.as_dict().items() if key != name}
        write_json(tmp_path / "summary.json", {})
        write_json(tmp_path / "config.json", older)
        if value == off:
            assert run.finished
            continue
        with pytest.raises(UserMistake, match=f"{name} was {off} and is now {on}"):
            _ = run.finished


@pytest.mark.parametrize("on", [False, True])
def test_a_training_can_switch_a_flag_on_and_off(on):
    assert trainings.Training.of("her", "push", {"skip_fallen": on}).config.skip_fallen is on


def test_no_jobs_are_refused_before_anything_is_trained(tmp_path):
    with pytest.raises(UserMistake, match="jobs must be at least 1"):
        compare.compare(short(tmp_path, jobs=0))
    assert not list(tmp_path.iterdir())


def test_a_variant_is_mbpo_with_other_rollouts(tmp_path):
    config = CompareConfig(
        methods=("mbpo", "mbpo-full", "mbpo-initial"),
        seeds=(3,),
        settings=("updates-per-step=1",),
        out=tmp_path,
    )
    runs = compare.trainings(config)
    kinds = [(run.config.start_mode, run.config.rollout_mode) for run in runs]
    assert kinds == [("all", "partial"), ("initial", "full"), ("initial", "partial")]
    assert {(run.config.method, run.config.seed, run.config.updates_per_step) for run in runs} == {
        ("mbpo", 3, 1.0)
    }
    assert len({run.folder for run in runs}) == 3
    same = dataclasses.replace(config, settings=("updates_per_step=1",))  # however it is spelled
    assert [run.folder for run in compare.trainings(same)] == [run.folder for run in runs]
    others = compare.trainings(dataclasses.replace(config, settings=("updates-per-step=2",)))
    assert not {run.folder for run in others} & {run.folder for run in runs}


def test_trainings_can_end_where_they_reach_the_level(tmp_path):
    (run,) = compare.trainings(
        CompareConfig(methods=("her",), seeds=(3,), settings=("stop-at=.9",), out=tmp_path)
    )
    assert run.config.stop_at == 0.9


def test_a_variant_switches_off_one_thing_or_all_that_the_given_code_adds(tmp_path):
    def changed(method: str) -> set[str]:
        (run,) = compare.trainings(CompareConfig(task="slide", methods=(method,), seeds=(0,), out=tmp_path))
        usual = dataclasses.replace(default_config("slide"), out=run.folder)
        return {key for key, value in run.config.as_dict().items() if value != usual.as_dict()[key]}

    assert changed("her") == set()
    assert changed("her-no-script") == {"scripted"} and changed("her-no-mirror") == {"mirror", "symmetrize"}
    assert changed("her-no-fade") == {"scripted_fade"} and changed("her-no-mean") == {"symmetrize"}
    assert changed("her-unscripted") == {"scripted", "repeat_probability"}
    assert changed("her-invariant") == {"translation_invariant"}
    shares = {"moved_fraction", "deciding_fraction", "jitter_fraction"}
    levers = shares | {"scripted", "scripted_fade", "repeat_probability", "mirror", "symmetrize"}
    levers |= {"anneal", "actor_ema"}
    assert changed("her-plain") == levers and changed("ddpg-plain") == levers | {"method"}


def test_a_setting_that_agrees_with_the_variant_is_taken(tmp_path):
    config = short(
        tmp_path, task="push", methods=("her-unscripted", "her-plain"), settings=("moved-fraction=0",)
    )
    assert {run.config.moved_fraction for run in compare.trainings(config)} == {0.0}


def test_when_a_level_was_reached_is_a_median_in_which_never_counts_as_infinity():
    def median_step(*steps) -> str:
        reached = [step and {"env_steps": step, "train_seconds": 1.0} for step in steps]
        runs = [{"method": "her", "success": 1.0, "train_seconds": 2.0, "reached_level": r} for r in reached]
        table = compare.summary(runs)
        (column,) = (column for column in table.columns if column.header == "steps to level")
        return next(iter(column.cells))

    assert median_step(100, 300, None) == "300"
    assert median_step(100, None, None) == "never"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"methods": ("hers",)}, "unknown method 'hers': choose one of ddpg, her, mbpo"),
        ({"task": "fly"}, "unknown task 'fly'"),
        ({"seeds": ()}, "seeds must name at least one, and each once"),
        ({"episodes": 0}, "episodes must be at least 1"),
        ({"seeds": (0, 1, 0)}, "seeds must name at least one, and each once"),
        ({"methods": ("her", "her")}, "methods must name at least one, and each once"),
        ({"level": 95}, "level must lie in"),
        ({"total_steps": 0}, "total_steps must be at least 1"),
        ({"settings": ("num-envs",)}, "as name=value, and 'num-envs' is none"),
        ({"settings": ("seed=3",)}, "'seed=3' is none it can: name one of the options of train --help"),
        ({"settings": ("lr=.1", "lr=.2")}, "the settings say lr twice"),
        (
            {"methods": ("her-no-repeat",), "settings": ("repeat-probability=.1",)},
            "her-no-repeat sets repeat_probability itself, to another value: leave it out of the settings",
        ),
        (
            {"methods": ("her", "her-no-moved")},
            "her-no-moved is her itself on tiny, where that is off already",
        ),
        ({"settings": ("num_envs=0",)}, "num_envs must be at least 1, but is 0"),
    ],
)
def test_a_wrong_word_is_one_sentence_before_anything_is_trained(tmp_path, changes, sentence):
    with pytest.raises(UserMistake, match=sentence):
        compare.compare(short(tmp_path, **changes))
    assert not list(tmp_path.iterdir())
