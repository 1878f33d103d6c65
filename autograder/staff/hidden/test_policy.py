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
    expect_distribution,
    expect_probability,
    expect_uniform,
    subpart,
)
from autograder.checks.mistakes import on_wrong_shape, recognise
from autograder.checks.networks import with_weights
from solutions import policy as reference

ONE_ACTION_A_ROW = "the actor gives one action for each row of the batch: shape (B, A)"
TWO_AXES = (
    "Q-values have the shape (E, B): the last axis of length 1 goes, and no other, and critics come first"
)
ONE_TARGET_A_ROW = "there is one target for each row of the batch, for all critics together: shape (B,)"
SCALAR = "a loss is a single number: average or sum over all axes"


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
        "no gradient reaches the weights or the inputs: something detaches them",
    )
    for grad, target in zip([*(by_weights[name] for name in theirs), *by_inputs], wanted, strict=True):
        expect_close(grad, target.numpy(), sentence, atol=1e-4)


# --- 3a ---


@subpart("3a")
def test_actor_of_any_size(student: Student, fresh_rng: np.random.Generator) -> None:
    """The same actions as the reference with the same weights, for networks and batches of many shapes."""
    for batch, obs_dim, goal_dim, action_dim in ((17, 10, 3, 4), (3, 3, 3, 3), (2, 4, 2, 1), (1, 5, 3, 2)):
        sizes = (obs_dim, goal_dim, action_dim)
        actor, own, _ = _twin(student, fresh_rng, "Actor", *sizes, hidden=(8, 6))
        obs, goals = fresh_rng.normal(size=(batch, obs_dim)), fresh_rng.normal(size=(batch, goal_dim))
        with torch.no_grad():
            wanted = own(*_tensors(obs, goals)).numpy()
            raw = own.net(torch.cat(_tensors(obs, goals), dim=-1)).numpy()
            swapped = torch.tanh(own.net(torch.cat(_tensors(goals, obs), dim=-1))).numpy()
        with on_wrong_shape(ONE_ACTION_A_ROW):
            actions = student.policy.Actor.forward(actor, Tensor(obs), Tensor(goals))
        sentence = recognise(
            actions,
            "the actions are not tanh of what the net makes of [observation, goal]",
            {
                "the net got the goal first: it expects the observation, then the goal": swapped,
                "tanh is missing: the net's output is unbounded": raw,
                "the actions are clipped; tanh is smooth, and lets gradients through": np.clip(raw, -1, 1),
            },
        )
        expect_close(actions, wanted, sentence, name="Actor.forward")


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
    for members, batch, goal_dim in ((2, 9, 3), (3, 3, 2), (1, 5, 3), (3, 1, 2), (1, 1, 1)):
        critic, own, _ = _twin(student, fresh_rng, "Critic", 4, goal_dim, 2, hidden=(8, 6), members=members)
        inputs = [fresh_rng.normal(size=(batch, dim)) for dim in (4, 2, goal_dim)]
        with torch.no_grad():
            wanted = own(*_tensors(*inputs)).numpy()
            swapped = own.net(torch.cat(_tensors(inputs[0], inputs[2], inputs[1]), dim=-1))[..., 0].numpy()
        with on_wrong_shape(TWO_AXES):
            q = student.policy.Critic.forward(critic, *(Tensor(x) for x in inputs))
        sentence = recognise(
            q,
            "the Q-values are not what the net makes of [observation, action, goal], critics first",
            {
                "the net got the goal before the action: the order is observation, action, goal": swapped,
                "the axes are swapped: critics first, then the rows of the batch": wanted.T,
            },
        )
        expect_close(q, wanted, sentence, name="Critic.forward", atol=1e-5)


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
    for members, batch in ((2, 50), (5, 20), (3, 3), (1, 9), (3, 1), (1, 1)):
        discount = float(fresh_rng.choice([0.9, 0.95, 0.98]))
        rewards, masks = -fresh_rng.random(batch), (fresh_rng.random(batch) < 0.6).astype(float)
        next_q = -fresh_rng.uniform(0, 0.9 / (1 - discount), size=(members, batch))
        targets, wanted = _targets(student, rewards, masks, next_q, discount)
        sentence = recognise(
            targets,
            "the targets are not r + γ · mask · the smallest next Q-value of each row",
            {
                "the average over the critics was taken, not the smallest": rewards
                + discount * masks * next_q.mean(axis=0),
                "the mask was ignored: nothing follows a terminal state": rewards + discount * next_q.min(axis=0),
                "the mask is the wrong way round: 0 means terminal": rewards
                + discount * (1 - masks) * next_q.min(axis=0),
            },
        )  # fmt: skip
        expect_close(targets, wanted, sentence, atol=1e-6 / (1 - discount), name="td_targets")


@subpart("3c")
def test_targets_of_a_diverged_critic(student: Student, fresh_rng: np.random.Generator) -> None:
    """Whatever the critics predict, no target leaves [-1/(1-γ), 0]."""
    for discount in (0.0, 0.5, 0.95, 0.99):
        rewards, masks = -fresh_rng.random(30), (fresh_rng.random(30) < 0.8).astype(float)
        scale = fresh_rng.choice([0.1, 1.0, 100.0, 1e6], size=30)
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
    for members, batch in ((3, 30), (5, 7), (3, 3), (1, 6), (4, 1), (1, 1)):
        q, targets = 5 * fresh_rng.normal(size=(members, batch)), 5 * fresh_rng.normal(size=batch)
        with on_wrong_shape(SCALAR):
            loss = student.policy.critic_loss(Tensor(q), Tensor(targets))
        wanted = reference.critic_loss(*_tensors(q, targets)).item()
        sentence = recognise(
            loss,
            "the loss is not the mean squared error over the batch, summed over the critics",
            {
                "the average runs over the critics too: sum over them": ((q - targets) ** 2).mean(),
                "the squared errors are summed over the batch: average over it": ((q - targets) ** 2).sum(),
            },
        )
        expect_close(loss, wanted, sentence, name="critic_loss")


@subpart("3d")
def test_gradient_of_the_critic_loss(student: Student, fresh_rng: np.random.Generator) -> None:
    """The gradient by each Q-value is its own error times 2/B; the targets get none."""
    for members, batch in ((3, 8), (1, 5), (2, 1)):
        q, targets = fresh_rng.normal(size=(members, batch)), fresh_rng.normal(size=batch)
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
    for members, batch, dim in ((2, 30, 4), (3, 3, 3), (1, 8, 2), (4, 1, 3), (1, 1, 1)):
        q, actions = 5 * fresh_rng.normal(size=(members, batch)), fresh_rng.uniform(-1, 1, size=(batch, dim))
        penalty = float(fresh_rng.uniform(0.1, 2.0))
        with on_wrong_shape(SCALAR):
            loss = student.policy.actor_loss(Tensor(q), Tensor(actions), penalty)
        own_q, own_actions = _tensors(q, actions)
        wanted = reference.actor_loss(own_q, own_actions, penalty).item()
        sentence = recognise(
            loss,
            "the loss is not -average Q + penalty · average squared action",
            {
                "the sign of Q is wrong: the actor wants a high Q": q.mean() + penalty * (actions**2).mean(),
                "the penalty is missing": -q.mean(),
                "the smallest Q of each row was taken, not the average": -q.min(axis=0).mean()
                + penalty * (actions**2).mean(),
                "the squared actions are summed over the entries of a row: average over all": -q.mean()
                + penalty * (actions**2).sum(axis=1).mean(),
            },
        )
        expect_close(loss, wanted, sentence, name="actor_loss")


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
    target, online = (make(2, 3, (4, 5), 2, seed=seed, layer_norm=True) for seed in (1, 2))
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
                    "a parameter of the target did not change": old[name],
                    "τ and 1 - τ are swapped": tau * old[name] + (1 - tau) * new[name],
                },
            )
            expect_close(after.get(name), (1 - tau) * old[name] + tau * new[name], sentence)
            expect_close(untouched.get(name), new[name], "the online network must not change")


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


@subpart("3g")
def test_greedy_actions_pass_through(student: Student, fresh_rng: np.random.Generator) -> None:
    """Without noise and random rows the actions come back, clipped, in batches of many shapes."""
    for batch, dim, dtype in ((20, 4, "f4"), (4, 4, "f8"), (1, 3, "f4"), (5, 1, "f8"), (1, 1, "f4")):
        actions = fresh_rng.uniform(-1, 1, size=(batch, dim)).astype(dtype)
        explored = student.policy.explore(actions, 0.0, 0.0, Rng(int(fresh_rng.integers(2**30))))
        expect_close(
            explored, actions, "without noise and random rows the actions must not change", name="explore"
        )
        strided = student.given.call_strided(student.policy.explore, actions, 0.0, 0.0, Rng(1))
        expect_close(strided, actions, "the actions are wrong where the array is a view of a larger one")


@subpart("3g")
def test_distribution_of_explored_actions(student: Student, fresh_rng: np.random.Generator) -> None:
    """Each entry follows the mixture of Gaussian noise around the greedy action and the uniform distribution."""
    # One test for each of three columns, at 1e-7 each. |action| < 0.4 and noise < 0.1 keep clear of the clip.
    noise_std, epsilon = float(fresh_rng.uniform(0.02, 0.1)), float(fresh_rng.uniform(0.2, 0.8))
    actions = fresh_rng.uniform(-0.4, 0.4, size=(3000, 3))
    explored = student.policy.explore(actions, noise_std, epsilon, Rng(int(fresh_rng.integers(2**30))))
    explored = expect_array(explored, (3000, 3), name="explore")
    expect(np.abs(explored) <= 1.0, "an action lies outside [-1, 1]")
    noise = explored - actions
    normal = np.array([*map(NormalDist(0.0, noise_std).cdf, noise.ravel())]).reshape(noise.shape)
    quantile = (1 - epsilon) * normal + epsilon * (explored + 1) / 2  # uniform, where the mixture is right
    for column in quantile.T:
        expect_uniform(column, "the actions do not follow the mixture of noise and uniform draws", bins=20)


@subpart("3g")
def test_noise_is_clipped_and_only_for_greedy_rows(student: Student, fresh_rng: np.random.Generator) -> None:
    """With large noise many greedy rows end at the bounds, and no random row does."""
    # Two binomial tests at 1e-7 each. An action of 1 stays at 1 with probability 1/2, and reaches -1 where the noise
    # is below -2; random rows reach neither.
    noise_std, epsilon = float(fresh_rng.uniform(1.0, 3.0)), float(fresh_rng.uniform(0.3, 0.7))
    explored = student.policy.explore(
        np.ones((4000, 2)), noise_std, epsilon, Rng(int(fresh_rng.integers(2**30)))
    )
    explored = expect_array(explored, (4000, 2), name="explore")[:, 0]
    expect(np.abs(explored) <= 1.0, "an action lies outside [-1, 1]: clip after adding the noise")
    below = NormalDist(0.0, noise_std).cdf(-2.0)
    sentence = "the greedy rows are clipped after the noise, and the random rows get none"
    expect_probability(int((explored == 1.0).sum()), 4000, 0.5 * (1 - epsilon), sentence)
    expect_probability(int((explored == -1.0).sum()), 4000, below * (1 - epsilon), sentence)


@subpart("3g")
def test_entries_are_drawn_on_their_own(student: Student, fresh_rng: np.random.Generator) -> None:
    """The signs of the noise in a row are independent, and so are those of a random action."""
    # Two tests of eight sign patterns, at 1e-7 each.
    for noise_std, epsilon in ((float(fresh_rng.uniform(0.1, 0.5)), 0.0), (0.1, 1.0)):
        rng = Rng(int(fresh_rng.integers(2**30)))
        explored = student.policy.explore(np.zeros((2000, 3)), noise_std, epsilon, rng)
        signs = (expect_array(explored, (2000, 3), name="explore") > 0) @ np.array([1, 2, 4])
        expect_distribution(
            signs, np.full(8, 1 / 8), "the entries of a row depend on each other: draw one for each"
        )


@subpart("3g")
def test_rows_are_random_as_a_whole(student: Student, fresh_rng: np.random.Generator) -> None:
    """A share ε of the rows is random in all entries, and the others keep their greedy actions."""
    # One binomial test at 1e-7; a uniform draw equals the old entry to 1e-6 with probability 1e-6.
    for batch, dim in ((3000, 2), (1000, 4)):
        epsilon = float(fresh_rng.uniform(0.1, 0.9))
        actions = fresh_rng.uniform(-0.9, 0.9, size=(batch, dim))
        explored = student.policy.explore(actions, 0.0, epsilon, Rng(int(fresh_rng.integers(2**30))))
        changed = np.abs(expect_array(explored, (batch, dim), name="explore") - actions) > 1e-6
        every = changed.all(axis=1)
        expect((changed.any(axis=1) & ~every).sum() <= 3, "a row is part random, part greedy")
        expect_probability(int(every.sum()), batch, epsilon, "the share of random rows is not `epsilon`")


@subpart("3g")
def test_a_single_row_is_sometimes_random(student: Student, fresh_rng: np.random.Generator) -> None:
    """With one env too a row is random with probability ε: a share of the rows, rounded, never would be."""
    rng, epsilon = student.given.rng(int(fresh_rng.integers(2**30))), float(fresh_rng.uniform(0.3, 0.7))
    actions = np.array([[0.2, -0.3, 0.1]])
    count = 0
    for _ in range(80):
        explored = expect_array(student.policy.explore(actions, 0.0, epsilon, rng), (1, 3), name="explore")
        count += bool(np.any(np.abs(explored - actions) > 1e-6))
    expect_probability(count, 80, epsilon, "a single row is not random with probability `epsilon`")
