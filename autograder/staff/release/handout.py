"""The students' zip: everything they need to work, check and hand in, and nothing that gives an answer away.

    starter.plan(solutions/) + envs/ + notebooks/ + autograder/ without staff/ and bench/ --collect--> {path:
    bytes} --> zip

Beside each notebook's script goes the notebook as Jupyter opens it (notebooks.py).
course.toml goes in as a copy without what is nobody else's business (course_copy.py), requirements.txt and
pyproject.toml without what only staff needs.

The starter in the zip is the one that `solutions/` gives, and `build` refuses while the one in `hw/` is
another. Same tree, same bytes: names are sorted and dates fixed, so a course can publish the hash.
"""

import io
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from autograder.grader.handin.handout import PRISTINE
from autograder.grader.running import collect_checks
from autograder.staff.release import starter
from autograder.staff.release.course_copy import PATH, course_copy
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.notebooks import for_jupyter
from autograder.staff.release.outline import Outline, read_outline

TOP = "fetch-homework"  # the one folder that unpacking makes
# The last is the developer's page.
WITHHELD = (
    "autograder/staff/",
    "autograder/bench/",
    "autograder/README.md",
)
TOP_FILES = ("Makefile", "requirements.txt", "pyproject.toml", "LICENSE")
FOR_STAFF = b"# --- for staff: "  # from here on, a file of TOP_FILES is not handed out
LEFT_OUT_SUFFIXES = {".json", ".zip"}  # figures that were measured, things that were built
DATE = (2000, 1, 1, 0, 0, 0)


def build(root: Path, out: Path) -> list[str]:
    """Write the zip for the repository at `root` to `out`; returns the paths in it.

    Raises ReleaseError if the starter is not current or a needed file is missing; then nothing is written.
    """
    entries = collect(root)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as staged:
        part = Path(staged, out.name)
        write_zip(part, {f"{TOP}/{path}": content for path, content in entries.items()})
        os.replace(part, out)  # never a half-written zip under the name that gets uploaded
    return list(entries)


def collect(root: Path) -> dict[str, bytes]:
    """Every file of the handout, path in its top folder -> content. Raises ReleaseError like `build`."""
    outline = read_outline(root / "autograder" / "parts.toml")
    files = starter.plan(root / "solutions", outline)
    difference = starter.compare(root / "hw", files)
    if difference:
        raise ReleaseError([*difference.sentences(), "hw/ is not what solutions/ gives: run `make starter`."])
    entries = {f"hw/{path}": content for path, content in files.items()}
    for folder in ("envs", "notebooks", "autograder"):
        for path, content in starter.read_tree(root / folder).items():
            entries[f"{folder}/{path}"] = content
    unused = _unused_checks(root, outline) | outline.left_out
    entries = {
        path: content for path, content in entries.items() if not _withheld(path) and path not in unused
    }
    entries |= for_jupyter(entries)
    entries[PATH] = course_copy(outline)
    missing = [name for name in TOP_FILES if not (root / name).is_file()]
    if "hw/README.md" not in entries:
        missing.append("solutions/README.md")
    if missing:
        raise ReleaseError(f"{name} is missing; the handout needs it." for name in missing)
    entries.update({name: for_students((root / name).read_bytes()) for name in TOP_FILES})
    for name in (*starter.TEXTS, "CHANGELOG.md"):  # what one sees first
        if f"hw/{name}" in entries:
            entries[name] = entries[f"hw/{name}"]
    entries[PRISTINE] = pack(entries)  # what `make update` compares a student's folder with
    return dict(sorted(entries.items()))


def for_students(content: bytes) -> bytes:
    """A file without its part for staff, which is its last."""
    kept, mark, _ = content.partition(FOR_STAFF)
    return kept.rstrip() + b"\n" if mark else content


def pack(entries: Mapping[str, bytes]) -> bytes:
    """The zip of these files."""
    packed = io.BytesIO()
    write_zip(packed, entries)
    return packed.getvalue()


def write_zip(path: Path | IO[bytes], entries: Mapping[str, bytes]) -> None:
    """A zip whose bytes depend on `entries` alone: sorted, one fixed date; what opens with #! can be executed."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in sorted(entries.items()):
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix everywhere, or the mode below would be read as something else
            info.external_attr = (0o100755 if content.startswith(b"#!") else 0o100644) << 16
            archive.writestr(info, content)


def _unused_checks(root: Path, outline: Outline) -> set[str]:
    """The public check files of parts that the course does not grade: their hints would help nobody."""
    folder = "autograder/checks"
    found = collect_checks({"public": root / folder}, outline.parts).left_out
    return {name.replace("public", folder, 1) for name in found}


def _withheld(path: str) -> bool:
    return path.startswith(WITHHELD) or Path(path).suffix in LEFT_OUT_SUFFIXES
