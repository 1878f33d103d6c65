"""What grading one submission gave."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field

from autograder.course.late import Late
from autograder.course.parts import Part
from autograder.course.settings import Settings
from autograder.grader.outcomes import Outcome
from autograder.grader.plugin import CheckResult
from autograder.grader.report.scoring import Score
from autograder.grader.report.words import number


@dataclass(frozen=True)
class Adjustment:
    """What the staff did by hand: points that are added, or the total, and what the student reads about it."""

    points: float
    is_total: bool
    reason: str

    @property
    def sentence(self) -> str:
        if self.is_total:
            return f"Set to {number(self.points)} points by hand: {self.reason}"
        change = "+" if self.points > 0 else "−"
        return (
            f"Changed by hand, {change}{number(abs(self.points))}: {self.reason}"
            if self.points
            else self.reason
        )


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
    adjustments: tuple[Adjustment, ...] = ()  # by hand

    def of_the_file(self, part: Part) -> tuple[str, ...]:
        """What is wrong with a part file as a whole, such as that it does not parse: () if nothing is.

        It is one mistake, and not one for each check: all public checks ended with one sentence, and so did all hidden
        ones, whose sentence may be shorter. The first says it for all.
        """
        results = [result for sub in self.score.subparts if sub.part == part for result in sub.checks]
        found: list[str] = []
        for visibility in dict.fromkeys(result.visibility for result in results):
            checks = [result for result in results if result.visibility == visibility]
            said = {result.message for result in checks}
            several = len({name for result in checks for name in result.subparts}) > 1
            if len(said) == 1 and (several or found) and all(r.outcome != Outcome.PASSED for r in checks):
                found += said
        return tuple(found)

    @property
    def penalty(self) -> float:
        """Points that handing in late costs."""
        return self.score.earned * self.late.share if self.late else 0.0

    @property
    def by_hand(self) -> bool:
        """Whether the staff has set the total."""
        return any(one.is_total for one in self.adjustments)

    @property
    def unfinished(self) -> bool:
        """Whether the points are not final: checks are missing or could not run, and nobody set them by hand."""
        return bool(self.missing or self.score.run_again) and not self.by_hand

    @property
    def points(self) -> float:
        """What counts: the points earned without the penalty, and what was changed by hand; never below 0."""
        totals = [one.points for one in self.adjustments if one.is_total]
        own = totals[0] if totals else self.score.earned - self.penalty
        return max(0.0, own + sum(one.points for one in self.adjustments if not one.is_total))
