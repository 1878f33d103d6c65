"""A mended handout for students who have begun: a line in their CHANGELOG, and a new zip beside the old one."""

import datetime
import re
from dataclasses import dataclass
from pathlib import Path

from autograder.grader.handin.handout import read_handout
from autograder.staff.release import handout, starter
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.outline import read_outline
from envs.errors import one_line

CHANGELOG = "CHANGELOG.md"


@dataclass(frozen=True)
class Updated:
    """The new zip, and the files of it that are not as in the old one."""

    path: Path
    changed: tuple[str, ...]


def newest(out: Path) -> Path:
    """The last of handout.zip, handout-2.zip, handout-3.zip, … Raises ReleaseError where there is none."""
    numbered = {}
    for path in out.parent.glob(f"{out.stem}*{out.suffix}"):
        found = re.fullmatch(rf"{re.escape(out.stem)}(?:-(\d+))?", path.stem)
        if found:
            numbered[int(found[1] or 1)] = path
    if not numbered:
        raise ReleaseError([f"{out} is not there, so nobody has it to update: make handout builds the first."])
    return numbered[max(numbered)]


def with_line(text: str, note: str, day: datetime.date) -> str:
    """The CHANGELOG `text` with a dated line at its end. Raises ReleaseError for a note without words."""
    line = one_line(note, 400)
    if not re.search(r"\w", line):
        raise ReleaseError(["The note for the students is empty: say what changes for them, as NOTE=\"…\"."])
    return f"{text.rstrip()}\n{'' if _is_entry(text.rstrip().splitlines()) else chr(10)}- {day}: {line}\n"


def build(root: Path, out: Path, note: str | None, day: datetime.date) -> Updated:
    """Add `note` to solutions/CHANGELOG.md (and to hw/), and write the next zip beside `out`.

    Without a note, the CHANGELOG must have a line that the last zip does not have. Raises ReleaseError if there is no
    zip to update, no line for the students, or nothing that differs; then nothing is written.
    """
    last = newest(out)
    before = read_handout(last)
    entries = handout.collect(root)
    changed = {path for path in entries.keys() | before.files.keys() if entries.get(path) != before.files.get(path)}
    changed -= {handout.PRISTINE, CHANGELOG, f"hw/{CHANGELOG}"}
    if not changed:
        raise ReleaseError([f"Nothing has changed since {last}: its students need no new one."])
    source = root / "solutions" / CHANGELOG
    text = source.read_text(encoding="utf-8") if source.is_file() else "# What has changed\n"
    if note is not None:
        text = with_line(text, note, day)
    elif len(_entries(text)) <= len(before.changes):
        raise ReleaseError(
            [f'solutions/{CHANGELOG} says nothing new to those who have {last.name}: say what changes, as NOTE="…".']
        )
    source.write_text(text, encoding="utf-8")
    starter.write(root / "hw", starter.plan(root / "solutions", read_outline(root / "autograder/parts.toml")))
    number = int(m[1]) if (m := re.search(r"-(\d+)$", last.stem)) and last != out else 1
    new = out.with_name(f"{out.stem}-{number + 1}{out.suffix}")
    handout.build(root, new)
    return Updated(new, tuple(sorted(changed)))


def _entries(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("- ")]


def _is_entry(lines: list[str]) -> bool:
    return bool(lines) and lines[-1].startswith(("- ", "  "))
