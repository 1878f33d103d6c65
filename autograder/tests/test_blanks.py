"""A hole left open costs its own sub-part and no other. Wrong and right code that judges checks is in staff/mutants."""

from pathlib import Path

import pytest

from autograder.grader.outcomes import Outcome
from autograder.grader.outside.direct import DirectTransport
from autograder.grader.plugin import CheckResult
from autograder.grader.running import run_checks
from autograder.staff.hidden import ROOTS
from autograder.tests.variants import PARTS, blanked, write_submission

HOLES = [sub.id for sub in PARTS.subparts.values() if sub.hole]


def not_passed(results: list[CheckResult]) -> list[str]:
    """A line for each check that did not pass."""
    return [
        f"{r.id}: {r.outcome}: {r.message} {r.detail}" for r in results if r.outcome is not Outcome.PASSED
    ]


@pytest.mark.parametrize("subpart", HOLES)
def test_a_blank_costs_itself_only(subpart: str, tmp_path: Path) -> None:
    part = PARTS.part_of(subpart)
    submission = write_submission(tmp_path, blanked(subpart))
    results = run_checks(
        ROOTS,
        lambda limit: DirectTransport(submission, list(PARTS.modules), limit),
        submission,
        PARTS,
        selection=frozenset(sub.id for sub in part.subparts),
        only=[f"{visibility}/test_{part.file}" for visibility in ROOTS],
    )
    own = [r for r in results if subpart in r.subparts]
    assert {r.visibility for r in own} == {"public", "hidden"}
    assert {r.outcome for r in own} == {Outcome.NOT_ATTEMPTED}, not_passed(own)
    assert not not_passed([r for r in results if subpart not in r.subparts])
