"""Pictures and videos of a task, without a display: `record_video`, `filmstrip`, `goal_grid`.

The Fetch tasks are drawn by MuJoCo and need the system's OpenGL (see `envs.gl`); the tiny env by matplotlib.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from envs import make_vec
from envs.captions import captioned
from envs.gl import RenderingUnavailable
from envs.goal_env import GoalVecEnv, Obs
from envs.painters import make_painter

__all__ = ["RenderingUnavailable", "filmstrip", "goal_grid", "make_painter", "record_video"]


def record_video(
    task: str,
    policy: Callable[[Obs], np.ndarray],
    path: str | Path,
    episodes: int = 3,
    seed: int = 0,
    size: int = 480,
) -> float:
    """Film a policy, one episode after the other. The caption tells episode, step, and how far the goal is.

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
            for episode in range(1, episodes + 1):
                obs, _ = env.reset()
                for step in range(env.episode_length + 1):
                    if step > 0:
                        obs, *_ = env.step(policy(obs))
                    told = f"{task}  episode {episode}/{episodes}  step {step}/{env.episode_length}"
                    frame = captioned(painter.draw(obs, 0), told, *_progress(env, obs, 0))
                    video.append_data(frame)
                for _ in range(frames_per_second // 3):  # hold the end for a moment
                    video.append_data(frame)
                successes += float(env.is_success(obs["achieved_goal"], obs["desired_goal"])[0])
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
    """A picture of a policy at work: a row an episode, from its first state to its last, with captions as in a film.

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
        for step in range(env.episode_length + 1):
            if step > 0:
                obs, *_ = env.step(policy(obs))
            if step in moments:
                told = f"step {step}/{env.episode_length}"
                scenes = [
                    captioned(painter.draw(obs, i), told, *_progress(env, obs, i)) for i in range(episodes)
                ]
                columns.append(scenes)
    finally:
        painter.close()
        env.close()
    imageio.imwrite(path, tiled(np.array(columns).swapaxes(0, 1)))


def tiled(scenes: np.ndarray) -> np.ndarray:
    """Pictures (rows, cols, H, W, 3) as one, with white lines between them."""
    scenes = np.pad(scenes, ((0, 0), (0, 0), (2, 2), (2, 2), (0, 0)), constant_values=255)
    rows, cols, height, width = scenes.shape[:4]
    return scenes.swapaxes(1, 2).reshape(rows * height, cols * width, 3)


def _progress(env: GoalVecEnv, obs: Obs, row: int) -> tuple[str, bool]:
    """How far the goal is, in words, and whether it is reached."""
    away = float(np.linalg.norm(obs["achieved_goal"][row] - obs["desired_goal"][row]))
    reached = bool(env.is_success(obs["achieved_goal"], obs["desired_goal"])[row])
    return f"{away:.2f} away" if env.task_spec.name == "tiny" else f"{100 * away:.1f} cm away", reached


def prepared(path: str | Path, kinds: tuple[str, ...]) -> Path:
    path = Path(path)
    if path.suffix.lower() not in kinds:
        raise ValueError(f"Cannot write {path.name}: the name must end in {' or '.join(kinds)}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
