"""Pictures and videos of a task, without a display: `record_video`, `goal_grid`.

The Fetch tasks are drawn by MuJoCo and need the system's OpenGL (see `envs.gl`); the tiny env by matplotlib.
"""

import contextlib
import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from envs import make_vec
from envs.gl import RenderingUnavailable, make_context
from envs.goal_env import GoalVecEnv, Obs
from envs.tiny import TinyVecEnv

if TYPE_CHECKING:
    from envs.fetch import FetchVecEnv

__all__ = ["RenderingUnavailable", "goal_grid", "make_painter", "record_video"]

GREEN = (60, 180, 75)


class Painter(Protocol):
    """Draws rows of the env it was made for."""

    def draw(self, obs: Obs, row: int) -> np.ndarray:
        """A picture of the row, (size, size, 3) uint8."""

    def close(self) -> None:
        """Release what drawing needed."""


def record_video(
    task: str,
    policy: Callable[[Obs], np.ndarray],
    path: str | Path,
    episodes: int = 3,
    seed: int = 0,
    size: int = 480,
) -> float:
    """Film a policy, one episode after the other; a green frame shows that the goal is reached.

    Args:
        task: one of `envs.TASKS`.
        policy: obs dict of (1, dim) arrays -> actions (1, action_dim).
        path: an .mp4 or .gif file; folders are made.
        episodes: at least 1.
        seed: of the env; the policy brings its own randomness.
        size: width and height in pixels, a multiple of 16.

    Returns:
        The share of episodes that ended at the goal.

    Raises:
        RenderingUnavailable: a Fetch task where the system lacks OpenGL.
        ValueError: an unknown task or kind of file, `episodes` below 1, a bad size.
    """
    import imageio.v2 as imageio

    path = prepared(path, (".mp4", ".gif"))
    if episodes < 1 or size < 16 or size % 16:
        raise ValueError("A video needs at least 1 episode and a size that is a multiple of 16 pixels.")
    env = make_vec(task, 1, seed)
    painter = make_painter(env, size)
    # The Fetch tasks play in real time: 25 steps are a second.
    frames_per_second = 10 if task == "tiny" else 25
    timing = {"fps": frames_per_second} if path.suffix == ".mp4" else {"duration": 1000 / frames_per_second}
    part = path.with_stem(f"{path.stem}-part")  # a film that is broken off leaves the one before
    successes = 0.0
    try:
        with contextlib.closing(imageio.get_writer(part, **timing)) as video:
            for _ in range(episodes):
                obs, _ = env.reset()
                video.append_data(painter.draw(obs, 0))
                for _ in range(env.episode_length):
                    obs, *_, info = env.step(policy(obs))
                    video.append_data(framed(painter.draw(obs, 0), info["is_success"][0] > 0))
                for _ in range(frames_per_second // 3):  # hold the end for a moment
                    video.append_data(framed(painter.draw(obs, 0), info["is_success"][0] > 0))
                successes += float(info["is_success"][0])
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
        painter.close()
        env.close()
    return successes / episodes


def goal_grid(
    task: str, path: str | Path, rows: int = 3, cols: int = 4, seed: int = 0, size: int = 240
) -> None:
    """A picture of rows x cols first scenes with their goals, which shows what varies between episodes.

    Args:
        task: one of `envs.TASKS`.
        path: a .png file; folders are made.
        rows, cols: at least 1 each.
        seed: scene i is that of an env with seed + i.
        size: width and height of one scene in pixels.

    Raises:
        RenderingUnavailable: a Fetch task where the system lacks OpenGL.
        ValueError: an unknown task or kind of file, fewer than one row or column.
    """
    import imageio.v2 as imageio

    path = prepared(path, (".png",))
    if rows < 1 or cols < 1:
        raise ValueError("A grid needs at least one row and one column.")
    env = make_vec(task, rows * cols, seed)
    painter = make_painter(env, size)
    try:
        obs, _ = env.reset()
        scenes = np.array([painter.draw(obs, row) for row in range(rows * cols)])
    finally:
        painter.close()
        env.close()
    imageio.imwrite(path, tiled(scenes.reshape(rows, cols, *scenes.shape[1:])))


def filmstrip(
    task: str,
    policy: Callable[[Obs], np.ndarray],
    path: str | Path,
    episodes: int = 2,
    frames: int = 6,
    seed: int = 0,
    size: int = 240,
) -> None:
    """A picture of a policy at work: a row an episode, from its first state to its last.

    Args:
        task, policy, seed: as in `record_video`; row i is that of an env with seed + i.
        path: a .png file; folders are made.
        episodes, frames: rows, and pictures a row; at least 1 and 2.
        size: width and height of one picture in pixels.

    Raises:
        RenderingUnavailable: a Fetch task where the system lacks OpenGL.
        ValueError: an unknown task or kind of file, too few episodes or frames.
    """
    import imageio.v2 as imageio

    path = prepared(path, (".png",))
    if episodes < 1 or frames < 2:
        raise ValueError("A filmstrip needs at least one episode and two frames.")
    env = make_vec(task, episodes, seed)
    painter = make_painter(env, size)
    moments = set(np.linspace(0, env.episode_length, frames).round().astype(int).tolist())
    columns = []
    try:
        obs, _ = env.reset()
        reached = np.zeros(episodes)
        for step in range(env.episode_length + 1):
            if step > 0:
                obs, *_, info = env.step(policy(obs))
                reached = info["is_success"]
            if step in moments:
                columns.append([framed(painter.draw(obs, i), reached[i] > 0) for i in range(episodes)])
    finally:
        painter.close()
        env.close()
    imageio.imwrite(path, tiled(np.array(columns).swapaxes(0, 1)))


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


class FetchPainter:
    """MuJoCo's own renderer, on a copy of the model and a state of its own: drawing never touches the physics."""

    def __init__(self, env: "FetchVecEnv", size: int) -> None:
        import mujoco

        self._env, self._mujoco, self._size = env, mujoco, size
        self._model = copy.copy(env.scene.model)
        self._model.vis.global_.offwidth = self._model.vis.global_.offheight = size
        self._state = mujoco.MjData(self._model)
        self._target = self._model.site("target0").id
        self._camera = mujoco.MjvCamera()
        # Look at the middle of where the goals are, from as far as their range asks for.
        goals = env.scene.gripper_start + env.scene.target_offset
        self._camera.lookat[:] = [goals[0] - 0.05, goals[1], 0.5]
        self._camera.distance = 1.0 + 1.5 * env.scene.target_range
        self._camera.azimuth, self._camera.elevation = 132.0, -24.0
        self._context = make_context(size, size)
        self._scene = mujoco.MjvScene(self._model, maxgeom=1000)
        self._renderer = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._renderer)

    def draw(self, obs: Obs, row: int) -> np.ndarray:
        mujoco, model, state = self._mujoco, self._model, self._state
        body = model.site_bodyid[self._target]
        model.site_pos[self._target] = obs["desired_goal"][row] - model.body_pos[body]
        state.qpos[:] = self._env.qpos(row)
        mujoco.mj_forward(model, state)
        mujoco.mjv_updateScene(
            model,
            state,
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


def tiled(scenes: np.ndarray) -> np.ndarray:
    """Square pictures (rows, cols, H, H, 3) as one, with white lines between them."""
    scenes = np.pad(scenes, ((0, 0), (0, 0), (2, 2), (2, 2), (0, 0)), constant_values=255)
    rows, cols, height = scenes.shape[:3]
    return scenes.swapaxes(1, 2).reshape(rows * height, cols * height, 3)


def framed(picture: np.ndarray, reached: bool) -> np.ndarray:
    """The picture with a green border where the goal is reached."""
    if reached:
        width = max(2, len(picture) // 60)
        picture[:width] = picture[-width:] = GREEN
        picture[:, :width] = picture[:, -width:] = GREEN
    return picture


def prepared(path: str | Path, kinds: tuple[str, ...]) -> Path:
    path = Path(path)
    if path.suffix.lower() not in kinds:
        raise ValueError(f"Cannot write {path.name}: the name must end in {' or '.join(kinds)}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
