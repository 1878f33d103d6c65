"""Watch and measure a trained policy: `python -m solutions.play --task reach` (in a handout: `python -m hw.play`).

Evaluates weights on fresh episodes, writes a video of some of them, and prints a table of successes.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from envs import make_vec, task_spec
from envs.errors import UserMistake
from envs.tasks import TaskName
from envs.terminal import command_line
from envs.typed import option

from .agent import Agent
from .kit.collect import evaluate
from .kit.console import run_command
from .kit.files import write_json
from .kit.seeds import FRESH_SEED
from .kit.settings import Count, WholeNumber, check_each, need
from .kit.weights import load_weights, read_config


@dataclass(frozen=True)
class PlayConfig:
    """Evaluate trained weights and record a video."""

    task: TaskName = "reach"
    """what the arm learned; tiny is a point in the plane"""
    weights: Path | None = None
    """a weights.safetensors file; by default the newest below runs/ of this task"""
    episodes: Count = 100
    """fresh episodes to evaluate"""
    seed: WholeNumber = FRESH_SEED
    """of the evaluation's goals and start states"""
    video: Path | None = None
    """where the video goes; by default play.mp4 beside the weights"""
    video_episodes: WholeNumber = 4
    """episodes in the video; 0 writes none"""
    live: bool = False
    """watch it in MuJoCo's viewer, if there is a screen; its keys are named there"""
    strip: Path | None = None
    """also write a picture of two episodes, frame by frame, to this .png file"""
    json: Path | None = None
    """also write the figures to this file"""


def newest_weights(task: str) -> Path:
    """The weights below runs/ that were saved last for this task, and a sentence that says so.

    It skips files that are not of this kit.
    """
    found = glob("runs/**/weights.safetensors", recursive=True)  # rglob would not follow links
    fitting = []
    for path in map(Path, found):
        with suppress(UserMistake):
            if read_config(path)["task"] == task:
                fitting.append((path.stat().st_mtime, path))
    if not fitting:
        name = option("weights", "…")
        raise UserMistake(
            f"there are no weights for {task} below runs/: train first, or name a file ({name})"
        )
    saved, path = max(fitting)
    minutes = (time.time() - saved) / 60
    when = f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"
    others = f"; {option('weights', '…')} names another of {len(fitting)}" if len(fitting) > 1 else ""
    print(f"playing the newest weights for {task}, {path}, saved {when} ago{others}")
    return path


def load_agent(path: Path, task: str) -> Agent:
    """An agent of the right sizes with the saved weights. Raises: UserMistake if they are for another task."""
    config, spec = read_config(path), task_spec(task)
    if config["task"] != task:
        raise UserMistake(f"{path} was trained on {config['task']}, not on {task}")
    dims, hidden = (spec.obs_dim, spec.goal_dim, spec.action_dim), tuple(config["hidden"])
    agent = Agent(*dims, goal_start=spec.goal_start, hidden=hidden)
    load_weights(path, agent)
    return agent


def play(config: PlayConfig) -> dict:
    """Evaluate, record, print, and return the figures."""
    torch.set_num_threads(1)
    check_each(config)
    need(
        not config.live or config.video_episodes > 0,
        "without a screen a video stands in for the live view: leave out --video-episodes 0",
    )
    need(
        not config.video or config.video_episodes > 0,
        "a video of 0 episodes cannot be written: leave out --video-episodes or --video",
    )
    weights = config.weights or newest_weights(config.task)
    agent = load_agent(weights, config.task)
    if config.live and watched(config, agent, weights):
        return {"task": config.task, "weights": str(weights)}
    env = make_vec(config.task, min(config.episodes, 20), config.seed)
    figures = {"task": config.task, "weights": str(weights), **evaluate(env, agent.act, config.episodes)}
    env.close()

    table = Table(title=escape(f"{config.task}: {weights}"))
    for column in ("episodes", "success", "goals met at the start", "mean return"):
        table.add_column(column, justify="right")
    shares = [f"{figures[key]:.1%}" for key in ("success", "started_solved")]
    table.add_row(str(figures["episodes"]), *shares, f"{figures['return']:.2f}")
    Console().print(table)
    if config.json:
        write_json(config.json, figures)
    if config.video_episodes > 0 or config.strip:
        draw(config, agent, weights)
    return figures


def watched(config: PlayConfig, agent: Agent, weights: Path) -> bool:
    """Show the policy live. If that cannot be done here, say so, and where there will be a video instead."""
    from envs.live import NoScreen, restart_on_macos, watch

    restart_on_macos()
    try:
        episodes = watch(config.task, as_policy(agent), config.seed)
    except NoScreen as reason:
        print(f"no live view: {reason}; the video is {video_of(config, weights)}")
        return False
    print(f"watched {episodes} episodes; without {option('live')}, play counts the successes")
    return True


def video_of(config: PlayConfig, weights: Path) -> Path:
    """Where the video goes."""
    return config.video or weights.with_name("play.mp4")


def as_policy(agent: Agent) -> Callable[[dict], np.ndarray]:
    """The agent as what renders asks for: obs dict of (n, dim) arrays -> actions (n, A)."""
    return lambda obs: agent.act(obs["observation"], obs["desired_goal"])


def draw(config: PlayConfig, agent: Agent, weights: Path) -> None:
    """Write the video and the picture that are wanted, or say in a sentence why this machine cannot draw."""
    from envs.render import RenderingUnavailable, filmstrip, record_video  # loads a renderer

    policy = as_policy(agent)
    try:
        if config.video_episodes > 0:
            video = video_of(config, weights)
            record_video(config.task, policy, video, episodes=config.video_episodes, seed=config.seed)
            print(f"video: {video}")
        if config.strip:
            filmstrip(config.task, policy, config.strip, seed=config.seed)
            print(f"picture: {config.strip}")
    except RenderingUnavailable as reason:
        print(f"nothing drawn: {reason}")
    except ValueError as error:
        raise UserMistake(str(error)) from error


if __name__ == "__main__":
    run_command(lambda: play(command_line(PlayConfig)))
