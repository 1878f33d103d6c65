"""A submission's feedback as one HTML page that needs nothing else and reads well on a phone."""

from __future__ import annotations

from pathlib import Path

from autograder.grader import budget
from autograder.grader.report.grade import Grade
from autograder.grader.report.results import message_of, top_lines
from autograder.grader.report.template import template

TEMPLATE = Path(__file__).with_name("feedback.html")


def feedback(grade: Grade) -> str:
    """The page's HTML. Everything that comes from a submission is escaped."""
    subs = [sub for sub in grade.score.subparts if sub.outcome is not None]
    shares = {share.result.id: share for share in grade.score.checks}
    return template(TEMPLATE).render(
        grade=grade,
        lines=top_lines(grade),
        parts=list(dict.fromkeys(sub.part for sub in subs)),
        subs=subs,
        loose=[share for share in grade.score.checks if not share.result.subparts],
        rule=budget.RULE,
        message=lambda result: message_of(shares[result.id]),
    )
