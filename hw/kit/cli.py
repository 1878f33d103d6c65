"""The command line of training, made from its config: a field's docstring is its help."""

import argparse

from envs.tasks import TASKS
from envs.terminal import command_line
from envs.typed import python

from .config import TrainConfig
from .recipes import default_config

PACKAGE = __package__.rpartition(".")[0]  # hw, in a handout
TRAIN = f"{PACKAGE}.train"


def training_config(arguments: list[str] | None = None) -> TrainConfig:
    """The run's config: what the command line says, and the task's defaults for everything else.

    arguments: by default those of the command line. Raises: UserMistake for values that make no sense. Words that do
    not parse end the program with one sentence.
    """
    # The task decides the defaults that --help shows, so it is read before everything else.
    task_first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    task_first.add_argument("--task", nargs="?")
    named = task_first.parse_known_args(arguments)[0].task
    default = default_config(named if named in TASKS else TrainConfig.task)
    return command_line(TrainConfig, args=arguments, default=default, prog=f"{python()} -m {TRAIN}").check()
