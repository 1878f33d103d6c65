"""The mirror shows what could have happened: the simulator, started in the mirror, does it."""

import mujoco
import numpy as np
import pytest

from envs import TaskSpec, make_vec, task_spec
from solutions.kit.exploration import with_script
from solutions.kit.symmetry import Mirrors, Reflection

ROWS, STEPS = 12, 8


def batch(rng: np.random.Generator, spec: TaskSpec) -> dict:
    dims = (spec.obs_dim, spec.obs_dim, spec.action_dim, spec.goal_dim, spec.goal_dim)
    sizes = dict(zip(("obs", "next_obs", "actions", "goals", "next_achieved"), dims, strict=True))
    return {key: rng.standard_normal((50, size)).astype(np.float32) for key, size in sizes.items()}


def start_in_the_mirror(env, axis: int) -> None:
    """Rows ROWS … get the mirror image of the object of rows 0 …; the arm starts near its own image anyway."""
    model = env.scene.model
    joint = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_JOINT, "object0:joint")
    place = model.jnt_qposadr[joint]
    for row in range(ROWS):
        here, there = env._data[row], env._data[ROWS + row]
        there.qpos[:], there.qvel[:], there.ctrl[:] = here.qpos, here.qvel, here.ctrl
        there.mocap_pos[:], there.mocap_quat[:] = here.mocap_pos, here.mocap_quat
        # The arm's place is not mirrored, so the object is where the mirror stands below the arm.
        gripper = env.scene.gripper_start[axis]
        there.qpos[place + axis] = 2 * gripper - here.qpos[place + axis]
        turn = here.qpos[place + 3 : place + 7]
        there.qpos[place + 3 : place + 7] = turn * ([1, 1, -1, -1] if axis == 0 else [1, -1, 1, -1])
        mujoco.mj_forward(model, there)


@pytest.mark.parametrize("axis", [0, 1], ids="xy")
@pytest.mark.parametrize("task", ["push", "pick_and_place"])
def test_the_simulator_does_in_the_mirror_what_the_mirror_shows(task, axis):
    env, rng = make_vec(task, 2 * ROWS, seed=0), np.random.default_rng(0)
    obs, _ = env.reset()
    reflection = Reflection(axis, env.task_spec)
    start_in_the_mirror(env, axis)
    obs, *_ = env.step(np.zeros((2 * ROWS, 4)))
    name = "poke" if task == "push" else "carry"
    script = with_script(lambda obs, goals: np.zeros((ROWS, 4)), env.task_spec, name, 1.0, 0.2, rng)
    seen = [obs["observation"]]
    for _ in range(STEPS):
        actions = script(obs["observation"][:ROWS], None)
        obs, *_ = env.step(np.concatenate([actions, reflection.reflected("actions", actions)]))
        seen.append(obs["observation"])
    env.close()
    here, there = np.split(np.array(seen), 2, axis=1)
    image = reflection.reflected("obs", here)
    # Where the mirror stands does not matter to what happens, so changes are compared, not places.
    difference = np.abs((image - image[0]) - (there - there[0]))
    assert np.median(difference, axis=(0, 1)).max() < 2e-3
    # ... and that is no wonder of stillness: without the mirror they differ.
    unlike = np.abs((here - here[0]) - (there - there[0]))
    assert np.median(unlike[..., axis]) > 0.02


@pytest.mark.parametrize("axis", [0, 1], ids="xy")
@pytest.mark.parametrize("task", ["push", "pick_and_place", "slide"])
def test_the_image_of_a_table_edge_is_the_opposite_edge(task, axis):
    # Otherwise a block in the mirror lies on the table where it falls in the world, and falls where the table holds it.
    env = make_vec(task, 1, seed=0)
    model = env.scene.model
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    env.close()
    body = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, "table0")
    (geom,) = np.flatnonzero(model.geom_bodyid == body)
    middle, half = data.geom_xpos[geom][axis], model.geom_size[geom][axis]
    goal = np.zeros((1, 3), np.float32)
    goal[0, axis] = middle + half
    image = Reflection(axis, task_spec(task)).reflected("goals", goal)
    assert image[0, axis] == pytest.approx(middle - half, abs=1e-3)


@pytest.mark.parametrize("task", ["reach", "push"])
def test_twice_mirrored_is_as_before_and_no_mirror_changes_nothing(task):
    rng, spec = np.random.default_rng(0), task_spec(task)
    given = batch(rng, spec)
    everywhere = np.ones(50, bool)
    for axis in (0, 1):
        reflection = Reflection(axis, spec)
        twice = reflection(reflection(given, everywhere), everywhere)
        assert all(np.allclose(twice[key], given[key], atol=1e-6) for key in given)
    assert Mirrors("", spec)(given, rng) is given


def test_distances_to_goals_and_rows_that_were_not_chosen_stay():
    spec = task_spec("push")
    given = batch(np.random.default_rng(0), spec)
    seen = Mirrors("xy", spec)(given, np.random.default_rng(1))
    distance = [np.linalg.norm(data["next_achieved"] - data["goals"], axis=1) for data in (given, seen)]
    assert np.allclose(*distance, atol=1e-5)
    same = np.all(seen["obs"] == given["obs"], axis=1)
    assert 4 <= same.sum() <= 24  # a quarter of the rows
    assert all(np.array_equal(seen[key][same], given[key][same]) for key in given)


def test_a_task_without_a_mirror_image_says_so():
    with pytest.raises(ValueError, match="tiny has no mirror image"):
        Mirrors("x", task_spec("tiny"))
