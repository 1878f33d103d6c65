"""Part 2, hidden checks: fresh random inputs against the reference, odd sizes, and how the draws are distributed.

Counts of random draws are judged by `expect_probability` and `expect_distribution`, each with a false-alarm
probability of at most 1e-7 a call; no check makes more than ten such calls, so below 1e-6 a check.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.checks.checking import (
    Handle,
    Rng,
    Student,
    expect,
    expect_array,
    expect_close,
    expect_distribution,
    expect_normal,
    expect_probability,
    expect_raises,
    expect_unchanged,
    subpart,
)
from autograder.checks.independence import expect_binomial, expect_independent
from autograder.checks.mistakes import expect_no_repeat
from autograder.checks.streams import expect_not_copied
from autograder.grader.inside.given import GainPolicy, LinearModel
from solutions import imagine as reference


def fresh_seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


# --- 2a: start states ---

ONE_EPISODE = "all rollouts start in the same episode; draw one for each of them"
ONE_STEP = 'all rollouts start at the same step; in mode "all" each draws its own'


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
    """Episodes and steps are uniform, and drawn independently of each other and from rollout to rollout."""
    # with a common divisor, or i % num_episodes and i % T of one number i would be as good as two draws
    num_episodes, length = (int(x) for x in fresh_rng.choice([(3, 3), (3, 6), (4, 6), (6, 4), (5, 5)]))
    count, states = 20_000, num_episodes * length
    for mode in ("initial", "all"):
        answer = student.imagine.start_states(mode, num_episodes, length, count, Rng(fresh_seed(fresh_rng)))
        episodes, steps = judge_starts(answer, num_episodes, length, count)
        expect(mode == "all" or not steps.any(), 'in mode "initial" every rollout starts at step 0')
        sentence = "the episodes are not equally likely"
        expect_distribution(episodes, np.full(num_episodes, 1 / num_episodes), sentence)
        expect_independent(episodes, num_episodes, "the episodes of different rollouts are not independent")
    sentence = 'in mode "all" the steps are not equally likely'  # `steps` are those of mode "all"
    expect_distribution(steps, np.full(length, 1 / length), sentence)
    index = episodes * length + steps
    sentence = "episode and step are not drawn independently of each other: some states come more often"
    expect_distribution(index, np.full(states, 1 / states), sentence)
    expect_independent(steps, length, "the steps of different rollouts are not independent")
    expect_independent(index, states, "the states of different rollouts are not independent")


@subpart("2a")
def test_starts_in_a_large_buffer(student: Student, fresh_rng: np.random.Generator) -> None:
    """500 episodes of 50 steps, 20,000 rollouts: early and late ones alike, in both modes."""
    num_episodes, length, count = 500, 50, 20_000
    for mode in ("initial", "all"):
        answer = student.imagine.start_states(mode, num_episodes, length, count, Rng(fresh_seed(fresh_rng)))
        episodes, steps = judge_starts(answer, num_episodes, length, count)
        sentence = "of 500 episodes, some come more often than others"
        expect_distribution(episodes, np.full(num_episodes, 1 / num_episodes), sentence)
        for part in (episodes[: count // 20], episodes[-count // 20 :]):
            sentence = "of 20,000 rollouts, the first or the last do not start in all episodes alike"
            expect_distribution(part * 10 // num_episodes, np.full(10, 0.1), sentence)
    sentence = "of 50 steps, some come more often than others"
    expect_distribution(steps, np.full(length, 1 / length), sentence)
    for a, b in ((episodes * 10 // num_episodes, steps * 10 // length), (episodes % 10, steps % 10)):
        sentence = "in 500 episodes of 50 steps, episode and step are not independent of each other"
        expect_distribution(a * 10 + b, np.full(100, 0.01), sentence)


@subpart("2a")
def test_starts_over_many_calls(student: Student, fresh_rng: np.random.Generator) -> None:
    """Call after call with one generator: each rollout starts elsewhere, and no call balances its draws."""
    calls, count = 200, 6
    rng = student.given.rng(fresh_seed(fresh_rng))
    for mode in ("initial", "all"):
        drawn = np.zeros((2, calls, count), dtype=int)
        for call in range(calls):
            answer = student.imagine.start_states(mode, 4, 4, count, rng)
            drawn[:, call] = judge_starts(answer, 4, 4, count)
        episodes, steps = drawn
        expect(len(np.unique(episodes)) > 1, ONE_EPISODE)
        expect(mode == "initial" or len(np.unique(steps)) > 1, ONE_STEP)
        expect((np.diff(episodes, axis=0) != 0).any(), "a second call repeats the episodes of the first")
        for row in range(count):
            sentence = "over many calls the episodes of a rollout are not equally likely"
            expect_distribution(episodes[:, row], np.full(4, 1 / 4), sentence)
            sentence = "over many calls the episodes of a rollout are not independent"
            expect_independent(episodes[:, row], 4, sentence)
        sentence = "the episodes of a call are not independent of each other: they balance, or go together"
        expect_binomial((episodes < 2).sum(axis=1), count, 0.5, sentence)
        if mode == "all":
            expect((np.diff(steps, axis=0) != 0).any(), "a second call repeats the steps of the first")
            for row in range(count):
                sentence = "over many calls the steps of a rollout are not equally likely"
                expect_distribution(steps[:, row], np.full(4, 1 / 4), sentence)
                sentence = "over many calls the steps of a rollout are not independent"
                expect_independent(steps[:, row], 4, sentence)
            sentence = "the steps of a call are not independent of each other: they balance, or go together"
            expect_binomial((steps < 2).sum(axis=1), count, 0.5, sentence)
    expect_not_copied(student, rng)


@subpart("2a")
def test_starts_depend_on_nothing_but_the_generator(student: Student, fresh_rng: np.random.Generator) -> None:
    """With another seed episodes and steps differ, with the same seed neither does."""
    seed = fresh_seed(fresh_rng)
    for mode in ("initial", "all"):
        drawn = [
            judge_starts(student.imagine.start_states(mode, 500, 50, 40, Rng(s)), 500, 50, 40)
            for s in (seed, seed, seed + 1)
        ]
        sentence = "the same generator gave two different draws: not all of them come from `rng`"
        expect(np.array_equal(drawn[0], drawn[1]), sentence)
        expect(len(np.unique(drawn[0][0])) > 1, ONE_EPISODE)
        expect(mode == "initial" or len(np.unique(drawn[0][1])) > 1, ONE_STEP)
        sentence = "the episodes do not depend on the generator `rng`"
        expect((drawn[0][0] != drawn[2][0]).mean() > 0.5, sentence)
        sentence = "the steps do not depend on the generator `rng`"
        expect(mode == "initial" or (drawn[0][1] != drawn[2][1]).mean() > 0.5, sentence)


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
def test_unknown_start_modes_are_refused(student: Student) -> None:
    """Another mode raises the ValueError that the docstring promises."""
    student.imagine.start_states("all", 3, 4, 2, Rng(0))
    sentence = "an unknown mode must raise a ValueError"
    for mode in ("All", "full", ""):
        call = lambda mode=mode: student.imagine.start_states(mode, 3, 4, 2, Rng(0))  # noqa: E731
        expect_raises(call, ValueError, sentence)


@subpart("2a")
def test_starts_may_repeat(student: Student, fresh_rng: np.random.Generator) -> None:
    """Draws are independent, so a state may come twice even where there are enough states for all."""
    for mode, num_episodes, length in (("initial", 60, 3), ("all", 6, 10)):
        seed = fresh_seed(fresh_rng)
        answer = student.imagine.start_states(mode, num_episodes, length, 60, Rng(seed))
        episodes, steps = judge_starts(answer, num_episodes, length, 60)
        # 60 independent draws of 60 are all different with probability 60!/60^60 < 1e-24
        sentence = "no state comes twice: draws are independent, so some must"
        expect(len(np.unique(episodes * length + steps)) < 60, sentence)


# --- 2b: rollout lengths ---


@subpart("2b")
@pytest.mark.parametrize("mode", ["full", "partial"])
def test_lengths_against_reference(student: Student, fresh_rng: np.random.Generator, mode: str) -> None:
    """Fresh steps, episodes of one step and of many, limits from 1 to beyond the episode."""
    for episode_length in (1, 2, *map(int, fresh_rng.integers(3, 60, size=4)), 1_000):
        for count in (1, 9, 9):
            steps = fresh_rng.integers(episode_length, size=count)
            max_length = int(fresh_rng.integers(1, episode_length + 3))
            lengths = student.imagine.rollout_lengths(mode, steps, episode_length, max_length)
            lengths = expect_array(lengths, (count,), name="rollout_lengths", kind="int")
            expect(lengths >= 1, "a rollout of no steps at all: even the last step, T - 1, has one left")
            expect(lengths + steps <= episode_length, "a rollout goes past the end of its episode")
            wanted = reference.rollout_lengths(mode, steps, episode_length, max_length)
            expect(np.array_equal(lengths, wanted), f'the lengths in mode "{mode}" are wrong')


@subpart("2b")
@pytest.mark.parametrize("mode", ["full", "partial"])
def test_lengths_of_many_rollouts(student: Student, fresh_rng: np.random.Generator, mode: str) -> None:
    """40,000 rollouts in episodes of 50 and of 300 steps, twice, steps of int64 and int32."""
    before = None
    for episode_length, max_length in ((50, 25), (300, 299)):
        for dtype in (np.int64, np.int32):
            steps = fresh_rng.integers(episode_length, size=40_000).astype(dtype)
            steps[:3] = 0, episode_length - 1, episode_length - max_length
            lengths = student.imagine.rollout_lengths(mode, steps, episode_length, max_length)
            expect_array(lengths, (40_000,), name="rollout_lengths", kind="int")
            expect_no_repeat(before, lengths)
            before = lengths
            wanted = reference.rollout_lengths(mode, steps, episode_length, max_length)
            sentence = "with 40,000 rollouts, in episodes of 50 or 300 steps, some lengths are wrong"
            expect(np.array_equal(lengths, wanted), sentence)


@subpart("2b")
def test_unknown_rollout_modes_are_refused(student: Student) -> None:
    """Another mode raises the ValueError that the docstring promises."""
    student.imagine.rollout_lengths("full", np.arange(3), 5, 2)
    sentence = "an unknown mode must raise a ValueError"
    for mode in ("Full", "all", ""):
        call = lambda mode=mode: student.imagine.rollout_lengths(mode, np.arange(3), 5, 2)  # noqa: E731
        expect_raises(call, ValueError, sentence)


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


def long_rollouts(
    student: Student, rng: np.random.Generator, noise_std: float, count: int, longest: int, live: Handle | Rng
) -> tuple[np.ndarray, ...]:
    """(rollout, time, state, action, next state) of all imagined rows, ordered by rollout and time.

    The state is (x, y, time, 1, rollout), and the model adds the 1 to the time. Noise, if any, is added to all of them:
    it is so small that time and rollout are still known.
    """
    A = np.diag([0.9, 0.8, 1.0, 1.0, 1.0])
    A[3, 2] = 1.0  # the 1 is added to the time
    B = np.zeros((2, 5))
    B[:2, :2] = np.eye(2)
    obs = np.concatenate([rng.normal(size=(count, 2)), np.zeros((count, 1)), np.ones((count, 1))], axis=1)
    obs = np.concatenate([obs, np.arange(count)[:, None]], axis=1)
    goals = rng.normal(size=(count, 2))
    lengths = rng.permutation(np.resize(np.arange(1, longest + 1), count))
    model = student.given.LinearModel(A, B, noise_std)
    policy = student.given.GainPolicy(0.5 * np.eye(2))
    data = student.imagine.imagine(model, policy, obs, goals, lengths, live)
    rows = int(lengths.sum())
    whole = table(data, rows, {"obs": 5, "actions": 2, "next_obs": 5, "goals": 2})
    state, action, after, goal = whole[:, :5], whole[:, 5:7], whole[:, 7:12], whole[:, 12:]
    rollout, time = np.round(state[:, 4]).astype(int), np.round(state[:, 2]).astype(int)
    order = np.lexsort([time, rollout])
    expected = np.repeat(np.arange(count), lengths)
    expect(
        np.array_equal(rollout[order], expected),
        "of many long rollouts, some do not take the number of steps that they should",
    )
    steps = np.concatenate([np.arange(n) for n in lengths])
    expect(np.array_equal(time[order], steps), "of many long rollouts, some do not go on step by step")
    state, action, after, goal = (x[order] for x in (state, action, after, goal))
    first = steps == 0
    expect_close(state[first], obs, "of many rollouts, some do not begin at their start state")
    expect_close(goal, goals[expected], "of many long rollouts, some change their goal")
    expect_close(
        state[~first], after[np.flatnonzero(~first) - 1], "a rollout does not go on from its next state"
    )
    sentence = "of many long rollouts, an action is not the policy's for the row's state and goal"
    expect_close(action, np.clip(0.5 * (goal - state[:, :2]), -1, 1), sentence)
    return expected, steps, state @ A + action @ B, after


@subpart("2c")
def test_many_long_rollouts(student: Student, fresh_rng: np.random.Generator) -> None:
    """400 rollouts of up to 60 steps, twice: each row is the one that the model and the policy give."""
    for _ in "ab":
        *_, told, after = long_rollouts(student, fresh_rng, 0.0, 400, 60, Rng(0))
        sentence = (
            "of many long rollouts, a next state is not what the model gives for the row's state and action"
        )
        expect_close(after, told, sentence)


@subpart("2c")
def test_the_noise_of_rollouts(student: Student, fresh_rng: np.random.Generator) -> None:
    """A model that draws gets the generator itself: each step of each rollout has new noise, in a second call too."""
    rng, std, calls = student.given.rng(fresh_seed(fresh_rng)), 0.001, []
    for live in (rng, rng):
        _, time, told, after = long_rollouts(student, fresh_rng, std, 300, 12, live)
        noise = ((after - told) / std)[:, :2]  # of x and y: the other numbers are large
        expect_normal(
            noise, 0.0, 1.0, "the model's noise in the imagined rows is not normal with the model's spread"
        )
        follows = np.flatnonzero(time > 0)
        sentence = "the model draws the same noise in every step: give it the generator `rng` itself"
        expect((np.abs(noise[follows] - noise[follows - 1]) > 1e-6).any(), sentence)
        agree = (noise[follows, 0] > 0) == (noise[follows - 1, 0] > 0)
        sentence = "the model's noise in a step is not independent of that in the step before"
        expect_probability(int(agree.sum()), len(agree), 0.5, sentence)
        by_step = np.array([noise[time == t].sum(axis=0) for t in range(12)])
        calls.append(by_step)
    sentence = "a second call draws the noise of the first again, in some step at least"
    expect((np.abs(calls[0] - calls[1]) > 1e-6).all(axis=1), sentence)
    expect_not_copied(student, rng)


@subpart("2c")
def test_the_generator_decides_every_step(student: Student, fresh_rng: np.random.Generator) -> None:
    """With the same seed the noise is the same, with another seed it differs in every single step."""
    model, policy = world(fresh_rng, 3, 2, 2)
    obs, goals, lengths = fresh_rng.normal(size=(5, 3)), fresh_rng.normal(size=(5, 2)), np.full(5, 8)
    seed, sums = fresh_seed(fresh_rng), []
    for s in (seed, seed, seed + 1):
        noisy = student.given.LinearModel(*model, 1.0)
        data = student.imagine.imagine(noisy, student.given.GainPolicy(*policy), obs, goals, lengths, Rng(s))
        table(data, 40, {"obs": 3, "actions": 2, "next_obs": 3, "goals": 2})
        told = LinearModel(*model).sample_next(data["obs"], data["actions"], np.random.default_rng(0))
        sums.append(data["next_obs"] - told)
    sentence = "the same generator gave two different sets of rollouts: not all of the draws come from `rng`"
    expect(np.array_equal(sums[0], sums[1]), sentence)
    sentence = (
        "some of the model's noise does not depend on `rng`: give the model the generator in every step"
    )
    shared = np.abs(sums[0][:, None] - sums[2]).max(axis=2).min(axis=1) < 1e-9
    expect(not shared.any(), sentence)


# --- 2d: the model buffer ---


@subpart("2d")
def test_buffer_against_reference(student: Student, fresh_rng: np.random.Generator) -> None:
    """Fresh series of additions of any size: after each, the rows are where the reference has them."""
    for capacity in (1, 2, *map(int, fresh_rng.integers(3, 15, size=3))):
        buffer, wanted = student.imagine.ModelBuffer(capacity), reference.ModelBuffer(capacity)
        # always some that fill it exactly, end in the last row, and wrap
        for count in (1, capacity, capacity - 1, 1, capacity, *fresh_rng.integers(1, capacity + 1, size=4)):
            count = max(1, int(count))
            transitions = {
                "obs": fresh_rng.normal(size=(count, 3)).astype(np.float32),
                "actions": fresh_rng.normal(size=(count, 2)),
                "weights": fresh_rng.integers(1 << 40, size=count),
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
                expect_close(actual[: wanted.size], held[: wanted.size], sentence, rtol=0.0)


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
            "a sample holds rows that are not among the latest `capacity` ones that were added",
        )
        # a row is missed by 400 draws with probability at most (7/8)^400 < 1e-23
        expect(np.isin(latest, drawn), "a transition that was added never comes out of the buffer")


@subpart("2d")
def test_a_large_buffer(student: Student, fresh_rng: np.random.Generator) -> None:
    """40,000 rows of capacity, filled and wrapped by additions of 15,000: the latest rows lie where they belong."""
    capacity, each = 40_000, 15_000
    buffer, held = student.imagine.ModelBuffer(capacity), np.zeros(capacity)
    for call in range(4):
        numbers = np.arange(each * call, each * (call + 1), dtype=float)
        buffer.add({"obs": numbers[:, None], "goals": -numbers[:, None]})
        held[numbers.astype(int) % capacity] = numbers
        size = min(each * (call + 1), capacity)
        expect(student.read(buffer, "size") == size, "with 40,000 rows of capacity `size` is wrong")
        sentence = "with 40,000 rows of capacity `next_row` is wrong"
        expect(student.read(buffer, "next_row") == each * (call + 1) % capacity, sentence)
    data = student.read(buffer, "data")
    expect(
        isinstance(data, dict) and set(data) == {"obs", "goals"}, "`data` must keep the keys that were added"
    )
    for key, wanted in (("obs", held), ("goals", -held)):
        actual = expect_array(data[key], (capacity, 1), name="the rows")
        expect_close(actual[:, 0], wanted, "with 40,000 rows of capacity, rows are not where they belong")


@subpart("2d")
def test_the_buffer_keeps_copies(student: Student, fresh_rng: np.random.Generator) -> None:
    """Whoever added arrays may use them again: the buffer's rows do not change with them."""
    for capacity in (5, 8):  # exactly full, and not
        buffer, obs = student.imagine.ModelBuffer(capacity), fresh_rng.normal(size=(5, 2))
        student.given.add_then_overwrite(buffer, {"obs": obs})
        held = expect_array(student.read(buffer, "data")["obs"], (None, 2), name="data['obs']")
        sentence = "the buffer's rows change with the arrays that were added: copy the values into its own"
        expect(not (held[:5] == -77).any(), sentence)
        expect_close(held[:5], obs, "the transitions do not lie in the first rows, in their order")


@subpart("2d")
def test_samples_of_the_buffer(student: Student, fresh_rng: np.random.Generator) -> None:
    """`sample`, which is given, still draws rows uniformly, independently, with replacement, and from `rng` alone."""
    rng = student.given.rng(fresh_seed(fresh_rng))
    for added in ((6,), (8, 4)):  # not full; full, and wrapped
        buffer, first = student.imagine.ModelBuffer(8), 0
        for count in added:
            n = np.arange(first, first + count, dtype=float)
            buffer.add({"obs": n[:, None], "actions": 10 * n[:, None]})
            first += count
        held = min(first, 8)
        drawn = []
        for _ in "ab":
            sample = buffer.sample(6_000, rng)
            expect(
                isinstance(sample, dict) and set(sample) == {"obs", "actions"},
                "`sample` must return a dict with the keys that were added",
            )
            obs = expect_array(sample["obs"], (6_000, 1), name="sample (obs)")[:, 0]
            actions = expect_array(sample["actions"], (6_000, 1), name="sample (actions)")[:, 0]
            expect_close(actions, 10 * obs, "a sample's obs and actions come from different rows")
            index = np.round(obs).astype(int) - (first - held)
            sentence = "the rows of the buffer are not equally likely in a sample"
            expect_distribution(index, np.full(held, 1 / held), sentence)
            expect_independent(index, held, "the rows of a sample are not drawn independently")
            drawn.append(index)
        expect(
            not np.array_equal(drawn[0], drawn[1]),
            "a second sample repeats the first: draw it from `rng` itself",
        )
    expect_not_copied(student, rng)


@subpart("2d")
def test_too_many_rows_are_refused(student: Student) -> None:
    """More rows than the capacity raise the ValueError that is given."""
    buffer = student.imagine.ModelBuffer(3)
    buffer.add({"obs": np.zeros((3, 1))})
    sentence = "more rows than the capacity must raise a ValueError"
    expect_raises(lambda: buffer.add({"obs": np.zeros((4, 1))}), ValueError, sentence)


@subpart("2d")
def test_two_buffers(student: Student, fresh_rng: np.random.Generator) -> None:
    """Two buffers share nothing."""
    first, second = student.imagine.ModelBuffer(4), student.imagine.ModelBuffer(6)
    a, b = fresh_rng.normal(size=(2, 3, 2))
    for buffer, rows in ((first, a), (second, b)):
        buffer.add({"obs": rows})
    sizes = [[student.read(buffer, name) for name in ("size", "next_row")] for buffer in (first, second)]
    expect(sizes[0] == [3, 3], "of two buffers that hold 3 rows each, the first has the wrong size")
    expect(sizes[1] == [3, 3], "what was added to one buffer counts in another one")
    for buffer, wanted, other in ((first, a, b), (second, b, a)):
        held = expect_array(student.read(buffer, "data")["obs"], (None, 2), name="data['obs']")
        sentence = "what was added to one buffer shows in another one"
        expect(not np.isin(held[:, 0], other[:, 0]).any(), sentence)
        sentence = "rows are not where they belong: new ones follow the last one written, modulo the capacity"
        expect_close(held[:3], wanted, sentence)


# --- 2e: mixing real and imagined data ---


@subpart("2e")
def test_mix_of_fresh_batches(student: Student, fresh_rng: np.random.Generator) -> None:
    """Batches of any size with arrays of any shape: each row comes whole from one side, no row twice."""
    cases = [(1, 0.0), (1, 1.0), (1, 0.7), (7, 0.33), (31, 0.05), (31, 0.05), (58, 0.7), (20_000, 0.05)]
    before = None
    for batch_size, fraction in cases:
        sides = []
        for side in range(2):
            obs = fresh_rng.normal(size=(batch_size, 3)).astype(np.float32)
            # Each row has a number of its own.
            obs[:, 0] = side * batch_size + fresh_rng.permutation(batch_size)
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
        expect_no_repeat(before, obs)
        before = obs
        together = np.allclose(batch["goals"], 2 * obs[:, :2]) and np.allclose(
            batch["rewards"], obs[:, 0] + 1
        )
        sentence = "the arrays of one row come from different transitions"
        expect(together and np.allclose(batch["masks"], 3 * obs[:, 2:]), sentence)
        is_real, is_fake = (np.isin(obs[:, 0], side["obs"][:, 0]) for side in sides)
        expect(is_real | is_fake, "there are rows in the batch that are neither real nor imagined")
        expect(
            int(is_real.sum()) == round(fraction * batch_size),
            "the number of real rows is not round(fraction · B)",
        )
        expect(len(np.unique(obs, axis=0)) == batch_size, "a row is in the batch twice")


@subpart("2e")
def test_mix_keeps_what_the_arrays_hold(student: Student, fresh_rng: np.random.Generator) -> None:
    """Arrays of one, two and three axes, of whole numbers, booleans and large numbers, stay as they are."""
    sides = [
        {
            "obs": 1e6 * fresh_rng.normal(size=(12, 3)),
            "frames": fresh_rng.normal(size=(12, 2, 2)),
            "steps": fresh_rng.integers(1 << 40, size=12),
            "masks": np.full(12, side == 0),
        }
        for side in range(2)
    ]
    batch = student.imagine.mix(*sides, 0.25)
    sentence = "the batch must have the same keys as its sources"
    expect(isinstance(batch, dict) and set(batch) == set(sides[0]), sentence)
    both = {key: np.concatenate([sides[0][key], sides[1][key]]) for key in sides[0]}
    obs = expect_array(batch["obs"], (12, 3), name="mix (obs)")
    row = np.abs(obs[:, None, 0] - both["obs"][:, 0]).argmin(axis=1)
    for key, values in both.items():
        actual = expect_array(batch[key], (12, *values.shape[1:]), name=f"mix ({key})")
        expect_close(actual, values[row], "a row's arrays are not as they were in its source", rtol=1e-12)


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
