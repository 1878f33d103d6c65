"""A submission's feedback as one HTML page that needs nothing else and reads well on a phone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from autograder.grader import budget
from autograder.grader.report.grade import Grade
from autograder.grader.report.results import message_of, top_lines
from autograder.grader.report.template import template

TEMPLATE = Path(__file__).with_name("feedback.html")


NOT_YET = "Hidden checks, and with them the points, are shown after the due date."
NEVER = "Hidden checks, and with them the points, are not shown."


def over(due: datetime | None, now: datetime | None = None) -> bool:
    """Whether a due date has passed; not if nobody knows it. `now` is the present by default."""
    return due is not None and (now or datetime.now(UTC)).timestamp() > due.timestamp()


def feedback(grade: Grade, due: datetime | None = None, handed_in: str = "") -> str:
    """The page's HTML. Everything that comes from a submission is escaped. `due` is this student's due date, and
    `handed_in` says when it came.

    A page is published by handing it out, so "after_published" is "visible" here.
    """
    hidden = grade.settings.hidden
    withheld = {"hidden": NEVER, "after_due_date": "" if over(due) else NOT_YET}.get(hidden, "")
    subs = [sub for sub in grade.score.subparts if sub.outcome is not None]
    shares = {share.result.id: share for share in grade.score.checks}
    return template(TEMPLATE).render(
        grade=grade,
        withheld=withheld,
        handed_in=handed_in,
        checks=lambda sub: [r for r in sub.checks if not withheld or r.visibility != "hidden"],
        lines=top_lines(_without_points(grade) if withheld else grade),
        parts=list(dict.fromkeys(sub.part for sub in subs)),
        subs=subs,
        of_the_file=lambda part: () if withheld else grade.of_the_file(part),
        loose=[share for share in grade.score.checks if not share.result.subparts],
        rule=budget.rule(grade.settings.time),
        message=lambda result: message_of(shares[result.id]),
    )


def _without_points(grade: Grade) -> Grade:
    """Without what would tell the points: a penalty, and a total that was set by hand."""
    return replace(grade, late=None, adjustments=tuple(one for one in grade.adjustments if not one.points))
