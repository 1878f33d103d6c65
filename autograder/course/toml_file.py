"""Read a TOML file of the course's and hold it against a schema. A mistake in it is one sentence, with the line."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema

from envs.errors import UserMistake, one_line

_SHORT_TIME = re.compile(r"=\s*\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?![:\d])")  # no TOML before version 1.1
_TYPES = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
    {
        "date": lambda _, value: isinstance(value, date),  # a datetime is one, too
        "number": lambda _, value: type(value) in (int, float) and math.isfinite(value),
        "integer": lambda _, value: type(value) is int,
    }
)
_Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=_TYPES)


@dataclass(frozen=True)
class TomlFile:
    """One file: what is in it, and where."""

    path: Path
    text: str
    table: dict[str, Any]

    @classmethod
    def read(cls, path: Path, schema: dict[str, Any]) -> TomlFile:
        """The file, which keeps all rules of `schema` (schema.py). Raises `UserMistake` if it does not."""
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise UserMistake(f"{path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise UserMistake(f"{path} is not written in UTF-8: save it in that encoding") from error
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            for number, line in enumerate(text.splitlines(), 1):
                if _SHORT_TIME.search(line):
                    ask = 'put a date without seconds in quotation marks, as in due = "2026-11-20T23:59"'
                    raise UserMistake(f"{path}, line {number}: {ask}") from error
            raise UserMistake(f"{path} is not valid TOML: {one_line(str(error), 120)}") from error
        file = cls(path, text, table)
        for broken in _Validator(schema).iter_errors(table):
            raise file._broken_rule(broken)
        return file

    def wrong(self, key: Sequence[str], sentence: str) -> UserMistake:
        """The mistake to raise about the entry `key`, such as ["late", "penalty"]."""
        line = self._line(key)
        where = f"{self.path}, line {line}" if line else str(self.path)
        named = [one_line(".".join(key), 80)] if key else []
        return UserMistake(": ".join([where, *named, sentence]))

    def _broken_rule(self, error: jsonschema.ValidationError) -> UserMistake:
        key = [str(name) for name in error.absolute_path]
        schema, value = error.schema, error.instance
        if error.validator == "additionalProperties" and schema["additionalProperties"] is False:
            known = list(schema.get("properties", {}))
            patterns = list(schema.get("patternProperties", {}))
            unknown = next(n for n in value if n not in known and not any(re.search(p, n) for p in patterns))
            close = difflib.get_close_matches(unknown, known, 1)
            ask = schema.get("names") or f"the keys are {', '.join(known)}"
            return self.wrong(
                [*key, unknown], f"is no key here; {f'did you mean {close[0]}?' if close else ask}"
            )
        if error.validator == "required":
            missing = next(name for name in schema["required"] if name not in value)
            return self.wrong(key, f"has no {missing}")
        if isinstance(value, dict) and "for_a_table" in schema:
            return self.wrong(key, schema["for_a_table"])
        return self.wrong(key, f"must be {schema['description']}, not {one_line(_shown(value), 40)}")

    def _line(self, key: Sequence[str]) -> int | None:
        """The line on which the entry ends: the first one up to which the file is TOML that holds it."""
        lines = self.text.splitlines()
        for count in range(1, len(lines) + 1 if key else 0):
            try:
                found: Any = tomllib.loads("\n".join(lines[:count]))
            except tomllib.TOMLDecodeError:
                continue
            for name in key:
                found = found.get(name) if isinstance(found, dict) else None
            if found is not None:
                return count
        return None


def _shown(value: Any) -> str:
    """A value as it stands in the file, or what it is."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
