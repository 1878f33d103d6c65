"""A run's folder: config.json, progress.csv, TensorBoard events, weights, checkpoint, curve.png, summary.json."""

import csv
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from envs.errors import UserMistake
from envs.typed import option

from .config import TrainConfig
from .curves import draw_run
from .files import write_json, write_whole
from .places import CHECKPOINT, SUMMARY, claim

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

COLUMNS = ("env_steps", "updates", "train_seconds", "success", "return", "started_solved",
           "critic_loss", "actor_loss", "target_mean", "model_loss", "model_epochs", "changed_rewards")  # fmt: skip
REQUIRED = COLUMNS[:6]


def _number(text: str) -> int | float:
    return int(text) if text.isdigit() else float(text)


def read_progress(path: Path) -> list[dict]:
    """The lines of a progress.csv, as numbers, without their empty fields. Raises: UserMistake if the file is none."""
    with path.open(newline="", encoding="utf-8") as file, _sentence_where_damaged(path):
        lines = csv.DictReader(file)
        if not set(REQUIRED) <= set(lines.fieldnames or ()):
            raise ValueError("not its columns")
        rows = [{key: _number(value) for key, value in row.items() if value} for row in lines]
        return [row | {key: row[key] for key in REQUIRED} for row in rows]


def read_settings(folder: Path) -> dict:
    """The config of the run in that folder. Raises: UserMistake if there is none."""
    path = folder / "config.json"
    with _sentence_where_damaged(path):
        return dict(json.loads(path.read_text(encoding="utf-8")))


@contextmanager
def _sentence_where_damaged(path: Path) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserMistake(f"{path} is missing or damaged: delete the folder to start anew") from error


def changed_settings(folder: Path, config: dict) -> str:
    """How config.json differs from `config` in what the numbers depend on: "lr was 0.1 and is now 0.5"; or "".

    A setting that is younger than the run was then what it is by default, whatever the task.
    """
    saved = {field.name: field.default for field in fields(TrainConfig)} | read_settings(folder)
    free = {"resume", "out", "stop_at", "save_seconds", "cores"}
    wanted = json.loads(json.dumps(config))
    changed = [key for key in wanted if key not in free and saved.get(key) != wanted[key]]
    return ", ".join(f"{key} was {saved.get(key)} and is now {wanted[key]}" for key in changed)


class RunFolder:
    """The folder of one run, which holds it while it trains: `with RunFolder(…) as folder`.

    It overwrites neither a finished run nor an unfinished one, which can be resumed. A run that stopped before its
    first checkpoint left nothing to go on from: it starts anew.

    Raises: UserMistake if the folder cannot be used.
    """

    def __init__(self, folder: Path, config: dict, title: str, resume: bool):
        self.folder, self.config, self.title = folder, config, title
        self.weights, self.checkpoint = folder / "weights.safetensors", folder / CHECKPOINT
        self.progress, self.summary = folder / "progress.csv", folder / SUMMARY
        self.curve = folder / "curve.png"
        if resume and not self.checkpoint.exists() and not self.summary.exists():
            raise UserMistake(f"{folder} holds no checkpoint to resume from")
        self._lock = claim(folder)
        try:
            self._prepare(resume)
        except BaseException:
            self._lock.release()
            raise

    def _prepare(self, resume: bool) -> None:
        folder, config = self.folder, self.config
        finished = self.summary.exists()
        if finished or (not resume and self.checkpoint.exists()):
            what = (
                "a finished run" if finished else f"an unfinished run: go on with it ({option('resume')}), or"
            )
            raise UserMistake(
                f"{folder} holds {what}{':' if finished else ''} choose another folder ({option('out', '…')}); "
                "without that word each training gets a folder of its own"
            )
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

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *error: object) -> None:
        if self._writer is not None:
            self._writer.close()
        self._lock.release()
        if self.summary.exists():  # nobody may write here any more, with or without a lock
            with suppress(OSError):
                Path(self._lock.lock_file).unlink(missing_ok=True)

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
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, COLUMNS, restval="")
                writer.writeheader()
                writer.writerows(self.rows)

        write_whole(self.progress, write)

    def keep_rows_until(self, env_steps: int) -> None:
        """Forget lines that were logged after the checkpoint a run resumes from."""
        self.rows = [row for row in self.rows if row["env_steps"] <= env_steps]
        self.write_progress()

    def finish(self, summary: dict) -> None:
        """Draw the curve. The summary marks the run as finished, and the checkpoint goes."""
        self.draw_curve()
        write_json(self.summary, summary)
        self.checkpoint.unlink(missing_ok=True)

    def draw_curve(self) -> None:
        """curve.png, of the evaluations so far."""
        draw_run(self.curve, self.title, self.rows)
