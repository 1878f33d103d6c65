"""Part 3, the goal-conditioned policy: what each function promises, on cases small enough to follow by hand."""

import numpy as np

from autograder.checks.checking import (
    Handle,
    Rng,
    Student,
    Tensor,
    expect,
    expect_array,
    expect_close,
    expect_distribution,
    expect_normal,
    expect_probability,
    expect_unchanged,
    expect_uniform,
    subpart,
)
from autograder.checks.mistakes import on_wrong_shape, recognise
from autograder.checks.networks import with_weights

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


@subpart("3a", hint="torch.tanh(self.net(…)) of observation and goal side by side")
def test_actions_are_tanh_of_the_net(student: Student) -> None:
    """The net sees [observation, goal], and tanh brings what it says into (-1, 1)."""
    actor, _ = _linear_actor(student)
    obs, goals = np.array([[0.3, -0.7], [-0.1, 0.9], [2.0, 0.2]]), np.array([[0.5], [-0.2], [0.1]])
    with on_wrong_shape(ONE_ACTION_A_ROW):
        actions = student.policy.Actor.forward(actor, Tensor(obs), Tensor(goals))
    raw = np.column_stack([obs[:, 0], 2 * goals[:, 0] + 0.5])
    goal_first = np.column_stack([goals[:, 0], 2 * obs[:, 1] + 0.5])
    sentence = recognise(
        actions,
        "the actions are not tanh of what the net makes of [observation, goal]",
        {
            "the net got the goal first: it expects the observation, then the goal": np.tanh(goal_first),
            "tanh is missing: the net's output is unbounded": raw,
            "the actions are clipped; tanh is smooth, and lets gradients through": np.clip(raw, -1, 1),
            "a sigmoid gives (0, 1), but actions lie in (-1, 1)": 1 / (1 + np.exp(-raw)),
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


@subpart("3a", hint="no .detach(), no .item(), no NumPy between the net and the actions")
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


@subpart("3b", hint="observation, action, goal, in this order")
def test_q_values_are_the_nets(student: Student) -> None:
    """The net sees [observation, action, goal], and its output is the Q-value as it is."""
    critic, state, _ = _critic(student, members=2)
    obs, actions, goals = _critic_inputs(4)
    with on_wrong_shape(TWO_AXES):
        q = student.policy.Critic.forward(critic, Tensor(obs), Tensor(actions), Tensor(goals))
    wanted = _net(state, np.column_stack([obs, actions, goals]))[..., 0]
    sentence = recognise(
        q,
        "the Q-values are not what the net makes of [observation, action, goal]",
        {
            "the net got the goal before the action: the order is observation, action, goal": _net(
                state, np.column_stack([obs, goals, actions])
            )[..., 0],
            "the net got the action first: the order is observation, action, goal": _net(
                state, np.column_stack([actions, obs, goals])
            )[..., 0],
            "the net got the goal first: the order is observation, action, goal": _net(
                state, np.column_stack([goals, obs, actions])
            )[..., 0],
            "Q-values are sums of rewards: no tanh": np.tanh(wanted),
            "Q-values may be positive here: the clip belongs to the targets": np.minimum(wanted, 0.0),
        },
    )
    expect_close(q, wanted, sentence, name="Critic.forward", atol=1e-5)


@subpart("3b", hint=".squeeze(-1) removes the last axis and no other")
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


@subpart("3b", hint="no .detach() and no torch.no_grad() here: the targets get theirs in the update")
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


# --- 3c ---


@subpart("3c", hint="the smallest over the critics, axis 0")
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
            "γ must not multiply the reward": 0.9 * (rewards + next_q.min(axis=0)),
            "the reward is missing": 0.9 * next_q.min(axis=0),
            "nothing was bootstrapped: where the mask is 1 the next Q-value counts": rewards,
        },
    )
    expect_close(targets, [-2.8, -3.7, -1.22], sentence, name="td_targets")


@subpart("3c", hint="the mask multiplies the bootstrap, nothing else")
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


@subpart("3c", hint="clamp(-1 / (1 - γ), 0)")
def test_targets_are_clipped(student: Student) -> None:
    """With rewards in [-1, 0] no return leaves [-1/(1-γ), 0], so no target may: here [-4, 0]."""
    rewards, masks = np.array([-1.0, 0.0, -1.0, -1.0, 0.0]), np.array([1.0, 1.0, 1.0, 1.0, 0.0])
    next_q = np.array([[-8.0, 3.0, 0.4, -3.0, 7.0]])  # r + γ Q: -7, 2.25, -0.7, -3.25, 0
    with on_wrong_shape(ONE_TARGET_A_ROW):
        targets = student.policy.td_targets(Tensor(rewards), Tensor(masks), Tensor(next_q), 0.75)
    sentence = recognise(
        targets,
        "the targets are not r + γ · mask · next Q-value, clipped to [-1/(1-γ), 0]",
        {
            "the targets are not clipped: they belong into [-1/(1-γ), 0]": [-7, 2.25, -0.7, -3.25, 0],
            "nothing was clipped from above: no return is positive": [-4, 2.25, -0.7, -3.25, 0],
            "nothing was clipped from below: no return is less than -1/(1-γ)": [-7, 0, -0.7, -3.25, 0],
            "the next Q-values were clipped; it is the targets that belong into the interval": [-4, 0, -1, -3.25, 0],
            "the lower end of the interval is -1/(1-γ), not -1": [-1, 0, -0.7, -1, 0],
            "the lower end of the interval is -1/(1-γ), not -1/γ": [-4 / 3, 0, -0.7, -4 / 3, 0],
        },
    )  # fmt: skip
    expect_close(targets, [-4.0, 0.0, -0.7, -3.25, 0.0], sentence, name="td_targets")


# --- 3d ---


@subpart("3d", hint="average over the rows first, then sum over the critics")
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
            "these are roots of the mean squared errors: no root here": 1.5 + 0.75**0.5,
            "the errors are averaged before they are squared": 0.625,
            "only one of the critics is trained": 2.25,
        },
    )
    expect_close(loss, 3.0, sentence, name="critic_loss")


@subpart("3d", hint=".detach() the targets")
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


@subpart("3d", hint="(E, B) - (B,) lines up the rows; a (B, 1) does not")
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


@subpart("3e", hint="a gradient step lowers the loss")
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


@subpart("3f", hint="lerp_ and copy_ change a parameter; `parameter = …` only names another tensor")
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
    for times in (2, 5):
        target, _ = _updated(student, 0.1, times)
        expect_close(
            target["weight"],
            np.full((2, 3), 8.0 - 4.0 * 0.9**times),
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


@subpart("3g", hint="noise_std is a standard deviation: noise_std * rng.standard_normal(shape)")
def test_noise_of_the_greedy_rows(student: Student) -> None:
    """With ε = 0 each entry gets Gaussian noise of its own, with standard deviation `noise_std`."""
    # A normal test and a test of signs, at 1e-7 each. Clipping at ±1 is at five standard deviations.
    actions = np.zeros((3000, 3))
    explored = student.policy.explore(actions, 0.2, 0.0, Rng(0))
    explored = expect_array(explored, (3000, 3), name="explore")
    expect(np.any(explored), "with ε = 0 nothing was added: the other rows get noise")
    expect((explored < 0).any(), "no entry is negative: actions lie in [-1, 1]")
    expect(
        np.mean(explored[:, 0] == explored[:, 1]) < 0.01,
        "the entries of a row share their noise: draw one each",
    )
    expect(len(np.unique(explored[:, 0])) > 1500, "all rows share their noise: draw one for each row")
    expect_normal(explored, 0.0, 0.2, "the noise is not Gaussian with standard deviation `noise_std`")
    signs = (explored > 0) @ np.array([1, 2, 4])
    expect_distribution(signs, np.full(8, 1 / 8), "the noise of one entry depends on the others'")


@subpart("3g", hint="clip after the noise, not before")
def test_noise_cannot_leave_the_action_space(student: Student) -> None:
    """Noise is added to the greedy action, and the sum is clipped to [-1, 1]."""
    # Each count is binomial with p = 1/2, at 1e-7.
    actions = np.tile([1.0, -1.0, 0.9], (2000, 1))
    explored = expect_array(student.policy.explore(actions, 0.05, 0.0, Rng(0)), (2000, 3), name="explore")
    expect(np.abs(explored) <= 1.0, "an action lies outside [-1, 1]: clip after adding the noise")
    expect(np.abs(explored - actions) < 0.5, "the noise is not added to the greedy action")
    at_bound = int((explored[:, 0] == 1.0).sum())
    expect_probability(
        at_bound, 2000, 0.5, "half of the noise on an action of 1 is clipped back to 1, and half stays"
    )
    lower = int((explored[:, 1] == -1.0).sum())
    expect_probability(
        lower, 2000, 0.5, "half of the noise on an action of -1 is clipped back to -1, and half stays"
    )


@subpart("3g", hint="one draw decides for a whole row: a mask of shape (B, 1)")
def test_random_rows(student: Student) -> None:
    """With probability ε a row is replaced, as a whole, by a uniform draw; without noise the rest stays."""
    # A binomial test and a uniform one, at 1e-7 each.
    actions = np.full((3000, 3), 0.123456789)
    explored = expect_array(student.policy.explore(actions, 0.0, 0.3, Rng(0)), (3000, 3), name="explore")
    changed = np.abs(explored - actions) > 1e-6
    some, every = changed.any(axis=1), changed.all(axis=1)
    # A uniform draw is that close to the old entry with probability 1e-6, so four such rows have less than 1e-11.
    expect((some & ~every).sum() <= 3, "a row is part random, part greedy: one draw decides for a whole row")
    count = int(every.sum())
    expect(count not in (0, 3000), "all rows were treated alike: draw one number for each row")
    expect(
        abs(count / 3000 - 0.7) > 0.05, "`epsilon` is the share of the random rows, not of the greedy ones"
    )
    expect_probability(count, 3000, 0.3, "the share of random rows is not `epsilon`")
    uniform = explored[every]
    expect(
        uniform.min() < -0.5 and uniform.max() > 0.5, "random actions come from [-1, 1], not from half of it"
    )
    expect_uniform((uniform + 1) / 2, "the random actions are not uniform in [-1, 1]")


@subpart("3g")
def test_random_rows_get_no_noise(student: Student) -> None:
    """With ε = 1 all actions are uniform in [-1, 1], whatever the greedy ones and the noise are."""
    # A uniform test and a test of signs, at 1e-7 each.
    explored = student.policy.explore(np.full((3000, 3), 0.9), 3.0, 1.0, Rng(0))
    explored = expect_array(explored, (3000, 3), name="explore")
    expect(
        np.mean(np.abs(explored) == 1.0) < 0.01,
        "many actions are exactly ±1: with ε = 1 every row is uniform, and noise is for the other rows",
    )
    expect(
        np.mean(explored[:, 0] == explored[:, 1]) < 0.01, "the entries of a row are equal: draw one for each"
    )
    expect(
        len(np.unique(explored[:, 0])) > 1500, "all rows got the same random action: draw one for each row"
    )
    expect_uniform((explored + 1) / 2, "with ε = 1 the actions are not uniform in [-1, 1]")
    signs = (explored > 0) @ np.array([1, 2, 4])
    expect_distribution(signs, np.full(8, 1 / 8), "the entries of a random action depend on each other")


@subpart("3g")
def test_explore_leaves_its_arguments_alone(student: Student) -> None:
    """The greedy actions stay as they were, and the draws come from the `rng` that is passed in."""
    actions = np.full((50, 2), 0.5)
    first = expect_array(student.policy.explore(actions, 0.2, 0.3, Rng(1)), (50, 2), name="explore")
    again, other = (student.policy.explore(actions, 0.2, 0.3, Rng(seed)) for seed in (1, 2))
    expect(
        np.array_equal(first, again),
        "the same `rng` state gave two different draws: draw from the `rng` passed in, not from np.random",
    )
    expect(
        not np.array_equal(first, other),
        "two different `rng` gave the same draws: draw from the one passed in",
    )
    expect_unchanged(student.policy.explore, actions=actions, noise_std=0.2, epsilon=0.3, rng=Rng(1))
