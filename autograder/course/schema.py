"""What parts.toml and course.toml may hold, as JSON schemas (with `date` as a type).

`description` says what a value must be; `names` which keys a table takes, if they are no fixed list; `for_a_table` is
the sentence if a value is a table.
"""

from __future__ import annotations

from typing import Any

from autograder.course.settings import GIVEN, HIDDEN, HINTS, MARGIN
from envs import TASKS

MAX_DAYS = 365
MAX_POINTS = 10_000

_DATE = 'a date such as "2026-11-20T23:59"'


def _number(description: str, **rules: float) -> dict[str, Any]:
    return {"type": "number", **rules, "description": description}


def _table(what: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "description": what,
        "additionalProperties": False,
        "properties": properties,
    }


def _one_of(values: tuple[str, ...]) -> dict[str, Any]:
    return {"enum": list(values), "description": f"one of {', '.join(values)}"}


_TEXT = {"type": "string", "pattern": r"\S", "description": "a text that is not empty"}
_FLAG = {"type": "boolean", "description": "true or false"}
_SECONDS = _number("a number of seconds above 0", exclusiveMinimum=0)
_POINTS = _number(f"a number of points above 0, at most {MAX_POINTS}", exclusiveMinimum=0, maximum=MAX_POINTS)
_SHARE = _number("a number from 0 to 1", minimum=0, maximum=1)
_DAYS = {
    **{"type": "integer", "minimum": 0, "maximum": MAX_DAYS},
    "description": f"a whole number of days from 0 to {MAX_DAYS}",
}

# --- parts.toml: the assignment ---

_SUBPART = _table(
    'a table such as { title = "final goals", function = "final_goals" }',
    title=_TEXT,
    function={
        **{"type": "string", "pattern": r"^[A-Za-z_]\w*(\.\w+)?\Z"},
        "description": "a name such as final_goals or Actor.forward",
    },
    hole=_FLAG,
) | {"required": ["title"]}
_PART = _table(
    "a table such as [part.1]",
    title=_TEXT,
    file={
        **{"type": "string", "pattern": r"^[A-Za-z_]\w*(\.py|\.toml|_\{task\}\.safetensors)\Z"},
        "description": 'a plain name ending in .py or .toml, or one such as "weights_{task}.safetensors"',
    },
    beside={
        "type": "array",
        "items": {"type": "string", "pattern": r"^[A-Za-z_]\w*\.(toml|json)\Z"},
        "description": 'a list such as ["experiments.json"]',
    },
    time_limit=_SECONDS,
    companions={
        "type": "array",
        "items": {"type": "string", "pattern": r"^[\w./]+\Z"},
        "description": 'a list such as ["plan.py", "notebooks/07_planning.py"]',
    },
    sub={
        **{"type": "object", "minProperties": 1, "description": "a table with at least one sub-part"},
        **{"patternProperties": {r"^\d+[a-z]\Z": _SUBPART}, "additionalProperties": False},
        "names": "the id of a sub-part is its part's number and a letter, such as 1a",
    },
) | {"required": ["title", "file", "time_limit", "sub"]}


def _parts(part: dict[str, Any]) -> dict[str, Any]:
    return {
        **{"type": "object", "minProperties": 1, "description": "a table with at least one part"},
        **{"patternProperties": {r"^\d+\Z": part}, "additionalProperties": False},
        "names": "the name of a part is a number",
    }


PARTS = _table("a table", part=_parts(_PART)) | {"required": ["part"]}

# --- course.toml: what a course makes of it ---

COURSE = _table(
    "a table",
    name=_TEXT,
    zone={"type": "string", "description": 'the name of a time zone such as "Europe/Berlin"'},
    due={"type": ["date", "string"], "description": _DATE},
    total=_POINTS,
    hints=_one_of(HINTS),
    hints_on_request=_FLAG,
    part=_parts(
        _table(
            "a table such as [part.1]",
            points={
                **{"type": "object", "additionalProperties": _POINTS},
                "description": "a table such as { 1a = 3, 1b = 4 }",
            },
            extra=_FLAG,
            given=_one_of(GIVEN),
        )
    ),
    weights=_table(
        "a table [weights]",
        task=_one_of(TASKS),
        threshold=_number(
            f"a success rate above {MARGIN:g} and below 1", exclusiveMinimum=MARGIN, exclusiveMaximum=1
        ),
    )
    | {"required": ["task"]},
    feedback=_table("a table [feedback]", hidden=_one_of(HIDDEN)),
    time=_table(
        "a table [time]",
        scale=_number("a number from 0.1 to 100", minimum=0.1, maximum=100),
        file_checks=_number("a number of at least 1", minimum=1),
        idle_check=_SECONDS,
        idle_file=_SECONDS,
        gradescope_minutes=_number("a number of minutes from 1 to 40", minimum=1, maximum=40),
    ),
    late=_table(
        "a table [late]",
        grace_minutes=_number("a number of minutes from 0 to 1440", minimum=0, maximum=24 * 60),
        penalty=_SHARE,
        max_penalty=_SHARE,
        free_days=_DAYS,
        max_days=_DAYS,
        on_gradescope=_FLAG,
    ),
    extensions={
        "type": "object",
        "description": "a table [extensions]",
        "additionalProperties": {
            **{"type": ["integer", "date", "string"], "minimum": 0, "maximum": MAX_DAYS},
            "description": f"a whole number of days from 0 to {MAX_DAYS}, or {_DATE}",
            "for_a_table": "put the student's id or email in quotation marks",
        },
    },
)
