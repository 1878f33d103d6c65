"""The reference keeps its docstrings at any size, offset, scale and dtype that they allow."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions import dynamics, imagine, policy, relabel
from solutions.kit.jitter import jitter_goals
from solutions.kit.normalizer import Normalizer

FLOATS = ("float32", "float64")
few = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)


# --- 1a ---


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("rows", [1, 2, 1_000, 100_000])
@pytest.mark.parametrize("value", [0.0, 1.3419, -1e-7, 1e9 / 3, -1e15])
def test_a_column_that_never_changes_becomes_0(value, rows, dtype):
    columns = np.full((rows, 2), value, dtype)
    inputs, targets, stats = dynamics.normalized_pairs(columns, columns, columns + columns.dtype.type(0.01))
    assert not inputs.any() and not targets.any()
    assert (stats["input_std"] == 1).all() and (stats["delta_std"] == 1).all()
    assert (stats["input_mean"] == columns[0, 0]).all()


@few
@given(
    seeds, st.sampled_from(FLOATS), st.floats(-6, 6), st.floats(-5, 5), st.sampled_from([2, 1_000, 70_000])
)
def test_every_other_column_gets_mean_0_and_standard_deviation_1(seed, dtype, offset, scale, rows):
    rng, offset = np.random.default_rng(seed), np.sign(offset) * 10 ** abs(offset)
    spread = max(10**scale, 1e-5 * abs(offset))  # float32 must be able to tell the values apart
    obs = (offset + spread * rng.normal(size=(rows, 3))).astype(dtype)
    next_obs = obs + (spread * rng.normal(size=obs.shape)).astype(dtype)
    inputs, targets, stats = dynamics.normalized_pairs(obs, obs[:, :1], next_obs)
    for values in (inputs, targets):
        assert values.mean(axis=0) == pytest.approx(0, abs=1e-9)
        assert values.std(axis=0) == pytest.approx(1, abs=1e-9)
    undone = targets * stats["delta_std"] + stats["delta_mean"]
    np.testing.assert_allclose(undone, next_obs.astype(np.float64) - obs, rtol=1e-9, atol=1e-9 * spread)


# --- 1b to 1f ---


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_log_variances_stay_between_their_bounds(dtype):
    raw = torch.tensor(
        [-torch.finfo(dtype).max, -1e30, -10.0, 0.0, 0.5, 1e30, torch.finfo(dtype).max], dtype=dtype
    )
    for low, high in ((-10.0, 0.5), (-80.0, 0.5), (-1e-3, 0.0)):
        bounded = dynamics.bounded_log_var(raw, low, high)
        overlap = np.log1p(np.exp(low - high)) + 1e-5
        assert bounded.isfinite().all() and bounded.min() >= low and bounded.max() <= high + overlap


@few
@given(seeds, st.sampled_from([torch.float32, torch.float64]), st.integers(1, 3), st.integers(1, 4))
def test_the_loss_of_any_shape_is_finite_and_each_members_own(seed, dtype, members, rows):
    rng = torch.Generator().manual_seed(seed)
    mean, targets = (torch.randn(members, rows, 2, generator=rng, dtype=dtype) for _ in range(2))
    log_var = -80 * torch.rand(members, rows, 2, generator=rng, dtype=dtype)
    loss = dynamics.gaussian_nll(mean, log_var, targets)
    alone = [dynamics.gaussian_nll(*(x[i : i + 1] for x in (mean, log_var, targets))) for i in range(members)]
    assert loss.isfinite().all() and torch.allclose(loss, torch.cat(alone))


@few
@given(seeds, st.integers(1, 200), st.integers(1, 4), st.floats(0, 1))
def test_nobody_trains_on_what_is_held_out(seed, samples, members, fraction):
    train, holdout = dynamics.bootstrap_split(samples, members, fraction, np.random.default_rng(seed))
    assert len(holdout) == len(set(holdout)) == max(1, round(fraction * samples))
    assert train.shape == (members, samples - len(holdout)) and not np.isin(train, holdout).any()


@pytest.mark.parametrize("dtype", FLOATS)
def test_any_finite_loss_beats_infinity_and_nothing_else_improves(dtype):
    best = np.array([np.inf, np.inf, np.inf, 0, -1e30, 1e-30], dtype)
    losses = np.array([np.finfo(dtype).max, np.inf, np.nan, 0, -1e30, -np.inf], dtype)
    improved, new_best, stale = dynamics.early_stopping(best, losses, 0)
    assert improved.tolist() == [True] + [False] * 5 and new_best.dtype == dtype and stale == 0
    assert new_best[0] == losses[0] and np.array_equal(new_best[1:], best[1:])


@few
@given(seeds, st.sampled_from(FLOATS), st.integers(0, 5), st.floats(-6, 6), st.floats(-80, 0.5))
def test_a_sampled_state_is_finite_and_near_its_mean(seed, dtype, rows, offset, level):
    rng = np.random.default_rng(seed)
    obs = (10**offset * rng.normal(size=(rows, 2))).astype(dtype)
    mean, log_var = rng.normal(size=(3, rows, 2)).astype(dtype), np.full((3, rows, 2), level, dtype)
    stats = {"delta_mean": rng.normal(size=2), "delta_std": rng.uniform(0.1, 10, 2)}
    sampled = dynamics.sample_next_obs(obs, mean, log_var, stats, np.array([2]), rng)
    centre = obs + stats["delta_mean"] + stats["delta_std"] * mean[2]
    assert (
        np.abs(sampled - centre)
        <= 10 * stats["delta_std"] * np.exp(level / 2) + 1e-6 * np.abs(centre) + 1e-12
    ).all()


# --- part 2 ---


@few
@given(seeds, st.integers(1, 4), st.integers(1, 5), st.integers(0, 9), st.sampled_from(["initial", "all"]))
def test_rollouts_start_inside_and_end_inside(seed, episodes, length, count, mode):
    chosen, steps = imagine.start_states(mode, episodes, length, count, np.random.default_rng(seed))
    assert ((0 <= chosen) & (chosen < episodes) & (0 <= steps) & (steps < length)).all()
    for kind in ("full", "partial"):
        lengths = imagine.rollout_lengths(kind, steps, length, 1 + seed % 7)
        assert ((lengths >= 1) & (steps + lengths <= length)).all()


@few
@given(seeds, st.integers(1, 5), st.lists(st.integers(0, 5), min_size=1, max_size=9))
def test_the_model_buffer_holds_the_latest(seed, capacity, counts):
    buffer, added = imagine.ModelBuffer(capacity), []
    for count in (min(count, capacity) for count in counts):
        rows = np.arange(len(added), len(added) + count)
        added += rows.tolist()
        buffer.add({"obs": rows[:, None].astype(np.float32), "rewards": rows})
    assert buffer.size == min(len(added), capacity) and buffer.next_row == len(added) % capacity
    assert sorted(buffer.data["rewards"][: buffer.size]) == added[-capacity:]
    assert np.array_equal(buffer.data["obs"][:, 0], buffer.data["rewards"])


@few
@given(st.integers(1, 40), st.floats(0, 1), st.sampled_from(FLOATS), st.sampled_from(FLOATS))
def test_mixing_keeps_the_share(rows, fraction, kind, other):
    real, imagined = {"obs": np.zeros((rows, 2), kind)}, {"obs": np.ones((rows, 2), other)}
    assert imagine.mix(real, imagined, fraction)["obs"][:, 0].sum() == rows - round(fraction * rows)


# --- part 3 ---


@pytest.mark.parametrize("size", [1.0, 1e6, 1e30])
def test_actions_and_values_of_one_row_and_of_far_ones(size):
    actor, critic = policy.Actor(3, 2, 2, (8,)), policy.Critic(3, 2, 2, (8,), members=2)
    for rows in (1, 3):
        obs, goals = size * torch.ones(rows, 3), -size * torch.ones(rows, 2)
        actions = actor(obs, goals)
        assert actions.shape == (rows, 2) and (actions.abs() <= 1).all()
        assert critic(obs / size, actions, goals / size).shape == (2, rows)


@few
@given(seeds, st.sampled_from([torch.float32, torch.float64]), st.floats(0, 0.999), st.integers(1, 3))
def test_no_target_leaves_its_interval(seed, dtype, discount, members):
    rng = torch.Generator().manual_seed(seed)
    next_q = 1e4 * torch.randn(members, 4, generator=rng, dtype=dtype)
    rewards, masks = -torch.rand(4, generator=rng, dtype=dtype), torch.tensor([0, 1, 0, 1], dtype=dtype)
    targets = policy.td_targets(rewards, masks, next_q, discount)
    assert ((targets <= 0) & (targets >= -1 / (1 - discount) * (1 + 1e-6))).all()
    assert torch.equal(targets[::2], rewards[::2])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_polyak_update_at_its_ends(dtype):
    target, online = (policy.Critic(2, 1, 1, (4,), 2, seed).to(dtype) for seed in (1, 2))
    for tau, source in ((0.0, target), (1.0, online)):
        wanted = {name: values.clone() for name, values in source.state_dict().items()}
        policy.polyak_update(target, online, tau)
        assert all(torch.equal(values, wanted[name]) for name, values in target.state_dict().items())


@few
@given(seeds, st.sampled_from(FLOATS), st.integers(0, 5), st.sampled_from([0.0, 0.2, 100.0]))
def test_explored_actions_stay_inside(seed, dtype, rows, noise):
    actions = np.random.default_rng(seed).uniform(-1, 1, size=(rows, 2)).astype(dtype)
    explored = policy.explore(actions, noise, 0.0, np.random.default_rng(seed))
    assert (np.abs(explored) <= 1).all() and (noise > 0 or np.array_equal(explored, actions))
    assert (np.abs(policy.explore(actions, noise, 1.0, np.random.default_rng(seed))) <= 1).all()


# --- part 4 ---


@few
@given(
    seeds, st.sampled_from(FLOATS), st.integers(1, 4), st.integers(1, 5), st.sampled_from(["int32", "int64"])
)
def test_goals_are_whole_rows_of_what_was_achieved(seed, dtype, episodes, length, index):
    rng = np.random.default_rng(seed)
    achieved = np.arange(episodes * (length + 1) * 2).reshape(episodes, length + 1, 2).astype(dtype)
    chosen, steps = rng.integers(episodes, size=6).astype(index), rng.integers(length, size=6).astype(index)
    for name, strategy in relabel.STRATEGIES.items():
        goals = strategy(achieved, chosen, steps, rng)
        episode, state = np.divmod(goals[:, 0] // 2, length + 1)
        assert goals.dtype == dtype and (goals[:, 1] == goals[:, 0] + 1).all()
        assert name == "random" or (episode == chosen).all()
        assert name != "future" or (state > steps).all()
        assert name != "final" or (state == length).all()


@few
@given(seeds, st.sampled_from(FLOATS), st.sampled_from(FLOATS), st.floats(-3, 3), st.floats(-3, 6))
def test_rewards_of_any_offset(seed, dtype, other, size, offset):
    rng = np.random.default_rng(seed)
    goals = (10**offset * rng.normal(size=(4, 3))).astype(dtype)
    apart = max(10**size, 1e-4 * 10**offset) * rng.normal(size=(4, 3))
    arrived = (goals + apart).astype(other)
    distance = np.linalg.norm(arrived.astype(np.float64) - goals, axis=1)
    assert -relabel.new_rewards(arrived, goals, 0.05, "dense") == pytest.approx(distance, rel=1e-3)
    for threshold, reward in ((1.01 * distance.max(), 0), (0.99 * distance.min(), -1)):
        assert (relabel.new_rewards(arrived, goals, threshold) == reward).all()


# --- the statistics of the kit ---


def test_goals_that_do_not_vary_are_not_moved():
    rng = np.random.default_rng(0)
    wanted = np.full((5_000, 3), [1.5, 0.75, 0.42469975], np.float32)  # slide: on the table, at one height
    wanted[:, :2] += rng.normal(0, 0.1, (5_000, 2)).astype(np.float32)
    moved = jitter_goals(wanted, wanted, 1.0, rng)
    assert np.array_equal(moved[:, 2], wanted[:, 2]) and (moved[:, :2] != wanted[:, :2]).mean() > 0.99


def test_the_normalizer_loses_no_precision_over_many_rows():
    rng, normalizer = np.random.default_rng(0), Normalizer(2)
    rows = rng.normal([1.34, 1.3419], [0.03, 0.0], (400_000, 2)).astype(np.float32)
    for part in np.split(rows, 100):
        normalizer.observe(part)
    exact = rows.astype(np.float64)
    assert normalizer.mean.numpy() == pytest.approx(exact.mean(axis=0), abs=1e-7)
    assert normalizer.std.numpy() == pytest.approx([exact[:, 0].std(), normalizer.min_std], abs=1e-7)
