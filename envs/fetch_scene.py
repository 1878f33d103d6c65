"""What all rows of a Fetch env share and none of them changes: the model, the initial state, the task's
numbers.

All of it is read from an env that gymnasium-robotics built, so its assets and its set-up stay the only
source.
"""

import contextlib
import importlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from envs.tasks import TaskSpec


@dataclass(frozen=True)
class FetchScene:
    """The shared part of a Fetch task. Positions in metres, in the world's frame."""

    model: mujoco.MjModel
    initial_time: float
    initial_qpos: np.ndarray  # (nq,)
    initial_qvel: np.ndarray  # (nv,)
    substeps: int  # physics steps in an env step
    dt: float  # seconds of an env step; observed velocities are multiplied by it
    has_object: bool
    block_gripper: bool
    gripper_start: np.ndarray  # (3,)
    object_height: float
    object_range: float
    target_in_the_air: bool
    target_offset: Any  # a number, or (3,)
    target_range: float
    welded_body: int  # the body that the mocap body drags along
    grip_site: int
    object_site: int  # -1 without an object
    object_qpos: int  # where the object's seven coordinates begin; -1 without an object
    finger_qpos: np.ndarray  # (2,) right and left finger
    finger_dofs: np.ndarray  # (2,)
    actuated_qpos: np.ndarray  # (nu,) the coordinate each position actuator drives


def register_originals() -> None:
    """Import gymnasium-robotics, which makes its ids known to gymnasium."""
    # It prints a notice about its Adroit tasks, which does not concern Fetch. And it keeps an ImportError for
    # good, with all frames above the import and all they refer to: a thread of its own has no frames above.
    with contextlib.redirect_stderr(io.StringIO()), ThreadPoolExecutor(1) as thread:
        thread.submit(importlib.import_module, "gymnasium_robotics.envs.robot_env").result()


def load_scene(spec: TaskSpec) -> FetchScene:
    """Build the task's original env once, take what is shared, close it.

    Raises:
        RuntimeError: the installed mujoco and gymnasium-robotics do not fit together.
    """
    import gymnasium

    register_originals()
    try:
        original: Any = gymnasium.make(spec.env_id).unwrapped  # gymnasium-robotics brings no types
    except AssertionError as error:
        raise RuntimeError(
            f"mujoco {mujoco.__version__} cannot build {spec.env_id}: "
            "install the versions in requirements.txt."
        ) from error
    model = original.model
    try:
        return FetchScene(
            model=model,
            initial_time=original.initial_time,
            initial_qpos=original.initial_qpos.copy(),
            initial_qvel=original.initial_qvel.copy(),
            substeps=original.n_substeps,
            dt=original.n_substeps * model.opt.timestep,
            has_object=original.has_object,
            block_gripper=original.block_gripper,
            gripper_start=original.initial_gripper_xpos.copy(),
            object_height=float(original.height_offset) if original.has_object else 0.0,
            object_range=original.obj_range,
            target_in_the_air=original.target_in_the_air,
            target_offset=original.target_offset,
            target_range=original.target_range,
            welded_body=_welded_body(model),
            grip_site=model.site("robot0:grip").id,
            object_site=model.site("object0").id if original.has_object else -1,
            object_qpos=int(model.joint("object0:joint").qposadr[0]) if original.has_object else -1,
            finger_qpos=model.jnt_qposadr[_last_robot_joints(model)].copy(),
            finger_dofs=model.jnt_dofadr[_last_robot_joints(model)].copy(),
            actuated_qpos=model.jnt_qposadr[model.actuator_trnid[:, 0]].copy(),
        )
    finally:
        original.close()


def _welded_body(model: mujoco.MjModel) -> int:
    """The other body of the one weld that holds the mocap body."""
    assert model.neq == 1 and model.nmocap == 1, "a Fetch scene has one weld and one mocap body"
    bodies = (int(model.eq_obj1id[0]), int(model.eq_obj2id[0]))
    return bodies[1] if model.body_mocapid[bodies[0]] != -1 else bodies[0]


def _last_robot_joints(model: mujoco.MjModel) -> list[int]:
    """Right and left finger: what the original observes as the gripper are the robot's last two joints."""
    robot = [j for j in range(model.njnt) if model.joint(j).name.startswith("robot")]
    return robot[-2:]
