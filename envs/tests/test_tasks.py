"""Tasks: the table, and that it costs no simulator to read it."""

import subprocess
import sys

import numpy as np
import pytest

from envs import TASKS, make_vec, task_spec


def test_all_tasks_have_a_spec():
    assert TASKS == ("tiny", "reach", "push", "slide", "pick_and_place")
    for name in TASKS:
        assert task_spec(name).name == name


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


def test_importing_envs_and_making_a_tiny_env_loads_no_simulator():
    code = (
        "import sys, envs, envs.tiny, envs.rewards\n"
        "envs.make_vec('tiny', 2, 0).reset()\n"
        "print([m for m in ('mujoco', 'gymnasium_robotics', 'torch', 'matplotlib') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]" and result.stderr == ""
