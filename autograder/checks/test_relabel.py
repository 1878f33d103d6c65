"""Part 4, hindsight relabeling: what each function promises, on buffers whose goals can be read.

In `_buffer`, episode n achieves the goal (n, t, 100 n + t) at its state t, so a goal says where it comes from.
"""

from typing import Any, cast

import numpy as np

from autograder.checks.checking import (
    Rng,
    Student,
    expect,
    expect_array,
    expect_close,
    expect_distribution,
    expect_probability,
    expect_raises,
    expect_unchanged,
    subpart,
)
from autograder.checks.independence import expect_independent_rows, own_rng, spread
from autograder.checks.mistakes import NO_VIEWS, on_error, on_wrong_shape, recognise
from autograder.checks.states import (
    ONE_GOAL_A_ROW,
    draw,
    expect_any_of_buffer,
    expect_any_of_episode,
    expect_future,
    expect_later,
    expect_own_episode,
)
from autograder.checks.streams import expect_stream

ONE_REWARD_A_ROW = "there is one reward for each transition of the batch: shape (B,)"
ROWS_DEPEND = (
    "which rows are replaced depends on the other rows: decide for each row on its own, by its own draw"
)
NOT_THE_GOALS = (
    "with strategy 'final' and fraction 1 `relabel` gives the final goals, with fraction 0 those of the batch"
)
NOT_FINAL = "each goal is what the transition's own episode had achieved in its last state, T"


def _buffer(episodes: int, steps: int) -> np.ndarray:
    """achieved (N, T+1, 3), float32 as in the EpisodeBuffer."""
    n, t = np.meshgrid(np.arange(episodes), np.arange(steps + 1), indexing="ij")
    return np.stack([n, t, 100 * n + t], axis=-1).astype(np.float32)


def _expect_unchanged_by(student: Student, strategy: str) -> None:
    episodes, steps = np.array([2, 0, 3, 2, 1]), np.array([0, 2, 1, 1, 0])
    arguments = {"achieved": _buffer(4, 3), "episodes": episodes, "steps": steps, "rng": Rng(0)}
    expect_unchanged(getattr(student.relabel, strategy), **arguments)


# --- 4a ---


@subpart("4a")
def test_final_goals_are_the_last_state(student: Student) -> None:
    """The goal is what the transition's own episode had achieved in its very last state, T."""
    achieved, episodes, steps = _buffer(4, 3), np.array([2, 0, 3, 2, 1]), np.array([0, 2, 1, 1, 0])
    with on_wrong_shape(ONE_GOAL_A_ROW):
        goals = student.relabel.final_goals(achieved, episodes, steps, Rng(0))
    sentence = recognise(
        goals,
        NOT_FINAL,
        {
            "the last *state* is number T, one later than the last step T-1": achieved[episodes, 2],
            "this is the state after the transition itself, not the last of the episode": achieved[episodes, steps + 1],
            "this is the state before the transition, not the last of the episode": achieved[episodes, steps],
            "this is the first state of the episode, not the last": achieved[episodes, 0],
        },
    )  # fmt: skip
    expect_close(goals, achieved[episodes, 3], sentence, name="final_goals")


@subpart("4a")
def test_final_goals_with_as_many_transitions_as_episodes(student: Student) -> None:
    """Each transition gets the goal of its own episode, also when there are as many of one as of the other."""
    achieved, episodes, steps = _buffer(3, 4), np.array([2, 2, 0]), np.array([0, 1, 1])
    with on_wrong_shape(ONE_GOAL_A_ROW):
        goals = student.relabel.final_goals(achieved, episodes, steps, Rng(0))
    sentence = recognise(
        goals,
        NOT_FINAL,
        {
            "the last state is T for each episode, and not one after the latest step of the batch": achieved[
                episodes, 2
            ],
            "row i got the goal of episode i: pick the episodes that `episodes` names": achieved[:, -1],
        },
    )
    expect_close(goals, achieved[episodes, 4], sentence, name="final_goals")


@subpart("4a")
def test_final_goals_leave_their_arguments(student: Student) -> None:
    """The indices and the buffer are still needed afterwards, and stay as they are."""
    _expect_unchanged_by(student, "final_goals")


# --- 4b ---


@subpart("4b")
def test_future_goals_come_later_in_the_same_episode(student: Student) -> None:
    """The goal was achieved in the same episode, after the transition: at one of the states t+1 … T."""
    episodes, steps = np.repeat(np.arange(5), 60), np.tile(np.arange(4), 75)
    drawn = draw(student, "future_goals", _buffer(5, 4), episodes, steps, Rng(0))
    expect_own_episode(drawn)
    expect_later(drawn)


@subpart("4b")
def test_future_goals_of_the_last_step(student: Student) -> None:
    """After the last step T-1 only state T is left, so the goal is certain; with T = 1 it is for every step."""
    achieved, episodes = _buffer(3, 4), np.array([0, 2, 1, 1, 2, 0])
    with on_wrong_shape(ONE_GOAL_A_ROW):
        goals = student.relabel.future_goals(achieved, episodes, np.full(6, 3), Rng(0))
    sentence = recognise(
        goals,
        "the last step T-1 leads to state T, the only one after it",
        {"the state of the last step itself was taken: the transition leads to state T": achieved[episodes, 3]},
    )  # fmt: skip
    expect_close(goals, achieved[episodes, 4], sentence, name="future_goals")
    short = _buffer(3, 1)
    with on_wrong_shape(ONE_GOAL_A_ROW):
        goals = student.relabel.future_goals(short, episodes, np.zeros(6, dtype=np.int64), Rng(0))
    expect_close(
        goals, short[episodes, 1], "an episode of one step has one future state", name="future_goals"
    )


@subpart("4b")
def test_future_goals_are_uniform(student: Student) -> None:
    """Each of the states t+1 … T is drawn equally often, whatever t is, and for each row on its own."""
    # Six tests at 2e-8 each: a false alarm has probability < 2e-7.
    episodes, steps = np.repeat([0, 1], 3000), np.tile(np.arange(4), 1500)
    expect_future(draw(student, "future_goals", _buffer(2, 4), episodes, steps, Rng(0)))


@subpart("4b")
def test_future_goals_use_the_rng_and_nothing_else(student: Student) -> None:
    """The draws come from the `rng` that is passed in, new at each call, and the arguments stay as they are."""
    _expect_stream(student, "future_goals")
    _expect_unchanged_by(student, "future_goals")


def _expect_stream(student: Student, strategy: str, parts: tuple[str, ...] = ("state",)) -> None:
    """Where the goals come from is drawn from `rng`, anew at each call: all `parts` of it."""
    achieved, episodes, steps = _buffer(8, 8), np.arange(100) % 8, np.zeros(100, dtype=np.int64)

    def where(rng: Any) -> dict:
        drawn = draw(student, strategy, achieved, episodes, steps, rng)
        return {part: getattr(drawn, part) for part in parts}

    alone = {
        "episode": "the same episodes were drawn in two calls, and other states: draw both from `rng`",
        "state": "the same states were drawn in two calls, of other episodes: draw both from `rng`",
    }
    expect_stream(student, where, alone)


# --- 4c ---


@subpart("4c")
def test_episode_goals_come_from_the_same_episode(student: Student) -> None:
    """The goal was achieved in the transition's own episode."""
    episodes, steps = np.repeat(np.arange(5), 60), np.tile(np.arange(4), 75)
    expect_own_episode(draw(student, "episode_goals", _buffer(5, 4), episodes, steps, Rng(0)))


@subpart("4c")
def test_episode_goals_are_uniform(student: Student) -> None:
    """Each of the T+1 states 0 … T is drawn equally often, for early and for late transitions."""
    # Five tests at 2e-8 each.
    episodes, steps = np.repeat([1, 0], 3000), np.tile([0, 3], 3000)
    expect_any_of_episode(draw(student, "episode_goals", _buffer(2, 4), episodes, steps, Rng(0)))


@subpart("4c")
def test_episode_goals_use_the_rng_and_nothing_else(student: Student) -> None:
    """The draws come from the `rng` that is passed in, new at each call, and the arguments stay as they are."""
    _expect_stream(student, "episode_goals")
    _expect_unchanged_by(student, "episode_goals")


# --- 4d ---


@subpart("4d")
def test_random_goals_are_uniform(student: Student) -> None:
    """Each of the N · (T+1) states in the buffer is drawn equally often: episode and state independently."""
    # Twelve tests at 2e-8 each.
    for count in (3, 5):  # five episodes of five states each: one number for both could not reach all
        episodes, steps = np.full(6000, 1), np.tile(np.arange(4), 1500)
        drawn = draw(student, "random_goals", _buffer(count, 4), episodes, steps, Rng(0))
        expect_any_of_buffer(drawn)


@subpart("4d")
def test_random_goals_use_the_rng_and_nothing_else(student: Student) -> None:
    """The draws come from the `rng` that is passed in, new at each call, and the arguments stay as they are."""
    _expect_stream(student, "random_goals", ("episode", "state"))
    _expect_unchanged_by(student, "random_goals")


# --- 4e ---


def _two_kinds(batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Wanted goals, all entries positive, and hindsight goals, the same numbers with a minus."""
    desired = np.arange(1, 3 * batch + 1, dtype=np.float32).reshape(batch, 3)
    return desired, -desired


def _replaced(student: Student, batch: int, fraction: float, rng: Rng) -> np.ndarray:
    """Which rows (B,) were replaced; fails unless every row is whole."""
    desired, hindsight = _two_kinds(batch)
    with on_wrong_shape(ONE_GOAL_A_ROW):
        goals = student.relabel.replace_goals(desired, hindsight, fraction, rng)
    goals = expect_array(goals, (batch, 3), name="replace_goals")
    expect(
        np.isclose(np.abs(goals), desired),
        "an entry is from neither `desired` nor `hindsight`, or from another row",
    )
    expect(
        (goals < 0).all(axis=1) | (goals > 0).all(axis=1),
        "a row mixes the two goals: one draw decides for a whole row, so the mask has shape (B, 1)",
    )
    return goals[:, 0] < 0


@subpart("4e")
def test_replaced_share(student: Student) -> None:
    """A row is replaced, as a whole, with probability `fraction`; 0 replaces none and 1 replaces all."""
    # Two tests at 1e-7 each, and two of independence.
    expect(
        not _replaced(student, 50, 0.0, Rng(0)).any(),
        "fraction 0 keeps every goal: `fraction` is the share that gets the hindsight goal",
    )
    expect(_replaced(student, 50, 1.0, Rng(0)).all(), "fraction 1 replaces every goal")
    for fraction in (0.2, 0.8):
        replaced = _replaced(student, 4000, fraction, Rng(0))
        count = int(replaced.sum())
        expect(count not in (0, 4000), "all rows were treated alike: draw one number for each row")
        inverted = "`fraction` is the share of the replaced rows, not of those that stay"
        expect(abs(count / 4000 - (1 - fraction)) > 0.05, inverted)
        expect_probability(count, 4000, fraction, "the share of replaced rows is not `fraction`")
    expect_independent_rows(spread(_replaced(student, 8000, 0.5, Rng(0)), 2, own_rng()), ROWS_DEPEND)


@subpart("4e")
def test_each_row_is_decided_on_its_own(student: Student) -> None:
    """Two rows at fraction 0.5: none, the first, the second or both are replaced, each equally often."""
    rng = student.given.rng(0)  # one stream over all calls
    rows = np.array([_replaced(student, 2, 0.5, rng) for _ in range(100)])
    expect_distribution(
        rows @ np.array([1, 2]),
        np.full(4, 0.25),
        ROWS_DEPEND,
    )


@subpart("4e")
def test_replace_goals_leaves_its_arguments_alone(student: Student) -> None:
    """`desired` and `hindsight` hold the same as before; the result is an array of its own."""
    desired, hindsight = _two_kinds(20)
    expect_unchanged(
        student.relabel.replace_goals, desired=desired, hindsight=hindsight, fraction=0.5, rng=Rng(0)
    )


@subpart("4e")
def test_replace_goals_uses_the_rng(student: Student) -> None:
    """The draws come from the `rng` that is passed in, new at each call."""
    expect_stream(student, lambda rng: {"rows": _replaced(student, 100, 0.5, cast(Any, rng))}, {})


# --- 4f ---


@subpart("4f")
def test_sparse_reward(student: Student) -> None:
    """ "sparse": 0 where s' is within the threshold of the goal, -1 elsewhere."""
    goals = np.array([1.3, 0.7, 0.4]) * np.ones((7, 1))
    moves = np.array(
        [
            [0.0, 0.0, 0.0],
            [0.0, -0.03, 0.0],
            [0.03, 0.0, -0.03],  # 0.042 away
            [0.035, -0.035, 0.035],  # 0.061 away
            [0.06, 0.0, 0.0],
            [0.0, 0.0, -0.2],
            [0.0, 1.0, 0.0],
        ]
    )
    with on_wrong_shape(ONE_REWARD_A_ROW):
        rewards = student.relabel.new_rewards(goals + moves, goals, 0.05, "sparse")
    sentence = recognise(
        rewards,
        "the sparse reward is 0 where the distance is at most the threshold and -1 elsewhere",
        {
            "the signs are the other way round: arriving gives 0, not arriving gives -1": [-1, -1, -1, 0, 0, 0, 0],
            "the rewards are 1 and 0, but they should be 0 and -1": [1, 1, 1, 0, 0, 0, 0],
            "the rewards are 0 and 1, but not arriving gives -1": [0, 0, 0, 1, 1, 1, 1],
            "the rewards are 1 and -1, but they should be 0 and -1": [1, 1, 1, -1, -1, -1, -1],
            "-1 as an unsigned integer is 255: subtract in a type that has a sign": [0, 0, 0, 255, 255, 255, 255],
            "the threshold is for the Euclidean distance, not for each coordinate": [0, 0, 0, 0, -1, -1, -1],
            "the threshold is for the Euclidean distance, not for the sum over the axes": [0, 0, -1, -1, -1, -1, -1],
            "the threshold is for the distance, not for its square": [0, 0, 0, 0, 0, 0, -1],
            "this looks like the dense reward": -np.linalg.norm(moves, axis=1),
        },
    )  # fmt: skip
    expect_close(rewards, [0.0, 0.0, 0.0, -1.0, -1.0, -1.0, -1.0], sentence, name="new_rewards")


@subpart("4f")
def test_sparse_reward_at_the_threshold(student: Student) -> None:
    """At a distance of exactly the threshold the goal counts as reached, as in the Fetch tasks."""
    goals = np.zeros((4, 2))  # powers of two, so that the distance is exact
    arrived = np.array([[0.25, 0.0], [0.0, -0.25], [0.0, 0.5], [0.125, 0.0]])
    with on_wrong_shape(ONE_REWARD_A_ROW):
        rewards = student.relabel.new_rewards(arrived, goals, 0.25, "sparse")
    sentence = recognise(
        rewards,
        "the sparse reward at a distance of exactly the threshold is wrong",
        {"a distance equal to the threshold counts as reached: d <= threshold": [-1, -1, -1, 0]},
    )
    expect_close(rewards, [0.0, 0.0, -1.0, 0.0], sentence, name="new_rewards")


@subpart("4f")
def test_dense_reward(student: Student) -> None:
    """ "dense": minus the Euclidean distance, whatever the threshold."""
    goals = np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.2, 0.4, 0.6]])
    moves = np.array([[0.3, 0.0, -0.4], [2.0, -1.0, 2.0], [0.0, 0.01, 0.0], [0.0, 0.0, 0.0]])
    with on_wrong_shape(ONE_REWARD_A_ROW):
        rewards = student.relabel.new_rewards(goals + moves, goals, 0.05, "dense")
    sentence = recognise(
        rewards,
        "the dense reward is minus the Euclidean distance between s' and the goal",
        {
            "the dense reward is minus the distance: closer is better": [0.5, 3.0, 0.01, 0.0],
            "the distance of the whole batch was given to each row": np.full(4, -np.linalg.norm(moves)),
            "the Euclidean distance is no average over the coordinates": [
                -0.5 / 3**0.5,
                -(3**0.5),
                -0.01 / 3**0.5,
                0,
            ],
            "only the first two coordinates count here: all of them should": [-0.3, -(5**0.5), -0.01, 0.0],
            "the largest coordinate is not the Euclidean distance": [-0.4, -2.0, -0.01, 0.0],
            "the difference of the two norms is not the distance": -np.abs(
                np.linalg.norm(goals + moves, axis=1) - np.linalg.norm(goals, axis=1)
            ),
            "the dense reward is not clipped: it is minus the distance, however far": [
                -0.5,
                -1.0,
                -0.01,
                0.0,
            ],
            "the dense reward is divided by the threshold: it is minus the distance": [
                -10.0,
                -60.0,
                -0.2,
                0.0,
            ],
            "the dense reward is divided by the largest distance: it is minus the distance": [
                -1 / 6,
                -1,
                -0.01 / 3,
                0,
            ],
            "this is the squared distance: take its root": [-0.25, -9.0, -0.0001, 0.0],
            "this is the sum of absolute differences, not the Euclidean distance": [-0.7, -5.0, -0.01, 0.0],
            "the dense reward goes on inside the threshold": [-0.5, -3.0, 0.0, 0.0],
            "this looks like the sparse reward": [-1.0, -1.0, 0.0, 0.0],
        },
    )
    expect_close(rewards, [-0.5, -3.0, -0.01, 0.0], sentence, name="new_rewards")


@subpart("4f")
def test_one_reward_for_each_row(student: Student) -> None:
    """Each row has its own distance, also where a batch has as many rows as a goal has coordinates."""
    goals = np.zeros((3, 3))
    arrived = np.array([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    with on_wrong_shape(ONE_REWARD_A_ROW):
        rewards = student.relabel.new_rewards(arrived, goals, 0.05, "dense")
    sentence = recognise(
        rewards,
        "the dense reward of a row is not minus the distance of its own two points",
        {"the distance was taken down the batch: the coordinates are the last axis": [-3.0, 0.0, 0.0]},
    )
    expect_close(rewards, [-1.0, -2.0, -2.0], sentence, name="new_rewards")


@subpart("4f")
def test_rewards_of_imagined_steps(student: Student) -> None:
    """As in training: imagined positions are float64 and cut out of larger arrays, their goals are float32."""
    goals = np.array([[0.0, 0.0], [1.0, 2.0], [0.5, 0.5]])
    arrived = goals + np.array([[0.3, 0.4], [0.0, 0.25], [0.0, 0.0]])
    for reward, wanted in (("sparse", [-1.0, 0.0, 0.0]), ("dense", [-0.5, -0.25, 0.0])):
        sentence = f"the {reward} reward is wrong"
        rewards = student.relabel.new_rewards(arrived, goals, 0.3, reward)
        expect_close(rewards, wanted, sentence, name="new_rewards")
        mixed = arrived, goals.astype(np.float32), 0.3, reward
        both = "your code works on float64 alone, but raises an error if the goals are float32, as D_env holds them"
        with on_error(both):
            rewards = student.relabel.new_rewards(*mixed)
        expect_close(
            rewards, wanted, f"{sentence} for float64 positions and float32 goals", name="new_rewards"
        )
        with on_error(NO_VIEWS):
            rewards = student.given.call_strided(student.relabel.new_rewards, *mixed)
        expect_close(
            rewards, wanted, f"{sentence} where the arrays are views of larger ones", name="new_rewards"
        )


@subpart("4f")
def test_new_rewards_leave_their_arguments(student: Student) -> None:
    """Achieved states and goals are still needed afterwards, and stay as they are."""
    for reward in ("sparse", "dense"):
        arguments = {
            "next_achieved": np.ones((4, 3)),
            "goals": np.full((4, 3), 3.0),
            "threshold": 0.05,
            "reward": reward,
        }
        expect_unchanged(student.relabel.new_rewards, **arguments)


@subpart("4f")
def test_rewards_of_another_name_are_refused(student: Student) -> None:
    """Another reward than "sparse" and "dense" raises a ValueError, as the given line says."""
    goals = np.array([[0.0, 0.0], [1.0, 0.0]])
    rewards = student.relabel.new_rewards(goals, goals[::-1].copy(), 0.5, "sparse")
    expect_close(
        rewards, [-1.0, -1.0], "the sparse reward is -1 where the goal is farther than the threshold"
    )
    expect_raises(
        lambda: student.relabel.new_rewards(goals, goals, 0.5, "shaped"),
        ValueError,
        "a reward other than 'sparse' and 'dense' raises no ValueError: leave the given lines as they are",
    )
