"""How often does a policy of Part 5 pass, given its true success rate? The exact curve of the sequential test.

    rates --operating_characteristics--> probabilities of passing, failing, and ending undecided; episodes played

`python -m autograder.bench.operating --png FILE --json FILE` computes it, with the settings of the check of Part 5.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checks.policy_file import THRESHOLD
from autograder.checks.sequential import Characteristics, operating_characteristics
from autograder.course.settings import ERROR, MARGIN, MAX_EPISODES
from autograder.grader.report.results import write_json
from envs.terminal import command_line

SETTINGS: dict[str, Any] = {
    "threshold": THRESHOLD,
    "margin": MARGIN,
    "alpha": ERROR,
    "beta": ERROR,
    "max_episodes": MAX_EPISODES,
}
TOLD = (0.80, 0.85, 0.90, 0.925, 0.95)  # the rates that the handout names


@dataclass(frozen=True)
class Config:
    """Draw how often a policy passes over its success rate."""

    png: Path | None = None
    """the picture"""
    json: Path | None = None
    """the figures"""


def curve(rates: np.ndarray) -> list[Characteristics]:
    """The test of Part 5 at each success rate."""
    return [operating_characteristics(float(rate), **SETTINGS) for rate in rates]


def draw(found: list[Characteristics], path: Path) -> None:
    """Probability of passing, and mean number of episodes, over the success rate."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4))
    axes = figure.subplots()
    rates = [c.rate for c in found]
    axes.plot(rates, [c.passes for c in found], label="passes")
    axes.plot(rates, [c.undecided for c in found], ":", label="passes because the budget of episodes ends")
    axes.axvline(SETTINGS["threshold"], color="grey", linewidth=0.8)
    axes.set(xlabel="true success rate", ylabel="probability", ylim=(0, 1.02))
    episodes = axes.twinx()
    episodes.plot(rates, [c.mean_episodes for c in found], color="tab:green", linewidth=0.8)
    episodes.set_ylabel("episodes played, mean", color="tab:green")
    episodes.set_ylim(0)
    axes.legend(loc="center left")
    figure.savefig(path, dpi=110, bbox_inches="tight")


def main() -> None:
    """The command line."""
    config = command_line(Config, description=__doc__)
    for c in curve(np.array(TOLD)):
        print(
            f"{c.rate:.3f} passes with probability {c.passes:.4f}, after {c.mean_episodes:.0f} episodes on average"
        )
    found = curve(np.linspace(0.7, 1.0, 121)[:-1])
    if config.png is not None:
        draw(found, config.png)
    if config.json is not None:
        write_json(config.json, {"settings": SETTINGS, "curve": [asdict(c) for c in found[::4]]})


if __name__ == "__main__":
    main()
