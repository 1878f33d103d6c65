"""Part 4, hindsight relabeling: what each function promises, on buffers whose goals can be read.

In `_buffer`, episode n achieves the goal (n, t, 100 n + t) at its state t, so a goal says where it comes from.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

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
from autograder.checks.mistakes import NO_VIEWS, on_error, on_wrong_shape, recognise
from autograder.checks.states import find_states

BEFORE_FUTURE = "a goal is from state t, before the transition: 'future' starts at t+1"
OTHER_EPISODE = "a goal comes from another episode: take the row of `achieved` that `episodes` names"
ONE_GOAL_A_ROW = "there is one goal for each transition of the batch, whole: shape (B, G)"
ONE_REWARD_A_ROW = "there is one reward for each transition of the batch: shape (B,)"
NOT_THIS_RNG = (
    "the same `rng` state gave two different draws: draw from the `rng` passed in, not from np.random"
)
NOT_FINAL = "each goal is what the transition's own episode had achieved in its last state, T"
DEAF_TO_RNG = "two different `rng` gave the same draws: draw from the `rng` passed in"


def _buffer(episodes: int, steps: int) -> np.ndarray:
    """achieved (N, T+1, 3), float32 as in the EpisodeBuffer."""
    n, t = np.meshgrid(np.arange(episodes), np.arange(steps + 1), indexing="ij")
    return np.stack([n, t, 100 * n + t], axis=-1).astype(np.float32)


def _expect_rng_is_used(draw: Callable[[Rng], Any]) -> None:
    """`draw(rng)` gives an array; the same stream must give the same, another stream something else."""
    first = expect_array(draw(Rng(1)))
    expect(np.array_equal(first, draw(Rng(1))), NOT_THIS_RNG)
    expect(not np.array_equal(first, draw(Rng(2))), DEAF_TO_RNG)


def _expect_unchanged_by(student: Student, strategy: str) -> None:
    episodes, steps = np.array([2, 0, 3, 2, 1]), np.array([0, 2, 1, 1, 0])
    arguments = {"achieved": _buffer(4, 3), "episodes": episodes, "steps": steps, "rng": Rng(0)}
    expect_unchanged(getattr(student.relabel, strategy), **arguments)


# --- 4a ---


@subpart(
    "4a", hint="achieved[episodes, t] picks one row for each transition; the last state has index T, or -1"
)
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
    achieved, episodes, steps = _buffer(3, 2), np.array([2, 2, 0]), np.array([0, 1, 1])
    with on_wrong_shape(ONE_GOAL_A_ROW):
        goals = student.relabel.final_goals(achieved, episodes, steps, Rng(0))
    sentence = recognise(
        goals,
        NOT_FINAL,
        {"row i got the goal of episode i: pick the episodes that `episodes` names": achieved[:, -1]},
    )
    expect_close(goals, achieved[episodes, 2], sentence, name="final_goals")


@subpart("4a")
def test_final_goals_leave_their_arguments(student: Student) -> None:
    """The indices and the buffer are still needed afterwards, and stay as they are."""
    _expect_unchanged_by(student, "final_goals")


# --- 4b ---


def _drawn(
    student: Student,
    strategy: str,
    achieved: np.ndarray,
    episodes: np.ndarray,
    steps: np.ndarray,
    rng: Rng | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The episode and the state that each goal of a strategy comes from."""
    function = getattr(student.relabel, strategy)
    with on_wrong_shape(ONE_GOAL_A_ROW):
        goals = function(achieved, episodes, steps, rng or Rng(0))
    goals = expect_array(goals, (len(episodes), achieved.shape[2]), name=strategy)
    return find_states(goals, achieved)


@subpart("4b", hint="state t+1 is the first that counts, state T the last")
def test_future_goals_come_later_in_the_same_episode(student: Student) -> None:
    """The goal was achieved in the same episode, after the transition: at one of the states t+1 … T."""
    achieved = _buffer(5, 4)
    episodes, steps = np.repeat(np.arange(5), 60), np.tile(np.arange(4), 75)
    episode, state = _drawn(student, "future_goals", achieved, episodes, steps)
    expect(episode == episodes, OTHER_EPISODE)
    expect(state >= steps, "a goal was achieved before the transition: 'future' starts at state t+1")
    expect(state != steps, BEFORE_FUTURE)


@subpart("4b", hint="the last step T-1 leads to state T")
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
    """Each of the states t+1 … T is drawn equally often, whatever t is."""
    # Four tests at 1e-7 each: a false alarm has probability < 4e-7.
    achieved, steps = _buffer(2, 4), np.tile(np.arange(4), 1000)
    episodes = np.repeat([0, 1], 2000)
    _, state = _drawn(student, "future_goals", achieved, episodes, steps)
    expect(len(np.unique(state[steps == 0])) > 1, "all transitions got the same state: draw one for each")
    expect(state != steps, BEFORE_FUTURE)
    expect(
        (state[steps == 0] == 4).any(), "state T is never drawn, but it counts: rng.integers excludes `high`"
    )
    expect((state[steps == 0] == 1).any(), "state t+1 is never drawn, but it counts: 'future' starts there")
    for t in range(4):
        drawn = state[steps == t] - (t + 1)
        expect_distribution(
            drawn, np.full(4 - t, 1 / (4 - t)), "some states of t+1 … T are drawn more often than others"
        )


@subpart("4b")
def test_future_goals_use_the_rng_and_nothing_else(student: Student) -> None:
    """The draws come from the `rng` that is passed in, and the other arguments stay as they are."""
    achieved, episodes, steps = _buffer(4, 7), np.arange(100) % 4, np.zeros(100, dtype=np.int64)
    _expect_rng_is_used(lambda rng: student.relabel.future_goals(achieved, episodes, steps, rng))
    _expect_unchanged_by(student, "future_goals")


# --- 4c ---


@subpart("4c", hint="the same episode, any of its T+1 states")
def test_episode_goals_come_from_the_same_episode(student: Student) -> None:
    """The goal was achieved in the same episode, and the time of the transition does not matter."""
    achieved = _buffer(5, 4)
    episodes, steps = np.repeat(np.arange(5), 60), np.tile(np.arange(4), 75)
    episode, state = _drawn(student, "episode_goals", achieved, episodes, steps)
    expect(episode == episodes, OTHER_EPISODE)
    expect(len(np.unique(state)) > 1, "all transitions got the same state: draw one for each")
    expect((state <= steps).any(), "only later states are drawn: that is the strategy 'future'")
    expect(
        (state > steps).any(), "only earlier states are drawn, but the time of the transition does not matter"
    )


@subpart("4c")
def test_episode_goals_are_uniform(student: Student) -> None:
    """Each of the T+1 states 0 … T is drawn equally often, for early and for late transitions."""
    # Two tests at 1e-7 each.
    achieved, episodes, steps = _buffer(2, 4), np.repeat([1, 0], 3000), np.tile([0, 3], 3000)
    _, state = _drawn(student, "episode_goals", achieved, episodes, steps)
    expect((state == 4).any(), "the last state T is never drawn: an episode of T steps has T+1 states")
    expect((state == 0).any(), "the first state 0 is never drawn, but it counts")
    for step in (0, 3):
        expect_distribution(
            state[steps == step], np.full(5, 0.2), "some of the states 0 … T are drawn more often than others"
        )


@subpart("4c")
def test_episode_goals_use_the_rng_and_nothing_else(student: Student) -> None:
    """The draws come from the `rng` that is passed in, and the other arguments stay as they are."""
    achieved, episodes, steps = _buffer(4, 7), np.arange(100) % 4, np.zeros(100, dtype=np.int64)
    _expect_rng_is_used(lambda rng: student.relabel.episode_goals(achieved, episodes, steps, rng))
    _expect_unchanged_by(student, "episode_goals")


# --- 4d ---


@subpart("4d", hint="draw the episode too, out of all N in `achieved`")
def test_random_goals_come_from_all_episodes(student: Student) -> None:
    """The goal may come from any episode of the buffer, even one that no transition of the batch comes from."""
    achieved, episodes, steps = _buffer(6, 3), np.full(400, 2), np.arange(400) % 3
    episode, _ = _drawn(student, "random_goals", achieved, episodes, steps)
    expect((episode != 2).any(), "all goals come from the episodes of the batch: draw from the whole buffer")
    expect(len(np.unique(episode)) > 1, "all goals come from one episode: draw one for each transition")


@subpart("4d")
def test_random_goals_are_uniform(student: Student) -> None:
    """Each of the N · (T+1) states in the buffer is drawn equally often: episode and state independently."""
    achieved, steps = _buffer(3, 4), np.tile(np.arange(4), 1000)
    episode, state = _drawn(student, "random_goals", achieved, np.zeros(4000, dtype=np.int64), steps)
    expect((episode == 2).any(), "the last episode is never drawn: rng.integers excludes `high`")
    expect((state == 4).any(), "the last state T is never drawn: an episode of T steps has T+1 states")
    expect((state == 0).any(), "the first state 0 is never drawn, but it counts")
    expect_distribution(
        episode * 5 + state,
        np.full(15, 1 / 15),
        "some states of some episodes are drawn more often than others: draw both, independently",
    )


@subpart("4d")
def test_random_goals_use_the_rng_and_nothing_else(student: Student) -> None:
    """The draws come from the `rng` that is passed in, and the other arguments stay as they are."""
    achieved, episodes, steps = _buffer(4, 7), np.arange(100) % 4, np.zeros(100, dtype=np.int64)
    _expect_rng_is_used(lambda rng: student.relabel.random_goals(achieved, episodes, steps, rng))
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


@subpart("4e", hint="draw one number for each row, and compare it to the fraction")
def test_replaced_share(student: Student) -> None:
    """A row is replaced, as a whole, with probability `fraction`; 0 replaces none and 1 replaces all."""
    # Two tests at 1e-7 each.
    expect(
        not _replaced(student, 50, 0.0, Rng(0)).any(),
        "fraction 0 keeps every goal: `fraction` is the share that gets the hindsight goal",
    )
    expect(_replaced(student, 50, 1.0, Rng(0)).all(), "fraction 1 replaces every goal")
    for fraction in (0.2, 0.8):
        count = int(_replaced(student, 4000, fraction, Rng(0)).sum())
        expect(count not in (0, 4000), "all rows were treated alike: draw one number for each row")
        expect_probability(count, 4000, fraction, "the share of replaced rows is not `fraction`")


@subpart("4e", hint="a fixed number of replaced rows is not a probability for each row")
def test_each_row_is_decided_on_its_own(student: Student) -> None:
    """Two rows at fraction 0.5: none, the first, the second or both are replaced, each equally often."""
    rng = student.given.rng(0)  # one stream over all calls
    rows = np.array([_replaced(student, 2, 0.5, rng) for _ in range(100)])
    expect_distribution(
        rows @ np.array([1, 2]),
        np.full(4, 0.25),
        "which rows are replaced depends on the other rows: decide for each row on its own, by its own draw",
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
    """The draws come from the `rng` that is passed in, so a run can be repeated."""
    desired, hindsight = _two_kinds(100)
    _expect_rng_is_used(lambda rng: student.relabel.replace_goals(desired, hindsight, 0.5, rng))


# --- 4f ---


@subpart("4f", hint="no reward is positive here: 0 for having arrived, -1 for anything else")
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
            "the threshold is for the Euclidean distance, not for each coordinate": [0, 0, 0, 0, -1, -1, -1],
            "the threshold is for the Euclidean distance, not for the sum over the axes": [0, 0, -1, -1, -1, -1, -1],
            "the threshold is for the distance, not for its square": [0, 0, 0, 0, 0, 0, -1],
            "this looks like the dense reward": -np.linalg.norm(moves, axis=1),
        },
    )  # fmt: skip
    expect_close(rewards, [0.0, 0.0, 0.0, -1.0, -1.0, -1.0, -1.0], sentence, name="new_rewards")


@subpart("4f", hint="d <= threshold counts as arrived")
def test_sparse_reward_at_the_threshold(student: Student) -> None:
    """At a distance of exactly the threshold the goal counts as reached, as in the Fetch tasks."""
    goals = np.zeros((3, 2))  # powers of two, so that the distance is exact
    arrived = np.array([[0.25, 0.0], [0.0, -0.25], [0.0, 0.5]])
    with on_wrong_shape(ONE_REWARD_A_ROW):
        rewards = student.relabel.new_rewards(arrived, goals, 0.25, "sparse")
    sentence = recognise(
        rewards,
        "the sparse reward at a distance of exactly the threshold is wrong",
        {"a distance equal to the threshold counts as reached: d <= threshold": [-1, -1, -1]},
    )
    expect_close(rewards, [0.0, 0.0, -1.0], sentence, name="new_rewards")


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
            "this is the squared distance: take its root": [-0.25, -9.0, -0.0001, 0.0],
            "this is the sum of absolute differences, not the Euclidean distance": [-0.7, -5.0, -0.01, 0.0],
            "the dense reward goes on inside the threshold": [-0.5, -3.0, 0.0, 0.0],
            "this looks like the sparse reward": [-1.0, -1.0, 0.0, 0.0],
        },
    )
    expect_close(rewards, [-0.5, -3.0, -0.01, 0.0], sentence, name="new_rewards")


@subpart("4f", hint="axis=-1")
def test_one_reward_for_each_row(student: Student) -> None:
    """Each row has its own distance, also where a batch has as many rows as a goal has coordinates."""
    goals = np.zeros((3, 3))
    arrived = np.array([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    with on_wrong_shape(ONE_REWARD_A_ROW):
        rewards = student.relabel.new_rewards(arrived, goals, 0.05, "dense")
    sentence = recognise(
        rewards,
        "the distance of a row is taken over its own coordinates, the last axis",
        {"the distance was taken down the batch: the coordinates are the last axis": [-3.0, 0.0, 0.0]},
    )
    expect_close(rewards, [-1.0, -2.0, -2.0], sentence, name="new_rewards")


@subpart("4f", hint="NumPy takes the difference of float64 and float32 as it is")
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
