"""The given pieces: buffer, normalizer, networks, collection."""

import numpy as np
import pytest
import torch

from envs import make_vec
from solutions.kit.buffer import EpisodeBuffer
from solutions.kit.collect import collect_episodes, evaluate
from solutions.kit.networks import EnsembleMLP, mlp
from solutions.kit.normalizer import Normalizer
from solutions.relabel import new_rewards

T, OBS, GOAL, ACTION = 3, 4, 2, 2


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
    return EpisodeBuffer(capacity, T, OBS, GOAL, ACTION)


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
