"""The error probabilities that `sequential.py` states, computed exactly and simulated."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from autograder.checks.sequential import operating_characteristics, sequential_test

SETTINGS = [
    dict(threshold=0.9, margin=0.1, max_episodes=400),
    dict(threshold=0.95, margin=0.1, max_episodes=100),
    dict(threshold=0.5, margin=0.2, max_episodes=50),
    dict(threshold=0.99, margin=0.3, alpha=1e-2, beta=1e-6, max_episodes=200),
]


@pytest.mark.parametrize("setting", SETTINGS)
def test_who_deserves_to_pass_fails_with_probability_at_most_alpha(setting: dict) -> None:
    for rate in (setting["threshold"], *np.linspace(setting["threshold"], 1.0, 7)):
        assert operating_characteristics(float(rate), **setting).fails <= setting.get("alpha", 1e-3)


@pytest.mark.parametrize("setting", SETTINGS)
def test_who_does_not_is_declared_good_with_probability_at_most_beta(setting: dict) -> None:
    for rate in np.linspace(0.0, setting["threshold"] - setting["margin"], 7):
        figures = operating_characteristics(float(rate), **setting)
        assert figures.passes - figures.undecided <= setting.get("beta", 1e-3)
        assert figures.passes + figures.fails == pytest.approx(1.0)


def test_the_chance_of_passing_undeserved_at_the_end_of_the_budget_is_known_and_shrinks() -> None:
    passes = [operating_characteristics(0.8, 0.9, 0.1, max_episodes=n).passes for n in (25, 100, 400, 800)]
    assert passes == sorted(passes, reverse=True)
    assert passes == pytest.approx([0.9993, 0.7226, 0.0250, 0.0011], abs=1e-4)
    assert operating_characteristics(0.8, 0.95, 0.15, max_episodes=200).passes == pytest.approx(
        0.0036, abs=1e-4
    )


def test_the_exact_figures_agree_with_every_sequence_of_a_short_test() -> None:
    setting = dict(threshold=0.7, margin=0.4, alpha=0.1, beta=0.2, max_episodes=9)
    passes = undecided = episodes = 0.0
    for sequence in itertools.product((False, True), repeat=9):
        weight = 0.6 ** sum(sequence) * 0.4 ** (9 - sum(sequence))
        verdict = sequential_test(sequence, **setting)
        passes += weight * verdict.passed
        undecided += weight * (not verdict.decided)
        episodes += weight * verdict.episodes
    figures = operating_characteristics(0.6, **setting)
    assert (figures.passes, figures.undecided, figures.mean_episodes) == pytest.approx(
        (passes, undecided, episodes)
    )


def test_simulated_verdicts_agree_with_the_exact_figures() -> None:
    rng = np.random.default_rng(0)
    setting = dict(threshold=0.9, margin=0.1, max_episodes=100)
    verdicts = [sequential_test(lambda: rng.random() < 0.84, **setting) for _ in range(2000)]
    figures = operating_characteristics(0.84, **setting)
    assert np.mean([v.passed for v in verdicts]) == pytest.approx(figures.passes, abs=0.05)
    assert np.mean([v.episodes for v in verdicts]) == pytest.approx(figures.mean_episodes, rel=0.05)


def test_clear_cases_end_early_and_draw_no_more_than_needed() -> None:
    drawn = iter([True] * 1000)
    good = sequential_test(drawn, 0.9, 0.1)
    assert good.passed and good.decided and good.episodes == good.successes == 59
    assert len(list(drawn)) == 1000 - 59
    bad = sequential_test(itertools.repeat(False), 0.9, 0.1)
    assert not bad.passed and bad.decided and bad.episodes == 10


def test_undecided_favours_the_student() -> None:
    verdict = sequential_test([True, False, True, True], 0.9, 0.1)
    assert verdict.passed and not verdict.decided and (verdict.episodes, verdict.successes) == (4, 3)
    assert sequential_test([True] * 9, 0.9, 0.1, max_episodes=3).episodes == 3


@pytest.mark.parametrize(
    ("threshold", "margin", "alpha"), [(1.0, 0.1, 0.1), (0.5, 0.5, 0.1), (0.5, 0, 0.1), (0.9, 0.1, 0)]
)
def test_impossible_settings_are_refused(threshold: float, margin: float, alpha: float) -> None:
    with pytest.raises(ValueError, match=r"need 0 <|must lie between"):
        sequential_test([True], threshold, margin, alpha)
