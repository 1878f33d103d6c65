"""Train a policy: `python -m solutions.train --task reach --method her` (in a handout: `python -m hw.train`).

The loop is the algorithm of the lecture, one line a step; `train_round` below is all of it.
"""

import time

import numpy as np
import torch
from numpy.random import default_rng

from envs import make_vec

from .agent import Agent
from .imagine import ModelBuffer, imagine, mix, rollout_lengths, start_states
from .kit.buffer import EpisodeBuffer
from .kit.checkpoint import FallBack, load_checkpoint, save_checkpoint
from .kit.cli import training_config
from .kit.collect import collect_episodes, evaluate
from .kit.config import TrainConfig
from .kit.console import Interruptible, run_command
from .kit.exploration import guided, holding
from .kit.finite import check_finite, network_weights
from .kit.nearby import nearby_goals
from .kit.progress import TrainingBar
from .kit.ranges import SEED_STEP
from .kit.runlog import RunFolder
from .kit.symmetry import Mirrors
from .kit.weights import check_playable, save_weights
from .model import DynamicsModel
from .policy import explore
from .relabel import new_rewards, relabel

STREAMS = ("explore", "batch", "relabel", "model", "imagine", "mirror")


class Run:
    """Everything that changes while training, each source of randomness with a stream of its own."""

    def __init__(self, config: TrainConfig):
        # Row i of an env draws from seed + i, so these seeds lie far apart.
        self.env, self.eval_env = (
            make_vec(config.task, config.num_envs, seed, reward=config.reward, threads=config.cores)
            for seed in (SEED_STEP * config.seed, SEED_STEP * config.seed + SEED_STEP // 2)
        )
        self.config, spec = config, self.env.task_spec
        self.rng = {name: default_rng([config.seed, i]) for i, name in enumerate(STREAMS)}
        self.agent = Agent(
            spec.obs_dim, spec.goal_dim, spec.action_dim, config.seed, goal_start=spec.goal_start,
            hidden=config.hidden, critics=config.critics, lr=config.lr, discount=config.discount, tau=config.tau,
            averaging=config.averaging, action_penalty=config.action_penalty, lanes=config.cores,
        )  # fmt: skip
        check_playable(self.agent)  # now, and not after hours of training
        needed = config.total_steps // spec.episode_length + 2 * config.num_envs
        self.mirrors = Mirrors(config.mirror, spec.obs_dim)
        self.buffer = EpisodeBuffer(
            min(config.buffer_episodes, needed),
            spec.episode_length,
            spec.obs_dim,
            spec.goal_dim,
            spec.action_dim,
            config.skip_fallen,
            config.prefer_far,
        )
        if config.method == "mbpo":
            self.model = DynamicsModel(
                spec.obs_dim, spec.action_dim, config.seed + 2, hidden=config.model_hidden,
                noise=config.model_noise, min_log_var=config.model_min_log_var,
            )  # fmt: skip
            self.model_buffer = ModelBuffer(config.model_buffer)
        self.counters = {
            "env_steps": 0,
            "updates": 0,
            "train_seconds": 0.0,
            "evaluated_at": 0,
            "fitted_at": -(10**9),
        }
        self.info = {}  # losses, the latest of each

    def behaviour(self, obs, goals):
        """The policy that collects: random at first, then greedy with exploration. (n, O), (n, G) -> (n, A)"""
        config, rng = self.config, self.rng["explore"]
        if len(self.buffer) < config.warmup_episodes:
            return rng.uniform(-1.0, 1.0, size=(len(obs), self.env.task_spec.action_dim))
        actions = explore(self.agent.act(obs, goals), config.noise_std, config.epsilon, rng)
        self.check(actions=actions)
        return actions

    def check(self, **figures) -> None:
        """Raises: UserError naming the first of these that is NaN or infinite."""
        check_finite(self.counters, self.config.lr, **figures)

    def exploring(self):
        """The behaviour for one round of real episodes, with exploration that lasts longer than a step."""
        config, rng = self.config, self.rng["explore"]
        policy = holding(self.behaviour, config.hold, rng)
        return guided(policy, config.guide, config.guided_fraction, config.noise_std, rng)

    def state(self) -> dict:
        """What a checkpoint holds."""
        names = ("rng", "agent", "buffer", "counters", "info") + (
            ("model", "model_buffer") if self.config.method == "mbpo" else ()
        )
        streams = {"env": self.env.np_random, "eval_env": self.eval_env.np_random}
        return {**{name: getattr(self, name) for name in names}, **streams}


def draw_batch(run: Run) -> dict:
    """A batch of D_env, with hindsight goals unless the method is ddpg.

    Rows that keep their goal are drawn as ddpg draws all of its rows. Rows that get a hindsight goal come, in a share
    of `hindsight_moved`, from episodes in which the object moved: from any other the goal that it learns is one that
    was met before anything was done.
    """
    config, rng = run.config, run.rng["batch"]
    drawn = run.buffer.sample_steps(config.batch_size, rng, config.moved_fraction, config.deciding_fraction)
    if config.method == "ddpg" or config.hindsight_moved == 0:
        return relabelled_batch(run, *drawn)
    moved = run.buffer.sample_steps(
        config.batch_size, rng, config.hindsight_moved, config.deciding_fraction, config.hindsight_lifted
    )
    return relabelled_batch(run, *moved, kept=drawn)


def relabelled_batch(run: Run, episodes, steps, kept=None) -> dict:
    """The transitions at those indices of D_env, with hindsight goals unless the method is ddpg.

    kept: other indices (episodes, steps), whose transitions take the place of the rows that keep their goal.
    """
    config, rng, stored = run.config, run.rng["relabel"], len(run.buffer)
    threshold = run.env.task_spec.distance_threshold
    batch = run.buffer.transitions(episodes, steps)
    if config.method == "ddpg":
        return batch
    batch = relabel(
        batch, run.buffer.achieved[:stored], episodes, steps, strategy=config.strategy,
        fraction=config.relabel_fraction, threshold=threshold, reward=config.reward, rng=rng,
    )  # fmt: skip
    if kept is not None:
        keeps_goal = (batch["goals"] == run.buffer.desired[episodes]).all(axis=1)
        for key, values in run.buffer.transitions(*kept).items():
            batch[key][keeps_goal] = values[keeps_goal]
    if config.nearby_fraction > 0:
        goals = nearby_goals(batch["goals"], run.buffer.desired[:stored], config.nearby_fraction, rng)
        batch |= {
            "goals": goals,
            "rewards": new_rewards(batch["next_achieved"], goals, threshold, config.reward),
        }
    return batch


def imagined_transitions(run: Run, count: int) -> dict:
    """Roll out `count` times from states of D_env in the model, towards hindsight goals; with rewards and masks."""
    config, horizon = run.config, run.buffer.episode_length
    episodes, steps = start_states(config.start_mode, len(run.buffer), horizon, count, run.rng["imagine"])
    starts = relabelled_batch(run, episodes, steps)
    lengths = rollout_lengths(config.rollout_mode, steps, horizon, config.rollout_length)
    data = imagine(run.model, run.behaviour, starts["obs"], starts["goals"], lengths, run.rng["imagine"])
    # The reward is a known function of the predicted state: it need not be learned.
    reached = run.env.achieved_goal(data["next_obs"])
    rewards = new_rewards(reached, data["goals"], run.env.task_spec.distance_threshold, config.reward)
    return {**data, "next_achieved": reached, "rewards": rewards, "masks": np.ones_like(rewards)}


def train_round(run: Run) -> None:
    """One turn of the loop: an episode in every environment, then the updates that are due."""
    config, counters, info = run.config, run.counters, run.info

    episodes = collect_episodes(run.env, run.exploring())
    run.buffer.add(episodes)
    run.agent.observe(episodes["obs"], episodes["desired"][:, None])
    new_steps = episodes["rewards"].size
    counters["env_steps"] += new_steps

    if config.method == "mbpo":
        if counters["env_steps"] - counters["fitted_at"] >= config.model_every:
            fitted = run.model.fit(*run.buffer.all_transitions(), run.rng["model"])
            run.check(**fitted)
            info |= fitted
            counters["fitted_at"] = counters["env_steps"]
        run.model_buffer.add(imagined_transitions(run, round(config.rollouts_per_step * new_steps)))

    run.agent.learn_at(config.learning_rate(counters["env_steps"]))
    for _ in range(int(counters["env_steps"] * config.updates_per_step) - counters["updates"]):
        batch = draw_batch(run)
        if config.method == "mbpo":
            batch = mix(
                batch, run.model_buffer.sample(config.batch_size, run.rng["batch"]), config.real_fraction
            )
        losses = run.agent.update(run.mirrors(batch, run.rng["mirror"]))
        if not np.isfinite(list(losses.values())).all():
            run.check(**batch, **losses)
        info |= losses
        counters["updates"] += 1
    run.check(**network_weights(run.agent))


def train(config: TrainConfig) -> dict:
    """Train until total_steps (or stop_at), evaluating and saving on the way. Returns: the last line of progress.csv.

    Raises: UserError for a folder that cannot be used, and for numbers that are not finite; KeyboardInterrupt when
    interrupted. The state after the last whole round is saved then, also if somebody's code raises.
    """
    torch.set_num_threads(1)
    folder = RunFolder(config.check().folder, config.as_dict(), config.title, config.resume)
    run = Run(config)
    counters, row, last_save = run.counters, {}, time.monotonic()
    if config.resume:
        load_checkpoint(folder.checkpoint, run.state())
        folder.keep_rows_until(counters["env_steps"])

    def save() -> None:
        save_weights(folder.weights, run.agent, config.as_dict())
        save_checkpoint(folder.checkpoint, run.state())
        folder.draw_curve()

    with (
        TrainingBar(config.title, config.total_steps) as bar,
        Interruptible() as interrupted,
        FallBack(run.state, save) as fall_back,
    ):
        while counters["env_steps"] < config.total_steps:
            started = time.monotonic()
            train_round(run)
            counters["train_seconds"] += time.monotonic() - started

            at_end = counters["env_steps"] >= config.total_steps
            if at_end or counters["env_steps"] - counters["evaluated_at"] >= config.eval_every:
                counters["evaluated_at"] = counters["env_steps"]
                row = folder.log(
                    counters | run.info | evaluate(run.eval_env, run.agent.act, config.eval_episodes)
                )
            bar.show(counters["env_steps"], counters["train_seconds"], row)
            if row and config.stop_at is not None and row["success"] >= config.stop_at:
                break
            if interrupted():
                save()
                raise KeyboardInterrupt(
                    f"stopped and saved: --resume goes on from step {counters['env_steps']}"
                )
            if time.monotonic() - last_save > config.save_seconds:
                save()
                last_save = time.monotonic()
            fall_back.remember()
    save_weights(folder.weights, run.agent, config.as_dict())
    folder.finish(row)
    return row


if __name__ == "__main__":
    run_command(lambda: train(training_config()))
