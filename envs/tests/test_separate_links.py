"""The links left out of the collision tests do not touch, and the results are those of the full model."""

import numpy as np
import pytest

from envs import make_vec, separate_links
from envs.fetch import FetchVecEnv


def env(num_envs: int = 2) -> FetchVecEnv:
    return make_vec("push", num_envs, seed=0)


def test_the_links_stay_apart_on_a_coarse_grid():
    scene = env(1).scene
    tried, contacts = separate_links.contacts_on_grid(scene.model, scene.initial_qpos, coarser=8)
    assert tried > 3000 and contacts == 0


@pytest.mark.slow
def test_the_links_stay_apart_everywhere():
    scene = env(1).scene
    tried, contacts = separate_links.contacts_on_grid(scene.model, scene.initial_qpos)
    assert tried > 2_000_000 and contacts == 0


def test_the_grid_would_find_links_that_touch(monkeypatch):
    wider = separate_links.PROVEN.copy()
    wider[3] = -2.3, -2.1  # there the shoulder meets the torso
    monkeypatch.setattr(separate_links, "PROVEN", wider)
    scene = env(1).scene
    assert separate_links.contacts_on_grid(scene.model, scene.initial_qpos, coarser=8)[1] > 0


def test_the_guard_lies_inside_the_box_by_more_than_a_step_can_cross():
    most = np.array([0.0004, 0.27, 0.017, 0.23])  # measured over 4000 steps of the wildest actions
    slack = np.abs(separate_links.GUARD - separate_links.PROVEN).min(axis=1)
    assert np.all(slack > 1.2 * most)


def test_only_tests_among_the_links_are_left_out():
    full = env(1).scene.model
    lean = separate_links.pruned(full)
    links = {full.geom(name).id for name in separate_links.LINKS}

    def tested(model) -> set[tuple[int, int]]:
        types, affinities = model.geom_contype, model.geom_conaffinity
        pairs = [(a, b) for a in range(model.ngeom) for b in range(a)]
        return {(a, b) for a, b in pairs if types[a] & affinities[b] or types[b] & affinities[a]}

    assert tested(full) - tested(lean) == {(a, b) for a in links for b in links if a > b}
    assert tested(lean) < tested(full)


@pytest.mark.parametrize("action", [[1, 1, 1, 1], [-1, -1, 1, -1], [-1, 1, -1, 1], [1, -1, -1, -1]])
def test_results_are_those_of_the_full_model_in_every_corner(action):
    lean, full = env(), env()
    full._models = (full.scene.model, full.scene.model)
    lean.reset(seed=3), full.reset(seed=3)
    for step in range(50):
        actions = np.array([action, action], np.float32) * (1 if step % 20 < 15 else -1)
        ours, theirs = lean.step(actions)[0], full.step(actions)[0]
        assert all(np.array_equal(ours[key], theirs[key]) for key in ours)
    assert all(lean._prunable)


def test_a_row_outside_the_guard_is_stepped_with_the_full_model():
    envs = env()
    envs.reset(seed=0)
    pan = envs._guarded[1]
    envs._qpos[0][pan] = envs._all_qpos[0, pan] = 1.7
    envs.step(np.zeros((2, 4), np.float32))
    assert envs._prunable == [False, True]
