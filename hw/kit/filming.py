"""Films and filmstrips of episodes in a set of tasks. The caption says whether a state lies in the zone of its task."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from envs.captions import captioned
from envs.goal_env import Obs
from envs.painters import Painter
from envs.render import make_painter, prepared, tiled
from envs.zones import TaskSet

Act = Callable[[Obs], np.ndarray]


def film(
    tasks: TaskSet, policy: Callable[[], Act], path: Path, episodes: int, seed: int, size: int = 480
) -> None:
    """Film some episodes, one after the other; `policy()` is a fresh policy for one episode.

    path: an .mp4 or .gif file. Raises: RenderingUnavailable, ValueError for another kind of file.
    """
    import imageio.v2 as imageio

    path = prepared(path, (".mp4", ".gif"))
    env = tasks.make_env(1, seed)
    painter = make_painter(env, size)
    timing: dict[str, Any] = {"fps": 25} if path.suffix == ".mp4" else {"duration": 40}
    part = path.with_stem(f"{path.stem}-part")  # a film that is broken off leaves the one before
    try:
        with contextlib.closing(imageio.get_writer(part, **timing)) as video:
            for _ in range(episodes):
                obs, act = tasks.reset(env), policy()
                for _ in range(env.episode_length):
                    video.append_data(painter.draw(without_goal(obs), 0))
                    obs, *_ = env.step(act(obs))
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
        painter.close()
        env.close()


def strips(
    tasks: TaskSet, act: Act, judged: np.ndarray, path: Path, seed: int, frames: int = 6, size: int = 200
) -> None:
    """A picture with a row for each of these tasks, all from one start state, which is that of the env `seed`.

    act: a policy for n = len(judged) episodes. Raises: RenderingUnavailable, ValueError for another kind of file.
    """
    import imageio.v2 as imageio

    path = prepared(path, (".png",))
    env = tasks.make_env(len(judged), seed)
    painter = make_painter(env, size)
    try:
        obs = tasks.reset(env, seed=[seed] * len(judged))
        moments = set(np.linspace(0, env.episode_length, frames).round().astype(int).tolist())
        columns = [drawn(tasks, painter, obs, judged)]
        for step in range(1, env.episode_length + 1):
            obs, *_ = env.step(act(obs))
            if step in moments:
                columns.append(drawn(tasks, painter, obs, judged))
    finally:
        painter.close()
        env.close()
    imageio.imwrite(path, tiled(np.array(columns).swapaxes(0, 1)))


def drawn(tasks: TaskSet, painter: Painter, obs: Obs, judged: np.ndarray) -> list[np.ndarray]:
    """A picture of each row."""
    reached = tasks.rewards(obs["observation"])[np.arange(len(judged)), judged] == 0
    pictures = [painter.draw(without_goal(obs), row) for row in range(len(judged))]
    return [
        captioned(picture, tasks.names[task], "", is_there)
        for picture, task, is_there in zip(pictures, judged, reached, strict=True)
    ]


def without_goal(obs: Obs) -> Obs:
    """The same without a goal to be seen: its mark is far below the floor."""
    return {**obs, "desired_goal": np.full_like(obs["desired_goal"], -9.0)}
