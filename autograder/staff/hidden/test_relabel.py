"""Part 4, hindsight relabeling: fresh random buffers and batches, odd shapes, against the reference."""

from typing import Any

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
from autograder.checks.independence import expect_independent_rows, own_rng, spread
from autograder.checks.mistakes import expect_no_repeat, on_wrong_shape, recognise
from autograder.checks.relabelling import NOT_THE_FRACTION, expect_relabelled, expect_strategy
from autograder.checks.states import (
    NO_REPEATS,
    ONE_GOAL_A_ROW,
    draw,
    expect_any_of_buffer,
    expect_any_of_episode,
    expect_future,
    expect_later,
    expect_own_episode,
    expect_quick,
)
from solutions import relabel as reference

ONE_REWARD_A_ROW = "there is one reward for each transition of the batch: shape (B,)"
VIEWS = "a goal is wrong where the arrays are views of larger ones"

# (N, T, B, G): more and fewer of everything, as many transitions as episodes, as many states as episodes, one of each.
# Each comes twice in a row, so that whoever keeps something from the first call is found.
_SHAPES = [
    (2, 7, 23, 2),
    (4, 5, 4, 3),
    (9, 3, 2, 3),
    (1, 6, 5, 3),
    (3, 1, 4, 2),
    (5, 4, 9, 1),
    (1, 1, 1, 3),
]
SHAPES = [shape for shape in _SHAPES for _ in range(2)]
# A buffer as in training: more states than 16 bits can number, and more rows; then longer episodes than any task has.
# With 24,000 rows, 3,000 are of step 0: each of their 131 later states is drawn (but for a probability of 1e-8).
FULL, LONG = (1400, 50, 40_000, 3), (30, 131, 24_000, 2)


def _buffer(rng: np.random.Generator, n: int, t: int, g: int) -> np.ndarray:
    """achieved (N, T+1, G): every state far from every other, in random order."""
    places = rng.permutation(n * (t + 1)).reshape(n, t + 1, 1)
    return (places + rng.uniform(-0.2, 0.2, size=(n, t + 1, g))).astype(np.float32)


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**30))


def _rounded(values: np.ndarray) -> np.ndarray:
    """To 16 bits."""
    with np.errstate(over="ignore"):
        return values.astype(np.float16)


def _batch(rng: np.random.Generator, shape: tuple[int, int, int, int], among: int = 10**9) -> tuple:
    """achieved, episodes, steps, and a generator's seed for the submission; of the first `among` episodes alone.

    The first step and the last are always in a batch of two rows and more, in a large one many times.
    """
    n, t, b, g = shape
    episodes, steps = rng.integers(min(n, among), size=b), rng.integers(t, size=b)
    steps[: b // 2] = np.resize([0, t - 1, t // 2, max(0, t - 2)], b // 2)
    order = rng.permutation(b)
    return _buffer(rng, n, t, g), episodes[order], steps[order], Rng(_seed(rng))


# --- 4a ---


@subpart("4a")
def test_final_goals_of_any_buffer(student: Student, fresh_rng: np.random.Generator) -> None:
    """The last state of each transition's own episode, for buffers and batches of many shapes."""
    before, otherwise = None, "a goal is not the last state of the transition's own episode"
    large = {
        FULL: "with 1400 episodes and 40000 rows a goal is not the last state of the transition's own episode",
        LONG: "with episodes of 131 steps a goal is not the last state of the transition's own episode",
    }
    for shape in [*SHAPES, FULL, LONG]:
        achieved, episodes, steps, rng = _batch(fresh_rng, shape)
        steps = steps // 2  # an early step leads to the last state too
        with on_wrong_shape(ONE_GOAL_A_ROW):
            goals = student.relabel.final_goals(achieved, episodes, steps, rng)
        last = achieved.shape[1] - 1
        sentence = recognise(
            goals,
            large.get(shape, otherwise),
            {
                "the last *state* is number T, one later than the last step T-1": achieved[episodes, last - 1],
                "this is the state after the transition itself": achieved[episodes, steps + 1],
                "the goals are rounded to 16 bits": _rounded(achieved[episodes, last]),
                "each row got the goal of the last episode": np.tile(achieved[-1, -1], (len(episodes), 1)),
                "the goals are right, but in another order": achieved[np.sort(episodes), last],
                "the goal lies between the last two states": achieved[episodes, last - 1 :].mean(axis=1),
                "`steps` was taken for the number of the episode": achieved[steps % len(achieved), last],
                "this is the state before the transition": achieved[episodes, steps],
                "row i got the goal of episode i: pick the episodes that `episodes` names": np.resize(
                    achieved[:, -1], (len(episodes), achieved.shape[2])
                ),
            },
        )  # fmt: skip
        if before is not None and before.shape == achieved.shape:
            stale = np.array_equal(goals, before[episodes, last])
            expect(
                not stale, "the goals are those of the buffer of an earlier call: keep nothing between calls"
            )
        before = achieved
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
    expect_close(strided, wanted, VIEWS)


@subpart("4a", weight=0.5)
def test_final_goals_do_not_take_long(student: Student) -> None:
    """A batch from a large buffer costs about as much as a loop over the batch, not as much as copies of the buffer."""
    expect_quick(student, "final_goals")


# --- 4b ---


@subpart("4b")
def test_future_goals_of_any_buffer(student: Student, fresh_rng: np.random.Generator) -> None:
    """Same episode, one of the states t+1 … T, for buffers and batches of many shapes."""
    for shape in 2 * SHAPES:
        drawn = draw(student, "future_goals", *_batch(fresh_rng, shape))
        expect_own_episode(drawn)
        expect_later(drawn)


@subpart("4b")
def test_future_goals_of_a_full_buffer_are_uniform(student: Student, fresh_rng: np.random.Generator) -> None:
    """All later states are equally likely, in buffers and batches as large as in training and larger."""
    # Up to seven tests at 2e-8 each, three times.
    for shape in (FULL, LONG):
        expect_future(draw(student, "future_goals", *_batch(fresh_rng, shape)))
    achieved, episodes, steps, rng = _batch(fresh_rng, LONG)
    expect_future(draw(student, "future_goals", achieved, episodes, steps % 20, rng))  # early steps alone


@subpart("4b")
def test_future_goals_of_views(student: Student, fresh_rng: np.random.Generator) -> None:
    """The same from arrays that are cut out of larger ones."""
    drawn = draw(student, "future_goals", *_batch(fresh_rng, (6, 7, 500, 3)), strided=True)
    expect(np.array_equal(drawn.episode, drawn.episodes) and np.all(drawn.state > drawn.steps), VIEWS)


@subpart("4b")
def test_future_goals_are_drawn_with_replacement(student: Student, fresh_rng: np.random.Generator) -> None:
    """As many rows of one step as there are later states: some state comes twice (else: chance below 1e-20)."""
    achieved = _buffer(fresh_rng, 2, 50, 3)
    rows = np.ones(50, dtype=np.int64), np.zeros(50, dtype=np.int64)
    drawn = draw(student, "future_goals", achieved, *rows, Rng(_seed(fresh_rng)))
    expect(len(np.unique(drawn.state)) < 50, NO_REPEATS)


@subpart("4b", weight=0.5)
def test_future_goals_do_not_take_long(student: Student) -> None:
    """A batch from a large buffer costs about as much as a loop over the batch, not as much as copies of the buffer."""
    expect_quick(student, "future_goals")


# --- 4c ---


@subpart("4c")
def test_episode_goals_of_any_buffer(student: Student, fresh_rng: np.random.Generator) -> None:
    """Same episode, for buffers and batches of many shapes."""
    for shape in 2 * SHAPES:
        expect_own_episode(draw(student, "episode_goals", *_batch(fresh_rng, shape)))


@subpart("4c")
def test_episode_goals_of_a_full_buffer_are_uniform(student: Student, fresh_rng: np.random.Generator) -> None:
    """All T+1 states are equally likely, in buffers and batches as large as in training and larger."""
    # Five tests at 2e-8 each, twice.
    for shape in (FULL, LONG):
        expect_any_of_episode(draw(student, "episode_goals", *_batch(fresh_rng, shape)))


@subpart("4c")
def test_episode_goals_of_the_shortest_episodes(student: Student, fresh_rng: np.random.Generator) -> None:
    """An episode of one step has two states, and a batch of one row gets any of an episode's states."""
    # Two tests at 1e-7 each.
    zeros = np.zeros(400, dtype=np.int64)
    achieved = _buffer(fresh_rng, 1, 1, 3)
    drawn = draw(student, "episode_goals", achieved, zeros, zeros, Rng(_seed(fresh_rng)))
    expect_distribution(drawn.state, [0.5, 0.5], "an episode of one step has two states, equally likely")
    achieved, rng = _buffer(fresh_rng, 2, 3, 3), student.given.rng(_seed(fresh_rng))
    row = np.array([1]), np.array([2])
    states = [int(draw(student, "episode_goals", achieved, *row, rng).state[0]) for _ in range(200)]
    expect_distribution(
        np.array(states),
        np.full(4, 0.25),
        "in a batch of one row some of the states 0 … T come more often than others",
    )


@subpart("4c")
def test_episode_goals_of_views(student: Student, fresh_rng: np.random.Generator) -> None:
    """The same from arrays that are cut out of larger ones; and states are drawn with replacement."""
    drawn = draw(student, "episode_goals", *_batch(fresh_rng, (6, 7, 500, 3)), strided=True)
    expect(np.array_equal(drawn.episode, drawn.episodes), VIEWS)
    achieved = _buffer(fresh_rng, 2, 50, 3)
    rows = np.ones(51, dtype=np.int64), np.zeros(51, dtype=np.int64)
    drawn = draw(student, "episode_goals", achieved, *rows, Rng(_seed(fresh_rng)))
    expect(len(np.unique(drawn.state)) < 51, NO_REPEATS)  # by chance: below 1e-20


@subpart("4c", weight=0.5)
def test_episode_goals_do_not_take_long(student: Student) -> None:
    """A batch from a large buffer costs about as much as a loop over the batch, not as much as copies of the buffer."""
    expect_quick(student, "episode_goals")


# --- 4d ---


@subpart("4d")
def test_random_goals_of_any_buffer(student: Student, fresh_rng: np.random.Generator) -> None:
    """Some state of the buffer, for buffers and batches of many shapes, and for arrays cut out of larger ones."""
    for shape in SHAPES:
        for strided in (False, True):
            # its expectations are the check
            draw(student, "random_goals", *_batch(fresh_rng, shape), strided=strided)


@subpart("4d")
def test_random_goals_of_a_full_buffer_are_uniform(student: Student, fresh_rng: np.random.Generator) -> None:
    """All states of all episodes are equally likely, in buffers and batches as large as in training and larger."""
    # Eight tests at 2e-8 each, four times. If there are as many episodes as states, one number cannot serve for both.
    for shape in (FULL, LONG, (51, 50, 20_000, 3), (4, 3, 8_000, 2)):
        expect_any_of_buffer(draw(student, "random_goals", *_batch(fresh_rng, shape, among=3)))


@subpart("4d")
def test_random_goals_of_one_row(student: Student, fresh_rng: np.random.Generator) -> None:
    """A batch of one row gets any state of any episode."""
    # One test at 1e-7.
    achieved, rng = _buffer(fresh_rng, 3, 2, 3), student.given.rng(_seed(fresh_rng))
    cells = []
    for _ in range(300):
        drawn = draw(student, "random_goals", achieved, np.array([1]), np.array([1]), rng)
        cells.append(int(drawn.episode[0]) * 3 + int(drawn.state[0]))
    expect_distribution(
        np.array(cells),
        np.full(9, 1 / 9),
        "in a batch of one row some states of some episodes come more often than others",
    )


@subpart("4d", weight=0.5)
def test_random_goals_do_not_take_long(student: Student) -> None:
    """A batch from a large buffer costs about as much as a loop over the batch, not as much as copies of the buffer."""
    expect_quick(student, "random_goals")


# --- 4e ---

ROWS_DEPEND = (
    "which rows are replaced depends on the other rows: decide for each row on its own, by its own draw"
)


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
    # Six tests at 1e-7 each, and one of independence: a large share that is off by a twentieth is found at any seed.
    for dim, fraction in enumerate(fresh_rng.uniform((0.3, 0.8, 0.02), (0.5, 0.95, 0.15)), 1):
        replaced = _replaced(student, Rng(_seed(fresh_rng)), fresh_rng, 40_000, dim, fraction)
        share = "the share of replaced rows is not `fraction`"
        expect_probability(int(replaced.sum()), len(replaced), fraction, share)
        first = replaced[: len(replaced) // 20]  # the rows of a batch are alike
        expect_probability(
            int(first.sum()), len(first), fraction, "the share among the first rows is not `fraction`"
        )
    replaced = _replaced(student, Rng(_seed(fresh_rng)), fresh_rng, 20_000, 2, 0.5)
    expect_independent_rows(spread(replaced, 2, own_rng()), ROWS_DEPEND)


@subpart("4e")
def test_a_batch_of_one_row(student: Student, fresh_rng: np.random.Generator) -> None:
    """One row is sometimes replaced and sometimes not: a share of rows, rounded, never would be."""
    rng = student.given.rng(_seed(fresh_rng))
    fraction = fresh_rng.uniform(0.3, 0.7)
    count = sum(int(_replaced(student, rng, fresh_rng, 1, 3, fraction)[0]) for _ in range(100))
    expect_probability(count, 100, fraction, "a single row is not replaced with probability `fraction`")


@subpart("4e")
def test_goals_that_are_equal_or_views(student: Student, fresh_rng: np.random.Generator) -> None:
    """Rows whose two goals agree in some entries, in float64, and arrays cut out of larger ones."""
    desired = np.round(fresh_rng.normal(size=(60, 3)), 1)
    hindsight = np.where(fresh_rng.random((60, 3)) < 0.5, desired, desired + 1.0)
    for call in (student.relabel.replace_goals, None):
        arguments = (desired, hindsight, 0.5, Rng(_seed(fresh_rng)))
        if call is None:
            goals = student.given.call_strided(student.relabel.replace_goals, *arguments)
        else:
            goals = call(*arguments)
        goals = expect_array(goals, (60, 3), name="replace_goals")
        whole = (np.abs(goals - desired) < 1e-6).all(axis=1) | (np.abs(goals - hindsight) < 1e-6).all(axis=1)
        expect(whole, "a row is neither the whole row of `desired` nor the whole row of `hindsight`")


@subpart("4e")
def test_none_or_all(student: Student, fresh_rng: np.random.Generator) -> None:
    """Fractions 0 and 1 leave nothing to chance."""
    for batch, dim in ((1, 3), (3, 3), (2, 3), (40, 2)):
        none = _replaced(student, Rng(batch), fresh_rng, batch, dim, 0.0)
        expect(not none.any(), "fraction 0 keeps every goal")
        expect(_replaced(student, Rng(batch), fresh_rng, batch, dim, 1.0), "fraction 1 replaces every goal")


# --- 4f ---

# (B, G, dtype); those that come twice find whoever keeps something from the first call. Large ones first: in a small
# batch one mistake can look like another.
SIZES = [*2 * [(200, 3, "f8")], *2 * [(200, 2, "f4")], (200, 5, "f8"), (40_000, 3, "f4")]
SIZES += [*2 * [(3, 3, "f8")], *2 * [(2, 2, "f4")], (7, 1, "f8"), (1, 3, "f4"), (1, 1, "f4")]
SOME_ROWS = "in a batch of 40000 rows some rewards are wrong, and in one of 200 rows none is"
FEW_ROWS = "in a batch of seven rows or fewer a reward is wrong, and in one of 200 rows none is"


def _arrivals(rng: np.random.Generator, batch: int, dim: int, distances: np.ndarray) -> tuple:
    """next_achieved and goals (B, G) at these distances from each other."""
    goals, away = rng.normal(size=(2, batch, dim))
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    return goals + distances[:, None] * away, goals


def _expect_rewards(
    student: Student, arguments: tuple, otherwise: str, mistakes: dict, before: np.ndarray | None
) -> np.ndarray:
    """The rewards (B,), the reference's; where they are not, the sentence of the mistake."""
    with on_wrong_shape(ONE_REWARD_A_ROW):
        rewards = student.relabel.new_rewards(*arguments)
    wanted = reference.new_rewards(*arguments)
    rows = len(wanted)
    if rows >= 200:
        expect_no_repeat(before, rewards)
        otherwise = recognise(rewards, SOME_ROWS if rows > 200 else otherwise, mistakes)
    expect_close(rewards, wanted, otherwise if rows >= 200 else FEW_ROWS, name="new_rewards")
    return rewards


@subpart("4f")
def test_sparse_reward_anywhere(student: Student, fresh_rng: np.random.Generator) -> None:
    """The sparse reward for fresh goals and thresholds, in single and double precision."""
    before = None
    for batch, dim, dtype in SIZES:
        threshold = float(fresh_rng.uniform(0.1, 2.0))
        # nowhere near the threshold itself, where rounding would decide
        ratio = np.where(
            fresh_rng.random(batch) < 0.5, fresh_rng.uniform(0, 0.99, batch), fresh_rng.uniform(1.01, 1.7, batch)
        )  # fmt: skip
        arrived, goals = (x.astype(dtype) for x in _arrivals(fresh_rng, batch, dim, ratio * threshold))
        apart = np.abs(arrived - goals)
        distance = np.linalg.norm(apart, axis=1)
        wrong_distances = {
            "the threshold is for the Euclidean distance, not for each coordinate": apart.max(axis=1),
            "the threshold is for the Euclidean distance, not for the sum of the coordinates": apart.sum(
                axis=1
            ),
            "the threshold is for the distance, not for its square": distance**2,
            "the Euclidean distance is no average over the coordinates": distance / dim**0.5,
            "only the first two coordinates count here: all of them should": np.linalg.norm(
                apart[:, :2], axis=1
            ),
            "only the first three coordinates count here: all of them should": np.linalg.norm(
                apart[:, :3], axis=1
            ),
            "the difference of the two norms is not the distance": np.abs(
                np.linalg.norm(arrived, axis=1) - np.linalg.norm(goals, axis=1)
            ),
        }
        arrives = -1.0 * (distance > threshold)
        mistakes = {
            "the signs are the other way round: arriving gives 0, not arriving gives -1": -1 - arrives,
            "the rewards are 1 and 0, but they should be 0 and -1": 1 + arrives,
            "the rewards are 0 and 1, but they should be 0 and -1": -arrives,
            "the rewards are 1 and -1, but they should be 0 and -1": 1 + 2 * arrives,
            "the threshold is the one passed in, not 0.05": -1.0 * (distance > 0.05),
            "this looks like the dense reward": -distance,
        }
        mistakes |= {sentence: -1.0 * (d > threshold) for sentence, d in wrong_distances.items() if dim > 1}
        otherwise = (
            "a sparse reward is wrong: 0 where the distance is at most the threshold passed in, -1 elsewhere"
        )
        before = _expect_rewards(student, (arrived, goals, threshold, "sparse"), otherwise, mistakes, before)


@subpart("4f")
def test_dense_reward_anywhere(student: Student, fresh_rng: np.random.Generator) -> None:
    """The dense reward for fresh goals, near and far, in single and double precision, whatever the threshold."""
    before = None
    for batch, dim, dtype in SIZES:
        distances = fresh_rng.choice([0.0, 0.01, 1.0, 1000.0], size=batch) * fresh_rng.uniform(0.5, 1, batch)
        arrived, goals = (x.astype(dtype) for x in _arrivals(fresh_rng, batch, dim, distances))
        threshold, wanted = (
            float(fresh_rng.uniform(0.01, 1)),
            reference.new_rewards(arrived, goals, 0.05, "dense"),
        )
        squares = (np.square(x).sum(axis=1) for x in (arrived, goals))
        multiplied_out = sum(squares) - 2 * (arrived * goals).sum(axis=1)
        mistakes = {
            "the dense reward is minus the distance: closer is better": -wanted,
            "this is the squared distance: take its root": -(wanted**2),
            "the distances are rounded to 16 bits": _rounded(wanted),
            "the distances are rounded to two decimals": wanted.round(2),
            "the dense reward is not clipped: it is minus the distance, however far": np.maximum(
                wanted, -1.0
            ),
            "the dense reward is divided by the threshold: it is minus the distance": wanted / threshold,
            "the dense reward is divided by the largest distance: it is minus the distance": wanted
            / max(-wanted.min(), 1e-9),
            "the Euclidean distance is no average over the coordinates": wanted / dim**0.5,
            "only the first three coordinates count here: all of them should": -np.linalg.norm(
                (arrived - goals)[:, :3], axis=1
            ),
            "the square multiplied out loses digits: take the difference first": -np.sqrt(
                np.maximum(multiplied_out, 0)
            ),
        }
        otherwise = "the dense reward is minus the Euclidean distance of each row"
        before = _expect_rewards(student, (arrived, goals, threshold, "dense"), otherwise, mistakes, before)


@subpart("4f")
def test_sparse_reward_at_any_threshold(student: Student, fresh_rng: np.random.Generator) -> None:
    """A distance of exactly the threshold counts as reached, and the least bit more does not."""
    for dim in (1, 2, 3):
        threshold = float(2.0 ** -fresh_rng.integers(1, 5))  # a power of two: distance and square are exact
        arrived, goals = np.zeros((6, dim)), np.zeros((6, dim))
        arrived[np.arange(6), fresh_rng.integers(dim, size=6)] = fresh_rng.choice([-1, 1], 6) * threshold
        arrived[::2] *= 1 + 2.0**-20
        arrived[:2] /= 2
        with on_wrong_shape(ONE_REWARD_A_ROW):
            rewards = student.relabel.new_rewards(arrived, goals, threshold, "sparse")
        wanted = reference.new_rewards(arrived, goals, threshold, "sparse")
        sentence = recognise(
            rewards,
            "a sparse reward close to the threshold is wrong",
            {"a distance equal to the threshold counts as reached: d <= threshold": [0, 0, -1, -1, -1, -1]},
        )
        expect_close(rewards, wanted, sentence, name="new_rewards")


@subpart("4f", weight=0.5)
def test_new_rewards_do_not_take_long(student: Student, fresh_rng: np.random.Generator) -> None:
    """4000 rewards cost about as much as a loop over the rows; right code, a loop too, takes up to 20 loops."""
    places = fresh_rng.normal(size=(2, 4000, 3))
    loops = student.given.against_a_loop(4000, student.relabel.new_rewards, *places, 0.05, "dense")
    expect(
        isinstance(loops, float) and loops < 60,
        "4000 rewards take more than 60 times as long as a plain loop over the rows in which each draws a number: "
        "compare each row with its own goal, not all rows with all goals",
    )


# --- relabel, which is given, with what the pieces give ---


@subpart("4a", "4b", "4c", "4d", "4e", "4f", weight=0.5)
def test_relabel_as_it_is_given(student: Student, fresh_rng: np.random.Generator) -> None:
    """The given `relabel` calls the strategy that is asked for, with the rewards of the goals that come out."""
    n, t, b = 12, 9, 400
    achieved, episodes, steps, _ = _batch(fresh_rng, (n, t, b, 3))
    following = np.stack([achieved[episodes, steps + 1], *fresh_rng.normal(size=(2, b, 3))])
    batch = {
        "goals": fresh_rng.normal(size=(b, 3)) - 100.0,
        "next_achieved": following[0],
        "obs": following[1],
    }
    batch |= {"rewards": np.full(b, 7.0), "masks": np.arange(b, dtype=float)}
    options: dict[str, Any] = {
        "fraction": 1.0,
        "threshold": float(fresh_rng.uniform(2, 9)),
        "reward": "sparse",
    }
    for strategy in ("final", "future", "episode", "random"):
        rng = Rng(_seed(fresh_rng))
        new = student.relabel.relabel(batch, achieved, episodes, steps, strategy=strategy, rng=rng, **options)
        expect_relabelled(student, batch, new, options["threshold"], "sparse")
        expect_strategy(strategy, new["goals"], achieved, episodes, steps)
    for fraction, reward in ((0.0, "dense"), (0.5, "sparse"), (0.5, "dense")):
        options = {"strategy": "final", "fraction": fraction, "threshold": 0.7, "reward": reward}
        new = student.relabel.relabel(batch, achieved, episodes, steps, rng=Rng(_seed(fresh_rng)), **options)
        expect_relabelled(student, batch, new, 0.7, reward)
        kept = np.abs(new["goals"] - batch["goals"]).max(axis=1) < 1e-4
        expect_probability(int(kept.sum()), b, 1 - fraction, NOT_THE_FRACTION)
    options = {"strategy": "final", "fraction": 1.0, "threshold": 2.0, "reward": "sparse"}
    moved = student.given.goals_moved
    new = student.relabel.relabel(batch, achieved, episodes, steps, rng=Rng(0), adjust=moved, **options)
    expect_relabelled(student, batch, new, 2.0, "sparse")
    last_word = (
        "`adjust` does not have the last word on the goals of `relabel`: leave the given lines as they are"
    )
    expect_close(
        new["goals"],
        reference.final_goals(achieved, episodes, steps, np.random.default_rng(0)) + 1.0,
        last_word,
    )
