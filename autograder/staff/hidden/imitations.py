"""Trainings for Part 6: imitation on a ring of zones that is turned, scaled and moved anew for each grading.

The grader owns simulator, demonstrations, network and evaluation; the submission gives minibatches, states, gradients
of the loss, partners, labels and rewards. Each returns the share of episodes that do not end in the zone of their task.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from autograder.checks.checking import Rng, Student, Tensor, expect_array
from envs.goal_env import GoalVecEnv
from envs.scripted import TinyController
from envs.tiny import TinyVariant
from envs.zones import TaskSet, ring
from solutions.kit.networks import mlp

HIDDEN, BATCH, NOISE = (64, 64), 126, 0.3
EVALUATION_EPISODES = 64
RELABELLED_WORLDS = 4
FRAMES = (2, 5, 8, 11, 14, 17, 20)  # of a demonstration, that its encoder sees
Act = Callable[[np.ndarray, np.ndarray], np.ndarray]  # obs (n, 4), tasks (n,) -> actions (n, 2)


class Ring:
    """K zones in a fresh variant, and what is done there. Observations are in units of the world, around its middle."""

    def __init__(self, num_tasks: int, rng: np.random.Generator):
        torch.set_num_threads(1)
        self.variant, self.rng = TinyVariant.random(rng), rng
        self.tasks: TaskSet = ring(num_tasks, self.variant)
        self.shift = np.array([*self.variant.shift, 0.0, 0.0])

    def episodes(self, act: Act, tasks: np.ndarray, noise: float = 0.0) -> tuple[np.ndarray, ...]:
        """An episode for each of `tasks` (N,): obs (N, T+1, 4), the actions meant (N, T, 2), rewards (N, T, K)."""
        env: GoalVecEnv = self.tasks.make_env(len(tasks), self.seed())
        current = self.tasks.reset(env)
        raw, actions = [current["observation"]], []
        for _ in range(env.episode_length):
            actions.append(act(raw[-1], tasks))
            shaken = actions[-1] + noise * self.rng.normal(size=actions[-1].shape)
            raw.append(env.step(np.clip(shaken, -1, 1))[0]["observation"])
        states = np.stack(raw, axis=1)
        obs = ((states - self.shift) / self.variant.scale).astype(np.float32)
        return obs, np.stack(actions, axis=1).astype(np.float32), self.tasks.rewards(states[:, 1:])

    def demonstrations(self, tasks: np.ndarray) -> tuple[np.ndarray, ...]:
        """Of the experts, with noise while they act, so that a copy learns to correct what goes wrong."""

        def expert(obs: np.ndarray, tasks: np.ndarray) -> np.ndarray:
            return self.tasks.act({"observation": obs}, tasks)

        return self.episodes(expert, tasks, NOISE)

    def misses(self, act: Act) -> float:
        """Of fresh episodes, each task equally often; `act` gets observations like those of `episodes`."""
        tasks = np.arange(EVALUATION_EPISODES) % len(self.tasks)

        def scaled(obs: np.ndarray, tasks: np.ndarray) -> np.ndarray:
            return act(((obs - self.shift) / self.variant.scale).astype(np.float32), tasks)

        _, _, rewards = self.episodes(scaled, tasks)
        return float((rewards[np.arange(len(tasks)), -1, tasks] < 0).mean())

    def seed(self) -> int:
        return int(self.rng.integers(2**31))


def _network(inputs: int, seed: int) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    net = mlp(inputs, HIDDEN, 2, seed=seed)
    return net, torch.optim.Adam(net.parameters(), lr=2e-3)


def _predict(net: torch.nn.Module, states: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return np.clip(net(torch.from_numpy(states)).numpy(), -1, 1)


def conditioned_misses(student: Student, rng: np.random.Generator, updates: int = 400) -> float:
    """6a, 6b, 6c: one network for six tasks, two of which have a tenth of the others' demonstrations."""
    world, num_tasks = Ring(6, rng), 6
    obs, actions, _ = world.demonstrations(tasks := np.repeat(np.arange(6), [20, 2, 20, 20, 2, 20]))
    steps = actions.shape[1]
    flat_obs, flat_actions = obs[:, :-1].reshape(-1, 4), actions.reshape(-1, 2)
    task_of_row = np.repeat(tasks, steps)
    net, optimizer = _network(4 + num_tasks, world.seed())

    def states(some: np.ndarray, tasks: np.ndarray) -> np.ndarray:
        answer = student.multitask.with_task(some, tasks, num_tasks)
        return expect_array(answer, (len(some), 4 + num_tasks), name="`with_task`").astype(np.float32)

    for _ in range(updates):
        rows = student.multitask.stratified_rows(task_of_row, BATCH, Rng(world.seed()))
        rows = expect_array(rows, (BATCH,), kind="int", name="`stratified_rows`") % len(task_of_row)
        predicted = net(torch.from_numpy(states(flat_obs[rows], task_of_row[rows])))
        errors = (predicted - torch.from_numpy(flat_actions[rows])).square().mean(1)
        arguments: list[Any] = [Tensor(errors.detach().numpy()), Tensor(task_of_row[rows]), num_tasks]
        _, (gradient,) = student.value_and_grad("multitask", "multitask_loss", arguments)
        optimizer.zero_grad()
        errors.backward(
            torch.from_numpy(expect_array(gradient, (BATCH,), name="the gradient").astype(np.float32))
        )
        optimizer.step()
    return world.misses(lambda obs, tasks: _predict(net, states(obs, tasks)))


def inferred_misses(student: Student, rng: np.random.Generator, updates: int = 500) -> float:
    """6e: the task as two numbers that a network makes of another demonstration; judged on new demonstrations."""
    world, per_task = Ring(6, rng), 10
    obs, actions, _ = world.demonstrations(task_of_demo := np.repeat(np.arange(6), per_task))
    shown = torch.from_numpy(obs[:, FRAMES].reshape(len(obs), -1))
    encoder = mlp(shown.shape[1], HIDDEN, 2, seed=world.seed())
    net, _ = _network(4 + 2, world.seed())
    optimizer = torch.optim.Adam([*encoder.parameters(), *net.parameters()], lr=2e-3)
    for _ in range(updates):
        demos, steps = rng.integers(len(obs), size=BATCH), rng.integers(actions.shape[1], size=BATCH)
        partners = student.multitask.partner_demos(task_of_demo, demos, Rng(world.seed()))
        partners = expect_array(partners, (BATCH,), kind="int", name="`partner_demos`") % len(obs)
        inputs = torch.cat([torch.from_numpy(obs[demos, steps]), encoder(shown[partners])], dim=1)
        loss = (net(inputs) - torch.from_numpy(actions[demos, steps])).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    new, _, _ = world.demonstrations(np.arange(6))
    with torch.no_grad():
        codes = encoder(torch.from_numpy(new[:, FRAMES].reshape(6, -1))).numpy()
    return world.misses(lambda obs, tasks: _predict(net, np.concatenate([obs, codes[tasks]], axis=1)))


def relabelled_misses(student: Student, rng: np.random.Generator) -> float:
    """6g, 6h: imitation of episodes that went anywhere, each with the task that it happened to earn most in.

    The mean over some worlds, since what the reference misses differs much from one to the next.
    """
    return float(np.mean([_misses_relabelled(student, rng) for _ in range(RELABELLED_WORLDS)]))


def _misses_relabelled(student: Student, rng: np.random.Generator, updates: int = 500) -> float:
    """In one world."""
    world, num_tasks = Ring(8, rng), 8
    anywhere = world.variant.observe_points(rng.uniform(-1, 1, size=(800, 2)))
    controller = TinyController(world.variant)

    def wander(obs: np.ndarray, tasks: np.ndarray) -> np.ndarray:
        return controller({"observation": obs, "desired_goal": anywhere})

    old = rng.integers(num_tasks, size=len(anywhere))
    obs, actions, rewards = world.episodes(wander, old, NOISE)
    per_step = rewards.reshape(-1, num_tasks)
    columns = [
        student.multitask.task_rewards(per_step, np.full(len(per_step), task)) for task in range(num_tasks)
    ]
    shape = (len(per_step),)
    earned = np.stack([expect_array(column, shape, name="`task_rewards`") for column in columns], axis=1)
    returns = earned.reshape(rewards.shape).sum(axis=1)
    labels = student.multitask.relabel_tasks(returns, old, "best", 1.0, Rng(world.seed()))
    labels = expect_array(labels, old.shape, kind="int", name="`relabel_tasks`") % num_tasks
    eye = np.eye(num_tasks, dtype=np.float32)
    net, optimizer = _network(4 + num_tasks, world.seed())
    for _ in range(updates):
        rows, steps = rng.integers(len(obs), size=BATCH), rng.integers(actions.shape[1], size=BATCH)
        states = np.concatenate([obs[rows, steps], eye[labels[rows]]], axis=1)
        loss = (net(torch.from_numpy(states)) - torch.from_numpy(actions[rows, steps])).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return world.misses(lambda obs, tasks: _predict(net, np.concatenate([obs, eye[tasks]], axis=1)))
