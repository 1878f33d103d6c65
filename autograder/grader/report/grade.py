"""What grading one submission gave."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field

from autograder.course.late import Late
from autograder.course.settings import Settings
from autograder.grader.plugin import CheckResult
from autograder.grader.report.scoring import Score


@dataclass(frozen=True)
class Grade:
    """Of one submission."""

    submission: str  # its name
    results: tuple[CheckResult, ...]
    score: Score
    seed: int  # of the hidden checks' fresh inputs: grading again with it repeats them
    seconds: float
    isolation: str  # what kept the submission's code in
    _: KW_ONLY
    escapes: tuple[str, ...] = ()  # what it could have done all the same, where staff allowed that
    notes: tuple[str, ...] = ()  # about the package, for the student
    # Parts in words whose checks have not all been run: then the grade is partial.
    missing: tuple[str, ...] = ()
    late: Late | None = None  # how late it was handed in, where that is known
    settings: Settings = field(default_factory=Settings)  # the course's

    @property
    def penalty(self) -> float:
        """Points that handing in late costs."""
        return self.score.earned * self.late.share if self.late else 0.0

    @property
    def points(self) -> float:
        """What counts: the points earned without the penalty."""
        return self.score.earned - self.penalty
