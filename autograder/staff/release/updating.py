"""A mended handout for students who have begun: a line in their CHANGELOG, and a new zip beside the old one."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from pathlib import Path

from autograder.grader.handin.handout import CHANGELOG, PRISTINE, changes_in, read_handout
from autograder.staff.release import handout, starter
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.outline import read_outline
from envs.errors import one_line

EMPTY = "# What has changed in this homework\n"


@dataclass(frozen=True)
class Updated:
    """The new zip, and the files in it that are not as in the one before."""

    path: Path
    before: Path
    changed: tuple[str, ...]


def build(root: Path, out: Path, note: str | None, day: datetime.date) -> Updated:
    """Add `note` to solutions/CHANGELOG.md (and to hw/), and write the next zip beside `out`.

    Without a note, the CHANGELOG must already say more than the last zip. Raises ReleaseError if there is no zip to
    update, nothing that differs, or no line for the students; then nothing is written.
    """
    number, last = _newest(out)
    before = read_handout(last)
    entries = handout.collect(root)
    differing = {p for p in entries.keys() | before.files.keys() if entries.get(p) != before.files.get(p)}
    changed = differing - {PRISTINE, CHANGELOG, f"hw/{CHANGELOG}"}
    if not changed:
        raise ReleaseError([f"Nothing has changed since {last}, so nobody needs a new one."])
    log = root / "solutions" / CHANGELOG
    old = log.read_text(encoding="utf-8") if log.is_file() else EMPTY
    new = old if note is None else with_line(old, note, day)
    if len(changes_in(new)) <= len(before.changes):
        raise ReleaseError([f'Say in one line what changes for those who have {last.name}: NOTE="…".'])
    path = out.with_name(f"{out.stem}-{number + 1}{out.suffix}")
    try:
        log.write_text(new, encoding="utf-8")
        starter.write(
            root / "hw", starter.plan(root / "solutions", read_outline(root / "autograder/parts.toml"))
        )
        handout.build(root, path)
    except BaseException:
        log.write_text(old, encoding="utf-8")  # `make starter` puts hw/ right, if that was written already
        raise
    return Updated(path, last, tuple(sorted(changed)))


def with_line(changelog: str, note: str, day: datetime.date) -> str:
    """The CHANGELOG with a dated line at its end. Raises ReleaseError for a note without words."""
    line = one_line(note, 400)
    if not re.search(r"\w", line):
        raise ReleaseError(['The note for the students is empty: say what changes for them, NOTE="…".'])
    text = changelog.rstrip()
    between = "\n" if text.splitlines()[-1:] and text.splitlines()[-1].startswith("- ") else "\n\n"
    return f"{text}{between}- {day}: {line}\n"


def _newest(out: Path) -> tuple[int, Path]:
    """The last of handout.zip (1), handout-2.zip, handout-3.zip, … Raises ReleaseError where there is none."""
    found = {1: out} if out.is_file() else {}
    for path in out.parent.glob(f"{out.stem}-*{out.suffix}"):
        number = path.stem.removeprefix(f"{out.stem}-")
        if number.isdecimal():
            found[int(number)] = path
    if not found:
        raise ReleaseError(
            [f"{out} is not there, so nobody has it to update: make handout builds the first."]
        )
    return max(found.items())
