"""Part 8, other models: fresh data of any size, against the reference."""

from typing import Any

import numpy as np
import pytest

from autograder.checks.checking import (
    Rng,
    Student,
    expect,
    expect_array,
    expect_close,
    expect_distribution,
    expect_unchanged,
    expect_whole,
    subpart,
)
from autograder.checks.independence import expect_independent_rows, own_rng, spread
from autograder.checks.mistakes import expect_no_repeat, on_error, on_wrong_shape
from autograder.checks.streams import expect_not_copied
from autograder.staff.hidden.trainings import seed as fresh_seed
from solutions import other_models as reference

WRONG_SHAPE = "a result has another shape than the docstring promises"
VIEWS = "the result is wrong, or there is none, where the arrays or tensors are views of larger ones"
DTYPES = pytest.mark.parametrize("dtype", ["float64", "float32"])
SIZES = (
    (1, 1, 1, 1, 1),
    (2, 3, 4, 2, 3),
    (3, 3, 3, 3, 3),
    (7, 1, 2, 1, 2),
    (1, 9, 2, 3, 1),
    (40, 50, 10, 3, 4),
)


def _pair(answer: Any, name: str) -> tuple[Any, Any]:
    expect(isinstance(answer, tuple | list) and len(answer) == 2, f"`{name}` must return two arrays")
    return answer[0], answer[1]


def _data(rng: np.random.Generator, sizes: tuple[int, ...], dtype: str = "float64") -> tuple[np.ndarray, ...]:
    """obs (N, T+1, O), places (N, T+1, G), actions (N, T, A); each state has a first number of its own."""
    episodes, steps, obs_dim, goal_dim, action_dim = sizes
    shapes = (episodes, steps + 1, obs_dim), (episodes, steps + 1, goal_dim), (episodes, steps, action_dim)
    obs, places, actions = (rng.normal(size=shape).astype(dtype) for shape in shapes)
    obs[..., 0] = rng.permutation(obs[..., 0].size).reshape(episodes, steps + 1)
    return obs, places, actions


# --- 8a ---


@subpart("8a")
@DTYPES
def test_inverse_pairs_against_reference(
    student: Student, fresh_rng: np.random.Generator, dtype: str
) -> None:
    """Any number of episodes, steps and entries; a second call of one size starts afresh."""
    for sizes in SIZES:
        before = None
        for _ in range(2):
            data = _data(fresh_rng, sizes, dtype)
            with on_wrong_shape(WRONG_SHAPE):
                answer = _pair(student.other_models.inverse_pairs(*data), "inverse_pairs")
            expect_no_repeat(before, answer[0])
            before = answer[0]
            wanted = reference.inverse_pairs(*data)
            expect_close(
                answer[0], wanted[0], "some inputs of the inverse model are wrong", name="inverse_pairs"
            )
            expect_close(
                answer[1], wanted[1], "some targets of the inverse model are wrong", name="inverse_pairs"
            )


@subpart("8a")
def test_inverse_pairs_of_views(student: Student, fresh_rng: np.random.Generator) -> None:
    """Views of larger arrays, and states far from 0 that hardly change."""
    obs, places, actions = _data(fresh_rng, (3, 6, 4, 2, 2))
    with on_error(VIEWS):
        answer = student.given.call_strided(student.other_models.inverse_pairs, obs, places, actions)
    for got, wanted in zip(
        _pair(answer, "inverse_pairs"), reference.inverse_pairs(obs, places, actions), strict=True
    ):
        expect_close(got, wanted, VIEWS)
    far = 1e4 + 1e-3 * np.round(places, 2)
    inputs, _ = _pair(student.other_models.inverse_pairs(obs, far, actions), "inverse_pairs")
    inputs = expect_array(inputs, (18, 6), name="inverse_pairs")
    sentence = (
        "small moves between places that are far from 0 are lost: compute with the precision of the data"
    )
    expect_close(1e3 * inputs[:, 4:], 1e3 * np.diff(far, axis=1).reshape(-1, 2), sentence)
    expect_unchanged(student.other_models.inverse_pairs, obs=obs, places=places, actions=actions)


# --- 8b ---


@subpart("8b")
@DTYPES
def test_steps_against_reference(student: Student, fresh_rng: np.random.Generator, dtype: str) -> None:
    """Goals at any distance, some at the place itself or exactly `longest` away, of one to five coordinates."""
    for rows, goal_dim in ((1, 1), (1, 3), (3, 3), (2, 5), (400, 3), (5, 2)):
        before = None
        for longest in (0.03, 1.0, 7.0):
            place = fresh_rng.normal(size=(rows, goal_dim)).astype(dtype)
            direction = fresh_rng.normal(size=(rows, goal_dim))
            direction /= np.linalg.norm(direction, axis=1, keepdims=True)
            lengths = longest * fresh_rng.choice([0.0, 1e-6, 0.5, 1.0, 1.01, 3.0, 1e3], size=(rows, 1))
            goal = (place + lengths * direction).astype(dtype)
            with on_wrong_shape(WRONG_SHAPE):
                move = student.other_models.step_towards(place, goal, longest)
            expect_no_repeat(before if lengths.any() else None, move)
            before = move
            wanted = reference.step_towards(place, goal, longest)
            expect_close(move, wanted, "some steps towards the goal are wrong", name="step_towards")


@subpart("8b")
def test_steps_lead_to_the_goal(student: Student, fresh_rng: np.random.Generator) -> None:
    """Steps taken one after the other end at the goal and stay there."""
    place, goal = fresh_rng.normal(size=(6, 3)), fresh_rng.normal(size=(6, 3))
    for _ in range(40):
        move = student.other_models.step_towards(place, goal, 0.3)
        place = place + expect_array(move, (6, 3), name="step_towards")
    expect_close(place, goal, "forty steps, taken one after the other, do not end at the goal")
    with on_error(VIEWS):
        cut = student.given.call_strided(student.other_models.step_towards, 0.9 * place, goal - 1.0, 0.3)
    expect_close(cut, reference.step_towards(0.9 * place, goal - 1.0, 0.3), VIEWS)
    expect_unchanged(student.other_models.step_towards, place=place, goal=goal, longest=0.3)


# --- 8c ---


class _Rows:
    """Rows of n_step_pairs, traced back to where they come from by their states, and compared with the data there."""

    def __init__(
        self, student: Student, data: tuple[np.ndarray, ...], longest: int, count: int, rng: Any
    ) -> None:
        obs, places, actions = data
        steps, action_dim = actions.shape[1:]
        with on_wrong_shape(WRONG_SHAPE):
            answer = student.other_models.n_step_pairs(obs, places, actions, longest, count, rng)
        inputs, chunks = _pair(answer, "n_step_pairs")
        obs_dim, width = obs.shape[2], obs.shape[2] + places.shape[2] + 1
        inputs = expect_array(inputs, (count, width), name="n_step_pairs")
        chunks = expect_array(chunks, (count, longest, action_dim), name="n_step_pairs")
        whole = np.round(inputs[:, -1])
        expect(np.abs(whole - inputs[:, -1]) < 1e-4, "n in the last column is not a whole number")
        self.n = whole.astype(int)
        expect((self.n >= 1) & (self.n <= longest), "some n lies outside 1 … longest")
        states = obs.reshape(-1, obs_dim)
        order = np.argsort(states[:, 0], kind="stable")
        place = np.searchsorted(states[order, 0], inputs[:, 0]).clip(0, len(states) - 1)
        nearest = np.stack([order[(place - 1).clip(0)], order[place]], axis=1)
        best = np.abs(states[nearest, 0] - inputs[:, :1]).argmin(axis=1)
        row = nearest[np.arange(count), best]
        expect_close(
            inputs[:, :obs_dim], states[row], "an input does not begin with a state of the data", atol=1e-5
        )
        self.episode, self.t = row // (steps + 1), row % (steps + 1)
        expect(self.t + self.n <= steps, "t + n lies beyond the last state of an episode")
        moves = places[self.episode, self.t + self.n] - places[self.episode, self.t]
        expect_close(
            inputs[:, obs_dim:-1], moves, "the move of a row is not that from s_t to s_t+n", atol=1e-5
        )
        ahead = np.arange(longest)
        own = actions[self.episode[:, None], np.minimum(self.t[:, None] + ahead, steps - 1)]
        wanted = np.where((ahead < self.n[:, None])[..., None], own, 0.0)
        sentence = "a chunk is not the n actions from a_t on, and then zeros"
        expect_close(chunks, wanted, sentence, name="n_step_pairs")

    def placed(self, steps: int, own: np.random.Generator) -> np.ndarray:
        """t as numbers in [0, 1): uniform if t is uniform over the steps with t + n <= T. `own` is the check's own."""
        return spread(self.t, steps + 1 - self.n, own)


@subpart("8c")
@DTYPES
def test_rows_of_any_size_belong_together(
    student: Student, fresh_rng: np.random.Generator, dtype: str
) -> None:
    """Any number of episodes, steps, entries and rows; chunks of one action, and as long as an episode."""
    for sizes in SIZES:
        for longest in sorted({1, min(2, sizes[1]), sizes[1]}):
            for count in (1, 5, 300):
                data = _data(fresh_rng, sizes, dtype)
                _Rows(student, data, longest, count, Rng(fresh_seed(fresh_rng)))


@subpart("8c")
def test_rows_are_drawn_evenly(student: Student, fresh_rng: np.random.Generator) -> None:
    """n, t given n, and the episode: uniform, and independent of each other and from row to row."""
    for episodes, steps, longest in ((6, 8, 5), (3, 3, 3), (2, 30, 20)):
        data = _data(fresh_rng, (episodes, steps, 2, 1, 1))
        rows = _Rows(student, data, longest, 20_000, Rng(fresh_seed(fresh_rng)))
        expect_distribution(rows.n - 1, np.full(longest, 1 / longest), "n is not uniform over 1 … longest")
        sentence = "the episode is not uniform over all episodes"
        expect_distribution(rows.episode, np.full(episodes, 1 / episodes), sentence)
        for n in range(1, longest + 1):
            sentence = "t is not uniform over the steps with t + n <= T"
            kinds = steps + 1 - n
            expect_distribution(rows.t[rows.n == n], np.full(kinds, 1 / kinds), sentence)
        own = own_rng()
        draws = {
            "n": spread(rows.n - 1, longest, own),
            "t": rows.placed(steps, own),
            "the episode": spread(rows.episode, episodes, own),
        }
        for name, values in draws.items():
            expect_independent_rows(values, f"{name} of one row depends on that of another")
        for one, other in (("n", "t"), ("n", "the episode"), ("t", "the episode")):
            expect_independent_rows(draws[one], f"{one} depends on {other}", draws[other])


@subpart("8c")
def test_rows_of_many_calls_are_drawn_evenly(student: Student, fresh_rng: np.random.Generator) -> None:
    """Over many small calls with one generator, which must not be copied."""
    data, rng = _data(fresh_rng, (4, 6, 2, 1, 1)), student.given.rng(fresh_seed(fresh_rng))
    calls = [_Rows(student, data, 3, 16, rng) for _ in range(250)]
    n, episode = (np.concatenate([getattr(rows, name) for rows in calls]) for name in ("n", "episode"))
    sentence = "over many calls, n is not uniform over 1 … longest"
    expect_distribution(n - 1, np.full(3, 1 / 3), sentence)
    expect_independent_rows(spread(n - 1, 3, own_rng()), "n of one call depends on that of another")
    sentence = "over many calls, the episode is not uniform over all episodes"
    expect_distribution(episode, np.full(4, 0.25), sentence)
    expect_independent_rows(
        spread(episode, 4, own_rng()), "the episode of one call depends on that of another"
    )
    own = own_rng()
    t = np.concatenate([rows.placed(6, own) for rows in calls])
    expect_distribution((4 * t).astype(int), np.full(4, 0.25), "over many calls, t is not uniform")
    expect_not_copied(student, rng)
    obs, places, actions = data
    function = student.other_models.n_step_pairs
    expect_unchanged(function, obs=obs, places=places, actions=actions, longest=3, count=8, rng=Rng(0))


@subpart("8c")
def test_rows_of_large_data(student: Student, fresh_rng: np.random.Generator) -> None:
    """Many episodes, as in a training: the rows that are asked for are made, and not all that there could be."""
    data = _data(fresh_rng, (1500, 50, 4, 2, 2), "float32")
    _Rows(student, data, 10, 256, Rng(fresh_seed(fresh_rng)))
    effort = student.given.against_a_loop(
        256, student.other_models.n_step_pairs, *data, 10, 256, Rng(fresh_seed(fresh_rng))
    )
    expect(
        effort <= 60,
        "a call takes far longer than its rows need: make the `count` rows alone, not all there could be",
    )


# --- 8d ---


@subpart("8d")
def test_steps_left_of_any_step(student: Student, fresh_rng: np.random.Generator) -> None:
    """Any n, any step, in any order of the calls."""
    for _ in range(40):
        n, step = int(fresh_rng.integers(1, 60)), int(fresh_rng.integers(0, 400))
        with on_wrong_shape(WRONG_SHAPE):
            answer = student.other_models.steps_left(step, n)
        left = expect_whole(answer, "`steps_left` must return a whole number")
        expect(1 <= left <= n, "the steps left are not one of 1 … n")
        expect(left == reference.steps_left(step, n), "at some step, the steps left are wrong")


@subpart("8d")
def test_steps_left_of_an_episode(student: Student, fresh_rng: np.random.Generator) -> None:
    """Whole episodes, also of which n is as long or longer."""
    for n in (1, 2, int(fresh_rng.integers(3, 30)), 50, 77):
        left = [expect_whole(student.other_models.steps_left(step, n), "`steps_left` must return a whole number")
                for step in range(51)]  # fmt: skip
        wanted = [reference.steps_left(step, n) for step in range(51)]
        expect(left == wanted, "over an episode, the steps left do not count down and begin again")


# --- 8e ---


@subpart("8e")
@DTYPES
def test_future_pairs_against_reference(student: Student, fresh_rng: np.random.Generator, dtype: str) -> None:
    """Any number of episodes, steps and entries, and futures of one step up to a whole episode."""
    for sizes in SIZES:
        states, places, _ = _data(fresh_rng, sizes, dtype)
        for n in sorted({1, min(2, sizes[1]), max(1, sizes[1] // 2), sizes[1]}):
            before = None
            for _ in range(2):
                states, places, _ = _data(fresh_rng, sizes, dtype)
                with on_wrong_shape(WRONG_SHAPE):
                    answer = _pair(student.other_models.future_pairs(states, places, n), "future_pairs")
                expect_no_repeat(before, answer[1])
                before = answer[1]
                wanted = reference.future_pairs(states, places, n)
                expect_close(answer[0], wanted[0], "some inputs of the model of the future are wrong")
                expect_close(answer[1], wanted[1], "some futures are wrong", atol=1e-5)


@subpart("8e")
def test_future_pairs_of_views(student: Student, fresh_rng: np.random.Generator) -> None:
    """Views of larger arrays; the arguments stay as they are."""
    states, places, _ = _data(fresh_rng, (3, 6, 4, 2, 2))
    with on_error(VIEWS):
        answer = student.given.call_strided(student.other_models.future_pairs, states, places, 3)
    for got, wanted in zip(
        _pair(answer, "future_pairs"), reference.future_pairs(states, places, 3), strict=True
    ):
        expect_close(got, wanted, VIEWS)
    expect_unchanged(student.other_models.future_pairs, states=states, places=places, n=3)


# --- 8f ---


@subpart("8f")
@DTYPES
def test_places_between_against_reference(
    student: Student, fresh_rng: np.random.Generator, dtype: str
) -> None:
    """Any number of rows, places and coordinates."""
    for rows, n, goal_dim in ((1, 1, 1), (3, 3, 3), (2, 5, 3), (5, 2, 1), (200, 12, 3), (1, 40, 2)):
        before = None
        for _ in range(2):
            start, end = (5 * fresh_rng.normal(size=(rows, goal_dim)).astype(dtype) for _ in range(2))
            residual = fresh_rng.normal(size=(rows, n, goal_dim)).astype(dtype)
            with on_wrong_shape(WRONG_SHAPE):
                middle = student.other_models.between(start, end, residual)
            expect_no_repeat(before, middle)
            before = middle
            wanted = reference.between(start, end, residual)
            expect_close(middle, wanted, "some places in between are wrong", name="between", atol=1e-5)


@subpart("8f")
def test_places_between_of_views(student: Student, fresh_rng: np.random.Generator) -> None:
    """Whole numbers, views of larger arrays; the arguments stay as they are."""
    start, end = fresh_rng.integers(-9, 9, size=(3, 2)), fresh_rng.integers(-9, 9, size=(3, 2))
    residual = np.zeros((3, 4, 2))
    middle = student.other_models.between(start, end, residual)
    expect_close(middle, reference.between(start, end, residual), "places between whole numbers are wrong")
    with on_error(VIEWS):
        cut = student.given.call_strided(student.other_models.between, start * 1.0, end * 1.0, residual + 1.0)
    expect_close(cut, reference.between(start, end, residual + 1.0), VIEWS)
    expect_unchanged(student.other_models.between, start=start, end=end, residual=residual)


# --- 8g ---


def _gaussian(
    rng: np.random.Generator, columns: int, dtype: str = "float64"
) -> tuple[np.ndarray, np.ndarray]:
    root = rng.normal(size=(columns, columns)) + np.eye(columns)
    return rng.normal(size=columns).astype(dtype), (root @ root.T + 0.3 * np.eye(columns)).astype(dtype)


def _conditioned(student: Student, *arguments: Any) -> tuple[Any, Any]:
    with on_wrong_shape(WRONG_SHAPE):
        return _pair(student.other_models.condition(*arguments), "condition")


@subpart("8g")
@DTYPES
def test_condition_against_reference(student: Student, fresh_rng: np.random.Generator, dtype: str) -> None:
    """Any columns in any order, any number of rows, with and without jitter."""
    for columns, rows in ((2, 1), (3, 3), (6, 4), (24, 50), (9, 2)):
        for _ in range(4):
            mean, cov = _gaussian(fresh_rng, columns, dtype)
            order = fresh_rng.permutation(columns)
            split = int(fresh_rng.integers(1, columns))
            known, wanted = (
                order[:split],
                order[split : split + int(fresh_rng.integers(1, columns - split + 1))],
            )
            values = fresh_rng.normal(size=(rows, split)).astype(dtype)
            jitter = float(fresh_rng.choice([0.0, 0.01, 3.0]))
            new_mean, new_cov = _conditioned(student, mean, cov, known, wanted, values, jitter)
            right_mean, right_cov = reference.condition(mean, cov, known, wanted, values, jitter)
            atol = 1e-3 if dtype == "float32" else 1e-6
            expect_close(
                new_mean, right_mean, "the mean of the conditioned Gaussian is wrong", atol=atol, rtol=atol
            )
            expect_close(
                new_cov,
                right_cov,
                "the covariance of the conditioned Gaussian is wrong",
                atol=atol,
                rtol=atol,
            )


@subpart("8g")
def test_condition_twice_is_condition_once(student: Student, fresh_rng: np.random.Generator) -> None:
    """First on one column, then on another, is on both at once; a second Gaussian of one size starts afresh."""
    before = None
    for _ in range(2):
        mean, cov = _gaussian(fresh_rng, 5)
        values = fresh_rng.normal(size=(1, 2))
        first = _conditioned(student, mean, cov, np.array([3]), np.array([0, 1, 2, 4]), values[:, :1], 0.0)
        first_mean, first_cov = expect_array(first[0], (1, 4)), expect_array(first[1], (4, 4))
        second, _ = _conditioned(
            student, first_mean[0], first_cov, np.array([0]), np.array([3, 1]), values[:, 1:], 0.0
        )
        both = reference.condition(mean, cov, np.array([3, 0]), np.array([4, 1]), values, 0.0)
        expect_close(
            second, both[0], "conditioning on one column, then on another, is not conditioning on both"
        )
        expect_no_repeat(before, second)
        before = second


@subpart("8g")
def test_condition_of_columns_without_variance(student: Student, fresh_rng: np.random.Generator) -> None:
    """Columns that never vary, or of which one is another: a little jitter is enough."""
    mean, cov = _gaussian(fresh_rng, 6)
    cov[4] = cov[:, 4] = 0.0
    cov[5], mean[5] = cov[1], mean[1]
    cov[:, 5] = cov[:, 1]
    values = fresh_rng.normal(size=(3, 4))
    values[:, 3] = values[:, 1]
    known, wanted = np.array([0, 1, 4, 5]), np.array([3, 2])
    new_mean, _ = _conditioned(student, mean, cov, known, wanted, values, 1e-6)
    right = reference.condition(mean, cov, known, wanted, values, 1e-6)
    sentence = "with known columns that do not vary, or are copies of others, the mean is wrong"
    expect_close(new_mean, right[0], sentence, atol=1e-3, rtol=1e-3)


@subpart("8g")
def test_condition_is_forward_and_inverse(student: Student, fresh_rng: np.random.Generator) -> None:
    """In a linear world with noise, drawn anew: states, actions and next states, each from the others."""
    A, B = np.round(fresh_rng.normal(size=(3, 3)), 2), np.round(fresh_rng.normal(size=(2, 3)), 2)
    s, a = fresh_rng.normal(size=(4_000, 3)), fresh_rng.uniform(-1, 1, size=(4_000, 2))
    table = np.concatenate([s, a, s @ A + a @ B + 0.01 * fresh_rng.normal(size=(4_000, 3))], axis=1)
    mean, cov = table.mean(axis=0), np.cov(table, rowvar=False)
    state, action, after = np.arange(3), np.arange(3, 5), np.arange(5, 8)
    for known, wanted in (([state, action], after), ([state, after], action), ([after], state)):
        columns = np.concatenate(known)
        got, _ = _conditioned(student, mean, cov, columns, wanted, table[:20][:, columns], 1e-9)
        right = reference.condition(mean, cov, columns, wanted, table[:20][:, columns], 1e-9)
        expect_close(
            got, right[0], "in a linear world, a prediction by conditioning is wrong", atol=1e-4, rtol=1e-4
        )
    with on_error(VIEWS):
        cut = student.given.call_strided(
            student.other_models.condition, mean, cov, state, action, table[:5][:, state], 0.1
        )
    expect_close(
        _pair(cut, "condition")[0],
        reference.condition(mean, cov, state, action, table[:5][:, state], 0.1)[0],
        VIEWS,
    )
    arguments = {"mean": mean, "cov": cov, "known": state, "wanted": action, "values": table[:5][:, state]}
    expect_unchanged(student.other_models.condition, **arguments, jitter=0.1)
