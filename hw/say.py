"""Tell the arm what to do: `python -m solutions.say --words "lift the block"` (in a handout: `python -m hw.say`).

Plays a policy that understands instructions (`imitate --z words` makes one) and counts in which zones episodes end.
"""

from contextlib import suppress
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from envs.errors import UserMistake
from envs.terminal import command_line
from envs.zones import TaskSet

from .kit.console import run_command
from .kit.files import write_json
from .kit.seeds import FRESH_SEED
from .kit.sentences import Vocabulary
from .kit.settings import Count, WholeNumber, check_each, need
from .kit.task_sets import run_tasks, task_set
from .task_policy import TaskPolicy, load_policy


@dataclass(frozen=True)
class SayConfig:
    """Tell a trained policy what to do, see where its episodes end, and record a video."""

    words: str
    """the instruction, such as: lift the block"""
    policy: Path | None = None
    """a policy.safetensors file; by default the newest below runs/ that understands words"""
    episodes: Count = 48
    """fresh episodes to play"""
    seed: WholeNumber = FRESH_SEED
    """of the start states"""
    video: Path | None = None
    """where the video goes; by default say.mp4 beside the policy"""
    video_episodes: WholeNumber = 2
    """episodes in the video; 0 writes none"""
    json: Path | None = None
    """also write the figures to this file"""


def newest_policy() -> Path:
    """The policy below runs/ that was saved last and understands words."""
    found = glob("runs/**/policy.safetensors", recursive=True)
    for path in sorted(map(Path, found), key=lambda path: path.stat().st_mtime, reverse=True):
        with suppress(UserMistake):
            if load_policy(path)[0].z == "words":
                return path
    raise UserMistake(
        "there is no policy that understands words below runs/: make one first (make imitate Z=words)"
    )


def say(config: SayConfig) -> dict:
    """Play, count, print, film. Returns: the figures."""
    torch.set_num_threads(1)
    check_each(config)
    vocabulary = Vocabulary()
    need(bool(config.words.split()), "say something: the words are empty")
    path = config.policy or newest_policy()
    policy, about = load_policy(path)
    need(policy.z == "words", f"{path} does not understand words: it was made with z = {policy.z}")
    tasks = task_set(about["tasks"])
    told = np.repeat(vocabulary.tokens([config.words]), config.episodes, axis=0)
    env = tasks.make_env(config.episodes, config.seed)
    ended = run_tasks(tasks, env, policy.told(told))["rewards"][:, -1] == 0
    env.close()
    shares = dict(zip(tasks.names, ended.mean(axis=0).round(4).tolist(), strict=True))
    shares["in none"] = round(float((~ended.any(axis=1)).mean()), 4)
    figures = {
        "words": config.words,
        "unknown": vocabulary.unknown(config.words),
        "policy": str(path),
        "ended": shares,
    }
    table = Table(title=f"{escape(config.words)}: where {config.episodes} episodes end (zones may overlap)")
    for name in shares:
        table.add_column(name, justify="right")
    table.add_row(*(f"{share:.0%}" for share in shares.values()))
    Console().print(table)
    if figures["unknown"]:
        print(f"words that it has never seen: {', '.join(vocabulary.unknown(config.words))}")
    if config.json:
        write_json(config.json, figures)
    if config.video_episodes:
        draw(config, tasks, policy, told[:1], config.video or path.with_name("say.mp4"))
    return figures


def draw(config: SayConfig, tasks: TaskSet, policy: TaskPolicy, told: np.ndarray, video: Path) -> None:
    """Write the video, or say in a sentence why this machine cannot draw."""
    from envs.render import RenderingUnavailable  # loads a renderer

    from .kit.filming import film

    try:
        film(tasks, lambda: policy.told(told), video, config.video_episodes, config.seed)
        print(f"video: {video}")
    except RenderingUnavailable as reason:
        print(f"nothing drawn: {reason}")
    except ValueError as error:
        raise UserMistake(str(error)) from error


if __name__ == "__main__":
    run_command(lambda: say(command_line(SayConfig)))
