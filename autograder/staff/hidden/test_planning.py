"""Part 7, hidden checks: fresh inputs of any size against the reference, and how the draws are distributed.

Counts of random draws are judged with a false-alarm probability of at most 1e-7 a call.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from autograder.checks.checking import (
    Rng,
    Student,
    Tensor,
    expect,
    expect_array,
    expect_close,
    expect_normal,
    expect_unchanged,
    subpart,
)
from autograder.checks.independence import expect_independent_normals, expect_independent_rows
from autograder.checks.mistakes import expect_no_repeat, on_error, on_wrong_shape
from autograder.checks.statistics import normal_to_uniform
from autograder.checks.streams import expect_not_copied
from autograder.grader.inside.given import CountingEnv, GoalReward, LinearStep, NearTargets, TellingPlanner
from solutions import planning as reference

SHAPES = (
    (1, 1, 1, 1, 1),
    (2, 3, 4, 3, 2),
    (3, 3, 3, 3, 3),
    (5, 2, 1, 4, 1),
    (1, 6, 7, 2, 4),
    (4, 1, 3, 2, 2),
)
WRONG_SHAPE = "a result has another shape than the docstring promises"
VIEWS = "the result is wrong, or there is none, where the arrays or tensors are views of larger ones"


def fresh_seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


# --- 7a ---


def _world(
    rng: np.random.Generator, episodes: int, candidates: int, horizon: int, obs_dim: int, actions: int
) -> tuple:
    """A and B of a fresh linear model in which plans do not explode, goals, observations and plans."""
    rotation, _ = np.linalg.qr(rng.normal(size=(obs_dim, obs_dim)))
    goals, obs = rng.normal(size=(episodes, min(2, obs_dim))), rng.normal(size=(episodes, obs_dim))
    plans = rng.uniform(-1, 1, size=(episodes, candidates, horizon, actions))
    return (rotation, rng.normal(size=(actions, obs_dim))), goals, obs, plans


def _wanted(
    model: tuple, goals: np.ndarray, obs: np.ndarray, plans: np.ndarray, weight: float = 1.0
) -> np.ndarray:
    tensors = (torch.as_tensor(x, dtype=torch.float32) for x in (obs, plans))
    return reference.plan_returns(LinearStep(*model), GoalReward(goals, weight), *tensors).numpy()


@subpart("7a")
def test_returns_against_reference(student: Student, fresh_rng: np.random.Generator) -> None:
    """Fresh linear worlds, goals, states and plans of any size; two calls of one size share nothing."""
    for sizes in (*SHAPES, SHAPES[1]):
        before = None
        for weight in (1.0, -0.5):
            model, goals, obs, plans = _world(fresh_rng, *sizes)
            handles = student.given.LinearStep(*model), student.given.GoalReward(goals, weight)
            with on_wrong_shape(WRONG_SHAPE):
                returns = student.planning.plan_returns(*handles, Tensor(obs), Tensor(plans))
            expect_no_repeat(before, returns)
            before = returns
            sentence = "the returns of some plans are wrong"
            expect_close(returns, _wanted(model, goals, obs, plans, weight), sentence, atol=1e-4, rtol=1e-4)


@subpart("7a")
def test_returns_of_many_plans(student: Student, fresh_rng: np.random.Generator) -> None:
    """40 episodes, 64 candidates and 30 steps, stepped side by side."""
    model, goals, obs, plans = _world(fresh_rng, 40, 64, 30, 4, 2)
    step, reward = student.given.LinearStep(*model), student.given.GoalReward(goals)
    with on_wrong_shape(WRONG_SHAPE):
        returns = student.planning.plan_returns(step, reward, Tensor(obs), Tensor(plans))
    wanted = _wanted(model, goals, obs, plans)
    expect_close(returns, wanted, "of many episodes, candidates and steps, some returns are wrong", rtol=1e-3)
    calls, rows = (student.read(step, name) for name in ("calls", "rows"))
    expect(calls == 30, "the model is not called once for each step of the plans")
    expect(rows == 40 * 64 * 30, "the model does not step one row for each plan")


@subpart("7a")
def test_gradients_of_returns_against_reference(student: Student, fresh_rng: np.random.Generator) -> None:
    """The gradient by every action of every plan."""
    for sizes in SHAPES[1:4]:
        model, goals, obs, plans = _world(fresh_rng, *sizes)
        handles = student.given.LinearStep(*model), student.given.GoalReward(goals)
        with on_wrong_shape(WRONG_SHAPE):
            args = [*handles, Tensor(obs), Tensor(plans)]
            _, (gradient,) = student.value_and_grad("planning", "plan_returns", args, wrt=(3,))
        expect(gradient is not None, "no gradient flows from the returns to the plans")
        leaf = torch.as_tensor(plans, dtype=torch.float32).requires_grad_(True)
        start = torch.as_tensor(obs, dtype=torch.float32)
        value = reference.plan_returns(LinearStep(*model), GoalReward(goals), start, leaf).sum()
        wanted = torch.autograd.grad(value, leaf)[0].numpy()
        sentence = "the gradient of the returns by some actions is wrong"
        expect_close(gradient, wanted, sentence, atol=1e-3, rtol=1e-3)


@subpart("7a")
def test_returns_of_views(student: Student, fresh_rng: np.random.Generator) -> None:
    """Tensors that are cut out of larger ones give the same, and all arguments stay as they are."""
    model, goals, obs, plans = _world(fresh_rng, 3, 4, 5, 3, 2)
    args = [student.given.LinearStep(*model), student.given.GoalReward(goals), Tensor(obs), Tensor(plans)]
    with on_wrong_shape(WRONG_SHAPE):
        expect_array(student.planning.plan_returns(*args), (3, 4))
    with on_error(VIEWS):
        cut = student.given.call_strided(student.planning.plan_returns, *args)
    expect_close(cut, _wanted(model, goals, obs, plans), VIEWS, atol=1e-4, rtol=1e-4)
    names = ("step", "reward", "obs", "plans")
    expect_unchanged(student.planning.plan_returns, **dict(zip(names, args, strict=True)))


# --- 7b ---


def _plans(student: Student, mean: np.ndarray, std: np.ndarray, count: int, rng: Any) -> np.ndarray:
    with on_wrong_shape(WRONG_SHAPE):
        plans = student.planning.sample_plans(mean, std, count, rng)
    return expect_array(plans, (len(mean), count, *mean.shape[1:]), name="sample_plans", kind="float")


@subpart("7b")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_plans_are_gaussian_around_any_mean(
    student: Student, fresh_rng: np.random.Generator, dtype: str
) -> None:
    """Fresh means and standard deviations, clipped: every share beyond a bound is that of the Gaussian."""
    for shape in ((1, 1, 1), (3, 4, 2), (2, 2, 2)):
        mean = fresh_rng.uniform(-0.5, 0.5, size=shape).astype(dtype)
        std = fresh_rng.uniform(0.01, 0.08, size=shape).astype(dtype)
        plans = _plans(student, mean, std, 40_000 // mean.size, Rng(fresh_seed(fresh_rng)))
        expect(np.abs(plans) <= 1, "an action lies outside [-1, 1]")
        sentence = "the actions are not Gaussian with the mean and the std of their place in the plan"
        expect_normal(plans, mean[:, None], std[:, None], sentence)
    mean, std = np.full((2, 3, 1), 0.8), np.full((2, 3, 1), 0.4)
    z = (_plans(student, mean, std, 6_000, Rng(fresh_seed(fresh_rng))) - 0.8) / 0.4
    clipped = np.isclose(z, 0.5, atol=1e-4)
    expect(z < 0.5 + 1e-4, "an action lies outside [-1, 1]")
    share = clipped.mean()  # 0.3085 of 36,000: seven standard deviations are 0.017
    expect(
        abs(share - 0.3085) < 0.017,
        "near a bound, the share of actions that are clipped to it is not that of a Gaussian",
    )
    inside = z[~clipped]
    expect(
        abs((inside < -0.5).mean() - 0.4462) < 0.023, "near a bound, the actions inside it are not Gaussian"
    )


@subpart("7b")
def test_draws_of_plans_are_independent(student: Student, fresh_rng: np.random.Generator) -> None:
    """Of candidates, episodes, steps and action entries: no two share anything, in one call or over many."""
    mean = np.zeros((2, 3, 2))
    std = np.full_like(mean, 0.1)
    z = _plans(student, mean, std, 1_500, Rng(fresh_seed(fresh_rng))) / 0.1
    by_place = np.moveaxis(z, 1, 0).reshape(1_500, -1)  # a column for each episode, step and entry
    sentence = "draws of different episodes, steps or action entries are not independent"
    expect_independent_normals(by_place, sentence, "draws of different candidates are not independent")
    sentence = "the draws of all entries of the plans are not independent of each other"
    expect_independent_rows(normal_to_uniform(z), sentence)
    rng = student.given.rng(fresh_seed(fresh_rng))
    calls = np.stack([_plans(student, mean, std, 3, rng) for _ in range(250)]) / 0.1
    expect_independent_rows(normal_to_uniform(calls), "the draws of several calls are not independent")
    expect_normal(calls, 0.0, 1.0, "over many calls the actions are not Gaussian")
    expect_not_copied(student, rng)


@subpart("7b")
def test_plans_of_any_size(student: Student, fresh_rng: np.random.Generator) -> None:
    """One episode, one candidate, one step; as many of each; without spread the plans are the clipped mean."""
    for shape, count in (((1, 1, 1), 1), ((3, 3, 3), 3), ((5, 1, 2), 4), ((1, 9, 1), 1), ((40, 12, 4), 64)):
        mean = fresh_rng.normal(size=shape)
        wanted = np.repeat(np.clip(mean, -1, 1)[:, None], count, axis=1)
        plans = _plans(student, mean, np.zeros(shape), count, Rng(fresh_seed(fresh_rng)))
        expect_close(
            plans, wanted, "without spread, a plan is not the clipped mean of its episode", atol=1e-5
        )
    arguments = {"mean": mean, "std": np.ones(shape), "count": 2, "rng": Rng(0)}
    expect_unchanged(student.planning.sample_plans, **arguments)


@subpart("7b")
def test_plans_where_some_actions_have_no_spread(student: Student, fresh_rng: np.random.Generator) -> None:
    """Each action's own standard deviation: some are 0, others not, in any place."""
    mean = fresh_rng.uniform(-0.3, 0.3, size=(3, 3, 3))
    still = fresh_rng.random((3, 3, 3)) < 0.5
    still[0, 0, 0], still[-1, -1, -1] = True, False
    plans = _plans(student, mean, np.where(still, 0.0, 0.1), 30, Rng(fresh_seed(fresh_rng)))
    spread = np.ptp(plans, axis=1)
    expect(
        spread[still] < 1e-6, "an action with a standard deviation of 0 differs from candidate to candidate"
    )
    expect(spread[~still] > 0.05, "an action with a standard deviation above 0 is the same in all candidates")


# --- 7c ---


def _refit(student: Student, *arguments: Any) -> tuple[np.ndarray, np.ndarray]:
    plans = arguments[0]
    with on_wrong_shape(WRONG_SHAPE):
        answer = student.planning.refit(*arguments)
    expect(isinstance(answer, tuple | list) and len(answer) == 2, "`refit` must return mean and std")
    shape = (len(plans), *plans.shape[2:])
    mean, std = (expect_array(x, shape, name="refit") for x in answer)
    return mean, std


@subpart("7c")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_refit_against_reference(student: Student, fresh_rng: np.random.Generator, dtype: str) -> None:
    """Fresh plans and returns of any size, one elite or all of them, any floor."""
    sizes = ((1, 1, 1, 1), (2, 5, 3, 2), (4, 4, 4, 4), (3, 9, 1, 3), (40, 64, 8, 4), (2, 300, 2, 1))
    for episodes, count, horizon, actions in sizes:
        for num_elites in sorted({1, min(2, count), max(1, count // 3), count}):
            plans = fresh_rng.uniform(-1, 1, size=(episodes, count, horizon, actions)).astype(dtype)
            returns = (fresh_rng.normal(size=(episodes, count)) * 10.0 ** fresh_rng.integers(-2, 4)).astype(
                dtype
            )
            floor = float(fresh_rng.choice([1e-3, 0.05, 0.4, 2.0]))
            mean, std = _refit(student, plans, returns, num_elites, floor)
            wanted_mean, wanted_std = reference.refit(plans, returns, num_elites, floor)
            expect_close(mean, wanted_mean, "the mean of the elites is wrong", atol=1e-5)
            expect_close(std, wanted_std, "the standard deviation of the elites is wrong", atol=1e-5)


@subpart("7c")
def test_refit_where_all_returns_are_alike(student: Student, fresh_rng: np.random.Generator) -> None:
    """Returns of one sign, far from 0, or infinitely bad: the best are still the highest."""
    plans = fresh_rng.uniform(-1, 1, size=(3, 12, 2, 2))
    base = fresh_rng.permuted(np.tile(np.arange(12.0), (3, 1)), axis=1)
    for returns in (base, base - 50.0, 1e6 + base, np.where(base < 3, -np.inf, base)):
        mean, std = _refit(student, plans, returns, 4, 0.01)
        wanted_mean, wanted_std = reference.refit(plans, returns, 4, 0.01)
        expect_close(
            mean, wanted_mean, "with returns of one sign, or far from 0, the mean of the elites is wrong"
        )
        expect_close(
            std, wanted_std, "with returns of one sign, or far from 0, the std of the elites is wrong"
        )


@subpart("7c")
def test_refit_keeps_nothing(student: Student, fresh_rng: np.random.Generator) -> None:
    """A second call of one size starts afresh; plans that agree get the floor; the arguments stay."""
    before = None
    for _ in range(3):
        plans, returns = fresh_rng.uniform(-1, 1, size=(3, 6, 2, 2)), fresh_rng.normal(size=(3, 6))
        mean, std = _refit(student, plans, returns, 2, 0.05)
        expect_no_repeat(before, mean)
        before = mean
        expect_close(mean, reference.refit(plans, returns, 2, 0.05)[0], "in a later call the mean is wrong")
    same = np.repeat(plans[:, :1], 6, axis=1)
    mean, std = _refit(student, same, returns, 3, 0.05)
    expect_close(std, np.full_like(std, 0.05), "if all elites are the same plan, the std must be min_std")
    expect_close(mean, same[:, 0], "if all elites are the same plan, the mean must be that plan")
    expect_unchanged(student.planning.refit, plans=plans, returns=returns, num_elites=2, min_std=0.05)


# --- 7d ---


@subpart("7d")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_shift_against_reference(student: Student, fresh_rng: np.random.Generator, dtype: str) -> None:
    """Fresh plans of any size, shifted by any number of steps."""
    for shape in ((1, 1, 1), (3, 3, 3), (2, 8, 4), (5, 2, 1), (40, 25, 4), (1, 6, 2)):
        before = None
        for steps in (0, 1, 2, shape[1] - 1, shape[1], shape[1] + 3, 1):
            plan = fresh_rng.uniform(-1, 1, size=shape).astype(dtype)
            sentence = "a plan is shifted wrongly, or there is an error, for some number of steps"
            with on_wrong_shape(WRONG_SHAPE), on_error(sentence):
                left = student.planning.shift(plan, steps)
            if steps < shape[1]:
                expect_no_repeat(before, left)
                before = left
            expect_close(left, reference.shift(plan, steps), sentence, name="shift")


@subpart("7d")
def test_shift_twice_is_shift_once_by_both(student: Student, fresh_rng: np.random.Generator) -> None:
    """What is left after 2 and then 3 steps is what is left after 5; views of larger arrays are shifted alike."""
    plan = fresh_rng.uniform(-1, 1, size=(3, 9, 2))
    with on_wrong_shape(WRONG_SHAPE):
        once = expect_array(student.planning.shift(plan, 2), plan.shape, name="shift")
        twice = expect_array(student.planning.shift(once, 3), plan.shape, name="shift")
    expect_close(twice, reference.shift(plan, 5), "a plan that was shifted before is shifted wrongly")
    with on_error(VIEWS):
        cut = student.given.call_strided(student.planning.shift, plan, 4)
    expect_close(cut, reference.shift(plan, 4), VIEWS)
    expect_unchanged(student.planning.shift, plan=plan, steps=2)


# --- 7e ---


def _step(student: Student, targets: np.ndarray, weight: float, raw: np.ndarray, lr: float) -> Any:
    with on_wrong_shape(WRONG_SHAPE):
        return student.planning.gradient_step(student.given.NearTargets(targets, weight), Tensor(raw), lr)


def _reference_step(targets: np.ndarray, weight: float, raw: np.ndarray, lr: float) -> np.ndarray:
    tensor = torch.as_tensor(raw, dtype=torch.float32)
    return reference.gradient_step(NearTargets(targets, weight), tensor, lr).numpy()


@subpart("7e")
def test_steps_against_reference(student: Student, fresh_rng: np.random.Generator) -> None:
    """Fresh returns and plans of any size, near zero and far out, with large and small rates."""
    for shape in ((1, 1, 1), (2, 3, 4), (3, 3, 3), (40, 8, 4), (1, 50, 2), (5, 1, 1)):
        before = None
        for spread, lr, weight in ((0.1, 0.3, 1.0), (3.0, 10.0, 1.0), (1.0, 0.01, -2.0), (0.5, 0.3, 1.0)):
            targets, raw = fresh_rng.normal(size=shape), spread * fresh_rng.normal(size=shape)
            better = _step(student, targets, weight, raw, lr)
            expect_no_repeat(before, better)
            before = better
            wanted = _reference_step(targets, weight, raw, lr)
            expect_close(
                better,
                wanted,
                "a gradient step leads elsewhere than lr · gradient does",
                atol=1e-4,
                rtol=1e-4,
            )


@subpart("7e")
def test_steps_one_after_the_other(student: Student, fresh_rng: np.random.Generator) -> None:
    """Many steps in a row, each from where the last one led: no gradient piles up, no speed is kept."""
    targets, raw = fresh_rng.uniform(-0.8, 0.8, size=(3, 4, 2)), 0.3 * fresh_rng.normal(size=(3, 4, 2))
    wanted = raw
    for _ in range(25):
        raw = expect_array(_step(student, targets, 1.0, raw, 0.2), raw.shape, name="gradient_step")
        wanted = _reference_step(targets, 1.0, wanted, 0.2)
    expect_close(raw, wanted, "after some steps in a row the plan is not where it should be", atol=1e-3)


@subpart("7e")
def test_steps_of_the_same_tensor(student: Student, fresh_rng: np.random.Generator) -> None:
    """The same arguments give the same step; views of larger tensors too; nothing stays behind."""
    targets, raw = fresh_rng.normal(size=(2, 3, 2)), fresh_rng.normal(size=(2, 3, 2))
    returns_of = student.given.NearTargets(targets)
    wanted = _reference_step(targets, 1.0, raw, 0.5)
    with on_wrong_shape(WRONG_SHAPE):
        step = student.planning.gradient_step(returns_of, Tensor(raw), 0.5)
    expect_close(step, wanted, "a gradient step leads elsewhere than lr · gradient does", atol=1e-4)
    with on_error(VIEWS):
        cut = student.given.call_strided(student.planning.gradient_step, returns_of, Tensor(raw), 0.5)
    expect_close(cut, wanted, VIEWS, atol=1e-4)
    expect(
        not student.given.has_graph(student.planning.gradient_step, returns_of, Tensor(raw), 0.5),
        "the new raw still hangs on a graph, which would grow from step to step",
    )
    expect_unchanged(student.planning.gradient_step, returns_of=returns_of, raw=Tensor(raw), lr=0.5)


# --- 7f ---


def _replanned(
    student: Student, horizon: int, first: np.ndarray, steps: int, every: int, wind: float
) -> None:
    planner, env = student.given.TellingPlanner(horizon), student.given.CountingEnv(first, wind)
    with on_wrong_shape(WRONG_SHAPE):
        observed = student.planning.replan(planner, env, first, steps, every)
    wanted = reference.replan(TellingPlanner(horizon), CountingEnv(first, wind), first, steps, every)
    sentence = (
        "what was observed is not what planning from the latest observation and acting in turn leads to"
    )
    expect_close(observed, wanted, sentence, name="replan", rtol=1e-7)
    expect(student.read(planner, "calls") == -(-steps // min(every, horizon)), "the number of plans is wrong")
    expect(student.read(env, "calls") == steps, "the world is stepped more or less often than `steps` says")


@subpart("7f")
def test_replanning_against_reference(student: Student, fresh_rng: np.random.Generator) -> None:
    """Any number of episodes, steps, actions in a plan and steps between plans, in any wind."""
    for _ in range(12):
        episodes, horizon, steps = (int(fresh_rng.integers(1, high)) for high in (6, 12, 40))
        every = int(fresh_rng.integers(1, horizon + 4))
        first = np.round(fresh_rng.uniform(-5, 5, size=(episodes, 2)), 2)
        _replanned(student, horizon, first, steps, every, float(fresh_rng.normal()))


@subpart("7f")
def test_replanning_where_sizes_agree(student: Student, fresh_rng: np.random.Generator) -> None:
    """As many episodes as actions in a plan as steps; one of each; an episode of 50 steps and one of 51."""
    for n in (1, 2, 3):
        _replanned(student, n, np.round(fresh_rng.normal(size=(n, 2)), 2), n, n, 0.1)
        _replanned(student, n, np.round(fresh_rng.normal(size=(n, 2)), 2), n, 1, 0.1)
    for steps, every, horizon in ((50, 10, 10), (51, 10, 10), (50, 50, 50), (50, 1, 8), (7, 100, 3)):
        _replanned(student, horizon, np.round(fresh_rng.normal(size=(2, 2)), 2), steps, every, -0.1)


@subpart("7f")
def test_replanning_twice(student: Student, fresh_rng: np.random.Generator) -> None:
    """A second episode starts with a first plan (done = 0) again, and the first observation stays as it is."""
    first = np.round(fresh_rng.normal(size=(2, 2)), 2)
    for start in (first, first + 1.0):
        _replanned(student, 3, start, 5, 2, 0.3)
    planner, env = student.given.TellingPlanner(3), student.given.CountingEnv(first)
    arguments = {"plan_from": planner, "env_step": env, "obs": first, "steps": 4, "every": 3}
    expect_unchanged(student.planning.replan, **arguments)
