"""The pictures of `lessons`: each takes the lesson's figures and writes one PNG."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .files import write_whole

Figures = dict[str, Any]


def draw_z(path: Path, figures: Figures) -> None:
    """Success of each task: told right, told something else, told nothing."""
    figure, (axes,) = panels(1, width=8)
    one_hot, without = (runs_of(figures["runs"], way) for way in ("one-hot z", "no z"))
    bars(axes, figures["runs"][0]["tasks"], {
        "told the task": success(one_hot, "right"),
        "told another task": success(one_hot, "something else"),
        "told nothing": success(without, "right"),
    })  # fmt: skip
    axes.set_title("one policy for six tasks, judged by the task below")
    save(figure, path)


def draw_batches(path: Path, figures: Figures) -> None:
    """Success of the two rare tasks over updates, and the variance of the gradient."""
    figure, (lift, hover, variance) = panels(3, width=12)
    for axes, task in ((lift, 4), (hover, 5)):
        lines(axes, figures["runs"], "updates", partial(of_task, task=task))
        axes.set(title=f"{figures['runs'][0]['tasks'][task]}: 6 demonstrations, others 100", xlabel="updates")
    measured = [
        {f"{data}\nafter {updates}": ratio for data, found in one.items() for updates, ratio in found.items()}
        for one in figures["variance"]
    ]
    ways = {way: np.array([[ratio[way] for ratio in one.values()] for one in measured])
            for way in ("stratified", "any task", "weighted")}  # fmt: skip
    bars(variance, list(measured[0]), ways, top=None)
    variance.set(title="variance of one and the same gradient", ylabel="over that of stratified batches")
    variance.tick_params(axis="x", labelsize=7)
    save(figure, path)


def of_task(point: dict, task: int) -> float:
    return float(point["success"]["right"][task])


def draw_words(path: Path, figures: Figures) -> None:
    """Success for instructions that were seen, that are new in some way, and that name another task."""
    figure, (axes,) = panels(1, width=8)
    ways = ("right", "recombined", "reworded", "german", "something else")
    labels = ("seen", "recombined", "a new verb", "German", "another task")
    shares = {way: success(figures["runs"], way).mean(axis=1, keepdims=True) for way in ways}
    bars(axes, labels, {"six tasks": np.concatenate([shares[way] for way in ways], axis=1)})
    axes.axhline(1 / 6, linestyle=":", color="gray")
    axes.set_title("success by the kind of instruction (dotted: one of six)")
    save(figure, path)


def draw_demo(path: Path, figures: Figures) -> None:
    """z of demonstrations that nobody trained on, in the plane; success beside it."""
    figure, (plane, axes) = panels(2, width=11)
    for name, points in figures["plane"][0]["z"].items():
        plane.plot(*np.array(points).T, ".", label=name)
    plane.legend(fontsize=8)
    plane.set(title="z of 120 demonstrations never trained on", xlabel="z, first number", ylabel="second")
    ways = {"right": "of the training", "unseen": "never seen", "something else": "of another task"}
    bars(
        axes, figures["runs"][0]["tasks"], {name: success(figures["runs"], way) for way, name in ways.items()}
    )
    axes.set_title("success after a demonstration")
    save(figure, path)


def draw_prompt(path: Path, figures: Figures) -> None:
    """Mean success over seconds of training."""
    figure, (axes,) = panels(1, width=7)
    lines(axes, figures["runs"], "train_seconds", lambda point: float(np.mean(point["success"]["right"])))
    axes.set(title="the same demonstrations, the same seconds", xlabel="seconds of training, one core")
    save(figure, path)


def draw_relabel(path: Path, figures: Figures) -> None:
    """RL with new labels over env steps; imitation of relabelled play beside it."""
    figure, (curves, axes) = panels(2, width=11)
    lines(curves, figures["trainings"], "env_steps", lambda point: point["success"])
    curves.set(title="off-policy RL, eight places of the hand", xlabel="env steps")
    kinds = ("random", "best")
    shares = [
        success(runs_of(figures["runs"], f"imitation, {kind} labels"), "right").mean(axis=1) for kind in kinds
    ]
    bars(axes, [f"{kind} labels" for kind in kinds], {"ring of the tiny world": np.stack(shares, axis=1)})
    axes.set_title("imitation of relabelled random play")
    save(figure, path)


DRAW: dict[str, Callable[[Path, Figures], None]] = {
    "z": draw_z, "batches": draw_batches, "words": draw_words, "demo": draw_demo, "prompt": draw_prompt,
    "relabel": draw_relabel,
}  # fmt: skip


def panels(count: int, width: float) -> tuple[Figure, list[Axes]]:
    """A figure of panels side by side, whose height is a share."""
    figure = Figure(figsize=(width, 3.6), layout="constrained")  # no pyplot: it would pick a screen
    found = list(np.atleast_1d(figure.subplots(1, count)))
    for axes in found:
        axes.grid(alpha=0.3)
        axes.set_ylabel("success")
    return figure, found


def bars(
    axes: Axes, labels: Sequence[str], values: Mapping[str, np.ndarray], top: float | None = 1.05
) -> None:
    """Groups of bars: for each name an array (seeds, groups). A bar is the mean, a point a seed."""
    width = 0.8 / len(values)
    for place, (name, by_seed) in enumerate(values.items()):
        x = np.arange(len(labels)) + (place - (len(values) - 1) / 2) * width
        axes.bar(x, by_seed.mean(axis=0), width, label=name, alpha=0.7)
        for one in by_seed:
            axes.plot(x, one, "k.", markersize=3)
    axes.set_xticks(np.arange(len(labels)), labels)
    if top:
        axes.set_ylim(0, top)
    if len(values) > 1:
        axes.legend(fontsize=8)


def lines(axes: Axes, runs: Iterable[dict], across: str, value: Callable[[dict], float]) -> None:
    """A line for each run, a colour for each way."""
    colours: dict[str, str] = {}
    for run in runs:
        first = run["way"] not in colours
        colour = colours.setdefault(run["way"], f"C{len(colours)}")
        axes.plot(
            [point[across] for point in run["curve"]], [value(point) for point in run["curve"]],
            marker=".", color=colour, alpha=0.8, label=run["way"] if first else None,
        )  # fmt: skip
    axes.set_ylim(-0.03, 1.05)
    axes.legend(fontsize=8)


def runs_of(runs: list[dict], way: str) -> list[dict]:
    return [run for run in runs if run["way"] == way]


def success(runs: list[dict], told: str) -> np.ndarray:
    """(seeds, tasks)"""
    return np.array([run["success"][told] for run in runs])


def save(figure: Figure, path: Path) -> None:
    write_whole(path, lambda temporary: figure.savefig(temporary, format="png", dpi=110))
