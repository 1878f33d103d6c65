"""The given pieces: buffer, normalizer, networks, collection."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from envs import TaskSpec, make_vec, task_spec
from solutions.agent import Agent
from solutions.kit.buffer import AFTER, EpisodeBuffer
from solutions.kit.collect import collect_episodes, evaluate
from solutions.kit.jitter import jitter_goals
from solutions.kit.networks import EnsembleMLP, mlp
from solutions.kit.normalizer import Normalizer
from solutions.kit.threads import Threads
from solutions.kit.weights import policy_tensors
from solutions.policy import critic_loss, td_targets
from solutions.relabel import new_rewards

T, OBS, GOAL, ACTION = 3, 4, 2, 2
SPEC = TaskSpec("test", "", OBS, GOAL, ACTION, T, 0.1, 0)
WITH_OBJECT = replace(SPEC, goal_dim=3, object=task_spec("push").object)


def episodes(first: int, count: int) -> dict:
    """Recognisable episodes: every number in episode i is i."""
    label = np.arange(first, first + count, dtype=np.float32)

    def filled(*shape):
        return np.broadcast_to(label.reshape(-1, *[1] * len(shape)), (count, *shape))

    return {
        "obs": filled(T + 1, OBS),
        "achieved": filled(T + 1, GOAL),
        "desired": filled(GOAL),
        "actions": filled(T, ACTION),
        "rewards": filled(T),
        "masks": filled(T),
    }


def buffer(capacity: int = 4) -> EpisodeBuffer:
    return EpisodeBuffer(capacity, SPEC)


def test_an_empty_buffer_refuses_to_be_drawn_from():
    with pytest.raises(ValueError, match="holds no episode"):
        buffer().sample_steps(1, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("batches", "held"),
    [([1], {0}), ([4], {0, 1, 2, 3}), ([3, 2], {1, 2, 3, 4}), ([3, 3, 3], {5, 6, 7, 8})],
    ids=["one", "exactly full", "wrapped", "wrapped twice"],
)
def test_a_buffer_keeps_the_latest_episodes_whole(batches, held):
    memory, first = buffer(), 0
    for count in batches:
        memory.add(episodes(first, count))
        first += count
    assert len(memory) == len(held)
    drawn = memory.transitions(*memory.sample_steps(500, np.random.default_rng(0)))
    assert set(drawn["obs"][:, 0]) == held
    for key, values in drawn.items():  # every array of a row comes from the same episode
        first_column = values if values.ndim == 1 else values[:, 0]
        assert np.array_equal(first_column, drawn["obs"][:, 0]), key


def test_a_buffer_refuses_more_episodes_than_it_holds():
    with pytest.raises(ValueError, match="5 episodes do not fit into a buffer of 4"):
        buffer().add(episodes(0, 5))


def test_episodes_in_which_the_goal_moved_are_drawn_in_their_share():
    memory, data = buffer(), {key: np.array(values) for key, values in episodes(0, 4).items()}
    data["achieved"][1, 2] += 0.03  # episode 1 moved on its way
    data["achieved"][3, 1:] += 0.01  # episode 3 hardly
    memory.add(data)
    drawn, steps = memory.sample_steps(4000, np.random.default_rng(0), moved_fraction=0.8)
    assert abs(np.mean(drawn == 1) - (0.8 + 0.2 / 4)) < 0.03 and set(drawn) == {0, 1, 2, 3}
    assert set(steps) == set(range(T))
    uniform, _ = memory.sample_steps(4000, np.random.default_rng(0))
    assert abs(np.mean(uniform == 1) - 0.25) < 0.03

    memory.add({key: values[:1] for key, values in data.items()})  # over episode 0
    memory.add({key: values[:1] for key, values in data.items()})  # over episode 1: nothing moved is left
    assert set(memory.sample_steps(500, np.random.default_rng(0), 0.8)[0]) == {0, 1, 2, 3}


def test_an_object_that_fell_off_the_table_counts_as_moved_only_where_asked():
    paths = np.zeros((3, T + 1, 3), np.float32)
    paths[1, 1:, 0] = 0.3  # pushed along the table
    paths[2, 1:] = 0.3, 0.0, -0.2  # and off it
    shapes = {"obs": (T + 1, OBS), "desired": (3,), "actions": (T, ACTION), "rewards": (T,), "masks": (T,)}
    data = {key: np.zeros((3, *shape), np.float32) for key, shape in shapes.items()}
    for skip_fallen, moved in ((False, [False, True, True]), (True, [False, True, False])):
        memory = EpisodeBuffer(3, WITH_OBJECT, skip_fallen)
        memory.add(data | {"achieved": paths})
        drawn, _ = memory.sample_steps(500, np.random.default_rng(0), moved_fraction=1.0)
        assert np.isin(range(3), drawn).tolist() == moved


def test_episodes_in_which_the_object_was_lifted_are_drawn_in_their_share():
    memory = EpisodeBuffer(5, WITH_OBJECT, skip_fallen=True)
    paths = np.zeros((5, T + 1, 3), np.float32)
    paths[1, 1:, 0] = 0.3  # pushed along the table
    paths[2, 2, 2] = 0.1  # lifted, and set down where it was
    # Lifted, and dropped beside the table.
    paths[3, 1:] = (
        (0.0, 0.0, 0.1),
        (0.2, 0.0, 0.0),
        (0.3, 0.0, -0.4),
    )
    shapes = {"obs": (T + 1, OBS), "desired": (3,), "actions": (T, ACTION), "rewards": (T,), "masks": (T,)}
    data = {key: np.zeros((5, *shape), np.float32) for key, shape in shapes.items()}
    memory.add(data | {"achieved": paths})

    def shares(lifted_fraction: float) -> list[float]:
        drawn, _ = memory.sample_steps(8000, np.random.default_rng(0), 0.9, 0.0, lifted_fraction)
        return [float(np.mean(drawn == episode)) for episode in range(5)]

    assert shares(0.0) == pytest.approx([0.02, 0.47, 0.47, 0.02, 0.02], abs=0.02)
    # half of the nine tenths is for the lifted one alone, of the rest it has its half
    assert shares(0.5) == pytest.approx([0.02, 0.245, 0.695, 0.02, 0.02], abs=0.02)
    for _ in range(3):  # over episodes 0, 1 and 2: the only one left that was lifted is on the floor
        memory.add({key: values[:1] for key, values in (data | {"achieved": paths}).items()})
    assert set(memory.sample_steps(500, np.random.default_rng(0), 0.9, 0.0, 0.5)[0]) == set(range(5))


def test_far_ways_are_drawn_more_often_where_asked():
    data = {key: np.array(values) for key, values in episodes(0, 4).items()}
    # metres; the second is shorter, the last longer than what is told apart (FAR)
    for episode, way in enumerate((0.0, 0.05, 0.4, 3.0)):
        data["achieved"][episode] = data["achieved"][episode, :1]
        data["achieved"][episode, 1:, 0] += way
    for prefer_far, shares in ((False, (1 / 3, 1 / 3, 1 / 3)), (True, (0.2 / 1.4, 0.4 / 1.4, 0.8 / 1.4))):
        memory = EpisodeBuffer(4, SPEC, prefer_far=prefer_far)
        memory.add(data)
        drawn, _ = memory.sample_steps(6000, np.random.default_rng(0), moved_fraction=1.0)
        assert [np.mean(drawn == episode) for episode in (1, 2, 3)] == pytest.approx(shares, abs=0.02)
        assert not np.any(drawn == 0)


def test_steps_up_to_the_first_move_are_drawn_in_their_share():
    length, first_moved = 12, (None, 1, 5, 12)  # the state in which each episode's goal has moved
    memory = EpisodeBuffer(4, replace(SPEC, episode_length=length))
    shapes = {key: getattr(memory, key).shape for key in episodes(0, 4)}
    data = {key: np.zeros(shape, np.float32) for key, shape in shapes.items()}
    for episode, state in enumerate(first_moved):
        if state is not None:
            data["achieved"][episode, state:] += 0.1
    memory.add(data)
    ends = [length, 1 + AFTER, 5 + AFTER, length]
    drawn, steps = memory.sample_steps(40_000, np.random.default_rng(0), 0.9, deciding_fraction=0.5)
    from_moved = 0.3 / (0.3 + 0.1 / 4)  # the others come from any episode, and are any step
    for episode in (1, 2, 3):
        share, uniform = 0.5 * from_moved, ends[episode] / length
        assert np.mean(steps[drawn == episode] < ends[episode]) == pytest.approx(
            share + (1 - share) * uniform, abs=0.02
        )
    assert set(steps[drawn == 0]) == set(range(length))


def test_jitter_moves_only_some_rows_and_only_where_the_tasks_goals_vary():
    rng = np.random.default_rng(0)
    goals, wanted = rng.normal(size=(4000, 3)).astype(np.float32), rng.normal(size=(500, 3)) * (0.2, 0.1, 0.0)
    before = goals.copy()
    steps = jitter_goals(goals, wanted, 0.3, rng) - goals
    assert np.array_equal(goals, before) and steps.dtype == np.float32
    moved = np.any(steps != 0, axis=1)
    assert abs(moved.mean() - 0.3) < 0.03 and np.all(steps[:, 2] == 0)
    assert np.allclose(steps[moved].std(axis=0), (0.1, 0.05, 0.0), rtol=0.1)


def test_the_networks_see_the_goal_relative_to_what_is_achieved():
    agent = Agent(5, 2, 1, goal_start=3, hidden=(8,))
    rng = np.random.default_rng(0)
    obs, goals = rng.normal(size=(6, 5)), rng.normal(size=(6, 2))
    assert np.array_equal(agent.relative(obs, goals), goals - obs[:, 3:])
    agent.observe(obs[:, None], goals[:, None])
    assert np.allclose(agent.goal_norm.mean, (goals - obs[:, 3:]).mean(axis=0))
    shifted = goals.copy()
    shifted[0] += 1.0
    assert np.array_equal(agent.act(obs, goals)[1:], agent.act(obs, shifted)[1:])
    assert not np.array_equal(agent.act(obs, goals)[0], agent.act(obs, shifted)[0])


def test_next_obs_is_the_state_after_the_step():
    memory = buffer()
    data = {key: np.array(values) for key, values in episodes(0, 1).items()}
    data["obs"] = np.arange(T + 1, dtype=np.float32)[None, :, None] * np.ones(OBS, np.float32)
    memory.add(data)
    steps = np.arange(T)
    drawn = memory.transitions(np.zeros(T, int), steps)
    assert np.array_equal(drawn["obs"][:, 0], steps) and np.array_equal(drawn["next_obs"][:, 0], steps + 1)
    obs, actions, next_obs = memory.all_transitions()
    assert len(obs) == len(actions) == T and np.array_equal(next_obs[:, 0], obs[:, 0] + 1)


@pytest.mark.parametrize("reward", ["sparse", "dense"])
def test_the_stored_reward_is_the_reward_of_what_was_achieved_next(reward):
    env = make_vec("tiny", 64, seed=3, reward=reward)
    rng = np.random.default_rng(0)
    data = collect_episodes(env, lambda obs, goals: rng.uniform(-1, 1, (len(obs), 2)))
    goals = np.repeat(data["desired"][:, None], env.episode_length, axis=1).reshape(-1, 2)
    reached = data["achieved"][:, 1:].reshape(-1, 2)
    again = new_rewards(reached, goals, env.task_spec.distance_threshold, reward)
    assert np.allclose(again, data["rewards"].ravel())
    assert np.array_equal(data["achieved"], env.achieved_goal(data["obs"]))
    assert np.all(data["masks"] == 1)  # a time limit is no terminal state


def test_evaluation_counts_whole_rounds_and_goals_met_at_the_start():
    env = make_vec("tiny", 8, seed=0)
    measured = evaluate(env, lambda obs, goals: np.zeros((len(obs), 2)), episodes=20)
    assert measured["episodes"] == 24
    # Nothing moves, so exactly the goals that were met at the start are met at the end.
    assert measured["success"] == measured["started_solved"]


def test_the_normalizer_agrees_with_numpy_over_several_batches():
    rng = np.random.default_rng(0)
    rows = rng.normal([5.0, -300.0, 0.0], [0.1, 20.0, 0.0], size=(1000, 3))
    normalizer = Normalizer(3)
    for part in np.split(rows, [10, 300]):
        normalizer.observe(part.reshape(-1, 1, 3))
    assert np.allclose(normalizer.mean, rows.mean(axis=0), atol=1e-4)
    assert np.allclose(normalizer.std, np.maximum(rows.std(axis=0), 1e-2), rtol=1e-4)
    out = normalizer(rows)
    assert out.dtype == torch.float32 and out.abs().max() <= 5.0
    assert torch.isfinite(out).all()  # also where nothing ever changes


@pytest.mark.parametrize("seen_before", [0, 1000])
def test_what_a_normalizer_does_not_see_is_zero_whatever_it_holds(seen_before):
    rng = np.random.default_rng(0)
    normalizer, plain = Normalizer(4, unseen=(1, 3)), Normalizer(4)
    for each in (normalizer, plain) if seen_before else ():
        each.observe(np.random.default_rng(1).normal(1.0, 5.0, size=(seen_before, 4)))
    rows = rng.normal(0.0, 100.0, size=(50, 4))
    assert normalizer(rows)[:, [1, 3]].abs().max() < 1e-6
    assert torch.equal(normalizer(rows)[:, [0, 2]], plain(rows)[:, [0, 2]])
    loaded = Normalizer(4)  # who plays a policy knows its statistics and nothing else
    loaded.load_state_dict(normalizer.state_dict())
    assert torch.equal(loaded(rows), normalizer(rows))


def test_an_ensemble_is_its_members_side_by_side():
    net = EnsembleMLP(3, 5, (7, 6), 2, seed=0, layer_norm=True)
    x = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    together = net(x)
    assert together.shape == (3, 4, 2)
    assert torch.allclose(net(x.expand(3, -1, -1)), together)
    together[1].sum().backward()
    for parameter in net.parameters():  # a member's output depends on its own weights only
        assert parameter.grad[0].abs().sum() == 0 and parameter.grad[2].abs().sum() == 0
    assert not torch.allclose(together[0], together[1])


def test_weights_depend_on_the_seed_alone():
    def weights(seed: int):
        return torch.cat([p.flatten() for p in mlp(3, (8,), 2, seed=seed).parameters()])

    torch.manual_seed(1)
    first = weights(0)
    torch.manual_seed(2)
    assert torch.equal(weights(0), first) and not torch.equal(weights(1), first)


def test_copying_members_leaves_the_others():
    a, b = EnsembleMLP(3, 2, (4,), 1, seed=0), EnsembleMLP(3, 2, (4,), 1, seed=1)
    target = b.member_weights()
    a.copy_members(np.array([True, False, True]), a.member_weights(), target)
    for name, values in target.items():
        assert torch.equal(values[[0, 2]], a.state_dict()[name][[0, 2]])
        assert torch.equal(values[1], b.state_dict()[name][1])


def some_batch(rng: np.random.Generator, rows: int = 32) -> dict:
    shapes = {"obs": OBS, "next_obs": OBS, "goals": GOAL, "actions": ACTION}
    batch = {key: rng.standard_normal((rows, dim), dtype=np.float32) for key, dim in shapes.items()}
    return batch | {"rewards": -np.ones(rows, np.float32), "masks": np.ones(rows, np.float32)}


def flat(net: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def test_the_gradient_of_the_critic_is_that_of_its_own_loss_alone():
    agent, batch = Agent(OBS, GOAL, ACTION, hidden=(8,)), some_batch(np.random.default_rng(0))
    obs, next_obs = agent.obs_norm(batch["obs"]), agent.obs_norm(batch["next_obs"])
    goals, next_goals = (
        agent.goal_norm(agent.relative(batch[k], batch["goals"])) for k in ("obs", "next_obs")
    )
    actions, rewards, masks = (torch.as_tensor(batch[k]) for k in ("actions", "rewards", "masks"))
    next_q = agent.target_critic(next_obs, agent.target_actor(next_obs, next_goals), next_goals)
    loss = critic_loss(agent.critic(obs, actions, goals), td_targets(rewards, masks, next_q, agent.discount))
    wanted = torch.autograd.grad(loss, list(agent.critic.parameters()))
    agent.update(batch)
    got = [parameter.grad for parameter in agent.critic.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(got, wanted, strict=True))


def test_making_networks_leaves_torchs_own_generator_as_it_was():
    before = torch.get_rng_state()
    Agent(OBS, GOAL, ACTION, hidden=(8,))
    assert torch.equal(torch.get_rng_state(), before)


def test_two_threads_give_the_numbers_of_one():
    def weights(threads: int) -> torch.Tensor:
        rng = np.random.default_rng(0)
        agent = Agent(OBS, GOAL, ACTION, hidden=(16, 16), threads=threads)
        for _ in range(20):
            agent.update(some_batch(rng))
        return torch.cat([p.flatten() for net in (agent.actor, agent.critic) for p in net.parameters()])

    assert torch.equal(weights(1), weights(2))


def test_what_acts_is_the_actor_or_a_moving_average_of_the_actors():
    agent = Agent(OBS, GOAL, ACTION, hidden=(8,), actor_ema=0.25)
    expected, rng = flat(agent.actor).clone(), np.random.default_rng(0)
    for _ in range(5):
        agent.update(some_batch(rng))
        expected += 0.25 * (flat(agent.actor) - expected)
    assert torch.allclose(flat(agent.acting), expected, atol=1e-6)
    assert not torch.allclose(flat(agent.actor), expected, atol=1e-4)
    saved = torch.cat([policy_tensors(agent)[f"actor.{name}"].flatten() for name in agent.actor.state_dict()])
    assert torch.equal(saved, torch.cat([v.flatten() for v in agent.acting.state_dict().values()]))
    plain = Agent(OBS, GOAL, ACTION, hidden=(8,))
    assert plain.acting is plain.actor


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("broken", [0, 1])
def test_an_error_in_a_thread_reaches_the_caller(threads, broken):
    def work(place: int) -> int:
        if place == broken:
            raise NotImplementedError(f"TODO({place})")
        return place

    with pytest.raises(NotImplementedError, match=rf"TODO\({broken}\)"):
        Threads(threads).both(lambda: work(0), lambda: work(1))


def test_a_buffer_that_was_saved_draws_as_before():
    data = {key: np.array(values) for key, values in episodes(0, 6).items()}
    data["achieved"][2:4, 2] += 0.5  # two of them moved
    memory, other = buffer(), buffer()
    for first in (0, 3):
        memory.add({key: values[first : first + 3] for key, values in data.items()})
    other.load_state_dict(memory.state_dict())
    for buffer_ in (memory, other):
        buffer_.add({key: values[:1] for key, values in data.items()})  # over the oldest one
    draws = [m.sample_steps(500, np.random.default_rng(0), 0.8, 0.5) for m in (memory, other)]
    assert np.array_equal(*draws)
    assert np.array_equal(memory.transitions(*draws[0])["obs"], other.transitions(*draws[0])["obs"])
