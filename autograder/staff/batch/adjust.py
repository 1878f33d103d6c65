"""OUT/adjust.csv: what the staff changes by hand, and says to a student. It is read at each grading, so it stays.

    Submission,Points,Reason
    1017,+2,4b: right but for a typo in the file's name
    student-018@example.org,=60,graded by hand from the PDF
    jane_doe,,Well explained!

`Submission` is a Submission ID, SID or Email of grades.csv. `Points` is added (+2, -1.5), takes the place of all others
(=60; then the grade is final whatever could not be run or opened), or is empty. The student reads `Reason`.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

from autograder.grader.report.grade import Adjustment
from autograder.staff.batch.uploads.uploads import Upload
from envs.errors import UserMistake, one_line

NAME = "adjust.csv"
_COLUMNS = ("submission", "points", "reason")
_LONGEST = 2000  # characters of a reason
_MOST = 1e6  # points


def read_adjustments(path: Path, uploads: Sequence[Upload]) -> dict[str, tuple[Adjustment, ...]]:
    """The adjustments of each upload, by its key; {} where there is no such file.

    Raises UserMistake naming the first line that is wrong.
    """
    if not path.is_file():
        return {}
    keys: dict[str, set[str]] = {}
    for upload in uploads:
        for id_ in upload.ids:
            keys.setdefault(id_.strip().casefold(), set()).add(upload.key)
    found: dict[str, list[Adjustment]] = {}
    for line, row in _rows(path):
        key = _key(path, line, row["submission"], keys)
        own = found.setdefault(key, [])
        own.append(_adjustment(path, line, row["points"], row["reason"]))
        if sum(one.is_total for one in own) > 1:
            raise _wrong(path, line, f"{row['submission']} has two lines with a total (=): keep one")
    return {key: tuple(own) for key, own in found.items()}


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """(line, column -> cell) of every row that is not empty."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        delimiter = (
            ";" if ";" in text.split("\n", 1)[0] else ","
        )  # as spreadsheets of some countries write it
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserMistake(f"{path} cannot be read as a CSV file in UTF-8: {one_line(str(error))}") from error
    rows = [(line, row) for line, row in rows if any(row)]
    head = [name.casefold() for name in rows[0][1]] if rows else []
    if set(head) != set(_COLUMNS) or len(head) != len(_COLUMNS):
        raise UserMistake(f"the first line of {path} must be: Submission,Points,Reason")
    for line, row in rows[1:]:
        if len(row) != len(head):
            raise _wrong(
                path, line, f"it has {len(row)} cells, not 3 (put a reason with a comma in quotation marks)"
            )
    return [(line, dict(zip(head, row, strict=True))) for line, row in rows[1:]]


def _key(path: Path, line: int, who: str, keys: dict[str, set[str]]) -> str:
    found = keys.get(who.removeprefix("'").casefold(), set())
    if not found:
        named = (
            f"nobody here has the Submission ID, SID or Email {one_line(who, 60)!r}"
            if who
            else "it names nobody"
        )
        raise _wrong(path, line, f"{named} (see grades.csv)")
    if len(found) > 1:
        raise _wrong(
            path, line, f"{one_line(who, 60)!r} has several submissions: take a Submission ID of grades.csv"
        )
    return next(iter(found))


def _adjustment(path: Path, line: int, points: str, reason: str) -> Adjustment:
    if not reason or len(reason) > _LONGEST:
        why = (
            f"its reason has more than {_LONGEST} characters" if reason else "it gives the student no reason"
        )
        raise _wrong(path, line, why)
    is_total = points.startswith("=")
    try:
        value = float(points.removeprefix("=").replace("−", "-").replace(",", ".") or 0)
    except ValueError:
        value = math.nan
    # A spreadsheet may have made 60 of =60: a number alone says neither "add" nor "set".
    unsigned = points[:1] not in ("", "+", "-", "−", "=")
    if unsigned or not abs(value) <= _MOST or (is_total and value < 0) or points == "=":
        raise _wrong(path, line, f"{one_line(points, 40)!r} is no number of points, such as +2, -1.5 or =60")
    return Adjustment(value, is_total, reason)


def _wrong(path: Path, line: int, why: str) -> UserMistake:
    return UserMistake(f"{path}, line {line}: {why}")
