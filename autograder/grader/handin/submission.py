"""The zip a student hands in: the part files (trained weights and experiments, if any), looked at before they leave.

hw/ --build_submission--> submission.zip, and notes: what is in it, which holes are still open
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.course.parts import Part, read_parts
from autograder.grader.handin.holes import find_holes
from autograder.grader.intake.names import MAX_CODE
from autograder.grader.outcomes import CouldNotRun, Outcome
from autograder.grader.student import Transport
from autograder.grader.weights import MAX_BYTES
from envs.errors import UserMistake
from envs.typed import command, option

if TYPE_CHECKING:
    from autograder.grader.plugin import CheckResult

CHECKS = Path(__file__).parents[2] / "checks"


def build_submission(hw_dir: Path, out_zip: Path, weights: Path | None = None) -> list[str]:
    """Pack the part files of `hw_dir` into `out_zip`, at its root; returns notes, a sentence each.

    `weights` is a file to submit as the trained weights; without it, the one in `hw_dir` goes in if it is there.
    Raises UserMistake with one sentence if a part file is missing, too large or not valid Python, if the weights are
    missing or would not be graded (the public checks read them), or if the zip cannot be written.
    """
    hw_dir, out_zip = Path(hw_dir), Path(out_zip)
    parts = read_parts()
    code_files = list(parts.modules.values())
    if not hw_dir.is_dir():
        raise UserMistake(f"{hw_dir} is not a folder; name the one that holds {', '.join(code_files)}.")
    entries: dict[str, bytes] = {}
    left: list[str] = []
    notes: list[str] = []
    for part in parts.parts:
        if part.module is not None:
            entries[part.file] = _read(hw_dir / part.file, MAX_CODE)
            left += _left_to_do(entries[part.file], part)
    for part in parts.parts:
        if part.is_weights:
            path = Path(weights) if weights is not None else hw_dir / part.file
            if weights is None and not path.exists():
                notes.append(
                    f"No {part.file}: the part that grades trained weights will count as not attempted."
                )
                continue
            entries[part.file] = _read(path, MAX_BYTES)
            notes += _check_weights(entries[part.file], path, part, given=weights is not None)
        elif part.module is None:
            notes += _add_texts(hw_dir, part, entries)
    _write(out_zip, entries)
    return [*(left or ["Every hole is filled in."]), *notes, f"{out_zip} holds {', '.join(entries)}."]


def not_passing(hw_dir: Path) -> list[str]:
    """What the public checks say of the code that is handed in: a sentence, and how to see more.

    Raises UserMistake if `hw_dir` cannot be imported.
    """
    from autograder.grader.own_code import check  # loads pytest and torch

    parts = read_parts()
    of_code = frozenset(sub.id for part in parts.parts if part.module for sub in part.subparts)
    if not of_code:
        return []
    scores = check(hw_dir, {"public": CHECKS}, parts, selection=of_code).score.subparts
    wrong = [s.subpart.id for s in scores if s.outcome not in (None, Outcome.PASSED, Outcome.NOT_ATTEMPTED)]
    if wrong:
        more = command("check", "autograder check", sub=wrong[0])
        return [
            f"It is packed, but {', '.join(wrong)} {'does' if len(wrong) == 1 else 'do'} not pass: see {more}."
        ]
    return ["Whatever is filled in passes its public checks."]


def _left_to_do(source: bytes, part: Part) -> list[str]:
    """A sentence for each hole that is open, and one for the functions that are not there."""
    holes = find_holes(source, part)
    sentences = [
        f"{id_} is still open ({part.file}:{line}): it will count as not attempted."
        for id_, line in holes.open
    ]
    if holes.undefined:
        names = ", ".join(f"{function} ({id_})" for id_, function in holes.undefined)
        sentences.append(f"{part.file} does not define {names}: what it does not define earns nothing.")
    return sentences


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except FileNotFoundError:
        raise UserMistake(f"{path} is missing; a submission needs it.") from None
    except OSError as error:
        raise UserMistake(f"{path} cannot be read ({error.strerror}).") from None
    if len(content) > limit:
        raise UserMistake(f"{path} is too large; at most {limit // 2**20} MB are accepted.")
    return content


def _add_texts(hw_dir: Path, part: Part, entries: dict[str, bytes]) -> list[str]:
    """Add those files of the part that are there; a sentence on what is missing, as its public checks say."""
    own = {file: _read(hw_dir / file, MAX_CODE) for file in part.files if (hw_dir / file).is_file()}
    entries |= own
    results = _results(own, part)
    done = sum(result.outcome == Outcome.PASSED for result in results)
    wrong = [f"{', '.join(r.subparts)}: {r.message}." for r in results if r.outcome == Outcome.FAILED]
    return [f"{part.file}: {done} of {len(results)} are complete.", *wrong]


def _check_weights(content: bytes, path: Path, part: Part, given: bool) -> list[str]:
    """Raise UserMistake if nobody can play these weights; a sentence if they are too weak.

    The part's public checks say so: reader and simulator are the grader's own. Training notes the task in the file;
    the course says which one is graded.
    """
    graded = part.task
    trained = _trained_task(content)
    if trained not in (None, graded):
        raise UserMistake(
            f"{path} was trained on {trained}, but {graded} is graded; submit weights trained on it."
        )
    problems = _problems(content, part)
    if problem := problems.get("unit"):
        without = f"leave {option('weights', '…')} out" if given else f"move {path} away"
        raise UserMistake(
            f"{path} would not be graded ({problem}); submit the weights.safetensors of a training run on {graded}, "
            f"or {without} to hand in no weights."
        )
    return [f"{path} is too weak: {problem}." for problem in problems.values()]


def _problems(content: bytes, part: Part) -> dict[str, str]:
    """What the public checks of a part that do not pass say about its file, by their kind."""
    results = _results({part.file: content}, part)
    return {result.kind: result.message for result in results if result.outcome == Outcome.FAILED}


def _results(files: Mapping[str, bytes], part: Part) -> list[CheckResult]:
    """What the public checks of a part that is no code say of its files."""
    from autograder.grader.running import run_checks  # loads pytest, so not before it is needed

    def connect(limit: float) -> Transport:
        raise CouldNotRun("there is no code in this part")

    wanted = frozenset(sub.id for sub in part.subparts)
    with tempfile.TemporaryDirectory(prefix="handin-") as name:
        for file, content in files.items():
            Path(name, file).write_bytes(content)
        return run_checks({"public": CHECKS}, connect, Path(name), read_parts(), selection=wanted)


def _trained_task(content: bytes) -> str | None:
    """The task in the config that training writes into the header; None where there is none.

    safetensors are 8 bytes, the header's length, then a JSON header.
    """
    header = content[8 : 8 + int.from_bytes(content[:8], "little")]
    try:
        return json.loads(json.loads(header)["__metadata__"]["config"])["task"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _write(out_zip: Path, entries: dict[str, bytes]) -> None:
    """Write beside the target and move: a full disk never leaves half a zip under the target's name."""
    try:
        out_zip.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out_zip.name}-", dir=out_zip.parent) as staged:
            part = Path(staged, "submission.zip")
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, content in entries.items():
                    archive.writestr(name, content)
            os.replace(part, out_zip)
    except OSError as error:
        raise UserMistake(f"{out_zip} cannot be written ({error.strerror}).") from None
