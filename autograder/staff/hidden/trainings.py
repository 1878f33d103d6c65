"""One training for each part, with the submission's code for that part and the reference's for everything else.

Each returns how well it went: the rounds that learning took (None: not learned within the budget), or the error of the
model. The checks compare that with a bound; `python -m autograder.bench.learning` measures how far the reference
stays away from the bounds.
"""

from typing import Any

import numpy as np

from autograder.checks.checking import Rng, Student, expect, expect_array
from autograder.staff.hidden.learning import (
    BATCH,
    HIDDEN,
    ROUNDS,
    UPDATES_A_ROUND,
    LinearWorld,
    World,
    random_actions,
    rounds_to_learn,
)
from solutions import policy as reference_policy
from solutions import relabel as reference_relabel
from solutions.agent import Agent
from solutions.kit.collect import collect_episodes

GENTLE = 0.5  # strength of the actions that the model learns from
STRATEGY: dict[str, Any] = {"strategy": "future", "fraction": 0.8, "reward": "sparse"}


def seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


def model_error(student: Student, rng: np.random.Generator) -> float:
    """Part 1: fit the ensemble to random episodes of a new world; how far do sampled next states lie from true ones?

    Root mean square error divided by the standard deviation of the change of state, in the worst dimension: 1 is as
    bad as always predicting the average change, 0 is perfect. The actions have half their strength: at full strength
    some episodes bump into a wall, which no Gaussian fits, and in unlucky worlds those few stop the training early.
    """
    world = World(rng)
    for _ in range(20):
        world.collect(random_actions(rng, GENTLE))
    model = student.module("model").DynamicsModel(4, 2, seed(rng), hidden=HIDDEN)
    model.fit(*world.buffer.all_transitions(), Rng(seed(rng)), max_epochs=60)
    fresh = collect_episodes(world.judge, random_actions(rng, GENTLE))
    obs, next_obs = (x.reshape(-1, 4) for x in (fresh["obs"][:, :-1], fresh["obs"][:, 1:]))
    predicted = model.sample_next(obs, fresh["actions"].reshape(-1, 2), Rng(seed(rng)))
    predicted = expect_array(predicted, shape=obs.shape, name="`sample_next`")
    error = np.sqrt(np.square(predicted - next_obs).mean(axis=0)) / (next_obs - obs).std(axis=0)
    return float(error.max())


def imagined_rounds(student: Student, rng: np.random.Generator) -> int | None:
    """Part 2: learn from rollouts imagined in a known model; one tenth of each batch is real."""
    world = World(rng)
    world.collect(random_actions(rng))
    real, linear = world.buffer, LinearWorld(world)
    model = student.given.LinearModel(linear.A, linear.B)
    memory = student.imagine.ModelBuffer(20_000)
    agent = Agent(*world.dims, seed(rng), hidden=HIDDEN)
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
            memory.add(_with_hindsight(data, linear, world, rng))
        sample = memory.sample(2_000, Rng(seed(rng)))
        agent.observe(sample["obs"], sample["goals"])
        for _ in range(UPDATES_A_ROUND):
            where = real.sample_steps(BATCH, rng)
            batch = reference_relabel.relabel(
                real.transitions(*where),
                world.achieved,
                *where,
                threshold=world.threshold,
                rng=rng,
                **STRATEGY,
            )
            agent.update(student.imagine.mix(batch, memory.sample(BATCH, Rng(seed(rng))), 0.1))
        if round_ >= 5 and round_ % 2 == 1 and world.learned(agent.act):
            return round_
    return None


def _with_hindsight(data: dict, linear: LinearWorld, world: World, rng: np.random.Generator) -> dict:
    """Imagined transitions as D_model holds them: back in the world's coordinates, with goals that were reached."""
    expect(
        isinstance(data, dict) and {"obs", "actions", "next_obs"} <= set(data),
        "`imagine` returns a dict of arrays",
    )
    rows = len(data["obs"])
    obs = expect_array(data["obs"], shape=(rows, 4), name="`imagine`") + linear.shift
    next_obs = expect_array(data["next_obs"], shape=(rows, 4), name="`imagine`") + linear.shift
    actions = expect_array(data["actions"], shape=(rows, 2), name="`imagine`")
    reached = next_obs[:, :2]
    # Some rows get what they themselves reached, so that rewards of 0 are not rare.
    own = rng.random(rows) < 0.3
    goals = np.where(own[:, None], reached, reached[rng.integers(rows, size=rows)])
    rewards = reference_relabel.new_rewards(reached, goals, world.threshold)
    columns = {"obs": obs, "actions": actions, "next_obs": next_obs, "goals": goals, "next_achieved": reached}
    return {**columns, "rewards": rewards, "masks": np.ones_like(rewards)}


def policy_rounds(student: Student, rng: np.random.Generator) -> int | None:
    """Part 3: actor and critic learn from scratch, given relabelled batches."""
    world = World(rng)
    agent = student.module("agent").Agent(*world.dims, seed(rng), hidden=HIDDEN)

    def act(obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        return expect_array(agent.act(obs, goals), shape=(len(obs), 2), name="`Agent.act`")

    def explore(actions: np.ndarray) -> np.ndarray:
        explored = student.policy.explore(actions, 0.2, 0.3, Rng(seed(rng)))
        return expect_array(explored, shape=actions.shape, name="`explore`")

    def relabel(batch: dict, *where: np.ndarray) -> Any:
        return reference_relabel.relabel(batch, *where, threshold=world.threshold, rng=rng, **STRATEGY)

    return rounds_to_learn(world, agent, act, explore, relabel, rng)


def relabel_rounds(student: Student, rng: np.random.Generator) -> int | None:
    """Part 4: a known learner, given the submission's relabelled batches."""
    world = World(rng)
    agent = Agent(*world.dims, seed(rng), hidden=HIDDEN)

    def explore(actions: np.ndarray) -> np.ndarray:
        return reference_policy.explore(actions, 0.2, 0.3, rng)

    def relabel(batch: dict, *where: np.ndarray) -> Any:
        return student.relabel.relabel(
            batch, *where, threshold=world.threshold, rng=Rng(seed(rng)), **STRATEGY
        )

    return rounds_to_learn(world, agent, agent.act, explore, relabel, rng)
