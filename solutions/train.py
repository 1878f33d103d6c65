"""Train a policy: `python -m solutions.train --task reach --method her` (in a handout: `python -m hw.train`).

The loop is the algorithm of the lecture, one line for each step; `Run.train_round` below is all of it.
"""

import time
from typing import Any

import numpy as np
import torch
from numpy.random import default_rng

from envs import make_vec
from envs.typed import option

from .agent import Agent
from .batches import Batches
from .imagine import ModelBuffer
from .kit.buffer import EpisodeBuffer
from .kit.checkpoint import Safekeeping, load_checkpoint, save_checkpoint
from .kit.cli import training_config
from .kit.collect import collect_episodes, evaluate
from .kit.config import NEEDS, TrainConfig
from .kit.console import run_command
from .kit.exploration import exploring
from .kit.finite import check_finite, network_weights
from .kit.places import settled
from .kit.progress import TrainingBar, print_ending
from .kit.runlog import RunFolder
from .kit.schedules import learning_rate
from .kit.seeds import EVAL_OFFSET, SEED_STEP
from .kit.symmetrized import symmetrized
from .kit.symmetry import Mirrors
from .kit.weights import check_playable, save_weights
from .model import DynamicsModel
from .policy import explore
from .rollouts import Rollouts

STREAMS = ("explore", "batch", "relabel", "model", "imagine", "mirror")
COUNTED = ("env_steps", "updates", "evaluated_at", "fitted_at")
STATEFUL = ("agent", "buffer", "model", "rollouts")


class Run:
    """Everything that changes while training. Each source of randomness has a stream of its own."""

    def __init__(self, config: TrainConfig):
        self.config, seed = config, SEED_STEP * config.seed
        self.env, self.eval_env = (
            make_vec(config.task, config.num_envs, seed + offset, reward=config.reward, threads=config.cores)
            for offset in (0, EVAL_OFFSET)
        )
        self.spec = spec = self.env.task_spec
        self.rng = {name: default_rng([config.seed, i]) for i, name in enumerate(STREAMS)}
        self.agent = Agent(
            spec.obs_dim, spec.goal_dim, spec.action_dim, config.seed, goal_start=spec.goal_start,
            unseen=spec.layout.on_the_table if spec.layout and config.translation_invariant else (),
            hidden=config.hidden, num_critics=config.num_critics, lr=config.lr, discount=config.discount,
            tau=config.tau, actor_ema=config.actor_ema, action_penalty=config.action_penalty, threads=config.cores,
        )  # fmt: skip
        check_playable(self.agent)  # now, and not after hours of training
        needed = config.total_steps // spec.episode_length + 2 * config.num_envs
        capacity = min(config.buffer_episodes, needed)
        self.buffer = EpisodeBuffer(capacity, spec, config.skip_fallen, config.prefer_far)
        self.batches = Batches(self.buffer, config, self.rng["batch"], self.rng["relabel"])
        self.mirrors = Mirrors(config.mirror, spec)
        self.model = DynamicsModel(
            spec.obs_dim, spec.action_dim, config.seed + 2, hidden=config.model_hidden,
            noise=config.model_noise, min_log_var=config.model_min_log_var,
        )  # fmt: skip
        self.rollouts = Rollouts(
            ModelBuffer(config.model_buffer), self.model, self.batches, config, self.rng["imagine"], self.rng["batch"]
        )  # fmt: skip
        self.counters: dict[str, Any] = dict.fromkeys(COUNTED, 0) | {"train_seconds": 0.0}
        self.info: dict[str, float] = {}  # losses, the latest of each

    def train_round(self) -> None:
        """One turn of the loop: an episode in every environment, then the updates that are due."""
        config, counters, buffer = self.config, self.counters, self.buffer

        explores = exploring(self.behaviour, config, self.spec, counters["env_steps"], self.rng["explore"])
        episodes = collect_episodes(self.env, explores)
        buffer.add(episodes)
        self.agent.observe(episodes["obs"], episodes["desired"][:, None])
        counters["env_steps"] += episodes["rewards"].size

        if config.method == "mbpo":
            if not self.model.stats or counters["env_steps"] - counters["fitted_at"] >= config.model_every:
                self.note(self.model.fit(*buffer.all_transitions(), self.rng["model"]))
                counters["fitted_at"] = counters["env_steps"]
            self.rollouts.imagine(self.behaviour)

        self.agent.learn_at(learning_rate(config, counters["env_steps"]))
        while counters["updates"] < int(counters["env_steps"] * config.updates_per_step):
            batch = self.batches.draw()  # of D_env, relabelled
            if config.method == "mbpo":
                batch = self.rollouts.mix(batch)
            self.note(self.agent.update(self.mirrors(batch, self.rng["mirror"])), batch)
            counters["updates"] += 1
        self.check(**network_weights(self.agent))

    def behaviour(self, obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        """The policy that collects: random at first, then greedy with exploration. (n, O), (n, G) -> (n, A)"""
        config, rng = self.config, self.rng["explore"]
        if len(self.buffer) < config.warmup_episodes:
            return rng.uniform(-1.0, 1.0, size=(len(obs), self.spec.action_dim))
        actions = explore(self.agent.act(obs, goals), config.noise_std, config.epsilon, rng)
        self.check(actions=actions)
        return actions

    def kept(self) -> Agent:
        """The agent as it is judged and saved."""
        return symmetrized(self.agent, self.mirrors) if self.config.symmetrize else self.agent

    def note(self, losses: dict[str, float], batch: dict | None = None) -> None:
        """Keep these losses as the latest. Raises: UserMistake if one is NaN or infinite; the batch may be why."""
        if not np.isfinite(list(losses.values())).all():
            self.check(**(batch or {}), **losses)
        self.info |= losses

    def check(self, **figures: Any) -> None:
        """Raises: UserMistake that names the first of these that is NaN or infinite."""
        check_finite(self.counters, self.config.lr, **figures)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {
            **{name: getattr(self, name).state_dict() for name in STATEFUL},
            **{name: getattr(self, name) for name in ("counters", "info")},
            "drawn": [self.batches.rows, self.batches.changed],
            "streams": [stream.bit_generator.state for stream in self.streams()],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        for name in STATEFUL:
            getattr(self, name).load_state_dict(state[name])
        for name in ("counters", "info"):
            getattr(self, name).update(state[name])
        self.batches.rows, self.batches.changed = state.get("drawn", (0, 0))
        for stream, saved in zip(self.streams(), state["streams"], strict=True):
            stream.bit_generator.state = saved

    def streams(self) -> list[np.random.Generator]:
        """All sources of randomness."""
        return [*self.rng.values(), *self.env.np_random, *self.eval_env.np_random]


def train(config: TrainConfig) -> dict[str, float]:
    """Train until total_steps (or stop_at), evaluating and saving on the way. Returns: the last line of progress.csv.

    Raises: UserMistake for a folder that cannot be used, and for numbers that are not finite; KeyboardInterrupt if
    interrupted. The state after the last whole round is saved then, also if somebody's code raises.
    """
    torch.set_num_threads(1)
    config = settled(config.check())
    with RunFolder(config.folder, config.as_dict(), config.title, config.resume) as folder:
        try:
            row = train_in(folder, config)
        except NotImplementedError as error:  # an open hole
            error.add_note(f"{option('method', config.method)} needs {NEEDS[config.method]}")
            raise
    print_ending(config.task, config.title, folder.weights, folder.curve, row)
    return row


def train_in(folder: RunFolder, config: TrainConfig) -> dict[str, float]:
    """The training itself, whose results go to the folder. Returns and raises as `train`."""
    run = Run(config)
    counters, row = run.counters, {}
    if config.resume:
        load_checkpoint(folder.checkpoint, run)
        folder.keep_rows_until(counters["env_steps"])

    def save() -> None:
        save_weights(folder.weights, run.kept(), config.as_dict())
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
                measured = evaluate(run.eval_env, run.kept().act, config.eval_episodes)
                row = folder.log(counters | run.info | run.batches.changed_rewards() | measured)
            bar.show(counters["env_steps"], counters["train_seconds"], row)
            if row and config.stop_at is not None and row["success"] >= config.stop_at:
                break
            keeper.after_round(counters["env_steps"])
    save_weights(folder.weights, run.kept(), config.as_dict())
    row = row or folder.rows[-1]  # resumed at its very end
    folder.finish(row)
    return row


if __name__ == "__main__":
    run_command(lambda: train(training_config()))
