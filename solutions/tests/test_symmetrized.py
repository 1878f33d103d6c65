"""What a run keeps with --symmetrize: the mean of the policy and its mirror images, in a file like any other."""

import copy

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from autograder.checks.play_policy import policy as graders_policy
from envs import task_spec
from solutions import train as training
from solutions.agent import Agent
from solutions.kit.config import TrainConfig
from solutions.kit.symmetrized import symmetrized
from solutions.kit.symmetry import Mirrors
from solutions.kit.weights import linear_layers, save_weights
from solutions.play import load_agent


def an_agent(task: str, rng: np.random.Generator) -> tuple[Agent, np.ndarray, np.ndarray]:
    """An agent, and observations and goals that its normalizers have seen, within their clip."""
    spec = task_spec(task)
    scale, place = rng.uniform(0.1, 2, spec.obs_dim), rng.normal(size=spec.obs_dim)
    obs = (place + scale * rng.uniform(-1, 1, (200, spec.obs_dim))).astype(np.float32)
    goals = rng.normal(size=(200, 3)).astype(np.float32)
    agent = Agent(
        spec.obs_dim, 3, 4, seed=1, goal_start=spec.goal_start, hidden=(16, 8), actor_ema=0.5,
        unseen=spec.layout.on_the_table if spec.layout and task == "slide" else (),
    )  # fmt: skip
    agent.observe(obs, goals)
    with torch.no_grad():
        linear_layers(agent.acting)[-1].weight.mul_(5)  # actions from all over their range
    return agent, obs, goals


@pytest.mark.parametrize("task", ["reach", "push", "slide"])
@pytest.mark.parametrize("axes", ["y", "xy"])
def test_it_acts_as_the_mean_over_the_images_and_so_it_is_its_own_image(task, axes):
    agent, obs, goals = an_agent(task, np.random.default_rng(0))
    mirrors = Mirrors(axes, task_spec(task))
    for norm in (agent.obs_norm, agent.goal_norm):
        norm.clip = 1e9  # images may lie beyond, where the mean is not exact
    before = copy.deepcopy(agent.acting.state_dict())
    kept = symmetrized(agent, mirrors)

    images = [(lambda key, values: values)]
    for mirror in mirrors.reflections:
        images += [
            lambda key, values, mirror=mirror, image=image: mirror.reflected(key, image(key, values))
            for image in images
        ]
    said = [
        image("actions", np.arctanh(agent.act(image("obs", obs), image("goals", goals)))) for image in images
    ]
    assert np.allclose(kept.act(obs, goals), np.tanh(np.mean(said, axis=0)), atol=2e-4)
    assert np.abs(kept.act(obs, goals) - agent.act(obs, goals)).mean() > 0.1
    for image in images[1:]:
        mirrored = kept.act(image("obs", obs), image("goals", goals))
        assert np.allclose(image("actions", mirrored), kept.act(obs, goals), atol=2e-4)
    after = agent.acting.state_dict()  # the learner goes on as before
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_file_of_it_plays_alike_for_student_and_grader(tmp_path):
    agent, obs, goals = an_agent("push", np.random.default_rng(0))
    kept = symmetrized(agent, Mirrors("y", task_spec("push")))
    save_weights(tmp_path / "w.safetensors", kept, {"task": "push", "hidden": (16, 8)})
    wanted = kept.act(obs, goals)
    assert np.allclose(load_agent(tmp_path / "w.safetensors", "push").act(obs, goals), wanted, atol=1e-5)
    arrays = {name: value.numpy() for name, value in load_file(tmp_path / "w.safetensors").items()}
    assert np.allclose(graders_policy(arrays, task_spec("push"))(obs, goals), wanted, atol=1e-5)


@pytest.mark.parametrize("symmetrize, wide", [(False, 1), (True, 2)])
def test_what_is_judged_in_training_is_what_is_saved(tmp_path, monkeypatch, symmetrize, wide):
    judged, evaluate = [], training.evaluate
    monkeypatch.setattr(training, "evaluate", lambda env, act, n: judged.append(act) or evaluate(env, act, n))
    config = TrainConfig(
        task="reach", hidden=(8, 6), total_steps=400, eval_every=200, mirror="y", symmetrize=symmetrize,
        out=tmp_path / "run", cores=1,
    )  # fmt: skip
    training.train(config)
    agent = load_agent(tmp_path / "run" / "weights.safetensors", "reach")
    assert [layer.out_features for layer in linear_layers(agent.acting)] == [8 * wide, 6 * wide, 4]
    rng = np.random.default_rng(0)
    obs, goals = rng.normal(size=(20, 10)).astype(np.float32), rng.normal(size=(20, 3)).astype(np.float32)
    assert np.allclose(agent.act(obs, goals), judged[-1](obs, goals), atol=1e-5)
