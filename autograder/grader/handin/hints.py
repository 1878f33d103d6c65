"""Hints for a hole, level by level: hw/hints.toml holds those that the course gives on request."""

from __future__ import annotations

import tomllib
from pathlib import Path

from autograder.course.parts import Parts
from envs.errors import UserMistake
from envs.typed import command, option

FILE = "hints.toml"


def hints_up_to(folder: Path, sub: str, level: int, parts: Parts) -> list[str]:
    """The hints for a hole from the first level to `level`, and a line that says whether there are more.

    Raises UserMistake with a sentence: no such hole, no such level, no hints.
    """
    subpart = parts.subparts.get(sub)
    if subpart is None:
        parts.part_of(sub)  # says what is wrong with it
    elif not subpart.hole:
        raise UserMistake(f"{sub} has no hole to fill in, so there is no hint for it")
    hints = _read(folder / FILE).get(sub, [])
    if not hints:
        raise UserMistake(
            f"there is no hint for {sub}: this course gives none, or {folder / FILE} was changed"
        )
    if not 1 <= level <= len(hints):
        raise UserMistake(
            f"{option('level', level)} is not there: the hints for {sub} are {_levels(len(hints))}"
        )
    shown = [f"{sub}, hint {number} of {len(hints)}: {text}" for number, text in enumerate(hints[:level], 1)]
    if level == len(hints):
        return [
            *shown,
            f"That is the last hint. Check what you wrote: {command('check', 'autograder check', sub=sub)}",
        ]
    return [*shown, f"Nearer to the code: {command('hint', 'autograder hint', sub=sub, level=level + 1)}"]


def _levels(count: int) -> str:
    return "of level 1" if count == 1 else f"of level 1 to {count}"


def _read(path: Path) -> dict[str, list[str]]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UserMistake(f"{path} cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise UserMistake(
            f"{path} was changed and is no TOML any more: take it from your handout again"
        ) from None
    return {sub: [str(text) for text in hints] for sub, hints in table.items() if isinstance(hints, list)}
