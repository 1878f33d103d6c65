"""Training as a whole, on the tiny env: same seed same numbers, resuming, run folders, and what a user gets wrong."""

import csv
import dataclasses
import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save

from solutions import train as training
from solutions.kit import checkpoint
from solutions.kit.checkpoint import load_checkpoint, save_checkpoint, write_whole
from solutions.kit.cli import training_config
from solutions.kit.console import UserError
from solutions.kit.ranges import METHODS
from solutions.kit.recipes import default_config
from solutions.train import train

ROOT = Path(__file__).parents[2]


def config(out: Path, **changes):
    short = {"total_steps": 640, "eval_every": 320, "eval_episodes": 16, "hidden": (16,), "batch_size": 32,
             "model_hidden": (16,), "rollouts_per_step": 1.0, "model_every": 160}  # fmt: skip
    return dataclasses.replace(default_config("tiny"), out=out, **(short | changes))


def progress(folder: Path) -> list[dict]:
    with (folder / "progress.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [{key: value for key, value in row.items() if key != "train_seconds"} for row in rows]


def command(*arguments: str, module: str = "solutions.train") -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", module, *arguments]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_numbers(tmp_path, method):
    train(config(tmp_path / "a", method=method))
    train(config(tmp_path / "b", method=method))
    train(config(tmp_path / "c", method=method, seed=1))
    assert progress(tmp_path / "a") == progress(tmp_path / "b") != progress(tmp_path / "c")
    names = {"config.json", "progress.csv", "weights.safetensors", "curve.png", "summary.json", "tensorboard"}
    assert {path.name for path in (tmp_path / "a").iterdir()} == names


@pytest.mark.parametrize("method", METHODS)
def test_a_resumed_run_goes_on_as_if_it_had_never_stopped(tmp_path, method, monkeypatch):
    changes = {"method": method, "averaging": 0.1, "eval_every": 160, "model_every": 400}
    whole, broken = (config(tmp_path / name, **changes) for name in ("whole", "broken"))
    train(whole)
    rounds, real_round = [], training.train_round

    def interrupted_round(run):
        rounds.append(run)
        if len(rounds) == 2:
            os.kill(
                os.getpid(), signal.SIGINT
            )  # Ctrl-C in the middle of a round: the round is finished first
        return real_round(run)

    monkeypatch.setattr(training, "train_round", interrupted_round)
    with pytest.raises(KeyboardInterrupt, match="--resume goes on from step 320"):
        train(broken)
    monkeypatch.setattr(training, "train_round", real_round)
    train(dataclasses.replace(broken, resume=True))

    assert progress(tmp_path / "broken") == progress(tmp_path / "whole")
    ends = [load_file(tmp_path / name / "weights.safetensors") for name in ("whole", "broken")]
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_the_learning_rate_falls_over_the_share_that_anneals(tmp_path):
    annealing = config(tmp_path, anneal=0.5, lr=0.01, total_steps=640)
    assert [annealing.learning_rate(steps) for steps in (0, 320)] == [0.01, 0.01]
    assert annealing.learning_rate(480) == pytest.approx(0.0055)
    assert annealing.learning_rate(650) == pytest.approx(0.001)
    assert {config(tmp_path, lr=0.01, total_steps=640).learning_rate(steps) for steps in (10, 700)} == {0.01}

    run = training.Run(annealing)
    run.counters["env_steps"] = 480
    training.train_round(run)
    optimizers = run.agent.actor_optimizer, run.agent.critic_optimizer
    expected = annealing.learning_rate(run.counters["env_steps"])
    assert expected < 0.0055 and [o.param_groups[0]["lr"] for o in optimizers] == [expected] * 2
    training.train_round(run)
    for optimizer in (run.agent.actor_optimizer, run.agent.critic_optimizer):
        assert [group["lr"] for group in optimizer.param_groups] == [pytest.approx(0.001)]


def test_rollouts_that_do_not_fit_into_the_model_buffer_are_refused_before_there_is_a_folder(tmp_path):
    full = config(tmp_path / "a", method="mbpo", start_mode="initial", rollout_mode="full", model_buffer=1000)
    with pytest.raises(UserError, match="lower rollouts_per_step or raise model_buffer"):
        train(full)
    assert not list(tmp_path.iterdir())
    dataclasses.replace(full, rollouts_per_step=0.02).check()
    dataclasses.replace(full, method="her").check()  # nothing is imagined


def test_goals_moved_a_little_come_with_their_own_rewards(tmp_path):
    run = training.Run(config(tmp_path, nearby_fraction=0.5))
    training.train_round(run)
    threshold, rng = run.env.task_spec.distance_threshold, np.random.default_rng(0)
    drawn = run.buffer.sample_steps(1000, rng)
    moved = training.relabelled_batch(run, *drawn)
    distance = np.linalg.norm(moved["next_achieved"] - moved["goals"], axis=1)
    assert np.array_equal(moved["rewards"], -(distance > threshold).astype(np.float32))
    missed = training.relabelled_batch(run, *drawn)["rewards"].mean()
    run.config = dataclasses.replace(run.config, nearby_fraction=0.0)
    assert missed < training.relabelled_batch(run, *drawn)["rewards"].mean() - 0.05


def one_moved_in_ten(run) -> np.ndarray:
    """Fill the buffer with 20 episodes, each number of episode i is i; in two the achieved goal moved: which (2,)."""
    moved, buffer = np.array([3, 17]), run.buffer
    for key in ("obs", "actions", "rewards", "desired", "achieved"):
        shape = getattr(buffer, key).shape[1:]
        data = np.ones((20, *shape), np.float32) * np.arange(20).reshape(-1, *[1] * len(shape))
        if key == "achieved":
            data[moved, 5:] += 0.5
        getattr(buffer, key)[:20] = data
    buffer.worth[moved], buffer.size = 1.0, 20
    return moved


def test_hindsight_goals_come_from_episodes_that_moved_and_kept_goals_from_all_alike(tmp_path):
    run = training.Run(config(tmp_path, hindsight_moved=0.9, batch_size=8000))
    moved = one_moved_in_ten(run)
    run.buffer.desired[:20] += 100.0  # no achieved goal is a wanted one
    batch = training.draw_batch(run)
    episodes, kept = batch["obs"][:, 0].astype(int), batch["goals"][:, 0] >= 100
    assert kept.mean() == pytest.approx(1 - run.config.relabel_fraction, abs=0.02)
    assert np.isin(episodes[~kept], moved).mean() == pytest.approx(0.9 + 0.1 * 2 / 20, abs=0.02)
    assert np.isin(episodes[kept], moved).mean() == pytest.approx(2 / 20, abs=0.03)
    assert np.array_equal(batch["goals"][kept, 0], episodes[kept] + 100)  # each row is of one episode
    assert np.array_equal(batch["actions"][:, 0], episodes)
    assert np.array_equal(batch["rewards"][kept], episodes[kept])
    assert set(batch["rewards"][~kept]) == {-1.0, 0.0}


def test_where_hindsight_goals_come_from_changes_nothing_for_ddpg(tmp_path):
    batches = []
    for share in (0.0, 0.9):
        run = training.Run(config(tmp_path, method="ddpg", hindsight_moved=share))
        one_moved_in_ten(run)
        batches.append([training.draw_batch(run) for _ in range(3)])
    for without, with_share in zip(*batches, strict=True):
        assert all(np.array_equal(without[key], with_share[key]) for key in without)


def test_a_finished_run_is_not_overwritten(tmp_path):
    train(config(tmp_path / "run"))
    before = (tmp_path / "run" / "weights.safetensors").read_bytes()
    for resume in (False, True):
        with pytest.raises(UserError, match="holds a finished run"):
            train(config(tmp_path / "run", seed=5, resume=resume))
    assert (tmp_path / "run" / "weights.safetensors").read_bytes() == before


def test_an_unfinished_run_is_neither_overwritten_nor_resumed_with_other_settings(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "evaluate", lambda *args: os.kill(os.getpid(), signal.SIGINT) or {"success": 0.0,
                        "return": 0.0, "started_solved": 0.0})  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        train(config(tmp_path / "run"))
    with pytest.raises(UserError, match="holds an unfinished run"):
        train(config(tmp_path / "run"))
    with pytest.raises(
        UserError, match=r"cannot be resumed with other settings: lr was 0\.001 and is now 0\.5"
    ):
        train(config(tmp_path / "run", resume=True, lr=0.5))
    checkpoint, settings = tmp_path / "run/checkpoint.pt", tmp_path / "run/config.json"
    torch.save([1, 2], checkpoint)
    with pytest.raises(UserError, match="is no checkpoint of this run"):
        train(config(tmp_path / "run", resume=True))
    checkpoint.write_bytes(b"no checkpoint at all")
    with pytest.raises(UserError, match="is damaged, so nothing can go on from it"):
        train(config(tmp_path / "run", resume=True))
    for damaged in ("", "env_steps,success\n160,0.5\n"):
        (tmp_path / "run/progress.csv").write_text(damaged)
        with pytest.raises(UserError, match=r"progress.csv is missing or damaged: delete the folder"):
            train(config(tmp_path / "run", resume=True))
    for damaged in ("{", "3"):
        settings.write_text(damaged)
        with pytest.raises(UserError, match=r"config.json is missing or damaged: delete the folder"):
            train(config(tmp_path / "run", resume=True))
    with pytest.raises(UserError, match="holds no checkpoint to resume from"):
        train(config(tmp_path / "nothing", resume=True))


def test_a_run_interrupted_before_its_first_evaluation_goes_on(tmp_path, monkeypatch):
    settings = {"eval_every": 10_000}
    wanted = train(config(tmp_path / "whole", **settings))
    once = training.train_round

    def interrupted_round(run):
        monkeypatch.setattr(training, "train_round", once)
        os.kill(os.getpid(), signal.SIGINT)
        return once(run)

    monkeypatch.setattr(training, "train_round", interrupted_round)
    with pytest.raises(KeyboardInterrupt, match="stopped and saved"):
        train(config(tmp_path / "run", **settings))
    with pytest.raises(UserError, match="holds an unfinished run"):
        train(config(tmp_path / "run", **settings))
    row = train(config(tmp_path / "run", resume=True, **settings))
    assert row | {"train_seconds": 0} == wanted | {"train_seconds": 0}


def test_a_run_that_stopped_before_its_first_checkpoint_starts_anew(tmp_path):
    run = tmp_path / "run"
    (run / "tensorboard").mkdir(parents=True)
    (run / "tensorboard" / "old").touch()
    (run / "progress.csv").write_text("env_steps,success\n160,0.5\n")
    train(config(run))
    assert [row["env_steps"] for row in progress(run)] == ["320", "640"]
    assert not (run / "tensorboard" / "old").exists()


def test_a_full_disk_is_one_sentence_and_what_was_saved_stays_whole(tmp_path, monkeypatch, capsys):
    run = tmp_path / "run"
    run.mkdir()
    (run / "weights.safetensors").write_bytes(b"the weights saved before")
    real_replace = os.replace

    def full(source, target):
        if str(target).endswith(".safetensors"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        real_replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(SystemExit) as exit_:
        training.run_command(lambda: train(config(run)))
    assert exit_.value.code == 1
    message = capsys.readouterr().err
    assert "No space left on device" in message and message.count("\n") == 1
    assert (run / "weights.safetensors").read_bytes() == b"the weights saved before"
    assert not list(run.glob("*.part"))


@pytest.mark.parametrize("kind", ["weights", "checkpoint"])
def test_a_disk_that_fills_up_while_writing_is_an_oserror(tmp_path, kind):
    resource = pytest.importorskip("resource")  # POSIX only
    target, large = tmp_path / "file", {"a": np.zeros(100_000)}
    target.write_text("from before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OSError):
            if kind == "checkpoint":
                save_checkpoint(target, {"things": large})
            else:
                write_whole(target, lambda path: path.write_bytes(save({"a": torch.zeros(100_000)})))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert target.read_text() == "from before" and [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_bug_while_saving_or_restoring_is_no_mistake_of_the_users(tmp_path, monkeypatch):
    def bug(*args):
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match=r"^a bug$"):
        write_whole(tmp_path / "file", bug)
    things = {"counters": {"env_steps": 3}, "net": torch.nn.Linear(2, 2)}
    save_checkpoint(tmp_path / "file", things)
    load_checkpoint(tmp_path / "file", things)
    monkeypatch.setattr(checkpoint, "restore", bug)
    with pytest.raises(RuntimeError, match=r"^a bug$"):
        load_checkpoint(tmp_path / "file", things)


def test_a_checkpoint_that_does_not_fit_the_code_says_so(tmp_path):
    path = tmp_path / "file"
    save_checkpoint(path, {"net": torch.nn.Linear(2, 2), "list": [1, 2]})
    for things in (
        {"net": torch.nn.Linear(3, 2), "list": [1, 2]},
        {"net": torch.nn.Linear(2, 2), "list": [1]},
        {"net": torch.nn.Linear(2, 2), "list": [1, 2], "more": 1},
        {"net": np.random.default_rng(0), "list": [1, 2]},
    ):
        with pytest.raises(UserError, match="is no checkpoint of this run as the code is now") as raised:
            load_checkpoint(path, things)
        assert str(raised.value).count("\n") == 0
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="is damaged"):
        load_checkpoint(path, {})
    with pytest.raises(IsADirectoryError):  # no reason to delete anything
        load_checkpoint(tmp_path, {})


def spoil(monkeypatch, what: str, at_update: int, value: float = float("nan")) -> None:
    """From that update on, something is `value` now and then."""
    real, updates = training.Agent.update, []

    def update(agent, batch):
        updates.append(len(updates))
        losses = real(agent, batch)
        if len(updates) == at_update:
            if what == "a weight":
                agent.actor.net[0].weight.data[0, 0] = value
            elif what == "an exception":
                raise IndexError("of the student's own")
            else:
                losses[what] = value
        return losses

    monkeypatch.setattr(training.Agent, "update", update)


@pytest.mark.parametrize(
    ("what", "at_update", "value", "sentence"),
    [
        (
            "critic_loss",
            100,
            np.nan,
            "after env step 320 and update 99, critic_loss became NaN: look at the critic (3b)",
        ),
        (
            "actor_loss",
            100,
            -np.inf,
            "after env step 320 and update 99, actor_loss became infinite: look at the actor (3a)",
        ),
        (
            "a weight",
            160,
            np.nan,
            "after env step 320 and update 160, weights of the actor became NaN: look at",
        ),
        (
            "target_mean",
            3,
            np.nan,
            "after env step 160 and update 2, target_mean became NaN: look at the targets (3c)",
        ),
    ],
)
def test_numbers_that_are_not_finite_are_one_sentence_and_the_run_can_be_resumed(
    tmp_path, monkeypatch, capsys, what, at_update, value, sentence
):
    wanted = train(config(tmp_path / "whole"))
    with monkeypatch.context() as spoilt, pytest.raises(SystemExit) as ended:
        spoil(spoilt, what, at_update, value)
        training.run_command(lambda: train(config(tmp_path / "run")))
    said = capsys.readouterr().err
    assert ended.value.code == 1 and said.startswith(sentence) and said.count("\n") == 1
    assert said.endswith("; the state before that is saved, and --resume goes on from there\n")
    weights = load_file(tmp_path / "run" / "weights.safetensors")
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())
    row = train(config(tmp_path / "run", resume=True))
    assert row | {"train_seconds": 0} == wanted | {"train_seconds": 0}


@pytest.mark.parametrize(
    ("name", "spoilt", "method", "sentence"),
    [
        ("new_rewards", lambda *args: np.full(len(args[0]), np.nan), "mbpo", "rewards of a batch became NaN"),
        ("explore", lambda actions, *args: actions * np.nan, "her", "actions of a batch became NaN"),
    ],
)
def test_what_a_hole_returns_is_named_if_it_is_not_finite(
    tmp_path, monkeypatch, name, spoilt, method, sentence
):
    monkeypatch.setattr(training, name, spoilt)
    with pytest.raises(UserError, match=sentence):
        train(config(tmp_path / "run", method=method))
    assert (tmp_path / "run" / "checkpoint.pt").exists()


def test_an_exception_of_the_students_own_keeps_its_traceback_and_the_run(tmp_path, monkeypatch):
    wanted = train(config(tmp_path / "whole"))
    with monkeypatch.context() as spoilt, pytest.raises(IndexError, match="of the student's own") as raised:
        spoil(spoilt, "an exception", 100)
        training.run_command(lambda: train(config(tmp_path / "run")))
    assert raised.value.__notes__ == ["the state before that is saved, and --resume goes on from there"]
    assert (tmp_path / "run" / "curve.png").exists()
    row = train(config(tmp_path / "run", resume=True))
    assert row | {"train_seconds": 0} == wanted | {"train_seconds": 0}


def test_an_exception_in_the_first_round_leaves_nothing_to_resume(tmp_path, monkeypatch):
    with monkeypatch.context() as spoilt, pytest.raises(IndexError):
        spoil(spoilt, "an exception", 1)
        train(config(tmp_path / "run"))
    train(config(tmp_path / "run"))  # as it is repaired: no run is in the way


def test_stop_at_ends_early(tmp_path):
    train(config(tmp_path / "run", stop_at=0.0))
    assert len(progress(tmp_path / "run")) == 1


def test_training_also_runs_off_the_main_thread(tmp_path):
    thread = threading.Thread(target=train, args=[config(tmp_path / "run", total_steps=160)])
    thread.start()
    thread.join()
    assert (tmp_path / "run" / "summary.json").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--task", "walk"], "unknown task 'walk': choose one of tiny, reach, push, slide, pick_and_place"),
        (["--method", "ppo"], "unknown method 'ppo': choose one of ddpg, her, mbpo"),
        (["--discount", "1"], "discount must lie in [0, 1), but is 1.0"),
        (["--total-steps", "0"], "total_steps must be at least 1, but is 0"),
        (["--lr", "inf"], "lr must be a finite number, but is inf"),
        (["--seed", str(2**64)], f"seed must lie in [0, 2^32), but is {2**64}"),
        (["--stop-at", "95"], "stop_at must lie in [0, 1], but is 95.0"),
        (
            ["--buffer-episodes", "2"],
            "buffer_episodes must be at least num_envs and warmup_episodes, but is 2",
        ),
        (
            ["--method", "mbpo", "--rollouts-per-step", "0"],
            "a round imagines nothing: raise rollouts_per_step",
        ),
        (["--noise-std", "-1"], "noise_std must not be negative, but is -1.0"),
        (["--guide", "poke"], "reach has no object to guide to: leave guide at none"),
        (["--task", "tiny", "--mirror", "x"], "tiny has no mirror: leave mirror empty"),
        (["--mirror", "z"], "unknown mirror 'z': choose one of '', x, y, xy"),
        (
            ["--seed", "100"],
            "seed 100 would train on the episodes that play judges by: choose another",
        ),
        (["--strategy", "best"], "unknown strategy 'best': choose one of final, future, episode, random"),
    ],
)
def test_a_wrong_setting_is_one_sentence(arguments, sentence):
    with pytest.raises(UserError) as error:
        training_config(arguments)
    assert str(error.value) == sentence


@pytest.mark.slow
def test_the_command_lines_speak_plainly(tmp_path):
    unknown = command("--task", "walk")
    assert (unknown.returncode, unknown.stderr.count("\n")) == (
        1,
        1,
    ) and "unknown task 'walk'" in unknown.stderr
    nothing = command(
        "--task", "reach", "--weights", str(tmp_path / "no.safetensors"), module="solutions.play"
    )
    assert nothing.returncode == 1 and nothing.stderr.startswith("there is no weights file")
    open_hole = command("--task", "tiny", "--out", str(tmp_path / "hw"), module="hw.train")
    assert open_hole.returncode == 1 and open_hole.stderr.startswith("a hole is still open: TODO(")
