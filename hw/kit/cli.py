"""The command line of training, out of its config: a field's docstring is its help."""

import sys

from envs.terminal import command_line

from .config import TrainConfig
from .recipes import default_config


def training_config(arguments: list[str] | None = None) -> TrainConfig:
    """The run's config: what the command line says, and the task's defaults for everything else.

    Raises: UserError for values that make no sense; words that do not parse are a sentence, too (and exit 2).
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    task = "reach"
    for position, word in enumerate(arguments):
        if word == "--task" and position + 1 < len(arguments):
            task = arguments[position + 1]
        elif word.startswith("--task="):
            task = word.removeprefix("--task=")
    return command_line(TrainConfig, args=arguments, default=default_config(task)).check()
