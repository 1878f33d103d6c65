"""Given: the batches of D_env. Puts Part 4 together with the buffer.

    indices of transitions  ->  the transitions  ->  relabel: goals, then their rewards  ->  a batch

Two things are not in the lecture, happen before the rewards are computed, and are off by default: rows that keep their
goal may come from other episodes than rows with a hindsight goal, and some goals get jitter.
"""

from dataclasses import dataclass

import numpy as np

from .kit.buffer import EpisodeBuffer
from .kit.config import TrainConfig
from .kit.jitter import jitter_goals
from .relabel import relabel

Indices = tuple[np.ndarray, np.ndarray]  # episodes (B,), steps (B,)


@dataclass
class Batches:
    """Draws batches of D_env as the method asks for them: dicts of arrays (B, …), as `EpisodeBuffer` gives them."""

    buffer: EpisodeBuffer
    config: TrainConfig
    choose: np.random.Generator  # which transitions
    goals: np.random.Generator  # their goals
    rows: int = 0  # drawn since the last look, and those of them whose reward relabeling changed
    changed: int = 0

    def draw(self) -> dict:
        """A batch to learn from; with hindsight goals unless the method is ddpg."""
        config = self.config
        usual = self._indices(config.moved_fraction)
        if config.method == "ddpg":
            self.rows += config.batch_size
            return self.buffer.transitions(*usual)
        if config.hindsight_moved == 0:
            return self.relabelled(usual)
        # From an episode in which nothing moved, hindsight learns a goal that was met before anything was done.
        return self.relabelled(self._indices(config.hindsight_moved, config.hindsight_lifted), kept=usual)

    def changed_rewards(self) -> dict[str, float]:
        """{"changed_rewards": the share of the rows since the last call whose reward relabeling changed}."""
        share = self.changed / self.rows if self.rows else 0.0
        self.rows = self.changed = 0
        return {"changed_rewards": share}

    def relabelled(self, indices: Indices, kept: Indices | None = None) -> dict:
        """The transitions at these indices, relabelled; those at `kept` replace the rows that keep their goal."""
        config, buffer, rng = self.config, self.buffer, self.goals
        batch = buffer.transitions(*indices)

        def adjust(new: dict) -> dict:
            if kept is not None:
                keeps_goal = (new["goals"] == buffer.desired[indices[0]]).all(axis=1)
                others = buffer.transitions(*kept)
                new = {key: _where(keeps_goal, others[key], values) for key, values in new.items()}
            if config.jitter_fraction > 0:
                wanted = buffer.desired[: len(buffer)]
                new = new | {"goals": jitter_goals(new["goals"], wanted, config.jitter_fraction, rng)}
            old.append(new["rewards"])
            return new

        old: list[np.ndarray] = []  # the rewards before they are computed anew
        batch = relabel(
            batch, buffer.achieved[: len(buffer)], *indices, strategy=config.strategy, fraction=config.relabel_fraction,
            threshold=buffer.spec.distance_threshold, reward=config.reward, rng=rng, adjust=adjust,
        )  # fmt: skip
        self.rows += len(batch["rewards"])
        self.changed += int(sum((rewards != batch["rewards"]).sum() for rewards in old))
        return batch

    def _indices(self, moved: float, lifted: float = 0.0) -> Indices:
        config = self.config
        return self.buffer.sample_steps(
            config.batch_size, self.choose, moved, config.deciding_fraction, lifted
        )


def _where(rows: np.ndarray, these: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whole rows (B, …): of `these` if rows (B,) is true, else of `others`."""
    return np.where(rows.reshape(-1, *[1] * (these.ndim - 1)), these, others)
