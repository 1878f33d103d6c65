"""`hw/` from `solutions/`: the part files blanked or complete, as the course says, all else the same, no edit lost.

    solutions/ + the course --plan--> {path: bytes} --compare--> what differs in hw/ --write--> hw/

`hw/.generated.json` keeps the sha256 of every file as it was generated. A file whose hash is still that one
is merely outdated and may be replaced; any other was edited by hand.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import tomli_w

from autograder.course.parts import SubPart
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.markers import blank, complete, find_blocks, functions_of
from autograder.staff.release.outline import Outline
from autograder.staff.release.selection import complete_files
from autograder.staff.release.text import forget, render

MANIFEST = ".generated.json"
TEXTS = ("README.md", "HELP.md")  # that follow the course
HINTS = "hints.toml"  # what `make hint` reads
# What running the code leaves behind; tests belong to the kit and stay with the solutions.
LEFT_OUT_FOLDERS = {"tests", "__pycache__", "runs", "results", "out"}
LEFT_OUT_SUFFIXES = {".safetensors", ".pyc", ".mp4"}
LEFT_OUT_NAMES = {"experiments.json"}  # the logs of Part 9


@dataclass(frozen=True)
class Difference:
    """How `hw/` differs from what it should be: sorted paths relative to it, with forward slashes.

    `edited` are the files whose present text was never generated and that `write` would lose. They are among
    `missing`, `changed` and `obsolete` or not at all: an edit that equals the new text loses nothing.
    """

    missing: tuple[str, ...]
    changed: tuple[str, ...]
    obsolete: tuple[str, ...]  # generated once, no longer in solutions/
    foreign: tuple[str, ...]  # never generated
    edited: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.changed or self.obsolete or self.foreign)

    def sentences(self, folder: str = "hw") -> list[str]:
        """One line for each file that differs."""
        return (
            [f"{folder}/{path} is missing or stale." for path in self.missing]
            + [f"{folder}/{path} was edited by hand." for path in self.changed if path in self.edited]
            + [f"{folder}/{path} is outdated." for path in self.changed if path not in self.edited]
            + [f"{folder}/{path} is no longer in solutions/." for path in self.obsolete]
            + [f"{folder}/{path} does not come from solutions/." for path in self.foreign]
        )


def plan(solutions: Path, outline: Outline) -> dict[str, bytes]:
    """Every file of the starter, relative path -> content. Nothing is written.

    Raises ReleaseError with all that is wrong: a broken marker rule, a hole of parts.toml that no block fills or that
    is in another function than it says, a part file that is missing, a block in a file that is no part's, a file that
    is imported and not given, a marker of the handout text that is none.
    """
    files = read_tree(solutions)
    errors = [
        f"{solutions.name}/{part_file}: parts.toml names this file, but it does not exist."
        for part_file in (*outline.holes, *outline.others)
        if part_file not in files
    ]
    if errors:
        raise ReleaseError(errors)
    notebooks = solutions.parent / "notebooks"
    beside = (
        {f"notebooks/{path}": text for path, text in read_tree(notebooks).items()}
        if notebooks.is_dir()
        else {}
    )
    files, beside = (
        {path: text for path, text in tree.items() if path not in outline.left_out}
        for tree in (files, beside)
    )
    kept = complete_files(files, beside, outline)
    files = {path: content for path, content in files.items() if path in kept or path not in outline.others}
    for path, content in files.items():
        if path.endswith(".py"):
            try:
                files[path] = _given_out(content, f"{solutions.name}/{path}", path, outline)
            except ReleaseError as error:
                errors += error.errors
    if errors:
        raise ReleaseError(errors)
    if hints := _hints(read_tree(solutions), outline):
        files[HINTS] = hints
    starter = {path: content.decode() for path, content in files.items() if path.endswith(".py")}
    for path in files.keys() & set(TEXTS):
        name = f"{solutions.name}/{path}"
        files[path] = render(_text_of(files[path], name), name, outline, starter).encode()
    return files


def compare(target: Path, files: Mapping[str, bytes]) -> Difference:
    """How the folder `target` (there or not) differs from the plan `files`."""
    generated = _read_manifest(target)
    present = read_tree(target) if target.is_dir() else {}
    present.pop(MANIFEST, None)
    differing = {path for path, content in present.items() if files.get(path) != content}
    obsolete = {path for path in present if path in generated and path not in files}
    missing = files.keys() - present.keys()
    changed = differing & files.keys()
    if not (missing or changed or obsolete) and generated != _hashes(files):
        missing = {MANIFEST}
    return Difference(
        missing=tuple(sorted(missing)),
        changed=tuple(sorted(changed)),
        obsolete=tuple(sorted(obsolete)),
        foreign=tuple(sorted(present.keys() - files.keys() - obsolete)),
        edited=tuple(
            sorted(
                path
                for path in changed | obsolete
                if generated.get(path) != hashlib.sha256(present[path]).hexdigest()
            )
        ),
    )


def write(target: Path, files: Mapping[str, bytes], force: bool = False) -> Difference:
    """Make `target` what `files` says and return what differed before.

    Everything is first written beside `target`, then moved in file by file, the manifest last: a full disk
    leaves the old starter, and an interrupted move is finished by the next call. Files that were never
    generated stay.
    Raises ReleaseError naming the files that were edited by hand, unless `force`.
    """
    difference = compare(target, files)
    if difference.edited and not force:
        named = ", ".join(f"{target.name}/{path}" for path in difference.edited)
        raise ReleaseError(
            [
                f"Edited by hand: {named}. Move the edits to solutions/, "
                "or lose them with --force (make starter FORCE=1)."
            ]
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as name:
        staged = Path(name)
        manifest = {"note": "Written by `make starter`; do not edit.", "sha256": _hashes(files)}
        order = {**files, MANIFEST: (json.dumps(manifest, indent=1) + "\n").encode()}  # the manifest last
        for path, content in order.items():
            (staged / path).parent.mkdir(parents=True, exist_ok=True)
            (staged / path).write_bytes(content)
        for path in order:
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            os.replace(staged / path, target / path)
    for path in difference.obsolete:
        (target / path).unlink()
        _remove_empty_folders(target / path, target)
    return difference


def read_tree(folder: Path) -> dict[str, bytes]:
    """Every file of an assignment's tree, relative path (forward slashes) -> content, sorted by path.

    Left out: tests, caches, results, weights, videos. Raises ReleaseError for a symbolic link or a missing
    folder.
    """
    if not folder.is_dir():
        raise ReleaseError([f"{folder}: this folder does not exist."])
    files: dict[str, bytes] = {}
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in LEFT_OUT_FOLDERS and not f.startswith("."))
        for name in names:
            path = Path(root, name)
            if (
                path.suffix in LEFT_OUT_SUFFIXES
                or name in LEFT_OUT_NAMES
                or (name.startswith(".") and name != MANIFEST)
            ):
                continue
            if path.is_symlink():
                raise ReleaseError([f"{path}: a symbolic link cannot be handed out; put the file here."])
            files[path.relative_to(folder).as_posix()] = path.read_bytes()
    return dict(sorted(files.items(), key=lambda item: PurePosixPath(item[0]).parts))


def _given_out(content: bytes, name: str, path: str, outline: Outline) -> bytes:
    """A Python file as it is handed out: with holes, complete without a trace of them, or as it is."""
    text = _text_of(content, name)
    if path in outline.others:
        text = complete(text, name, [sub.id for sub in outline.others[path].subparts if sub.hole])
    else:
        text = _blank(text, name, outline.holes.get(path, {}), outline.parts.settings.shown_levels)
    return forget(text, outline.parts.not_graded).encode()


def _text_of(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ReleaseError([f"{name}:1: this file is not UTF-8 text."]) from None


def _hints(solutions: Mapping[str, bytes], outline: Outline) -> bytes:
    """The hints that the course gives on request, sub-part -> a text for each level; b"" if there are none."""
    table: dict[str, list[str]] = {}
    for path, holes in outline.holes.items():
        for block in find_blocks(_text_of(solutions[path], path), path, holes):
            levels = block.hints[: outline.parts.settings.told_levels]
            table |= {block.id: [" ".join(lines) for lines in levels]} if levels else {}
    if not table:
        return b""
    header = (
        f"# `make hint SUB={next(iter(table))}` shows these, one level after the other: the idea first.\n\n"
    )
    return (header + tomli_w.dumps(table)).encode()


def _blank(text: str, name: str, holes: Mapping[str, SubPart], levels: int | None) -> str:
    blanked = blank(text, name, {id_: sub.title for id_, sub in holes.items()}, levels)
    functions = functions_of(text, find_blocks(text, name, holes))
    if wrong := [
        f"{name}: {id_} is in {functions[id_]}, but parts.toml says function = {sub.function!r}."
        for id_, sub in holes.items()
        if sub.function not in ("", functions[id_])
    ]:
        raise ReleaseError(wrong)
    return blanked


def _hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    return {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}


def _read_manifest(target: Path) -> dict[str, str]:
    """The hashes kept in `target`; none without a readable manifest (then every file counts as edited)."""
    try:
        return dict(json.loads((target / MANIFEST).read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _remove_empty_folders(path: Path, stop: Path) -> None:
    for folder in path.parents:
        # Else the caches of removed code keep it alive.
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)
        if folder == stop or any(folder.iterdir()):
            return
        folder.rmdir()
