"""What somebody may name instead of a class's submissions: one student's, a folder of classes, a packed class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from autograder.course.parts import Parts
from autograder.grader.intake.names import is_archive, may_matter
from autograder.staff.batch.uploads.listing import Entry, list_files
from autograder.staff.batch.uploads.places import is_below, top_of
from autograder.staff.batch.uploads.recognise import recognise
from envs.errors import UserMistake


def refuse_what_is_no_class(where: Path, inside: Sequence[Entry], parts: Parts) -> None:
    """Raises `UserMistake` for one student's submission, and for a folder of classes."""
    homework = [e.path for e in inside if not e.folder and may_matter(e.path.name, parts)]
    code = [path for path in homework if not is_archive(path.name)]
    tops = {path.parts[0] for path in homework}
    if any(len(path.parts) == 1 for path in code) or (tops == {"hw"} and code):
        raise UserMistake(f"{where} is one submission, not a class's: grade it with SUBMISSION={where}")
    held = [_people(top, homework) for top in sorted(tops)]
    if held and all(held):
        raise UserMistake(
            f"{where} holds folders of several people each ({', '.join(sorted(tops)[:3])}), and it is not clear who is "
            f"who: name the folder in which everybody has a folder or archive, such as {where / min(tops)}"
        )


def refuse_packed_class(archive: Path, parts: Parts) -> None:
    """The only archive in a folder may be everybody's instead of one student's."""
    try:
        entries = list_files(archive)
    except UserMistake:
        return  # no zip, or damaged: to look at as a submission
    top = top_of(entries, in_folder=False)
    inside = [replace(e, path=e.path.relative_to(top)) for e in entries if is_below(e.path, top)]
    platform, _ = recognise([e.path for e in inside], [e.path for e in inside if e.folder], top.name)
    homework = [PurePosixPath("x", e.path) for e in inside if not e.folder and may_matter(e.path.name, parts)]
    if platform not in ("plain", "github") or _people("x", homework):
        raise UserMistake(f"{archive} holds more than one student: grade it with SUBMISSIONS={archive}")


def _people(top: str, homework: Iterable[PurePosixPath]) -> bool:
    """Whether the folder `top` looks like a class: folders with homework, or many archives, and nothing else."""
    below = [PurePosixPath(*path.parts[1:]) for path in homework if path.parts[0] == top]
    loose = [path for path in below if len(path.parts) == 1]
    folders = {path.parts[0] for path in below if len(path.parts) > 1}
    if any(not is_archive(path.name) for path in loose) or "hw" in folders or PurePosixPath() in below:
        return False
    return len(folders) >= 2 or len(loose) >= 3
