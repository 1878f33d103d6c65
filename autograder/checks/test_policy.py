"""Part 3, the goal-conditioned policy: what each function promises, on cases small enough to follow by hand."""

from typing import Any

import numpy as np

from autograder.checks.checking import (
    Handle,
    Rng,
    Student,
    Tensor,
    expect,
    expect_array,
    expect_close,
    expect_probability,
    expect_unchanged,
    expect_uniform,
    subpart,
)
from autograder.checks.independence import expect_independent_rows, own_rng, spread
from autograder.checks.mistakes import on_wrong_shape, recognise
from autograder.checks.networks import as_given, with_weights
from autograder.checks.statistics import is_gaussian, is_off, normal_to_uniform
from autograder.checks.streams import expect_stream

ONE_ACTION_A_ROW = "the actor gives one action for each row of the batch: shape (B, A)"
TWO_AXES = (
    "Q-values have the shape (E, B): the last axis of length 1 goes, and no other, and critics come first"
)
ONE_TARGET_A_ROW = "there is one target for each row of the batch, for all critics together: shape (B,)"
SCALAR = "a loss is a single number: average or sum over all axes"

# --- 3a ---


def _linear_actor(student: Student) -> tuple[Handle, str]:
    """An actor of one linear layer, for observations of 2 numbers, goals of 1 and actions of 2; and its own name for
    the layer's weight.

    action 0 looks at the first number of the observation, action 1 at the goal (times 2, plus 0.5).
    """
    actor = student.policy.Actor(2, 1, 2, hidden=(), seed=0)
    weight, bias = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]]), np.array([0.0, 0.5])
    names = with_weights(student, actor, {"net.0.weight": weight, "net.0.bias": bias})
    return actor, names["net.0.weight"]


@subpart("3a")
def test_actions_are_tanh_of_the_net(student: Student) -> None:
    """The net sees [observation, goal], and tanh brings what it says into (-1, 1)."""
    actor, _ = _linear_actor(student)
    first = np.array([[0.3, -0.7], [-0.1, 0.9], [2.0, 0.2]]), np.array([[0.5], [-0.2], [0.1]])
    second = np.array([[1.3, 0.4], [7.0, -0.3], [-6.0, 1.1]]), np.array([[-3.5], [0.9], [2.0]])
    for obs, goals in (first, second):  # of one shape: nothing may be kept from the first
        with on_wrong_shape(ONE_ACTION_A_ROW):
            actions = student.policy.Actor.forward(actor, Tensor(obs), Tensor(goals))
        raw = np.column_stack([obs[:, 0], 2 * goals[:, 0] + 0.5])
        goal_first = np.column_stack([goals[:, 0], 2 * obs[:, 1] + 0.5])
        of_inputs = np.column_stack([np.tanh(obs[:, 0]), 2 * np.tanh(goals[:, 0]) + 0.5])
        sentence = recognise(
            actions,
            "the actions are not tanh of what the net makes of [observation, goal]",
            {
                "the net got the goal first: it expects the observation, then the goal": np.tanh(goal_first),
                "tanh is missing: the net's output is unbounded": raw,
                "the actions are clipped; tanh is smooth, and lets gradients through": np.clip(raw, -1, 1),
                "a sigmoid gives (0, 1), but actions lie in (-1, 1)": 1 / (1 + np.exp(-raw)),
                "2 · sigmoid(x) - 1 is tanh(x / 2), not tanh(x)": np.tanh(raw / 2),
                "tanh was applied twice": np.tanh(np.tanh(raw)),
                "tanh was applied to the inputs of the net: it is for its outputs": of_inputs,
                "x / (1 + |x|) is not tanh": raw / (1 + np.abs(raw)),
                "the sign of the actions is wrong": -np.tanh(raw),
                "the net got the goal minus the observation: it expects both as they are": np.tanh(
                    raw - np.column_stack([0 * goals, 2 * obs[:, :1]])
                ),
            },
        )
        expect_close(actions, np.tanh(raw), sentence, name="Actor.forward")


@subpart("3a")
def test_actions_for_any_batch(student: Student) -> None:
    """One action for each row, inside [-1, 1] however large the observation, also for a single row."""
    actor = student.policy.Actor(5, 3, 4, hidden=(16,), seed=1)
    for batch in (1, 2, 7):
        obs, goals = 1000.0 * np.random.default_rng(batch).normal(size=(batch, 5)), np.ones((batch, 3))
        with on_wrong_shape(ONE_ACTION_A_ROW):
            actions = student.policy.Actor.forward(actor, Tensor(obs), Tensor(goals))
        expect_array(actions, (batch, 4), name="Actor.forward")
        expect(np.abs(actions) <= 1.0, "an action lies outside [-1, 1]")


@subpart("3a")
def test_the_actor_can_learn(student: Student) -> None:
    """Gradients flow from the actions back to every weight, or the actor loss could not train it."""
    actor, weight = _linear_actor(student)
    obs, goals = np.array([[0.3, -0.7], [-0.1, 0.9]]), np.array([[0.5], [-0.2]])
    _, grads = student.value_and_grad(
        "policy", "Actor.forward", [actor, Tensor(obs), Tensor(goals)], wrt=(0,)
    )
    expect(
        grads[0].get(weight) is not None,
        "no gradient reaches the weights: nothing may detach the actions from the net",
    )
    slope = 1 - np.tanh(np.column_stack([obs[:, 0], 2 * goals[:, 0] + 0.5])) ** 2  # of tanh, (B, A)
    inputs = np.column_stack([obs, goals])
    expect_close(
        grads[0][weight], slope.T @ inputs, "the gradient of the actions by the weights is not that of tanh"
    )  # fmt: skip


@subpart("3a")
def test_actors_are_made_as_given(student: Student) -> None:
    """The given lines of `Actor.__init__` make the net: of this size, and with weights that the seed alone decides."""
    actor = student.policy.Actor(5, 3, 4, hidden=(16, 9), seed=7)
    # Open hole: not attempted.
    student.policy.Actor.forward(actor, Tensor(np.zeros((2, 5))), Tensor(np.zeros((2, 3))))
    as_given(student, actor, student.module("kit.networks").mlp(8, (16, 9), 4, seed=7))


# --- 3b ---


def _critic(
    student: Student, members: int, hidden: int = 4, seed: int = 0
) -> tuple[Handle, dict, dict[str, str]]:
    """A critic for observations of 2 numbers, actions of 1 and goals of 2, its weights, and its own names for them."""
    critic = student.policy.Critic(2, 2, 1, hidden=(hidden,), members=members, seed=seed)
    rng = np.random.default_rng(seed)
    state = {
        "net.net.0.weight": rng.normal(size=(members, 5, hidden)),
        "net.net.0.bias": rng.normal(size=(members, 1, hidden)),
        "net.net.1.scale": rng.uniform(0.5, 1.5, size=(members, 1, hidden)),
        "net.net.1.shift": rng.normal(size=(members, 1, hidden)),
        "net.net.3.weight": rng.normal(size=(members, hidden, 1)),
        "net.net.3.bias": rng.normal(size=(members, 1, 1)),
    }
    state = {name: array.astype(np.float32) for name, array in state.items()}
    return critic, state, with_weights(student, critic, state)


def _net(state: dict, inputs: np.ndarray) -> np.ndarray:
    """What the critic's net makes of inputs (B, 5), in NumPy: layer, LayerNorm, ReLU, layer -> (E, B, 1)."""
    h = inputs @ state["net.net.0.weight"] + state["net.net.0.bias"]
    h = (h - h.mean(axis=-1, keepdims=True)) / np.sqrt(h.var(axis=-1, keepdims=True) + 1e-5)
    h = np.maximum(h * state["net.net.1.scale"] + state["net.net.1.shift"], 0.0)
    return h @ state["net.net.3.weight"] + state["net.net.3.bias"]


def _critic_inputs(batch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """obs (B, 2), actions (B, 1), goals (B, 2)."""
    rng = np.random.default_rng(batch)
    return rng.normal(size=(batch, 2)), rng.uniform(-1, 1, size=(batch, 1)), rng.normal(size=(batch, 2))


@subpart("3b")
def test_q_values_are_the_nets(student: Student) -> None:
    """The net sees [observation, action, goal], and its output is the Q-value as it is."""
    critic, state, _ = _critic(student, members=2)
    # Of one shape: keep nothing.
    for inputs in (
        _critic_inputs(4),
        [x[::-1] * 0.7 for x in _critic_inputs(4)],
    ):
        obs, actions, goals = inputs
        with on_wrong_shape(TWO_AXES):
            q = student.policy.Critic.forward(critic, Tensor(obs), Tensor(actions), Tensor(goals))
        wanted = _net(state, np.column_stack([obs, actions, goals]))[..., 0]
        orders = {
            "the net got the goal before the action: the order is observation, action, goal": [
                obs,
                goals,
                actions,
            ],
            "the net got the action first: the order is observation, action, goal": [actions, obs, goals],
            "the net got zeros for the goal": [obs, actions, 0 * goals],
            "the net got zeros for the action": [obs, 0 * actions, goals],
            "the net got the goal first: the order is observation, action, goal": [goals, obs, actions],
        }
        mistakes = {name: _net(state, np.column_stack(order))[..., 0] for name, order in orders.items()}
        mistakes |= {
            "Q-values are sums of rewards: no tanh": np.tanh(wanted),
            "Q-values may be positive here: the clip belongs to the targets": np.minimum(wanted, 0.0),
            "the sign of the Q-values is wrong": -wanted,
            "each critic got the average of all critics": np.tile(wanted.mean(axis=0), (2, 1)),
            "each critic got the smallest of all critics": np.tile(wanted.min(axis=0), (2, 1)),
        }
        sentence = recognise(
            q, "the Q-values are not what the net makes of [observation, action, goal]", mistakes
        )
        expect_close(q, wanted, sentence, name="Critic.forward", atol=1e-5)


@subpart("3b")
def test_q_values_have_two_axes(student: Student) -> None:
    """Q-values have the shape (E, B): critics first, and no last axis of length 1, also for one critic or one row."""
    for members, batch in ((2, 5), (1, 4), (3, 1), (1, 1), (3, 3)):
        critic, state, _ = _critic(student, members)
        obs, actions, goals = _critic_inputs(batch)
        with on_wrong_shape(TWO_AXES):
            q = student.policy.Critic.forward(critic, Tensor(obs), Tensor(actions), Tensor(goals))
        q = expect_array(q, (members, batch), name="Critic.forward")
        wanted = _net(state, np.column_stack([obs, actions, goals]))[..., 0]
        mixed = {"the axes are swapped: critics first, then the rows of the batch": wanted.T}
        expect_close(q, wanted, recognise(q, "a Q-value is not that of its critic and row", mixed), atol=1e-5)


@subpart("3b")
def test_the_actor_learns_through_the_critic(student: Student) -> None:
    """Gradients flow from the Q-values to the actions (the actor needs them) and to the weights of all critics."""
    critic, _, names = _critic(student, members=3)
    arguments = [critic, *(Tensor(x) for x in _critic_inputs(6))]
    _, grads = student.value_and_grad("policy", "Critic.forward", arguments, wrt=(0, 2))
    expect(grads[1] is not None, "no gradient reaches the actions, so the actor could not learn")
    by_weights = {name: grads[0].get(own) for name, own in names.items()}
    expect(all(g is not None for g in by_weights.values()), "no gradient reaches the critics' weights")
    last = expect_array(by_weights["net.net.3.bias"], (3, 1, 1))
    expect_close(last, np.full((3, 1, 1), 6.0), "some critics or rows do not take part in the Q-values")


@subpart("3b")
def test_critics_are_made_as_given(student: Student) -> None:
    """The given lines of `Critic.__init__` make the net: with LayerNorm, and members that differ from each other."""
    critic = student.policy.Critic(5, 3, 2, hidden=(8, 6), members=3, seed=7)
    # Open hole: not attempted.
    student.policy.Critic.forward(critic, *(Tensor(np.zeros((2, dim))) for dim in (5, 2, 3)))
    make = student.module("kit.networks").EnsembleMLP
    as_given(student, critic, make(3, 10, (8, 6), 1, seed=7, layer_norm=True))


# --- 3c ---


@subpart("3c")
def test_targets_bootstrap_from_the_smallest_critic(student: Student) -> None:
    """y = r + γ · (smallest of the critics' predictions of the next Q-value), row by row."""
    rewards, masks = np.array([-1.0, -1.0, -0.5]), np.ones(3)
    next_q = np.array([[-2.0, -1.0, -0.4], [-1.0, -3.0, -0.8]])
    with on_wrong_shape(ONE_TARGET_A_ROW):
        targets = student.policy.td_targets(Tensor(rewards), Tensor(masks), Tensor(next_q), 0.9)
    sentence = recognise(
        targets,
        "the targets are not r + γ · the smallest next Q-value of each row",
        {
            "the average over the critics was taken, not the smallest": rewards + 0.9 * next_q.mean(axis=0),
            "the largest prediction was taken, not the smallest": rewards + 0.9 * next_q.max(axis=0),
            "only the first critic counts here": rewards + 0.9 * next_q[0],
            "only the last critic counts here": rewards + 0.9 * next_q[-1],
            "the smallest of the whole batch was taken, not of each row": rewards + 0.9 * next_q.min(),
            "γ is missing": rewards + next_q.min(axis=0),
            "γ² is in the place of γ": rewards + 0.81 * next_q.min(axis=0),
            "γ is 0.95 here, whatever was passed in": rewards + 0.95 * next_q.min(axis=0),
            "the bootstrap is subtracted: values of the future add up": rewards - 0.9 * next_q.min(axis=0),
            "γ must not multiply the reward": 0.9 * (rewards + next_q.min(axis=0)),
            "the reward is missing": 0.9 * next_q.min(axis=0),
            "nothing was bootstrapped: where the mask is 1 the next Q-value counts": rewards,
        },
    )
    expect_close(targets, [-2.8, -3.7, -1.22], sentence, name="td_targets")


@subpart("3c")
def test_targets_stop_at_terminal_states(student: Student) -> None:
    """Where the mask is 0 nothing comes after s', so y = r; where it is 1 the next Q-value counts."""
    rewards, masks = np.array([-1.0, -0.5, -1.0, -0.3]), np.array([0.0, 0.0, 1.0, 1.0])
    next_q = np.full((2, 4), -2.0)
    with on_wrong_shape(ONE_TARGET_A_ROW):
        targets = student.policy.td_targets(Tensor(rewards), Tensor(masks), Tensor(next_q), 0.9)
    sentence = recognise(
        targets,
        "y = r where the mask is 0, and r + γ · next Q-value where it is 1",
        {
            "the mask was ignored: nothing follows a terminal state": rewards - 1.8,
            "the mask is the wrong way round: 0 means terminal": rewards - 1.8 * (1 - masks),
            "the mask must not remove the reward: arriving in a terminal state still counts": masks * (rewards - 1.8),
        },
    )  # fmt: skip
    expect_close(targets, [-1.0, -0.5, -2.8, -2.1], sentence, name="td_targets")


@subpart("3c")
def test_targets_are_clipped(student: Student) -> None:
    """With rewards in [-1, 0] no return leaves [-1/(1-γ), 0], so no target may: here [-4, 0]."""
    rewards, masks = np.array([-1.0, 0, -1, -1, 0, -1, 0]), np.array([1.0, 1, 1, 1, 0, 1, 1])
    next_q = np.array([[-8, 3, 0.4, -3, 7, -100, 30]])  # r + γ Q: -7, 2.25, -0.7, -3.25, 0, -76, 22.5
    with on_wrong_shape(ONE_TARGET_A_ROW):
        targets = student.policy.td_targets(Tensor(rewards), Tensor(masks), Tensor(next_q), 0.75)
    raw = np.array([-7, 2.25, -0.7, -3.25, 0, -76, 22.5])
    sentence = recognise(
        targets,
        "the targets are not r + γ · mask · next Q-value, clipped to [-1/(1-γ), 0]",
        {
            "the targets are not clipped: they belong into [-1/(1-γ), 0]": raw,
            "nothing was clipped from above: no return is positive": np.maximum(raw, -4),
            "nothing was clipped from below: no return is less than -1/(1-γ)": np.minimum(raw, 0),
            "the next Q-values were clipped; it is the targets that belong into the interval": rewards
            + 0.75 * masks * np.clip(next_q[0], -4, 0),
            "the clip came before the reward: it is for the whole target": rewards
            + np.clip(0.75 * masks * next_q[0], -4, 0),
            "the lower end of the interval is -1/(1-γ), not -1": np.clip(raw, -1, 0),
            "the lower end of the interval is -1/(1-γ), not -1/γ": np.clip(raw, -4 / 3, 0),
            "the lower end of the interval is -1/(1-γ), not -γ/(1-γ)": np.clip(raw, -3, 0),
            "the lower end of the interval is -1/(1-γ), not -50": np.clip(raw, -50, 0),
            "the upper end of the interval is 0, not 1/(1-γ): no return is positive": np.clip(raw, -4, 4),
            "γ is 0.95 in the lower end of the interval, whatever was passed in": np.clip(raw, -20, 0),
        },
    )
    expect_close(targets, np.clip(raw, -4, 0), sentence, name="td_targets")


@subpart("3c")
def test_targets_of_every_kind_of_transition(student: Student) -> None:
    """Any reward with any mask: having reached the goal (reward 0) does not end an episode, the mask does."""
    rewards, masks, smallest = (
        x.ravel() for x in np.meshgrid([0.0, -0.3, -1.0], [0.0, 1.0], [-3.0, -0.4, 0.0, 0.3], indexing="ij")
    )
    next_q = np.stack([smallest + 0.2, smallest, smallest + 1.0])
    for order in (slice(None), slice(None, None, -1)):  # of one shape: nothing may be kept from the first
        r, m, q = rewards[order], masks[order], next_q[:, order]
        with on_wrong_shape(ONE_TARGET_A_ROW):
            targets = student.policy.td_targets(Tensor(r), Tensor(m), Tensor(q), 0.9)
        following = 0.9 * q.min(axis=0)
        sentence = recognise(
            targets,
            "the targets are not r + γ · mask · smallest next Q-value, clipped to [-1/(1-γ), 0]",
            {
                "nothing was bootstrapped where the reward is 0: only the mask says where to stop": np.clip(
                    r + m * (r < 0) * following, -10, 0
                ),
                "the reward took the place of the mask: 0 in `masks`, not in `rewards`, means terminal": np.clip(
                    r + (r < 0) * following, -10, 0
                ),
                "nothing was bootstrapped where the reward is -1": np.clip(
                    r + m * (r > -1) * following, -10, 0
                ),
            },
        )
        expect_close(targets, np.clip(r + m * following, -10, 0), sentence, name="td_targets")


# --- 3d ---


@subpart("3d")
def test_critic_loss_by_hand(student: Student) -> None:
    """Squared errors, averaged over the batch and summed over the critics, so each learns as if it were alone."""
    targets = np.array([-1.0, -1.0, -1.0, -2.0])
    q = targets + np.array([[0.0, -1.0, -2.0, 2.0], [1.0, 1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    # squared errors: 0 1 4 4, then 1 1 0 1, then none, so 9/4 + 3/4 + 0
    with on_wrong_shape(SCALAR):
        loss = student.policy.critic_loss(Tensor(q), Tensor(targets))
    sentence = recognise(
        loss,
        "the loss is not the mean squared error over the batch, summed over the critics",
        {
            "the average runs over the critics too: sum over them, or each learns more slowly": 1.0,
            "the squared errors are summed over the batch: average over it": 12.0,
            "the average runs over the critics and the sum over the batch: it is the other way round": 4.0,
            "these are absolute errors: square them": 2.0,
            "there is a factor of one half too many": 1.5,
            "this is the Huber loss, not the square": 1.375,
            "these are roots of the mean squared errors: no root here": 1.5 + 0.75**0.5,
            "the errors are averaged before they are squared": 0.625,
            "only one of the critics is trained": 2.25,
        },
    )
    expect_close(loss, 3.0, sentence, name="critic_loss")


@subpart("3d")
def test_targets_are_constants(student: Student) -> None:
    """The critic moves towards the targets: the loss has a gradient by q, and none by the targets."""
    q, targets = np.array([[-1.0, -2.0], [0.0, -3.0], [-4.0, 1.0]]), np.array([-1.0, -1.0])
    _, (by_q, by_targets) = student.value_and_grad("policy", "critic_loss", [q, targets], wrt=(0, 1))
    expect(by_q is not None, "no gradient reaches the Q-values, so the critics could not learn")
    expect(
        by_targets is None or not np.any(expect_array(by_targets)),
        "a gradient flows into the targets: they would move towards the critic, so detach them",
    )
    expect_close(by_q, q - targets, "the gradient by the Q-values is not 2 · error / B")


@subpart("3d")
def test_each_row_has_its_own_target(student: Student) -> None:
    """Row i of every critic is compared to target i, also with one critic, and with as many critics as rows."""
    targets = np.array([0.0, -1.0, -2.0])
    for members in (1, 3):
        with on_wrong_shape(SCALAR):
            loss = student.policy.critic_loss(Tensor(np.tile(targets, (members, 1))), Tensor(targets))
        expect_close(
            loss,
            0.0,
            "Q-values that equal their targets have a loss of 0: did every target meet every Q-value?",
            name="critic_loss",
        )


# --- 3e ---


@subpart("3e")
def test_actor_loss_by_hand(student: Student) -> None:
    """Minus the average Q-value, plus the penalty times the average squared entry of the actions."""
    q = np.array([[-1.0, -2.0], [-3.0, -1.0], [-2.0, -3.0]])  # average -2
    actions = np.array([[0.5, -0.5, 1.0], [0.0, 0.5, -0.5]])  # squares sum to 2, average 1/3
    with on_wrong_shape(SCALAR):
        loss = student.policy.actor_loss(Tensor(q), Tensor(actions), 0.3)
    sentence = recognise(
        loss,
        "the loss is not -average Q + penalty · average squared action",
        {
            "the sign of Q is wrong: the actor wants a high Q, and a gradient step lowers the loss": -2 + 0.1,
            "the penalty is subtracted: large actions should cost something": 2 - 0.1,
            "the penalty is missing": 2.0,
            "both signs are wrong": -2 - 0.1,
            "the weight of the penalty is 1, and not what was passed in": 2 + 1 / 3,
            "the penalty is half of what it should be": 2 + 0.05,
            "the weight of the penalty is squared too: square the actions alone": 2 + 0.03,
            "the squared actions are summed over the entries of a row: average over all entries": 2 + 0.3,
            "the squared actions are summed over the batch: average over all entries": 2 + 0.2,
            "the squared actions are summed: average over all entries": 2 + 0.6,
            "the absolute actions are penalised: square them": 2 + 0.3 * 0.5,
            "the actions are averaged before they are squared": 2 + 0.3 / 36,
            "the Q-values are summed over the critics: average over all entries": 6 + 0.1,
            "the Q-values are summed over the batch: average over all entries": 4 + 0.1,
            "the Q-values are summed: average over all entries": 12 + 0.1,
            "the smallest Q of each row was taken: here it is the average over all entries": 3 + 0.1,
            "only the first critic counts here: average over all entries": 1.5 + 0.1,
        },
    )
    expect_close(loss, 2.1, sentence, name="actor_loss")


@subpart("3e")
def test_actor_loss_pulls_the_right_way(student: Student) -> None:
    """A gradient step raises the Q-value of every critic and row, and makes every action smaller."""
    q, actions = np.array([[-1.0, -2.0], [-3.0, -1.0]]), np.array([[0.5, -0.5], [-1.0, 0.0]])
    _, (by_q, by_actions) = student.value_and_grad("policy", "actor_loss", [q, actions, 0.2], wrt=(0, 1))
    expect(by_q is not None, "no gradient reaches the Q-values, so the actor could not learn")
    expect(by_actions is not None, "no gradient of the penalty reaches the actions")
    sentence = "the gradient by the Q-values is not -1/4 for each of these four: raise all of them alike"
    flipped = {"the loss falls with Q: a step would make the actor worse": np.full((2, 2), 0.25)}
    expect_close(by_q, np.full((2, 2), -0.25), recognise(by_q, sentence, flipped))
    expect_close(by_actions, 0.1 * actions, "the gradient of the penalty does not shrink the actions")


@subpart("3e")
def test_actor_loss_without_penalty(student: Student) -> None:
    """With a penalty of 0 the actions do not matter, and only the Q-values count."""
    q, actions = np.array([[-1.0, -2.0, -6.0]]), np.ones((3, 4))
    with on_wrong_shape(SCALAR):
        loss = student.policy.actor_loss(Tensor(q), Tensor(actions), 0.0)
    expect_close(loss, 3.0, "with a penalty of 0 the loss is minus the average Q-value", name="actor_loss")


# --- 3f ---


def _updated(student: Student, tau: float, times: int = 1) -> tuple[dict, dict]:
    """Parameters of target (all 4, bias 1) and online (all 8, bias -1) after some updates."""
    target = student.given.linear(np.full((2, 3), 4.0), np.full(2, 1.0))
    online = student.given.linear(np.full((2, 3), 8.0), np.full(2, -1.0))
    for _ in range(times):
        student.policy.polyak_update(target, online, tau)
    return student.given.parameters(target), student.given.parameters(online)


@subpart("3f")
def test_polyak_update_by_hand(student: Student) -> None:
    """The target goes the share τ of the way towards the online network, in place; the online one stays."""
    target, online = _updated(student, 0.25)
    sentence = recognise(
        target["weight"],
        "the target is not (1 - τ) · target + τ · online",
        {
            "the target did not change: assigning to the loop variable changes no parameter": np.full(
                (2, 3), 4.0
            ),
            "τ and 1 - τ are swapped: the target should move slowly": np.full((2, 3), 7.0),
            "the target was overwritten: it should move by the share τ only": np.full((2, 3), 8.0),
            "τ · online was added, but the target not shrunk by 1 - τ": np.full((2, 3), 6.0),
            "the target moves away from the online network": np.full((2, 3), 3.0),
        },
    )
    expect_close(
        online["weight"], np.full((2, 3), 8.0), "the online network must not change: only the target moves"
    )
    expect_close(target["weight"], np.full((2, 3), 5.0), sentence)
    expect_close(target["bias"], np.full(2, 0.5), "the biases are parameters too: every one of them moves")
    expect_close(
        online["bias"], np.full(2, -1.0), "the online network must not change: only the target moves"
    )


@subpart("3f")
def test_polyak_updates_add_up(student: Student) -> None:
    """Each update closes the share τ of the gap that is left: after k of them (1 - τ)^k remain."""
    for times, tau in ((2, 0.1), (5, 0.1), (150, 0.01)):
        target, _ = _updated(student, tau, times)
        expect_close(
            target["weight"],
            np.full((2, 3), 8.0 - 4.0 * (1 - tau) ** times),
            "after several updates the target is not where it should be: each starts from the one before",
        )


@subpart("3f")
def test_polyak_update_of_a_deep_network(student: Student) -> None:
    """Every layer moves; afterwards the two networks are still apart: training one does not drag the other along."""
    target, online = (student.module("kit.networks").mlp(2, (3, 3), 1, seed=s) for s in (1, 2))
    before = student.given.parameters(target)
    wanted = student.given.parameters(online)
    student.policy.polyak_update(target, online, 1.0)
    after = student.given.parameters(target)
    for name, values in wanted.items():
        unchanged = {"with τ = 1 the target becomes a copy, but a parameter did not move": before[name]}
        sentence = recognise(
            after[name], "with τ = 1 the target becomes a copy of the online network", unchanged
        )
        expect_close(after[name], values, sentence)
    student.given.load_state(online, {name: values + 1.0 for name, values in wanted.items()})
    for name, values in student.given.parameters(target).items():
        expect_close(
            values, wanted[name], "the target now shares its memory with the online network: copy the values"
        )


# --- 3g ---

STD = "the noise is not Gaussian with standard deviation `noise_std`"
ROWS_DEPEND = (
    "the draws of one row or entry depend on those of another: draw for each entry, and one coin for each row"
)


def _explored(
    student: Student, actions: np.ndarray, noise_std: float, epsilon: float, rng: Any
) -> np.ndarray:
    """What `explore` makes of actions (B, A)."""
    with on_wrong_shape(ONE_ACTION_A_ROW):
        explored = student.policy.explore(actions, noise_std, epsilon, rng)
    return expect_array(explored, np.shape(actions), name="explore")


@subpart("3g")
def test_noise_of_the_greedy_rows(student: Student) -> None:
    """With ε = 0 each entry gets Gaussian noise of its own, with standard deviation `noise_std`."""
    # Two tests at 1e-7 each. Clipping at ±1 is at five standard deviations.
    explored = _explored(student, np.zeros((20_000, 3)), 0.2, 0.0, Rng(0))
    expect(np.any(explored), "with ε = 0 nothing was added: the other rows get noise")
    expect(
        np.mean(explored[:, 0] == explored[:, 1]) < 0.5,
        "the entries of a row share their noise: draw one each",
    )
    expect(len(np.unique(explored[:, 0])) > 10_000, "rows share their noise: draw anew for each row")
    expect((explored < 0).any(), "no entry is negative: actions lie in [-1, 1]")
    # Whose root and square keep clear of ±1.
    small = _explored(student, np.zeros((20_000, 3)), 0.04, 0.0, Rng(0))
    variance = "the noise has the standard deviation √noise_std: `noise_std` is no variance"
    expect(not is_gaussian(small / 0.04**0.5), variance)
    expect(
        not is_gaussian(small / 0.04**2), "the noise has the standard deviation noise_std²: do not square it"
    )
    expect(
        np.abs(explored).max() > 0.5,
        "no noise is larger than 2.5 standard deviations: it is the actions that are clipped, not the noise",
    )
    expect(is_gaussian(explored / 0.2), STD)
    expect_independent_rows(normal_to_uniform(explored / 0.2), ROWS_DEPEND)


@subpart("3g")
def test_noise_cannot_leave_the_action_space(student: Student) -> None:
    """Noise is added to the greedy action, and the sum is clipped to [-1, 1]."""
    # Each count is binomial with p = 1/2, at 1e-7.
    actions = np.tile([1.0, -1.0, 0.4], (4000, 1))
    explored = _explored(student, actions, 0.05, 0.0, Rng(0))
    expect(np.abs(explored) <= 1.0, "an action lies outside [-1, 1]: clip after adding the noise")
    expect(
        np.abs(explored - actions) < 0.5,
        "an action is ten standard deviations of the noise away from the greedy one: the noise is added to that",
    )
    for column, bound in ((0, 1.0), (1, -1.0)):
        at_bound = int((explored[:, column] == bound).sum())
        expect_probability(
            at_bound,
            4000,
            0.5,
            "half of the noise on an action of 1 or -1 is clipped back to it, and half stays",
        )


@subpart("3g")
def test_random_rows(student: Student) -> None:
    """With probability ε a row is replaced, as a whole, by a uniform draw; without noise the rest stays."""
    # Three tests at 1e-7 each.
    rows, epsilon = 20_000, 0.3
    actions = np.full((rows, 3), 0.123456789)
    explored = _explored(student, actions, 0.0, epsilon, Rng(0))
    changed = np.abs(explored - actions) > 1e-6
    some, every = changed.any(axis=1), changed.all(axis=1)
    # A uniform draw is that close to the old entry with probability 1e-6, so four such rows have less than 1e-5^4.
    expect((some & ~every).sum() <= 3, "a row is part random, part greedy: one draw decides for a whole row")
    count = int(every.sum())
    expect(count != 0, "with ε = 0.3 no row of 20000 was replaced")
    expect(count != rows, "with ε = 0.3 each row of 20000 was replaced: draw one number for each row")
    inverted = "`epsilon` is the share of the random rows, not of the greedy ones"
    expect(is_off(count, rows, 1 - epsilon), inverted)
    expect_probability(count, rows, epsilon, "the share of random rows is not `epsilon`")
    uniform = explored[every]
    expect(
        len(np.unique(uniform[:, 0])) > 1000,
        "the random rows hold few different numbers: draw from all of [-1, 1], anew for each row",
    )
    expect(
        uniform.min() < -0.5 and uniform.max() > 0.5, "random actions come from [-1, 1], not from half of it"
    )
    expect_uniform((uniform + 1) / 2, "the random actions are not uniform in [-1, 1]", bins=50)
    coins = np.abs(_explored(student, actions, 0.0, 0.5, Rng(0)) - actions)[:, 0] > 1e-6
    coins = spread(coins, 2, own_rng())
    expect_independent_rows(
        coins, "which rows become random depends on the other rows: draw one number for each row"
    )


@subpart("3g")
def test_random_rows_get_no_noise(student: Student) -> None:
    """With ε = 1 all actions are uniform in [-1, 1], whatever the greedy ones and the noise are."""
    # Two tests at 1e-7 each.
    explored = _explored(student, np.full((10_000, 3), 0.9), 3.0, 1.0, Rng(0))
    expect(
        np.mean(np.abs(explored) == 1.0) < 0.01,
        "many actions are exactly ±1: with ε = 1 every row is uniform, and noise is for the other rows",
    )
    expect(
        np.mean(explored[:, 0] == explored[:, 1]) < 0.01, "the entries of a row are equal: draw one for each"
    )
    expect(len(np.unique(explored[:, 0])) > 5000, "rows share their random action: draw anew for each row")
    expect_uniform((explored + 1) / 2, "with ε = 1 the actions are not uniform in [-1, 1]", bins=50)
    expect_independent_rows((explored.ravel() + 1) / 2, ROWS_DEPEND)


@subpart("3g")
def test_explore_uses_the_rng_and_nothing_else(student: Student) -> None:
    """Noise, random actions and which rows get them are drawn from `rng`, anew at each call; the actions stay."""
    actions = np.full((100, 2), 0.5)
    expect_stream(student, lambda rng: {"noise": _explored(student, actions, 0.2, 0.0, rng)}, {})
    expect_stream(student, lambda rng: {"uniform": _explored(student, actions, 0.2, 1.0, rng)}, {})
    expect_stream(student, lambda rng: {"rows": _explored(student, actions, 0.0, 0.5, rng)[:, 0] != 0.5}, {})
    expect_unchanged(student.policy.explore, actions=actions, noise_std=0.2, epsilon=0.3, rng=Rng(1))
