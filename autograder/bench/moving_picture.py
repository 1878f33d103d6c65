"""The README's moving picture: push, pick-and-place and slide side by side, each played with its committed weights.

    weights --play--> which episodes end at the goal --play these again--> frames --one palette--> GIF

`python -m autograder.bench.moving_picture` writes it (a minute or two). It shows successes only: how often a policy
succeeds is in solutions/results/README.md.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from envs import make_vec
from envs.captions import captioned
from envs.errors import UserMistake
from envs.render import RenderingUnavailable, make_painter
from envs.tasks import TaskName
from envs.terminal import command_line
from solutions.agent import Agent
from solutions.kit.console import run_command
from solutions.kit.seeds import FRESH_SEED
from solutions.kit.settings import Count, WholeNumber, check_each
from solutions.play import load_agent

RESULTS = Path(__file__).parents[2] / "solutions" / "results"
TASKS: tuple[TaskName, ...] = ("push", "pick_and_place", "slide")
PLAYED = 20  # episodes to choose from
EVERY = 2  # steps a frame: 12.5 frames a second, in real time
SECONDS = 0.04  # of a step
HOLD = 8  # frames at the end of an episode
GAP = 4  # pixels between two tasks


@dataclass(frozen=True)
class PictureConfig:
    """Draw successful episodes of the tasks with an object into one GIF."""

    out: Path = RESULTS / "fetch.gif"
    """the file, .gif"""
    episodes: Count = 2
    """of each task, one after the other"""
    seed: WholeNumber = FRESH_SEED
    """of the episodes to choose from"""
    size: Count = 224
    """width and height of one task, pixels"""
    colors: Count = 96
    """in the palette, 256 at most; fewer make a smaller file"""


def chosen(task: TaskName, agent: Agent, episodes: int, seed: int) -> list[int]:
    """The rows of `make_vec(task, PLAYED, seed)` to show: those that end at a goal that was farthest from the start.

    Raises UserMistake if fewer succeed.
    """
    env = make_vec(task, PLAYED, seed)
    obs, _ = env.reset()
    away = np.linalg.norm(obs["achieved_goal"] - obs["desired_goal"], axis=1)  # (PLAYED,), metres
    for _ in range(env.episode_length):
        obs, *_, info = env.step(agent.act(obs["observation"], obs["desired_goal"]))
    env.close()
    found = [row for row in np.argsort(-away) if info["is_success"][row] > 0]
    if len(found) < episodes:
        raise UserMistake(f"{len(found)} of {PLAYED} episodes of {task} end at the goal, not {episodes}")
    return [int(row) for row in found[:episodes]]


def film(task: TaskName, agent: Agent, rows: list[int], seed: int, size: int) -> np.ndarray:
    """The pictures of these rows' episodes, one episode after the other: (frames, height, size, 3) uint8."""
    env = make_vec(task, PLAYED, seed)
    painter = make_painter(env, size)
    films: dict[int, list[np.ndarray]] = {row: [] for row in rows}
    try:
        obs, _ = env.reset()
        for step in range(env.episode_length + 1):
            if step > 0:
                obs, *_ = env.step(agent.act(obs["observation"], obs["desired_goal"]))
            if step % EVERY:
                continue
            reached = env.is_success(obs["achieved_goal"], obs["desired_goal"])
            away = 100 * np.linalg.norm(obs["achieved_goal"] - obs["desired_goal"], axis=1)
            for row in rows:
                words = f"{away[row]:.0f} cm away"
                picture = captioned(painter.draw(obs, row), task, words, bool(reached[row]))
                films[row].append(picture)
    finally:
        painter.close()
        env.close()
    return np.array([picture for one in films.values() for picture in [*one, *[one[-1]] * HOLD]])


def write_gif(frames: np.ndarray, path: Path, colors: int) -> None:
    """Frames (N, H, W, 3) as a GIF that plays for ever, with one palette: what does not move costs nothing."""
    from PIL import Image

    sample = Image.fromarray(np.concatenate(frames[:: max(1, len(frames) // 8)]))
    palette = sample.quantize(colors, method=Image.Quantize.MEDIANCUT)
    first, *rest = (Image.fromarray(f).quantize(palette=palette, dither=Image.Dither.NONE) for f in frames)
    path.parent.mkdir(parents=True, exist_ok=True)
    duration = 1000 * SECONDS * EVERY
    first.save(path, save_all=True, append_images=rest, duration=duration, loop=0, optimize=False)


def main(config: PictureConfig) -> None:
    """Play, choose, draw, write."""
    torch.set_num_threads(1)
    check_each(config)
    films = []
    try:
        for task in TASKS:
            agent = load_agent(RESULTS / task / "weights.safetensors", task)
            rows = chosen(task, agent, config.episodes, config.seed)
            print(f"{task}: episodes {', '.join(map(str, rows))} of {PLAYED}, seed {config.seed}")
            films.append(film(task, agent, rows, config.seed, config.size))
    except RenderingUnavailable as reason:
        raise UserMistake(f"nothing drawn: {reason}") from reason
    gap = np.full((*films[0].shape[:2], GAP, 3), 255, dtype=np.uint8)
    write_gif(np.concatenate([films[0], gap, films[1], gap, films[2]], axis=2), config.out, config.colors)
    print(f"{config.out}: {config.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    run_command(lambda: main(command_line(PictureConfig)))
