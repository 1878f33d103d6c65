"""Painters: each draws rows of the env it was made for, one for the Fetch tasks and one for the tiny env."""

import copy
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from envs.gl import make_context
from envs.goal_env import GoalVecEnv, Obs
from envs.tiny import TinyVecEnv

if TYPE_CHECKING:
    from envs.fetch import FetchVecEnv


class Painter(Protocol):
    """Draws rows of the env it was made for."""

    def draw(self, obs: Obs, row: int) -> np.ndarray:
        """A picture of the row, (size, size, 3) uint8."""

    def close(self) -> None:
        """Release what drawing needed."""


def make_painter(env: GoalVecEnv, size: int = 480) -> Painter:
    """A painter for the env's task; close it in the end.

    Raises:
        RenderingUnavailable: a Fetch task where the system lacks OpenGL.
    """
    if isinstance(env, TinyVecEnv):
        return TinyPainter(env, size)
    from envs.fetch import FetchVecEnv  # not above: it loads the simulator

    assert isinstance(env, FetchVecEnv)
    return FetchPainter(env, size)


class FetchStage:
    """A copy of the model and a state of its own, in the pose of a row, with its goal: the physics stays as it is."""

    def __init__(self, env: "FetchVecEnv") -> None:
        import mujoco

        self._env = env
        self.model = copy.copy(env.scene.model)
        self.state = mujoco.MjData(self.model)
        self._target = self.model.site("target0").id
        # As large as the goal is, and half transparent: it is seen around an object, too.
        self.model.site_size[self._target] = env.task_spec.distance_threshold
        self.model.site_rgba[self._target] = [1.0, 0.0, 0.0, 0.4]

    def pose(self, obs: Obs, row: int) -> None:
        """Take the pose of that row, and put the red ball at its goal; what is within the ball is at the goal."""
        import mujoco

        body = self.model.site_bodyid[self._target]
        self.model.site_pos[self._target] = obs["desired_goal"][row] - self.model.body_pos[body]
        self.state.qpos[:] = self._env.qpos(row)
        mujoco.mj_forward(self.model, self.state)

    def aim(self, camera: Any) -> None:
        """Look at the middle of where the goals are, from as far as their range asks for."""
        scene = self._env.scene
        goals = scene.gripper_start + scene.target_offset
        camera.lookat[:] = [goals[0] - 0.05, goals[1], 0.5]
        camera.distance = 1.0 + 1.5 * scene.target_range
        camera.azimuth, camera.elevation = 132.0, -24.0


class FetchPainter:
    """MuJoCo's own renderer on a stage."""

    def __init__(self, env: "FetchVecEnv", size: int) -> None:
        import mujoco

        self._stage, self._mujoco, self._size = FetchStage(env), mujoco, size
        model = self._stage.model
        model.vis.global_.offwidth = model.vis.global_.offheight = size
        self._camera = mujoco.MjvCamera()
        self._stage.aim(self._camera)
        self._context = make_context(size, size)
        self._scene = mujoco.MjvScene(model, maxgeom=1000)
        self._renderer = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._renderer)

    def draw(self, obs: Obs, row: int) -> np.ndarray:
        mujoco, stage = self._mujoco, self._stage
        stage.pose(obs, row)
        mujoco.mjv_updateScene(
            stage.model,
            stage.state,
            mujoco.MjvOption(),
            None,
            self._camera,
            mujoco.mjtCatBit.mjCAT_ALL,
            self._scene,
        )
        picture = np.empty((self._size, self._size, 3), dtype=np.uint8)
        view = mujoco.MjrRect(0, 0, self._size, self._size)
        self._context.make_current()
        mujoco.mjr_render(view, self._scene, self._renderer)
        mujoco.mjr_readPixels(picture, None, view, self._renderer)
        return picture[::-1].copy()  # OpenGL counts rows from below

    def close(self) -> None:
        self._renderer.free()
        self._context.free()


class TinyPainter:
    """The plane, the goal with its threshold, and the point with its velocity."""

    def __init__(self, env: TinyVecEnv, size: int) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self._env = env
        # A figure of its own, not pyplot's: nothing global changes.
        self._figure = Figure(figsize=(size / 100, size / 100), dpi=100)
        self._canvas = FigureCanvasAgg(self._figure)
        self._axes = self._figure.add_axes((0.02, 0.02, 0.96, 0.96))
        self._walls = env.variant.observe_points(np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]))

    def draw(self, obs: Obs, row: int) -> np.ndarray:
        from matplotlib.patches import Circle

        axes, (x, y, vx, vy) = self._axes, obs["observation"][row]
        axes.clear()
        axes.set_axis_off()
        axes.set_aspect("equal")
        middle, half = self._walls[:4].mean(axis=0), 1.15 * np.ptp(self._walls, axis=0).max() / 2
        axes.set_xlim(middle[0] - half, middle[0] + half)
        axes.set_ylim(middle[1] - half, middle[1] + half)
        axes.plot(*self._walls.T, color="0.4", linewidth=1.5)
        radius = self._env.task_spec.distance_threshold
        goal = Circle(tuple(obs["desired_goal"][row]), radius, color="tab:red", alpha=0.5)
        axes.add_patch(goal)
        axes.plot([x, x + 2 * vx], [y, y + 2 * vy], color="tab:blue", linewidth=2)
        axes.plot(x, y, "o", color="tab:blue", markersize=self._figure.dpi * self._figure.get_figwidth() / 50)
        self._canvas.draw()
        return np.asarray(self._canvas.buffer_rgba())[:, :, :3].copy()

    def close(self) -> None:
        """Nothing to release."""
