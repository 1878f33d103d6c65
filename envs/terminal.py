"""The edge of every command line: words that do not parse are one sentence, and any terminal shows what is printed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from types import UnionType
from typing import Any, NoReturn, Union, get_args

import tyro
from tyro import _errors  # the pinned release documents its hook there
from tyro.constructors import PrimitiveConstructorSpec, PrimitiveTypeInfo

from envs import interrupt
from envs.typed import python

KINDS = {"INT": "a whole number", "FLOAT": "a number"}  # what a value must be, by what tyro calls it


def command_line(what: Callable[..., Any] | Any, **options: Any) -> Any:
    """`tyro.cli(what, **options)`, but words that do not parse are one sentence on stderr and exit code 2."""
    _begin()
    options = {"prog": _started_as()} | options
    with _errors.on_parse_error(_one_sentence), plain_optionals:
        return tyro.cli(what, **options)


def subcommands(
    commands: dict[str, Callable[..., Any]], args: list[str] | None = None, about: str = ""
) -> Any:
    """The same for a program with subcommands: the one that is named is called, and its result returned.

    args: by default the words of the command line. about: what the program is for.
    """
    _begin()
    prog, words = _started_as(), sys.argv[1:] if args is None else args
    # What the command itself raises is not for the hook: tyro calls it only after the words are parsed.
    with _errors.on_parse_error(_one_sentence), plain_optionals:
        if words and words[0] in commands:  # its usage then names it, and what can be typed behind it
            return tyro.cli(commands[words[0]], prog=f"{prog} {words[0]}", args=words[1:])
        return tyro.extras.subcommand_cli_from_dict(commands, prog=prog, args=words, description=about)


def _started_as() -> str:
    """How this program was started, to be typed again."""
    spec = sys.modules["__main__"].__spec__
    name = spec.name.removesuffix(".__main__") if spec is not None else sys.argv[0]
    return f"{python()} -m {name}" if spec is not None else name


plain_optionals = tyro.constructors.ConstructorRegistry()


@plain_optionals.primitive_rule
def _value_or_nothing(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec | None:
    """A value that may be left out is shown as PATH, not as {None}|PATH: nobody types None."""
    kinds = [kind for kind in get_args(info.type) if kind is not type(None)]
    if info.type_origin not in (Union, UnionType) or len(kinds) != 1 or kinds == list(get_args(info.type)):
        return None
    known = tyro.constructors.ConstructorRegistry.get_primitive_spec(
        PrimitiveTypeInfo.make(kinds[0], info.markers)
    )
    if not isinstance(known, PrimitiveConstructorSpec):
        return None
    return replace(
        known,
        is_instance=lambda value: value is None or known.is_instance(value),
        str_from_instance=lambda value: ["None"] if value is None else known.str_from_instance(value),
    )


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
