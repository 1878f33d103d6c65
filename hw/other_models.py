"""Part 8: other models than p(s' | s, a) (Torabi et al. 2018, "BCO"; Ghosh et al. 2021, "GCSL"; Bishop 2006, 2.3.1).

A forward model predicts what an action leads to. The same data (s, a, s') teach other things as well:

    inverse model     p(a | s, s')               which action leads there?        a policy: ask for a step to the goal
    n-step inverse    p(a_t … | s_t, s_t+n, n)   ... in n steps?                  one action, or the whole chunk of them
    future            p(s_t+1 … s_t+n | s_t)     how does it go on?               no actions: a video would do
    in-between        p(s_t+1 … | s_t, s_t+n+1)  how did it get there?
    joint             p(s, a, s')                all of them: condition it on what is known

Shapes: N episodes of T steps: `obs` (N, T+1, O) and `actions` (N, T, A); `places` (N, T+1, G) holds φ(s), the achieved
goal of every state, so action t leads from places[:, t] to places[:, t+1]. B rows in a batch. Every function leaves
its arguments unchanged.
"""

import numpy as np


def inverse_pairs(obs: np.ndarray, places: np.ndarray, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What an inverse model is fitted to: for each transition, the input (s_t, φ(s_t+1) - φ(s_t)) and the target a_t.

    The rows are in the order of the data: all T transitions of the first episode, then those of the second, and so on.
    No row joins two episodes. Returns: inputs (N·T, O+G), targets (N·T, A).
    """
    # TODO(8a): an episode has one more state than it has moves: which state belongs to a move?
    raise NotImplementedError("TODO(8a): pairs for an inverse model")
    rows, columns = len(obs) * actions.shape[1], obs.shape[2] + places.shape[2]
    assert inputs.shape == (rows, columns), "a state and a move for each transition: (N·T, O+G)"
    assert targets.shape == (rows, actions.shape[2]), "an action for each transition: (N·T, A)"
    return inputs, targets


def step_towards(place: np.ndarray, goal: np.ndarray, longest: float) -> np.ndarray:
    """The move to ask the inverse model for: straight from place to goal, but no longer than `longest` (Euclidean).

    From farther away, the move has exactly the length `longest`. From nearer it is the whole rest, which is 0 at the
    goal itself. Args: place, goal (B, G); longest > 0, metres. Returns: (B, G).
    """
    # TODO(8b): the direction is that of the goal; only the length changes, and only if it is too long
    raise NotImplementedError("TODO(8b): a step towards the goal")
    assert move.shape == goal.shape, "one move for each row: (B, G)"
    return move


def n_step_pairs(
    obs: np.ndarray, places: np.ndarray, actions: np.ndarray, longest: int, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Draw what an n-step inverse model is fitted to: `count` rows, with replacement, each by its own draws.

    A row's episode is uniform over all N, its n over 1 … longest, and then its t over all steps with t + n <= T.
    Its input is (s_t, φ(s_t+n) - φ(s_t), n). Its chunk holds the n actions a_t … a_t+n-1 that led there, then zeros up
    to the length `longest`. Its first entry is the target of a model of one action.
    Args: longest, 1 … T. Returns: inputs (count, O+G+1), chunks (count, longest, A).
    """
    # TODO(8c): n comes before t: only then it is known which t leave room for n steps
    raise NotImplementedError("TODO(8c): pairs many steps apart")
    columns = obs.shape[2] + places.shape[2] + 1
    assert inputs.shape == (count, columns), "state, move and n: (count, O+G+1)"
    assert chunks.shape == (count, longest, actions.shape[2]), "the actions of each row: (count, longest, A)"
    return inputs, chunks


def steps_left(step: int, n: int) -> int:
    """What to tell an n-step inverse model at step 0, 1, 2, … of an episode: how many steps are left to the goal.

    It counts down: n, n-1, …, 1, and then begins again: n, n-1, … Who always says n is always told to take its time.
    """
    # TODO(8d): write down what is to be said for n = 3 at steps 0 to 6
    raise NotImplementedError("TODO(8d): the steps left")
    assert np.shape(left) == (), "one number"
    return left


def future_pairs(states: np.ndarray, places: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """What a model of the future is fitted to, from states alone: the input s_t, and as the target the n places that
    follow, seen from φ(s_t): φ(s_t+1) - φ(s_t), …, φ(s_t+n) - φ(s_t).

    The rows are t = 0 … T-n of the first episode in order, then those of the next, and so on.
    Args: states (N, T+1, S), what the model sees; n, 1 … T. Returns: inputs (M, S), futures (M, n, G), M = N·(T+1-n).
    """
    # TODO(8e): how many t have n states after them? and what do all n places of a row have in common?
    raise NotImplementedError("TODO(8e): pairs for a model of the future")
    rows = len(states) * (states.shape[1] - n)
    assert inputs.shape == (rows, states.shape[2]), "a state for each row: (M, S)"
    assert futures.shape == (rows, n, places.shape[2]), "n places for each row: (M, n, G)"
    return inputs, futures


def between(start: np.ndarray, end: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """The n places between start and end: evenly spaced on the straight line, plus what a model adds to it.

    Place i = 1 … n is start + i / (n + 1) · (end - start) + its residual, so neither start nor end is among them.
    Args: start, end (B, G), residual (B, n, G). Returns: (B, n, G).
    """
    # TODO(8f): n places cut the line into n + 1 pieces
    raise NotImplementedError("TODO(8f): states in between")
    assert middle.shape == residual.shape, "n places for each row: (B, n, G)"
    return middle


def condition(
    mean: np.ndarray, cov: np.ndarray, known: np.ndarray, wanted: np.ndarray, values: np.ndarray, jitter: float
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """The Gaussian of the columns `wanted` of x ~ N(mean, cov), if the columns `known` have these values:

        mean_w + C_wk K⁻¹ (values - mean_k)   and   C_ww - C_wk K⁻¹ C_kw,   K = C_kk + jitter · I

    C_wk holds the rows `wanted` and the columns `known` of cov. The jitter keeps K invertible if a
    known column never varies.
    Args: mean (D,), cov (D, D); known (k,) and wanted (w,), indices 0 … D-1 in any order; values (B, k), in the order
        of `known`. Returns: mean (B, w), in the order of `wanted`, and cov (w, w), the same for each row.
    """
    # TODO(8g): write the blocks of cov down first: known and known, known and wanted, wanted and wanted
    raise NotImplementedError("TODO(8g): conditioning a Gaussian")
    assert new_mean.shape == (len(values), len(wanted)), "a mean for each row: (B, w)"
    assert new_cov.shape == (len(wanted), len(wanted)), "one covariance for all rows: (w, w)"
    return new_mean, new_cov
