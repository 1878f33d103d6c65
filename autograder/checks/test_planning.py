"""Part 7, planning: what each function promises, on cases small enough to follow by hand.

Models, rewards and the world are stand-ins that need no other part: `LinearStep` gives s' = s A + a B, `GoalReward`
minus the squared distance of s' to the goal of the row's episode.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograder.checks.checking import (
    Rng,
    Student,
    Tensor,
    expect,
    expect_array,
    expect_close,
    expect_unchanged,
    subpart,
)
from autograder.checks.independence import expect_independent_rows
from autograder.checks.mistakes import expect_no_repeat, on_error, on_wrong_shape, recognise
from autograder.checks.statistics import is_gaussian, normal_to_uniform
from autograder.checks.streams import expect_stream

ONE_RETURN_A_PLAN = "there is one return for each plan: shape (N, P)"
PLANS_OF_ALL = "there are `count` plans for each episode: shape (N, P, H, A)"
ONE_MEAN_A_STEP = "mean and std have a number for each action of a plan: shape (N, H, A)"
AS_LONG = "as many actions come out as went in: shape (N, H, A)"
ONE_OBSERVATION_A_STEP = "there is one observation for each step, and the first: shape (steps + 1, N, O)"


def _told_apart(mistakes: Mapping[str, Any], wanted: np.ndarray) -> dict[str, Any]:
    """Of these wrong answers, those that are neither right here nor the same as another one: they name one mistake."""
    all_of_them = [wanted, *mistakes.values()]
    return {
        sentence: wrong
        for sentence, wrong in mistakes.items()
        if sum(np.shape(wrong) == np.shape(x) and np.allclose(wrong, x, rtol=1e-5) for x in all_of_them) == 1
    }


# --- 7a ---


def _imagined(obs: np.ndarray, plans: np.ndarray) -> np.ndarray:
    """The H + 1 states (H+1, N, P, 1) of plans (N, P, H, 1) if the action is added to the state."""
    start = np.broadcast_to(obs[:, None], (*plans.shape[:2], 1))
    return np.concatenate([start[None], start + np.moveaxis(plans, 2, 0).cumsum(axis=0)])


def _returns(student: Student, obs: np.ndarray, goals: np.ndarray, plans: np.ndarray) -> Any:
    """The submission's returns for s' = s + a and the reward -(s' - g)²."""
    step, reward = student.given.LinearStep(np.eye(1), np.eye(1)), student.given.GoalReward(goals)
    with on_wrong_shape(ONE_RETURN_A_PLAN):
        return student.planning.plan_returns(step, reward, Tensor(obs), Tensor(plans))


def _expect_returns(student: Student, obs: np.ndarray, goals: np.ndarray, plans: np.ndarray) -> None:
    returns = _returns(student, obs, goals, plans)
    states = _imagined(obs, plans)
    rewards = -((states - goals[:, None])[..., 0] ** 2)  # (H+1, N, P)
    moved = obs[:, None] + np.moveaxis(plans, 2, 0)  # every action taken at the start state
    wanted = rewards[1:].sum(axis=0)
    mistakes = {
        "the reward is of the state that a step leads to, and this counts the state before it": rewards[:-1],
        "the first state counts as well: the rewards are of the H states that the plan leads to": rewards,
        "the last action of the plan is missing": rewards[1:-1],
        "only the last state counts: a return is the sum over all H states": rewards[-1:],
        "only the first step counts: a return is the sum over all H states": rewards[1:2],
        "every action was taken in the first state: a step starts where the one before it ended": -(
            (moved - goals[:, None])[..., 0] ** 2
        ),
        "this is the average over the steps: a return is the sum": rewards[1:] / (len(rewards) - 1),
        "the sign of the returns is wrong": -rewards[1:],
        "the rewards are discounted: the plan's H rewards count alike": rewards[1:]
        * 0.99 ** np.arange(len(rewards) - 1)[:, None, None],
    }  # fmt: skip
    summed = {sentence: np.sum(wrong, axis=0) for sentence, wrong in mistakes.items()}
    summed["this is the best reward on the way: a return is the sum"] = rewards[1:].max(axis=0)
    if wanted.shape[0] == wanted.shape[1]:
        summed["rows and columns are mixed up: one row for each episode, one column for each plan"] = wanted.T
    otherwise = "a return is the sum of the rewards of the H states that a plan leads to"
    sentence = recognise(returns, otherwise, _told_apart(summed, wanted))
    expect_close(returns, wanted, sentence, name="plan_returns", atol=1e-5)


@subpart("7a", hint="three lines in the loop: step the states, and add the rewards of the new ones")
def test_returns_of_two_plans(student: Student) -> None:
    """From 0 towards 2: the plan (1, 1, 1) comes by 1, 2, 3, so its return is -1 - 0 - 1; (0, 1, 0) gets -4 - 1 - 1."""
    plans = np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 0.0]]).reshape(1, 2, 3, 1)
    _expect_returns(student, np.zeros((1, 1)), np.full((1, 1), 2.0), plans)


@subpart("7a")
def test_returns_of_several_episodes(student: Student) -> None:
    """Each plan starts at the state of its own episode and is judged by the goal of its own episode."""
    rng = np.random.default_rng(0)
    for episodes, candidates, horizon in ((2, 3, 3), (3, 3, 2), (3, 2, 1), (1, 4, 3), (4, 1, 3)):
        obs, goals = (10.0 * np.arange(episodes)[:, None] + x for x in (1.0, 2.5))
        plans = rng.uniform(-1, 1, size=(episodes, candidates, horizon, 1))
        returns = _returns(student, obs, goals, plans)
        states = _imagined(obs, plans)[1:, ..., 0]
        first = {
            "every plan is judged by the first episode's goal: pass the row's own episode to `reward`": goals[
                0, 0
            ],
            "the goals of the episodes are mixed up: `rows` must say whose plan stands in each row": goals[
                ::-1
            ],
        }
        wrong = {name: -((states - np.reshape(g, (-1, 1))) ** 2).sum(axis=0) for name, g in first.items()}
        from_first = _imagined(np.broadcast_to(obs[:1], obs.shape), plans)[1:, ..., 0]
        name = "every plan starts in the first episode's state: it starts in its own episode's"
        wrong[name] = -((from_first - goals) ** 2).sum(axis=0)
        wanted = -((states - goals) ** 2).sum(axis=0)
        otherwise = "a plan starts at the state of its own episode, and its own episode's goal counts"
        sentence = recognise(returns, otherwise, _told_apart(wrong, wanted))
        expect_close(returns, wanted, sentence, name="plan_returns", atol=1e-4)


@subpart("7a")
def test_all_plans_are_stepped_side_by_side(student: Student) -> None:
    """The model is called once for each of the H steps, with all N·P rows."""
    step = student.given.LinearStep(np.eye(1), np.eye(1))
    reward = student.given.GoalReward(np.ones((2, 1)))
    with on_wrong_shape(ONE_RETURN_A_PLAN):
        student.planning.plan_returns(step, reward, Tensor(np.zeros((2, 1))), Tensor(np.zeros((2, 3, 4, 1))))
    calls, rows = (student.read(step, name) for name in ("calls", "rows"))
    expect(
        calls <= 4, "the model is called more often than once for each step: step all N·P plans side by side"
    )
    expect(calls == 4, "the model is called less often than once for each of the H steps")
    expect(rows == 24, "the model steps more or fewer rows than one for each plan")


@subpart("7a")
def test_returns_have_gradients(student: Student) -> None:
    """From 0 towards 2 by (0.5, 0.5): the gradient by the first action is 2 · 1.5 + 2 · 1, by the second 2 · 1."""
    step, reward = student.given.LinearStep(np.eye(1), np.eye(1)), student.given.GoalReward([[2.0]])
    args = [step, reward, Tensor(np.zeros((1, 1))), Tensor(np.full((1, 1, 2, 1), 0.5))]
    with on_wrong_shape(ONE_RETURN_A_PLAN):
        _, (gradient,) = student.value_and_grad("planning", "plan_returns", args, wrt=(3,))
    expect(
        gradient is not None,
        "no gradient flows from the returns to the plans: stay with torch, and detach nothing",
    )
    sentence = recognise(
        np.ravel(gradient),
        "the gradient of the returns by the actions is wrong",
        {"no gradient flows from a state to the one before it: detach no state": [3.0, 2.0]},
    )
    expect_close(np.ravel(gradient), [5.0, 2.0], sentence)


@subpart("7a")
def test_one_model_serves_two_rewards(student: Student) -> None:
    """Another reward on the same model and plans gives other returns: nothing is kept from the first call."""
    plans = np.array([[1.0, 0.5, 0.25], [-1.0, -0.5, 0.5]]).reshape(1, 2, 3, 1)
    for goal in (1.4, -3.0):
        _expect_returns(student, np.zeros((1, 1)), np.full((1, 1), goal), plans)
    _expect_returns(student, np.ones((1, 1)), np.full((1, 1), -3.0), plans[:, ::-1])


# --- 7b ---


def _sampled(student: Student, mean: np.ndarray, std: np.ndarray, count: int, rng: Any) -> np.ndarray:
    with on_wrong_shape(PLANS_OF_ALL):
        plans = student.planning.sample_plans(mean, std, count, rng)
    return expect_array(plans, (len(mean), count, *mean.shape[1:]), name="sample_plans", kind="float")


def _means(episodes: int, horizon: int, actions: int) -> np.ndarray:
    """Different means (N, H, A) within ±0.3."""
    count = episodes * horizon * actions
    return np.linspace(-0.3, 0.3, count).reshape(episodes, horizon, actions)


@subpart("7b")
def test_plans_without_spread_are_the_mean(student: Student) -> None:
    """With a standard deviation of 0 each candidate is the mean, cut off at -1 and 1."""
    for mean in (_means(2, 3, 2), _means(3, 2, 1), _means(3, 3, 3), np.array([[[1.5], [-7.0]]])):
        plans = _sampled(student, mean, np.zeros_like(mean), 3, Rng(0))
        wanted = np.repeat(np.clip(mean, -1, 1)[:, None], 3, axis=1)
        mistakes: dict[str, Any] = {
            "the plans are not clipped: actions lie in [-1, 1]": np.repeat(mean[:, None], 3, axis=1),
            "tanh was applied: the plans are clipped, so an action in [-1, 1] stays as it is": np.tanh(
                np.repeat(mean[:, None], 3, axis=1)
            ),
        }
        if len(mean) == 3:
            name = "episodes and candidates are mixed up: the plans of an episode are around its own mean"
            mistakes[name] = wanted.swapaxes(0, 1)
        sentence = recognise(
            plans, "with a standard deviation of 0 each candidate plan is its episode's mean", mistakes
        )
        expect_close(plans, wanted, sentence, name="sample_plans")


@subpart("7b")
def test_plans_are_gaussian(student: Student) -> None:
    """Around the mean, with the standard deviation of each action, and never outside [-1, 1]."""
    mean = _means(2, 3, 2)
    std = np.linspace(0.02, 0.12, 12).reshape(2, 3, 2)  # 5.8 standard deviations and more from a bound
    plans = _sampled(student, mean, std, 5000, Rng(0))
    noise = plans - mean[:, None]
    expect(np.ptp(noise) > 0, "nothing was added to the mean: each candidate is a random plan around it")
    if not is_gaussian(noise / std[:, None]):
        average = np.full_like(std, std.mean())
        mistakes = {
            "`std` is a standard deviation: multiply the noise by it, not by its square": std**2,
            "`std` is a standard deviation: multiply the noise by it, not by its root": np.sqrt(std),
            "the noise was not multiplied by `std`": np.ones_like(std),
            "all actions get the noise of the average standard deviation: each has its own": average,
        }  # fmt: skip
        free = np.abs(plans) < 1  # noise that is too large is clipped
        for sentence, scale in mistakes.items():
            expect(not (is_gaussian(noise / scale[:, None]) if free.all() else False), sentence)
        z = np.sort(noise / std[:, None], axis=None)
        each_new = len(np.unique(z)) > z.size / 2
        expect(
            z[-1] > 2.5 or not each_new,
            "the noise is uniform, or cut off: it is Gaussian, with some draws far out",
        )
        expect(False, "the noise is not Gaussian with standard deviation `std`")
    wide = _sampled(student, np.full((1, 2, 2), 0.9), np.ones((1, 2, 2)), 500, Rng(1))
    expect(np.abs(wide) <= 1, "an action lies outside [-1, 1]: clip after adding the noise")
    share = (wide == 1).mean()
    expect(
        0.3 < share < 0.6,
        "around 0.9 with a standard deviation of 1, some half of the actions are clipped to 1",
    )


@subpart("7b")
def test_plans_are_independent(student: Student) -> None:
    """Each candidate, episode, step and action entry has draws of its own."""
    mean = np.zeros((3, 4, 2))
    plans = _sampled(student, mean, np.full_like(mean, 0.1), 700, Rng(3))
    shared = {
        "all candidates of an episode are the same: each has draws of its own": 1,
        "the episodes share their draws: draw for each of them": 0,
        "the steps of a plan share a draw: draw for each of them": 2,
        "the entries of an action share a draw: draw for each of them": 3,
    }
    for sentence, axis in shared.items():
        expect((np.ptp(plans, axis=axis) == 0).mean() < 0.5, sentence)
    uniform = normal_to_uniform(plans / 0.1)
    expect_independent_rows(
        uniform, "the draws are not independent of each other: one for each entry of the plans"
    )


@subpart("7b")
def test_plans_use_the_rng_and_nothing_else(student: Student) -> None:
    """The draws come from the `rng` that is passed in, new at each call, and the arguments stay as they are."""
    mean, std = _means(2, 3, 2), np.full((2, 3, 2), 0.1)
    draw = lambda rng: {"plans": _sampled(student, mean, std, 4, rng).ravel()}  # noqa: E731
    expect_stream(student, draw, {"plans": ""})
    expect_unchanged(student.planning.sample_plans, mean=mean, std=std, count=4, rng=Rng(0))


# --- 7c ---


def _refitted(student: Student, *arguments: Any) -> tuple[np.ndarray, np.ndarray]:
    with on_wrong_shape(ONE_MEAN_A_STEP):
        answer = student.planning.refit(*arguments)
    expect(isinstance(answer, tuple | list) and len(answer) == 2, "`refit` must return mean and std")
    shape = (len(arguments[0]), *arguments[0].shape[2:])
    if arguments[2] == 1 and isinstance(answer[1], np.ndarray):
        sentence = "the standard deviation of one elite is 0, and not NaN: divide by num_elites"
        expect(not np.isnan(answer[1]).any(), sentence)
    mean, std = (expect_array(x, shape, name="refit") for x in answer)
    return mean, std


def _candidates(episodes: int, count: int, horizon: int = 2, actions: int = 1, seed: int = 0) -> tuple:
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, size=(episodes, count, horizon, actions)), rng.permuted(
        np.tile(-1.5 * np.arange(count), (episodes, 1)), axis=1
    )


def _elites(plans: np.ndarray, returns: np.ndarray, chosen: slice) -> np.ndarray:
    """The chosen plans (N, K, H, A), best first."""
    order = np.argsort(-returns, axis=1)[:, chosen]
    return np.take_along_axis(plans, order[:, :, None, None], axis=1)


def _expect_refit(
    student: Student, plans: np.ndarray, returns: np.ndarray, num_elites: int, floor: float
) -> None:
    mean, std = _refitted(student, plans, returns, num_elites, floor)
    elites = _elites(plans, returns, slice(num_elites))
    flat = plans.reshape(1, -1, *plans.shape[2:])
    weights = np.exp(returns - returns.max(axis=1, keepdims=True))
    pooled = _elites(flat, returns.reshape(1, -1), slice(num_elites)).mean(axis=1)
    wanted = elites.mean(axis=1)
    alternatives = {
        "these are the plans with the lowest returns: the highest are the best": _elites(
            plans, returns, slice(-num_elites, None)
        ).mean(axis=1),
        "this is the mean of all candidates: only the elites count": plans.mean(axis=1),
        "this is the best plan alone: the mean is over all num_elites elites": _elites(
            plans, returns, slice(1)
        ).mean(axis=1),
        "one elite is missing: there are num_elites of them": _elites(
            plans, returns, slice(max(1, num_elites - 1))
        ).mean(axis=1),
        "there is one elite too many: there are num_elites of them": _elites(
            plans, returns, slice(num_elites + 1)
        ).mean(axis=1),
        "the elites were chosen among the plans of all episodes: each episode has its own": np.broadcast_to(
            pooled, wanted.shape
        ),
        "every episode got the elites of the first: each has returns of its own": np.take_along_axis(
            plans, np.argsort(-returns[:1], axis=1)[:, :num_elites, None, None].repeat(len(plans), axis=0), axis=1
        ).mean(axis=1),
        "these are the first plans, and not the best: sort by the returns": plans[:, :num_elites].mean(axis=1),
        "this is the median of the elites, and not their mean": np.median(elites, axis=1),
        "the plans were weighted by their returns: all elites count alike": (
            (weights[:, :, None, None] * plans).sum(axis=1) / weights.sum(axis=1)[:, None, None]
        ),
    }  # fmt: skip
    otherwise = "the mean is not that of the num_elites plans with the highest returns"
    sentence = recognise(mean, otherwise, _told_apart(alternatives, wanted))
    expect_close(mean, wanted, sentence, name="refit (mean)")
    spread = elites.std(axis=1)
    of_one_less = elites.std(axis=1, ddof=1) if num_elites > 1 else spread + np.inf
    of_all = plans.std(axis=1)
    spreads = {
        "the floor is missing: no standard deviation is below min_std": spread,
        "min_std was added: it is the smallest value that a standard deviation may have": spread + floor,
        "the standard deviation is that of all candidates, and not of the elites": np.maximum(of_all, floor),
        "this divides by num_elites - 1: the standard deviation divides by num_elites, as np.std does": np.maximum(
            of_one_less, floor
        ),
        "this is the variance: take its root": np.maximum(elites.var(axis=1), floor),
        "all standard deviations are min_std: it is only a floor": np.full_like(spread, floor),
        "min_std is the smallest standard deviation, and here it is the largest": np.minimum(spread, floor),
        "one standard deviation for the whole plan: each action has its own": np.broadcast_to(
            np.maximum(elites.std(axis=(1, 2, 3), keepdims=True)[:, 0], floor), spread.shape
        ),
    }  # fmt: skip
    wanted_std = np.maximum(spread, floor)
    sentence = recognise(
        std, "the std is not that of the elites, at least min_std", _told_apart(spreads, wanted_std)
    )
    expect_close(std, wanted_std, sentence, name="refit (std)")


@subpart("7c", hint="the three best of five plans: look at which ones you took")
def test_refit_to_three_of_five(student: Student) -> None:
    """Plans -0.8, 0.2, 0.9, 0.1, 0.6 with returns -5, -1, -7, -3, -2: the elites 0.2, 0.6, 0.1 have the mean 0.3."""
    plans = np.array([-0.8, 0.2, 0.9, 0.1, 0.6]).reshape(1, 5, 1, 1)
    _expect_refit(student, plans, np.array([[-5.0, -1.0, -7.0, -3.0, -2.0]]), 3, 0.05)


@subpart("7c")
def test_each_episode_has_its_own_elites(student: Student) -> None:
    """The elites of an episode are its own best plans, also if there are as many episodes as elites."""
    for episodes, count, num_elites, seed in ((2, 5, 2, 0), (4, 5, 3, 1), (3, 6, 3, 2), (1, 4, 2, 3)):
        plans, returns = _candidates(episodes, count, 2, 2, seed)
        returns = (
            returns + 100.0 * np.arange(episodes)[:, None]
        )  # the last episode's are all better than the first's
        _expect_refit(student, plans, returns, num_elites, 1e-3)


@subpart("7c")
def test_std_has_a_floor(student: Student) -> None:
    """No standard deviation is below min_std: that of one elite is 0, so it becomes min_std, and never NaN."""
    plans, returns = _candidates(2, 5)
    _expect_refit(student, plans, returns, 1, 0.1)
    _expect_refit(student, plans, returns, 5, 1e-3)
    plans[:, :, 0] = 0.3  # an action on which all plans agree
    _expect_refit(student, plans, returns, 3, 0.2)


@subpart("7c")
def test_refit_leaves_its_arguments(student: Student) -> None:
    """Plans and returns stay as they are, and a second call starts afresh."""
    plans, returns = _candidates(2, 5)
    first = _refitted(student, plans, returns, 2, 0.1)[0]
    expect_no_repeat(first, _refitted(student, *_candidates(2, 5, seed=1), 2, 0.1)[0])
    expect_unchanged(student.planning.refit, plans=plans, returns=returns, num_elites=2, min_std=0.1)


# --- 7d ---


def _expect_shift(student: Student, plan: np.ndarray, steps: int) -> None:
    with (
        on_wrong_shape(AS_LONG),
        on_error(f"shifting a plan of {plan.shape[1]} actions by {steps} raised an error"),
    ):
        left = student.planning.shift(plan, steps)
    horizon = plan.shape[1]
    wanted = np.zeros_like(plan)
    wanted[:, : max(horizon - steps, 0)] = plan[:, steps:]
    later = np.zeros_like(plan)
    later[:, steps:] = plan[:, : max(horizon - steps, 0)]
    kept = np.where(np.arange(horizon)[:, None] >= steps, plan, 0)
    filled = wanted.copy()
    filled[:, max(horizon - steps, 0) :] = plan[:, -1:]
    one = np.concatenate([plan[:, 1:], np.zeros_like(plan[:, :1])], axis=1)
    wrong = {
        "the first actions were moved to the end: they are done, and zeros follow": np.roll(
            plan, -steps, axis=1
        ),
        "the plan was moved towards its end: what is left moves to the front": later,
        "what was done is zero, but the rest did not move to the front": kept,
        "the last action fills up the end: zeros do": filled,
        "the plan was shifted by one step, whatever `steps` says": one,
        "the plan was not shifted": plan,
    }
    otherwise = "the actions from `steps` on move to the front, and zeros fill up the end"
    sentence = recognise(left, otherwise, _told_apart(wrong, wanted))
    expect_close(left, wanted, sentence, name="shift")


@subpart("7d")
def test_shift_by_one_and_two(student: Student) -> None:
    """(1, 2, 3) shifted by one is (2, 3, 0), by two (3, 0, 0), by none itself."""
    plan = np.arange(1.0, 7.0).reshape(2, 3, 1) / 10
    for steps in (1, 2, 0):
        _expect_shift(student, plan, steps)


@subpart("7d")
def test_shift_beyond_the_end(student: Student) -> None:
    """If the whole plan was acted out, all of it is zero: also if it was shorter than `steps`."""
    plan = np.arange(1.0, 13.0).reshape(2, 3, 2) / 20
    for steps in (3, 4, 9):
        _expect_shift(student, plan, steps)
    _expect_shift(student, np.full((1, 1, 2), 0.5), 1)


@subpart("7d")
def test_shift_moves_steps_and_nothing_else(student: Student) -> None:
    """With as many episodes as steps as action entries, it is the steps that move; the plan passed in stays."""
    plan = np.arange(1.0, 28.0).reshape(3, 3, 3) / 30
    for steps in (1, 2, 5):
        _expect_shift(student, plan, steps)
        expect_unchanged(student.planning.shift, plan=plan, steps=steps)


# --- 7e ---


def _stepped(student: Student, targets: np.ndarray, raw: np.ndarray, lr: float, weight: float = 1.0) -> Any:
    """The submission's step for the return -weight · Σ (plan - targets)²."""
    with on_wrong_shape(AS_LONG):
        return student.planning.gradient_step(student.given.NearTargets(targets, weight), Tensor(raw), lr)


def _expect_step(
    student: Student, targets: np.ndarray, raw: np.ndarray, lr: float, weight: float = 1.0
) -> None:
    better = _stepped(student, targets, raw, lr, weight)
    actions = np.tanh(raw)
    slope = -2 * weight * (actions - targets)  # of the returns by the actions
    gradient = slope * (1 - actions**2)
    average = lr * gradient / len(raw)
    norm = np.sqrt(np.square(gradient).sum(axis=(1, 2), keepdims=True))
    wanted = raw + lr * gradient
    wrong = {
        "the step went downhill: returns are to grow, so the gradient is added": raw - lr * gradient,
        "the gradient is by the actions: it is by `raw`, so it goes through tanh as well": raw + lr * slope,
        "tanh was left out: the plan is tanh(raw)": raw - 2 * lr * weight * (raw - targets),
        "the gradient is of the mean over episodes: it is of their sum, so each has its own": raw + average,
        "tanh was applied to the result: return the new raw, and not the plan": np.tanh(wanted),
        "`lr` does not count: the step is lr · gradient": raw + gradient,
        "this is the gradient alone: add lr times it to raw": gradient,
        "this is lr · gradient alone: add it to raw": lr * gradient,
        "the step goes by the sign of the gradient: it is lr · gradient": raw + lr * np.sign(gradient),
        "the gradient was scaled to length 1: the step is lr · gradient": raw + lr * gradient / norm,
        "raw did not change: add lr · gradient": raw,
        "every episode got the first one's gradient": raw + lr * gradient[:1],
    }  # fmt: skip
    otherwise = "the new raw is raw + lr · the gradient of the returns of tanh(raw)"
    sentence = recognise(better, otherwise, _told_apart(wrong, wanted))
    expect_close(better, wanted, sentence, name="gradient_step", atol=1e-5)


@subpart("7e", hint="at raw = 0 the slope of tanh is 1")
def test_a_step_from_zero(student: Student) -> None:
    """At raw = 0 with the return -(a - 0.5)², the gradient is 1, and a step with lr = 0.3 leads to 0.3."""
    _expect_step(student, np.full((1, 1, 1), 0.5), np.zeros((1, 1, 1)), 0.3)


@subpart("7e")
def test_a_step_goes_through_tanh(student: Student) -> None:
    """Away from 0 the slope of tanh counts, and each episode goes uphill on its own return."""
    rng = np.random.default_rng(0)
    for shape in ((2, 3, 2), (1, 2, 1), (4, 1, 3)):
        targets, raw = rng.uniform(-1, 1, size=shape), rng.normal(size=shape)
        for lr, weight in ((0.5, 1.0), (0.5, -3.0), (2.0, 1.0)):
            _expect_step(student, targets, raw, lr, weight)


@subpart("7e")
def test_steps_climb(student: Student) -> None:
    """Step after step the plan comes closer to what is best, and actions stay within [-1, 1]."""
    targets, raw = np.array([[[0.7], [-0.4]], [[5.0], [0.1]]]), np.zeros((2, 2, 1))
    for _ in range(60):
        raw = expect_array(_stepped(student, targets, raw, 0.3), raw.shape, name="gradient_step")
    expect_close(np.tanh(raw[0]), targets[0], "sixty steps on -(a - a*)² do not lead to a*", atol=0.02)
    expect(np.tanh(raw[1, 0, 0]) > 0.9, "a best action beyond 1 must pull the plan to nearly 1")


@subpart("7e")
def test_a_step_leaves_nothing_behind(student: Student) -> None:
    """The given tensor stays as it is, the new one hangs on no graph, and a second call gives the same."""
    targets, raw = np.full((2, 2, 1), 0.5), np.linspace(-0.5, 0.5, 4).reshape(2, 2, 1)
    returns_of = student.given.NearTargets(targets)
    with on_wrong_shape(AS_LONG):
        attached = student.given.has_graph(student.planning.gradient_step, returns_of, Tensor(raw), 0.5)
    expect(not attached, "the new raw still hangs on the graph of its gradient: detach it")
    expect(student.read(returns_of, "calls") == 1, "`returns_of` is called once in a step")
    expect_unchanged(student.planning.gradient_step, returns_of=returns_of, raw=Tensor(raw), lr=0.5)
    first, again = (np.asarray(_stepped(student, targets, raw, 0.5)) for _ in range(2))
    expect_close(again, first, "a second call with the same arguments gives another result: keep nothing")


# --- 7f ---

FIRST = np.array([[0.0, 0.0], [3.0, 0.0]])


def _acted(
    horizon: int, steps: int, every: int, first: np.ndarray, wind: float, mistake: str = ""
) -> np.ndarray:
    """All observations (steps + 1, N, 2) of `TellingPlanner` in `CountingEnv`, or those of a typical mistake."""
    observed, done, plan_obs = [np.array(first, float)], 0, np.array(first, float)
    while len(observed) <= steps:
        plan_obs = observed[
            0 if mistake == "first" else max(len(observed) - 2, 0) if mistake == "late" else -1
        ]
        told = {"zero": 0, "every": every if len(observed) > 1 else 0}.get(mistake, done)
        length = 1 if mistake == "one" else horizon if mistake == "whole" else min(every, horizon)
        done = min(length, steps + 1 - len(observed))
        for h in range(done):
            step = 0 if mistake == "again" else h
            action = 0.1 * plan_obs[:, 1] + 0.01 * step + 0.001 * told
            after = observed[-1] + wind + np.column_stack([action, np.ones(len(first))])
            observed.append(after)
    return np.stack(observed)


MISTAKES = {
    "first": "every plan starts from the first observation: it starts from the latest one",
    "late": "a plan starts from the observation before the latest one",
    "one": "a new plan came after every step: `every` actions of a plan are acted out",
    "whole": "every plan was acted out to its end: a new one comes after `every` actions",
    "again": "the first action of the plan was repeated: step h takes the plan's action h",
    "zero": "`done` must say how many actions of the plan before were acted out; here it is always 0",
    "every": "`done` must be how many actions were really acted out: a plan may be shorter than `every`",
}


def _expect_replan(
    student: Student, horizon: int, steps: int, every: int, first: Any = FIRST, wind: float = 0.0
) -> None:
    planner, env = student.given.TellingPlanner(horizon), student.given.CountingEnv(first, wind)
    with on_wrong_shape(ONE_OBSERVATION_A_STEP):
        observed = student.planning.replan(planner, env, first, steps, every)
    wanted = _acted(horizon, steps, every, first, wind)
    wrong = {s: _acted(horizon, steps, every, first, wind, name) for name, s in MISTAKES.items()}
    otherwise = "the observations are not those of planning and acting in turn"
    sentence = recognise(observed, otherwise, _told_apart(wrong, wanted))
    expect_close(observed, wanted, sentence, name="replan", rtol=1e-7)
    plans, moves = student.read(planner, "calls"), student.read(env, "calls")
    expect(moves == steps, "the world was not stepped once for each of the `steps` steps")
    expect(plans == -(-steps // min(every, horizon)), "there are more plans than are acted out")


@subpart("7f", hint="plan, `every` steps, plan, `every` steps, …")
def test_planning_again_every_second_step(student: Student) -> None:
    """Six steps, a new plan after every second one: three plans, each from what was observed then."""
    _expect_replan(student, horizon=4, steps=6, every=2)


@subpart("7f")
def test_planning_again_after_any_number_of_steps(student: Student) -> None:
    """A plan shorter than `every` is acted out whole, and the last plan is broken off at the end."""
    for horizon, steps, every in (
        (4, 6, 1),
        (5, 7, 3),
        (2, 6, 5),
        (6, 6, 6),
        (8, 5, 50),
        (3, 1, 2),
        (1, 3, 1),
    ):
        _expect_replan(student, horizon, steps, every)


@subpart("7f")
def test_plans_start_from_what_is_observed(student: Student) -> None:
    """A wind that no plan knows of moves the world: what counts is what was observed, for every episode."""
    for first in (FIRST, np.array([[5.0, 2.0]]), np.arange(8.0).reshape(4, 2)):
        _expect_replan(student, horizon=4, steps=7, every=2, first=first, wind=0.5)
        _expect_replan(student, horizon=4, steps=4, every=4, first=first, wind=-0.25)


@subpart("7f")
def test_replan_leaves_its_arguments(student: Student) -> None:
    """The first observation stays as it is."""
    planner, env = student.given.TellingPlanner(3), student.given.CountingEnv(FIRST)
    arguments = {"plan_from": planner, "env_step": env, "obs": FIRST, "steps": 5, "every": 2}
    expect_unchanged(student.planning.replan, **arguments)
