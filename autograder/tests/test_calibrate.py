"""The threshold that a correct solution passes."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from autograder.staff import calibrate
from autograder.staff.calibrate import CalibrateConfig, factor, threshold
from envs.errors import UserMistake
from solutions.compare import CompareConfig, compare, trainings

ROOT = Path(__file__).resolve().parents[2]


def test_the_tolerance_factor_is_that_of_the_tables():
    # one-sided, confidence .95: k for 99 % of the population from 3, 5 and 10 values; for 90 % from 5
    assert factor(3) == pytest.approx(10.55, rel=0.02)
    assert factor(5) == pytest.approx(5.74, rel=0.02)
    assert factor(10) == pytest.approx(3.98, rel=0.02)
    assert factor(5, covered=0.9) == pytest.approx(3.41, rel=0.02)


def test_a_further_run_passes_as_often_as_promised():
    rng, passed = np.random.default_rng(1), 0
    k = factor(5)
    for _ in range(4000):
        values = rng.normal(0.9, 0.02, size=6)
        passed += values[5] >= values[:5].mean() - k * values[:5].std(ddof=1)
    assert passed / 4000 >= 0.99


@pytest.mark.parametrize(
    ("successes", "least", "most"),
    [
        ([1.0] * 5, 0.95, 0.95),  # no spread: capped
        ([0.97, 0.99, 0.96, 1.0, 0.98], 0.88, 0.90),
        ([0.1, 0.9, 0.2, 0.8, 0.5], 0.0, 0.0),  # nothing can be asked
    ],
)
def test_thresholds(successes, least, most):
    assert least <= threshold(successes) <= most


def test_two_seeds_are_refused_before_anything_is_trained(tmp_path):
    with pytest.raises(UserMistake, match="at least three different seeds"):
        calibrate.calibrate(
            CalibrateConfig(seeds=(0, 0, 1), runs=tmp_path, out=tmp_path, thresholds=tmp_path)
        )
    assert not list(tmp_path.iterdir())


def test_the_handout_states_the_threshold_that_is_graded():
    from autograder.checks.policy_file import THRESHOLD

    sentence = f"A policy with a success rate of {THRESHOLD:.0%}".replace("%", " %")
    assert sentence in " ".join((ROOT / "solutions/README.md").read_text().split())


@pytest.mark.slow
def test_writes_threshold_picture_and_the_median_runs_weights(tmp_path, capsys):
    config = CalibrateConfig(
        task="tiny",
        seeds=(0, 1, 2),
        total_steps=400,
        episodes=20,
        runs=tmp_path / "runs",
        out=tmp_path / "results",
        thresholds=tmp_path / "thresholds",
    )
    figures = calibrate.calibrate(config)
    folder = tmp_path / "results/tiny"
    assert json.loads((tmp_path / "thresholds/tiny.json").read_text()) == figures
    assert (folder / "curves.png").stat().st_size > 1000
    by_success = sorted(figures["runs"], key=lambda run: run["success"])
    below = sum(run["success"] < 0.95 for run in by_success)
    assert f"{below} of 3 seeds below 95%; threshold for tiny: " in " ".join(capsys.readouterr().out.split())
    assert figures["reference_seed"] == by_success[1]["seed"]
    assert json.loads((folder / "config.json").read_text())["seed"] == figures["reference_seed"]
    assert (folder / "weights.safetensors").exists() and (folder / "progress.csv").exists()


@pytest.mark.slow
def test_a_cluster_trains_as_one_machine_does(tmp_path):
    distributed = pytest.importorskip("distributed")
    trained = CompareConfig(
        task="tiny", methods=("her",), seeds=(0, 1), total_steps=400, episodes=20, out=tmp_path
    )
    here = compare(dataclasses.replace(trained, out=tmp_path / "here"))
    there = dataclasses.replace(trained, out=tmp_path / "there")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    ) as made:
        calibrate.train_on_cluster(trainings(there), made.scheduler_address)
    assert all(run.finished for run in trainings(there))
    assert [run["success"] for run in compare(there)] == [run["success"] for run in here]
    with pytest.raises(UserMistake, match="no Dask scheduler"):
        calibrate.train_on_cluster(trainings(there), "tcp://127.0.0.1:9")
