"""Command lines out of dataclasses: a field's docstring is its help."""

import sys
from typing import TypeVar

import tyro

from .config import TrainConfig, default_config
from .console import UserError

Config = TypeVar("Config")


def parse(kind: type[Config], arguments: list[str] | None = None, default: Config | None = None) -> Config:
    """Read a config from the command line. Raises: UserError where its values do not fit together."""
    try:
        if default is None:
            return tyro.cli(kind, args=arguments)
        return tyro.cli(kind, args=arguments, default=default)
    except ValueError as error:
        raise UserError(str(error)) from error


def training_config(arguments: list[str] | None = None) -> TrainConfig:
    """The run's config: what the command line says, and the task's defaults for everything else."""
    arguments = sys.argv[1:] if arguments is None else arguments
    task = "reach"
    for position, word in enumerate(arguments):
        if word == "--task" and position + 1 < len(arguments):
            task = arguments[position + 1]
        elif word.startswith("--task="):
            task = word.removeprefix("--task=")
    try:
        default = default_config(task)
    except ValueError as error:
        raise UserError(str(error)) from error
    return parse(TrainConfig, arguments, default)
