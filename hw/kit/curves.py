"""Learning curves as pictures: of one run, and of several seeds of several methods."""

from pathlib import Path
from typing import Any

import numpy as np

from .files import write_whole

STEPS, SECONDS, SUCCESS = 0, 2, 3  # columns of a curve: env steps, updates, seconds of training, success
LABELS = {STEPS: "env steps", SECONDS: "training time (s)"}


def draw_run(path: Path, title: str, rows: list[dict]) -> None:
    """Success over env steps, with the share of goals that are met before anything moves. rows: of progress.csv."""
    figure, (axes,) = _figure(1, (6, 3.6))
    steps = [row["env_steps"] for row in rows]
    axes.plot(steps, [row["success"] for row in rows], marker=".", label="success")
    met = [row["started_solved"] for row in rows]
    axes.plot(steps, met, ":", color="gray", label="goals met at the start")
    axes.set(xlabel=LABELS[STEPS], title=title)
    axes.legend(loc="lower right")
    _save(figure, path)


def draw_curves(path: Path, title: str, figures: list[dict]) -> None:
    """Success over env steps and over seconds: for each method the median of its seeds in a band of all of them.

    figures: for each run a dict with "method" and "curve", rows of (env steps, updates, seconds, success).
    """
    figure, panels = _figure(2, (9, 3.6))
    for place, method in enumerate(dict.fromkeys(run["method"] for run in figures)):
        curves = [np.array(run["curve"], dtype=float) for run in figures if run["method"] == method]
        told = method if len(curves) == 1 else f"{method}: median of {len(curves)} seeds, lowest to highest"
        for axes, column in zip(panels, (STEPS, SECONDS), strict=True):
            x, success = common_grid(curves, column)
            axes.plot(x, np.median(success, axis=0), color=f"C{place}", label=told)
            if len(curves) > 1:
                axes.fill_between(
                    x, success.min(axis=0), success.max(axis=0), color=f"C{place}", alpha=0.2, lw=0
                )
    for axes, column in zip(panels, (STEPS, SECONDS), strict=True):
        axes.set_xlabel(LABELS[column])
        axes.locator_params(axis="x", nbins=6)  # six-digit numbers would run into each other
    figure.suptitle(title, fontsize="medium")
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize="small"
    )
    _save(figure, path)


def common_grid(curves: list[np.ndarray], column: int) -> tuple[np.ndarray, np.ndarray]:
    """Curves at common places: x (N,) and success (runs, N), linear between evaluations.

    A run that ended early, having reached what it was asked for, keeps its last value; before the first evaluation of
    the run that is evaluated last, nothing is drawn.
    """
    start = max(curve[0, column] for curve in curves)
    places = np.unique(np.concatenate([curve[:, column] for curve in curves]))
    x = places[places >= start]
    return x, np.stack([np.interp(x, curve[:, column], curve[:, SUCCESS]) for curve in curves])


def _figure(panels: int, size: tuple[float, float]) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure  # no pyplot: it would pick a screen
    from matplotlib.ticker import PercentFormatter

    figure = Figure(figsize=size, layout="constrained")
    axes = list(np.atleast_1d(figure.subplots(1, panels, sharey=True)))
    axes[0].set(ylabel="success (% of evaluation episodes)", ylim=(-0.03, 1.03))
    axes[0].yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=""))
    for panel in axes:
        panel.grid(alpha=0.3)
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    write_whole(path, lambda temporary: figure.savefig(temporary, format="png", dpi=120))
