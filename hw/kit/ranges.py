"""Which values a training run can be told, alone and together (see kit/config.py for what they mean)."""

import dataclasses
import math

from envs import TASKS, task_spec

from .console import UserError
from .guides import GUIDES

SEED_STEP = 10_000  # between the environments of two trainings' seeds
FRESH_SEED = 1_000_000  # of the episodes that trained policies are judged by
METHODS = ("ddpg", "her", "mbpo")
CHOICES = {
    "task": TASKS,
    "method": METHODS,
    "reward": ("sparse", "dense"),
    "strategy": ("final", "future", "episode", "random"),
    "start_mode": ("initial", "all"),
    "rollout_mode": ("full", "partial"),
    "mirror": ("", "x", "y", "xy"),
    "guide": ("none", *GUIDES),
}
AT_LEAST_ONE = ("total_steps", "num_envs", "batch_size", "buffer_episodes", "critics", "rollout_length",
                "model_every", "cores", "eval_every", "eval_episodes", "model_buffer")  # fmt: skip
NOT_NEGATIVE = ("model_noise", "noise_std", "action_penalty", "warmup_episodes", "save_seconds")
POSITIVE = ("lr", "updates_per_step")
SHARES = ("relabel_fraction", "nearby_fraction", "anneal", "real_fraction", "epsilon", "tau", "hold",
          "guided_fraction", "moved_fraction", "deciding_fraction", "hindsight_moved", "hindsight_lifted")  # fmt: skip


def need(ok: bool, sentence: str) -> None:
    """Raises: UserError with the sentence unless it is ok."""
    if not ok:
        raise UserError(sentence)


def check_each(config) -> None:
    """Each value by itself. Raises: UserError naming the first that makes no sense."""
    values = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    for name, choices in CHOICES.items():
        need(
            values[name] in choices,
            f"unknown {name} {values[name]!r}: choose one of {', '.join(c or repr(c) for c in choices)}",
        )
    for name, value in values.items():
        finite = not isinstance(value, float) or math.isfinite(value)
        need(finite, f"{name} must be a finite number, but is {value}")
    for names, holds, range_ in (
        (AT_LEAST_ONE, lambda x: x >= 1, "be at least 1"),
        (NOT_NEGATIVE, lambda x: x >= 0, "not be negative"),
        (POSITIVE, lambda x: x > 0, "be positive"),
        (SHARES, lambda x: 0 <= x <= 1, "lie in [0, 1]"),
        (("stop_at",), lambda x: x is None or 0 <= x <= 1, "lie in [0, 1]"),
        (("discount",), lambda x: 0 <= x < 1, "lie in [0, 1)"),
        (("averaging",), lambda x: 0 < x <= 1, "lie in (0, 1]"),
        (
            ("model_min_log_var",),
            lambda x: -80 <= x < 0.5,  # the loss holds exp(-log_var), and exp(88) is all that float32 can
            "lie in [-80, .5) (.5 is the upper bound)",
        ),
        (("seed",), lambda x: 0 <= x < 2**32, "lie in [0, 2^32)"),
        (
            ("hidden", "model_hidden"),
            lambda x: x and min(x) >= 1,
            "have one or more layers of at least one unit",
        ),
    ):
        for name in names:
            need(holds(values[name]), f"{name} must {range_}, but is {values[name]}")


def check_together(config) -> None:
    """Values that must fit one another. Raises: UserError naming the first that do not."""
    need(
        SEED_STEP * config.seed != FRESH_SEED,
        f"seed {config.seed} would train on the episodes that play judges by: choose another",
    )
    need(
        config.guide == "none" or config.task not in ("tiny", "reach"),
        f"{config.task} has no object to guide to: leave guide at none",
    )
    need(not config.mirror or config.task != "tiny", "tiny has no mirror: leave mirror empty")
    need(not config.skip_fallen or config.task != "tiny", "nothing falls in tiny: leave skip_fallen out")
    need(
        config.buffer_episodes >= max(config.num_envs, config.warmup_episodes),
        f"buffer_episodes must be at least num_envs and warmup_episodes, but is {config.buffer_episodes}",
    )
    if config.method == "mbpo":
        steps = task_spec(config.task).episode_length
        length = steps if config.rollout_mode == "full" else config.rollout_length
        imagined = round(config.rollouts_per_step * config.num_envs * steps) * length
        need(imagined >= 1, "a round imagines nothing: raise rollouts_per_step")
        need(
            imagined <= config.model_buffer,
            f"a round imagines up to {imagined} transitions, but model_buffer holds {config.model_buffer}: "
            "lower rollouts_per_step or raise model_buffer",
        )
