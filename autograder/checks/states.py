"""Shared by the checks of hindsight relabeling: from which state is a goal, and is it drawn as it should be?

The sentences stand here once, for the public checks and for the hidden ones.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checks.checking import Rng, Student, expect, expect_array, expect_distribution, expect_uniform
from autograder.checks.independence import expect_independent_rows, own_rng, spread
from autograder.checks.mistakes import on_wrong_shape

SHARE = 2e-8  # of the probability of a false alarm, for each test of draws
ONE_GOAL_A_ROW = "there is one goal for each transition of the batch, whole: shape (B, G)"
OTHER_EPISODE = "a goal comes from another episode: take the row of `achieved` that `episodes` names"
ROW_I = "row i got a goal of episode i: pick the episodes that `episodes` names"
ALL_LAST = "in this batch each goal is the last state, T: draw for each row one of the states t+1 … T"
ROWS_DEPEND = "what one row gets depends on what other rows get: draw for each row on its own"
TOO_SLOW = (
    "a batch of 1000 rows from a buffer of 12000 episodes takes more than 60 times as long as a plain loop in which "
    "each row draws a number: do not copy or search the buffer for each row"
)
NO_REPEATS = "no state was drawn twice, as if a drawn state were taken away: draw with replacement, each row on its own"


@dataclass(frozen=True)
class Drawn:
    """Where the goals of B transitions come from: `episode` and `state`; the transitions' own `episodes` and `steps`.

    All are (B,). The buffer has `count` episodes with states 0 … `last`, which is T.
    """

    episode: np.ndarray
    state: np.ndarray
    episodes: np.ndarray
    steps: np.ndarray
    count: int
    last: int


def draw(
    student: Student,
    strategy: str,
    achieved: np.ndarray,
    episodes: np.ndarray,
    steps: np.ndarray,
    rng: Any,
    *,
    strided: bool = False,
) -> Drawn:
    """The goals of a strategy, traced back; all rows of `achieved` (N, T+1, G) differ clearly.

    Fails the check where a goal is not a row of `achieved`.
    """
    function = getattr(student.relabel, strategy)
    with on_wrong_shape(ONE_GOAL_A_ROW):
        if strided:
            goals = student.given.call_strided(function, achieved, episodes, steps, rng)
        else:
            goals = function(achieved, episodes, steps, rng)
    goals = expect_array(goals, (len(episodes), achieved.shape[2]), name=strategy)
    episode, state = find_states(goals, achieved)
    return Drawn(episode, state, episodes, steps, len(achieved), achieved.shape[1] - 1)


def find_states(goals: np.ndarray, achieved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The episode (B,) and state (B,) at which each of `goals` (B, G) stands in `achieved` (N, T+1, G)."""
    flat = achieved.reshape(-1, achieved.shape[2]).astype(np.float64)
    goals, along = goals.astype(np.float64), np.random.default_rng(0).normal(size=flat.shape[1])
    order = np.argsort(keys := flat @ along)  # all rows lie apart on a line in a direction of no meaning
    keys, wanted = keys[order], goals @ along
    right = np.searchsorted(keys, wanted).clip(0, len(keys) - 1)
    left = (right - 1).clip(0)
    found = order[np.where(np.abs(keys[left] - wanted) < np.abs(keys[right] - wanted), left, right)]
    expect(
        np.abs(goals - flat[found]).max(axis=1) < 1e-4,
        "a goal was returned that no episode ever achieved: take whole rows of `achieved`, unchanged",
    )
    episode, state = np.unravel_index(found, achieved.shape[:2])
    return episode, state


def expect_quick(student: Student, strategy: str) -> None:
    """A batch costs little even if the buffer is large: right code, a loop over the rows too, takes 2 to 15 loops."""
    # So large that a copy of it for each row takes some 200 loops.
    achieved = np.zeros((12_000, 51, 3), np.float32)
    rows = np.random.default_rng(0)
    episodes, steps = rows.integers(12_000, size=1000), rows.integers(50, size=1000)
    function = getattr(student.relabel, strategy)
    loops = student.given.against_a_loop(1000, function, achieved, episodes, steps, Rng(0))
    expect(isinstance(loops, float) and loops < 60, TOO_SLOW)


def expect_own_episode(drawn: Drawn) -> None:
    """Each goal is from the transition's own episode."""
    if np.array_equal(drawn.episode, drawn.episodes):
        return
    rows = np.arange(len(drawn.episode)) % drawn.count
    expect(not np.array_equal(drawn.episode, rows), ROW_I)
    expect(False, OTHER_EPISODE)


def expect_later(drawn: Drawn) -> None:
    """Each goal is from one of the states t+1 … T."""
    state, steps = drawn.state, drawn.steps
    expect(
        not np.array_equal(state, steps),
        "each goal is state t, before the transition: 'future' starts at t+1",
    )
    expect(state >= steps, "a goal was achieved before the transition: 'future' starts at state t+1")
    expect(state != steps, "a goal is from state t, before the transition: 'future' starts at t+1")


def expect_future(drawn: Drawn) -> None:
    """Same episode, each of the states t+1 … T equally often, for each t and in all; needs thousands of rows."""
    expect_own_episode(drawn)
    expect_later(drawn)
    state, steps, last = drawn.state, drawn.steps, drawn.last
    expect(
        not np.array_equal(state, steps + 1),
        "each goal is state t+1, the one after the transition itself: draw one of the states t+1 … T",
    )
    expect(not (state == last).all(), ALL_LAST)
    first = state[steps == 0]
    expect(len(np.unique(first)) > 1, "all transitions of step 0 got the same state: draw one for each")
    expect((first == last).any(), "state T is never drawn, but it counts: rng.integers excludes `high`")
    expect((first == 1).any(), "state t+1 is never drawn, but it counts: 'future' starts there")
    uneven = "some states of t+1 … T are drawn more often than others"
    for t in (0, 1, last // 2, last - 2, last - 1):
        if (chosen := steps == t).any() and t < last:
            expect_distribution(state[chosen] - (t + 1), np.full(last - t, 1 / (last - t)), uneven, SHARE)
    among = spread(state - steps - 1, last - steps, own_rng())
    expect_uniform(among, uneven, bins=50, false_alarm=SHARE)
    expect_independent_rows(among, ROWS_DEPEND, false_alarm=SHARE)


def expect_any_of_episode(drawn: Drawn) -> None:
    """Same episode, each of the states 0 … T equally often, whatever t is; needs thousands of rows."""
    expect_own_episode(drawn)
    state, steps, states = drawn.state, drawn.steps, drawn.last + 1
    expect(len(np.unique(state)) > 1, "all transitions got the same state: draw one for each")
    expect(
        (state <= steps).any(), "only states after the transition are drawn: that is the strategy 'future'"
    )
    expect(
        (state > steps).any(),
        "only states up to the transition's own are drawn, but it does not matter when it happened",
    )
    expect(
        (state == drawn.last).any(), "the last state T is never drawn: an episode of T steps has T+1 states"
    )
    expect((state == 0).any(), "the first state 0 is never drawn, but it counts")
    uneven = "some of the states 0 … T are drawn more often than others"
    equally = np.full(states, 1 / states)
    expect_distribution(state, equally, uneven, SHARE)
    expect_distribution(
        (state - steps) % states, equally, "which state is drawn depends on the step of the transition", SHARE
    )
    for chosen in (steps == 0, steps == drawn.last - 1):
        if chosen.any():
            expect_distribution(state[chosen], equally, uneven, SHARE)
    expect_independent_rows(spread(state, states, own_rng()), ROWS_DEPEND, false_alarm=SHARE)


def expect_any_of_buffer(drawn: Drawn) -> None:
    """Each state of each episode equally often, both on their own; needs thousands of rows."""
    episode, state, count, states = drawn.episode, drawn.state, drawn.count, drawn.last + 1
    expect(
        count == 1
        or not np.isin(episode, drawn.episodes).all()
        or np.isin(np.arange(count), drawn.episodes).all(),
        "all goals come from the episodes of the batch: draw from the whole buffer",
    )
    expect(
        count == 1 or len(np.unique(episode)) > 1,
        "all goals come from one episode: draw one for each transition",
    )
    expect(
        len(episode) < 30 * count or (episode == count - 1).any(),
        "the last episode is never drawn: rng.integers excludes `high`",
    )
    expect(
        (state == drawn.last).any(), "the last state T is never drawn: an episode of T steps has T+1 states"
    )
    expect((state == 0).any(), "the first state 0 is never drawn, but it counts")
    uneven = "some states of some episodes are drawn more often than others: draw both, independently"
    expect_distribution(episode, np.full(count, 1 / count), uneven, SHARE)
    expect_distribution(state, np.full(states, 1 / states), uneven, SHARE)
    if count * states < 100:
        expect_distribution(
            episode * states + state, np.full(count * states, 1 / (count * states)), uneven, SHARE
        )
    if count == states:
        for together in ((episode - state) % states, (episode + state) % states):
            expect_distribution(together, np.full(states, 1 / states), uneven, SHARE)
    if len(state) ** 2 > 100 * count * states:  # so fifty repeats are expected
        expect(len(np.unique(episode * states + state)) < len(state), NO_REPEATS)
    own = own_rng()
    first, second = spread(episode, count, own), spread(state, states, own)
    expect_uniform(first, uneven, bins=50, false_alarm=SHARE)
    expect_independent_rows(first, ROWS_DEPEND, false_alarm=SHARE)
    expect_independent_rows(second, ROWS_DEPEND, false_alarm=SHARE)
    expect_independent_rows(
        first, "the state depends on the episode: draw both, independently", second, SHARE
    )
