"""Which platform's export is it? The layout that most of the names fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from autograder.staff.batch.uploads.layouts import (
    NO_FILE,
    Layout,
    Owner,
    blackboard,
    brightspace,
    canvas,
    github,
    gradescope,
    moodle,
    plain,
)
from envs.errors import UserMistake

METADATA = "submission_metadata.yml"
KNOWN = (
    "an export of Gradescope, Canvas, Moodle, Brightspace or Blackboard, clones of GitHub Classroom, and a folder or "
    "archive for each student"
)
# What staff and platforms lay beside submissions, and nobody hands in as homework.
_STRAYS = (
    *(".csv", ".tsv", ".xls", ".xlsx", ".ods", ".txt", ".md", ".rst", ".yml", ".yaml", ".json", ".toml"),
    *(".html", ".htm", ".log", ".ini", ".db", ".sqlite"),
)
_BY_NAME: dict[str, Layout] = {
    "moodle": moodle,
    "blackboard": blackboard,
    "brightspace": brightspace,
    "canvas": canvas,
}
_STRICT = ("moodle", "blackboard", "brightspace")  # names that nobody gives a folder by chance


def recognise(
    paths: Sequence[PurePosixPath], folders: Iterable[PurePosixPath], name: str
) -> tuple[str, Layout]:
    """The name of the platform, and its layout; what does not fit that is taken as in a plain folder, if it fits there.

    `folders` are those of the `paths` that are folders, and `name` is that of the folder around them.
    """
    folders = set(folders)
    tops = {path.parts[0] for path in paths} - {str(p) for p in paths if is_stray(p) and p not in folders}
    gradescopes = METADATA in {str(path) for path in paths}
    fit = {
        platform: sum(layout(PurePosixPath(top)) is not None for top in tops)
        for platform, layout in _BY_NAME.items()
    }
    best = max(fit, key=lambda platform: fit[platform], default="plain")
    if mixed := [name for name in _STRICT if name != best and fit[name] and fit[best]]:
        raise UserMistake(
            f"files of {best} and of {' and '.join(mixed)} lie side by side: grade each export by itself, with an "
            "OUT of its own"
        )
    if fit.get(best) and 2 * fit[best] > len(tops):
        layout = _BY_NAME[best]
        return best, lambda path: layout(path) or _in_folder_or_archive(path, folders)
    if gradescopes:
        return "gradescope", gradescope
    clones = {path.parts[0] for path in folders if path.name == ".git" and len(path.parts) == 2}
    if clones and 2 * len(clones) > len(tops):
        layout = github(_prefix(clones, name))
        return "github", lambda path: layout(path) or _in_folder_or_archive(path, folders)
    return "plain", lambda path: _in_folder_or_archive(path, folders)


def is_stray(path: PurePosixPath) -> bool:
    """Whether a file beside submissions is none: a roster, a README, a platform's page of contents."""
    name = path.name.lower()
    return len(path.parts) == 1 and (name.endswith(_STRAYS) or name in ("readme", "makefile"))


def _in_folder_or_archive(path: PurePosixPath, folders: set[PurePosixPath]) -> Owner | None:
    if path in folders and len(path.parts) == 1:
        return Owner(path.name, NO_FILE, path.name)
    return plain(path)


def _prefix(names: set[str], folder: str) -> str:
    """The assignment in front of each user's name: the command that clones writes it on the folder around them, too."""
    slug = folder.removesuffix("-submissions") + "-"
    if slug != f"{folder}-" and all(name.startswith(slug) for name in names):
        return slug
    if len(names) == 1:
        return ""
    first, last = min(names), max(names)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[: first.rfind("-", 0, same) + 1]
