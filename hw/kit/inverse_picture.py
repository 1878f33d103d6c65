"""The picture of `inverse`: success against n, and what the joint Gaussian thinks of wrong actions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from .files import write_whole


class Density(NamedTuple):
    """log p(s, a, s') of some transitions, and of the same ones with actions of others."""

    real: np.ndarray
    wrong: np.ndarray


def draw(path: Path, trials: Sequence[dict], densities: Sequence[Density]) -> None:
    """One panel for the successes, and one for the densities of the first seed, if there are any."""
    panels = 1 + bool(densities)
    figure = Figure(figsize=(5.2 * panels, 3.6), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    draw_success(axes[0], trials)
    if densities:
        draw_density(axes[1], densities[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda temporary: figure.savefig(temporary, dpi=70, format="png"))


def draw_success(panel: Any, trials: Sequence[dict]) -> None:
    """Success against n: the mean as a line, each seed as a dot; a model that has no n is a dashed line."""
    ticks = sorted({trial["n"] for trial in trials if "n" in trial})
    for color, model in enumerate(dict.fromkeys(trial["model"] for trial in trials)):
        mine = [trial for trial in trials if trial["model"] == model]
        look = {"color": f"C{color}"}
        if "n" not in mine[0]:
            panel.axhline(np.mean([trial["success"] for trial in mine]), linestyle="--", label=model, **look)
            continue
        lengths = sorted({trial["n"] for trial in mine})
        means = [np.mean([trial["success"] for trial in mine if trial["n"] == n]) for n in lengths]
        panel.plot(lengths, means, "-", label=model, **look)
        panel.plot(
            [trial["n"] for trial in mine], [trial["success"] for trial in mine], "o", markersize=4, **look
        )
    panel.set(ylim=(-0.03, 1.03), ylabel="success", xlabel="n" if ticks else "")
    panel.set_xticks(ticks)
    panel.grid(alpha=0.3)
    panel.legend(fontsize="small")


def draw_density(panel: Any, density: Density) -> None:
    """Two histograms over one axis; what lies far to the left is counted in the first bin."""
    low, high = np.quantile(density.wrong, 0.1), density.real.max()
    bins = np.linspace(low, high, 50)
    for values, label in ((density.real, "as it happened"), (density.wrong, "with a wrong action")):
        panel.hist(np.clip(values, low, high), bins=bins, alpha=0.6, label=label)
    panel.set(xlabel="log p(s, a, s'), up to a constant", ylabel="transitions")
    panel.legend(fontsize="small")
