"""Policies from inverse models and their kin: `python -m solutions.inverse --task reach` (in a handout: `hw.inverse`).

    random steps (and, for `future`, demonstrations without actions)  -->  a model  -->  a policy  -->  success

Several models, numbers of steps n and seeds are tried one after the other, and drawn into one picture.
"""

import itertools
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from envs import make_vec, scripted, task_spec
from envs.machine import describe_machine
from envs.tasks import TaskName
from envs.terminal import command_line

from .inverse_policies import MODELS, Fitting, joint_model
from .kit.collect import collect_episodes, random_episodes
from .kit.console import run_command
from .kit.files import write_json
from .kit.inverse_config import WITH_N, InverseConfig, checked
from .kit.inverse_picture import Density, draw
from .kit.seeds import EVAL_OFFSET, FRESH_SEED, SEED_STEP

LONGEST = {"tiny": 0.1, "reach": 0.03}  # metres (tiny: world units)
EXPERTS: dict[str, Callable[[dict], np.ndarray]] = {
    "tiny": scripted.TinyController(),
    "reach": scripted.reach,
}


def expert_episodes(task: TaskName, episodes: int, seed: int) -> dict:
    """Episodes of the policy written by hand, without its actions."""
    env = make_vec(task, episodes, seed)
    keys = "observation", "desired_goal", "achieved_goal"
    spec, expert = env.task_spec, EXPERTS[task]
    data = collect_episodes(
        env, lambda obs, goals: expert(dict(zip(keys, (obs, goals, spec.achieved_goal(obs)), strict=True)))
    )
    env.close()
    return {"obs": data["obs"], "desired": data["desired"]}


def fitting_for(config: InverseConfig, seed: int) -> Fitting:
    """The data of a seed, and how to fit to them."""
    spec, rng = task_spec(config.task), np.random.default_rng([seed, 8])
    episodes = -(-config.steps // spec.episode_length)
    start = SEED_STEP * seed
    data = random_episodes(config.task, episodes, start, rng)
    demos = (
        expert_episodes(config.task, config.demos, start + EVAL_OFFSET) if "future" in config.models else {}
    )
    longest = config.longest or LONGEST[config.task]
    return Fitting(spec, data, demos, longest, config.updates, seed, rng)


def act(config: InverseConfig, fitting: Fitting, model: str, n: int) -> dict:
    """Fit, act in fresh episodes, and return the figures."""
    start = time.process_time()
    make = MODELS[model](fitting, n)
    seconds = time.process_time() - start
    env = make_vec(config.task, config.episodes, FRESH_SEED + SEED_STEP * fitting.seed)
    data = collect_episodes(env, make())
    env.close()
    missed = np.linalg.norm(data["achieved"][:, -1] - data["desired"], axis=1)
    return {
        "model": model,
        **({"n": n} if model in WITH_N else {}),
        "seed": fitting.seed,
        "success": float((missed <= env.task_spec.distance_threshold).mean()),
        "median_distance": round(float(np.median(missed)), 4),
        "fit_seconds": round(seconds, 2),
    }


def judge_joint(config: InverseConfig, fitting: Fitting) -> tuple[dict, Density]:
    """The Gaussian on fresh transitions: what it explains of s' and of a, and whether it knows a wrong action."""
    model, spec = joint_model(fitting), fitting.spec
    rng = np.random.default_rng([fitting.seed, 9])
    fresh = random_episodes(config.task, 20, SEED_STEP * fitting.seed + 2 * EVAL_OFFSET - 100, rng)
    obs, after = (fresh["obs"][:, cut].reshape(-1, spec.obs_dim) for cut in (slice(-1), slice(1, None)))
    actions = fresh["actions"].reshape(-1, spec.action_dim)
    place = slice(spec.goal_start, spec.goal_start + spec.goal_dim)
    moves = (after - obs)[:, place]
    forward = model.expect(
        np.concatenate([model.state, model.action]), np.hstack([obs, actions]), model.change[place]
    )
    inverse = model.expect(
        np.concatenate([model.state, model.change[place]]), np.hstack([obs, moves]), model.action
    )
    used = slice(spec.goal_dim)  # the fingers' action moves nothing
    real = model.log_density(obs, actions, after)
    wrong = model.log_density(obs, rng.permutation(actions), after)
    figures = {
        "forward_explained": _explained(moves, forward),
        "inverse_explained": _explained(actions[:, used], inverse[:, used]),
        "auc": round(float(np.mean(real[:, None] > wrong[None])), 4),
    }
    return figures, Density(real, wrong)


def _explained(truth: np.ndarray, predicted: np.ndarray) -> list[float]:
    """R² of each column."""
    left = np.square(truth - predicted).sum(axis=0) / np.square(truth - truth.mean(axis=0)).sum(axis=0)
    return [round(float(1 - share), 3) for share in left]


def inverse(config: InverseConfig) -> list[dict]:
    """Fit, act, print, draw. Returns: the figures of each model, n and seed."""
    torch.set_num_threads(1)
    checked(config)
    kinds = [(m, n) for m, n in itertools.product(config.models, config.n) if m in WITH_N or n == config.n[0]]
    trials: list[dict] = []
    densities: list[Density] = []
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(), disable=not Console().is_terminal) as progress:
        bar = progress.add_task("", total=len(config.seeds) * len(kinds))
        for seed in config.seeds:
            progress.update(bar, description=f"seed {seed}: acting at random")
            fitting = fitting_for(config, seed)
            for model, n in kinds:
                progress.update(
                    bar, description=f"seed {seed}: {model}" + (f", n = {n}" if model in WITH_N else "")
                )
                trials.append(act(config, fitting, model, n))
                if model == "joint":
                    figures, density = judge_joint(config, fitting)
                    trials[-1] |= figures
                    densities.append(density)
                progress.advance(bar)
    Console().print(summary(config, trials))
    picture = config.json.with_suffix(".png") if config.json else config.out / config.task / "inverse.png"
    draw(picture, trials, densities)
    print(f"picture: {picture}")
    if config.json:
        settings = {key: getattr(config, key) for key in ("task", "steps", "demos", "updates", "episodes")}
        write_json(config.json, {"made_by": describe_machine(), **settings, "trials": trials})
    return trials


def summary(config: InverseConfig, trials: list[dict]) -> Table:
    """One line for each model and n; means over the seeds."""
    table = Table(title=f"{config.task}: models of {config.steps} random steps")
    for column in (
        "model",
        "n",
        "seeds",
        "success",
        "median distance",
        "s to fit",
        "explained: move | action",
        "AUC",
    ):
        table.add_column(column, justify="left" if column == "model" else "right")
    for kind in dict.fromkeys((t["model"], t.get("n")) for t in trials):
        chosen = [t for t in trials if (t["model"], t.get("n")) == kind]
        mean = partial(_mean, chosen)
        lowest = f" (lowest {min(t['success'] for t in chosen):.0%})" if len(chosen) > 1 else ""
        explained, auc = "", ""
        if "auc" in chosen[0]:
            both = (
                np.mean([t[key] for t in chosen], axis=0)
                for key in ("forward_explained", "inverse_explained")
            )
            explained = " | ".join(" ".join(f"{x:.2f}" for x in values) for values in both)
            auc = f"{mean('auc'):.3f}"
        table.add_row(
            kind[0], str(kind[1] or ""), str(len(chosen)), f"{mean('success'):.1%}{lowest}",
            f"{mean('median_distance'):.3f}", f"{mean('fit_seconds'):.1f}", explained, auc,
        )  # fmt: skip
    return table


def _mean(trials: list[dict], key: str) -> float:
    return float(np.mean([trial[key] for trial in trials]))


if __name__ == "__main__":
    run_command(lambda: inverse(command_line(InverseConfig)))
