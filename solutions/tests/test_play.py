"""Trained weights as a file, and playing them."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from solutions.agent import Agent
from solutions.kit.console import UserError
from solutions.kit.weights import load_weights, save_weights
from solutions.play import PlayConfig, load_agent, newest_weights, play


def saved(path: Path, task: str = "tiny") -> Agent:
    """An agent that has seen some observations, and its weights in that file."""
    agent, rng = Agent(4, 2, 2, hidden=(16,)), np.random.default_rng(0)
    agent.observe(rng.normal(3.0, 2.0, (8, 5, 4)), rng.normal(-1.0, 3.0, (8, 1, 2)))
    path.parent.mkdir(parents=True, exist_ok=True)
    save_weights(path, agent, {"task": task, "hidden": (16,)})
    return agent


def test_weights_come_back_and_acting_is_the_same(tmp_path):
    agent = saved(tmp_path / "weights.safetensors")
    again = load_agent(tmp_path / "weights.safetensors", "tiny")
    rng = np.random.default_rng(1)
    obs, goals = rng.normal(size=(5, 4)), rng.normal(size=(5, 2))
    assert np.array_equal(agent.act(obs, goals), again.act(obs, goals))
    assert not np.array_equal(agent.act(obs, goals), Agent(4, 2, 2, hidden=(16,)).act(obs, goals))


def test_weights_that_do_not_fit_are_named(tmp_path):
    path = tmp_path / "weights.safetensors"
    saved(path)
    with pytest.raises(
        UserError, match=r"actor\.net\.0\.bias is of size \(16,\) where the policy has \(32,\)"
    ):
        load_weights(path, Agent(4, 2, 2, hidden=(32,)))
    with pytest.raises(UserError, match="was trained on tiny, not on reach"):
        load_agent(path, "reach")
    with pytest.raises(UserError, match="there is no weights file"):
        load_agent(tmp_path / "nowhere.safetensors", "tiny")
    path.write_bytes(b"not safetensors")
    with pytest.raises(UserError, match="holds no weights of this kit"):
        load_agent(path, "tiny")
    for metadata in (None, {"config": "[]"}, {"config": '{"task": "tiny"}'}):
        save_file({"a": torch.zeros(1)}, path, metadata)
        with pytest.raises(UserError, match="holds no weights of this kit"):
            load_agent(path, "tiny")


def test_without_a_name_play_takes_the_newest_weights_of_the_task_and_passes_over_other_files(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="there are no weights for tiny below runs/"):
        newest_weights("tiny")
    places = {"a": "reach", "b": "garbage", "compare/tiny/c": "tiny", "d": "tiny"}  # the newest first
    for age, (folder, task) in enumerate(places.items()):
        path = Path("runs", folder, "weights.safetensors")
        saved(path, task)
        if task == "garbage":
            path.write_bytes(b"no weights at all")
        os.utime(path, (1e9 - age, 1e9 - age))
    assert newest_weights("tiny") == Path("runs/compare/tiny/c/weights.safetensors")


def test_weights_can_be_read_by_whoever_may_read_new_files(tmp_path):
    saved(tmp_path / "weights.safetensors")
    (tmp_path / "other").touch()
    assert (tmp_path / "weights.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_play_without_an_episode_or_with_a_negative_seed_is_one_sentence():
    for wrong in ({"episodes": 0}, {"seed": -1}):
        with pytest.raises(UserError, match="at least one episode, and a seed that is not negative"):
            play(PlayConfig(task="tiny", **wrong))


def test_a_named_video_of_no_episodes_is_one_sentence(tmp_path):
    for wrong in ({"video": tmp_path / "film.mp4", "video_episodes": 0}, {"video_episodes": -1}):
        with pytest.raises(UserError, match="leave --video-episodes out, or give 0 and no --video"):
            play(PlayConfig(task="tiny", **wrong))
