"""Results as files: Gradescope's `results.json` and our own, with everything in it. Written whole or not at all."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from autograder.grader.outcomes import Outcome
from autograder.grader.report.grade import Grade
from autograder.grader.report.scoring import CheckScore
from autograder.grader.report.words import number
from envs.errors import UserMistake


def gradescope(grade: Grade) -> dict[str, Any]:
    """The dict for Gradescope: one test a check; a hidden check shows its name and one of our sentences.

    It has no seconds: a submission chooses how long it takes, and that could carry a hidden input out. The course says
    whether a student sees hidden checks; as long as Gradescope hides one, it shows no total either.
    """
    score = grade.score
    return {
        "score": 0.0 if score.run_again and not grade.by_hand else round(grade.points, 2),
        "output": "\n".join(top_lines(grade)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {
            "seed": grade.seed,
            "isolation": grade.isolation,
            "escapes": list(grade.escapes),
            "run_again": [result.id for result in score.run_again],
            "missing": list(grade.missing),
            "penalty": round(grade.penalty, 4),
            "adjustments": [one.sentence for one in grade.adjustments],
            "subparts": {sub.subpart.id: round(sub.earned, 4) for sub in score.subparts},
        },
        "tests": [_test(share, number, grade.settings.hidden) for number, share in _numbered(score.checks)],
    }


def top_lines(grade: Grade) -> list[str]:
    """What everyone should read first."""
    lines = [one.sentence for one in grade.adjustments]
    if grade.missing and not grade.by_hand:
        parts = "; ".join(grade.missing)
        lines.append(f"Partly graded, so the points are not final: some checks are missing of {parts}.")
    if grade.late and (sentence := grade.late.sentence(number(grade.penalty))):
        lines.append(sentence)
    if grade.score.run_again and not grade.by_hand:
        count = len(grade.score.run_again)
        what = "1 check" if count == 1 else f"{count} checks"
        lines.append(
            f"Not graded yet: {what} could not run, which is the grader's fault and not yours. The points are withheld "
            "until staff has run it again."
        )
    return lines + list(grade.notes)


def as_dict(grade: Grade) -> dict[str, Any]:
    """Everything, for programs and staff (it includes details that students must not see)."""
    return {
        "submission": grade.submission,
        "score": grade.score.earned,
        "penalty": grade.penalty,
        "points": grade.points,
        "adjustments": [dataclasses.asdict(one) for one in grade.adjustments],
        "missing": list(grade.missing),
        "possible": grade.score.possible,
        "withheld": bool(grade.score.run_again) and not grade.by_hand,
        "seed": grade.seed,
        "seconds": grade.seconds,
        "isolation": grade.isolation,
        "escapes": list(grade.escapes),
        "notes": list(grade.notes),
        "subparts": {
            sub.subpart.id: {
                "earned": sub.earned,
                "possible": sub.possible,
                "outcome": sub.outcome.value if sub.outcome else None,
                "run_again": sub.run_again,
            }
            for sub in grade.score.subparts
        },
        "checks": [
            dataclasses.asdict(share.result) | {"earned": share.earned, "possible": share.possible}
            for share in grade.score.checks
        ],
    }


def message_of(share: CheckScore) -> str:
    """A check's sentence, and why it does not count where it does not."""
    lines = [share.result.message] if share.result.message else []
    if share.excused:
        lines.append(f"Not held against {', '.join(share.excused)}: the cause lies in another sub-part.")
    if share.result.hint and share.result.outcome != Outcome.PASSED:
        lines.append(f"Hint: {share.result.hint}")
    return "\n".join(lines)


def _numbered(shares: tuple[CheckScore, ...]) -> list[tuple[str, CheckScore]]:
    """ "4b.1", "4b.2", … in the order of the sub-parts."""
    counts: dict[str, int] = {}
    numbered = []
    for share in sorted(shares, key=lambda s: s.result.subparts):
        name = share.result.subparts[0] if share.result.subparts else "0"
        counts[name] = counts.get(name, 0) + 1
        numbered.append((f"{name}.{counts[name]}", share))
    return numbered


def _test(share: CheckScore, number: str, hidden: str) -> dict[str, Any]:
    result = share.result
    return {
        "name": f"{', '.join(result.subparts)}: {result.title}",
        "number": number,
        "score": round(share.earned, 4),
        "max_score": round(share.possible, 4),
        "status": "passed" if result.outcome == Outcome.PASSED else "failed",
        "output": "\n".join(line for line in (result.outcome.value, message_of(share)) if line),
        "output_format": "text",
        "visibility": hidden if result.visibility == "hidden" else "visible",
        "tags": [*result.subparts, result.kind, result.visibility, result.outcome.value],
        "extra_data": {"id": result.id, "outcome": result.outcome.value},
    }


def prepare_folder(folder: Path) -> None:
    """Make `folder`; raises `UserMistake` now, not after minutes of grading, where nothing can be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0" * 4096)
    except OSError as error:
        raise UserMistake(f"{folder} cannot be written to: {error.strerror}") from error


def write_json(path: Path, content: dict[str, Any]) -> None:
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write beside the target and rename: a reader never sees half a file, and a full disk leaves the old one.

    Raises `UserMistake` where it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise UserMistake(f"{path} cannot be written: {error.strerror}") from error
