"""Part 2, public checks: small cases that can be followed with pencil and paper.

Models and policies are stand-ins that need no other part: `LinearModel` gives s' = s A + a B (plus noise, if wanted),
`GainPolicy` the action clip((g - s) K, -1, 1) (plus noise before the clip, if wanted).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from autograder.checks.checking import (
    Handle,
    Rng,
    Student,
    expect,
    expect_array,
    expect_close,
    expect_distribution,
    expect_unchanged,
    expect_whole,
    subpart,
)

# --- 2a: start states ---


def starts(student: Student, mode: str, num_episodes: int, length: int, count: int, seed: int = 0) -> tuple:
    """(episodes, steps) of the submission, with the shapes that they must have."""
    answer = student.imagine.start_states(mode, num_episodes, length, count, Rng(seed))
    expect(
        isinstance(answer, tuple | list) and len(answer) == 2, "`start_states` must return episodes and steps"
    )
    episodes, steps = answer
    expect_array(episodes, (count,), name="start_states (episodes)", kind="int")
    expect_array(steps, (count,), name="start_states (steps)", kind="int")
    expect((episodes >= 0) & (episodes < num_episodes), "there are episodes outside 0 … num_episodes - 1")
    return episodes, steps


@subpart("2a")
def test_initial_states(student: Student) -> None:
    """Mode "initial": each rollout starts at step 0 of a random episode."""
    episodes, steps = starts(student, "initial", 4, 5, 300)
    expect(steps == 0, 'in mode "initial" every rollout starts at step 0')
    expect(len({*episodes.tolist()}) > 1, "all rollouts start in the same episode; draw one for each of them")
    expect({*episodes.tolist()} == {0, 1, 2, 3}, "some episodes are never chosen")  # by chance 4 · 0.75^300


@subpart("2a")
def test_all_states(student: Student) -> None:
    """Mode "all": each of the num_episodes · T states from which an action was taken is equally likely."""
    episodes, steps = starts(student, "all", 2, 3, 3000)
    expect(steps >= 0, "there are negative steps")
    expect(
        len({*steps.tolist()}) > 1, 'all rollouts start at the same step; in mode "all" each draws its own'
    )
    expect(steps < 3, "step T is the end of an episode: no action was taken from there")
    expect((steps == 2).any(), "the last state from which an action was taken, step T - 1, never comes")
    expect((steps == 0).any(), 'the first state of an episode never comes, but belongs to mode "all" too')
    # False alarm below 1e-7: `expect_distribution` counts 3000 independent draws of 6 states.
    expect_distribution(
        episodes * 3 + steps,
        np.full(6, 1 / 6),
        "the 6 states of 2 episodes of 3 steps are not equally likely",
    )


@subpart("2a")
def test_starts_draw_from_the_generator(student: Student) -> None:
    """All randomness comes from `rng`: the same seed gives the same states, another seed others."""
    for mode in ("initial", "all"):
        first, again, other = (starts(student, mode, 50, 20, 30, seed) for seed in (1, 1, 2))
        expect(
            all(np.array_equal(a, b) for a, b in zip(first, again, strict=True)),
            "the same generator gave two different draws: not all of them come from `rng`",
        )
        expect(not np.array_equal(first[0], other[0]), "the episodes do not depend on the generator `rng`")
        expect(
            mode == "initial" or not np.array_equal(first[1], other[1]),
            "the steps do not depend on the generator `rng`",
        )


# --- 2b: rollout lengths ---


def lengths_of(
    student: Student, mode: str, steps: list[int], episode_length: int, max_length: int
) -> np.ndarray:
    lengths = student.imagine.rollout_lengths(mode, np.array(steps), episode_length, max_length)
    return expect_array(lengths, (len(steps),), name="rollout_lengths", kind="int")


@subpart("2b")
def test_full_rollouts(student: Student) -> None:
    """Mode "full" with T = 5: from step 0 five steps are left, from step 2 three, from step 4 one."""
    lengths = lengths_of(student, "full", [0, 2, 4], 5, 2)
    expect(not np.array_equal(lengths, [4, 2, 0]), "off by one: from step t there are T - t steps left")
    expect(not np.array_equal(lengths, [6, 4, 2]), "off by one: from step t there are T - t steps left")
    expect(not np.array_equal(lengths, [2, 2, 1]), 'mode "full" must not be cut at max_length')
    expect(
        not np.array_equal(lengths, [5, 5, 5]), "a rollout ends where the episode that it branches from ends"
    )
    expect(np.array_equal(lengths, [5, 3, 1]), "a full rollout from step t takes T - t steps")


@subpart("2b")
def test_partial_rollouts(student: Student) -> None:
    """Mode "partial" with T = 5 and max_length = 2: two steps, but only one from step 4."""
    lengths = lengths_of(student, "partial", [0, 2, 3, 4], 5, 2)
    expect(
        not np.array_equal(lengths, [2, 2, 2, 2]), "a partial rollout must not go past the end of its episode"
    )
    expect(not np.array_equal(lengths, [5, 3, 2, 1]), "a partial rollout takes at most max_length steps")
    expect(
        not np.array_equal(lengths, [5, 3, 2, 2]), "this is the larger of the two limits; take the smaller"
    )
    expect(np.array_equal(lengths, [2, 2, 2, 1]), "a partial rollout takes min(T - t, max_length) steps")


@subpart("2b")
def test_partial_rollouts_longer_than_the_episode(student: Student) -> None:
    """A max_length beyond the episode changes nothing: "partial" is then the same as "full"."""
    lengths = lengths_of(student, "partial", [0, 1, 2], 3, 50)
    expect(lengths <= np.array([3, 2, 1]), "a partial rollout must not go past the end of its episode")
    sentence = "with a max_length beyond the episode a partial rollout takes T - t steps"
    expect(np.array_equal(lengths, [3, 2, 1]), sentence)
    lengths = lengths_of(student, "partial", [0, 1, 2], 3, 1)
    expect(np.array_equal(lengths, [1, 1, 1]), "with max_length = 1 every rollout takes one step")


# --- 2c: imagined rollouts ---


def stand_ins(student: Student, dim: int = 1, noise_std: float = 0.0) -> tuple[Handle, Handle]:
    """A model in which the action moves the state (s' = s + a), and a policy that goes straight for the goal."""
    model = student.given.LinearModel(np.eye(dim), np.eye(dim), noise_std)
    return model, student.given.GainPolicy(np.eye(dim))


def imagined(
    student: Student,
    model: Handle,
    policy: Handle,
    obs: ArrayLike,
    goals: ArrayLike,
    lengths: ArrayLike,
    seed: int = 0,
) -> dict:
    """The transitions of the submission; one row for each step of each rollout."""
    obs, goals, lengths = np.array(obs, float), np.array(goals, float), np.array(lengths)
    data = student.imagine.imagine(model, policy, obs, goals, lengths, Rng(seed))
    expect(isinstance(data, dict), "`imagine` must return a dict of arrays")
    rows = int(lengths.sum())
    for key, width in (
        ("obs", obs.shape[1]),
        ("actions", None),
        ("next_obs", obs.shape[1]),
        ("goals", goals.shape[1]),
    ):
        expect(key in data, f"the imagined transitions have no entry {key!r}")
        array = expect_array(data[key], (None, width), name=f"imagine ({key})")
        full = len(lengths) * int(lengths.max())
        longest = ", as many as if each went on as long as the longest" if len(array) == full else ""
        wanted = f"rollouts of {lengths.tolist()} steps must give {rows} transitions in all"
        expect(len(array) == rows, f"{wanted}, not {len(array)}{longest}")
    return data


@subpart("2c")
def test_one_transition_for_each_step(student: Student) -> None:
    """Rollouts of 3, 1 and 2 steps give 6 transitions."""
    model, policy = stand_ins(student)
    imagined(student, model, policy, [[0.0], [10.0], [20.0]], [[5.0], [15.0], [25.0]], [3, 1, 2])


@subpart("2c")
def test_steps_follow_each_other(student: Student) -> None:
    """From 0 towards the goal 2.5, steps of at most 1: the states are 0, 1, 2 and the next states 1, 2, 2.5."""
    model, policy = stand_ins(student)
    data = imagined(student, model, policy, [[0.0]], [[2.5]], [3])
    order = np.argsort(data["obs"][:, 0])
    actions = expect_array(data["actions"], (3, 1), name="imagine (actions)")[order, 0]
    obs, next_obs = (data[key][order, 0] for key in ("obs", "next_obs"))
    expect(not np.allclose(obs, 0.0), "every step starts from the start state again; go on from next_obs")
    expect(
        not np.allclose(obs, next_obs),
        "`obs` and `next_obs` are the same; `obs` is the state before the step",
    )
    sentence = "an action is not the policy's for the state that is recorded beside it"
    expect_close(actions, np.clip(2.5 - obs, -1, 1), sentence)
    expect_close(obs, [0.0, 1.0, 2.0], "the next step must start where the last one ended")
    expect_close(
        next_obs, [1.0, 2.0, 2.5], "`next_obs` must be what the model gave for the row's obs and action"
    )
    expect_close(data["goals"], np.full((3, 1), 2.5), "the goal of a rollout stays the same throughout")


@subpart("2c")
def test_each_rollout_has_its_own_length(student: Student) -> None:
    """Rollout i takes lengths[i] steps; its goal and its actions stay with it when others have ended."""
    model, policy = stand_ins(student)
    starts, goals, lengths = np.array([0.0, 100.0, 200.0]), np.array([50.0, 50.0, 250.0]), [1, 3, 2]
    data = imagined(student, model, policy, starts[:, None], goals[:, None], lengths)
    rollout = np.round(data["obs"][:, 0] / 100).astype(int)
    expect(np.isin(rollout, [0, 1, 2]), "there are states that no rollout comes by")
    counts = np.bincount(rollout, minlength=3)
    expect(
        np.array_equal(counts, lengths),
        "the states of a rollout come more or less often than its number of steps",
    )
    expect_close(data["goals"][:, 0], goals[rollout], "rows carry the goal of another rollout")
    actions = np.array([1.0, -1.0, 1.0])[rollout]
    expect_close(data["actions"][:, 0], actions, "an action is not the policy's for the goal of its rollout")
    expect_close(
        data["next_obs"] - data["obs"],
        data["actions"],
        "the model adds the action to the state, but next_obs - obs is not the action",
    )


@subpart("2c")
def test_what_is_recorded_is_where_it_goes_on(student: Student) -> None:
    """With a model that draws at random, the next state in D_model is the very one the rollout goes on from."""
    model, policy = stand_ins(student, noise_std=1.0)
    data = imagined(student, model, policy, [[0.0], [100.0]], [[50.0], [50.0]], [4, 2])
    before, after = data["obs"][:, 0], data["next_obs"][:, 0]
    goes_on = np.abs(after[:, None] - before).min(axis=1) < 1e-9
    sentence = "a next state that was recorded is not the state that the rollout goes on from"
    expect(goes_on.sum() == 4, sentence)  # 3 of the 4 steps of one rollout, 1 of the 2 of the other


@subpart("2c")
def test_what_is_recorded_is_what_was_done(student: Student) -> None:
    """With a policy that draws at random, the actions in D_model are the very ones that the model was given."""
    model, _ = stand_ins(student)
    policy = student.given.GainPolicy(np.zeros((1, 1)), 0.3)
    data = imagined(student, model, policy, [[0.0], [1.0]], [[0.0], [0.0]], [4, 2])
    sentence = (
        "the model adds the action to the state, but next_obs - obs is not the action that was recorded"
    )
    expect_close(data["next_obs"] - data["obs"], data["actions"], sentence, atol=1e-4)


@subpart("2c")
def test_finished_rollouts_are_not_stepped(student: Student) -> None:
    """The model is asked for each transition that is kept, and for no other."""
    model, policy = stand_ins(student)
    imagined(student, model, policy, [[0.0], [10.0], [20.0]], [[5.0], [15.0], [25.0]], [5, 1, 2])
    rows = student.read(model, "rows")
    expect(rows != 15, "rollouts that have reached their length are still stepped in the model")
    expect(rows == 8, "the model was not asked once for each transition")


@subpart("2c")
def test_model_gets_the_generator(student: Student) -> None:
    """The generator `rng` goes to model.sample_next: same seed, same rollouts; another seed, others."""
    draws = []
    for seed in (1, 1, 2):
        model, policy = stand_ins(student, noise_std=1.0)
        draws.append(
            imagined(student, model, policy, [[0.0], [9.0]], [[5.0], [5.0]], [3, 2], seed)["next_obs"]
        )
    expect(np.array_equal(draws[0], draws[1]), "the same generator gave two different sets of rollouts")
    expect(
        not np.allclose(draws[0], draws[2]), "the model did not get the generator `rng` that was passed in"
    )


# --- 2d: the model buffer ---


def rows(first: int, count: int) -> dict[str, np.ndarray]:
    """Transitions numbered from `first`: number n has obs (n, -n), action 10 n."""
    n = np.arange(first, first + count, dtype=float)
    return {"obs": np.stack([n, -n], axis=1), "actions": 10 * n[:, None]}


def state(student: Student, buffer: Handle) -> tuple[int, int, np.ndarray]:
    """(size, next_row, the numbers of the transitions row by row), having seen that rows stayed together."""
    size, next_row, data = (student.read(buffer, name) for name in ("size", "next_row", "data"))
    size, next_row = (
        expect_whole(n, "`size` and `next_row` must be whole numbers") for n in (size, next_row)
    )
    expect(
        isinstance(data, dict) and set(data) == {"obs", "actions"},
        "`data` must keep the keys that were added",
    )
    numbers = expect_array(data["obs"], (None, 2), name="data['obs']")[:, 0]
    actions = expect_array(data["actions"], (len(numbers), 1), name="data['actions']")[:, 0]
    sentence = "obs and actions of one transition lie in different rows"
    expect(np.allclose(data["obs"][:, 1], -numbers) and np.allclose(actions, 10 * numbers), sentence)
    return size, next_row, numbers


@subpart("2d")
def test_add_to_an_empty_buffer(student: Student) -> None:
    """Three transitions in a buffer of five: they lie in rows 0, 1, 2, and the next goes to row 3."""
    buffer = student.imagine.ModelBuffer(5)
    buffer.add(rows(1, 3))
    size, next_row, numbers = state(student, buffer)
    expect(size == 3, "`size` must be the number of rows held")
    expect(next_row == 3, "`next_row` must be where the next row goes")
    expect_close(numbers[:3], [1.0, 2.0, 3.0], "the transitions do not lie in the first rows, in their order")
    buffer.add(rows(4, 1))
    size, next_row, numbers = state(student, buffer)
    expect((size, next_row) == (4, 4), "after a second call `size` or `next_row` is wrong")
    expect_close(numbers[:4], [1.0, 2.0, 3.0, 4.0], "a second call must write after the first one's rows")


@subpart("2d")
def test_the_oldest_make_room(student: Student) -> None:
    """Three, then four transitions in a buffer of five: 4 and 5 fill it, 6 and 7 replace 1 and 2."""
    buffer = student.imagine.ModelBuffer(5)
    buffer.add(rows(1, 3))
    buffer.add(rows(4, 4))
    size, next_row, numbers = state(student, buffer)
    expect(
        size == 5, "a full buffer holds `capacity` rows: its size does not grow beyond that, nor start again"
    )
    expect(next_row == 2, "after the last row `next_row` starts again at 0 (modulo the capacity)")
    expect(
        not np.allclose(numbers[:3], [1.0, 2.0, 3.0]),
        "what does not fit after the last row is lost; go on in row 0",
    )
    expect_close(numbers, [6.0, 7.0, 3.0, 4.0, 5.0], "new rows must replace the oldest ones, from row 0 on")


@subpart("2d")
def test_exactly_full(student: Student) -> None:
    """Filled exactly, the buffer is full and the next row is row 0 again."""
    buffer = student.imagine.ModelBuffer(4)
    buffer.add(rows(1, 4))
    size, next_row, numbers = state(student, buffer)
    expect(size == 4, "a buffer that is exactly full holds `capacity` rows")
    expect(next_row == 0, "after the last row comes row 0, so `next_row` must be 0")
    expect_close(numbers, [1.0, 2.0, 3.0, 4.0], "filled exactly, the rows must lie in their order")
    buffer.add(rows(5, 1))
    size, next_row, numbers = state(student, buffer)
    expect(size == 4, "a full buffer stays full")
    expect_close(numbers, [5.0, 2.0, 3.0, 4.0], "the first row of a full buffer is its oldest: it makes room")


# --- 2e: mixing real and imagined data ---


def mixed(student: Student, batch_size: int, fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """(which of the real rows, which of the imagined rows) are in the batch, having seen that rows stayed together.

    Real row n has obs n and action 10 n; imagined row n has obs 1000 + n and action 10 (1000 + n).
    """
    n = np.arange(batch_size, dtype=float)
    real, fake = ({"obs": x[:, None], "actions": 10 * x[:, None]} for x in (n, 1000 + n))
    batch = student.imagine.mix(real, fake, fraction)
    expect(isinstance(batch, dict), "`mix` must return a dict of arrays")
    expect(set(batch) == {"obs", "actions"}, "the batch must have the same keys as what it is mixed from")
    obs, actions = (
        expect_array(batch[key], (batch_size, 1), name=f"mix ({key})")[:, 0] for key in ("obs", "actions")
    )
    expect(np.allclose(actions, 10 * obs), "a row's obs and actions come from different transitions")
    expect(np.isin(obs, [*n, *(1000 + n)]), "there are rows in the batch that are neither real nor imagined")
    return obs[obs < 1000], obs[obs >= 1000] - 1000


@subpart("2e")
def test_share_of_real_rows(student: Student) -> None:
    """A quarter of a batch of 8 is 2 real rows and 6 imagined ones; 0.18 of 10 rounds to 2."""
    for batch_size, fraction, wanted in ((8, 0.25, 2), (10, 0.18, 2), (10, 0.62, 6), (20, 0.05, 1)):
        real, fake = mixed(student, batch_size, fraction)
        swapped = len(fake) == wanted != len(real)
        expect(not swapped, "the shares are swapped: real_fraction is the share of the real rows")
        expect(len(real) == wanted, "the number of real rows is not round(real_fraction · B)")


@subpart("2e")
def test_all_real_or_all_imagined(student: Student) -> None:
    """A fraction of 0 gives imagined rows only, a fraction of 1 real ones only."""
    real, _ = mixed(student, 6, 0.0)
    expect(len(real) == 0, "with real_fraction = 0 there must be no real row")
    _, fake = mixed(student, 6, 1.0)
    expect(
        len(fake) == 0, "with real_fraction = 1 there must be no imagined row (note that x[-0:] is all of x)"
    )


@subpart("2e")
def test_no_row_twice(student: Student) -> None:
    """No transition is in the batch twice."""
    for fraction in (0.25, 0.5, 0.9):
        for part in mixed(student, 12, fraction):
            expect(len(np.unique(part)) == len(part), "a row is in the batch twice")


@subpart("2e")
def test_arrays_are_paired_by_key(student: Student) -> None:
    """As in training: the two dicts name their arrays in different orders, and hold float32 and float64."""
    keys = ("obs", "rewards", "goals", "masks")  # the values of key number i begin at 1000 i
    real = {key: (1000.0 * i + np.arange(8.0)[:, None]).astype(np.float32) for i, key in enumerate(keys)}
    imagined = {key: real[key].astype(np.float64) + 500.0 for key in reversed(keys)}
    batch = student.imagine.mix(real, imagined, 0.5)
    expect(isinstance(batch, dict) and set(batch) == set(keys), "`mix` must return a dict with the same keys")
    sentence = (
        "arrays of different keys were put together: the two dicts need not have their keys in the same order"
    )
    for i, key in enumerate(keys):
        values = expect_array(batch[key], (8, 1), name=f"mix ({key})")
        expect(np.floor(values / 1000.0) == i, sentence)


@subpart("2e")
def test_mixing_leaves_its_arguments(student: Student) -> None:
    """Both batches stay as they are; the mixed one is new."""
    real, fake = ({"obs": np.full((8, 1), x), "actions": np.full((8, 2), x)} for x in (1.0, 2.0))
    expect_unchanged(student.imagine.mix, real=real, imagined=fake, real_fraction=0.25)
