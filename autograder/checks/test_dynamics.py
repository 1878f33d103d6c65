"""Part 1, public checks: small cases that can be followed with pencil and paper."""

from __future__ import annotations

import numpy as np

from autograder.checks.checking import (
    Rng,
    Student,
    Tensor,
    expect,
    expect_array,
    expect_close,
    expect_normal,
    expect_unchanged,
    expect_whole,
    subpart,
)
from autograder.checks.mistakes import NO_VIEWS, float32_sums, on_error, recognise

# --- 1a: normalised inputs and targets ---


def pairs(student: Student, obs: np.ndarray, actions: np.ndarray, next_obs: np.ndarray) -> tuple:
    """(inputs, targets, stats) of the submission, with the shapes that they must have."""
    answer = student.dynamics.normalized_pairs(obs, actions, next_obs)
    expect(
        isinstance(answer, tuple | list) and len(answer) == 3,
        "`normalized_pairs` must return inputs, targets and stats",
    )
    inputs, targets, stats = answer
    columns, width = obs.shape[1] + actions.shape[1], obs.shape[1]
    expect_array(inputs, (len(obs), columns), name="normalized_pairs (inputs)")
    expect_array(targets, (len(obs), width), name="normalized_pairs (targets)")
    shapes = {"input_mean": columns, "input_std": columns, "delta_mean": width, "delta_std": width}
    for key, length in shapes.items():
        expect(isinstance(stats, dict) and key in stats, f"`stats` has no entry {key!r}")
        expect_array(stats[key], (length,), name=f"normalized_pairs (stats[{key!r}])")
    return inputs, targets, stats


# Four transitions in which every number comes out even.
OBS = np.array([[0.0, 10.0], [2.0, 10.0], [0.0, 30.0], [2.0, 30.0]])
ACTIONS = np.array([[1.0], [1.0], [3.0], [3.0]])
DELTAS = np.array([[3.0, -0.5], [5.0, 0.5], [5.0, -0.5], [3.0, 0.5]])


@subpart("1a")
def test_targets_are_normalised_changes(student: Student) -> None:
    """The targets are the normalised changes s' - s: [3, 5, 5, 3] becomes [-1, 1, 1, -1]."""
    _, targets, _ = pairs(student, OBS, ACTIONS, OBS + DELTAS)
    wanted = np.array([[-1.0, -1.0], [1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]])
    next_obs = OBS + DELTAS
    typical = {
        "the targets are the next states, but the networks learn the change s' - s": (
            next_obs - next_obs.mean(0)
        )
        / next_obs.std(0),
        "the change has the wrong sign: it is next_obs - obs": -wanted,
        "the changes are not normalised: subtract their mean and divide by their standard deviation": DELTAS,
        "the changes are centred, but not divided by their standard deviation": DELTAS - DELTAS.mean(0),
        "the standard deviation divides by N - 1; np.std's default, N, is wanted": wanted * np.sqrt(3 / 4),
        "all columns share one mean and one standard deviation; each column has its own (axis=0)": (
            DELTAS - DELTAS.mean()
        )
        / DELTAS.std(),
    }
    expect_close(
        targets,
        wanted,
        recognise(targets, "the targets are not the normalised changes of the state", typical),
    )


@subpart("1a")
def test_inputs_are_normalised_states_and_actions(student: Student) -> None:
    """The inputs are states and actions side by side, each column normalised by itself."""
    inputs, _, _ = pairs(student, OBS, ACTIONS, OBS + DELTAS)
    wanted = np.array([[-1.0, -1.0, -1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    raw = np.concatenate([OBS, ACTIONS], axis=1)
    typical = {
        "the actions come first in the inputs; the states do": wanted[:, [2, 0, 1]],
        "the inputs are not normalised": raw,
        "the inputs are centred, but not divided by their standard deviation": raw - raw.mean(0),
        "only the states are normalised; the actions belong to the inputs too": np.concatenate(
            [wanted[:, :2], ACTIONS], axis=1
        ),
        "all columns share one mean and one standard deviation; each column has its own (axis=0)": (
            raw - raw.mean()
        )
        / raw.std(),
    }
    expect_close(
        inputs, wanted, recognise(inputs, "the inputs are not the normalised states and actions", typical)
    )


@subpart("1a")
def test_columns_that_never_change(student: Student) -> None:
    """A column that never changes is divided by 1, so it becomes 0, and not NaN."""
    obs, actions, next_obs = OBS.copy(), np.full((4, 1), 0.3), OBS + DELTAS
    obs[:, 0] = 7.0
    next_obs[:, 0] = 7.25
    answer = student.dynamics.normalized_pairs(obs, actions, next_obs)
    arrays = [x for x in answer[:2] if isinstance(x, np.ndarray)]
    expect(
        all(np.isfinite(x).all() for x in arrays),
        "a column that never changes becomes NaN or infinite: its standard deviation is 0",
    )
    inputs, targets, stats = pairs(student, obs, actions, next_obs)
    still = np.abs(inputs).max(axis=0) < 1e-6
    expect(still.sum() == 2, "the two columns of the inputs that never change, and no others, must become 0")
    expect_close(targets[:, 0], np.zeros(4), "a change that is always the same must become a target of 0")
    expect_close(stats["delta_std"][:1], [1.0], "`delta_std` must be 1 where the change is always the same")
    expect_close(stats["input_std"][still], np.ones(2), "`input_std` must be 1 where an input never changes")


@subpart("1a")
def test_long_columns_of_float32(student: Student) -> None:
    """D_env holds float32: 1,000 or 100,000 rows of it are normalised as well as four."""
    rng = np.random.default_rng(13)
    for rows in (1_000, 100_000):
        # A position in metres, one that stays where it is, an angle, a tiny velocity.
        obs = rng.normal([1.34, 1.3419, -0.7, 2e-4], [0.02, 0.0, 1.5, 1e-5], (rows, 4)).astype(np.float32)
        changes = rng.normal([0.7, 0.1, 0.0, 1e-5], [0.005, 0.0, 0.2, 1e-5], (rows, 4))
        next_obs = obs + changes.astype(np.float32)
        actions = np.stack([np.full(rows, 0.3), rng.uniform(-1, 1, rows)], axis=1).astype(np.float32)
        inputs, targets, stats = pairs(student, obs, actions, next_obs)
        for name, columns, values, prefix, still in (
            ("inputs", np.concatenate([obs, actions], axis=1), inputs, "input", [1, 4]),
            ("targets", next_obs - obs, targets, "delta", [1]),
        ):
            mean, std = stats[f"{prefix}_mean"], stats[f"{prefix}_std"]
            cause = f"{rough}; " if (rough := float32_sums(columns, mean, std)) else ""
            becomes_0 = np.abs(values).max(axis=0) < 1e-6
            what = f"{cause}with {rows:,} rows of float32, a column of the {name}"
            expect(becomes_0.sum() >= len(still), f"{what} that never changes does not become 0")
            expect_close(
                std[becomes_0],
                np.ones(becomes_0.sum()),
                f"{what} that never changes does not have the standard deviation 1 in `stats`",
            )
            moving = values[:, ~becomes_0].astype(np.float64)
            width = moving.shape[1]
            expect_close(moving.mean(axis=0), np.zeros(width), f"{what} does not have mean 0", atol=1e-3)
            expect_close(
                moving.std(axis=0), np.ones(width), f"{what} does not have standard deviation 1", atol=1e-3
            )


@subpart("1a")
def test_stats_undo_the_normalisation(student: Student) -> None:
    """`stats` holds what was subtracted and divided by: targets · delta_std + delta_mean = s' - s."""
    rng = np.random.default_rng(11)
    obs, actions = rng.normal(3.0, [1.0, 20.0, 0.01], (50, 3)), rng.uniform(-1, 1, (50, 2))
    deltas = rng.normal(0.1, [0.5, 1.0, 0.002], (50, 3))
    inputs, targets, stats = pairs(student, obs, actions, obs + deltas)
    expect_close(
        inputs * stats["input_std"] + stats["input_mean"],
        np.concatenate([obs, actions], axis=1),
        "inputs · input_std + input_mean does not give back the states and actions",
    )
    expect_close(
        targets * stats["delta_std"] + stats["delta_mean"],
        deltas,
        "targets · delta_std + delta_mean does not give back the changes s' - s",
    )
    expect_close(targets.std(axis=0), np.ones(3), "each column of the targets must have standard deviation 1")


@subpart("1a")
def test_normalising_leaves_its_arguments(student: Student) -> None:
    """The transitions are still needed afterwards, and stay as they are."""
    expect_unchanged(student.dynamics.normalized_pairs, obs=OBS, actions=ACTIONS, next_obs=OBS + DELTAS)


# --- 1b: bounded log-variance ---


@subpart("1b")
def test_bounded_log_var_by_hand(student: Student) -> None:
    """Between -1 and 1: raw 0 gives x = 1 - softplus(1) = -0.3133, then -1 + softplus(x + 1) = 0.0944."""
    raw = np.array([-3.0, 0.0, 3.0])
    actual = student.dynamics.bounded_log_var(Tensor(raw), -1.0, 1.0)
    softplus = lambda x: np.logaddexp(0.0, x)  # noqa: E731
    from_below = -1.0 + softplus(raw + 1.0)
    typical = {
        "this clips; the bound must be smooth, with softplus": np.clip(raw, -1.0, 1.0),
        "the lower bound comes first here; begin with the upper one": 1.0 - softplus(1.0 - from_below),
        "only the upper bound is there": 1.0 - softplus(1.0 - raw),
        "only the lower bound is there": from_below,
        "this squashes with a sigmoid; the equation uses softplus": -1.0 + 2.0 / (1.0 + np.exp(-raw)),
        "the bounds passed in are ignored in favour of the default ones": -10
        + softplus(10.5 - softplus(0.5 - raw)),
    }
    # By hand: x = 1 - softplus(1 - raw) = (-3.01815, -0.31326, 0.87307), then -1 + softplus(x + 1).
    wanted = np.array([-0.8752183, 0.0943443, 1.0160036])
    expect_close(
        actual,
        wanted,
        recognise(
            actual, "this is not low + softplus(x - low) with x = high - softplus(high - raw)", typical
        ),
    )


@subpart("1b")
def test_bounded_log_var_extremes(student: Student) -> None:
    """However large the raw value, the log-variance stays finite and between the bounds -10 and 0.5."""
    raw = np.array([-1e4, -300.0, -20.0, -4.75, 20.0, 300.0, 1e4])
    actual = student.dynamics.bounded_log_var(Tensor(raw))
    if isinstance(actual, np.ndarray):
        sentence = "for large values the result is not finite (log(1 + exp(x)) overflows, softplus does not)"
        expect(np.isfinite(actual), sentence)
    actual = expect_array(actual, (7,), name="bounded_log_var")
    # The two softplus overlap by log(1 + exp(-10.5)) = 0.00003.
    expect(np.all((actual >= -10.0001) & (actual <= 0.5001)), "a log-variance lies outside the bounds")
    expect_close(
        actual[3:4], [-4.75], "half-way between the bounds the value should hardly change", atol=0.001
    )
    _, (gradient,) = student.value_and_grad("dynamics", "bounded_log_var", [Tensor(raw)])
    finite = gradient is None or np.isfinite(gradient).all()
    sentence = "for large values the gradient is not finite (that of log(1 + exp(x)) is NaN, that of softplus is not)"
    expect(finite, sentence)


@subpart("1b")
def test_bounded_log_var_keeps_its_gradient(student: Student) -> None:
    """Just beyond a bound the gradient is small but not 0, so that training can come back."""
    raw = np.array([-12.0, -9.5, -4.0, 0.3, 3.0])
    _, (gradient,) = student.value_and_grad("dynamics", "bounded_log_var", [Tensor(raw)])
    expect(gradient is not None, "no gradient flows through the bounds (is something detached?)")
    gradient = expect_array(gradient, (5,), name="the gradient of `bounded_log_var`")
    expect(
        gradient > 0.01,
        "just beyond a bound the gradient must stay above 0.01, so that training can come back",
    )


@subpart("1b")
def test_bounds_of_a_part_of_the_net_output(student: Student) -> None:
    """As in training: (E, B, O) cut out of what the net gives, and only the lower bound passed in, by name."""
    raw = np.linspace(-6.0, 3.0, 12).reshape(2, 3, 2)
    bounded, low = student.dynamics.bounded_log_var, -2.0
    whole = expect_array(bounded(Tensor(raw), low=low), raw.shape, name="bounded_log_var")
    with on_error(NO_VIEWS):
        cut = student.given.call_strided(bounded, Tensor(raw), low=low)
    expect_close(cut, whole, "the bounded log-variance differs where the tensor is a view of a larger one")
    softplus = lambda x: np.logaddexp(0.0, x)  # noqa: E731
    below_high = 0.5 - softplus(0.5 - raw)
    wanted = low + softplus(below_high - low)
    typical = {"`low` alone is passed in, by name, and is ignored": -10.0 + softplus(below_high + 10.0)}
    sentence = "with low = -2 passed in by name, and high left at MAX_LOG_VAR, the values are wrong"
    expect_close(whole, wanted, recognise(whole, sentence, typical), atol=1e-5)


# --- 1c: Gaussian negative log-likelihood ---


@subpart("1c")
def test_nll_of_one_number(student: Student) -> None:
    """Mean 1, variance 4, target 3: 1/2 · [(3 - 1)² / 4 + log 4] = 1.1931."""
    mean, log_var, target = (np.full((1, 1, 1), x) for x in (1.0, np.log(4.0), 3.0))
    actual = student.dynamics.gaussian_nll(Tensor(mean), Tensor(log_var), Tensor(target))
    typical = {
        "the factor 1/2 is missing": [1 + np.log(4)],
        "the constant log 2π is in the loss; it is left out here": [0.5 * (1 + np.log(8 * np.pi))],
        "the squared error is multiplied by the variance instead of divided": [0.5 * (16 + np.log(4))],
        "the log-variance is taken for the variance itself": [0.5 * (4 / np.log(4) + np.log(np.log(4)))],
        "the log-variance is taken for the log of the standard deviation": [0.5 * 4 / 16 + np.log(4)],
        "the squared error is divided by exp(2 · log_var), the square of the variance": [
            0.5 * (4 / 16 + np.log(4))
        ],
        "the squared error is divided by the standard deviation instead of the variance": [
            0.5 * (2 + np.log(4))
        ],
        "the term + log_var is missing: without it a huge variance makes any error free": [0.5],
        "the term log_var has the wrong sign": [0.5 * (1 - np.log(4))],
        "only the squared error has the factor 1/2; log_var has it too": [0.5 + np.log(4)],
        "the error is not squared": [0.5 * (0.5 + np.log(4))],
    }
    expect_close(
        actual,
        np.array([1.1931472]),
        recognise(actual, "this is not the Gaussian negative log-likelihood", typical),
    )


@subpart("1c")
def test_nll_is_a_loss_for_each_member(student: Student) -> None:
    """The average runs over rows and dimensions, and each member of the ensemble keeps its own loss."""
    first = np.array([[3.0, 3.0, 0.0], [2.0, 1.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    mean = np.stack([first, 2 * first])  # two members, four rows, three dimensions
    targets = np.zeros_like(mean)
    actual = student.dynamics.gaussian_nll(Tensor(mean), Tensor(np.zeros_like(mean)), Tensor(targets))
    squares = mean**2  # member 0: 24 in all, member 1: 96, over 12 numbers each
    typical = {
        "the average runs over the members too: each member needs a loss of its own": squares.mean() / 2,
        "every member has the average over all members: each needs a loss of its own": np.full(2, 2.5),
        "the sum is taken over rows and dimensions, not the average": squares.sum((1, 2)) / 2,
        "the dimensions are summed, not averaged": squares.sum(2).mean(1) / 2,
        "the rows are summed, not averaged": squares.mean(2).sum(1) / 2,
        "the average runs over the members: the last two axes are rows and dimensions": squares.mean((0, 1))
        / 2,
        "the average runs over the dimensions only; it runs over the rows too": squares.mean(2) / 2,
    }
    sentence = "with a log-variance of 0 a member's loss is not half of its average squared error"
    expect_close(actual, np.array([1.0, 4.0]), recognise(actual, sentence, typical), name="gaussian_nll")


@subpart("1c")
def test_nll_has_its_minimum_at_the_true_variance(student: Student) -> None:
    """The gradient pulls the mean towards the target and the variance towards the squared error."""
    mean, targets = np.zeros((1, 1, 3)), np.full((1, 1, 3), 2.0)
    log_var = np.log(4.0) + np.array([[[-1.0, 0.0, 1.0]]])  # too sure, just right, too unsure
    args = [Tensor(mean), Tensor(log_var), Tensor(targets)]
    _, (by_mean, by_log_var) = student.value_and_grad("dynamics", "gaussian_nll", args, wrt=(0, 1))
    expect(by_mean is not None, "no gradient reaches the mean (is it detached?)")
    expect(by_log_var is not None, "no gradient reaches the log-variance (is it detached?)")
    by_log_var = expect_array(by_log_var, (1, 1, 3), name="the gradient by log_var").ravel()
    expect_close(
        by_log_var[1:2], [0.0], "the loss must be smallest where the variance equals the squared error"
    )
    sentence = "the gradient must raise a variance that is too small, and lower one that is too large"
    expect(by_log_var[0] < 0 < by_log_var[2], sentence)
    wanted = -0.5 * np.exp([1.0, 0.0, -1.0]) / 3
    expect_close(
        by_mean,
        wanted.reshape(1, 1, 3),
        "the gradient by the mean is not (mean - target) / variance, divided by the count",
    )


@subpart("1c")
def test_nll_of_a_part_of_the_net_output(student: Student) -> None:
    """As in training: mean and log-variance are cut out of what the net gives, (E, B, 2 O)."""
    mean, log_var, targets = np.random.default_rng(14).normal(size=(3, 2, 5, 3))
    args = [Tensor(x) for x in (mean, log_var, targets)]
    whole = expect_array(student.dynamics.gaussian_nll(*args), (2,), name="gaussian_nll")
    with on_error(NO_VIEWS):
        cut = student.given.call_strided(student.dynamics.gaussian_nll, *args)
    expect_close(cut, whole, "the loss differs where the tensors are views of larger ones")


# --- 1d: bootstrap and hold-out ---


def split(student: Student, num_samples: int, members: int, fraction: float, seed: int) -> tuple:
    """(train, holdout) of the submission, with the shapes that they must have."""
    answer = student.dynamics.bootstrap_split(num_samples, members, fraction, Rng(seed))
    expect(
        isinstance(answer, tuple | list) and len(answer) == 2,
        "`bootstrap_split` must return train and holdout",
    )
    train, holdout = answer
    expect_array(holdout, (None,), name="bootstrap_split (holdout)", kind="int")
    expect_array(train, (members, num_samples - len(holdout)), name="bootstrap_split (train)", kind="int")
    both = np.concatenate([train.ravel(), holdout])
    expect((both >= 0) & (both < num_samples), "there are row numbers outside 0 … num_samples - 1")
    return train, holdout


@subpart("1d")
def test_size_of_the_holdout(student: Student) -> None:
    """round(fraction · N) rows are held out, but never fewer than one."""
    for num_samples, fraction, size in ((20, 0.25, 5), (18, 0.1, 2), (14, 0.1, 1)):
        _, holdout = split(student, num_samples, 2, fraction, seed=0)
        expect(len(holdout) == size, "the hold-out size is not round(holdout_fraction · num_samples)")
    _, holdout = split(student, 3, 2, 0.1, seed=0)
    expect(len(holdout) == 1, "with few samples round() gives 0, but at least one row must be held out")


@subpart("1d")
def test_nobody_trains_on_the_holdout(student: Student) -> None:
    """The rows held out are distinct, and no member ever trains on one of them."""
    train, holdout = split(student, 40, 5, 0.25, seed=1)
    expect(len(set(holdout.tolist())) == len(holdout), "a row is held out twice")
    expect(
        not set(train.ravel().tolist()) & set(holdout.tolist()), "a member trains on rows that are held out"
    )
    edges = ({*range(10)}, {*range(30, 40)})
    # By chance: 2 in 40 over 10, 2e-9.
    expect({*holdout.tolist()} not in edges, "the first or the last rows are held out; pick them at random")


@subpart("1d")
def test_each_member_has_its_own_bootstrap(student: Student) -> None:
    """A bootstrap sample is drawn with replacement, afresh for each member: about 63 % of the rows, some often."""
    train, _ = split(student, 200, 5, 0.1, seed=2)
    distinct = [len(set(member.tolist())) for member in train]
    # 180!/180^180 by chance.
    expect(max(distinct) < 180, "a member sees every row exactly once: bootstrap draws are with replacement")
    ordered = np.sort(train, axis=1)
    different = [not np.array_equal(ordered[i], ordered[j]) for i in range(5) for j in range(i)]
    expect(all(different), "two members train on the same sample: draw one for each member")
    expect(len(np.unique(train)) > 160, "many rows are in nobody's sample")  # each is with probability 0.993


@subpart("1d")
def test_split_draws_from_the_generator(student: Student) -> None:
    """All randomness comes from `rng`: the same seed gives the same split, another seed another one."""
    first, again, other = (split(student, 60, 3, 0.2, seed) for seed in (3, 3, 4))
    expect(
        all(np.array_equal(a, b) for a, b in zip(first, again, strict=True)),
        "the same generator gave two different splits: not all of the draws come from `rng`",
    )
    expect(
        not np.array_equal(first[0], other[0]), "the bootstrap samples do not depend on the generator `rng`"
    )
    expect(not np.array_equal(first[1], other[1]), "the hold-out rows do not depend on the generator `rng`")


# --- 1e: early stopping ---


def bookkeeping(student: Student, best: list, losses: list, stale: int, **options: float) -> tuple:
    """(improved, new best, stale epochs) of the submission."""
    answer = student.dynamics.early_stopping(np.array(best), np.array(losses), stale, **options)
    expect(
        isinstance(answer, tuple | list) and len(answer) == 3,
        "`early_stopping` must return improved, new best and stale epochs",
    )
    improved, new_best, stale_epochs = answer
    expect_array(improved, (len(best),), name="early_stopping (improved)", kind="bool")
    expect_array(new_best, (len(best),), name="early_stopping (new best)", finite=False)
    expect(not np.isnan(new_best).any(), "the new best holds NaN (inf - inf is not a number)")
    return improved, new_best, expect_whole(stale_epochs, "`stale_epochs` must be a whole number")


@subpart("1e")
def test_small_improvements_do_not_count(student: Student) -> None:
    """With min_improvement 0.01, going from 1 to 0.995 is no improvement, going from 1 to 0.98 is one."""
    improved, new_best, _ = bookkeeping(student, [1.0, 1.0, 1.0, 100.0], [0.995, 0.98, 1.5, 99.5], 0)
    expect(not improved[2], "a loss that went up counts as an improvement")
    expect(improved[1], "a loss that fell by 2 % does not count as an improvement")
    expect(not improved[0], "an improvement by less than min_improvement · |best| counts as one")
    expect(
        not improved[3],
        "from 100 to 99.5 is no improvement: the margin is a share of |best|",
    )
    expect(
        new_best[0] == 1.0,
        "the best moves although the member has not improved enough: many tiny steps would never stop the training",
    )
    expect_close(
        new_best,
        [1.0, 0.98, 1.0, 100.0],
        "the new best is not the loss where improved and the old best elsewhere",
    )


@subpart("1e")
def test_losses_may_be_negative(student: Student) -> None:
    """The margin is a share of |best|: from -2, a loss of -2.01 is no improvement, -2.03 is one."""
    best, losses = [-2.0, -2.0, -2.0, 1.0, 1.0], [-2.01, -2.03, -1.99, 0.995, 1.005]
    improved, new_best, stale = bookkeeping(student, best, losses, 0)
    without_abs = np.array([True, True, True, False, False])
    sentence = "the margin has the wrong sign for a negative best: it needs |best|"
    expect(not np.array_equal(improved, without_abs), sentence)
    expect(not improved[2], "from a best of -2, a loss of -1.99 is no improvement")
    expect(not improved[0], "from a best of -2, a loss of -2.01 is not enough of an improvement")
    expect(improved[1], "from a best of -2, a loss of -2.03 is an improvement")
    expect_close(
        new_best, [-2.0, -2.03, -2.0, 1.0, 1.0], "the new best is wrong where there are negative losses"
    )
    expect(stale == 0, "a member improved, so stale_epochs must be 0")


@subpart("1e")
def test_the_first_epoch_always_improves(student: Student) -> None:
    """Before the first epoch the best is infinite: any finite loss beats it."""
    improved, new_best, stale = bookkeeping(student, [np.inf, np.inf], [250.0, -3.0], 0)
    expect(improved, "a finite loss does not beat a best of infinity (note that m · |best| is infinite too)")
    expect_close(new_best, [250.0, -3.0], "after the first epoch the best is its loss")
    expect(stale == 0, "a member improved, so stale_epochs must be 0")


@subpart("1e")
def test_stale_epochs_count_and_start_again(student: Student) -> None:
    """`stale_epochs` grows by 1 when no member improves, and starts again at 0 as soon as one does."""
    _, _, stale = bookkeeping(student, [1.0, 2.0], [1.0, 2.5], 4)
    expect(stale == 5, "no member improved, so stale_epochs must grow by 1")
    _, _, stale = bookkeeping(student, [1.0, 2.0], [1.0, 1.0], 4)
    expect(stale != 5, "one member improved, which is enough to start counting again")
    expect(stale == 0, "a member improved, so stale_epochs must be 0")


@subpart("1e")
def test_early_stopping_leaves_its_arguments(student: Student) -> None:
    """The new best is a new array: `best` and `losses` themselves stay as they were."""
    best, losses = [1.0, 2.0, 3.0], [0.5, 2.5, 1.0]
    bookkeeping(student, best, losses, 1)
    expect_unchanged(
        student.dynamics.early_stopping, best=np.array(best), losses=np.array(losses), stale_epochs=1
    )


# --- 1f: sampling the next state ---

STATS = {
    "input_mean": np.array([5.0, 6.0, 7.0]),
    "input_std": np.array([8.0, 9.0, 11.0]),
    "delta_mean": np.array([0.5, -1.0]),
    "delta_std": np.array([2.0, 0.1]),
}
CERTAIN = -60.0  # a log-variance that leaves a standard deviation of 1e-13


@subpart("1f")
def test_change_is_added_in_original_units(student: Student) -> None:
    """s' = s + delta_mean + delta_std · sampled change; here the model is certain, so there is no noise."""
    obs, mean = np.array([[10.0, 20.0], [30.0, 40.0]]), np.array([[[1.0, 2.0], [-1.0, 0.5]]])
    log_var = np.full((1, 2, 2), CERTAIN)
    actual = student.dynamics.sample_next_obs(obs, mean, log_var, STATS, np.array([0]), Rng(0))
    shift, scale, change = STATS["delta_mean"], STATS["delta_std"], mean[0]
    typical = {
        "the change itself is returned; add it to the current state": shift + scale * change,
        "the change is still normalised: multiply by delta_std and add delta_mean": obs + change,
        "the rows are mixed up: row i is predicted by mean[member, i]": obs + shift + scale * change[::-1],
        "delta_mean is not added": obs + scale * change,
        "the change is not multiplied by delta_std": obs + shift + change,
        "the change is divided by delta_std; undoing the normalisation multiplies": obs
        + shift
        + change / scale,
        "delta_mean is subtracted; undoing the normalisation adds it": obs - shift + scale * change,
        "the mean is multiplied by delta_std too: first multiply, then add it": obs
        + scale * (change + shift),
        "the normalisation of the inputs is undone; the networks predict the change": obs
        + STATS["input_mean"][:2]
        + STATS["input_std"][:2] * change,
    }
    wanted = np.array([[12.5, 19.2], [28.5, 39.05]])
    expect_close(
        actual, wanted, recognise(actual, "this is not the state plus the predicted change", typical)
    )


@subpart("1f")
def test_members_are_drawn_among_the_elites(student: Student) -> None:
    """Each row is drawn from one elite: member e of 4 predicts the change e here, and the elites are 1 and 3."""
    rows = 200
    mean = np.broadcast_to(np.arange(4.0)[:, None, None], (4, rows, 2))
    stats = STATS | {"delta_mean": np.zeros(2), "delta_std": np.ones(2)}
    log_var, elites = np.full((4, rows, 2), CERTAIN), np.array([1, 3])
    actual = student.dynamics.sample_next_obs(np.zeros((rows, 2)), mean, log_var, stats, elites, Rng(0))
    actual = expect_array(actual, (rows, 2), name="sample_next_obs")
    expect(not np.allclose(actual, 2.0), "the elites' predictions are averaged; draw one elite for each row")
    known = np.isin(np.round(actual), range(4)) & (np.abs(actual - np.round(actual)) < 1e-6)
    expect(known, "a number is not what any one member predicts for it, although there is no noise")
    expect_close(actual[:, 0], actual[:, 1], "the dimensions of one row come from different members")
    drawn = set(np.round(actual[:, 0]).astype(int).tolist())
    expect(not drawn & {0, 2}, "members that are not elites are drawn: draw from the values in `elites`")
    expect(drawn == {1, 3}, "all rows use the same member; draw one afresh for every row")


@subpart("1f")
def test_noise_has_the_predicted_variance(student: Student) -> None:
    """The sampled change has standard deviation exp(log_var / 2), times delta_std in original units."""
    rows = 3000
    mean, log_var = np.zeros((1, rows, 2)), np.full((1, rows, 2), np.log(9.0))
    stats = STATS | {"delta_mean": np.zeros(2), "delta_std": np.array([2.0, 0.1])}
    obs = np.zeros((rows, 2))
    actual = student.dynamics.sample_next_obs(obs, mean, log_var, stats, np.array([0]), Rng(1))
    noise = expect_array(actual, (rows, 2), name="sample_next_obs") / stats["delta_std"]
    spread = noise.std()
    in_original_units = np.abs(noise.std(axis=0) * stats["delta_std"] / 3 - 1) < 0.1
    expect(
        not in_original_units.all(),
        "the noise is not multiplied by delta_std: sample first, then undo the normalisation",
    )
    expect(np.abs(noise).max() > 0.01, "there is no noise: the next state is a sample, not the mean")
    expect(len(np.unique(noise[:, 0])) > rows // 2, "rows share their noise; draw it afresh for every row")
    expect(
        not np.allclose(noise[:, 0], noise[:, 1]),
        "the dimensions share their noise; draw it for each of them",
    )
    # A sample standard deviation of 6000 normal numbers is within 5 % of the true one but for 1 in 10^7.
    expect(abs(spread / 9 - 1) > 0.1, "exp(log_var) is the variance; the noise needs its square root")
    expect(abs(spread / np.log(9) - 1) > 0.1, "log_var itself is used as the standard deviation")
    expect(abs(spread / 81 - 1) > 0.1, "exp(2 · log_var) is used as the standard deviation")
    # False alarm below 1e-7: `expect_normal` counts all 6000 independent numbers in 10 bins.
    expect_normal(noise, 0.0, 3.0, "the noise is not normal with standard deviation exp(log_var / 2)")


@subpart("1f")
def test_mean_and_noise_come_from_one_member(student: Student) -> None:
    """Member 0 is certain of the change 0, member 1 expects 100 and is not: no row is an uncertain 0."""
    rows = 200
    mean, log_var = np.zeros((2, rows, 1)), np.full((2, rows, 1), CERTAIN)
    mean[1], log_var[1] = 100.0, 0.0
    stats = STATS | {"delta_mean": np.zeros(1), "delta_std": np.ones(1)}
    actual = student.dynamics.sample_next_obs(
        np.zeros((rows, 1)), mean, log_var, stats, np.array([0, 1]), Rng(3)
    )
    actual = expect_array(actual, (rows, 1), name="sample_next_obs")
    certain = np.abs(actual) < 50.0
    # Of 200 standard normal numbers, 5 or more lie this close to 0 with probability below 1e-10.
    mixed = [(np.abs(actual[certain]) > 1e-4).sum(), (np.abs(actual[~certain] - 100.0) < 1e-4).sum()]
    spread = np.abs(actual - np.where(certain, 0.0, 100.0))
    sentence = "a row has the mean of one member and the noise of another: draw the member once for each row"
    expect(min(mixed) < 5 or spread.max() > 6.0 or (spread[certain] < 1e-4).sum() < 5, sentence)
    sentence = (
        "a row is neither 0 without noise nor 100 with noise, as its member, for mean and variance, predicts"
    )
    expect(mixed[0] == 0 and mixed[1] < 5, sentence)


@subpart("1f")
def test_sampling_draws_from_the_generator(student: Student) -> None:
    """All randomness comes from `rng`, and the arrays passed in stay as they are."""
    rng = np.random.default_rng(12)
    obs, mean, log_var = rng.normal(size=(40, 2)), rng.normal(size=(3, 40, 2)), np.zeros((3, 40, 2))
    args = (obs, mean, log_var, STATS, np.array([0, 2]))
    first, again, other = (
        expect_array(student.dynamics.sample_next_obs(*args, Rng(seed)), (40, 2), name="sample_next_obs")
        for seed in (5, 5, 6)
    )
    expect(
        np.array_equal(first, again),
        "the same generator gave two different samples: not all of the draws come from `rng`",
    )
    expect(not np.allclose(first, other), "the sample does not depend on the generator `rng`")
    names = ("obs", "mean", "log_var", "stats", "elites")
    arguments = dict(zip(names, args, strict=True))
    expect_unchanged(student.dynamics.sample_next_obs, **arguments, rng=Rng(5))


@subpart("1f")
def test_a_step_as_the_model_takes_it(student: Student) -> None:
    """float32 as in training, cut out of what the net gives, and with the noise all but switched off, as by default."""
    rng = np.random.default_rng(15)
    obs, mean = (rng.normal(size=shape).astype(np.float32) for shape in ((50, 2), (2, 50, 2)))
    log_var = rng.uniform(-70.0, -60.0, mean.shape).astype(np.float32)  # with `model_noise` 0: see model.py
    args = (obs, mean, log_var, STATS, np.array([1]), Rng(4))
    sample_next_obs = student.dynamics.sample_next_obs
    wanted = obs + STATS["delta_mean"] + STATS["delta_std"] * mean[1]
    sentence = "with a log-variance of -60 or less a sample is the mean, but this one is not"
    expect_close(sample_next_obs(*args), wanted, sentence, name="sample_next_obs")
    with on_error(NO_VIEWS):
        cut = student.given.call_strided(sample_next_obs, *args)
    expect_close(cut, wanted, "the next states are wrong where the arrays are views of larger ones")
