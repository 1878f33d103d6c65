"""Train one policy on many tasks by RL: `python -m solutions.train_tasks --relabel random` (handout: `hw.train_tasks`).

    episodes of every task  ->  D_1 … D_K  --stratified batches-->  new labels, then their rewards  ->  DDPG of Part 3

It is a program of its own, since nothing of `train` that makes goals, imagines or scripts has a use here: the state is
s = (s̄, z_i) with a one-hot z_i (6a), and there is no goal. `train_round` below is all of the algorithm.
"""

import time
from typing import Any

import numpy as np
import torch
from numpy.random import default_rng

from envs.machine import describe_machine
from envs.terminal import command_line

from .agent import Agent
from .kit.checkpoint import Safekeeping, load_checkpoint, save_checkpoint
from .kit.console import run_command
from .kit.exploration import repeating
from .kit.files import write_json
from .kit.finite import check_finite, network_weights
from .kit.progress import TrainingBar
from .kit.runlog import RunFolder
from .kit.seeds import EVAL_OFFSET, SEED_STEP
from .kit.task_buffer import TaskBuffer
from .kit.task_config import TaskTrainConfig
from .kit.task_sets import run_tasks, solved, task_set
from .kit.weights import save_weights
from .multitask import relabel_tasks, stratified_rows, task_rewards, with_task
from .policy import explore

STREAMS = ("explore", "batch", "relabel")
STATEFUL = ("agent", "buffer")


class TaskRun:
    """Everything that changes while training. Each source of randomness has a stream of its own."""

    def __init__(self, config: TaskTrainConfig):
        self.config, self.tasks = config, task_set(config.tasks)
        seed = SEED_STEP * config.seed
        self.env = self.tasks.make_env(config.episodes_per_round, seed)
        self.eval_env = self.tasks.make_env(config.eval_episodes, seed + EVAL_OFFSET)
        spec, count = self.env.task_spec, len(self.tasks)
        self.rng = {name: default_rng([config.seed, i]) for i, name in enumerate(STREAMS)}
        # z is in the state, so there is no goal: its place has 0 numbers.
        self.agent = Agent(
            spec.obs_dim + count, 0, spec.action_dim, config.seed, hidden=config.hidden, lr=config.lr,
            threads=config.cores,
        )  # fmt: skip
        capacity = config.total_steps // spec.episode_length + 2 * config.episodes_per_round
        self.buffer = TaskBuffer(capacity, spec.episode_length, spec.obs_dim, spec.action_dim, count)
        self.counters: dict[str, Any] = {
            "env_steps": 0,
            "updates": 0,
            "evaluated_at": 0,
            "train_seconds": 0.0,
        }
        self.info: dict[str, float] = {}

    def train_round(self) -> None:
        """One turn of the loop: an episode in every environment, then the updates that are due."""
        config, counters = self.config, self.counters
        tasks = (len(self.buffer) + np.arange(self.env.num_envs)) % len(self.tasks)
        self.buffer.add(self.collect(tasks))
        counters["env_steps"] += self.env.num_envs * self.env.episode_length
        while counters["updates"] < int(counters["env_steps"] * config.updates_per_step):
            self.info |= self.agent.update(self.batch())
            counters["updates"] += 1
        check_finite(counters, config.lr, **network_weights(self.agent), **self.info)

    def batch(self) -> dict[str, np.ndarray]:
        """Transitions, as many of each D_i; some get a new label, and all of them the reward of their label."""
        config, buffer, rng = self.config, self.buffer, self.rng["batch"]
        rows = stratified_rows(buffer.task_of_episode, config.batch_size, rng)
        steps = rng.integers(buffer.actions.shape[1], size=len(rows))
        labels = buffer.tasks[rows]
        if config.relabel != "none":
            returns, relabel = buffer.returns[rows], self.rng["relabel"]
            labels = relabel_tasks(returns, labels, config.relabel, config.relabel_fraction, relabel)
        return {
            "obs": self.state(buffer.obs[rows, steps], labels),
            "next_obs": self.state(buffer.obs[rows, steps + 1], labels),
            "actions": buffer.actions[rows, steps],
            "rewards": task_rewards(buffer.rewards[rows, steps], labels),
            "masks": np.ones(len(rows), np.float32),
            "goals": no_goal(labels),
        }

    def state(self, obs: np.ndarray, tasks: np.ndarray) -> np.ndarray:
        """s = (s̄, z_i)"""
        return with_task(obs, tasks, len(self.tasks))

    def greedy(self, obs: np.ndarray, tasks: np.ndarray) -> np.ndarray:
        """Greedy actions (n, A) for observations (n, O), each row's for its own task."""
        return self.agent.act(self.state(obs, tasks), no_goal(tasks))

    def collect(self, tasks: np.ndarray) -> dict[str, np.ndarray]:
        """An episode in each environment, with exploration: each for its task."""
        config, rng = self.config, self.rng["explore"]

        def behaviour(obs: np.ndarray, tasks: np.ndarray) -> np.ndarray:
            if len(self.buffer) < config.warmup_episodes:
                return rng.uniform(-1.0, 1.0, size=(len(obs), self.env.task_spec.action_dim))
            return explore(self.greedy(obs, tasks), config.noise_std, config.epsilon, rng)

        policy = repeating(behaviour, config.repeat_probability, rng)
        episodes = run_tasks(self.tasks, self.env, lambda obs: policy(obs["observation"], tasks))
        states, steps = episodes["obs"], episodes["obs"].shape[1]
        self.agent.obs_norm.observe(self.state(states.reshape(-1, states.shape[-1]), np.repeat(tasks, steps)))
        return episodes | {"tasks": tasks}

    def evaluate(self) -> dict[str, float]:
        """Greedy episodes of all tasks in turn. Success is that of the last state; started_solved is 0 by the reset."""
        tasks = np.arange(self.eval_env.num_envs) % len(self.tasks)
        episodes = run_tasks(self.tasks, self.eval_env, lambda obs: self.greedy(obs["observation"], tasks))
        returns = episodes["rewards"].sum(axis=1)[np.arange(len(tasks)), tasks]
        return {
            "success": float(solved(episodes, tasks).mean()),
            "return": float(returns.mean()),
            "started_solved": 0.0,
            "episodes": len(tasks),
        }

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {
            **{name: getattr(self, name).state_dict() for name in STATEFUL},
            **{name: getattr(self, name) for name in ("counters", "info")},
            "streams": [stream.bit_generator.state for stream in self.streams()],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        for name in STATEFUL:
            getattr(self, name).load_state_dict(state[name])
        for name in ("counters", "info"):
            getattr(self, name).update(state[name])
        for stream, saved in zip(self.streams(), state["streams"], strict=True):
            stream.bit_generator.state = saved

    def streams(self) -> list[np.random.Generator]:
        """All sources of randomness."""
        return [*self.rng.values(), *self.env.np_random, *self.eval_env.np_random]


def no_goal(rows: np.ndarray) -> np.ndarray:
    """Goals of no numbers, a row for each of these: (n, 0)."""
    return np.zeros((len(rows), 0), np.float32)


def train_tasks(config: TaskTrainConfig) -> dict[str, float]:
    """Train until total_steps, evaluating and saving on the way. Returns: the last line of progress.csv.

    Raises: UserMistake for a folder that cannot be used, and for numbers that are not finite; KeyboardInterrupt if
    interrupted. The state after the last whole round is saved then.
    """
    torch.set_num_threads(1)
    folder = RunFolder(config.check().folder, config.as_dict(), config.title, config.resume)
    run = TaskRun(config)
    counters, row = run.counters, {}
    if config.resume:
        load_checkpoint(folder.checkpoint, run)
        folder.keep_rows_until(counters["env_steps"])

    def save() -> None:
        save_checkpoint(folder.checkpoint, run)
        folder.draw_curve()

    with (
        TrainingBar(config.title, config.total_steps) as bar,
        Safekeeping(run, save, config.save_seconds) as keeper,
    ):
        while counters["env_steps"] < config.total_steps:
            started = time.monotonic()
            run.train_round()
            counters["train_seconds"] += time.monotonic() - started
            at_end = counters["env_steps"] >= config.total_steps
            if at_end or counters["env_steps"] - counters["evaluated_at"] >= config.eval_every:
                counters["evaluated_at"] = counters["env_steps"]
                row = folder.log(counters | run.info | run.evaluate())
            bar.show(counters["env_steps"], counters["train_seconds"], row)
            keeper.after_round(counters["env_steps"])
    save_weights(folder.weights, run.agent, config.as_dict())
    folder.finish(row)
    if config.json:
        write_json(config.json, {"made_by": describe_machine(), **config.as_dict(), **row})
    return row


if __name__ == "__main__":
    run_command(lambda: train_tasks(command_line(TaskTrainConfig)))
