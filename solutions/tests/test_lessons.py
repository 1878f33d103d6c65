"""The lessons of many tasks: what is trained, what is drawn, and the variance of the gradient."""

import json

import numpy as np
import pytest
import torch
from numpy.random import default_rng

from envs.zones import ring
from solutions import gradient_variance, lessons
from solutions.gradient_variance import WAYS, loss, variance
from solutions.kit.demos import collect
from solutions.kit.lesson_pictures import DRAW
from solutions.lessons import IMITATIONS, TRAININGS, LessonConfig, run_lesson
from solutions.task_batches import Imitation
from solutions.task_policy import TaskPolicy

NAMES = ("left", "right", "away", "near", "lift", "hover")


def made_up(lesson: str) -> dict:
    """Figures as the lesson writes them, of two seeds."""
    rng = default_rng(0)

    def shares() -> dict:
        ways = ("right", "something else", "recombined", "reworded", "german", "unseen")
        return {way: rng.random(6).tolist() for way in ways}

    def run(way: str, seed: int) -> dict:
        curve = [{"updates": n, "env_steps": n, "train_seconds": n / 9, "success": shares()} for n in (1, 2)]
        return {"way": way, "seed": seed, "tasks": NAMES, "success": shares(), "curve": curve}

    trainings = [
        {"way": way, "seed": seed, "curve": [{"env_steps": n, "success": 0.5} for n in (1, 2)]}
        for way in TRAININGS
        for seed in (0, 1)
    ]
    ratios = {data: {"1": dict.fromkeys(WAYS, 1.0)} for data in ("balanced", "unbalanced")}
    plane = {"z": {name: rng.normal(size=(5, 2)).tolist() for name in NAMES}}
    runs = [run(way, seed) for way in IMITATIONS[lesson] for seed in (0, 1)]
    return {"runs": runs, "trainings": trainings, "variance": [ratios] * 2, "plane": [plane] * 2}


@pytest.mark.parametrize("lesson", DRAW)
def test_every_lesson_has_a_picture(lesson, tmp_path):
    assert set(DRAW) == set(IMITATIONS)
    DRAW[lesson](tmp_path / "picture.png", json.loads(json.dumps(made_up(lesson))))
    assert (tmp_path / "picture.png").stat().st_size > 5_000


@pytest.mark.slow
def test_a_lesson_trains_what_is_missing_once_and_says_what_it_found(tmp_path, monkeypatch):
    short = {"tasks": "ring", "demos": 2, "updates": 2, "episodes": 1}
    for way in IMITATIONS["relabel"]:
        monkeypatch.setitem(IMITATIONS["relabel"][way], "demos", 2)
        monkeypatch.setitem(IMITATIONS["relabel"], way, IMITATIONS["relabel"][way] | short)
    for way in TRAININGS:
        changes = {"tasks": "ring", "total_steps": 160, "hidden": (8,), "eval_episodes": 8}
        monkeypatch.setitem(TRAININGS, way, TRAININGS[way] | changes)
    config = LessonConfig("relabel", seeds=(3,), out=tmp_path, json=tmp_path / "new/relabel.json")
    figures = run_lesson(config)
    assert [run["relabel"] for run in figures["runs"]] == ["random", "best"]
    assert [run["curve"][-1]["env_steps"] for run in figures["trainings"]] == [160] * 3
    assert (tmp_path / "new/relabel.png").exists()

    def never(*args):
        raise AssertionError("trained again")

    for name in ("imitate", "train_tasks"):
        monkeypatch.setattr(lessons, name, never)
    assert run_lesson(config)["runs"] == json.loads(json.dumps(figures["runs"]))


def test_the_three_ways_estimate_one_gradient_and_differ_in_its_variance(monkeypatch):
    monkeypatch.setattr(gradient_variance, "BATCHES", 150)
    demos = collect(ring(4), each=6, seed=0).firsts((6, 6, 6, 1))
    learner = Imitation(demos, TaskPolicy("onehot", 4, 2, 4), default_rng(0))
    with torch.no_grad():
        means = {
            way: np.mean([loss(learner, way, default_rng(i)).item() for i in range(600)]) for way in WAYS
        }
    assert np.ptp(list(means.values())) < 0.06 * means["stratified"]
    found = {way: variance(learner, way, default_rng(1)) for way in WAYS}
    assert found["stratified"] < found["any task"] and 1.5 * found["stratified"] < found["weighted"]
