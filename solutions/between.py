"""Fill in what lies between two states: `python -m solutions.between` (in a handout: `python -m hw.between`).

    demonstrations of push, without actions  -->  p(s_t+1 … s_t+n | s_t, s_t+n+1)  -->  how far off is the hand?

Compared with the straight line, and with a model of the future, which does not know where the way ends.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from envs import make_vec, scripted, task_spec
from envs.machine import describe_machine
from envs.terminal import command_line

from .kit.collect import collect_episodes
from .kit.console import run_command
from .kit.files import write_json, write_whole
from .kit.regression import fit_network, of_pairs
from .kit.seeds import SEED_STEP
from .kit.settings import Count, Must, NameEachOnce, check_each, need
from .other_models import between, future_pairs

SPEC = task_spec("push")
WAYS = ("straight line", "future", "in-between")
HELD_OUT = 0.1  # of the demonstrations: they judge


@dataclass(frozen=True)
class BetweenConfig:
    """Fit a model of the states in between, and measure how far off it is in the middle of the gap."""

    gaps: Annotated[tuple[int, ...], NameEachOnce, Must("be at least 1", lambda x: min(x) >= 1)] = (4, 8, 12)
    """how many places are missing between the two states"""
    demos: Count = 200
    """episodes of the expert; its actions are not used"""
    updates: Count = 2_000
    """updates of a network"""
    seeds: Annotated[tuple[int, ...], NameEachOnce, Must("be 0 or more", lambda x: min(x) >= 0)] = (0,)
    """of everything random"""
    out: Path = Path("runs/between")
    """where the picture goes"""
    json: Path | None = None
    """also write the figures to this file, and the picture beside it"""


@dataclass(frozen=True)
class Ways:
    """Of some gaps that no model was fitted to: the hand's true places, and each way to fill them in (B, n, 3)."""

    start: np.ndarray  # (B, 3)
    end: np.ndarray
    truth: np.ndarray
    filled: dict[str, np.ndarray]

    def centimetres(self, way: str) -> float:
        """The mean distance of the place in the middle of the gap."""
        middle = self.truth.shape[1] // 2
        return round(
            100 * float(np.linalg.norm((self.filled[way] - self.truth)[:, middle], axis=1).mean()), 2
        )


def demonstrations(episodes: int, seed: int) -> np.ndarray:
    """The states (N, T+1, O) of an expert that pushes the block."""
    env = make_vec("push", min(episodes, 20), seed)

    def expert(obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        thing = SPEC.achieved_goal(obs)
        return scripted.push({"observation": obs, "desired_goal": goals, "achieved_goal": thing})

    rounds = [collect_episodes(env, expert)["obs"] for _ in range(-(-episodes // env.num_envs))]
    env.close()
    return np.concatenate(rounds)[:episodes]


def gaps_of(states: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All gaps of n places in which the hand moves: s_t (B, O), the hand's place there, at the end (B, 3), and
    between (B, n, 3)."""
    inputs, futures = (np.asarray(x) for x in future_pairs(states, SPEC.gripper(states), n + 1))
    start = SPEC.gripper(inputs)
    places = start[:, None] + futures
    moves = np.linalg.norm(futures, axis=2).max(axis=1) > SPEC.moved
    return inputs[moves], start[moves], places[moves, -1], places[moves, :-1]


def fit(states: np.ndarray, n: int, updates: int, seed: int) -> Callable[[np.ndarray], Ways]:
    """Fit to demonstrations (N, T+1, O). Returns: a function of other demonstrations."""
    rng = np.random.default_rng([seed, n])
    obs, start, end, truth = gaps_of(states, n)
    nothing = np.zeros_like(truth)
    beside = truth - np.asarray(between(start, end, nothing))  # what the line misses
    both = np.concatenate([obs, end - start], axis=1)
    middle = fit_network(of_pairs(both, beside, rng), seed, updates=updates)
    ahead = fit_network(of_pairs(obs, truth - start[:, None], rng), seed, updates=updates)

    def fill(others: np.ndarray) -> Ways:
        obs, start, end, truth = gaps_of(others, n)
        residual = middle(np.concatenate([obs, end - start], axis=1))
        filled = {
            "straight line": np.asarray(between(start, end, np.zeros_like(truth))),
            "future": start[:, None] + ahead(obs),
            "in-between": np.asarray(between(start, end, residual)),
        }
        return Ways(start, end, truth, filled)

    return fill


def fill_in(config: BetweenConfig) -> list[dict]:
    """Demonstrate, fit, print, draw. Returns: the figures of each gap and seed."""
    torch.set_num_threads(1)
    check_each(config)
    longest = max(config.gaps)
    need(
        longest < SPEC.episode_length,
        f"an episode has {SPEC.episode_length} steps, so a gap of {longest} is too long",
    )
    need(
        config.demos >= 10,
        f"one demonstration in ten is held out, so {config.demos} are too few: 10 at least",
    )
    held, console = round(config.demos * HELD_OUT), Console()
    trials: list[dict[str, Any]] = []
    first = None
    for seed, n in itertools.product(config.seeds, config.gaps):
        with console.status(f"seed {seed}: a gap of {n} places"):
            if n == config.gaps[0]:
                states = demonstrations(config.demos, SEED_STEP * seed)
            start = time.process_time()
            ways = fit(states[held:], n, config.updates, seed)(states[:held])
            seconds = round(time.process_time() - start, 2)
        off = {way: ways.centimetres(way) for way in WAYS}
        trials.append(
            {"gap": n, "seed": seed, "cm_off": off, "gaps": len(ways.truth), "fit_seconds": seconds}
        )
        first = ways if first is None or (n >= first.truth.shape[1] and seed == config.seeds[0]) else first
    table = Table(title="distance of the hand in the middle of the gap, cm")
    for column in ("gap", "seeds", *WAYS):
        table.add_column(column, justify="right")
    for n in config.gaps:
        chosen = [trial["cm_off"] for trial in trials if trial["gap"] == n]
        means = (f"{np.mean([off[way] for off in chosen]):.1f}" for way in WAYS)
        table.add_row(str(n), str(len(chosen)), *means)
    console.print(table)
    picture = config.json.with_suffix(".png") if config.json else config.out / "between.png"
    assert first is not None
    draw(picture, first)
    print(f"picture: {picture}")
    if config.json:
        settings = {"demos": config.demos, "updates": config.updates}
        write_json(config.json, {"made_by": describe_machine(), **settings, "trials": trials})
    return trials


def draw(path: Path, ways: Ways) -> None:
    """Four gaps from the side: height against the way along the table."""
    figure = Figure(figsize=(11, 3), layout="constrained")
    bent = np.linalg.norm(ways.truth - ways.filled["straight line"], axis=2).max(axis=1)
    chosen = np.argsort(-bent)[:: max(1, len(bent) // 12)][:4]
    for panel, row in zip(figure.subplots(1, 4, squeeze=False)[0], chosen, strict=False):
        draw_ways(panel, ways, int(row))
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda temporary: figure.savefig(temporary, dpi=70, format="png"))


def draw_ways(panel: object, ways: Ways, row: int) -> None:
    """One gap: true and filled in, from the side."""
    along = ways.truth[row] - ways.start[row]
    side = int(np.abs(along[:, :2]).max(axis=0).argmax())  # x or y, whichever it goes along
    for label, places, look in (
        ("true", ways.truth[row], "k.-"),
        *((way, ways.filled[way][row], look) for way, look in zip(WAYS, ("C0--", "C1:", "C2-"), strict=True)),
    ):
        panel.plot(places[:, side], places[:, 2], look, label=label)  # type: ignore[attr-defined]
    for place in (ways.start[row], ways.end[row]):
        panel.plot(place[side], place[2], "ks", markersize=7)  # type: ignore[attr-defined]
    panel.set(xlabel="xy"[side] + ", m", ylabel="height, m")  # type: ignore[attr-defined]


if __name__ == "__main__":
    run_command(lambda: fill_in(command_line(BetweenConfig)))
