"""Trained weights as a file, and playing them."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from envs.errors import UserMistake
from solutions.agent import Agent
from solutions.kit.config import TrainConfig
from solutions.kit.weights import check_playable, load_weights, policy_tensors, save_weights
from solutions.play import PlayConfig, load_agent, newest_weights, play
from solutions.policy import Actor
from solutions.train import train


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
        UserMistake, match=r"actor\.net\.0\.bias is of size \(16,\) where the policy has \(32,\)"
    ):
        load_weights(path, Agent(4, 2, 2, hidden=(32,)))
    with pytest.raises(UserMistake, match="was trained on tiny, not on reach"):
        load_agent(path, "reach")
    with pytest.raises(UserMistake, match="there is no weights file"):
        load_agent(tmp_path / "nowhere.safetensors", "tiny")
    path.write_bytes(b"not safetensors")
    with pytest.raises(UserMistake, match="holds no weights of this kit"):
        load_agent(path, "tiny")
    for metadata in (None, {"config": "[]"}, {"config": '{"task": "tiny"}'}):
        save_file({"a": torch.zeros(1)}, path, metadata)
        with pytest.raises(UserMistake, match="holds no weights of this kit"):
            load_agent(path, "tiny")


def test_without_a_name_play_takes_the_newest_weights_of_the_task_and_passes_over_other_files(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserMistake, match="there are no weights for tiny below runs/"):
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
    for wrong, sentence in (
        ({"episodes": 0}, "episodes must be at least 1"),
        ({"seed": -1}, "seed must not be"),
    ):
        with pytest.raises(UserMistake, match=sentence):
            play(PlayConfig(task="tiny", **wrong))


def test_a_named_video_of_no_episodes_is_one_sentence(tmp_path):
    with pytest.raises(UserMistake, match="leave out --video-episodes or --video"):
        play(PlayConfig(task="tiny", video=tmp_path / "film.mp4", video_episodes=0))
    with pytest.raises(UserMistake, match="video_episodes must not be negative"):
        play(PlayConfig(task="tiny", video_episodes=-1))


# --- an Actor that was written another way ---


class WithMore(Actor):
    """Right: its layers have a second name, and a buffer lies beside them."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.pi = nn.Sequential(self.net, nn.Tanh())
        self.register_buffer("scale", torch.ones(1))

    def forward(self, obs, goals):
        return self.pi(torch.cat([obs, goals], dim=-1)) * self.scale


class Renamed(Actor):
    """Right: the same layers, under another name."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.first, self.body = self.net[0], self.net[1:]
        del self.net

    def forward(self, obs, goals):
        return torch.tanh(self.body(self.first(torch.cat([obs, goals], dim=-1))))


class Rescaled(Actor):
    """At first it acts as any other does, but it learns a scale that no file holds."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.log_scale = nn.Parameter(torch.zeros(()))

    def forward(self, obs, goals):
        return torch.tanh(self.net(torch.cat([obs, goals], dim=-1)) * self.log_scale.exp())


class Normed(Actor):
    """A layer between the others that no file holds."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.net.insert(1, nn.LayerNorm(self.net[0].out_features, elementwise_affine=False))

    def forward(self, obs, goals):
        return torch.tanh(self.net(torch.cat([obs, goals], dim=-1)))


class Recurrent(Actor):
    """No linear layer at all."""

    def __init__(self, obs_dim, goal_dim, action_dim, hidden, seed):
        nn.Module.__init__(self)
        self.cell = nn.GRUCell(obs_dim + goal_dim, action_dim)

    def forward(self, obs, goals):
        return self.cell(torch.cat([obs, goals], dim=-1))


@pytest.mark.parametrize("actor", [WithMore, Renamed])
def test_a_right_actor_is_saved_as_any_other(tmp_path, monkeypatch, actor):
    """Whoever plays the file has an actor of their own: the tensors have the names and shapes of the given layers."""
    plain = policy_tensors(Agent(4, 2, 2, hidden=(16,), seed=3))
    monkeypatch.setattr("solutions.agent.Actor", actor)
    agent = Agent(4, 2, 2, hidden=(16,), seed=3)
    check_playable(agent)
    tensors = policy_tensors(agent)
    assert list(tensors) == list(plain) and all(torch.equal(tensors[name], plain[name]) for name in plain)
    save_weights(tmp_path / "w.safetensors", agent, {"task": "tiny", "hidden": (16,)})
    again = Agent(4, 2, 2, hidden=(16,), seed=4)
    load_weights(tmp_path / "w.safetensors", again)
    obs, goals = np.random.default_rng(1).normal(size=(2, 5, 4)), np.ones((2, 5, 2))
    assert np.array_equal(agent.act(obs[0], goals[0]), again.act(obs[0], goals[0]))


@pytest.mark.parametrize("actor", [Rescaled, Normed, Recurrent])
def test_an_actor_that_no_file_can_hold_is_told_before_the_training(tmp_path, monkeypatch, actor):
    monkeypatch.setattr("solutions.agent.Actor", actor)
    config = TrainConfig(task="tiny", total_steps=100, out=tmp_path / "run")
    with pytest.raises(UserMistake, match=r"your Actor \(3a\) are not tanh\(self\.net\(\[obs, goals\]\)\)"):
        train(config)
