"""`python -m autograder.staff.verify`: do the checks fail what is wrong, pass what is right, and say what is so?"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from autograder.course.parts import Parts, read_parts
from autograder.staff.verify import judge, report
from autograder.staff.verify.cache import Cache
from autograder.staff.verify.pool import run_all
from autograder.staff.verify.submissions import FEWEST, Role, Submission, read_submissions
from autograder.staff.verify.unit import Check
from envs.errors import UserMistake
from envs.terminal import command_line

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Verify:
    """Run all unit checks on the reference, the starter, every mutant and every variant."""

    only: tuple[str, ...] = ()
    """Sub-parts or parts, such as 4b or 4; all of them by default."""
    name: str = ""
    """Only mutants and variants with this text in their name, whose messages are then shown."""
    jobs: int = 2
    """Submissions at a time; each takes a core."""
    seeds: int = 3
    """A mutant counts as killed if it loses at each of so many seeds."""
    right_seeds: int = 0
    """The same for the reference and the variants, on checks with fresh inputs; 200 looks for rare false alarms."""
    out: Path = Path("out/verify")
    """The folder of the page, and of what is known from earlier runs."""
    json: Path | None = None
    """Write the figures here too."""


def verify(options: Verify) -> int:
    """Returns 0 if there is no problem, else 1."""
    start, parts = time.monotonic(), read_parts()
    chosen = _subparts(parts, options.only)
    submissions = read_submissions(parts, ROOT / "solutions", ROOT / "hw", only=chosen, fewest=FEWEST)
    if options.name:
        submissions = [s for s in submissions if options.name in s.name]
    neutral = judge.read_neutral()

    def seeds(submission: Submission, check: Check) -> range:
        if submission.role is Role.STARTER:
            return range(1)
        is_right = submission.role in (Role.REFERENCE, Role.RIGHT)
        return range((is_right and check.is_fresh and options.right_seeds) or options.seeds)

    runs = run_all(submissions, parts, seeds, options.jobs, Cache(options.out / "known.sqlite"))
    shown = track(runs, "Submissions", len(submissions), console=Console(stderr=True))
    by_id = {s.id: judge.judge(s, ended, known, neutral) for s, ended, known in shown}
    judged = [by_id[s.id] for s in submissions]
    found = report.figures(judged, time.monotonic() - start)
    if options.name:
        for j in judged:
            print(j.submission.id, *(f"  {kind}: {said}" for said, kind in j.messages.items()), sep="\n")
    print(report.text(found))
    page = options.out / "index.html"
    page.write_text(report.page(judged, found), encoding="utf-8")
    print(f"The page is {page}.")
    if options.json is not None:
        options.json.write_text(report.to_json(found), encoding="utf-8")
    return 1 if found["problems"] else 0


def _subparts(parts: Parts, names: tuple[str, ...]) -> frozenset[str] | None:
    if not names:
        return None
    found: set[str] = set()
    for name in names:
        found |= parts.select(name, None) if name.isdigit() else parts.select(None, name)
    return frozenset(found)


def main() -> None:
    """Exit codes: 0 no problem, 1 problems, 2 a mistake of the user's."""
    try:
        sys.exit(verify(command_line(Verify, description=__doc__)))
    except UserMistake as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
