"""The Fetch tasks (gymnasium-robotics v4), many at once, equal to the originals to the last bit.

The model is shared; every row has its own `MjData`. A step is three passes:

    actions -> mocap targets     NumPy, all rows
    20 physics steps a row       a pool of threads; `mj_step` releases the interpreter lock
    observations, rewards        NumPy, all rows

The last step of the original, a full `mj_forward` after the fingers are put back, is replaced by the two
parts of it that an observation depends on (`mj_kinematics`, `mj_comPos`): the rest is recomputed by the next
`mj_step`, and the solver's warm start is not touched by `mj_forward`. `python -m autograder.bench.exactness` shows the
equality.
Collision tests that cannot find anything are left out (`separate_links`).
"""

import os
from collections.abc import Sequence

import mujoco
import numpy as np

from envs.fetch_scene import load_scene
from envs.goal_env import GoalVecEnv
from envs.row_pool import RowPool
from envs.separate_links import GUARD, guarded_joints, pruned
from envs.tasks import METRES_PER_ACTION, TaskSpec

TURN = np.array([1.0, 0.0, 1.0, 0.0])  # added to the mocap's quaternion: keeps the gripper pointing down
GIMBAL_LOCK = 1e-12  # cosine of the pitch; the original's own limit is 9e-16
OBJECT_CLEARANCE = 0.1  # metres; objects start at least this far from the gripper

_STATE = mujoco.mjtState
_COORDINATES = _STATE.mjSTATE_QPOS | _STATE.mjSTATE_QVEL
_CONTROLS = _STATE.mjSTATE_CTRL | _STATE.mjSTATE_MOCAP_POS | _STATE.mjSTATE_MOCAP_QUAT


def usable_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class FetchVecEnv(GoalVecEnv):
    """A batch of one Fetch task. Row i equals `gymnasium.make(spec.env_id)` reset with `seed + i`.

    observation (n, 10) for reach: gripper position, finger positions, gripper velocity, finger velocities.
    observation (n, 25) otherwise: gripper position, object position, object minus gripper, finger positions,
    object rotation (Euler angles), object velocity relative to the gripper's, object rotational velocity,
    gripper velocity, finger velocities. Metres and radians; velocities are multiplied by the env step of
    0.04 s. actions (n, 4): move the gripper by up to 5 cm along each axis; the last one opens and closes it
    (pick_and_place).

    Raises:
        ValueError: `num_envs` or `threads` below 1, an unknown reward, a bad seed, a task that is not a
            Fetch one.
    """

    def __init__(
        self,
        spec: TaskSpec,
        num_envs: int,
        seed: int | None,
        reward: str = "sparse",
        threads: int | None = None,
    ) -> None:
        if not spec.env_id:
            raise ValueError(f"{spec.name!r} is not a Fetch task.")
        if threads is not None and (not isinstance(threads, int) or threads < 1):
            raise ValueError(f"threads must be a whole number of at least 1, or None, got {threads!r}.")
        super().__init__(spec, num_envs, seed, reward)
        self.scene = load_scene(spec)
        self._pool = RowPool(min(threads or usable_cores(), self.num_envs))
        self._make_rows()

    def _make_rows(self) -> None:
        """Allocate the rows' states, and views into them: a view of a row is the way to all rows at once."""
        scene, model, n = self.scene, self.scene.model, self.num_envs
        self._data = [mujoco.MjData(model) for _ in range(n)]
        self._models = (model, pruned(model))
        self._guarded = guarded_joints(model)
        self._prunable = [False] * n
        self._qpos = [data.qpos for data in self._data]
        self._fingers = slice(scene.finger_qpos[0], scene.finger_qpos[1] + 1)
        self._finger_dofs = slice(scene.finger_dofs[0], scene.finger_dofs[1] + 1)
        self._finger_qpos = [data.qpos[self._fingers] for data in self._data]
        assert self._finger_qpos[0].shape == (2,)
        self._grip = [data.site_xpos[scene.grip_site] for data in self._data]
        if scene.has_object:
            self._object = [data.site_xpos[scene.object_site] for data in self._data]
            self._object_mat = [data.site_xmat[scene.object_site] for data in self._data]
        # Jacobians of the sites: gripper position, object position, object rotation.
        self._jacobians = np.zeros((3 if scene.has_object else 1, n, 3, model.nv))
        self._row_jacobians = [tuple(self._jacobians[:, row]) for row in range(n)]
        self._coordinates = np.zeros((n, model.nq + model.nv))
        self._all_qpos, self._all_qvel = np.split(self._coordinates, [model.nq], axis=1)
        assert mujoco.mj_stateSize(model, _COORDINATES) == model.nq + model.nv
        self._controls = np.zeros((n, model.nu + 7))
        assert mujoco.mj_stateSize(model, _CONTROLS) == model.nu + 7
        self._moves = np.zeros((n, 3))
        body, nu = scene.welded_body, model.nu
        self._mocap = [  # the welded body's position and orientation -> the mocap's
            (data.xpos[body], data.xquat[body], controls[nu : nu + 3], controls[nu + 3 :])
            for data, controls in zip(self._data, self._controls, strict=True)
        ]

    def close_extras(self, **kwargs: object) -> None:
        """End the physics threads; gymnasium's `close()` calls this once."""
        self._pool.close()

    def qpos(self, row: int) -> np.ndarray:
        """All coordinates of a row, (nq,): what a picture of it needs."""
        return self._qpos[row].copy()

    # Moving the world.

    def _reset_rows(self, rows: Sequence[int]) -> None:
        scene = self.scene
        for row in rows:
            data, stream = self._data[row], self._streams[row]
            mujoco.mj_resetData(scene.model, data)
            data.time = scene.initial_time
            data.qpos[:] = scene.initial_qpos
            data.qvel[:] = scene.initial_qvel
            if scene.has_object:
                data.qpos[scene.object_qpos : scene.object_qpos + 2] = self._draw_object(stream)
            self._goals[row] = self._draw_goal(stream)
            self._look(row)

    def _draw_object(self, stream: np.random.Generator) -> np.ndarray:
        """Where the object starts on the table, (2,)."""
        scene, middle = self.scene, self.scene.gripper_start[:2]
        position = middle
        while np.linalg.norm(position - middle) < OBJECT_CLEARANCE:
            position = middle + stream.uniform(-scene.object_range, scene.object_range, size=2)
        return position

    def _draw_goal(self, stream: np.random.Generator) -> np.ndarray:
        """A goal, (3,). The draws and their order are the original's: they make the streams agree."""
        scene = self.scene
        goal = scene.gripper_start + stream.uniform(-scene.target_range, scene.target_range, size=3)
        if scene.has_object:
            goal += scene.target_offset
            goal[2] = scene.object_height
            if scene.target_in_the_air and stream.uniform() < 0.5:
                goal[2] += stream.uniform(0, 0.45)
        return goal

    def _step_rows(self, actions: np.ndarray, rows: Sequence[int]) -> None:
        scene, nu = self.scene, self.scene.model.nu
        if nu:
            fingers = self._all_qpos[:, scene.actuated_qpos]
            self._controls[:, :nu] = fingers if scene.block_gripper else fingers + actions[:, 3:]
        # The product is in float32 for float32 actions, as in the original; the sum is in float64.
        self._moves[:] = actions[:, :3] * METRES_PER_ACTION
        position = self._all_qpos[:, self._guarded]
        inside: np.ndarray = (position > GUARD[:, 0]) & (position < GUARD[:, 1])
        self._prunable = np.logical_and.reduce(inside, axis=1).tolist()
        self._pool.run(self._step_row, rows)

    def _step_row(self, row: int) -> None:
        """One row's physics; runs in any thread and touches this row only."""
        model, data = self._models[self._prunable[row]], self._data[row]
        body_pos, body_quat, target_pos, target_quat = self._mocap[row]
        np.add(body_pos, self._moves[row], out=target_pos)
        np.add(body_quat, TURN, out=target_quat)
        mujoco.mj_setState(model, data, self._controls[row], _CONTROLS)
        mujoco.mj_step(model, data, nstep=self.scene.substeps)
        if self.scene.block_gripper:
            self._finger_qpos[row].fill(0.0)
            mujoco.mj_kinematics(model, data)
            mujoco.mj_comPos(model, data)
        self._gather_row(row)

    def _look(self, row: int) -> None:
        """Bring a row's positions up to date with its coordinates."""
        mujoco.mj_kinematics(self.scene.model, self._data[row])
        mujoco.mj_comPos(self.scene.model, self._data[row])
        self._gather_row(row)

    def _gather_row(self, row: int) -> None:
        """A row's part of the arrays that `_observe` reads; done here, it runs beside the other rows' physics."""
        scene, data = self.scene, self._data[row]
        mujoco.mj_getState(scene.model, data, self._coordinates[row], _COORDINATES)
        jacobians = self._row_jacobians[row]
        mujoco.mj_jacSite(scene.model, data, jacobians[0], None, scene.grip_site)
        if scene.has_object:
            mujoco.mj_jacSite(scene.model, data, jacobians[1], jacobians[2], scene.object_site)

    # Seeing the world.

    def _observe(self) -> np.ndarray:
        scene, n = self.scene, self.num_envs
        qpos, qvel = self._all_qpos, self._all_qvel
        grip = np.concatenate(self._grip).reshape(n, 3)
        fingers = qpos[:, self._fingers]
        finger_velocity = qvel[:, self._finger_dofs] * scene.dt
        # Site velocities are Jacobian times the new qvel; (sites, n, 3, nv) x (n, nv) -> (sites, n, 3)
        velocities = np.matvec(self._jacobians, qvel) * scene.dt
        grip_velocity = velocities[0]
        if not scene.has_object:
            return np.concatenate([grip, fingers, grip_velocity, finger_velocity], axis=1)
        position = np.concatenate(self._object).reshape(n, 3)
        rotation = _euler(np.concatenate(self._object_mat).reshape(n, 3, 3))
        return np.concatenate(
            [
                grip,
                position,
                position - grip,
                fingers,
                rotation,
                velocities[1] - grip_velocity,
                velocities[2],
                grip_velocity,
                finger_velocity,
            ],
            axis=1,
        )


def _euler(matrices: np.ndarray) -> np.ndarray:
    """Rotation matrices (n, 3, 3) as the Euler angles (n, 3) that gymnasium-robotics observes."""
    r22, r12 = matrices[:, 2, 2], matrices[:, 1, 2]
    cos_y = np.sqrt(r22 * r22 + r12 * r12)
    if cos_y.min() < GIMBAL_LOCK:
        # The x and z axes (nearly) coincide; this rare case is left to the original.
        from gymnasium_robotics.utils.rotations import mat2euler

        return mat2euler(matrices)
    sines, cosines = np.empty((2, len(matrices), 3))
    sines[:, 0], cosines[:, 0] = r12, r22
    sines[:, 1], cosines[:, 1] = -matrices[:, 0, 2], cos_y
    sines[:, 2], cosines[:, 2] = matrices[:, 0, 1], matrices[:, 0, 0]
    return -np.arctan2(sines, cosines)
