"""Tasks: the table, and that it costs no simulator to read it."""

import subprocess
import sys

import numpy as np
import pytest

from envs import TASKS, make_vec, task_spec


@pytest.mark.parametrize("name", TASKS)
def test_a_spec_gives_the_sizes_of_its_env(name):
    env, spec = make_vec(name, 2, 0), task_spec(name)
    obs, _ = env.reset()
    assert spec.name == name and env.action_space.shape == (2, spec.action_dim)
    assert obs["observation"].shape == (2, spec.obs_dim)
    assert obs["achieved_goal"].shape == obs["desired_goal"].shape == (2, spec.goal_dim)
    env.close()


@pytest.mark.parametrize("name", ["reech", "", None, 3])
def test_an_unknown_task_gets_one_sentence_with_the_names(name):
    with pytest.raises(ValueError, match=r"Unknown task .*: choose one of tiny, reach, push, slide") as error:
        task_spec(name)
    assert "\n" not in str(error.value)


def test_make_vec_refuses_an_unknown_task():
    with pytest.raises(ValueError, match="Unknown task 'walk'"):
        make_vec("walk", 1, 0)


def test_achieved_goal_is_cut_from_the_observation():
    observation = np.arange(50.0).reshape(2, 25)
    assert task_spec("push").achieved_goal(observation).tolist() == [[3, 4, 5], [28, 29, 30]]
    assert task_spec("reach").achieved_goal(observation[:, :10]).tolist() == [[0, 1, 2], [25, 26, 27]]


@pytest.mark.parametrize("task", [task for task in TASKS if task != "tiny"])
def test_a_layout_names_every_number_of_an_observation_once(task):
    spec = task_spec(task)
    sizes = {"positions": 3, "vectors": 3, "rotations": 3, "fingers": 2}
    named = [
        start + i for key, size in sizes.items() for start in getattr(spec.layout, key) for i in range(size)
    ]
    assert sorted(named) == list(range(spec.obs_dim))


def test_gripper_and_object_lie_where_the_spec_says():
    for task in ("push", "slide", "pick_and_place"):
        env, spec = make_vec(task, 2, 0), task_spec(task)
        obs, _ = env.reset()
        offset = spec.achieved_goal(obs["observation"]) - spec.gripper(obs["observation"])
        assert np.allclose(obs["observation"][:, 6:9], offset) and spec.object is not None
        assert np.allclose(spec.gripper(obs["observation"]), env.scene.gripper_start, atol=0.05)
        env.close()
    assert task_spec("reach").object is None and task_spec("tiny").object is None


def test_importing_envs_and_making_a_tiny_env_loads_no_simulator():
    code = (
        "import sys, envs, envs.tiny, envs.rewards\n"
        "envs.make_vec('tiny', 2, 0).reset()\n"
        "print([m for m in ('mujoco', 'gymnasium_robotics', 'torch', 'matplotlib') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]" and result.stderr == ""
