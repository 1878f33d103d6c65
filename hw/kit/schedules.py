"""What changes in the course of a training: at first the script acts less and less, at last the learning rate falls."""

from .config import TrainConfig


def learning_rate(config: TrainConfig, env_steps: int) -> float:
    """At this point of the training: `lr` at first, falling linearly to a tenth over the last `anneal` of it."""
    annealing = config.anneal * config.total_steps
    return config.lr * _falling(0.1, env_steps - (config.total_steps - annealing), annealing)


def scripted_fraction(config: TrainConfig, env_steps: int) -> float:
    """At this point: it falls linearly from `scripted_fraction` to a fifth of that over the first `scripted_fade`."""
    return config.scripted_fraction * _falling(0.2, env_steps, config.scripted_fade * config.total_steps)


def _falling(to: float, past: float, steps: float) -> float:
    """From 1 to `to` over so many steps, of which some are past; 1 throughout if there are none."""
    return 1.0 - (1.0 - to) * min(max(past / steps, 0.0), 1.0) if steps else 1.0
