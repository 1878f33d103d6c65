"""The checks of Part 4 against deliberately wrong and unusual-but-right ways to fill each hole."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.tests.variants import (
    Variant,
    assert_blank_costs_itself_only,
    assert_right,
    assert_wrong,
    run_unit_checks,
)

WRONG = [
    Variant("4a", "last step, not last state", swap=("-1", "-2")),
    Variant("4a", "state after the transition", "goals = achieved[episodes, steps + 1]"),
    Variant("4a", "state before the transition", "goals = achieved[episodes, steps]"),
    Variant("4a", "first state", "goals = achieved[episodes, 0]"),
    Variant("4a", "row i gets episode i", """
        goals = np.resize(achieved[:, -1], (len(episodes), achieved.shape[2]))"""),
    Variant("4a", "last episode for all", """
        goals = np.broadcast_to(achieved[-1, -1], (len(episodes), achieved.shape[2]))"""),
    Variant("4a", "indices swapped", "goals = achieved[steps % len(achieved), -1]"),
    Variant("4a", "not selected", "goals = achieved[:, -1]"),
    Variant("4a", "steps in place", """
        steps[:] = achieved.shape[1] - 1
        goals = achieved[episodes, steps]"""),
    Variant("4b", "steps in place", """
        steps += 1
        goals = achieved[episodes, rng.integers(steps, achieved.shape[1])]"""),
    Variant("4b", "from t on", swap=("steps + 1, last + 1", "steps, last + 1")),
    Variant("4b", "without T", """
        goals = achieved[episodes, rng.integers(steps, achieved.shape[1] - 1) + (achieved.shape[1] == 2)]"""),
    Variant("4b", "without T where possible", """
        last = achieved.shape[1] - 1
        goals = achieved[episodes, rng.integers(steps + 1, np.maximum(steps + 2, last))]"""),
    Variant("4b", "always the next state", "goals = achieved[episodes, steps + 1]"),
    Variant("4b", "always the last state", "goals = achieved[episodes, -1]"),
    Variant("4b", "any state", """
        goals = achieved[episodes, rng.integers(achieved.shape[1], size=len(episodes))]"""),
    Variant("4b", "any state, then at least t+1", """
        drawn = rng.integers(achieved.shape[1], size=len(episodes))
        goals = achieved[episodes, np.maximum(drawn, steps + 1)]"""),
    Variant("4b", "t+1 plus any offset, at most T", """
        last = achieved.shape[1] - 1
        goals = achieved[episodes, np.minimum(steps + 1 + rng.integers(last, size=len(episodes)), last)]"""),
    Variant("4b", "one draw for the batch", """
        last = achieved.shape[1] - 1
        goals = achieved[episodes, steps + 1 + ((last - steps) * rng.random()).astype(int)]"""),
    Variant("4b", "rounded instead of floored", """
        last = achieved.shape[1] - 1
        goals = achieved[episodes, steps + 1 + np.round((last - steps - 1) * rng.random(len(steps))).astype(int)]"""),
    Variant("4b", "floor without the +1", """
        last = achieved.shape[1] - 1
        goals = achieved[episodes, steps + ((last - steps) * rng.random(len(steps))).astype(int)]"""),
    Variant("4b", "from any episode", """
        last = achieved.shape[1] - 1
        goals = achieved[rng.permutation(len(achieved))[episodes], rng.integers(steps + 1, last + 1)]"""),
    Variant("4b", "np.random", swap=("rng.integers", "np.random.randint")),
    Variant("4b", "its own seed", swap=("rng.integers", "np.random.default_rng(0).integers")),
    Variant("4b", "averaged with the last", """
        last = achieved.shape[1] - 1
        goals = (achieved[episodes, rng.integers(steps + 1, last + 1)] + achieved[episodes, -1]) / 2"""),
    Variant("4c", "without T", swap=("achieved.shape[1]", "achieved.shape[1] - 1")),
    Variant("4c", "steps in place", """
        steps[:] = rng.integers(achieved.shape[1], size=len(episodes))
        goals = achieved[episodes, steps]"""),
    Variant("4c", "without 0", swap=("achieved.shape[1]", "1, achieved.shape[1]")),
    Variant("4c", "the future", "goals = achieved[episodes, rng.integers(steps + 1, achieved.shape[1])]"),
    Variant("4c", "the past", "goals = achieved[episodes, rng.integers(0, steps + 1)]"),
    Variant("4c", "not its own state", """
        drawn = rng.integers(achieved.shape[1] - 1, size=len(episodes))
        goals = achieved[episodes, drawn + (drawn >= steps)]"""),
    Variant("4c", "one draw for the batch", swap=(", size=len(episodes)", "")),
    Variant("4c", "row i gets episode i", swap=(
        "episodes, rng",
        "np.arange(len(episodes)) % len(achieved), rng")),
    Variant("4c", "np.random", swap=("rng.integers", "np.random.randint")),
    Variant("4c", "its own seed", swap=("rng.integers", "np.random.default_rng(0).integers")),
    Variant("4c", "the middle twice as often", """
        drawn = rng.random((2, len(episodes))).mean(axis=0)
        goals = achieved[episodes, (drawn * achieved.shape[1]).astype(int)]"""),
    Variant("4d", "episodes in place", """
        episodes[:] = rng.integers(len(achieved), size=len(episodes))
        goals = achieved[episodes, rng.integers(achieved.shape[1], size=len(episodes))]"""),
    Variant("4d", "its own episode", swap=("[any_episode, ", "[episodes, ")),
    Variant("4d", "an episode of the batch", swap=(
        "rng.integers(num_episodes, size=len(episodes))",
        "rng.permutation(episodes)")),
    Variant("4d", "without the last episode", swap=(
        "integers(num_episodes,",
        "integers(max(1, num_episodes - 1),")),
    Variant("4d", "without T", swap=("integers(num_states,", "integers(num_states - 1,")),
    Variant("4d", "final state", swap=("rng.integers(num_states, size=len(episodes))", "-1")),
    Variant("4d", "the same time", swap=("rng.integers(num_states, size=len(episodes))", "steps")),
    Variant("4d", "the next time", swap=("rng.integers(num_states, size=len(episodes))", "steps + 1")),
    Variant("4d", "another episode only", """
        num_episodes, num_states, _ = achieved.shape
        any_episode = (episodes + 1 + rng.integers(max(1, num_episodes - 1), size=len(episodes))) % num_episodes
        goals = achieved[any_episode, rng.integers(num_states, size=len(episodes))]"""),
    Variant("4d", "one episode for the batch", swap=(
        "rng.integers(num_episodes, size=len(episodes))",
        "rng.integers(num_episodes)")),
    Variant("4d", "one random number for both", """
        u = rng.random(len(episodes))
        goals = achieved[(u * achieved.shape[0]).astype(int), (u * achieved.shape[1]).astype(int)]"""),
    Variant("4d", "np.random", """
        n, states, _ = achieved.shape
        goals = achieved[np.random.randint(n, size=len(steps)), np.random.randint(states, size=len(steps))]"""),
    Variant("4d", "without replacement", """
        goals = rng.permutation(achieved.reshape(-1, achieved.shape[2]))[: len(episodes)]"""),
    Variant("4e", "the wrong ones", swap=("< fraction", ">= fraction")),
    Variant("4e", "arguments of where swapped", swap=("hindsight, desired", "desired, hindsight")),
    Variant("4e", "each entry on its own", """
        goals = np.where(rng.random(desired.shape) < fraction, hindsight, desired)"""),
    Variant("4e", "one draw for the batch", """
        goals = hindsight.copy() if rng.random() < fraction else desired.copy()"""),
    Variant("4e", "the first rows", """
        goals = desired.copy()
        goals[: int(fraction * len(desired))] = hindsight[: int(fraction * len(desired))]"""),
    Variant("4e", "exactly that many rows", """
        rows = rng.choice(len(desired), round(fraction * len(desired)), replace=False)
        goals = desired.copy()
        goals[rows] = hindsight[rows]"""),
    Variant("4e", "drawn with replacement", """
        rows = rng.integers(len(desired), size=round(fraction * len(desired)))
        goals = desired.copy()
        goals[rows] = hindsight[rows]"""),
    Variant("4e", "in place", """
        replaced = rng.random(len(desired)) < fraction
        desired[replaced] = hindsight[replaced]
        goals = desired"""),
    Variant("4e", "hindsight in place", """
        kept = rng.random(len(desired)) >= fraction
        hindsight[kept] = desired[kept]
        goals = hindsight"""),
    Variant("4e", "all", "goals = hindsight.copy()"),
    Variant("4e", "none", "goals = desired.copy()"),
    Variant("4e", "fraction as k", swap=("< fraction", "< fraction / (1 + fraction)")),
    Variant("4e", "rows shifted", swap=("hindsight, desired", "hindsight[::-1], desired")),
    Variant("4e", "np.random", swap=("rng.random", "np.random.rand")),
    Variant("4e", "a mixture", "goals = fraction * hindsight + (1 - fraction) * desired"),
    Variant("4e", "normal draws", swap=("rng.random(", "rng.standard_normal(")),
    Variant("4f", "in place", """
        next_achieved -= goals
        distance = np.linalg.norm(next_achieved, axis=-1)
        rewards = -distance if reward == "dense" else -(distance > threshold).astype(np.float32)"""),
    Variant("4f", "not at the threshold", swap=("distance > threshold", "distance >= threshold")),
    Variant("4f", "swapped signs", swap=("distance > threshold", "distance <= threshold")),
    Variant("4f", "1 and 0", swap=("-(distance > threshold)", "(distance <= threshold)")),
    Variant("4f", "0 and 1", swap=("-(distance >", "(distance >")),
    Variant("4f", "dense is positive", swap=("-distance if", "distance if")),
    Variant("4f", "down the batch", """
        distance = np.linalg.norm(next_achieved - goals, axis=0)
        rewards = -distance if reward == "dense" else -(distance > threshold).astype(np.float32)"""),
    Variant("4f", "one distance for all", """
        distance = np.full(len(goals), np.linalg.norm(next_achieved - goals))
        rewards = -distance if reward == "dense" else -(distance > threshold).astype(np.float32)"""),
    Variant("4f", "squared", swap=("axis=-1)", "axis=-1) ** 2")),
    Variant("4f", "sum of absolute values", swap=("goals, axis=-1", "goals, ord=1, axis=-1")),
    Variant("4f", "largest coordinate", swap=("goals, axis=-1", "goals, ord=np.inf, axis=-1")),
    Variant("4f", "only x and y", swap=("next_achieved - goals", "(next_achieved - goals)[:, :2]")),
    Variant("4f", "a fixed threshold", swap=("> threshold", "> 0.05")),
    Variant("4f", "mean square", swap=("axis=-1)", "axis=-1) / np.sqrt(goals.shape[1])")),
    Variant("4f", "always sparse", """
        rewards = -(np.linalg.norm(next_achieved - goals, axis=-1) > threshold).astype(float)"""),
    Variant("4f", "always dense", "rewards = -np.linalg.norm(next_achieved - goals, axis=-1)"),
    Variant("4f", "dense is 0 when arrived", """
        distance = np.linalg.norm(next_achieved - goals, axis=-1)
        rewards = -distance * (distance > threshold) if reward == "dense" else -1.0 * (distance > threshold)"""),
    Variant("4f", "float64 alone", """
        import torch
        apart = torch.cdist(torch.as_tensor(next_achieved)[:, None], torch.as_tensor(goals)[:, None])
        distance = apart[:, 0, 0].numpy()
        rewards = -distance if reward == "dense" else -(distance > threshold).astype(np.float32)"""),
    Variant("4f", "arrays in one piece alone", """
        distance = np.linalg.norm(next_achieved - goals, axis=-1)
        next_achieved.view(np.uint8)
        rewards = -distance if reward == "dense" else -(distance > threshold).astype(np.float32)"""),
    Variant("4f", "distance of norms", swap=(
        "np.linalg.norm(next_achieved - goals, axis=-1)",
        "abs(np.linalg.norm(next_achieved, axis=-1) - np.linalg.norm(goals, axis=-1))")),
]  # fmt: skip

RIGHT = [
    Variant("4a", "every episode first", "goals = achieved[:, -1][episodes]"),
    Variant("4a", "a loop", "goals = np.stack([achieved[n][len(achieved[n]) - 1] for n in episodes])"),
    Variant("4a", "take, doubles", """
        goals = np.take(achieved[:, achieved.shape[1] - 1, :], episodes, axis=0).astype(float)"""),
    Variant("4a", "an array of indices", """
        goals = achieved[episodes, np.full(len(steps), achieved.shape[1] - 1)]"""),
    Variant("4a", "uses up some randomness", "rng.random(3)\ngoals = achieved[episodes, -1].copy()"),
    Variant("4b", "an offset", """
        left = achieved.shape[1] - 1 - steps
        goals = achieved[episodes, steps + 1 + np.floor(rng.random(len(steps)) * left).astype(np.int64)]"""),
    Variant("4b", "endpoint", """
        goals = achieved[episodes, rng.integers(steps + 1, achieved.shape[1] - 1, endpoint=True)]"""),
    Variant("4b", "a loop", """
        states = range(achieved.shape[1])
        goals = np.array([achieved[n, rng.choice(states[t + 1 :])] for n, t in zip(episodes, steps)])"""),
    Variant("4b", "a loop backwards", """
        goals = np.empty((len(episodes), achieved.shape[2]))
        for i in reversed(range(len(episodes))):
            later = achieved[episodes[i], steps[i] + 1 :]
            goals[i] = later[rng.integers(len(later))]"""),
    Variant("4b", "from the end", """
        goals = achieved[episodes, achieved.shape[1] - 1 - rng.integers(achieved.shape[1] - 1 - steps)]"""),
    Variant("4b", "rejection", """
        drawn = rng.integers(achieved.shape[1], size=len(steps))
        while (early := drawn <= steps).any():
            drawn[early] = rng.integers(achieved.shape[1], size=early.sum())
        goals = achieved[episodes, drawn]"""),
    Variant("4b", "largest of random keys", """
        keys = rng.random((len(steps), achieved.shape[1]))
        keys[np.arange(achieved.shape[1]) <= steps[:, None]] = -1
        goals = achieved[episodes, keys.argmax(axis=1)].astype(np.float32)"""),
    Variant("4c", "choice", "goals = achieved[episodes, rng.choice(achieved.shape[1], len(steps))]"),
    Variant("4c", "a loop", "goals = np.stack([rng.choice(achieved[n]) for n in episodes])"),
    Variant("4c", "floor of a uniform", """
        goals = achieved[episodes, (rng.random(len(steps)) * achieved.shape[1]).astype(int)]"""),
    Variant("4c", "rotated from t", """
        goals = achieved[episodes, (steps + rng.integers(achieved.shape[1], size=len(steps))) % achieved.shape[1]]"""),
    Variant("4c", "single precision", """
        goals = achieved[episodes, rng.integers(0, achieved.shape[1], len(steps))].astype(np.float32)"""),
    Variant("4d", "one flat index", """
        flat = achieved.reshape(-1, achieved.shape[2])
        goals = flat[rng.integers(len(flat), size=len(steps))]"""),
    Variant("4d", "state first", """
        state = rng.integers(achieved.shape[1], size=len(steps))
        goals = achieved[rng.integers(len(achieved), size=len(steps)), state]"""),
    Variant("4d", "choice of rows", "goals = rng.choice(np.concatenate(list(achieved)), size=len(episodes))"),
    Variant("4d", "a loop", "goals = np.array([rng.choice(rng.choice(achieved)) for _ in episodes])"),
    Variant("4e", "a copy, then a mask", """
        goals = desired.copy()
        mask = rng.random(len(desired)) < fraction
        goals[mask] = hindsight[mask]"""),
    Variant("4e", "kept rows", """
        kept = rng.uniform(size=(len(desired), 1)) >= fraction
        goals = np.where(kept, desired, hindsight)"""),
    Variant("4e", "binomial", """
        goals = np.where(rng.binomial(1, fraction, size=len(desired))[:, None] == 1, hindsight, desired)"""),
    Variant("4e", "arithmetic", """
        mask = (rng.random((len(desired), 1)) < fraction).astype(desired.dtype)
        goals = mask * hindsight + (1 - mask) * desired"""),
    Variant("4e", "a loop", """
        goals = np.stack([h if rng.random() < fraction else d for d, h in zip(desired, hindsight)])"""),
    Variant("4e", "the upper end", """
        goals = np.where(rng.random(len(desired))[:, None] > 1 - fraction, hindsight, desired)"""),
    Variant("4e", "choice with weights", """
        replaced = rng.choice([True, False], size=(len(desired), 1), p=[fraction, 1 - fraction])
        goals = np.where(replaced, hindsight, desired)"""),
    Variant("4f", "where, integers", """
        distance = np.sqrt(((goals - next_achieved) ** 2).sum(axis=1))
        rewards = np.where(distance <= threshold, 0, -1) if reward == "sparse" else -distance"""),
    Variant("4f", "a loop", """
        rewards = np.zeros(len(goals))
        for i in range(len(goals)):
            distance = float(np.sqrt(sum((next_achieved[i, j] - goals[i, j]) ** 2 for j in range(goals.shape[1]))))
            rewards[i] = -distance if reward == "dense" else float(distance <= threshold) - 1"""),
    Variant("4f", "squares", """
        square = np.square(next_achieved - goals).sum(axis=-1)
        rewards = -np.sqrt(square) if reward == "dense" else (square <= threshold**2).astype(np.float64) - 1.0"""),
    Variant("4f", "einsum, single precision", """
        apart = next_achieved - goals
        distance = np.sqrt(np.einsum("bg,bg->b", apart, apart))
        rewards = (-distance if reward == "dense" else -1.0 * (distance > threshold)).astype(np.float32)"""),
    Variant("4f", "hypot", """
        distance = np.hypot.reduce(next_achieved - goals, axis=1)
        rewards = -distance if reward == "dense" else -(distance > threshold).astype(int)"""),
]  # fmt: skip

# what a student should read about the mistake: a piece of one check's sentence
SENTENCES = [
    ("4a", "last step, not last state", "the last *state* is number T"),
    ("4a", "not selected", "row i got the goal of episode i"),
    ("4b", "steps in place", "writes into `steps`"),
    ("4b", "from t on", "'future' starts at t+1"),
    ("4b", "without T where possible", "rng.integers excludes `high`"),
    ("4b", "from any episode", "from another episode"),
    ("4b", "one draw for the batch", "all transitions got the same state"),
    ("4b", "np.random", "not from np.random"),
    ("4c", "the future", "that is the strategy 'future'"),
    ("4c", "without T", "has T+1 states"),
    ("4d", "its own episode", "draw from the whole buffer"),
    ("4d", "without replacement", "one goal for each transition"),
    ("4e", "each entry on its own", "a row mixes the two goals"),
    ("4e", "exactly that many rows", "decide for each row on its own"),
    ("4e", "in place", "writes into `desired`"),
    ("4f", "not at the threshold", "d <= threshold"),
    ("4f", "swapped signs", "the other way round"),
    ("4f", "largest coordinate", "not for each coordinate"),
    ("4f", "only x and y", "the sparse reward is 0 where"),
    ("4f", "dense is positive", "closer is better"),
    ("4f", "down the batch", "the coordinates are the last axis"),
]


@pytest.mark.slow
@pytest.mark.parametrize("variant", WRONG, ids=str)
def test_wrong_is_caught(variant: Variant, tmp_path: Path) -> None:
    assert_wrong(tmp_path, variant)


@pytest.mark.slow
@pytest.mark.parametrize(("subpart", "name", "piece"), SENTENCES)
def test_the_mistake_is_named(subpart: str, name: str, piece: str, tmp_path: Path) -> None:
    (variant,) = (v for v in WRONG if (v.subpart, v.name) == (subpart, name))
    messages = [result.message for result in run_unit_checks(tmp_path, variant, {subpart})]
    assert any(piece in message for message in messages), messages


@pytest.mark.slow
@pytest.mark.parametrize("variant", RIGHT, ids=str)
def test_right_passes(variant: Variant, tmp_path: Path) -> None:
    assert_right(tmp_path, variant)


@pytest.mark.parametrize("subpart", ["4a", "4b", "4c", "4d", "4e", "4f"])
def test_a_blank_costs_itself_only(subpart: str, tmp_path: Path) -> None:
    assert_blank_costs_itself_only(tmp_path, subpart)
