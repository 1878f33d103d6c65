"""The picture of `plan`: where the hand went, seen from above (the robot below), and what each plan had promised."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from envs import TaskSpec

from .files import write_whole
from .rewards import BALL

SHOWN = 4  # episodes in a panel


@dataclass(frozen=True)
class Trial:
    """One planner with one reward and one number of steps between plans, in N episodes side by side."""

    planner: str
    reward: str
    every: int
    seed: int
    observed: np.ndarray  # (T+1, N, O)
    goals: np.ndarray  # (N, G)
    balls: np.ndarray | None  # (N, 3): what had to be avoided
    actions: np.ndarray  # (T, N, A)
    promised: list[np.ndarray] = field(
        default_factory=list
    )  # of each plan (H+1, N, O): where it should have led
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"{self.reward}, {self.planner}, every {self.every}: {self.figures['success']:.0%}"


def draw(path: Path, spec: TaskSpec, trials: Sequence[Trial]) -> None:
    """A panel for each trial of the first seed; if `every` differs, a row for each planner and reward, which ends with
    success against `every`, a line a seed."""
    first = [trial for trial in trials if trial.seed == trials[0].seed]
    numbers = len({trial.every for trial in trials})
    columns = numbers + 1 if numbers > 1 else min(len(first), 4)
    rows = -(-len(first) // (numbers if numbers > 1 else columns))
    figure = Figure(figsize=(3.2 * columns, 3.2 * rows + 0.4), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    paths = axes[:, :-1].ravel() if numbers > 1 else axes.ravel()
    for panel, trial in zip(paths, first, strict=False):
        draw_paths(panel, spec, trial)
    for panel in paths[len(first) :]:
        panel.set_axis_off()
    if numbers > 1:
        for row, panel in enumerate(axes[:, -1]):
            _success(panel, first[row * numbers], trials)
    lines = [Line2D([], [], color="k"), Line2D([], [], color="k", linestyle=":")]
    figure.legend(
        lines, ["what happened", "what the plans had promised"], loc="outside lower center", ncols=2
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda temporary: figure.savefig(temporary, dpi=70, format="png"))


def draw_paths(panel: Any, spec: TaskSpec, trial: Trial) -> None:
    """Up to four episodes of a trial, seen from above, into a matplotlib panel."""
    episodes = trial.observed.shape[1]
    for color, n in enumerate(np.linspace(0, episodes, min(SHOWN, episodes), endpoint=False).astype(int)):
        here = {"color": f"C{color}"}
        hand = spec.gripper(trial.observed[:, n])
        panel.plot(-hand[:, 1], hand[:, 0], **here)
        for promised in trial.promised:
            place = spec.gripper(promised[:, n])
            panel.plot(-place[:, 1], place[:, 0], ":", **here, linewidth=1)
        if trial.reward in ("goal", "sparse"):
            panel.plot(-trial.goals[n, 1], trial.goals[n, 0], "*", **here, markersize=11, markeredgecolor="k")
        if spec.object is not None:
            thing = spec.achieved_goal(trial.observed[:, n])
            panel.plot(-thing[:, 1], thing[:, 0], "s-", **here, markersize=3, linewidth=1)
        if trial.balls is not None:
            panel.add_patch(Circle((-trial.balls[n, 1], trial.balls[n, 0]), BALL, alpha=0.15, **here))
        panel.plot(-hand[0, 1], hand[0, 0], "ko", markersize=4)
    panel.set_title(trial.title, fontsize="small")
    panel.set_aspect("equal", adjustable="datalim")
    panel.tick_params(labelsize="x-small")
    panel.grid(alpha=0.3)


def _success(panel: Any, kind: Trial, trials: Sequence[Trial]) -> None:
    alike = [trial for trial in trials if (trial.planner, trial.reward) == (kind.planner, kind.reward)]
    for seed in dict.fromkeys(trial.seed for trial in alike):
        line = sorted((trial.every, trial.figures["success"]) for trial in alike if trial.seed == seed)
        panel.plot(*zip(*line, strict=True), "o-", markersize=4, label=f"seed {seed}")
    panel.set_title(f"{kind.planner}: success against steps between plans", fontsize="small")
    panel.set(xscale="log", ylim=(-0.03, 1.03))
    ticks = sorted({trial.every for trial in alike})
    panel.set_xticks(ticks, [str(tick) for tick in ticks], fontsize="x-small")
    panel.minorticks_off()
    panel.grid(alpha=0.3)
    panel.legend(fontsize="x-small")
