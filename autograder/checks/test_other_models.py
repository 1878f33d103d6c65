"""Part 8, other models: what each function promises, on data that can be read.

In `_data` the state t of episode n is (n, t), its place is 100 n + t², and its action is 10 n + t + 0.5: a number says
where it comes from.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

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
from autograder.checks.mistakes import on_wrong_shape, recognise
from autograder.checks.streams import expect_stream

A_ROW_A_TRANSITION = "there is one row for each transition: inputs (N·T, O+G), targets (N·T, A)"
A_MOVE_A_ROW = "there is one move for each row: shape (B, G)"
ROWS_ASKED_FOR = "there are `count` rows: inputs (count, O+G+1), chunks (count, longest, A)"
A_ROW_A_START = "there is one row for each state that n states follow: inputs (M, S), futures (M, n, G)"
N_PLACES_A_ROW = "there are n places for each row: shape (B, n, G)"
MEANS_AND_ONE_COV = "there is a mean for each row, (B, w), and one covariance for all of them, (w, w)"


def _data(episodes: int, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """obs (N, T+1, 2), places (N, T+1, 1), actions (N, T, 1), float32 as in the EpisodeBuffer."""
    n, t = np.meshgrid(np.arange(episodes), np.arange(steps + 1), indexing="ij")
    obs, places, actions = (
        np.stack([n, t], axis=-1),
        (100 * n + t**2)[..., None],
        (10 * n + t + 0.5)[:, :-1, None],
    )
    return obs.astype(np.float32), places.astype(np.float32), actions.astype(np.float32)


def _expect_answer(actual: Any, wanted: Any, otherwise: str, mistakes: Mapping[str, Any], name: str) -> None:
    """Fail unless `actual` is `wanted`: with the sentence of a mistake if it is that one and no other."""
    candidates = [np.asarray(wanted), *(np.asarray(wrong) for wrong in mistakes.values())]
    alone = {
        sentence: wrong
        for sentence, wrong in mistakes.items()
        if sum(np.shape(wrong) == x.shape and np.allclose(wrong, x, rtol=1e-5) for x in candidates) == 1
    }
    sentence = recognise(actual, otherwise, alone)
    if not isinstance(actual, np.ndarray) or actual.shape == np.shape(wanted) or sentence == otherwise:
        expect_close(actual, wanted, sentence, name=name)
    expect(sentence == otherwise, sentence)


def _two(answer: Any, name: str, what: str) -> tuple[Any, Any]:
    expect(isinstance(answer, tuple | list) and len(answer) == 2, f"`{name}` must return {what}")
    return answer[0], answer[1]


# --- 8a ---


def _rows(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, values.shape[-1])


@subpart(
    "8a",
    hint="np.diff along the steps, and join along the last axis; then rows of all episodes one after the other",
)
def test_inverse_pairs_of_two_episodes(student: Student) -> None:
    """A row holds the state, the move that follows, and the action between the two."""
    for episodes, steps in ((2, 3), (3, 3), (1, 4), (3, 1)):
        obs, places, actions = _data(episodes, steps)
        with on_wrong_shape(A_ROW_A_TRANSITION):
            answer = student.other_models.inverse_pairs(obs, places, actions)
        inputs, targets = _two(answer, "inverse_pairs", "inputs and targets")
        state, after, move = obs[:, :-1], obs[:, 1:], np.diff(places, axis=1)
        by_step = lambda values: _rows(values.swapaxes(0, 1))  # noqa: E731
        wrong_inputs = {
            "the input holds φ(s_t+1) itself: it holds the move, φ(s_t+1) - φ(s_t)": [state, places[:, 1:]],
            "the input holds φ(s_t) in place of the move φ(s_t+1) - φ(s_t)": [state, places[:, :-1]],
            "the sign of the move is wrong: it is φ(s_t+1) - φ(s_t)": [state, -move],
            "the input holds the state s_t+1 that the action led to: it holds s_t, where it was taken": [
                after,
                move,
            ],
            "the move is the one before: it is that of the step itself": [state, np.roll(move, 1, axis=1)],
            "the move is the one after: it is that of the step itself": [state, np.roll(move, -1, axis=1)],
            "the move leads from the first place: it is φ(s_t+1) - φ(s_t)": [
                state,
                places[:, 1:] - places[:, :1],
            ],
            "the move comes first: the state comes first, then the move": [move, state],
        }
        mistakes: dict[str, Any] = {
            name: _rows(np.concatenate(both, axis=2)) for name, both in wrong_inputs.items()
        }
        joined = np.concatenate([state, move], axis=2)
        name = "the rows are in another order: all transitions of the first episode come first, then the second's"
        mistakes[name] = by_step(joined)
        otherwise = "a row of the inputs is (s_t, φ(s_t+1) - φ(s_t)), episode after episode"
        _expect_answer(inputs, _rows(joined), otherwise, mistakes, "inverse_pairs")
        mistakes = {
            "the targets are in another order than the inputs": by_step(actions),
            "the target is the action of the next step: it is a_t, which led from s_t to s_t+1": _rows(
                np.roll(actions, -1, axis=1)
            ),
            "the target is the action of the step before: it is a_t, which led from s_t to s_t+1": _rows(
                np.roll(actions, 1, axis=1)
            ),
        }
        _expect_answer(
            targets, _rows(actions), "a row of the targets is the action a_t", mistakes, "inverse_pairs"
        )


@subpart("8a")
def test_inverse_pairs_leave_the_data(student: Student) -> None:
    """Nothing is edited, and nothing is kept: other data give other pairs."""
    obs, places, actions = _data(2, 3)
    expect_unchanged(student.other_models.inverse_pairs, obs=obs, places=places, actions=actions)
    inputs, _ = _two(
        student.other_models.inverse_pairs(obs, 2 * places, actions), "inverse_pairs", "two arrays"
    )
    wanted = _rows(np.concatenate([obs[:, :-1], 2 * np.diff(places, axis=1)], axis=2))
    expect_close(inputs, wanted, "with places that lie twice as far apart, the moves must be twice as long")


# --- 8b ---


@subpart("8b", hint="the share of the way to take is longest / max(distance, longest)")
def test_steps_towards_goals_far_and_near(student: Student) -> None:
    """From (0, 0) to (3, 4) a step of 2 is (1.2, 1.6); to (0.3, 0.4) it is the whole rest; at the goal it is 0."""
    place = np.array([[0.0, 0.0], [1.0, 1.0], [5.0, 5.0], [-1.0, 2.0], [1.0, 2.0]])
    goal = np.array([[3.0, 4.0], [1.3, 1.4], [5.0, 5.0], [-1.0, -8.0], [4.0, 6.0]])
    for longest in (2.0, 0.1):
        with on_wrong_shape(A_MOVE_A_ROW):
            move = student.other_models.step_towards(place, goal, longest)
        if isinstance(move, np.ndarray) and move.shape == place.shape:
            expect(
                not np.isnan(move[2]).any(),
                "at the goal itself the move is NaN: it must be 0, so do not divide by 0",
            )
        rest = goal - place
        length = np.sqrt(np.square(rest).sum(axis=1)[:, None])
        unit = rest / np.maximum(length, 1e-12)
        mistakes = {
            "the move is the whole way, however far: it is no longer than `longest`": rest,
            "the move has the length `longest` also where the goal is nearer: there it is the rest": longest
            * unit,
            "each coordinate was cut off on its own, so the move is not straight": np.clip(rest, -longest, longest),
            "the length was measured over all rows together: each row has a distance of its own": rest
            * min(1.0, longest / np.linalg.norm(rest)),
            "the move leads away from the goal": -rest * (longest / np.maximum(length, longest)),
            "this is the place that the step leads to: return the move alone": place
            + rest * (longest / np.maximum(length, longest)),
            "the move has length 1 and not `longest`": unit,
            "the length is not Euclidean: this takes the sum of the absolute values": rest
            * (longest / np.maximum(np.abs(rest).sum(axis=1, keepdims=True), longest)),
            "the length is not Euclidean: this takes the largest absolute value": rest
            * (longest / np.maximum(np.abs(rest).max(axis=1, keepdims=True), longest)),
            "the distance is squared: take its root": rest * (longest / np.maximum(length**2, longest)),
            "the move is a share of the way: from far away it has the length `longest`": rest * min(longest, 1.0),
        }  # fmt: skip
        otherwise = "the move is straight towards the goal, and min(distance, longest) long"
        _expect_answer(
            move, rest * (longest / np.maximum(length, longest)), otherwise, mistakes, "step_towards"
        )


@subpart("8b")
def test_steps_towards_leave_their_arguments(student: Student) -> None:
    """One row, and as many as there are coordinates; the arguments stay as they are."""
    for rows in (1, 3):
        place, goal = np.zeros((rows, 3)), np.diag([9.0, 0.5, 4.0])[:rows]
        with on_wrong_shape(A_MOVE_A_ROW):
            move = student.other_models.step_towards(place, goal, 1.0)
        expect_close(
            move, np.diag([1.0, 0.5, 1.0])[:rows], "each row has a distance of its own", name="step_towards"
        )
    expect_unchanged(student.other_models.step_towards, place=place, goal=goal, longest=1.0)


# --- 8c ---


class _Drawn:
    """Rows drawn from `_data`, taken apart: episode, t, n (B,), and what should stand beside them."""

    def __init__(
        self, student: Student, episodes: int, steps: int, longest: int, count: int, rng: Any
    ) -> None:
        self.obs, self.places, self.actions = _data(episodes, steps)
        self.longest = longest
        with on_wrong_shape(ROWS_ASKED_FOR):
            answer = student.other_models.n_step_pairs(
                self.obs, self.places, self.actions, longest, count, rng
            )
        inputs, chunks = _two(answer, "n_step_pairs", "inputs and chunks")
        self.inputs = expect_array(inputs, (count, 4), name="n_step_pairs")
        self.chunks = expect_array(chunks, (count, longest, 1), name="n_step_pairs")[..., 0]
        table = np.round(self.inputs).astype(int)
        self.episode, self.t, self.n = table[:, 0], table[:, 1], table[:, 3]
        expect(
            np.abs(self.inputs - table).max() < 1e-4,
            "an input is (s_t, φ(s_t+n) - φ(s_t), n), all as they are: nothing is scaled",
        )
        known = (self.episode >= 0) & (self.episode < episodes) & (self.t >= 0) & (self.t <= steps)
        expect(known, "an input begins with a state s_t of the data")
        here = self.places[self.episode, self.t, 0]
        early = table[:, 2].clip(1, steps - self.t)  # where n would be if it came before the move
        swapped = (early == table[:, 2]) & (
            table[:, 3] == self.places[self.episode, self.t + early, 0] - here
        )
        expect(
            not swapped.all() or (early == self.n).all(),
            "an input ends with n: here n stands before the move",
        )
        expect(self.n >= 1, "n is below 1: it is one of 1 … longest")
        expect(self.n <= longest, "n is above `longest`: it is one of 1 … longest")
        expect(self.t + self.n <= steps, "t + n is beyond the last state of the episode: t is at most T - n")
        end = self.places[self.episode, self.t + self.n, 0]
        self._expect_moves(table[:, 2], here, end)
        self._expect_chunks()

    def _expect_moves(self, move: np.ndarray, here: np.ndarray, end: np.ndarray) -> None:
        rows = self.episode, self.t + self.n
        mistakes = {
            "the input holds φ(s_t+n) itself: it holds the move, φ(s_t+n) - φ(s_t)": end,
            "the sign of the move is wrong: it is φ(s_t+n) - φ(s_t)": here - end,
            "the move is that of one step: it leads n steps ahead": self.places[self.episode, self.t + 1, 0]
            - here,
            "the move leads one step too few: it ends at s_t+n": self.places[self.episode, rows[1] - 1, 0]
            - here,
            "the move leads to the end of the episode: it ends at s_t+n": self.places[self.episode, -1, 0]
            - here,
        }
        otherwise = "the input holds the move φ(s_t+n) - φ(s_t) of its own episode"
        _expect_answer(move, (end - here).round(), otherwise, mistakes, "n_step_pairs")

    def _expect_chunks(self) -> None:
        ahead, last = np.arange(self.longest), self.actions.shape[1] - 1
        steps = self.t[:, None] + ahead
        own = self.actions[self.episode[:, None], np.minimum(steps, last), 0]
        inside = ahead < self.n[:, None]
        wanted = own * inside
        held = self.actions[
            self.episode[:, None], self.t[:, None] + np.minimum(ahead, self.n[:, None] - 1), 0
        ]
        mistakes = {
            "the chunk goes on after its n actions: from n on it holds zeros": own,
            "the chunk repeats its last action: after its n actions it holds zeros": held,
            "the chunk goes on after its n actions, and ends with the episode: from n on it holds zeros": own
            * (steps <= last),
            "the chunk holds one action too many: from n on it holds zeros": own * (ahead <= self.n[:, None]),
            "the chunk holds one action too few: it holds a_t … a_t+n-1": own * (ahead < self.n[:, None] - 1),
            "the chunk holds the first action alone: it holds all of a_t … a_t+n-1": own * (ahead < 1),
            "the chunk holds the first action over and over": own[:, :1] * inside,
            "the chunk is in the wrong order: a_t comes first": _reversed(wanted, self.n),
            "the chunk stands at the end, behind the zeros: it stands at the front": _at_the_end(
                wanted, self.n
            ),
            "the chunk begins one step too late: its first action is a_t": self.actions[
                self.episode[:, None], np.minimum(steps + 1, last), 0
            ]
            * inside,
        }
        otherwise = "a chunk is a_t … a_t+n-1 of its own episode, then zeros"
        _expect_answer(self.chunks, wanted, otherwise, mistakes, "n_step_pairs")


def _reversed(chunks: np.ndarray, n: np.ndarray) -> np.ndarray:
    return np.stack([np.concatenate([row[:k][::-1], row[k:]]) for row, k in zip(chunks, n, strict=True)])


def _at_the_end(chunks: np.ndarray, n: np.ndarray) -> np.ndarray:
    return np.stack([np.roll(row, len(row) - k) for row, k in zip(chunks, n, strict=True)])


@subpart("8c", hint="draw n first, then t below T + 1 - n: rng.integers takes an array of bounds")
def test_pairs_many_steps_apart_belong_together(student: Student) -> None:
    """State, move, n and chunk of a row come from one episode, also for chunks as long as the episode."""
    for episodes, steps, longest, count in ((3, 6, 4, 200), (4, 4, 4, 100), (1, 1, 1, 3), (2, 7, 1, 60)):
        _Drawn(student, episodes, steps, longest, count, Rng(count))


@subpart("8c")
def test_pairs_many_steps_apart_are_drawn_evenly(student: Student) -> None:
    """n is uniform over 1 … longest, t over all steps with t + n <= T, and the episode over all of them."""
    drawn = _Drawn(student, 5, 6, 4, 4_000, Rng(0))
    expect(np.ptp(drawn.n) > 0, "n is the same in all rows: each row has a draw of its own")
    expect(np.ptp(drawn.episode) > 0, "all rows come from one episode: each row has a draw of its own")
    expect((drawn.n == drawn.longest).any(), "n never is `longest`: rng.integers excludes its upper bound")
    if not (drawn.t > 6 - drawn.longest).any():
        expect(
            False,
            "no row starts after step T - longest: a row with a smaller n may start later, at T - n at most",
        )
    for n in range(1, 5):
        latest = (drawn.t[drawn.n == n] == 6 - n).any()
        expect(latest, "no row ends in the last state of its episode: t is one of 0 … T - n, with T - n")
    if len(np.unique(drawn.t)) == 6:
        # t first, and then n among what is left
        first = (drawn.t == 5).mean() > 0.12
        expect(not first, "late steps come too often: draw n first, over all of 1 … longest, and then t")
    expect_distribution(drawn.n - 1, np.full(4, 0.25), "n is not uniform over 1 … longest")
    expect_distribution(drawn.episode, np.full(5, 0.2), "the episode is not uniform over all episodes")
    for n in range(1, 5):
        t = drawn.t[drawn.n == n]
        expect_distribution(t, np.full(7 - n, 1 / (7 - n)), "t is not uniform over the steps with t + n <= T")


@subpart("8c")
def test_pairs_many_steps_apart_use_the_rng_and_nothing_else(student: Student) -> None:
    """The draws come from the `rng` that is passed in, new at each call, and the data stay as they are."""

    def draw(rng: Any) -> dict[str, np.ndarray]:
        drawn = _Drawn(student, 5, 6, 4, 40, rng)
        return {"episode": drawn.episode, "n": drawn.n, "t": drawn.t}

    sentences = {
        "episode": "two calls gave all rows the same episodes: draw them for each row, at each call",
        "n": "two calls gave all rows the same n: draw one for each row, at each call",
        "t": "two calls gave all rows the same t: draw one for each row, at each call",
    }
    expect_stream(student, draw, sentences)
    obs, places, actions = _data(3, 5)
    function = student.other_models.n_step_pairs
    expect_unchanged(function, obs=obs, places=places, actions=actions, longest=3, count=8, rng=Rng(0))


# --- 8d ---


@subpart("8d", hint="n - step % n")
def test_steps_left_count_down(student: Student) -> None:
    """With n = 3: 3, 2, 1, 3, 2, 1, 3; with n = 1 always 1."""
    for n in (3, 1, 5):
        steps = range(2 * n + 3)
        with on_wrong_shape("`steps_left` returns one number"):
            answers = [student.other_models.steps_left(step, n) for step in steps]
        left = np.array(
            [expect_whole(answer, "`steps_left` must return a whole number") for answer in answers]
        )
        step = np.array(steps)
        mistakes = {
            "it always says n: it counts down, n, n-1, …, 1, and begins again": np.full_like(step, n),
            "it counts down once and stays at 1: after 1 it begins again with n": np.maximum(n - step, 1),
            "it counts down once and stays at 0: after 1 it begins again with n": np.maximum(n - step, 0),
            "it counts on below 1: after 1 it begins again with n": n - step,
            "it counts up: it counts down, n, n-1, …, 1": step % n + 1,
            "it counts up from 0: it counts down, n, n-1, …, 1": step % n,
            "it is one too small, and reaches 0: the last of a count is 1": n - 1 - step % n,
            "it counts down to 0: after 1 comes n": n - step % (n + 1),
            "it always says 1: it counts down, n, n-1, …, 1": np.ones_like(step),
            "it is n only at the first step of an episode: after 1 it begins again with n": np.where(
                step < n, n - step, n - 1 - (step - 1) % max(n - 1, 1)
            ),
        }
        _expect_answer(
            left, n - step % n, "it counts down n, n-1, …, 1, and begins again", mistakes, "steps_left"
        )


# --- 8e ---


def _futures(places: np.ndarray, n: int) -> np.ndarray:
    """(N, T+1-n, n, G) of places (N, T+1, G): what follows each start, as it is."""
    starts = places.shape[1] - n
    return np.stack([places[:, t + 1 : t + 1 + n] for t in range(starts)], axis=1)


@subpart("8e", hint="for i = 1 … n, places[:, i : i + starts] are the places i steps after the starts")
def test_future_pairs_of_two_episodes(student: Student) -> None:
    """A row holds a state and the n places that follow it, seen from its own."""
    for episodes, steps, n in ((2, 4, 2), (3, 4, 2), (1, 5, 3), (2, 3, 3), (2, 3, 1)):
        obs, places, _ = _data(episodes, steps)
        states = np.concatenate([obs, obs[..., :1] + 7], axis=2)
        with on_wrong_shape(A_ROW_A_START):
            answer = student.other_models.future_pairs(states, places, n)
        inputs, futures = _two(answer, "future_pairs", "inputs and futures")
        starts = steps + 1 - n
        by_step = lambda values: values.swapaxes(0, 1).reshape(-1, *values.shape[2:])  # noqa: E731
        flat = lambda values: values.reshape(-1, *values.shape[2:])  # noqa: E731
        mistakes = {
            "the rows are in another order: all starts of the first episode come first": by_step(
                states[:, :starts]
            ),
            "the inputs are the states after the futures begin: the input is s_t, and the future begins at s_t+1": flat(
                states[:, 1 : starts + 1]
            ),
            "the inputs are the last states of the futures: the input is s_t, where they begin": flat(
                states[:, n:]
            ),
        }
        otherwise = "the inputs are the states s_t that n states follow, episode after episode"
        _expect_answer(inputs, flat(states[:, :starts]), otherwise, mistakes, "future_pairs")
        after, here = _futures(places, n), places[:, :starts, None]
        mistakes = {
            "the futures hold the places themselves: subtract φ(s_t), so that they are seen from there": flat(
                after
            ),
            "the futures hold each step's own move: they hold φ(s_t+i) - φ(s_t), all seen from φ(s_t)": flat(
                np.diff(np.concatenate([here, after], axis=2), axis=2)
            ),
            "the sign of the futures is wrong: they are φ(s_t+i) - φ(s_t)": flat(here - after),
            "the futures begin with φ(s_t) itself, a move of 0: they begin with φ(s_t+1)": flat(
                np.concatenate([here, after[:, :, :-1]], axis=2) - here
            ),
            "the futures are in the wrong order: φ(s_t+1) comes first": flat(after[:, :, ::-1] - here),
            "the futures are seen from their last place: they are seen from φ(s_t)": flat(
                after - after[:, :, -1:]
            ),
            "the futures are seen from the first place of the episode: they are seen from φ(s_t)": flat(
                after - places[:, :1, None]
            ),
            "the futures are in another order than the inputs": by_step(after - here),
            "the futures hold the last place over and over": flat(
                np.repeat(after[:, :, -1:], n, axis=2) - here
            ),
        }
        otherwise = "a future is φ(s_t+1) - φ(s_t), …, φ(s_t+n) - φ(s_t), within one episode"
        _expect_answer(futures, flat(after - here), otherwise, mistakes, "future_pairs")


@subpart("8e")
def test_future_pairs_leave_the_data(student: Student) -> None:
    """Nothing is edited, and nothing is kept: other data give other futures."""
    states, places, _ = _data(2, 4)
    expect_unchanged(student.other_models.future_pairs, states=states, places=places, n=2)
    _, futures = _two(student.other_models.future_pairs(states, -3 * places, 2), "future_pairs", "two arrays")
    wanted = (_futures(-3 * places, 2) + 3 * places[:, :3, None]).reshape(-1, 2, 1)
    expect_close(futures, wanted, "with other places there are other futures")


# --- 8f ---


@subpart("8f", hint="the shares of the way are i / (n + 1), i = 1 … n")
def test_places_between(student: Student) -> None:
    """Three places between 0 and 8 are 2, 4 and 6, plus what the model adds."""
    rng = np.random.default_rng(0)
    for rows, n, zero in ((2, 3, True), (3, 3, False), (2, 2, False), (1, 1, False), (4, 5, False)):
        start = np.arange(2.0 * rows).reshape(rows, 2)
        end = start + np.array([8.0, -4.0]) * np.arange(1, rows + 1)[:, None]
        residual = np.zeros((rows, n, 2)) if zero else np.round(rng.uniform(-1, 1, size=(rows, n, 2)), 2)
        with on_wrong_shape(N_PLACES_A_ROW):
            middle = student.other_models.between(start, end, residual)
        i, way = np.arange(1, n + 1)[:, None], (end - start)[:, None]
        line = lambda shares: start[:, None] + shares * way  # noqa: B023, E731
        mistakes = {
            "the last place is the end itself: the shares of the way are i / (n + 1)": line(i / n) + residual,
            "the first place is the start itself: i runs from 1, not from 0": line((i - 1) / (n + 1))
            + residual,
            "the places go from start to end, with both: the shares of the way are i / (n + 1)": line(
                np.linspace(0, 1, n)[:, None]
            )
            + residual,
            "the places run from the end to the start": line(1 - i / (n + 1)) + residual,
            "the residual is missing": line(i / (n + 1)),
            "the residual is subtracted: add it": line(i / (n + 1)) - residual,
            "the straight line is missing: this is start + residual": start[:, None] + residual,
            "only the residual is there: add it to the straight line": residual,
            "the line begins at 0: it begins at `start`": i / (n + 1) * way + residual,
            "the residual is scaled by the share of the way: add it as it is": line(i / (n + 1))
            + residual * i / (n + 1),
            "all places lie in the middle": line(0.5) + residual,
            "the steps of the line are whole ways: divide by n + 1": line(i) + residual,
            "the residuals add up along the way: each place has its own": line(i / (n + 1)) + residual.cumsum(axis=1),
        }  # fmt: skip
        otherwise = "place i is start + i / (n + 1) · (end - start) + its residual"
        _expect_answer(middle, line(i / (n + 1)) + residual, otherwise, mistakes, "between")


@subpart("8f")
def test_places_between_leave_their_arguments(student: Student) -> None:
    """Nothing is edited; from a place to itself the line stays there."""
    start, residual = np.array([[1.0, 2.0]]), np.array([[[0.1, 0.2], [0.3, 0.4]]])
    expect_unchanged(student.other_models.between, start=start, end=start + 3.0, residual=residual)
    middle = student.other_models.between(start, start, residual)
    expect_close(
        middle, start[:, None] + residual, "from a place to itself, a place between is that plus its residual"
    )


# --- 8g ---


def _world(columns: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """mean (D,) and a covariance (D, D) with no zeros in it."""
    rng = np.random.default_rng(seed)
    root = np.round(rng.normal(size=(columns, columns)), 1) + 2 * np.eye(columns)
    return np.round(rng.normal(size=columns), 1) * 3, root @ root.T


def _conditioned(student: Student, *arguments: Any) -> tuple[Any, Any]:
    with on_wrong_shape(MEANS_AND_ONE_COV):
        answer = student.other_models.condition(*arguments)
    return _two(answer, "condition", "mean and cov")


def _expect_condition(
    student: Student,
    mean: np.ndarray,
    cov: np.ndarray,
    known: Any,
    wanted: Any,
    values: Any,
    jitter: float,
) -> None:
    known, wanted, values = np.array(known), np.array(wanted), np.asarray(values, dtype=float)
    new_mean, new_cov = _conditioned(student, mean, cov, known, wanted, values, jitter)
    cross, block = cov[np.ix_(wanted, known)], cov[np.ix_(known, known)]
    own = cov[np.ix_(wanted, wanted)]
    exact = np.linalg.inv(block + jitter * np.eye(len(known)))
    gain, off = cross @ exact, values - mean[known]
    m_w = mean[wanted]
    order_k, order_w = np.argsort(known), np.argsort(wanted)
    mistakes = {
        "the mean is that of `wanted` without any knowledge: the values change it": np.tile(
            m_w, (len(values), 1)
        ),
        "the values are not centred: subtract the mean of `known` from them": m_w + values @ gain.T,
        "the mean of `wanted` is missing": off @ gain.T,
        "the sign of the correction is wrong: it is values minus mean": m_w - off @ gain.T,
        "the inverse of C_kk is missing": m_w + off @ cross.T,
        "C_kk is multiplied instead of its inverse": m_w + off @ (cross @ block).T,
        "only the variances of C_kk count here: its inverse is that of the whole matrix": m_w
        + off @ (cross / (np.diag(block) + jitter)).T,
        "the mean is in the order of the columns: it is in the order of `wanted`": (m_w + off @ gain.T)[
            :, order_w
        ],
        "the values are taken in the order of the columns: they are in the order of `known`": m_w
        + (values - mean[known[order_k]]) @ gain[:, order_k].T,
        "the first row's values are used for all rows": m_w + np.tile(off[:1], (len(values), 1)) @ gain.T,
    }
    if jitter:
        plain = cross @ np.linalg.pinv(block)
        mistakes["the jitter is missing: add jitter · I to C_kk before it is inverted"] = m_w + off @ plain.T
        squared = (
            np.linalg.inv(block + jitter * np.ones_like(block)) if np.linalg.cond(block) < 1e6 else exact
        )
        name = "the jitter is added to every entry of C_kk: it is added to the diagonal alone"
        mistakes[name] = m_w + off @ (cross @ squared).T
    otherwise = "the mean is mean_w + C_wk K⁻¹ (values - mean_k), with K = C_kk + jitter · I"
    _expect_answer(new_mean, m_w + off @ gain.T, otherwise, mistakes, "condition")
    reduction = gain @ cross.T
    mistakes = {
        "the covariance is that of `wanted` without any knowledge: it gets smaller": own,
        "the covariance has grown: knowledge takes C_wk K⁻¹ C_kw away from it": own + reduction,
        "this is what knowledge takes away: the covariance is C_ww minus that": reduction,
        "the inverse of C_kk is missing in the covariance": own - cross @ cross.T,
        "the covariance is inverted": np.linalg.pinv(own - reduction),
        "the covariance holds the jitter: it is added to C_kk alone": own
        - reduction
        + jitter * np.eye(len(wanted)),
        "only the diagonal of the covariance is there": np.diag(np.diag(own - reduction)),
    }
    otherwise = "the covariance is C_ww - C_wk K⁻¹ C_kw, with K = C_kk + jitter · I"
    _expect_answer(new_cov, own - reduction, otherwise, mistakes, "condition")


@subpart("8g", hint="cov[np.ix_(rows, columns)] cuts a block out, and np.linalg.solve(K, …) is K⁻¹ times it")
def test_condition_of_two_numbers(student: Student) -> None:
    """x ~ (1, 10) with variances 4 and 3 and covariance 2: if the first is 5, the second is 12, with variance 2."""
    mean, cov = np.array([1.0, 10.0]), np.array([[4.0, 2.0], [2.0, 3.0]])
    _expect_condition(student, mean, cov, [0], [1], [[5.0], [3.0]], 1.0)
    _expect_condition(student, mean, cov, [0], [1], [[5.0], [1.0], [-1.0]], 0.0)
    _expect_condition(student, mean, cov, [1], [0], [[13.0]], 0.0)


@subpart("8g")
def test_condition_of_several_numbers(student: Student) -> None:
    """Any columns, in any order: forward and inverse are the same function."""
    mean, cov = _world(5)
    values = np.round(np.random.default_rng(1).normal(size=(3, 2)), 1) * 2
    for known, wanted in (([0, 1], [3, 4]), ([4, 1], [2, 0, 3]), ([3, 0], [4, 1]), ([2, 4], [1])):
        _expect_condition(student, mean, cov, known, wanted, values, 0.5)
        _expect_condition(student, mean, cov, known, wanted, values, 0.0)


@subpart("8g")
def test_condition_on_a_column_that_never_varies(student: Student) -> None:
    """With a little jitter, a column without variance is no obstacle and tells nothing."""
    mean, cov = _world(4)
    cov[2] = cov[:, 2] = 0.0
    for known in ([2, 0], [2]):
        new_mean, new_cov = _conditioned(
            student, mean, cov, np.array(known), np.array([3, 1]), np.ones((2, len(known))), 1e-6
        )
        for part in (new_mean, new_cov):
            finite = not isinstance(part, np.ndarray) or bool(np.isfinite(part).all())
            expect(finite, "a known column that never varies gives NaN or infinity: add jitter · I to C_kk")
        _expect_condition(student, mean, cov, known, [3, 1], np.ones((2, len(known))), 1e-6)


@subpart("8g")
def test_condition_leaves_its_arguments(student: Student) -> None:
    """The mean and the covariance of the world are still needed afterwards."""
    mean, cov = _world(4)
    arguments = {"mean": mean, "cov": cov, "known": np.array([0, 2]), "wanted": np.array([1])}
    expect_unchanged(student.other_models.condition, **arguments, values=np.ones((2, 2)), jitter=0.1)
