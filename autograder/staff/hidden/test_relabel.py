"""Part 4, hindsight relabeling: fresh random buffers and batches, odd shapes, against the reference."""

import numpy as np

from autograder.checks.checking import (
    Handle,
    Rng,
    Student,
    expect,
    expect_array,
    expect_close,
    expect_distribution,
    expect_probability,
    subpart,
)
from autograder.checks.mistakes import on_wrong_shape, recognise
from autograder.checks.states import find_states
from solutions import relabel as reference

ONE_GOAL_A_ROW = "there is one goal for each transition of the batch, whole: shape (B, G)"
ONE_REWARD_A_ROW = "there is one reward for each transition of the batch: shape (B,)"

# (N, T, B, G): more and fewer of everything, as many transitions as episodes, one of each
SHAPES = [(2, 7, 23, 2), (4, 5, 4, 3), (9, 3, 2, 3), (1, 6, 5, 3), (3, 1, 4, 2), (1, 1, 1, 3)]


def _buffer(rng: np.random.Generator, n: int, t: int, g: int) -> np.ndarray:
    """achieved (N, T+1, G): every state far from every other, in random order."""
    places = rng.permutation(n * (t + 1)).reshape(n, t + 1, 1)
    return (places + rng.uniform(-0.2, 0.2, size=(n, t + 1, g))).astype(np.float32)


def _batch(rng: np.random.Generator, shape: tuple[int, int, int, int]) -> tuple:
    """achieved, episodes, steps, and a generator's seed for the submission."""
    n, t, b, g = shape
    return (
        _buffer(rng, n, t, g),
        rng.integers(n, size=b),
        rng.integers(t, size=b),
        Rng(int(rng.integers(2**30))),
    )


def _drawn(
    student: Student, strategy: str, achieved: np.ndarray, episodes: np.ndarray, steps: np.ndarray, rng: Rng
) -> tuple[np.ndarray, np.ndarray]:
    """The episode and the state that each goal of a strategy comes from."""
    with on_wrong_shape(ONE_GOAL_A_ROW):
        goals = getattr(student.relabel, strategy)(achieved, episodes, steps, rng)
    goals = expect_array(goals, (len(episodes), achieved.shape[2]), name=strategy)
    return find_states(goals, achieved)


# --- 4a ---


@subpart("4a")
def test_final_goals_of_any_buffer(student: Student, fresh_rng: np.random.Generator) -> None:
    """The last state of each transition's own episode, for buffers and batches of many shapes."""
    for shape in SHAPES:
        achieved, episodes, steps, rng = _batch(fresh_rng, shape)
        with on_wrong_shape(ONE_GOAL_A_ROW):
            goals = student.relabel.final_goals(achieved, episodes, steps, rng)
        last = achieved.shape[1] - 1
        sentence = recognise(
            goals,
            "a goal is not the last state of the transition's own episode",
            {
                "the last *state* is number T, one later than the last step T-1": achieved[episodes, last - 1],
                "this is the state after the transition itself": achieved[episodes, steps + 1],
                "the goals are not those of the episodes that `episodes` names": achieved[:, -1],
            },
        )  # fmt: skip
        expect_close(
            goals, reference.final_goals(achieved, episodes, steps, fresh_rng), sentence, name="final_goals"
        )


@subpart("4a")
def test_final_goals_in_double_precision(student: Student, fresh_rng: np.random.Generator) -> None:
    """Any numbers will do: float64, large, negative, equal, and arrays that do not lie in one piece."""
    achieved = fresh_rng.normal(size=(5, 4, 2)) * 10.0 ** fresh_rng.integers(-3, 6, size=(5, 4, 1))
    achieved[0] = achieved[0, 0]
    episodes, steps = fresh_rng.integers(5, size=9), fresh_rng.integers(3, size=9)
    with on_wrong_shape(ONE_GOAL_A_ROW):
        goals = student.relabel.final_goals(achieved, episodes, steps, Rng(0))
    strided = student.given.call_strided(student.relabel.final_goals, achieved, episodes, steps, Rng(0))
    wanted = reference.final_goals(achieved, episodes, steps, fresh_rng)
    expect_close(goals, wanted, "a goal is not the last state of the transition's own episode")
    expect_close(strided, wanted, "a goal is wrong where the arrays are views of larger ones")


# --- 4b ---


@subpart("4b")
def test_future_goals_of_any_buffer(student: Student, fresh_rng: np.random.Generator) -> None:
    """Same episode, one of the states t+1 … T, for buffers and batches of many shapes."""
    for shape in SHAPES * 3:
        achieved, episodes, steps, rng = _batch(fresh_rng, shape)
        episode, state = _drawn(student, "future_goals", achieved, episodes, steps, rng)
        expect(episode == episodes, "a goal comes from another episode than its transition")
        expect(state != steps, "a goal is from state t, before the transition: 'future' starts at t+1")
        expect(state > steps, "a goal was achieved before the transition: 'future' starts at state t+1")


@subpart("4b")
def test_future_goals_of_any_length_are_uniform(student: Student, fresh_rng: np.random.Generator) -> None:
    """All later states are equally likely, for each step of episodes of another length."""
    # At most 7 tests at 1e-7 each: a false alarm has probability < 1e-6.
    length = int(fresh_rng.integers(5, 8))
    achieved, steps = _buffer(fresh_rng, 3, length, 3), fresh_rng.permutation(np.tile(np.arange(length), 700))
    episodes, rng = fresh_rng.integers(3, size=len(steps)), Rng(int(fresh_rng.integers(2**30)))
    _, state = _drawn(student, "future_goals", achieved, episodes, steps, rng)
    for t in range(length):
        later = length - t
        drawn = state[steps == t] - (t + 1)
        expect_distribution(
            drawn, np.full(later, 1 / later), "the states t+1 … T are not drawn equally often"
        )


# --- 4c ---


@subpart("4c")
def test_episode_goals_of_any_buffer(student: Student, fresh_rng: np.random.Generator) -> None:
    """Same episode, for buffers and batches of many shapes."""
    for shape in SHAPES * 3:
        achieved, episodes, steps, rng = _batch(fresh_rng, shape)
        episode, _ = _drawn(student, "episode_goals", achieved, episodes, steps, rng)
        expect(episode == episodes, "a goal comes from another episode than its transition")


@subpart("4c")
def test_episode_goals_of_any_length_are_uniform(student: Student, fresh_rng: np.random.Generator) -> None:
    """All T+1 states are equally likely, for the first step, the last, and any between."""
    # Four tests at 1e-7 each: the first step, the last, all, and the shortest episode.
    length = int(fresh_rng.integers(4, 8))
    achieved, episodes = _buffer(fresh_rng, 3, length, 2), fresh_rng.integers(3, size=4000)
    steps = np.resize(np.r_[0, 0, length - 1, length - 1, np.arange(length)], 4000)
    seed = int(fresh_rng.integers(2**30))
    _, state = _drawn(student, "episode_goals", achieved, episodes, steps, Rng(seed))
    equally = np.full(length + 1, 1 / (length + 1))
    for chosen in (steps == 0, steps == length - 1, steps >= 0):
        expect_distribution(state[chosen], equally, "the states 0 … T are not drawn equally often")
    short, zeros = _buffer(fresh_rng, 1, 1, 3), np.zeros(400, dtype=np.int64)
    _, state = _drawn(student, "episode_goals", short, zeros, zeros, Rng(seed))
    expect_distribution(state, [0.5, 0.5], "an episode of one step has two states, equally likely")


# --- 4d ---


@subpart("4d")
def test_random_goals_of_any_buffer(student: Student, fresh_rng: np.random.Generator) -> None:
    """Some state of the buffer, for buffers and batches of many shapes."""
    for shape in SHAPES:
        achieved, episodes, steps, rng = _batch(fresh_rng, shape)
        _drawn(student, "random_goals", achieved, episodes, steps, rng)  # its expectations are the check


@subpart("4d")
def test_random_goals_of_any_length_are_uniform(student: Student, fresh_rng: np.random.Generator) -> None:
    """All states of all episodes are equally likely, wherever the batch comes from."""
    # Two tests at 1e-7 each.
    n, t = int(fresh_rng.integers(2, 5)), int(fresh_rng.integers(2, 5))
    achieved, count = _buffer(fresh_rng, n, t, 3), n * (t + 1)
    for episodes in (np.full(4000, n - 1), fresh_rng.integers(n, size=4000)):
        steps, rng = fresh_rng.integers(t, size=4000), Rng(int(fresh_rng.integers(2**30)))
        episode, state = _drawn(student, "random_goals", achieved, episodes, steps, rng)
        expect_distribution(
            episode * (t + 1) + state,
            np.full(count, 1 / count),
            "the states of the whole buffer are not drawn equally often",
        )


# --- 4e ---


def _replaced(
    student: Student, rng: Rng | Handle, fresh_rng: np.random.Generator, batch: int, dim: int, fraction: float
) -> np.ndarray:
    """Which rows (B,) were replaced; fails unless every row is whole and from its own place."""
    desired = fresh_rng.normal(size=(batch, dim)).astype(np.float32)
    hindsight = desired + fresh_rng.uniform(0.5, 1.0, size=(batch, dim)).astype(np.float32)
    with on_wrong_shape(ONE_GOAL_A_ROW):
        goals = student.relabel.replace_goals(desired, hindsight, fraction, rng)
    goals = expect_array(goals, (batch, dim), name="replace_goals")
    new, old = (np.abs(goals - wanted) < 1e-5 for wanted in (hindsight, desired))
    expect(new | old, "an entry is from neither `desired` nor `hindsight`, or from another row")
    expect(new.all(axis=1) | old.all(axis=1), "a row mixes the two goals: one draw decides for a whole row")
    return np.asarray(new.all(axis=1))


@subpart("4e")
def test_replaced_share_of_any_fraction(student: Student, fresh_rng: np.random.Generator) -> None:
    """The share of replaced rows is `fraction`, whatever it is, in batches of many shapes."""
    # Three tests at 1e-7 each.
    for dim in (1, 2, 3):
        fraction, rng = fresh_rng.uniform(0.1, 0.9), Rng(int(fresh_rng.integers(2**30)))
        count = int(_replaced(student, rng, fresh_rng, 3000, dim, fraction).sum())
        expect_probability(count, 3000, fraction, "the share of replaced rows is not `fraction`")


@subpart("4e")
def test_a_batch_of_one_row(student: Student, fresh_rng: np.random.Generator) -> None:
    """One row is sometimes replaced and sometimes not: a share of rows, rounded, never would be."""
    rng = student.given.rng(int(fresh_rng.integers(2**30)))
    fraction = fresh_rng.uniform(0.3, 0.7)
    count = sum(int(_replaced(student, rng, fresh_rng, 1, 3, fraction)[0]) for _ in range(80))
    expect_probability(count, 80, fraction, "a single row is not replaced with probability `fraction`")


@subpart("4e")
def test_none_or_all(student: Student, fresh_rng: np.random.Generator) -> None:
    """Fractions 0 and 1 leave nothing to chance."""
    for batch, dim in ((1, 3), (3, 3), (2, 3), (40, 2)):
        none = _replaced(student, Rng(batch), fresh_rng, batch, dim, 0.0)
        expect(not none.any(), "fraction 0 keeps every goal")
        expect(_replaced(student, Rng(batch), fresh_rng, batch, dim, 1.0), "fraction 1 replaces every goal")


# --- 4f ---


def _arrivals(rng: np.random.Generator, batch: int, dim: int, distances: np.ndarray) -> tuple:
    """next_achieved and goals (B, G) at these distances from each other."""
    goals, away = rng.normal(size=(2, batch, dim))
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    return goals + distances[:, None] * away, goals


@subpart("4f")
def test_sparse_reward_anywhere(student: Student, fresh_rng: np.random.Generator) -> None:
    """The sparse reward for fresh goals and thresholds, in single and double precision."""
    for batch, dim, dtype in ((200, 3, "f8"), (200, 2, "f4"), (3, 3, "f8"), (2, 2, "f4"), (1, 3, "f4")):
        threshold = float(fresh_rng.uniform(0.05, 2.0))
        # nowhere near the threshold itself, where rounding would decide
        ratio = np.where(
            fresh_rng.random(batch) < 0.5, fresh_rng.uniform(0, 0.99, batch), fresh_rng.uniform(1.01, 1.7, batch)
        )  # fmt: skip
        arrived, goals = (x.astype(dtype) for x in _arrivals(fresh_rng, batch, dim, ratio * threshold))
        with on_wrong_shape(ONE_REWARD_A_ROW):
            rewards = student.relabel.new_rewards(arrived, goals, threshold, "sparse")
        wanted = reference.new_rewards(arrived, goals, threshold, "sparse")
        apart = np.abs(arrived - goals)
        sentence = recognise(
            rewards,
            "a sparse reward is wrong: 0 where the distance is at most the threshold passed in, -1 elsewhere",
            {
                "the signs are the other way round: arriving gives 0, not arriving gives -1": -1 - wanted,
                "the rewards are 1 and 0, but they should be 0 and -1": 1 + wanted,
                "the threshold is for the Euclidean distance, not for each coordinate": -1.0
                * (apart.max(axis=1) > threshold),
                "the threshold is for the Euclidean distance, not for the sum of the coordinates": -1.0
                * (apart.sum(axis=1) > threshold),
                "the threshold is for the distance, not for its square": -1.0
                * ((apart**2).sum(axis=1) > threshold),
            },
        )
        expect_close(rewards, wanted, sentence, name="new_rewards")


@subpart("4f")
def test_dense_reward_anywhere(student: Student, fresh_rng: np.random.Generator) -> None:
    """The dense reward for fresh goals, near and far, in single and double precision, whatever the threshold."""
    for batch, dim, dtype in ((100, 3, "f8"), (100, 2, "f4"), (3, 3, "f8"), (2, 2, "f4"), (1, 3, "f4")):
        distances = fresh_rng.choice([0.0, 0.01, 1.0, 1000.0], size=batch) * fresh_rng.uniform(0.5, 1, batch)
        arrived, goals = (x.astype(dtype) for x in _arrivals(fresh_rng, batch, dim, distances))
        with on_wrong_shape(ONE_REWARD_A_ROW):
            rewards = student.relabel.new_rewards(arrived, goals, float(fresh_rng.uniform(0.01, 1)), "dense")
        wanted = reference.new_rewards(arrived, goals, 0.05, "dense")
        sentence = recognise(
            rewards,
            "the dense reward is minus the Euclidean distance of each row",
            {
                "the dense reward is minus the distance: closer is better": -wanted,
                "this is the squared distance: take its root": -(wanted**2),
            },
        )
        expect_close(rewards, wanted, sentence, name="new_rewards")


@subpart("4f")
def test_sparse_reward_at_any_threshold(student: Student, fresh_rng: np.random.Generator) -> None:
    """A distance of exactly the threshold counts as reached, and the least bit more does not."""
    for dim in (1, 2, 3):
        threshold = float(2.0 ** -fresh_rng.integers(1, 5))  # a power of two: distance and square are exact
        arrived, goals = np.zeros((6, dim)), np.zeros((6, dim))
        arrived[np.arange(6), fresh_rng.integers(dim, size=6)] = fresh_rng.choice([-1, 1], 6) * threshold
        arrived[::2] *= 1 + 2.0**-20
        with on_wrong_shape(ONE_REWARD_A_ROW):
            rewards = student.relabel.new_rewards(arrived, goals, threshold, "sparse")
        wanted = reference.new_rewards(arrived, goals, threshold, "sparse")
        sentence = recognise(
            rewards,
            "a sparse reward close to the threshold is wrong",
            {"a distance equal to the threshold counts as reached: d <= threshold": np.full(6, -1.0)},
        )
        expect_close(rewards, wanted, sentence, name="new_rewards")
