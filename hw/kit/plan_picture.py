"""The picture of `plan`: where the hand went, seen from above, and what each plan had promised."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from envs import TaskSpec

from .files import write_whole

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
    actions: np.ndarray  # (T, N, A)
    promised: list[np.ndarray] = field(default_factory=list)  # of each plan (H+1, N, O): where it should have led
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"{self.reward}, {self.planner}, every {self.every}: {self.figures['success']:.0%}"


def draw(path: Path, spec: TaskSpec, trials: Sequence[Trial]) -> None:
    """A panel for each trial of the first seed; if `every` differs, success against it as well, a line a seed."""
    from matplotlib.figure import Figure

    first = [trial for trial in trials if trial.seed == trials[0].seed]
    against_every = len({trial.every for trial in trials}) > 1
    panels = len(first) + against_every
    columns = min(panels, 3)
    rows = -(-panels // columns)
    figure = Figure(figsize=(4.2 * columns, 4 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, trial in zip(axes, first, strict=False):
        _paths(panel, spec, trial)
    if against_every:
        _success(axes[len(first)], trials)
    for panel in axes[panels:]:
        panel.set_axis_off()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda temporary: figure.savefig(temporary, dpi=80, format="png"))


def _paths(panel: Any, spec: TaskSpec, trial: Trial) -> None:
    for n in range(min(SHOWN, trial.observed.shape[1])):
        hand = spec.gripper(trial.observed[:, n])
        panel.plot(-hand[:, 1], hand[:, 0], color=f"C{n}", label="what happened" if n == 0 else None)
        panel.plot(-hand[0, 1], hand[0, 0], "o", color=f"C{n}", markersize=4)
        for promised in trial.promised:
            place = spec.gripper(promised[:, n])
            panel.plot(-place[:, 1], place[:, 0], ":", color=f"C{n}", linewidth=1)
        if trial.reward in ("goal", "sparse"):
            panel.plot(-trial.goals[n, 1], trial.goals[n, 0], "*", color=f"C{n}", markersize=11)
        if spec.object is not None:
            thing = spec.achieved_goal(trial.observed[:, n])
            panel.plot(-thing[:, 1], thing[:, 0], "s-", color=f"C{n}", markersize=3, linewidth=1)
    panel.plot([], [], "k:", linewidth=1, label="what its plans had promised")
    panel.set(title=trial.title, xlabel="to the right", ylabel="away from the robot", aspect="equal")
    panel.grid(alpha=0.3)
    panel.legend(fontsize="x-small", loc="lower left")


def _success(panel: Any, trials: Sequence[Trial]) -> None:
    kinds = list(dict.fromkeys((trial.planner, trial.reward) for trial in trials))
    for color, kind in enumerate(kinds):
        for seed in dict.fromkeys(trial.seed for trial in trials):
            line = sorted(
                (t.every, t.figures["success"]) for t in trials if (t.planner, t.reward, t.seed) == (*kind, seed)
            )
            label = ", ".join(kind) if seed == trials[0].seed else None
            panel.plot(*zip(*line, strict=True), "o-", color=f"C{color}", label=label)
    panel.set(title="success", xlabel="steps between plans", xscale="log", ylim=(-0.03, 1.03))
    ticks = sorted({trial.every for trial in trials})
    panel.set_xticks(ticks, [str(tick) for tick in ticks])
    panel.minorticks_off()
    panel.grid(alpha=0.3)
    panel.legend(fontsize="small")
