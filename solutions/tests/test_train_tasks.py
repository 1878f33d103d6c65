"""Many tasks by RL: labels and rewards of a batch, learning, resuming."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from envs.errors import UserMistake
from solutions.kit.task_buffer import TaskBuffer
from solutions.kit.task_config import TaskTrainConfig
from solutions.train_tasks import TaskRun, train_tasks

SHORT = TaskTrainConfig(tasks="ring", total_steps=640, hidden=(16,), eval_every=320, eval_episodes=8, cores=1)


def filled(**changes) -> TaskRun:
    """A run that has collected some episodes, and has not learned."""
    run = TaskRun(replace(SHORT, updates_per_step=1e-9, **changes))
    for _ in range(6):
        run.train_round()
    return run


def test_a_buffer_knows_the_reward_of_each_step_under_each_task():
    buffer, rng = TaskBuffer(5, steps=3, obs_dim=2, action_dim=1, num_tasks=4), np.random.default_rng(0)
    episodes = {
        "obs": rng.normal(size=(2, 4, 2)), "actions": rng.normal(size=(2, 3, 1)), "tasks": np.array([3, 1]),
        "rewards": -rng.integers(2, size=(2, 3, 4)),
    }  # fmt: skip
    buffer.add(episodes)
    assert len(buffer) == 2 and buffer.task_of_episode.tolist() == [3, 1]
    assert np.array_equal(buffer.returns, episodes["rewards"].sum(axis=1))
    buffer.add(episodes)
    with pytest.raises(ValueError, match="6 episodes do not fit into a buffer of 5"):
        buffer.add(episodes)
    other = TaskBuffer(5, 3, 2, 1, 4)
    other.load_state_dict(buffer.state_dict())
    assert len(other) == 4 and np.array_equal(other.obs[:4], buffer.obs[:4])


def labels_of(batch: dict) -> np.ndarray:
    """The one-hot z at the end of each state."""
    assert (
        np.array_equal(batch["obs"][:, 4:], batch["next_obs"][:, 4:])
        and (batch["obs"][:, 4:].sum(axis=1) == 1).all()
    )
    return batch["obs"][:, 4:].argmax(axis=1)


def test_the_reward_of_a_row_is_that_of_the_label_it_has_now():
    for relabel in ("none", "random", "best"):
        run = filled(relabel=relabel, batch_size=800)
        batch = run.batch()
        labels = labels_of(batch)
        wanted = run.tasks.rewards(batch["next_obs"][:, :4].astype(float))[np.arange(800), labels]
        assert (batch["rewards"] == wanted).mean() > 0.99  # float32 may round a state across a border
        assert (batch["masks"] == 1).all() and batch["goals"].shape == (800, 0)


def test_new_labels_are_any_or_those_of_the_highest_return_and_there_are_as_many_as_asked():
    every = filled(relabel="none", batch_size=800)
    assert np.bincount(labels_of(every.batch())).tolist() == [100] * 8
    best = filled(relabel="best", relabel_fraction=1.0, batch_size=800)
    assert (best.batch()["rewards"] == 0).mean() > 1.5 * (every.batch()["rewards"] == 0).mean()


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch):
    whole = replace(SHORT, out=tmp_path / "whole")
    train_tasks(whole)

    rounds = []
    train_round = TaskRun.train_round

    def stops(run):
        if len(rounds) == 2:
            raise KeyboardInterrupt
        rounds.append(1)
        train_round(run)

    stopped = replace(whole, out=tmp_path / "stopped", save_seconds=0.0)
    monkeypatch.setattr(TaskRun, "train_round", stops)
    with pytest.raises(KeyboardInterrupt):
        train_tasks(stopped)
    monkeypatch.setattr(TaskRun, "train_round", train_round)
    with pytest.raises(UserMistake, match="holds an unfinished run"):
        train_tasks(stopped)
    train_tasks(replace(stopped, resume=True))

    def figures(folder):
        with (folder / "progress.csv").open(newline="") as file:
            return [{k: v for k, v in row.items() if k != "train_seconds"} for row in csv.DictReader(file)]

    assert figures(whole.out) == figures(stopped.out)
    assert (whole.out / "weights.safetensors").read_bytes()[-500:] == (
        stopped.out / "weights.safetensors"
    ).read_bytes()[-500:]
    with pytest.raises(UserMistake, match="holds a finished run"):
        train_tasks(whole)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"relabel_fraction": 1.5}, "relabel_fraction must lie in"),
        ({"relabel": "worst"}, "unknown relabel 'worst'"),
        ({"seed": 100}, "would train on the episodes of judging"),
        ({"lr": float("nan")}, "lr must be a finite number"),
    ],
)
def test_values_that_make_no_sense_are_one_sentence(changes, sentence):
    with pytest.raises(UserMistake, match=sentence):
        replace(SHORT, **changes).check()
