"""Shared by the checks of `relabel`, which is given: does it put the pieces of Part 4 together as it did?"""

import numpy as np

from autograder.checks.checking import CheckFailed, Student, expect, expect_array, expect_close
from autograder.checks.mistakes import recognise
from autograder.checks.states import find_states

NOT_THE_FRACTION = (
    "the share of goals that `relabel` replaces is not `fraction`: leave the given lines as they are"
)
NO_DICT = "`relabel` returns the batch, a dict with the same keys: leave the given lines as they are"
NOT_THE_STRATEGY = "the goals of `relabel` are not those of the strategy it is asked for"


def expect_relabelled(student: Student, batch: dict, new: object, threshold: float, reward: str) -> None:
    """`new` is `batch` with other goals, the rewards that `new_rewards` gives for them, and nothing else changed."""
    expect(isinstance(new, dict) and set(new) == set(batch), NO_DICT)
    assert isinstance(new, dict)
    rows = len(batch["goals"])
    goals = expect_array(new["goals"], batch["goals"].shape, name="relabel")
    wanted = student.relabel.new_rewards(batch["next_achieved"], goals, threshold, reward)
    wanted = expect_array(wanted, (rows,), name="new_rewards")
    old = student.relabel.new_rewards(batch["next_achieved"], batch["goals"], threshold, reward)
    usual = student.relabel.new_rewards(batch["next_achieved"], goals, 0.05, reward)
    mistakes = {
        "`relabel` returns the rewards that the batch had: they have to be those of the new goals": batch[
            "rewards"
        ],
        "`relabel` returns the rewards of the old goals: they have to be those of the new ones": old,
    }
    values, rows_of = np.unique(usual, return_counts=True)
    if len(values) > 1 and rows_of.min() >= 5:  # else: not told apart from other mistakes
        mistakes[
            "`relabel` returns the rewards for a threshold of 0.05, and not for the one that it is given"
        ] = usual
    otherwise = (
        "the rewards of `relabel` are not what `new_rewards` gives for its goals: leave the given lines alone"
    )
    expect_close(new["rewards"], wanted, recognise(new["rewards"], otherwise, mistakes), name="relabel")
    for key in set(batch) - {"goals", "rewards"}:
        sentence = "`relabel` changes more of the batch than its goals and rewards: leave the given lines as they are"
        expect_close(new[key], batch[key], sentence, name="relabel")


def expect_strategy(
    strategy: str, goals: np.ndarray, achieved: np.ndarray, episodes: np.ndarray, steps: np.ndarray
) -> None:
    """Goals (B, G) are of this strategy, for transitions of many `episodes` and `steps` (B,)."""
    try:
        episode, state = find_states(goals, achieved)
    except CheckFailed:
        raise CheckFailed(NOT_THE_STRATEGY) from None
    last, own, later = achieved.shape[1] - 1, episode == episodes, state > steps
    fits = {
        "final": own & (state == last),
        "future": own & later,
        "episode": own,
        "random": np.ones(len(own), dtype=bool),
    }[strategy]
    expect(fits, NOT_THE_STRATEGY)
    several = {
        "final": True,
        "future": (state < last).any(),
        "episode": not later.all(),
        "random": not own.all(),
    }
    expect(several[strategy], NOT_THE_STRATEGY)
