"""The zip a student hands in: the part files (and trained weights, if any), looked at before they leave.

hw/ --build_submission--> submission.zip, and notes: what is in it, which holes are still open
"""

import ast
import json
import os
import re
import tempfile
import zipfile
from pathlib import Path

from autograder.engine.outcomes import UserMistake
from autograder.engine.parts import read_parts

MAX_WEIGHTS_BYTES = 50_000_000
OPEN_HOLE = re.compile(r"TODO\((\d+[a-z])\)")


def build_submission(hw_dir: Path, out_zip: Path, weights: Path | None = None) -> list[str]:
    """Pack the part files of `hw_dir` into `out_zip`, at its root; returns notes, a sentence each.

    `weights` is a file to submit as the trained weights; without it, the one in `hw_dir` goes in if it is
    there. Raises UserMistake with one sentence if a part file is missing or is not valid Python, if the
    weights are missing, too large, not safetensors or trained on another task, or if the zip cannot be written.
    """
    hw_dir, out_zip = Path(hw_dir), Path(out_zip)
    code_files, weight_files = _expected_files()
    if not hw_dir.is_dir():
        raise UserMistake(f"{hw_dir} is not a folder; name the one that holds {', '.join(code_files)}.")
    entries: dict[str, bytes] = {}
    notes: list[str] = []
    for name in code_files:
        entries[name] = _read(hw_dir / name)
        open_holes = find_open_holes(entries[name], name)
        notes += [
            f"{id_} is still open ({place}): it will count as not attempted." for id_, place in open_holes
        ]
    for name in weight_files:
        path = Path(weights) if weights is not None else hw_dir / name
        if weights is None and not path.exists():
            notes.append(f"No {name}: the part that grades trained weights will count as not attempted.")
            continue
        entries[name] = _read(path)
        _check_weights(entries[name], path, name)
    _write(out_zip, entries)
    if not any("is still open" in note for note in notes):
        notes.insert(0, "Every hole is filled in.")
    return [*notes, f"{out_zip} holds {', '.join(entries)}."]


def find_open_holes(source: bytes, name: str) -> list[tuple[str, str]]:
    """(id, `file:line`) of each `raise NotImplementedError("TODO(4a): …")` that still stands in a part file.

    Raises UserMistake naming file and line if the source is not valid Python.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte
        line = getattr(error, "lineno", None) or 1
        reason = getattr(error, "msg", None) or str(error)
        raise UserMistake(
            f"{name}:{line} is not valid Python ({reason}); fix it, or no check can run it."
        ) from None
    holes = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            message = node.exc.args[0]
            if isinstance(message, ast.Constant) and isinstance(message.value, str):
                found = OPEN_HOLE.match(message.value)
                if found:
                    holes.append((found[1], f"{name}:{node.lineno}"))
    return sorted(holes)


def _expected_files() -> tuple[list[str], list[str]]:
    """The code files and the weight files that parts.toml names, each once, in its order."""
    names = read_parts().files
    return [n for n in names if n.endswith(".py")], [n for n in names if not n.endswith(".py")]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UserMistake(f"{path} is missing; a submission needs it.") from None
    except OSError as error:
        raise UserMistake(f"{path} cannot be read ({error.strerror}).") from None


def _check_weights(content: bytes, path: Path, name: str) -> None:
    """Enough to catch a wrong file: safetensors are 8 bytes (the header's length), then a JSON header.

    Training notes the task there; which one is graded stands in the file's name, weights_TASK.safetensors.
    """
    if len(content) > MAX_WEIGHTS_BYTES:
        limit = MAX_WEIGHTS_BYTES // 1_000_000
        raise UserMistake(
            f"{path} has {len(content) // 1_000_000} MB; at most {limit} MB of weights are accepted."
        )
    header = int.from_bytes(content[:8], "little")
    if len(content) < 10 or header > len(content) - 8 or content[8:9] != b"{":
        raise UserMistake(
            f"{path} is not a safetensors file; submit the weights.safetensors of a training run."
        )
    graded = Path(name).stem.removeprefix("weights_")
    trained = _trained_task(content[8 : 8 + header])
    if trained not in (None, graded):
        raise UserMistake(
            f"{path} was trained on {trained}, but {graded} is graded; submit weights trained on it."
        )


def _trained_task(header: bytes) -> str | None:
    """The task in the config that training writes into the header; None where there is none."""
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
