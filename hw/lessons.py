"""What many tasks teach: `python -m solutions.lessons --lesson z` (in a handout: `python -m hw.lessons --lesson z`).

    a lesson = some ways to train x seeds  --imitate, train_tasks-->  runs/lessons  -->  a picture and its figures

    z         what the policy is told about its task, against nothing, and against something else
    batches   two tasks with few demonstrations: stratified against proportional batches; the variance of the gradient
    words     instructions of the training, recombined, with a new verb, in another language
    demo      z of demonstrations that nobody trained on, in the plane
    prompt    a sequence policy against a perceptron, over seconds
    relabel   new labels, random or best: off-policy RL does not mind which, imitation does

What was trained already is not trained again: the same command goes on after a stop.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch

from envs.machine import describe_machine
from envs.terminal import command_line

from .gradient_variance import ratios
from .imitate import ImitateConfig, data, imitate
from .kit import lesson_pictures as pictures
from .kit.console import run_command
from .kit.files import write_json
from .kit.runlog import read_progress
from .kit.settings import NameEachOnce, check_each
from .kit.task_sets import task_set
from .task_batches import frames
from .task_policy import load_policy
from .train_tasks import TaskTrainConfig, train_tasks

Lesson = Literal["z", "batches", "words", "demo", "prompt", "relabel"]
RARE = {"rare": 6, "eval_every": 500}
PLAY = {"tasks": "ring", "demos": 500, "updates": 1_500}
IMITATIONS: dict[Lesson, dict[str, dict[str, Any]]] = {
    "z": {"one-hot z": {}, "no z": {"z": "none"}},
    "batches": {"stratified": RARE, "proportional": RARE | {"batches": "proportional"}},
    "words": {"words": {"z": "words"}},
    "demo": {"demonstration": {"z": "demo"}},
    "prompt": {
        "sequence policy": {"z": "prompt", "eval_every": 500},
        "one-hot, perceptron": {"eval_every": 500},
    },
    "relabel": {f"imitation, {label} labels": PLAY | {"relabel": label} for label in ("random", "best")},
}
TRAININGS = {f"RL, {relabel} labels": {"relabel": relabel} for relabel in ("none", "random", "best")}


@dataclass(frozen=True)
class LessonConfig:
    """Measure one lesson over seeds, and draw it."""

    lesson: Lesson = "z"
    """z, batches, words, demo, prompt or relabel"""
    seeds: Annotated[tuple[int, ...], NameEachOnce] = (0, 1)
    """one training for each way and seed"""
    out: Path = Path("runs/lessons")
    """where the runs go"""
    json: Path | None = None
    """where the figures go; the picture goes beside it. By default LESSON.json among the runs"""


def run_lesson(config: LessonConfig) -> dict:
    """Train what is missing, collect, draw. Returns: the figures."""
    check_each(config)
    torch.set_num_threads(1)
    runs = [
        {"way": way, **imitation(config, way, seed, settings)}
        for way, settings in IMITATIONS[config.lesson].items()
        for seed in config.seeds
    ]
    figures: dict[str, Any] = {"made_by": describe_machine(), "lesson": config.lesson, "runs": runs}
    if config.lesson == "relabel":
        figures["trainings"] = [
            {"way": way, **training(config, way, seed, settings)}
            for way, settings in TRAININGS.items()
            for seed in config.seeds
        ]
    if config.lesson == "batches":
        figures["variance"] = [ratios(seed) for seed in config.seeds]
    if config.lesson == "demo":
        figures["plane"] = plane(config)
    path = config.json or config.out / f"{config.lesson}.json"
    write_json(path, figures)
    pictures.DRAW[config.lesson](path.with_suffix(".png"), figures)
    print(f"picture: {path.with_suffix('.png')}")
    return figures


def imitation(config: LessonConfig, way: str, seed: int, settings: dict[str, Any]) -> dict:
    """The figures of a training by imitation, from its folder if it is done."""
    folder = folder_of(config, way, seed)
    asked = ImitateConfig(seed=seed, out=folder, **settings)
    done = folder / "figures.json"
    figures = json.loads(done.read_text()) if done.exists() else imitate(asked)
    return {key: value for key, value in figures.items() if key != "made_by"}


def training(config: LessonConfig, way: str, seed: int, settings: dict[str, Any]) -> dict:
    """The curve of a training by RL, from its folder if it is done."""
    folder = folder_of(config, way, seed)
    asked = TaskTrainConfig(seed=seed, out=folder, **settings)
    if not (folder / "summary.json").exists():
        train_tasks(replace(asked, resume=(folder / "checkpoint.pt").exists()))
    keys = ("env_steps", "updates", "train_seconds", "success")
    return {
        "seed": seed,
        "curve": [{key: row[key] for key in keys} for row in read_progress(folder / "progress.csv")],
    }


def folder_of(config: LessonConfig, way: str, seed: int) -> Path:
    """Where a training goes."""
    return config.out / config.lesson / f"{way.replace(' ', '-').replace(',', '')}-s{seed}"


def plane(config: LessonConfig) -> list[dict]:
    """For each seed, z of the demonstrations that nobody trained on, and how far they lie apart."""
    (way,) = IMITATIONS["demo"]
    tasks = task_set("desk")
    _, unseen = data(ImitateConfig(), tasks)
    found = []
    for seed in config.seeds:
        policy, _ = load_policy(folder_of(config, way, seed) / "policy.safetensors")
        with torch.no_grad():
            z = policy.code(frames(unseen.obs)).numpy().astype(float)
        middles = np.stack([z[unseen.tasks == task].mean(axis=0) for task in range(len(tasks))])
        within = np.linalg.norm(z - middles[unseen.tasks], axis=1).mean()
        pairs = np.linalg.norm(middles[:, None] - middles[None], axis=2)
        between = pairs[np.triu_indices(len(tasks), 1)].mean()
        points = {name: z[unseen.tasks == task].round(3).tolist() for task, name in enumerate(tasks.names)}
        found.append({"seed": seed, "within": round(within, 3), "between": round(between, 3), "z": points})
    return found


if __name__ == "__main__":
    run_command(lambda: run_lesson(command_line(LessonConfig)))
