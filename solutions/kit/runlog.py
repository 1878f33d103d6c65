"""A run's folder: config.json, progress.csv, TensorBoard events, weights, checkpoint, curve.png, summary.json."""

import csv
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from envs.errors import UserMistake

from .files import write_json, write_whole

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

COLUMNS = ("env_steps", "updates", "train_seconds", "success", "return", "started_solved",
           "critic_loss", "actor_loss", "target_mean", "model_loss", "model_epochs")  # fmt: skip
REQUIRED = COLUMNS[:6]


def _number(text: str) -> int | float:
    return int(text) if text.isdigit() else float(text)


def read_progress(path: Path) -> list[dict]:
    """The lines of a progress.csv, as numbers, without their empty fields. Raises: UserMistake if the file is none."""
    with path.open(newline="") as file, _sentence_where_damaged(path):
        lines = csv.DictReader(file)
        if not set(REQUIRED) <= set(lines.fieldnames or ()):
            raise ValueError("not its columns")
        rows = [{key: _number(value) for key, value in row.items() if value} for row in lines]
        return [row | {key: row[key] for key in REQUIRED} for row in rows]


def read_settings(folder: Path) -> dict:
    """The config of the run in that folder. Raises: UserMistake if there is none."""
    path = folder / "config.json"
    with _sentence_where_damaged(path):
        return dict(json.loads(path.read_text()))


@contextmanager
def _sentence_where_damaged(path: Path) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserMistake(f"{path} is missing or damaged: delete the folder to start anew") from error


def changed_settings(folder: Path, config: dict) -> str:
    """How config.json differs from `config` in what the numbers depend on: "lr was 0.1 and is now 0.5"; or ""."""
    saved = read_settings(folder)
    free = {"resume", "out", "stop_at", "save_seconds", "cores"}
    wanted = json.loads(json.dumps(config))
    changed = [key for key in wanted if key not in free and saved.get(key) != wanted[key]]
    return ", ".join(f"{key} was {saved.get(key)} and is now {wanted[key]}" for key in changed)


class RunFolder:
    """The folder of one run. It overwrites neither a finished run nor an unfinished one, which can be resumed.

    A run that stopped before its first checkpoint left nothing to go on from: it starts anew.

    Raises: UserMistake if the folder cannot be used.
    """

    def __init__(self, folder: Path, config: dict, title: str, resume: bool):
        self.folder, self.config, self.title = folder, config, title
        self.weights, self.checkpoint = folder / "weights.safetensors", folder / "checkpoint.pt"
        self.progress, self.summary = folder / "progress.csv", folder / "summary.json"
        if self.summary.exists():
            raise UserMistake(f"{folder} holds a finished run: choose another folder (OUT=…) or delete it")
        if resume and not self.checkpoint.exists():
            raise UserMistake(f"{folder} holds no checkpoint to resume from")
        if not resume and self.checkpoint.exists():
            raise UserMistake(
                f"{folder} holds an unfinished run: resume it (--resume), choose another folder or delete it"
            )
        folder.mkdir(parents=True, exist_ok=True)
        self.rows: list[dict] = []
        if resume:
            if changed := changed_settings(folder, config):
                raise UserMistake(f"{folder} cannot be resumed with other settings: {changed}")
            if self.progress.exists():  # else it was stopped before its first evaluation
                self.rows = read_progress(self.progress)
        else:
            self.progress.unlink(missing_ok=True)
            shutil.rmtree(folder / "tensorboard", ignore_errors=True)
            write_json(folder / "config.json", config)
        self._writer: SummaryWriter | None = None

    def log(self, figures: dict) -> dict:
        """Add one line to progress.csv, and the same figures to TensorBoard. Returns: the line."""
        from torch.utils.tensorboard import SummaryWriter  # its import takes a second

        row = {key: figures[key] for key in COLUMNS if key in figures}
        self.rows.append(row)
        self.write_progress()
        self._writer = self._writer or SummaryWriter(self.folder / "tensorboard")
        for key, value in row.items():
            if key != "env_steps":
                self._writer.add_scalar(key, value, int(row["env_steps"]))
        return row

    def write_progress(self) -> None:
        def write(path: Path) -> None:
            with path.open("w", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS, restval="")
                writer.writeheader()
                writer.writerows(self.rows)

        write_whole(self.progress, write)

    def keep_rows_until(self, env_steps: int) -> None:
        """Forget lines that were logged after the checkpoint a run resumes from."""
        self.rows = [row for row in self.rows if row["env_steps"] <= env_steps]
        self.write_progress()

    def finish(self, summary: dict) -> None:
        """Draw the curve and close the logs. The summary marks the run as finished, and the checkpoint goes."""
        self.draw_curve()
        if self._writer is not None:
            self._writer.close()
        write_json(self.summary, summary)
        self.checkpoint.unlink(missing_ok=True)

    def draw_curve(self) -> None:
        """curve.png: success over env steps, with the share of goals that are met before anything moves."""
        from matplotlib.figure import Figure  # no pyplot: it would pick a screen

        figure = Figure(figsize=(6, 3.6), layout="constrained")
        axes = figure.subplots()
        steps = [row["env_steps"] for row in self.rows]
        axes.plot(steps, [row["success"] for row in self.rows], marker=".", label="success")
        axes.plot(
            steps,
            [row["started_solved"] for row in self.rows],
            ":",
            color="gray",
            label="goals met at the start",
        )
        axes.set(
            xlabel="env steps", ylabel="share of evaluation episodes", ylim=(-0.03, 1.03), title=self.title
        )
        axes.legend(loc="lower right")
        axes.grid(alpha=0.3)
        write_whole(self.folder / "curve.png", lambda path: figure.savefig(path, format="png", dpi=120))


def draw_curves(path: Path, title: str, figures: list[dict]) -> None:
    """Success over env steps and over seconds of training: a line for each run, a colour for each method.

    figures: for each run a dict with "method" and "curve", rows of (env steps, updates, seconds, success).
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    methods = list(dict.fromkeys(run["method"] for run in figures))
    for run in figures:
        place = methods.index(run["method"])
        first = run is next(other for other in figures if other["method"] == run["method"])
        for axis, column in zip(axes, (0, 2), strict=True):
            axis.plot(
                [row[column] for row in run["curve"]],
                [row[3] for row in run["curve"]],
                color=f"C{place}",
                alpha=0.8,
                label=run["method"] if first else None,
            )
    axes[0].set(xlabel="env steps", ylabel="success", ylim=(-0.03, 1.03), title=title)
    axes[1].set(xlabel="seconds of training")
    for axis in axes:
        axis.grid(alpha=0.3)
        axis.locator_params(axis="x", nbins=6)  # six-digit numbers would run into each other
    axes[0].legend(loc="best")
    write_whole(path, lambda temporary: figure.savefig(temporary, format="png", dpi=120))
