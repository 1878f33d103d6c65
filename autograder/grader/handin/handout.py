"""A handout as it was given out: every file of it, in one zip inside it, so that a later handout can be told apart.

A student's folder holds `autograder/handout.zip` of the handout that it was unpacked from or last updated to.
"""

from __future__ import annotations

import io
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from envs.errors import UserMistake, one_line

PRISTINE = "autograder/handout.zip"
CHANGELOG = "CHANGELOG.md"  # for the students, a line for each handout after the first
MAX_BYTES = 100 * 2**20  # of all files together, unpacked


@dataclass(frozen=True)
class Handout:
    """Path -> content, paths relative to the top folder with forward slashes; `packed` is the zip they come from."""

    files: dict[str, bytes]
    packed: bytes

    @property
    def course(self) -> str:
        """The course's name; "" if the handout does not say."""
        try:
            text = self.files.get("autograder/course.toml", b"").decode("utf-8")
            return str(tomllib.loads(text).get("name", ""))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            return ""

    @property
    def changes(self) -> tuple[str, ...]:
        """The lines of its CHANGELOG.md, the oldest first."""
        return changes_in(self.files.get(CHANGELOG, b"").decode("utf-8", errors="replace"))


def changes_in(changelog: str) -> tuple[str, ...]:
    """What a CHANGELOG.md says: "- 2026-11-02: …", without the dash."""
    return tuple(line.removeprefix("- ").strip() for line in changelog.splitlines() if line.startswith("- "))


def read_pristine(folder: Path) -> Handout:
    """What `folder` was handed out as. Raises UserMistake where that is not known."""
    path = folder / PRISTINE
    if not path.is_file():
        raise UserMistake(
            f"{path} is missing, so nobody knows what was handed out and what is yours: unpack the new handout "
            "into a folder of its own, and copy your part files from hw/ into it"
        )
    return _unpack(path.read_bytes(), str(path))


def read_handout(path: Path) -> Handout:
    """The handout in the zip, or in the unpacked folder, at `path`. Raises UserMistake."""
    if path.is_dir():  # some browsers unpack what they load
        inside = next((f for f in (path, *sorted(path.iterdir())) if (f / PRISTINE).is_file()), None)
        if inside is None:
            raise UserMistake(f"{path} holds no handout of this homework: name the zip that you were given")
        return read_pristine(inside)
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if f"/{name}".endswith(f"/{PRISTINE}")]
            if not names:
                raise UserMistake(
                    f"{path} is no handout that a folder can be updated to: name the new zip that you were given"
                )
            name = min(names, key=len)
            if archive.getinfo(name).file_size > MAX_BYTES:
                raise UserMistake(f"{path} is too large for a handout")
            return _unpack(archive.read(name), str(path))
    except FileNotFoundError:
        raise UserMistake(f"there is no {path}: name the new zip that you were given") from None
    except UserMistake:
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError):
        raise UserMistake(f"{path} is no zip, or not all of it: download it again") from None


def _unpack(packed: bytes, name: str) -> Handout:
    files = {}
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_BYTES:
                raise UserMistake(f"{name} is too large for a handout")
            for info in archive.infolist():
                path = PurePosixPath(info.filename)
                if path.is_absolute() or ".." in path.parts or "\\" in info.filename or ":" in info.filename:
                    raise UserMistake(
                        f"{name} holds a file that would land elsewhere ({one_line(info.filename)}): "
                        "ask the course for the handout"
                    )
                files[path.as_posix()] = archive.read(info)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise UserMistake(f"{name} is damaged ({one_line(str(error), 80)}): download it again") from None
    return Handout(files, packed)
