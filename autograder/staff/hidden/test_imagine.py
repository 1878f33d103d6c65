"""Part 2, hidden checks: fresh random inputs against the reference, odd sizes, and how the draws are distributed.

Counts of random draws are judged by `expect_probability` and `expect_distribution`, each with a false-alarm
probability of at most 1e-7 a call; no check makes more than ten such calls, so below 1e-6 a check.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.checks.checking import (
    Rng,
    Student,
    expect,
    expect_array,
    expect_close,
    expect_distribution,
    expect_probability,
    expect_unchanged,
    subpart,
)
from autograder.grader.inside.given import GainPolicy, LinearModel
from solutions import imagine as reference


def fresh_seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


# --- 2a: start states ---


def judge_starts(answer: Any, num_episodes: int, length: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    expect(
        isinstance(answer, tuple | list) and len(answer) == 2, "`start_states` must return episodes and steps"
    )
    episodes = expect_array(answer[0], (count,), name="start_states (episodes)", kind="int")
    steps = expect_array(answer[1], (count,), name="start_states (steps)", kind="int")
    expect((episodes >= 0) & (episodes < num_episodes), "there are episodes outside 0 … num_episodes - 1")
    expect((steps >= 0) & (steps < length), "there are steps outside 0 … T - 1")
    return episodes, steps


@subpart("2a")
def test_starts_are_uniform(student: Student, fresh_rng: np.random.Generator) -> None:
    """Episodes and steps are uniform, each rollout independent of the one before it."""
    # with a common divisor, or i % num_episodes and i % T of one number i would be as good as two draws
    num_episodes, length = (int(x) for x in fresh_rng.choice([(3, 3), (3, 6), (4, 6), (6, 4), (5, 5)]))
    count, states = 4000, num_episodes * length
    for mode in ("initial", "all"):
        answer = student.imagine.start_states(mode, num_episodes, length, count, Rng(fresh_seed(fresh_rng)))
        episodes, steps = judge_starts(answer, num_episodes, length, count)
        expect(mode == "all" or not steps.any(), 'in mode "initial" every rollout starts at step 0')
        expect_distribution(
            episodes, np.full(num_episodes, 1 / num_episodes), "the episodes are not equally likely"
        )
        # Of independent uniform draws, each equals the one before it with probability 1/K, independently.
        same = int((episodes[1:] == episodes[:-1]).sum())
        expect_probability(same, count - 1, 1 / num_episodes, "the episodes are not drawn independently")
    index = episodes * length + steps  # of mode "all"
    sentence = "episode and step are not drawn independently of each other: some states come more often"
    expect_distribution(index, np.full(states, 1 / states), sentence)
    same = int((steps[1:] == steps[:-1]).sum())
    expect_probability(same, count - 1, 1 / length, "the steps are not drawn independently")


@subpart("2a")
def test_starts_of_any_size(student: Student, fresh_rng: np.random.Generator) -> None:
    """One episode or many, of one step or many, for one rollout or more than there are states."""
    for num_episodes, length, count in ((1, 1, 1), (1, 5, 4), (5, 1, 9), (3, 2, 50), (70, 50, 3)):
        for mode in ("initial", "all"):
            seed = fresh_seed(fresh_rng)
            answer = student.imagine.start_states(mode, num_episodes, length, count, Rng(seed))
            _, steps = judge_starts(answer, num_episodes, length, count)
            expect(mode == "all" or not steps.any(), 'in mode "initial" every rollout starts at step 0')


@subpart("2a")
def test_starts_may_repeat(student: Student, fresh_rng: np.random.Generator) -> None:
    """Draws are independent, so a state may come twice even where there are enough states for all."""
    rng = student.given.rng(fresh_seed(fresh_rng))
    for mode, num_episodes, length in (("initial", 60, 3), ("all", 6, 10)):
        draws = []
        for _ in range(2):
            answer = student.imagine.start_states(mode, num_episodes, length, 60, rng)
            episodes, steps = judge_starts(answer, num_episodes, length, 60)
            draws.append(episodes * length + steps)
            # 60 independent draws of 60 are all different with probability 60!/60^60 < 1e-24
            expect(
                len(np.unique(draws[-1])) < 60, "no state comes twice: draws are independent, so some must"
            )
        expect(not np.array_equal(*draws), "a second call repeats the draws of the first")


# --- 2b: rollout lengths ---


@subpart("2b")
@pytest.mark.parametrize("mode", ["full", "partial"])
def test_lengths_against_reference(student: Student, fresh_rng: np.random.Generator, mode: str) -> None:
    """Fresh steps, episodes of one step and of many, limits from 1 to beyond the episode."""
    for episode_length in (1, 2, *map(int, fresh_rng.integers(3, 60, size=4))):
        for count in (1, 9):
            steps = fresh_rng.integers(episode_length, size=count)
            max_length = int(fresh_rng.integers(1, episode_length + 3))
            lengths = student.imagine.rollout_lengths(mode, steps, episode_length, max_length)
            lengths = expect_array(lengths, (count,), name="rollout_lengths", kind="int")
            expect(lengths >= 1, "a rollout of no steps at all: even the last step, T - 1, has one left")
            expect(lengths + steps <= episode_length, "a rollout goes past the end of its episode")
            wanted = reference.rollout_lengths(mode, steps, episode_length, max_length)
            expect(np.array_equal(lengths, wanted), f'the lengths in mode "{mode}" are wrong')


@subpart("2b")
def test_lengths_leave_the_steps(student: Student, fresh_rng: np.random.Generator) -> None:
    """The steps passed in are still needed afterwards, and stay as they are."""
    steps = fresh_rng.integers(6, size=8)
    for mode in ("full", "partial"):
        args = {"mode": mode, "steps": steps, "episode_length": 6, "max_length": 2}
        lengths = student.imagine.rollout_lengths(*args.values())
        expect_array(lengths, (8,), name="rollout_lengths", kind="int")
        expect_unchanged(student.imagine.rollout_lengths, **args)


# --- 2c: imagined rollouts ---

KEYS = ("obs", "actions", "next_obs", "goals")


def world(rng: np.random.Generator, obs_dim: int, goal_dim: int, action_dim: int) -> tuple[tuple, tuple]:
    """Arguments for a fresh `LinearModel` and `GainPolicy`, in which rollouts neither explode nor come to rest."""
    rotation, _ = np.linalg.qr(rng.normal(size=(obs_dim, obs_dim)))
    return (rotation, rng.normal(size=(action_dim, obs_dim))), (
        0.4 * rng.normal(size=(goal_dim, action_dim)),
    )


def table(data: Any, rows: int, widths: dict[str, int]) -> np.ndarray:
    """All keys side by side, (rows, sum of widths)."""
    expect(
        isinstance(data, dict) and set(KEYS) <= set(data),
        "`imagine` must return a dict with obs, actions, next_obs and goals",
    )
    arrays = [expect_array(data[key], (None, widths[key]), name=f"imagine ({key})") for key in KEYS]
    expect(
        all(len(a) == rows for a in arrays),
        "the number of transitions is not the sum of the rollouts' lengths",
    )
    return np.concatenate(arrays, axis=1)


@subpart("2c")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_imagine_against_reference(student: Student, fresh_rng: np.random.Generator, dtype: str) -> None:
    """Fresh linear worlds without noise: the same transitions as the reference, in any order."""
    shapes = ((1, 3, 2, 2), (1, 1, 1, 1), (2, 5, 3, 4), (7, 4, 2, 3), (6, 4, 4, 4))
    for count, obs_dim, goal_dim, action_dim in shapes:
        model, policy = world(fresh_rng, obs_dim, goal_dim, action_dim)
        obs = fresh_rng.normal(size=(count, obs_dim)).astype(dtype)
        goals = fresh_rng.normal(size=(count, goal_dim)).astype(dtype)
        lengths = fresh_rng.integers(1, 8, size=count)
        args = (obs, goals, lengths)
        wanted = reference.imagine(LinearModel(*model), GainPolicy(*policy), *args, np.random.default_rng(0))
        handles = (student.given.LinearModel(*model), student.given.GainPolicy(*policy))
        widths = {"obs": obs_dim, "actions": action_dim, "next_obs": obs_dim, "goals": goal_dim}
        actual = table(student.imagine.imagine(*handles, *args, Rng(0)), int(lengths.sum()), widths)
        distance = np.abs(table(wanted, int(lengths.sum()), widths)[:, None] - actual).max(axis=2)
        expect(distance.min(axis=1) < 1e-5, "transitions that should have been imagined are missing")
        expect(distance.min(axis=0) < 1e-5, "there are transitions that no rollout comes by")


@subpart("2c")
def test_imagine_same_lengths(student: Student, fresh_rng: np.random.Generator) -> None:
    """All rollouts equally long, also just one step: every start state is there, and followed up."""
    for length in (1, 4):
        model, policy = world(fresh_rng, 3, 2, 2)
        obs, goals = fresh_rng.normal(size=(5, 3)), fresh_rng.normal(size=(5, 2))
        handles = (student.given.LinearModel(*model), student.given.GainPolicy(*policy))
        data = student.imagine.imagine(*handles, obs, goals, np.full(5, length), Rng(0))
        table(data, 5 * length, {"obs": 3, "actions": 2, "next_obs": 3, "goals": 2})
        expect(np.abs(data["obs"] - obs[:, None]).max(axis=2).min(axis=1) < 1e-6, "a start state is missing")
        before, after = data["obs"], data["next_obs"]
        goes_on = np.abs(after[:, None] - before).max(axis=2).min(axis=1) < 1e-6
        expect(goes_on.sum() == 5 * (length - 1), "a rollout does not go on from the state it had reached")
        told = LinearModel(*model).sample_next(before, data["actions"], np.random.default_rng(0))
        expect_close(
            after, told, "`next_obs` is not what the model says of the row's obs and action", atol=1e-5
        )


@subpart("2c")
def test_imagine_asks_the_model_once_a_transition(student: Student, fresh_rng: np.random.Generator) -> None:
    """Rollouts that have ended are not stepped any more, and the arguments stay as they are."""
    model, policy = world(fresh_rng, 3, 2, 2)
    args = (fresh_rng.normal(size=(6, 3)), fresh_rng.normal(size=(6, 2)), fresh_rng.permutation(6) + 1)
    handles = (student.given.LinearModel(*model), student.given.GainPolicy(*policy))
    student.imagine.imagine(*handles, *args, Rng(0))
    expect(student.read(handles[0], "rows") == 21, "the model was not asked exactly once for each transition")
    names = ("model", "policy", "obs", "goals", "lengths")
    arguments = dict(zip(names, (*handles, *args), strict=True))
    expect_unchanged(student.imagine.imagine, **arguments, rng=Rng(0))


# --- 2d: the model buffer ---


@subpart("2d")
def test_buffer_against_reference(student: Student, fresh_rng: np.random.Generator) -> None:
    """Fresh series of additions of any size: after each, the rows are where the reference has them."""
    for capacity in (1, 2, *map(int, fresh_rng.integers(3, 15, size=3))):
        buffer, wanted = student.imagine.ModelBuffer(capacity), reference.ModelBuffer(capacity)
        for _ in range(8):
            count = int(fresh_rng.integers(1, capacity + 1))
            transitions = {
                "obs": fresh_rng.normal(size=(count, 3)).astype(np.float32),
                "actions": fresh_rng.normal(size=(count, 2)),
                "weights": fresh_rng.normal(size=count),
            }
            buffer.add(transitions)
            wanted.add(transitions)
            expect(student.read(buffer, "size") == wanted.size, "`size` is wrong after several additions")
            expect(
                student.read(buffer, "next_row") == wanted.next_row,
                "`next_row` is wrong after several additions",
            )
            data = student.read(buffer, "data")
            expect(
                isinstance(data, dict) and set(data) == set(transitions),
                "`data` must keep the keys that were added",
            )
            for key, held in wanted.data.items():
                actual = expect_array(data[key], held.shape, name=f"data[{key!r}]")
                sentence = "rows are not where they belong: new ones follow the last one written, modulo the capacity"
                expect_close(actual[: wanted.size], held[: wanted.size], sentence)


@subpart("2d")
def test_buffer_holds_the_latest(student: Student, fresh_rng: np.random.Generator) -> None:
    """Whatever the sizes of the additions, just the latest `capacity` transitions can be sampled."""
    capacity, first = int(fresh_rng.integers(4, 9)), 1
    buffer = student.imagine.ModelBuffer(capacity)
    for _ in range(6):
        count = int(fresh_rng.integers(1, capacity + 1))
        buffer.add({"obs": np.arange(first, first + count, dtype=float)[:, None]})
        first += count
        sample = buffer.sample(400, Rng(fresh_seed(fresh_rng)))
        drawn = expect_array(sample["obs"], (400, 1), name="sample").ravel()
        latest = np.arange(max(1, first - capacity), first)
        expect(
            np.isin(drawn, latest),
            "the buffer still holds rows that are not among the latest `capacity` ones",
        )
        # a row is missed by 400 draws with probability at most (7/8)^400 < 1e-23
        expect(np.isin(latest, drawn), "a transition that was added never comes out of the buffer")


@subpart("2d")
def test_two_buffers(student: Student, fresh_rng: np.random.Generator) -> None:
    """Two buffers share nothing."""
    first, second = student.imagine.ModelBuffer(4), student.imagine.ModelBuffer(6)
    a, b = fresh_rng.normal(size=(2, 3, 2))
    first.add({"obs": a})
    second.add({"obs": b})
    sizes = [student.read(buffer, name) for buffer in (first, second) for name in ("size", "next_row")]
    expect(sizes == [3, 3, 3, 3], "what was added to one buffer counts in another one")
    for buffer, wanted in ((first, a), (second, b)):
        held = expect_array(student.read(buffer, "data")["obs"], (None, 2), name="data['obs']")
        expect_close(held[:3], wanted, "what was added to one buffer shows in another one")


# --- 2e: mixing real and imagined data ---


@subpart("2e")
def test_mix_of_fresh_batches(student: Student, fresh_rng: np.random.Generator) -> None:
    """Batches of any size with arrays of any shape: each row comes whole from one side, no row twice."""
    for batch_size in (1, 2, 7, *map(int, fresh_rng.integers(8, 60, size=4))):
        fraction = float(fresh_rng.choice([0.0, 0.05, 0.33, 0.7, 1.0]))
        if abs(fraction * batch_size % 1 - 0.5) < 0.01:  # either way of rounding a half will do
            continue
        sides = []
        for _ in range(2):
            obs = fresh_rng.normal(size=(batch_size, 3)).astype(np.float32)
            sides.append(
                {"obs": obs, "goals": 2 * obs[:, :2], "rewards": obs[:, 0] + 1, "masks": 3 * obs[:, 2:]}
            )
        batch = student.imagine.mix(*sides, fraction)
        expect(
            isinstance(batch, dict) and set(batch) == set(sides[0]),
            "the batch must have the same keys as its sources",
        )
        for key, values in sides[0].items():
            expect_array(batch[key], values.shape, name=f"mix ({key})")
        obs = batch["obs"]
        together = np.allclose(batch["goals"], 2 * obs[:, :2]) and np.allclose(
            batch["rewards"], obs[:, 0] + 1
        )
        sentence = "the arrays of one row come from different transitions"
        expect(together and np.allclose(batch["masks"], 3 * obs[:, 2:]), sentence)
        is_real, is_fake = ((obs[:, None] == side["obs"]).all(axis=2).any(axis=1) for side in sides)
        expect(is_real | is_fake, "there are rows in the batch that are neither real nor imagined")
        expect(
            int(is_real.sum()) == round(fraction * batch_size),
            "the number of real rows is not round(fraction · B)",
        )
        expect(len(np.unique(obs, axis=0)) == batch_size, "a row is in the batch twice")


@subpart("2e")
def test_mix_rounds_to_the_nearest(student: Student, fresh_rng: np.random.Generator) -> None:
    """The number of real rows is rounded, neither up nor down, for every size of batch."""
    for batch_size in range(1, 30):
        fraction = float(fresh_rng.integers(0, 20)) / 20 + float(fresh_rng.uniform(0, 0.05))
        if abs(fraction * batch_size % 1 - 0.5) < 0.01:
            continue
        real, fake = ({"obs": np.full((batch_size, 1), x)} for x in (1.0, 0.0))
        batch = student.imagine.mix(real, fake, fraction)
        expect(isinstance(batch, dict) and "obs" in batch, "the batch must have the same keys as its sources")
        total = expect_array(batch["obs"], (batch_size, 1), name="mix (obs)").sum()
        expect(
            total == round(fraction * batch_size), "the number of real rows is not round(real_fraction · B)"
        )
