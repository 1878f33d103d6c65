"""`python -m autograder check | hint | submission | update`, and for staff `grade | grade-class | compare`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from autograder.grader.outcomes import CouldNotRun
from envs.errors import UserMistake
from envs.terminal import subcommands
from envs.typed import command, option

if TYPE_CHECKING:
    from autograder.grader.report.grade import Grade

HERE = Path(__file__).parent
PUBLIC = HERE / "checks"


def check(
    target: Path = Path("hw"),
    part: str | None = None,
    sub: str | None = None,
    isolated: bool = False,
    debug: bool = False,
    seed: int = 0,
    json: Path | None = None,
) -> int:
    """Check your own code with the public checks.

    Args:
        target: The folder with your part files.
        part: One part only, such as 4.
        sub: One sub-part only, such as 4b.
        isolated: Run your part files in a confined process of their own, as they are graded; all else is taken from
            your folder, where a grading takes what was handed out.
        debug: Stop in the debugger where your code raises, and lift the time limits.
        seed: Seeds the fresh inputs of the checks that use them.
        json: Also write the results here.
    """
    from rich.console import Console

    from autograder.course.parts import read_parts
    from autograder.grader import own_code
    from autograder.grader.report import results, tables

    parts = read_parts()
    selection = parts.select(part, sub) if part or sub else None
    roots = {"public": PUBLIC}
    console = Console()
    if isolated:
        from autograder.grader import grading  # not on Windows

        with tables.counting(console) as count:
            grade = grading.grade(
                target, _pristine(target), roots, parts, seed=seed, selection=selection, on_result=count
            )
    else:
        on_error = _post_mortem if debug else None
        grade = own_code.check(
            target, roots, parts, seed=seed, selection=selection, on_error=on_error, time_limits=not debug
        )
    if json is not None:
        results.write_json(json, results.as_dict(grade))
    if not grade.results:
        console.print("There is no public check for this.")
        return 0
    tables.print_messages(grade, console)
    tables.print_subparts(grade, console, title="points on the public checks")
    print(_what_next(grade))
    return int(any(r.outcome != "passed" for r in grade.results))


def hint(sub: str, level: int = 1, target: Path = Path("hw")) -> int:
    """Show the hints for a hole: the idea first, a higher level comes nearer to the code.

    Args:
        sub: The sub-part, such as 4b.
        level: Up to which level; the last line says if there are more.
        target: The folder with your part files, and with hints.toml.
    """
    from autograder.course.parts import read_parts
    from autograder.grader.handin.hints import hints_up_to

    for line in hints_up_to(target, sub, level, read_parts()):
        print(line)
    return 0


def submission(
    target: Path = Path("hw"), weights: Path | None = None, out: Path = Path("submission.zip")
) -> int:
    """Pack what you hand in.

    Args:
        target: The folder with your part files.
        weights: A trained policy to hand in with them.
        out: The zip to write.
    """
    from autograder.grader.handin.submission import build_submission, not_passing

    for note in build_submission(target, out, weights):
        print(note)
    print("Running the public checks on it ...", flush=True)
    for note in not_passing(target):
        print(note)
    return 0


def update(
    source: Annotated[Path, tyro.conf.Positional],
    keep: tuple[str, ...] = (),
    take: tuple[str, ...] = (),
    show: bool = False,
) -> int:
    """Take a mended handout into this folder; what you wrote stays.

    Args:
        source: The new handout: a zip, or a folder it was unpacked into.
        keep: Files that stay as you have them.
        take: Files that you want as the new handout has them; yours go into the backup.
        show: Write nothing, only tell what would be done.
    """
    from autograder.grader.handin import update as updating

    for note in updating.update(HERE.parent, source, keep, take, show):
        print(note)
    return 0


def main() -> int:
    """Exit codes: 0 fine, 1 some check did not pass, 2 a mistake of the user's, 3 the grader's own fault."""
    commands: dict[str, Callable[..., int]] = {
        "check": check,
        "hint": hint,
        "submission": submission,
        "update": update,
    }
    if (HERE / "staff").is_dir():  # a handout goes without that folder
        from autograder.staff import commands as staff

        commands |= {"grade": staff.grade, "grade-class": staff.grade_class, "compare": staff.compare}
    try:
        return subcommands(commands)
    except UserMistake as mistake:
        print(mistake, file=sys.stderr)
        return 2
    except CouldNotRun as fault:
        print(f"{fault} ({fault.detail})" if fault.detail else fault, file=sys.stderr)
        return 3
    except OSError as error:  # a full disk, a folder without permission
        print(f"{error.filename or 'a file'} cannot be used: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def _what_next(grade: Grade) -> str:
    """The last line of a check."""
    left = [score.subpart.id for score in grade.score.subparts if score.outcome not in (None, "passed")]
    if not left:
        return "These public checks pass. Grading adds hidden ones of the same kind, on fresh inputs."
    alone = command("check", "autograder check", sub=left[0])
    return f"Not passed yet: {', '.join(left)}. One alone: {alone}, and {option('debug')} stops where your code raises."


def _pristine(target: Path) -> Path:
    """What the separate process gets besides the part files: in a student's hands, the rest of their own folder."""
    if not target.is_dir():
        raise UserMistake(
            f"there is no folder {target}; name the one with your part files ({option('target', '…')})"
        )
    return target


def _post_mortem(error: BaseException) -> None:
    import pdb

    if not isinstance(error, NotImplementedError):  # an open hole is no surprise
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        pdb.post_mortem(error.__traceback__)


if __name__ == "__main__":
    sys.exit(main())
