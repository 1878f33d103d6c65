"""Plan with a learned model: `python -m solutions.plan --task reach` (in a handout: `python -m hw.plan`).

    random steps  --fit-->  model  --planner, reward, every-->  acting and planning again  -->  a table, plan.png, figures

No policy is trained, and the model is fitted before any reward is known. Several rewards, planners or numbers of steps
between plans are tried one after the other, all with the same model.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from envs import make_vec, task_spec
from envs.machine import describe_machine
from envs.tasks import TaskName
from envs.terminal import command_line

from .kit.collect import collect_episodes
from .kit.config import LogVarBound, TrainConfig
from .kit.console import run_command
from .kit.exploration import repeating, with_script
from .kit.files import write_json
from .kit.plan_picture import Trial, draw
from .kit.recipes import default_config
from .kit.rewards import WISHES
from .kit.seeds import FRESH_SEED, SEED_STEP
from .kit.settings import Count, Layers, Must, NameEachOnce, check_each, need
from .model import DynamicsModel
from .planners import PLANNERS, Search
from .planning import replan

WITHOUT_OBJECT, WITH_OBJECT = 500, 16_000  # random steps: contact is rare


@dataclass(frozen=True)
class PlanConfig:
    """Fit the model to random steps, plan in it, act, and count the successes."""

    task: TaskName = "reach"
    """what moves; tiny is a point in the plane"""
    planners: Annotated[tuple[Literal["cem", "gradient"], ...], NameEachOnce] = ("cem",)
    """how plans are found: cem samples, gradient climbs"""
    every: Annotated[tuple[int, ...], NameEachOnce, Must("be at least 1", lambda x: min(x) >= 1)] = (1,)
    """steps between two plans; a whole episode's is open loop"""
    rewards: Annotated[
        tuple[Literal["goal", "sparse", "circle", "left", "around"], ...], NameEachOnce
    ] = ("goal",)
    """what to plan for: the goal (minus the distance, or -1 while it is far), or wishes of the hand's own"""
    seeds: Annotated[tuple[int, ...], NameEachOnce, Must("be 0 or more", lambda x: min(x) >= 0)] = (0,)
    """of everything random; a model is fitted for each"""
    random_steps: Count | None = None
    """steps the model is fitted to, in whole episodes; by default 500, and 16,000 where there is an object"""
    episodes: Count = 40
    """fresh episodes to act in, side by side"""
    hidden: Layers = (64, 64)
    """layers of the model"""
    model_min_log_var: LogVarBound = TrainConfig.model_min_log_var
    """lower bound of the log-variance that the model is fitted with"""
    search: Search = Search()
    """how the planner searches"""
    out: Path = Path("runs/plan")
    """where the picture goes, in a folder of the task's name"""
    video: Path | None = None
    """also write a video of the last trial's first episode to this .mp4 file"""
    json: Path | None = None
    """also write the figures to this file, and the picture beside it"""


def explore(task: str, episodes: int, seed: int, rng: np.random.Generator) -> dict:
    """So many episodes of random actions, each held for some steps; where there is an object, its script acts too."""
    script = default_config(task).scripted
    env = make_vec(task, min(episodes, 20), seed)

    def uniform(obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        return rng.uniform(-1.0, 1.0, size=(len(obs), env.task_spec.action_dim))

    rounds = []
    for _ in range(-(-episodes // env.num_envs)):
        policy = with_script(repeating(uniform, 1.0, rng), env.task_spec, script, 1.0, 0.0, rng)
        rounds.append(collect_episodes(env, policy))
    env.close()
    return {key: np.concatenate([data[key] for data in rounds])[:episodes] for key in rounds[0]}


def fit(config: PlanConfig, seed: int) -> tuple[DynamicsModel, dict]:
    """A model of random steps, and on how many it was fitted, how long that took, and its loss."""
    spec, rng = task_spec(config.task), np.random.default_rng([seed, 1])
    count = config.random_steps or (WITHOUT_OBJECT if spec.object is None else WITH_OBJECT)
    data = explore(config.task, -(-count // spec.episode_length), SEED_STEP * seed, rng)
    steps = data["obs"][:, :-1], data["actions"], data["obs"][:, 1:]
    rows = [values.reshape(-1, values.shape[-1]) for values in steps]
    model = DynamicsModel(
        spec.obs_dim, spec.action_dim, seed, hidden=config.hidden, min_log_var=config.model_min_log_var
    )
    start = time.perf_counter()
    info = model.fit(*rows, rng)
    return model, {"env_steps": len(rows[0]), "fit_seconds": round(time.perf_counter() - start, 2), **info}


def act(
    config: PlanConfig, model: DynamicsModel, seed: int, planner: str, reward: str, every: int,
    each_step: Callable[[], object] = lambda: None,
) -> Trial:  # fmt: skip
    """Plan for a reward and act, in all episodes side by side; calls `each_step` after each step."""
    env = make_vec(config.task, config.episodes, FRESH_SEED + SEED_STEP * seed)
    spec, (first, _) = env.task_spec, env.reset()
    wish = WISHES[reward](spec, first)
    horizon = min(max(config.search.horizon, every), env.episode_length)
    search = replace(config.search, horizon=horizon)
    rng = np.random.default_rng([seed, 2])
    planned = PLANNERS[planner](model.mean_next, wish.reward, spec.action_dim, search, rng)
    actions: list[np.ndarray] = []
    promised: list[np.ndarray] = []
    seconds: list[float] = []

    def plan_from(obs: np.ndarray, done: int) -> np.ndarray:
        start = time.process_time()
        plan = planned(obs, done)
        seconds.append(time.process_time() - start)  # of computing, whatever else the machine does
        promised.append(imagined(model, obs, plan[:, :every]))
        return plan

    def env_step(chosen: np.ndarray) -> np.ndarray:
        actions.append(chosen)
        each_step()
        return env.step(chosen)[0]["observation"]

    observed = np.asarray(replan(plan_from, env_step, first["observation"], env.episode_length, every))
    env.close()
    figures = {
        **{"planner": planner, "reward": reward, "every": every, "seed": seed, "horizon": horizon},
        **wish.judge(observed),
        **{"plans": len(seconds), "ms_a_replan": round(1000 * float(np.median(seconds)), 2)},
    }
    figures["ms_a_plan"] = round(figures["ms_a_replan"] / config.episodes, 2)
    marks = first["desired_goal"], wish.balls
    return Trial(planner, reward, every, seed, observed, *marks, np.stack(actions), promised, figures)


@torch.no_grad()
def imagined(model: DynamicsModel, obs: np.ndarray, plan: np.ndarray) -> np.ndarray:
    """Where a plan (N, H, A) leads in the model, with the first state: (H+1, N, O)."""
    states = [torch.as_tensor(obs, dtype=torch.float32)]
    for actions in torch.as_tensor(plan, dtype=torch.float32).unbind(dim=1):
        states.append(model.mean_next(states[-1], actions))
    return torch.stack(states).numpy()


def checked(config: PlanConfig) -> PlanConfig:
    """Raises: UserMistake for a value that makes no sense."""
    check_each(config)
    check_each(config.search)
    search, spec = config.search, task_spec(config.task)
    need(search.elites <= search.candidates, f"of {search.candidates} candidates, {search.elites} cannot be the best")
    own = [reward for reward in config.rewards if reward not in ("goal", "sparse")]
    need(spec.layout is not None or not own, f"{' and '.join(own)}: {config.task} has no hand, so name another task")
    need(config.video is None or config.video.suffix == ".mp4", f"a video is an .mp4 file, not {config.video}")
    flat = "sparse" in config.rewards and "gradient" in config.planners
    need(not flat, "the sparse reward is flat nearly everywhere, so there is no gradient to climb: plan with cem alone")
    longest = max(config.every)
    need(longest <= spec.episode_length, f"an episode of {config.task} has {spec.episode_length} steps, so every "
         f"{longest} is too many")  # fmt: skip
    return config


def plan(config: PlanConfig) -> list[dict]:
    """Fit, plan, act, print, draw. Returns: the figures of each trial."""
    torch.set_num_threads(1)
    spec, fitted, trials = task_spec(checked(config).task), [], []
    kinds = list(itertools.product(config.rewards, config.planners, config.every))
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn())
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
        settings = {"task": config.task, "episodes": config.episodes, "search": asdict(config.search)}
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
        record_video(config.task, lambda obs: next(actions), config.video, 1, FRESH_SEED + SEED_STEP * trial.seed)
        print(f"video: {config.video}")
    except RenderingUnavailable as reason:
        print(f"nothing drawn: {reason}")


if __name__ == "__main__":
    run_command(lambda: plan(command_line(PlanConfig)))
