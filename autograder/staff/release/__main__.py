"""From `solutions/` to what others get.

Exit codes: 0 all is well; 1 `starter --check` found a difference; 2 a mistake of yours, which is named. Then nothing
was written.
"""

import datetime
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import tyro

from autograder.staff.release import coverage, proven, updating
from autograder.staff.release import gradescope as for_gradescope
from autograder.staff.release import handout as for_students
from autograder.staff.release import new_course as copying
from autograder.staff.release import starter as generated
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.outline import Outline, read_outline
from envs.errors import UserMistake
from envs.terminal import subcommands

ROOT = Path(__file__).resolve().parents[3]


def starter(check: bool = False, force: bool = False, allow_uncovered: bool = False) -> int:
    """Write hw/ from solutions/, if the reference passes its checks and every sub-part has points, checks and a hint.

    Args:
        check: Write nothing; exit with 1 and the list of files if hw/ is not what solutions/ gives.
        force: Overwrite files in hw/ that were edited by hand.
        allow_uncovered: Accept sub-parts without points, checks or hint (while an assignment is being written).
    """
    outline = _outline()
    files = generated.plan(ROOT / "solutions", outline)
    count = f"{len(files)} files, {sum(map(len, outline.holes.values()))} holes"
    if check:
        if gaps := [] if allow_uncovered else coverage.gaps(ROOT / "solutions", _roots(), outline.parts):
            raise ReleaseError(gaps)
        if difference := generated.compare(ROOT / "hw", files):
            print(*difference.sentences(), sep="\n", file=sys.stderr)
            print("hw/ is not what solutions/ gives: run `make starter`.", file=sys.stderr)
            return 1
        print(f"hw/ is what solutions/ gives: {count}.")
        return 0
    _prove(allow_uncovered)
    difference = generated.write(ROOT / "hw", files, force=force)
    print(f"hw/: {count}; {'updated' if difference else 'nothing changed'}.")
    for path in difference.foreign:
        print(f"hw/{path} does not come from solutions/; move it or delete it.")
    return 0


def handout(out: Path = Path("dist/handout.zip")) -> int:
    """Pack the students' zip: hw, envs, notebooks, the public checks and the grader; no answers.

    Args:
        out: The zip to write.
    """
    for_students.collect(ROOT)  # says in no time what needs no check to be run
    _prove()
    print(f"{out}: {len(for_students.build(ROOT, out))} files.")
    return 0


def gradescope(out: Path = Path("dist/gradescope.zip"), minutes: float | None = None, index: str = "") -> int:
    """Pack the zip to upload as a Gradescope assignment's autograder.

    Args:
        out: The zip to write.
        minutes: The assignment's time limit, as set there: grading ends in good order shortly before it.
            By default, what course.toml says.
        index: Where pip finds PyTorch's CPU builds; without it the image gets several GB of GPU libraries.
    """
    _prove()
    print(f"{out}: {len(for_gradescope.build(ROOT, out, minutes, index))} files.")
    return 0


def update_handout(note: str | None = None, out: Path = Path("dist/handout.zip")) -> int:
    """Pack a mended handout beside the old one, for students who have begun; they keep what they wrote.

    Args:
        note: What changes for the students, a line for their CHANGELOG.
        out: The first zip; the new one is called handout-2.zip, handout-3.zip, ...
    """
    for_students.collect(ROOT)
    _prove()
    updated = updating.build(ROOT, out, note, datetime.date.today())
    new = updated.path
    print(f"{new}: other than in {updated.before.name} are {', '.join(updated.changed)}.")
    print("Give it to the students. In the folder they work in, they type")
    print(f"  make update FROM={new.name}")
    print(f"or, without make, .venv/bin/python -m autograder update {new.name}")
    return 0


def new_course(out: Annotated[Path, tyro.conf.Positional]) -> int:
    """Copy what a course of its own needs into a folder that is empty or not there.

    Args:
        out: The folder; the course gets its name.
    """
    count = copying.new_course(ROOT, out)
    print(
        f"{out}: {count} files. Next: read autograder/course.toml there, then make starter and make test-fast."
    )
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code. What is wrong goes to stderr, one sentence a line."""
    commands: dict[str, Callable[..., int]] = {
        "starter": starter,
        "handout": handout,
        "update-handout": update_handout,
        "gradescope": gradescope,
        "new-course": new_course,
    }
    try:
        return subcommands(commands, args=argv, about=__doc__)
    except UserMistake as mistake:
        print(mistake, file=sys.stderr)
    except OSError as error:
        print(f"Could not write: {error}.", file=sys.stderr)
    return 2


def _prove(allow_uncovered: bool = False) -> None:
    """Raise ReleaseError if a marker is wrong, a sub-part lacks something, or the reference fails a check."""
    outline = _outline()
    generated.plan(ROOT / "solutions", outline)
    proven.refuse_unproven(ROOT / "solutions", _roots(), outline.parts, allow_uncovered)


def _outline() -> Outline:
    return read_outline(ROOT / "autograder" / "parts.toml")


def _roots() -> dict[str, Path]:
    return {"public": ROOT / "autograder/checks", "hidden": ROOT / "autograder/staff/hidden"}


if __name__ == "__main__":
    sys.exit(main())
