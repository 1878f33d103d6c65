"""Parts 1 to 4: does it learn? Each part trains from scratch in a world drawn for this grading."""

import numpy as np

from autograder.checks.hidden.learning import (
    BATCH,
    HIDDEN,
    ROUNDS,
    UPDATES_A_ROUND,
    LinearWorld,
    World,
    model_error,
    random_actions,
    rounds_to_learn,
)
from autograder.engine.checking import Rng, expect, expect_array, subpart
from solutions import policy as reference_policy
from solutions import relabel as reference_relabel
from solutions.agent import Agent

LEARN = {"kind": "learning", "time_limit": 60}


def seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


def reference_batch(world: World, rng: np.random.Generator):
    """The reference's relabeling, bound to a world."""
    settings = {"strategy": "future", "fraction": 0.8, "threshold": world.spec.distance_threshold}
    return lambda batch, *where: reference_relabel.relabel(batch, *where, **settings, reward="sparse", rng=rng)


@subpart("1a", "1b", "1c", "1d", "1e", "1f", **LEARN)
def test_the_model_learns_a_new_world(student, fresh_rng):
    """The ensemble, fitted to a new world, predicts unseen transitions."""
    world = World(fresh_rng)
    for _ in range(20):
        world.collect(random_actions(fresh_rng))
    model = student.module("model").DynamicsModel(4, 2, seed(fresh_rng), hidden=HIDDEN)
    model.fit(*world.buffer.all_transitions(), Rng(seed(fresh_rng)), max_epochs=60)

    def sample_next(obs, actions):
        predicted = model.sample_next(obs, actions, Rng(seed(fresh_rng)))
        return expect_array(predicted, shape=obs.shape, name="`sample_next`")

    expect(
        model_error(world, sample_next, fresh_rng) < 0.2,
        "fitted to 3200 transitions of a simple world, the model predicts unseen ones badly: "
        "look at how its pieces fit together (targets, loss, early stopping, sampling)",
    )


@subpart("2a", "2b", "2c", "2d", "2e", **LEARN)
def test_imagined_data_are_enough_to_learn_from(student, fresh_rng):
    """A policy learns from imagined rollouts, with hardly any real data."""
    world, rng = World(fresh_rng), fresh_rng
    world.collect(random_actions(rng))
    linear = LinearWorld(world)
    real = world.buffer
    model = student.given.LinearModel(linear.A, linear.B)
    memory = student.imagine.ModelBuffer(20_000)
    agent = Agent(*world.dims, seed(rng), hidden=HIDDEN)
    relabelled = reference_batch(world, rng)

    for round_ in range(1, ROUNDS + 1):
        for _ in range(8):
            episodes, steps = student.imagine.start_states("all", len(real), 20, 50, Rng(seed(rng)))
            episodes = expect_array(episodes, shape=(50,), kind="int", name="`start_states`")
            steps = expect_array(steps, shape=(50,), kind="int", name="`start_states`")
            lengths = student.imagine.rollout_lengths("partial", steps, 20, 10)
            targets = rng.normal(size=(50, 2)) * world.variant.scale
            controller = student.given.GainPolicy(linear.random_gain(world, rng))
            obs = real.obs[episodes, steps] - linear.shift
            data = student.imagine.imagine(model, controller, obs, targets, lengths, Rng(seed(rng)))
            memory.add(hindsight(data, linear, world, rng))
        sample = memory.sample(2_000, Rng(seed(rng)))
        agent.observe(sample["obs"], sample["goals"])
        for _ in range(UPDATES_A_ROUND):
            where = real.sample_steps(BATCH, rng)
            batch = relabelled(real.transitions(*where), world.achieved, *where)
            agent.update(student.imagine.mix(batch, memory.sample(BATCH, Rng(seed(rng))), 0.1))
        if round_ >= 5 and round_ % 2 == 1 and world.learned(agent.act):
            return
    expect(False, "a policy trained on your imagined rollouts did not learn to reach goals in the real world")


def hindsight(data: dict, linear: LinearWorld, world: World, rng: np.random.Generator) -> dict:
    """Imagined transitions as D_model holds them: back in the world's coordinates, with hindsight goals."""
    expect(isinstance(data, dict) and {"obs", "actions", "next_obs"} <= set(data), "`imagine` returns a dict of arrays")
    rows = len(data["obs"])
    obs = expect_array(data["obs"], shape=(rows, 4), name="`imagine`") + linear.shift
    next_obs = expect_array(data["next_obs"], shape=(rows, 4), name="`imagine`") + linear.shift
    actions = expect_array(data["actions"], shape=(rows, 2), name="`imagine`")
    reached = next_obs[:, :2]
    # Some rows get what they themselves reached, so that rewards of 0 are not rare.
    own = rng.random(rows) < 0.3
    goals = np.where(own[:, None], reached, reached[rng.integers(rows, size=rows)])
    rewards = reference_relabel.new_rewards(reached, goals, world.spec.distance_threshold)
    columns = {"obs": obs, "actions": actions, "next_obs": next_obs, "goals": goals, "next_achieved": reached}
    return {**columns, "rewards": rewards, "masks": np.ones_like(rewards)}


@subpart("3a", "3b", "3c", "3d", "3e", "3f", "3g", **LEARN)
def test_the_policy_learns_a_new_world(student, fresh_rng):
    """Actor and critic, trained from scratch, reach goals in a new world."""
    world = World(fresh_rng)
    agent = student.module("agent").Agent(*world.dims, seed(fresh_rng), hidden=HIDDEN)

    def act(obs, goals):
        return expect_array(agent.act(obs, goals), shape=(len(obs), 2), name="`Agent.act`")

    def explore(actions):
        explored = student.policy.explore(actions, 0.2, 0.3, Rng(seed(fresh_rng)))
        return expect_array(explored, shape=actions.shape, name="`explore`")

    took = rounds_to_learn(world, agent, act, explore, reference_batch(world, fresh_rng), fresh_rng)
    expect(
        took is not None,
        "each piece may be right, but together they did not learn to reach goals in a simple world: "
        "is what they pass on to each other what the next one expects?",
    )


@subpart("4b", "4e", "4f", **LEARN)
def test_relabeling_makes_sparse_rewards_learnable(student, fresh_rng):
    """With your relabeling, sparse rewards are enough to learn from."""
    world = World(fresh_rng)
    agent = Agent(*world.dims, seed(fresh_rng), hidden=HIDDEN)

    def relabel(batch, achieved, episodes, steps):
        settings = {"strategy": "future", "fraction": 0.8, "threshold": world.spec.distance_threshold}
        return student.relabel.relabel(
            batch, achieved, episodes, steps, **settings, reward="sparse", rng=Rng(seed(fresh_rng))
        )

    def explore(actions):
        return reference_policy.explore(actions, 0.2, 0.3, fresh_rng)

    took = rounds_to_learn(world, agent, agent.act, explore, relabel, fresh_rng)
    expect(took is not None, "a good learner, given your relabelled batches, did not learn to reach goals")
