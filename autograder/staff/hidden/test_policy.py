"""Part 3, the goal-conditioned policy: fresh networks and batches, odd shapes, against the reference."""

from statistics import NormalDist

import numpy as np
import torch

from autograder.checks.checking import (
    Rng,
    Student,
    Tensor,
    expect,
    expect_array,
    expect_close,
    expect_probability,
    expect_uniform,
    subpart,
)
from autograder.checks.independence import expect_independent_rows, own_rng, spread
from autograder.checks.mistakes import expect_no_repeat, on_wrong_shape, recognise
from autograder.checks.networks import with_weights
from autograder.checks.statistics import is_gaussian, normal_to_uniform
from solutions import policy as reference

ONE_ACTION_A_ROW = "the actor gives one action for each row of the batch: shape (B, A)"
TWO_AXES = (
    "Q-values have the shape (E, B): the last axis of length 1 goes, and no other, and critics come first"
)
ONE_TARGET_A_ROW = "there is one target for each row of the batch, for all critics together: shape (B,)"
SCALAR = "a loss is a single number: average or sum over all axes"


VIEWS = "the result is wrong where the tensors are views of larger ones"


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**30))


def _twice(*shapes: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Each shape twice in a row, so that whoever keeps something from the first call is found."""
    return [shape for shape in shapes for _ in range(2)]


def _huber(errors: np.ndarray, delta: float) -> np.ndarray:
    """The square of each error up to `delta`, beyond it a straight line."""
    return np.where(np.abs(errors) <= delta, errors**2, 2 * delta * np.abs(errors) - delta**2)


def _tensors(*arrays: np.ndarray) -> list[torch.Tensor]:
    """float32 as a submission gets them."""
    return [torch.as_tensor(np.asarray(array, dtype=np.float32)) for array in arrays]


def _twin(student: Student, rng: np.random.Generator, name: str, *sizes: object, **options: object) -> tuple:
    """A network of the submission and one of the reference, with the same fresh weights, and its names for them."""
    own = getattr(reference, name)(*sizes, **options)
    state = {key: rng.normal(0.0, 0.5, size=tuple(value.shape)) for key, value in own.state_dict().items()}
    state = {key: value.astype(np.float32) for key, value in state.items()}
    own.load_state_dict({key: torch.as_tensor(value) for key, value in state.items()})
    theirs = getattr(student.policy, name)(*sizes, **options)
    return theirs, own, with_weights(student, theirs, state)


def _same_gradients(
    found: list, outputs: torch.Tensor, own: torch.nn.Module, names: dict, inputs: list, sentence: str
) -> None:
    """Compare gradients of the summed outputs by the weights (a dict) and the inputs (arrays) to the reference's.

    `names` maps the reference's name of each parameter to the submission's.
    """
    theirs = [names[name] for name, _ in own.named_parameters()]
    wanted = torch.autograd.grad(outputs.sum(), [*own.parameters(), *inputs])
    by_weights, *by_inputs = found
    expect(
        all(by_weights.get(name) is not None for name in theirs) and all(g is not None for g in by_inputs),
        "no gradient reaches some of the weights or inputs: detach none of them, and leave none out",
    )
    for grad, target in zip([*(by_weights[name] for name in theirs), *by_inputs], wanted, strict=True):
        expect_close(grad, target.numpy(), sentence, atol=1e-4)


# --- 3a ---


@subpart("3a")
def test_actor_of_any_size(student: Student, fresh_rng: np.random.Generator) -> None:
    """The same actions as the reference with the same weights, for networks and batches of many shapes."""
    sizes = ((17, 10, 3, 4), (3, 3, 3, 3), (2, 4, 2, 1), (1, 5, 3, 2), (3000, 25, 3, 4))
    for batch, obs_dim, goal_dim, action_dim in sizes:
        dims = (obs_dim, goal_dim, action_dim)
        actor, own, _ = _twin(student, fresh_rng, "Actor", *dims, hidden=(8, 6))
        before = None
        for scale in (1.0, 3.0):  # of one shape: whoever keeps something from the first call is found
            obs, goals = (
                scale * fresh_rng.normal(size=(batch, obs_dim)),
                fresh_rng.normal(size=(batch, goal_dim)),
            )
            with torch.no_grad():
                wanted = own(*_tensors(obs, goals)).numpy()
                raw = own.net(torch.cat(_tensors(obs, goals), dim=-1)).numpy()
                swapped = torch.tanh(own.net(torch.cat(_tensors(goals, obs), dim=-1))).numpy()
            with on_wrong_shape(ONE_ACTION_A_ROW):
                actions = student.policy.Actor.forward(actor, Tensor(obs), Tensor(goals))
            # A small net may have no active unit, and then the same action twice.
            if before is not None and not np.array_equal(before[1], wanted):
                expect_no_repeat(before[0], actions)
            before = actions, wanted
            many = "in a batch of 3000 rows some actions are not tanh of what the net makes of [observation, goal]"
            sentence = recognise(
                actions,
                many
                if batch == 3000
                else "the actions are not tanh of what the net makes of [observation, goal]",
                {
                    "the actions are rounded to 16 bits": wanted.astype(np.float16),
                    "the net's output is cut off before tanh": np.tanh(np.clip(raw, -5, 5)),
                    "the net got the goal first: it expects the observation, then the goal": swapped,
                    "tanh is missing: the net's output is unbounded": raw,
                    "the actions are clipped; tanh is smooth, and lets gradients through": np.clip(
                        raw, -1, 1
                    ),
                    "2 · sigmoid(x) - 1 is tanh(x / 2), not tanh(x)": np.tanh(raw / 2),
                },
            )
            expect_close(actions, wanted, sentence, name="Actor.forward", atol=1e-5)
    strided = student.given.call_strided(student.policy.Actor.forward, actor, Tensor(obs), Tensor(goals))
    expect_close(strided, wanted, VIEWS, name="Actor.forward", atol=1e-5)


@subpart("3a")
def test_gradients_of_the_actor(student: Student, fresh_rng: np.random.Generator) -> None:
    """The same gradients as the reference, by all weights and by the inputs."""
    actor, own, names = _twin(student, fresh_rng, "Actor", 4, 2, 3, hidden=(7,))
    obs, goals = _tensors(fresh_rng.normal(size=(5, 4)), fresh_rng.normal(size=(5, 2)))
    arguments = [actor, Tensor(obs.numpy()), Tensor(goals.numpy())]
    _, found = student.value_and_grad("policy", "Actor.forward", arguments, wrt=(0, 1, 2))
    inputs = [obs.requires_grad_(), goals.requires_grad_()]
    _same_gradients(found, own(*inputs), own, names, inputs, "the gradients of the actions are wrong")


# --- 3b ---


@subpart("3b")
def test_critic_of_any_size(student: Student, fresh_rng: np.random.Generator) -> None:
    """The same Q-values as the reference with the same weights, for one and several critics, rows and goals."""
    for members, batch, goal_dim in ((2, 9, 3), (3, 3, 2), (1, 5, 3), (3, 1, 2), (1, 1, 1), (10, 2000, 3)):
        critic, own, _ = _twin(student, fresh_rng, "Critic", 4, goal_dim, 2, hidden=(8, 6), members=members)
        before = None
        for _ in range(2):  # of one shape: whoever keeps something from the first call is found
            inputs = [fresh_rng.normal(size=(batch, dim)) for dim in (4, 2, goal_dim)]
            with torch.no_grad():
                wanted = own(*_tensors(*inputs)).numpy()
                swapped = own.net(torch.cat(_tensors(inputs[0], inputs[2], inputs[1]), dim=-1))[
                    ..., 0
                ].numpy()
            with on_wrong_shape(TWO_AXES):
                q = student.policy.Critic.forward(critic, *(Tensor(x) for x in inputs))
            # A small net may have no active unit, and then the same Q-value twice.
            if before is not None and not np.array_equal(before[1], wanted):
                expect_no_repeat(before[0], q)
            before = q, wanted
            sentence = recognise(
                q,
                "the Q-values are not what the net makes of [observation, action, goal], critics first",
                {
                    "the net got the goal before the action: the order is observation, action, goal": swapped,
                    "the axes are swapped: critics first, then the rows of the batch": wanted.T,
                    "Q-values may be positive here: the clip belongs to the targets": np.minimum(wanted, 0.0),
                },
            )
            expect_close(q, wanted, sentence, name="Critic.forward", atol=5e-5)
    strided = student.given.call_strided(student.policy.Critic.forward, critic, *(Tensor(x) for x in inputs))
    expect_close(strided, wanted, VIEWS, name="Critic.forward", atol=5e-5)


@subpart("3b")
def test_gradients_of_the_critic(student: Student, fresh_rng: np.random.Generator) -> None:
    """The same gradients as the reference, by all weights and by the inputs."""
    critic, own, names = _twin(student, fresh_rng, "Critic", 4, 3, 2, hidden=(7,), members=2)
    inputs = _tensors(*(fresh_rng.normal(size=(6, dim)) for dim in (4, 2, 3)))
    arguments = [critic, *(Tensor(x.numpy()) for x in inputs)]
    _, found = student.value_and_grad("policy", "Critic.forward", arguments, wrt=(0, 1, 2, 3))
    inputs = [x.requires_grad_() for x in inputs]
    _same_gradients(found, own(*inputs), own, names, inputs, "the gradients of the Q-values are wrong")


# --- 3c ---


def _targets(
    student: Student, rewards: np.ndarray, masks: np.ndarray, next_q: np.ndarray, discount: float
) -> tuple[np.ndarray, np.ndarray]:
    """What the submission answers, and the reference."""
    with on_wrong_shape(ONE_TARGET_A_ROW):
        targets = student.policy.td_targets(Tensor(rewards), Tensor(masks), Tensor(next_q), discount)
    own_rewards, own_masks, own_q = _tensors(rewards, masks, next_q)
    return targets, reference.td_targets(own_rewards, own_masks, own_q, discount).numpy()


@subpart("3c")
def test_targets_of_any_batch(student: Student, fresh_rng: np.random.Generator) -> None:
    """Fresh rewards, masks and next Q-values, in batches of many shapes."""
    before = None
    for members, batch in _twice((2, 50), (5, 20), (3, 3), (1, 9), (3, 1), (1, 1), (10, 2000)):
        discount = 0.95 if batch > 9 else float(fresh_rng.choice([0.9, 0.98]))
        # A third of the rewards is 0, as sparse rewards are, and a third -1, with every mask.
        rewards = fresh_rng.choice([-1.0, 0.0, np.nan], size=batch)
        rewards = np.where(np.isnan(rewards), -fresh_rng.random(batch), rewards)
        masks = (fresh_rng.random(batch) < 0.6).astype(float)
        next_q = -fresh_rng.uniform(0, 0.9 / (1 - discount), size=(members, batch))
        targets, wanted = _targets(student, rewards, masks, next_q, discount)
        if batch > 1:
            expect_no_repeat(before, targets)
            before = targets
        smallest, low = next_q.min(axis=0), -1 / (1 - discount)
        following = discount * smallest
        mistakes = {
            "the average over the critics was taken, not the smallest": discount
            * masks
            * next_q.mean(axis=0),
            "the mask was ignored: nothing follows a terminal state": following,
            "the mask is the wrong way round: 0 means terminal": (1 - masks) * following,
            "nothing was bootstrapped where the reward is 0: only the mask says where to stop": masks
            * (rewards < 0)
            * following,
            "the smallest of the first two critics was taken, not of all": discount
            * masks
            * next_q[:2].min(axis=0),
            "γ² is in the place of γ": discount**2 * masks * smallest,
            "γ is 0.95 here, whatever was passed in": 0.95 * masks * smallest,
        }
        if members == batch > 1:
            along = discount * masks * next_q.min(axis=1)
            mistakes["the smallest of each critic's rows was taken, not of each row's critics"] = along
        mistakes = {sentence: np.maximum(rewards + more, low) for sentence, more in mistakes.items()}
        mistakes["the targets are rounded to 16 bits"] = wanted.astype(np.float16)
        many = "in a batch of 2000 rows, with 10 critics, some targets are wrong"
        otherwise = "the targets are not r + γ · mask · the smallest next Q-value of each row"
        sentence = recognise(targets, many if batch == 2000 else otherwise, mistakes)
        expect_close(targets, wanted, sentence, atol=1e-6 / (1 - discount), name="td_targets")
    arguments = (*(Tensor(x) for x in (rewards, masks, next_q)), discount)
    strided = student.given.call_strided(student.policy.td_targets, *arguments)
    expect_close(strided, wanted, VIEWS, atol=1e-6 / (1 - discount), name="td_targets")


@subpart("3c")
def test_targets_of_a_diverged_critic(student: Student, fresh_rng: np.random.Generator) -> None:
    """Whatever the critics predict, no target leaves [-1/(1-γ), 0]."""
    for discount in (0.0, 0.5, 0.95, 0.99):
        rewards, masks = -fresh_rng.random(30), (fresh_rng.random(30) < 0.8).astype(float)
        rewards[:10], masks[:20] = 0.0, 1.0
        scale = np.resize([0.1, 1.0, 100.0, 1e6], 30)
        next_q = scale * fresh_rng.normal(size=(2, 30))
        targets, wanted = _targets(student, rewards, masks, next_q, discount)
        array = expect_array(targets, (30,), name="td_targets")
        expect(array <= 1e-6, "a target is positive, but no reward is")
        expect(
            array >= -1 / (1 - discount) * (1 + 1e-5),
            "a target lies below -1/(1-γ), the worst return there is",
        )
        expect_close(
            array,
            wanted,
            "the targets are not r + γ · mask · smallest next Q-value, clipped to [-1/(1-γ), 0]",
            atol=1e-6 / (1 - discount),
        )


# --- 3d ---


@subpart("3d")
def test_critic_loss_of_any_batch(student: Student, fresh_rng: np.random.Generator) -> None:
    """Fresh Q-values and targets, in batches of many shapes."""
    before = None
    for members, batch in _twice((3, 30), (5, 7), (3, 3), (1, 6), (4, 1), (1, 1), (10, 2000)):
        q, targets = 30 * fresh_rng.normal(size=(members, batch)), 5 * fresh_rng.normal(size=batch)
        with on_wrong_shape(SCALAR):
            loss = student.policy.critic_loss(Tensor(q), Tensor(targets))
        expect_no_repeat(before, np.asarray(loss))
        before = np.asarray(loss)
        wanted = reference.critic_loss(*_tensors(q, targets)).item()
        errors = (q - targets) ** 2
        many = "in a batch of 2000 rows, with 10 critics, the loss is wrong"
        otherwise = "the loss is not the mean squared error over the batch, summed over the critics"
        mistakes = {
            "the average runs over the critics too: sum over them": errors.mean(),
            "the squared errors are summed over the batch: average over it": errors.sum(),
            "only two of the critics are trained": errors.mean(axis=1)[:2].sum(),
            "only the first 1000 rows count": errors[:, :1000].mean(axis=1).sum(),
            "the errors are cut off at 5: all of them count as they are": np.minimum(errors, 25)
            .mean(axis=1)
            .sum(),
            "large errors count less here: square all of them": _huber(q - targets, 10.0).mean(axis=1).sum(),
            "large errors count less: this is the Huber loss, not the square": _huber(q - targets, 1.0)
            .mean(1)
            .sum()
            / 2,
            "the sum is divided by 256: divide by the number of rows": errors.sum() / 256,
            "Q-values above 0 were cut off: they may be positive here": ((np.minimum(q, 0) - targets) ** 2)
            .mean(axis=1)
            .sum(),
            "only the smallest prediction of each row is trained": ((q.min(axis=0) - targets) ** 2).mean(),
        }
        sentence = recognise(loss, many if batch == 2000 else otherwise, mistakes)
        expect_close(loss, wanted, sentence, name="critic_loss")
    strided = student.given.call_strided(student.policy.critic_loss, Tensor(q), Tensor(targets))
    expect_close(strided, wanted, VIEWS, name="critic_loss")


@subpart("3d")
def test_gradient_of_the_critic_loss(student: Student, fresh_rng: np.random.Generator) -> None:
    """The gradient by each Q-value is its own error times 2/B; the targets get none."""
    for members, batch in ((3, 8), (1, 5), (2, 1)):
        q, targets = 20 * fresh_rng.normal(size=(members, batch)), fresh_rng.normal(size=batch)
        _, (by_q, by_targets) = student.value_and_grad("policy", "critic_loss", [q, targets], wrt=(0, 1))
        expect(by_q is not None, "no gradient reaches the Q-values")
        expect(
            by_targets is None or not np.any(expect_array(by_targets)),
            "a gradient flows into the targets: they are constants",
        )
        expect_close(by_q, 2 * (q - targets) / batch, "the gradient by the Q-values is not 2 · error / B")


# --- 3e ---


@subpart("3e")
def test_actor_loss_of_any_batch(student: Student, fresh_rng: np.random.Generator) -> None:
    """Fresh Q-values, actions and penalties, in batches of many shapes."""
    before = None
    for members, batch, dim in _twice((3, 30, 3), (3, 3, 3), (1, 8, 2), (4, 1, 3), (1, 1, 1), (10, 2000, 4)):
        q, actions = 5 * fresh_rng.normal(size=(members, batch)), fresh_rng.uniform(-1, 1, size=(batch, dim))
        penalty = float(fresh_rng.uniform(0.1, 0.9))
        with on_wrong_shape(SCALAR):
            loss = student.policy.actor_loss(Tensor(q), Tensor(actions), penalty)
        expect_no_repeat(before, np.asarray(loss))
        before = np.asarray(loss)
        q_tensor, actions_tensor = _tensors(q, actions)
        wanted = reference.actor_loss(q_tensor, actions_tensor, penalty).item()
        square, value = (actions**2).mean(), q.mean()
        many = "in a batch of 2000 rows, with 10 critics, the loss is wrong"
        mistakes = {
            "the sign of Q is wrong: the actor wants a high Q": value + penalty * square,
            "the penalty is missing": -value,
            "the smallest Q of each row was taken, not the average": -q.min(axis=0).mean() + penalty * square,
            "the squared actions are summed over the entries of a row: average over all": -value
            + penalty * (actions**2).sum(axis=1).mean(),
            "the average is over the first two critics: take all of them": -q[:2].mean() + penalty * square,
            "the squared actions are divided by four entries a row, whatever their number": -value
            + penalty * (actions**2).sum() / (4 * batch),
            "only the first 1000 rows of the actions count": -value + penalty * (actions[:1000] ** 2).mean(),
            "Q-values above 0 were cut off: they may be positive here": -np.minimum(q, 0).mean()
            + penalty * square,
            "the penalty is the norm of the actions: it is the square": -value
            + penalty * np.linalg.norm(actions, axis=1).mean(),
            "small actions cost nothing here: the penalty is on the square of each": -value
            + penalty * (np.maximum(np.abs(actions) - 0.3, 0) ** 2).mean(),
        }
        otherwise = "the loss is not -average Q + penalty · average squared action"
        sentence = recognise(loss, many if batch == 2000 else otherwise, mistakes)
        expect_close(loss, wanted, sentence, name="actor_loss")
    strided = student.given.call_strided(student.policy.actor_loss, Tensor(q), Tensor(actions), penalty)
    expect_close(strided, wanted, VIEWS, name="actor_loss")


@subpart("3e")
def test_gradient_of_the_actor_loss(student: Student, fresh_rng: np.random.Generator) -> None:
    """All Q-values count alike, and each action is pulled to zero in proportion to its size."""
    for members, batch, dim in ((3, 8, 2), (1, 5, 4), (2, 1, 1)):
        q, actions = fresh_rng.normal(size=(members, batch)), fresh_rng.uniform(-1, 1, size=(batch, dim))
        arguments = [q, actions, 0.7]
        _, (by_q, by_actions) = student.value_and_grad("policy", "actor_loss", arguments, wrt=(0, 1))
        expect(by_q is not None and by_actions is not None, "no gradient reaches the Q-values or the actions")
        expect_close(
            by_q, np.full(q.shape, -1 / q.size), "the gradient by the Q-values is not -1/(E · B) everywhere"
        )
        expect_close(by_actions, 1.4 * actions / actions.size, "the gradient of the penalty is wrong")


# --- 3f ---


def _networks(student: Student, rng: np.random.Generator) -> tuple:
    """Two ensembles of the same shape, with fresh weights, and what they hold."""
    make = student.module("kit.networks").EnsembleMLP
    target, online = (make(2, 3, (4, 5, 3, 4), 2, seed=seed, layer_norm=True) for seed in (1, 2))
    states = []
    for network in (target, online):
        shapes = {name: np.shape(array) for name, array in student.given.state(network).items()}
        states.append({name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()})
        student.given.load_state(network, states[-1])
    return target, online, *states


@subpart("3f")
def test_polyak_update_at_any_rate(student: Student, fresh_rng: np.random.Generator) -> None:
    """Every parameter of an ensemble moves by the share τ of its own gap, and the online network stays."""
    for tau in (0.005, 0.05, float(fresh_rng.uniform(0.1, 0.9))):
        target, online, old, new = _networks(student, fresh_rng)
        student.policy.polyak_update(target, online, tau)
        after, untouched = student.given.parameters(target), student.given.parameters(online)
        for name in old:
            sentence = recognise(
                after.get(name),
                "a parameter of the target is not (1 - τ) · target + τ · online",
                {
                    "a parameter of the target did not change: each one moves": old[name],
                    "the target moves by τ², not by τ": old[name] + tau**2 * (new[name] - old[name]),
                    "the target moves by τ / 2, not by τ": old[name] + tau / 2 * (new[name] - old[name]),
                    "with τ = 0.005 the target moves by 0.01": old[name] + 0.01 * (new[name] - old[name]),
                    "τ and 1 - τ are swapped": tau * old[name] + (1 - tau) * new[name],
                },
            )
            expect_close(after.get(name), (1 - tau) * old[name] + tau * new[name], sentence)
            expect_close(untouched.get(name), new[name], "the online network must not change")


@subpart("3f")
def test_polyak_updates_of_two_pairs(student: Student, fresh_rng: np.random.Generator) -> None:
    """Actor and critic have a target each: 120 updates of two pairs, in turns, and of training networks that move."""
    pairs = [_networks(student, fresh_rng) for _ in range(2)]
    wanted, tau = [pair[2] for pair in pairs], 0.02
    for times in range(1, 121):
        for i, (target, online, _, new) in enumerate(pairs):
            student.policy.polyak_update(target, online, tau)
            wanted[i] = {name: (1 - tau) * wanted[i][name] + tau * new[name] for name in new}
            if times % 40 == 0:
                for name, values in student.given.parameters(target).items():
                    sentence = (
                        "after some updates of two pairs of networks a target is not where it should be"
                    )
                    expect_close(values, wanted[i][name], sentence, atol=1e-4)
                moved = {name: values + 1.0 for name, values in new.items()}
                student.given.load_state(online, moved)
                pairs[i] = (target, online, {}, moved)


@subpart("3f")
def test_polyak_update_at_the_ends(student: Student, fresh_rng: np.random.Generator) -> None:
    """τ = 0 changes nothing, and τ = 1 copies; then the networks go their own ways again."""
    target, online, old, new = _networks(student, fresh_rng)
    student.policy.polyak_update(target, online, 0.0)
    for name, values in student.given.parameters(target).items():
        expect_close(values, old[name], "with τ = 0 the target stays where it is")
    for name, values in student.given.parameters(online).items():
        expect_close(values, new[name], "the online network must not change")
    student.policy.polyak_update(target, online, 1.0)
    for name, values in student.given.parameters(target).items():
        expect_close(values, new[name], "with τ = 1 the target becomes a copy of the online network")
    student.given.load_state(online, old)
    student.policy.polyak_update(target, online, 0.5)
    for name, values in student.given.parameters(target).items():
        shared = {"the target shares its memory with the online network: copy the values": old[name]}
        sentence = recognise(values, "with τ = 1/2 the target moves to the middle of the gap", shared)
        expect_close(values, (old[name] + new[name]) / 2, sentence)


# --- 3g ---

STD = "the noise of the greedy rows is not Gaussian with standard deviation `noise_std`"
ROWS_DEPEND = (
    "the draws of one row or entry depend on those of another: draw for each entry, and one coin for each row"
)
SHARE = "the share of random rows is not `epsilon`"
OUTSIDE = "an action lies outside [-1, 1]: clip after adding the noise"


def _explored(
    student: Student, actions: np.ndarray, noise_std: float, epsilon: float, rng: Rng
) -> np.ndarray:
    """What `explore` makes of actions (B, A)."""
    with on_wrong_shape(ONE_ACTION_A_ROW):
        explored = student.policy.explore(actions, noise_std, epsilon, rng)
    return expect_array(explored, np.shape(actions), name="explore")


@subpart("3g")
def test_greedy_actions_pass_through(student: Student, fresh_rng: np.random.Generator) -> None:
    """Without noise and random rows the actions come back, clipped, in batches of many shapes."""
    for batch, dim, dtype in 2 * (
        (20, 4, "f4"),
        (4, 4, "f8"),
        (1, 3, "f4"),
        (5, 1, "f8"),
        (1, 1, "f4"),
        (5000, 4, "f4"),
    ):
        actions = fresh_rng.uniform(-1, 1, size=(batch, dim)).astype(dtype)
        explored = _explored(student, actions, 0.0, 0.0, Rng(_seed(fresh_rng)))
        expect_close(
            explored, actions, "without noise and random rows the actions must not change", name="explore"
        )
        strided = student.given.call_strided(student.policy.explore, actions, 0.0, 0.0, Rng(1))
        expect_close(strided, actions, "the actions are wrong where the array is a view of a larger one")


@subpart("3g")
def test_distribution_of_the_noise(student: Student, fresh_rng: np.random.Generator) -> None:
    """Around any greedy action each entry gets Gaussian noise of its own; the tails, and rows far down, too."""
    # Four tests at 1e-7 each. |action| < 0.4 and noise below 0.1 keep clear of the clip.
    noise_std = float(fresh_rng.uniform(0.02, 0.1))
    actions = fresh_rng.uniform(-0.4, 0.4, size=(20_000, 3))
    explored = _explored(student, actions, noise_std, 0.0, Rng(_seed(fresh_rng)))
    z = (explored - actions) / noise_std
    expect(is_gaussian(z), STD)
    expect(is_gaussian(z[:1000]), STD)
    expect_independent_rows(normal_to_uniform(z), ROWS_DEPEND)
    # Many small batches, one after the other, as in training.
    rng, steps = student.given.rng(_seed(fresh_rng)), []
    for _ in range(150):
        steps.append(_explored(student, actions[:16], noise_std, 0.0, rng) - actions[:16])
    expect_independent_rows(
        normal_to_uniform(np.stack(steps) / noise_std), "the noise of one call depends on that of another"
    )
    expect(
        is_gaussian(np.stack(steps[50:]) / noise_std),
        "the noise is not the same in later calls: its size is `noise_std`",
    )


@subpart("3g")
def test_distribution_of_explored_actions(student: Student, fresh_rng: np.random.Generator) -> None:
    """Each entry follows the mixture of Gaussian noise around the greedy action and the uniform distribution."""
    # One test for each of three columns, at 1e-7 each. |action| < 0.4 and noise < 0.1 keep clear of the clip.
    noise_std, epsilon = float(fresh_rng.uniform(0.02, 0.1)), float(fresh_rng.uniform(0.2, 0.8))
    actions = fresh_rng.uniform(-0.4, 0.4, size=(20_000, 3))
    explored = _explored(student, actions, noise_std, epsilon, Rng(_seed(fresh_rng)))
    expect(np.abs(explored) <= 1.0, OUTSIDE)
    z = (explored - actions) / noise_std
    quantile = (1 - epsilon) * normal_to_uniform(z).reshape(z.shape) + epsilon * (explored + 1) / 2
    for column in quantile.T:  # uniform, if the mixture is right
        expect_uniform(column, "the actions do not follow the mixture of noise and uniform draws", bins=50)


@subpart("3g")
def test_noise_is_clipped_and_only_for_greedy_rows(student: Student, fresh_rng: np.random.Generator) -> None:
    """With large noise many greedy rows end at the bounds, and no random row does."""
    # Two binomial tests at 1e-7 each. An action of 1 stays at 1 with probability 1/2, and reaches -1 where the noise
    # is below -2; random rows reach neither.
    noise_std, epsilon = float(fresh_rng.uniform(1.0, 3.0)), float(fresh_rng.uniform(0.3, 0.7))
    explored = _explored(student, np.ones((10_000, 2)), noise_std, epsilon, Rng(_seed(fresh_rng)))[:, 0]
    expect(np.abs(explored) <= 1.0, OUTSIDE)
    below = NormalDist().cdf(-2.0 / noise_std)
    sentence = "the greedy rows are clipped after the noise, and the random rows get none"
    expect_probability(int((explored == 1.0).sum()), 10_000, 0.5 * (1 - epsilon), sentence)
    expect_probability(int((explored == -1.0).sum()), 10_000, below * (1 - epsilon), sentence)


@subpart("3g")
def test_random_actions_are_uniform(student: Student, fresh_rng: np.random.Generator) -> None:
    """Random actions are uniform, each entry of each row on its own, whatever the greedy ones are."""
    # Two tests at 1e-7 each.
    actions = fresh_rng.uniform(-1, 1, size=(10_000, 4))
    explored = _explored(student, actions, 0.1, 1.0, Rng(_seed(fresh_rng)))
    expect_uniform((explored + 1) / 2, "with ε = 1 the actions are not uniform in [-1, 1]", bins=50)
    expect_independent_rows((explored.ravel() + 1) / 2, ROWS_DEPEND)
    expect_independent_rows(
        (explored.ravel() + 1) / 2, "the random actions depend on the greedy ones", (actions.ravel() + 1) / 2
    )


@subpart("3g")
def test_rows_are_random_as_a_whole(student: Student, fresh_rng: np.random.Generator) -> None:
    """A share ε of the rows is random in all entries, and the others keep their greedy actions."""
    # Seven tests at 1e-7 each; a uniform draw equals the old entry to 1e-6 with probability 1e-6.
    shares = fresh_rng.uniform((0.02, 0.3, 0.75), (0.15, 0.5, 0.95))
    for dim, rows, epsilon in ((2, 20_000, shares[0]), (3, 40_000, shares[1]), (4, 20_000, shares[2])):
        actions = fresh_rng.uniform(-0.9, 0.9, size=(rows, dim))
        explored = _explored(student, actions, 0.0, epsilon, Rng(_seed(fresh_rng)))
        changed = np.abs(explored - actions) > 1e-6
        every = np.asarray(changed.all(axis=1))
        expect((changed.any(axis=1) & ~every).sum() <= 3, "a row is part random, part greedy")
        expect_probability(int(every.sum()), rows, epsilon, SHARE)
        first = every[: rows // 20]
        expect_probability(
            int(first.sum()), len(first), epsilon, "the share of random rows among the first is not `epsilon`"
        )
    explored = _explored(student, np.zeros((20_000, 1)), 0.0, 0.5, Rng(_seed(fresh_rng)))
    coins = spread(explored[:, 0] != 0.0, 2, own_rng())
    expect_independent_rows(
        coins, "which rows become random depends on the other rows: draw one number for each row"
    )


@subpart("3g")
def test_a_single_row_is_sometimes_random(student: Student, fresh_rng: np.random.Generator) -> None:
    """With one env too a row is random with probability ε: a share of the rows, rounded, never would be."""
    rng, epsilon = student.given.rng(_seed(fresh_rng)), float(fresh_rng.uniform(0.3, 0.7))
    actions = np.array([[0.2, -0.3, 0.1]])
    count = 0
    for _ in range(100):
        explored = _explored(student, actions, 0.0, epsilon, rng)
        count += bool(np.any(np.abs(explored - actions) > 1e-6))
    expect_probability(count, 100, epsilon, "a single row is not random with probability `epsilon`")
