"""The committed weights of the reference still do what their figures say: played on goals nobody has seen."""

import json
from pathlib import Path

import pytest

from autograder.checks.sequential import sequential_test
from envs import make_vec
from solutions.kit.collect import collect_episodes
from solutions.play import load_agent

ROOT = Path(__file__).resolve().parents[2]
THRESHOLDS = sorted((ROOT / "autograder" / "staff" / "hidden" / "thresholds").glob("*.json"))


@pytest.mark.slow
@pytest.mark.parametrize("path", THRESHOLDS, ids=lambda path: path.stem)
def test_the_reference_reaches_its_threshold(path):
    calibration = json.loads(path.read_text())
    agent = load_agent(ROOT / "solutions/results" / path.stem / "weights.safetensors", path.stem)
    env = make_vec(path.stem, 10, seed=7_000_000)

    def successes():
        while True:
            episodes = collect_episodes(env, agent.act)
            yield from env.is_success(episodes["achieved"][:, -1], episodes["desired"])

    verdict = sequential_test(successes(), calibration["threshold"], 0.15, max_episodes=200)
    env.close()
    assert verdict.passed, verdict


@pytest.mark.parametrize("path", THRESHOLDS, ids=lambda path: path.stem)
def test_a_threshold_follows_from_its_runs(path):
    from autograder.staff.calibrate import threshold

    calibration = json.loads(path.read_text())
    assert calibration["threshold"] == threshold([run["success"] for run in calibration["runs"]])
    assert len(calibration["runs"]) >= 3 and {run["method"] for run in calibration["runs"]} == {"her"}
    config = json.loads((ROOT / "solutions/results" / path.stem / "config.json").read_text())
    assert config["task"] == path.stem and config["seed"] == calibration["reference_seed"]


def test_every_task_that_is_graded_has_a_threshold():
    assert "reach" in {path.stem for path in THRESHOLDS}
