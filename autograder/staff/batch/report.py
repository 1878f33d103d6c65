"""The class report: one HTML page that needs nothing else, opens from a disk and reads on a phone."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from statistics import fmean, median

from autograder.grader.outcomes import Outcome
from autograder.grader.report import results
from autograder.grader.report.template import template
from autograder.staff.batch.grades import Status
from autograder.staff.batch.misconceptions import behind
from autograder.staff.batch.similar.pairs import at_work, page_name, shown
from autograder.staff.batch.summary import CheckFigures, Summary

TEMPLATE = Path(__file__).with_name("report.html")
SCRIPTS = ("sortable.js", "sortable_keyboard.js", "search.js")


def write_report(path: Path, summary: Summary, assignment: str) -> None:
    """Raises `UserMistake` if it cannot be written."""
    results.write_text(path, report(summary, assignment))


def report(summary: Summary, assignment: str) -> str:
    """The page's HTML. Everything that comes from a submission or a student is escaped."""
    graded = [row.points for row in summary.rows if row.settled]
    return template(TEMPLATE).render(
        assignment=assignment,
        summary=summary,
        statuses=[(status, summary.statuses[status]) for status in Status if summary.statuses[status]],
        possible=max((row.possible for row in summary.rows), default=0.0),
        average=fmean(graded) if graded else None,
        median=median(graded) if graded else None,
        bins=_bins(summary.histogram),
        by_part=[(part, _bins(summary.by_part[part.number])) for part in summary.parts.parts],
        scripts=_scripts(),
        parts=_by_part(summary),
        outcomes=list(Outcome),
        behind=lambda check: behind(check.subparts, check.told[0]),
        people={row.key: row for row in summary.rows},
        pages={(pair.first, pair.second): page_name(pair) for pair in shown(summary.similar or ())},
        at_work=at_work,
        look=[row for row in summary.rows if row.look],
    )


def _bins(histogram: list[int]) -> list[tuple[str, int, float]]:
    """(label, how many, height in percent of the highest) for each bar."""
    highest, width = max(histogram) or 1, 100 // len(histogram)
    return [(f"{i * width} to {(i + 1) * width} %", n, 100 * n / highest) for i, n in enumerate(histogram)]


def _scripts() -> list[tuple[str, str]]:
    """(text, digest) of each script: the page lets no other run, whatever a submission wrote."""
    texts = [(TEMPLATE.parent / "scripts" / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return [(text, base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()) for text in texts]


def _by_part(summary: Summary) -> list[tuple[str, float, list[CheckFigures]]]:
    """(heading, average success, its checks, the least successful first) for each part.

    A check of several parts stands with the first.
    """
    groups = []
    for part in summary.parts.parts:
        ids = [sub.id for sub in part.subparts]
        own = [c for c in summary.checks.values() if c.subparts and c.subparts[0] in ids]
        if own:
            groups.append((f"{part.number} {part.title}", sorted(own, key=lambda c: (c.success, c.id))))
    if loose := [c for c in summary.checks.values() if not c.subparts]:
        groups.append(("of no sub-part", loose))
    return [(heading, sum(c.success for c in checks) / len(checks), checks) for heading, checks in groups]
