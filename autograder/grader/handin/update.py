"""A mended handout into a folder that a student has worked in: what is theirs stays, the rest becomes the new one.

    the folder, the handout it came from, the new one --plan--> a verdict a file --write--> the folder, and a backup

Nothing is written while one file cannot be decided.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path, PurePosixPath

from autograder.grader.handin.handout import PRISTINE, Handout, read_handout, read_pristine
from autograder.grader.handin.merge import Clash, merge
from envs.errors import UserMistake
from envs.typed import command, option

RENAMED = 0.6  # of the lines are the same: this is that file under another name


def way_out() -> str:
    """What to do if a file cannot be decided."""
    return (
        "Nothing was written. For each file named: undo your change there and update again, or say "
        f"{option('keep', 'file')} to keep yours as it is, or {option('take', 'file')} to get the new one (yours goes "
        "into the backup)."
    )


@dataclass
class Plan:
    """What an update does: `write` maps paths to new contents; each sentence in `refused` stops all of it."""

    write: dict[str, bytes] = field(default_factory=dict)
    delete: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def update(
    folder: Path, source: Path, keep: Collection[str] = (), take: Collection[str] = (), show: bool = False
) -> list[str]:
    """Bring `folder` to the handout at `source`; returns notes, a sentence each. `show` only tells what would be done.

    Raises UserMistake if the handout is none, another course's or older, or if a file was changed on both sides and
    cannot be merged. `keep` and `take` decide such files, for the student's and for the new one.
    """
    base, new = read_pristine(folder), read_handout(source)
    _refuse_others(base, new, source)
    if base.files == new.files:
        return [f"This folder has everything that is in {source}."]
    if unknown := sorted({*keep, *take} - {*base.files, *new.files}):
        raise UserMistake(f"{unknown[0]} is no file of the handout; name it as in hw/relabel.py")
    planned = plan(folder, base.files, new.files, keep, take)
    if planned.refused:
        raise UserMistake("\n".join([*planned.refused, way_out()]))
    news = [f"New: {line}" for line in new.changes[len(base.changes) :]]
    if show:
        return [*planned.notes, *news, "Nothing was written: this is what an update would do."]
    backup = write(folder, planned, new.packed)
    notes = [*planned.notes, f"What was replaced, merged or deleted is in {backup.name}/ as it was.", *news]
    if "requirements.txt" in planned.write:
        notes.append(
            "requirements.txt has changed: the next make command installs it (without make: "
            "python3 autograder/setup.py)."
        )
    return [*notes, f"Now run the checks: {command('check', 'autograder check')}."]


def plan(
    folder: Path,
    base: Mapping[str, bytes],
    new: Mapping[str, bytes],
    keep: Collection[str] = (),
    take: Collection[str] = (),
) -> Plan:
    """Decide every file of the handout `base` and of the handout `new`. Nothing is written."""
    planned = Plan()
    for path in sorted(base.keys() | new.keys()):
        mine = _read(folder, path, planned)
        if path in keep or base.get(path) == new.get(path) or _same(mine, new.get(path)):
            continue
        if path not in new:
            _gone(path, mine, base[path], path in take, planned)
        elif mine is None:
            _missing(folder, path, base, new, path in take, planned)
        elif path in take or _same(mine, base.get(path)):
            planned.write[path] = new[path]
            planned.notes.append(f"{path}: the new one.")
        elif path not in base:
            planned.refused.append(
                f"{path} is new in the handout, and you have a file of that name: rename yours."
            )
        else:
            _both(path, base[path], mine, new[path], planned)
    return planned


def write(folder: Path, planned: Plan, packed: bytes) -> Path:
    """Do what was planned; returns the folder with everything that was replaced or deleted.

    All new contents are first written beside the old ones. If a file then cannot be replaced, those that were are put
    back, and UserMistake is raised. `packed` goes last: an update that was killed is finished by the next one.
    """
    backup = _backup(folder, [*planned.write, *planned.delete, PRISTINE])
    done: list[str] = []
    path = ""
    try:
        with tempfile.TemporaryDirectory(prefix=".update-", dir=folder) as name:
            contents = {**planned.write, PRISTINE: packed}
            for path, content in contents.items():
                Path(name, path).parent.mkdir(parents=True, exist_ok=True)
                Path(name, path).write_bytes(content)
                if (folder / path).exists():
                    shutil.copymode(folder / path, Path(name, path))
            for path in planned.delete:
                done.append(path)
                (folder / path).unlink()
            for path in contents:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                done.append(path)
                os.replace(Path(name, path), folder / path)
    except OSError as error:
        _put_back(folder, backup, done)
        raise UserMistake(
            f"{path} cannot be written ({error.strerror}): everything is as it was; close the programs that use it, "
            "make room on the disk, and update again"
        ) from error
    for path in planned.delete:
        with contextlib.suppress(OSError):  # not empty
            (folder / path).parent.rmdir()
    return backup


def _refuse_others(base: Handout, new: Handout, source: Path) -> None:
    if base.course != new.course:
        raise UserMistake(f"{source} is the handout of {new.course!r}, and this folder is of {base.course!r}")
    if len(new.changes) < len(base.changes):
        raise UserMistake(
            f"{source} is older than this folder, which has the change {base.changes[-1]!r}: name the newest zip"
        )


def _read(folder: Path, path: str, planned: Plan) -> bytes | None:
    """The student's file; None if there is none."""
    file = folder / path
    if file.is_symlink() or (file.exists() and not file.is_file()):
        planned.refused.append(f"{path} is a link or a folder here, and a file in the handout: move it away.")
        return None
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UserMistake(f"{file} cannot be read ({error.strerror})") from error


def _gone(path: str, mine: bytes | None, base: bytes, take: bool, planned: Plan) -> None:
    """A file that the new handout no longer has."""
    if mine is None:
        return
    if take or _same(mine, base):
        planned.delete.append(path)
        planned.notes.append(f"{path}: deleted, the handout no longer has it.")
    else:
        planned.notes.append(f"{path}: the handout no longer has it; yours stays, since you changed it.")


def _missing(
    folder: Path, path: str, base: Mapping[str, bytes], new: Mapping[str, bytes], take: bool, planned: Plan
) -> None:
    """A file of the new handout that is not in the folder: it is new, or was deleted or renamed there."""
    alike = _alike(folder, path, base) if path in base and not take else None
    if alike:
        planned.refused.append(f"{path} is missing, and {alike} looks like it: give it its name back.")
        return
    planned.write[path] = new[path]
    planned.notes.append(f"{path}: {'it was missing; the new one.' if path in base else 'new.'}")


def _alike(folder: Path, path: str, base: Mapping[str, bytes]) -> str | None:
    """The student's own file that is most like the missing one, if one is."""
    place = PurePosixPath(path)
    lines, found = (_text(base[path]) or "").splitlines(), []
    for file in sorted((folder / place.parent).glob(f"*{place.suffix}")):
        name = (place.parent / file.name).as_posix()
        if name not in base and file.is_file():
            ratio = SequenceMatcher(
                None, lines, (_text(file.read_bytes()) or "").splitlines(), autojunk=False
            ).ratio()
            found.append((ratio, name))
    return next((name for ratio, name in sorted(found, reverse=True) if ratio > RENAMED), None)


def _both(path: str, base: bytes, mine: bytes, new: bytes, planned: Plan) -> None:
    """A file that was changed on both sides."""
    was, own, given = _text(base), _text(mine), _text(new)
    if was is None or own is None or given is None:
        planned.refused.append(f"{path} is no text, and you and the new handout have both changed it.")
        return
    if _cells(given) is not None:  # merged line by line it might no longer open
        planned.refused.append(f"{path}: you and the new handout have both changed this notebook.")
        return
    try:
        merged = merge(was, own, given)
    except Clash as clash:
        planned.refused.append(f"{path}:{clash.line}: {clash}.")
        return
    newline = b"\r\n" if mine.count(b"\r\n") * 2 > mine.count(b"\n") else b"\n"
    planned.write[path] = merged.text.encode("utf-8").replace(b"\n", newline)
    kept = f" and what you wrote for {', '.join(merged.kept)}" if merged.kept else ""
    planned.notes.append(f"{path}: merged; your changes{kept} are in it.")


def _same(mine: bytes | None, other: bytes | None) -> bool:
    """Whether two files are the same but for how their lines end, and for what running leaves in a notebook."""
    if mine is None or other is None or mine == other:
        return mine == other
    text, given = _text(mine), _text(other)
    if text is None or given is None:
        return False
    cells = _cells(text)
    return text == given or (cells is not None and cells == _cells(given))


def _cells(text: str) -> list[tuple[str, str]] | None:
    """The cells of a notebook as kind and source, without outputs and counts; None for any other file."""
    try:
        return [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(text)["cells"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _text(content: bytes) -> str | None:
    r"""As text with "\n" at the end of every line; None for what is no text."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        return None
    return text if not text or text.endswith("\n") else f"{text}\n"


def _backup(folder: Path, paths: Collection[str]) -> Path:
    """Copy these files, those that there are, into a new folder."""
    numbers = [
        name.removeprefix("before_update_")
        for name in os.listdir(folder)
        if name.startswith("before_update_")
    ]
    number = max((int(n) for n in numbers if n.isdecimal()), default=0) + 1
    backup = folder / f"before_update_{number}"
    try:
        backup.mkdir()
        for path in paths:
            if (folder / path).is_file():
                (backup / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(folder / path, backup / path)
    except OSError as error:
        shutil.rmtree(backup, ignore_errors=True)
        raise UserMistake(f"no backup could be made ({error.strerror}), so nothing was written") from error
    return backup


def _put_back(folder: Path, backup: Path, paths: Collection[str]) -> None:
    """Undo: what was there is there again, what was not is gone; the backup goes if all of it is back."""
    failed = False
    for path in paths:
        try:
            if (backup / path).is_file():
                shutil.copy2(backup / path, folder / path)
            else:
                (folder / path).unlink(missing_ok=True)
        except OSError:
            failed = True
    if not failed:
        shutil.rmtree(backup, ignore_errors=True)
