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

from envs.errors import UserMistake
from solutions import train as training
from solutions.kit.checkpoint import load_checkpoint, save_checkpoint
from solutions.kit.cli import training_config
from solutions.kit.config import METHODS, TrainConfig
from solutions.kit.files import write_whole
from solutions.kit.recipes import TASK_DEFAULTS, default_config
from solutions.kit.schedules import learning_rate
from solutions.relabel import new_rewards
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
    changes = {"method": method, "actor_ema": 0.1, "eval_every": 160, "model_every": 400}
    whole, broken = (config(tmp_path / name, **changes) for name in ("whole", "broken"))
    train(whole)
    rounds, real_round = [], training.Run.train_round

    def interrupted_round(run):
        rounds.append(run)
        if len(rounds) == 2:
            # Ctrl-C in the middle of a round: the round is finished first.
            os.kill(os.getpid(), signal.SIGINT)
        return real_round(run)

    monkeypatch.setattr(training.Run, "train_round", interrupted_round)
    with pytest.raises(KeyboardInterrupt, match="--resume goes on from step 320"):
        train(broken)
    monkeypatch.setattr(training.Run, "train_round", real_round)
    train(dataclasses.replace(broken, resume=True))

    assert progress(tmp_path / "broken") == progress(tmp_path / "whole")
    ends = [load_file(tmp_path / name / "weights.safetensors") for name in ("whole", "broken")]
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_the_learning_rate_falls_over_the_share_that_anneals(tmp_path):
    annealing = config(tmp_path, anneal=0.5, lr=0.01, total_steps=640)
    assert [learning_rate(annealing, steps) for steps in (0, 320)] == [0.01, 0.01]
    assert learning_rate(annealing, 480) == pytest.approx(0.0055)
    assert learning_rate(annealing, 650) == pytest.approx(0.001)
    constant = config(tmp_path, lr=0.01, total_steps=640)
    assert {learning_rate(constant, steps) for steps in (10, 700)} == {0.01}

    run = training.Run(annealing)
    run.counters["env_steps"] = 480
    run.train_round()
    optimizers = run.agent.actor_optimizer, run.agent.critic_optimizer
    expected = learning_rate(annealing, run.counters["env_steps"])
    assert expected < 0.0055 and [o.param_groups[0]["lr"] for o in optimizers] == [expected] * 2
    run.train_round()
    for optimizer in (run.agent.actor_optimizer, run.agent.critic_optimizer):
        assert [group["lr"] for group in optimizer.param_groups] == [pytest.approx(0.001)]


def test_rollouts_that_do_not_fit_into_the_model_buffer_are_refused_before_there_is_a_folder(tmp_path):
    full = config(tmp_path / "a", method="mbpo", start_mode="initial", rollout_mode="full", model_buffer=1000)
    with pytest.raises(UserMistake, match="lower rollouts_per_step or raise model_buffer"):
        train(full)
    assert not list(tmp_path.iterdir())
    dataclasses.replace(full, rollouts_per_step=0.02).check()
    dataclasses.replace(full, method="her").check()  # nothing is imagined


class CountedRewards:
    """Part 4's new_rewards, with the number of rows that each call computed."""

    def __init__(self):
        self.rows = []

    def __call__(self, next_achieved, goals, threshold, reward="sparse"):
        self.rows.append(len(goals))
        return new_rewards(next_achieved, goals, threshold, reward)


@pytest.mark.parametrize("task", ["push", "reach"])
def test_a_translation_invariant_policy_acts_alike_anywhere_on_the_table(tmp_path, task):
    def actions_at(invariant: bool) -> tuple[np.ndarray, np.ndarray]:
        """Of one round of episodes: here, and with hand, object and goal 5 cm and -10 cm away."""
        made = config(tmp_path, task=task, num_envs=2, warmup_episodes=2, translation_invariant=invariant)
        run = training.Run(made)
        run.train_round()
        obs, goals = run.buffer.obs[:2, 10].copy(), run.buffer.desired[:2] + np.float32([0.1, 0.1, 0.1])
        here = run.agent.act(obs, goals)
        for start in run.spec.layout.positions:
            obs[:, start : start + 2] += np.float32([0.05, -0.1])
        return here, run.agent.act(obs, goals + np.float32([0.05, -0.1, 0.0]))

    here, there = actions_at(True)
    assert np.allclose(here, there, atol=1e-3)
    here, there = actions_at(False)
    assert not np.allclose(here, there, atol=1e-2)


def test_jittered_goals_come_with_their_own_rewards(tmp_path):
    run = training.Run(config(tmp_path, jitter_fraction=0.5, batch_size=2000))
    run.train_round()
    batch = run.batches.draw()
    distance = np.linalg.norm(batch["next_achieved"] - batch["goals"], axis=1)
    assert np.array_equal(batch["rewards"], -(distance > run.spec.distance_threshold).astype(np.float32))
    plain = training.Run(config(tmp_path, batch_size=2000))
    plain.train_round()
    assert batch["rewards"].mean() < plain.batches.draw()["rewards"].mean() - 0.05


def test_the_rewards_of_a_batch_are_computed_once_after_its_goals(tmp_path, monkeypatch):
    run = training.Run(config(tmp_path, jitter_fraction=0.5, hindsight_moved=0.5, moved_fraction=0.5))
    fill(run.buffer)
    monkeypatch.setattr("solutions.relabel.new_rewards", counted := CountedRewards())
    run.batches.draw()
    assert counted.rows == [run.config.batch_size]


def test_part_4_is_what_relabels(tmp_path, monkeypatch):
    def all_zero(batch, *where, **how):
        return {**batch, "goals": 0 * batch["goals"], "rewards": 0 * batch["rewards"]}

    run = training.Run(config(tmp_path))
    fill(run.buffer)
    monkeypatch.setattr("solutions.batches.relabel", all_zero)
    batch = run.batches.draw()
    assert not batch["goals"].any() and not batch["rewards"].any() and batch["obs"].any()


MOVED = (3, 17)


def fill(buffer) -> None:
    """20 episodes: each number of episode i is i, in two the achieved goal moved, no goal that was wanted was met."""
    spec, label = buffer.spec, np.arange(20, dtype=np.float32)
    steps, dims = (
        spec.episode_length,
        {"obs": spec.obs_dim, "achieved": spec.goal_dim, "actions": spec.action_dim},
    )
    shapes = {key: (steps + (key != "actions"), dim) for key, dim in dims.items()}
    shapes |= {"desired": (spec.goal_dim,), "rewards": (steps,), "masks": (steps,)}
    data = {key: np.ones((20, *shape), np.float32) for key, shape in shapes.items()}
    for key, values in data.items():
        if key != "masks":
            values *= label.reshape(-1, *[1] * (values.ndim - 1))
    data["desired"] += 100.0
    data["achieved"][list(MOVED), 5:] += 0.5
    buffer.add(data)


def test_hindsight_goals_come_from_episodes_that_moved_and_kept_goals_from_all_alike(tmp_path):
    run = training.Run(config(tmp_path, hindsight_moved=0.9, batch_size=8000))
    fill(run.buffer)
    batch = run.batches.draw()
    episodes, kept = batch["obs"][:, 0].astype(int), batch["goals"][:, 0] >= 100
    assert kept.mean() == pytest.approx(1 - run.config.relabel_fraction, abs=0.02)
    assert np.isin(episodes[~kept], MOVED).mean() == pytest.approx(0.9 + 0.1 * 2 / 20, abs=0.02)
    assert np.isin(episodes[kept], MOVED).mean() == pytest.approx(2 / 20, abs=0.03)
    assert np.array_equal(batch["goals"][kept, 0], episodes[kept] + 100)  # each row is of one episode
    assert np.array_equal(batch["actions"][:, 0], episodes)
    assert set(batch["rewards"][kept]) == {-1.0} and set(batch["rewards"][~kept]) == {-1.0, 0.0}


def test_where_hindsight_goals_come_from_changes_nothing_for_ddpg(tmp_path):
    batches = []
    for share in (0.0, 0.9):
        run = training.Run(config(tmp_path, method="ddpg", hindsight_moved=share))
        fill(run.buffer)
        batches.append([run.batches.draw() for _ in range(3)])
    for without, with_share in zip(*batches, strict=True):
        assert all(np.array_equal(without[key], with_share[key]) for key in without)


def test_a_finished_run_is_not_overwritten(tmp_path):
    train(config(tmp_path / "run"))
    before = (tmp_path / "run" / "weights.safetensors").read_bytes()
    for resume in (False, True):
        with pytest.raises(UserMistake, match="holds a finished run"):
            train(config(tmp_path / "run", seed=5, resume=resume))
    assert (tmp_path / "run" / "weights.safetensors").read_bytes() == before


def test_an_unfinished_run_is_neither_overwritten_nor_resumed_with_other_settings(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "evaluate", lambda *args: os.kill(os.getpid(), signal.SIGINT) or {"success": 0.0,
                        "return": 0.0, "started_solved": 0.0})  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        train(config(tmp_path / "run"))
    with pytest.raises(UserMistake, match="holds an unfinished run"):
        train(config(tmp_path / "run"))
    with pytest.raises(
        UserMistake, match=r"cannot be resumed with other settings: lr was 0\.001 and is now 0\.5"
    ):
        train(config(tmp_path / "run", resume=True, lr=0.5))
    checkpoint, settings = tmp_path / "run/checkpoint.pt", tmp_path / "run/config.json"
    torch.save([1, 2], checkpoint)
    with pytest.raises(UserMistake, match="is no checkpoint of this run"):
        train(config(tmp_path / "run", resume=True))
    checkpoint.write_bytes(b"no checkpoint at all")
    with pytest.raises(UserMistake, match="is damaged, so nothing can go on from it"):
        train(config(tmp_path / "run", resume=True))
    for damaged in ("", "env_steps,success\n160,0.5\n"):
        (tmp_path / "run/progress.csv").write_text(damaged)
        with pytest.raises(UserMistake, match=r"progress.csv is missing or damaged: delete the folder"):
            train(config(tmp_path / "run", resume=True))
    for damaged in ("{", "3"):
        settings.write_text(damaged)
        with pytest.raises(UserMistake, match=r"config.json is missing or damaged: delete the folder"):
            train(config(tmp_path / "run", resume=True))
    with pytest.raises(UserMistake, match="holds no checkpoint to resume from"):
        train(config(tmp_path / "nothing", resume=True))


def test_a_run_interrupted_before_its_first_evaluation_goes_on(tmp_path, monkeypatch):
    settings = {"eval_every": 10_000}
    wanted = train(config(tmp_path / "whole", **settings))
    once = training.Run.train_round

    def interrupted_round(run):
        monkeypatch.setattr(training.Run, "train_round", once)
        os.kill(os.getpid(), signal.SIGINT)
        return once(run)

    monkeypatch.setattr(training.Run, "train_round", interrupted_round)
    with pytest.raises(KeyboardInterrupt, match="stopped and saved"):
        train(config(tmp_path / "run", **settings))
    with pytest.raises(UserMistake, match="holds an unfinished run"):
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
    assert exit_.value.code == 2
    message = capsys.readouterr().err
    assert "No space left on device" in message and message.count("\n") == 1
    assert (run / "weights.safetensors").read_bytes() == b"the weights saved before"
    assert not list(run.glob("*.part"))


@pytest.mark.parametrize("kind", ["weights", "checkpoint"])
def test_a_disk_that_fills_up_while_writing_is_an_oserror(tmp_path, kind):
    resource = pytest.importorskip("resource")  # POSIX only
    target, large = tmp_path / "file", torch.nn.Linear(1, 100_000)
    target.write_text("from before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OSError):
            if kind == "checkpoint":
                save_checkpoint(target, large)
            else:
                write_whole(target, lambda path: path.write_bytes(save({"a": torch.zeros(100_000)})))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert target.read_text() == "from before" and [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_bug_while_saving_is_no_mistake_of_the_users(tmp_path):
    def bug(*args):
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match=r"^a bug$"):
        write_whole(tmp_path / "file", bug)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "other",
    [{"hidden": (32,)}, {"task": "reach"}, {"num_envs": 4}, {"method": "mbpo", "model_hidden": (8,)}],
)
def test_a_checkpoint_that_does_not_fit_the_run_says_so(tmp_path, other):
    path = tmp_path / "file"
    run = training.Run(config(tmp_path, method="mbpo"))
    run.train_round()
    save_checkpoint(path, run)
    load_checkpoint(path, training.Run(config(tmp_path, method="mbpo")))
    with pytest.raises(UserMistake, match="is no checkpoint of this run as the code is now") as raised:
        load_checkpoint(path, training.Run(config(tmp_path, **other)))
    assert str(raised.value).count("\n") == 0


@pytest.mark.parametrize("state", [[1, 2], {}, {"agent": 3}])
def test_a_checkpoint_of_another_program_says_so(tmp_path, state):
    torch.save(state, tmp_path / "file")
    with pytest.raises(UserMistake, match="is no checkpoint of this run as the code is now"):
        load_checkpoint(tmp_path / "file", training.Run(config(tmp_path)))


def test_a_damaged_checkpoint_says_so_and_a_folder_is_none(tmp_path):
    path = tmp_path / "file"
    save_checkpoint(path, torch.nn.Linear(2, 2))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserMistake, match="is damaged"):
        load_checkpoint(path, torch.nn.Linear(2, 2))
    with pytest.raises(IsADirectoryError):  # no reason to delete anything
        load_checkpoint(tmp_path, torch.nn.Linear(2, 2))


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
    assert ended.value.code == 2 and said.startswith(sentence) and said.count("\n") == 1
    assert said.endswith("; the state before that is saved, and --resume goes on from there\n")
    weights = load_file(tmp_path / "run" / "weights.safetensors")
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())
    row = train(config(tmp_path / "run", resume=True))
    assert row | {"train_seconds": 0} == wanted | {"train_seconds": 0}


def nan_rewards(*args) -> np.ndarray:
    return np.full(len(args[0]), np.nan)


@pytest.mark.parametrize(
    ("name", "spoilt", "method", "sentence"),
    [
        ("solutions.rollouts.new_rewards", nan_rewards, "mbpo", "rewards of a batch became NaN"),
        ("solutions.relabel.new_rewards", nan_rewards, "her", "rewards of a batch became NaN"),
        (
            "solutions.train.explore",
            lambda actions, *args: actions * np.nan,
            "her",
            "actions of a batch became NaN",
        ),
    ],
)
def test_what_a_hole_returns_is_named_if_it_is_not_finite(
    tmp_path, monkeypatch, name, spoilt, method, sentence
):
    monkeypatch.setattr(name, spoilt)
    with pytest.raises(UserMistake, match=sentence):
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
        (["--discount", "1"], "discount must lie in [0, 1), but is 1.0"),
        (["--total-steps", "0"], "total_steps must be at least 1, but is 0"),
        (["--lr", "inf"], "lr must be a finite number, but is inf"),
        (["--seed", str(2**64)], f"seed must lie in [0, 2^32), but is {2**64}"),
        (["--stop-at", "95"], "stop_at must lie in [0, 1], but is 95.0"),
        (["--actor-ema", "0"], "actor_ema must lie in (0, 1], but is 0.0"),
        (["--hidden", "64", "0"], "hidden must have one or more layers of at least one unit, but is (64, 0)"),
        (
            ["--buffer-episodes", "2"],
            "buffer_episodes must be at least num_envs and warmup_episodes, but is 2",
        ),
        (
            ["--method", "mbpo", "--rollouts-per-step", "0"],
            "a round imagines nothing: raise rollouts_per_step",
        ),
        (["--noise-std", "-1"], "noise_std must not be negative, but is -1.0"),
        (["--scripted", "poke"], "reach has no object: leave scripted at none"),
        (["--skip-fallen"], "reach has no object: leave skip_fallen at False"),
        (["--task", "tiny", "--mirror", "x"], "tiny has no mirror image: leave mirror empty"),
        (
            ["--task", "slide", "--mirror", ""],
            "symmetrize needs a mirror, and mirror is empty: give it an axis, or leave symmetrize at False",
        ),
        (
            ["--task", "tiny", "--translation-invariant"],
            "tiny has no table: leave translation_invariant at False",
        ),
        (
            ["--seed", "100"],
            "seed 100 would train on the episodes that play judges by: choose another",
        ),
    ],
)
def test_a_wrong_setting_is_one_sentence(arguments, sentence):
    with pytest.raises(UserMistake) as error:
        training_config(arguments)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--task", "walk"], "--task must be one of tiny, reach, push, slide, pick_and_place, not 'walk'"),
        (["--method", "ppo"], "--method must be one of ddpg, her, mbpo, not 'ppo'"),
        (["--mirror", "z"], "--mirror must be one of '', x, y, xy, not 'z'"),
        (["--strategy", "best"], "--strategy must be one of final, future, episode, random, not 'best'"),
        (["--task"], "--task needs another value"),
    ],
)
def test_a_word_that_is_no_choice_is_one_sentence(arguments, sentence, capsys):
    with pytest.raises(SystemExit) as ended:
        training_config(arguments)
    said = capsys.readouterr().err
    assert ended.value.code == 2 and said.startswith(f"{sentence} (see ") and said.count("\n") == 1


def test_a_choice_is_also_checked_in_a_config_that_no_command_line_made():
    with pytest.raises(UserMistake, match="unknown method 'ppo': choose one of ddpg, her, mbpo"):
        TrainConfig(method="ppo").check()


@pytest.mark.parametrize("task", TASK_DEFAULTS)
def test_the_task_brings_its_own_defaults_wherever_it_is_named(task, capsys):
    wanted = dataclasses.replace(default_config(task), lr=0.5)
    for words in (["--task", task, "--lr", ".5"], ["--lr", ".5", f"--task={task}"]):
        assert training_config(words) == wanted
    with pytest.raises(SystemExit):
        training_config(["--task", task, "--help"])
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert f"(default: {wanted.total_steps})" in shown and f"(default: {wanted.scripted})" in shown


@pytest.mark.parametrize("task", TASK_DEFAULTS)
@pytest.mark.parametrize("method", METHODS)
def test_every_recipe_passes_its_own_rules(task, method):
    dataclasses.replace(default_config(task), method=method).check()


@pytest.mark.slow
def test_the_command_lines_speak_plainly(tmp_path):
    unknown = command("--seed", "100")
    assert (unknown.returncode, unknown.stderr.count("\n")) == (2, 1) and "choose another" in unknown.stderr
    nothing = command(
        "--task", "reach", "--weights", str(tmp_path / "no.safetensors"), module="solutions.play"
    )
    assert nothing.returncode == 2 and nothing.stderr.startswith("there is no weights file")
    open_hole = command("--task", "tiny", "--out", str(tmp_path / "hw"), module="hw.train")
    assert open_hole.returncode == 1 and open_hole.stderr.startswith("a hole is still open: TODO(")
