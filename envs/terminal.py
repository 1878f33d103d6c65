"""The edge of every command line: words that do not parse are one sentence, and any terminal shows what is printed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NoReturn

import tyro
from tyro import _errors  # the pinned release documents its hook there

from envs import interrupt

KINDS = {"INT": "a whole number", "FLOAT": "a number"}  # what a value must be, by what tyro calls it


def command_line(what: Callable[..., Any] | Any, **options: Any) -> Any:
    """`tyro.cli(what, **options)`, but words that do not parse are one sentence on stderr and exit code 2."""
    _begin()
    spec = sys.modules["__main__"].__spec__
    if spec is not None:
        options = {"prog": f"python -m {spec.name}"} | options
    with _errors.on_parse_error(_one_sentence):
        return tyro.cli(what, **options)


def subcommands(commands: dict[str, Callable[..., Any]], **options: Any) -> Any:
    """The same for a program with subcommands: the one that is named is called, and its result returned."""
    _begin()
    # What the command itself raises is not for the hook: tyro calls it only after the words are parsed.
    with _errors.on_parse_error(_one_sentence):
        return tyro.extras.subcommand_cli_from_dict(commands, **options)


def _begin() -> None:
    interrupt.loaded()
    show_anywhere()


def show_anywhere() -> None:
    """Let this program print characters that the terminal's encoding does not have: a question mark stands for them."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _one_sentence(event: _errors.ParseErrorEvent) -> NoReturn:
    print(f"{_problem(event)} (see {event.prog} --help)", file=sys.stderr)
    sys.exit(2)


def _problem(event: _errors.ParseErrorEvent) -> str:
    match event:
        case _errors.MissingArgs():
            return f"{', '.join(_name(missing.arg) for missing in event.missing_arguments)} is missing"
        case _errors.MissingSubcommand():
            known = ", ".join(event.subcommand_spec.parser_from_name)
            found = (
                f"there is no command {event.found_token!r}" if event.found_token else "no command is named"
            )
            return f"{found}; name one of {known}"
        case _errors.UnrecognizedArgs():
            return f"{' '.join(event.tokens)!r} means nothing here"
        case _errors.InvalidChoice():
            choices = ", ".join(choice or repr(choice) for choice in event.choices)
            return f"{_name(event.argument)} must be one of {choices}, not {event.value!r}"
        case _errors.BadValue():
            return f"{_name(event.argument)} needs another value"
        case _errors.InstantiationFailure():
            message = " ".join(event.message.split())
            if event.argument is None:
                return message
            asked = str(event.argument.lowered.metavar)
            kind = next((words for word, words in KINDS.items() if word in asked), None)
            return f"{_name(event.argument)} " + (f"must be {kind}" if kind else f"cannot be used: {message}")
    return "these words cannot be read"


def _name(argument: Any) -> str:
    lowered = argument.lowered
    return argument.field.intern_name if argument.is_positional() else lowered.name_or_flags[-1]
