"""`python -m autograder.staff.release starter | handout | gradescope`: from `solutions/` to what others get."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from autograder.course.parts import read_parts
from autograder.staff.release import coverage, gradescope, handout, starter
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.outline import read_outline
from envs.terminal import command_line

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Starter:
    """Write hw/ from solutions/, after checking the markers and that every sub-part has points and checks."""

    check: bool = False
    """Write nothing; exit with 1 and the list of files if hw/ is not what solutions/ gives."""
    force: bool = False
    """Overwrite files in hw/ that were edited by hand."""
    allow_uncovered: bool = False
    """Accept sub-parts without points or checks (while an assignment is being written)."""


@dataclass(frozen=True)
class Handout:
    """Pack the students' zip: hw, envs, notebooks, the public checks and the engine; no answers."""

    out: Path = Path("dist/handout.zip")
    """The zip to write."""


@dataclass(frozen=True)
class Gradescope:
    """Pack the zip to upload as a Gradescope assignment's autograder."""

    out: Path = Path("dist/gradescope.zip")
    """The zip to write."""
    minutes: float | None = None
    """The assignment's time limit, as set there: grading ends shortly before it. By default, what course.toml says."""
    index: str = ""
    """Where pip finds PyTorch's CPU builds; without it the image gets several GB of GPU libraries."""


Command = (
    Annotated[Starter, tyro.conf.subcommand("starter")]
    | Annotated[Handout, tyro.conf.subcommand("handout")]
    | Annotated[Gradescope, tyro.conf.subcommand("gradescope")]
)


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 if all is well, 1 after printing what is wrong, one sentence a line."""
    command = command_line(Command, args=argv, prog="python -m autograder.staff.release", description=__doc__)
    try:
        if isinstance(command, Starter):
            _starter(command)
        else:
            if isinstance(command, Handout):
                entries = handout.build(ROOT, command.out)
            else:
                entries = gradescope.build(ROOT, command.out, command.minutes, command.index)
            print(f"{command.out}: {len(entries)} files.")
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Could not write: {error}.", file=sys.stderr)
        return 1
    return 0


def _starter(options: Starter) -> None:
    outline = read_outline(ROOT / "autograder" / "parts.toml")
    files = starter.plan(ROOT / "solutions", outline)
    if not options.allow_uncovered:
        roots = {"public": ROOT / "autograder/checks", "hidden": ROOT / "autograder/staff/hidden"}
        gaps = coverage.uncovered(roots, read_parts(ROOT / "autograder" / "parts.toml"))
        if gaps:
            raise ReleaseError(gaps)
    holes = sum(map(len, outline.holes.values()))
    if options.check:
        difference = starter.compare(ROOT / "hw", files)
        if difference:
            raise ReleaseError(
                [*difference.sentences(), "hw/ is not what solutions/ gives: run `make starter`."]
            )
        print(f"hw/ is what solutions/ gives: {len(files)} files, {holes} holes.")
        return
    difference = starter.write(ROOT / "hw", files, force=options.force)
    print(f"hw/: {len(files)} files, {holes} holes; {'updated' if difference else 'nothing changed'}.")
    for path in difference.foreign:
        print(f"hw/{path} does not come from solutions/; move it or delete it.")


if __name__ == "__main__":
    sys.exit(main())
