"""Where in a folder or archive the submissions lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from autograder.staff.batch.uploads.listing import Entry
from autograder.staff.batch.uploads.recognise import METADATA, is_stray, recognise
from envs.errors import UserMistake, one_line

MAX_NAMED = 5  # paths in a sentence that names some


def top_of(entries: Sequence[Entry], in_folder: bool) -> PurePosixPath:
    """The folder that holds the submissions: an export wraps them in one, and some are packed twice."""
    for entry in entries:
        if entry.path.name == METADATA and len(entry.path.parts) <= 2:
            return entry.path.parent
    top, wrapper = PurePosixPath(), PurePosixPath()
    for depth in range(4):
        inside = [(e.path.relative_to(top), e.folder) for e in entries if is_below(e.path, top)]
        folders = [path for path, folder in inside if folder]
        if recognise([path for path, _ in inside], folders, top.name)[0] != "plain":
            return top
        inside = [(path, folder) for path, folder in inside if folder or not is_stray(path)]
        heads = {path.parts[0] for path, _ in inside}
        if len(heads) != 1 or any(len(path.parts) == 1 and not folder for path, folder in inside):
            break
        top /= heads.pop()
        wrapper = top if depth == 0 else wrapper
    # In a folder of the TA's own making a single subfolder is more likely the first student than a wrapper.
    return PurePosixPath() if in_folder else wrapper


def without_results(
    entries: list[Entry], source: Path, out: Path | None, say: Callable[[str], None]
) -> list[Entry]:
    """Without the folders with results of a grading: they are no student's."""
    results = {e.path.parent for e in entries if e.path.name == "state.sqlite"}
    results = {
        place for place in results if {place / "contents", place / "students"} & {e.path for e in entries}
    }
    if source.is_dir() and out is not None and out.resolve().is_relative_to(source.resolve()):
        results.add(PurePosixPath(out.resolve().relative_to(source.resolve()).as_posix()))
    if PurePosixPath() in results:
        raise UserMistake(f"{source} holds the results of a grading: name another folder for OUT")
    if gone := [place for place in results if any(is_below(e.path, place) for e in entries)]:
        say(f"results of a grading, and left out: {named(sorted(gone))}")
    return [e for e in entries if not any(e.path == place or is_below(e.path, place) for place in results)]


def is_below(path: PurePosixPath, folder: PurePosixPath) -> bool:
    return path != folder and path.parts[: len(folder.parts)] == folder.parts


def named(paths: Sequence[PurePosixPath]) -> str:
    shown = ", ".join(one_line(str(path), 60) for path in paths[:MAX_NAMED])
    return f"{shown} and {len(paths) - MAX_NAMED} more" if len(paths) > MAX_NAMED else shown
