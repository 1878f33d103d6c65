"""Plan with a learned model: `python -m solutions.plan --task reach` (in a handout: `python -m hw.plan`).

    random steps  --fit-->  model  --planner, reward, every-->  planning and acting in turn  -->  a table, plan.png

No policy is trained, and the model is fitted before any reward is known. Several rewards, planners or numbers of steps
between plans are tried one after the other, all with the same model.
"""

import itertools
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from envs import task_spec
from envs.machine import describe_machine
from envs.terminal import command_line

from .kit.console import run_command
from .kit.files import write_json
from .kit.plan_config import PlanConfig, checked
from .kit.plan_picture import Trial, draw
from .kit.seeds import FRESH_SEED, SEED_STEP
from .plan_trials import act, fit


def plan(config: PlanConfig) -> list[dict]:
    """Fit, plan, act, print, draw. Returns: the figures of each trial."""
    torch.set_num_threads(1)
    spec, fitted, trials = task_spec(checked(config).task), [], []
    kinds = list(itertools.product(config.rewards, config.planners, config.every))
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(), disable=not Console().is_terminal) as progress:
        bar = progress.add_task("", total=len(config.seeds) * len(kinds) * spec.episode_length)
        for seed in config.seeds:
            progress.update(bar, description=f"seed {seed}: fitting the model")
            model, info = fit(config, seed)
            fitted.append({"seed": seed, **info})
            for reward, planner, every in kinds:
                progress.update(bar, description=f"seed {seed}: {reward}, {planner}, every {every}")
                step = partial(progress.advance, bar)
                trials.append(act(config, model, seed, planner, reward, every, step))
    Console().print(summary(config, trials, fitted))
    picture = config.json.with_suffix(".png") if config.json else config.out / config.task / "plan.png"
    draw(picture, spec, trials)
    print(f"picture: {picture}")
    figures = [trial.figures for trial in trials]
    if config.json:
        settings: dict[str, Any] = {
            "task": config.task,
            "episodes": config.episodes,
            "search": asdict(config.search),
        }
        settings |= {"hidden": config.hidden, "model_min_log_var": config.model_min_log_var, "models": fitted}
        made = {"made_by": describe_machine(), **settings}
        write_json(config.json, made | {"trials": figures})
    if config.video:
        film(config, trials[-1])
    return figures


def summary(config: PlanConfig, trials: list[Trial], fitted: list[dict]) -> Table:
    """One line for each reward, planner and number of steps between plans; means over the seeds."""
    steps, seconds = fitted[0]["env_steps"], max(info["fit_seconds"] for info in fitted)
    table = Table(title=f"{config.task}: a model of {steps} random steps, fitted in {seconds:.1f} s")
    for column in ("reward", "planner", "every", "seeds", "success", "figures", "ms a replan"):
        table.add_column(column, justify="left" if column in ("reward", "planner", "figures") else "right")
    for kind in dict.fromkeys((t.reward, t.planner, t.every) for t in trials):
        chosen = [t.figures for t in trials if (t.reward, t.planner, t.every) == kind]
        success = [figures["success"] for figures in chosen]
        lowest = f" (lowest {min(success):.1%})" if len(success) > 1 else ""
        own = [key for key in chosen[0] if key.startswith("cm_") or key == "rounds"]
        told = ", ".join(f"{key.replace('_', ' ')} {np.mean([f[key] for f in chosen]):.1f}" for key in own)
        ms = np.mean([figures["ms_a_replan"] for figures in chosen])
        table.add_row(*map(str, kind), str(len(chosen)), f"{np.mean(success):.1%}{lowest}", told, f"{ms:.0f}")
    return table


def film(config: PlanConfig, trial: Trial) -> None:
    """A video of the trial's first episode, or a sentence why this machine cannot draw."""
    from envs.render import RenderingUnavailable, record_video  # loads a renderer

    assert config.video is not None
    actions = iter(trial.actions[:, :1])  # the env is exact, so the same actions lead through the same states
    try:
        record_video(
            config.task, lambda obs: next(actions), config.video, 1, FRESH_SEED + SEED_STEP * trial.seed
        )
        print(f"video: {config.video}")
    except RenderingUnavailable as reason:
        print(f"nothing drawn: {reason}")


if __name__ == "__main__":
    run_command(lambda: plan(command_line(PlanConfig)))
