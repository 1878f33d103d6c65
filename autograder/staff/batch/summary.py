"""A class in figures, for the report. It reads one upload after the other, so its size does not grow with the class."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from dataclasses import dataclass, field

from autograder.course.parts import Parts
from autograder.grader.outcomes import Outcome
from autograder.grader.plugin import CheckResult
from autograder.staff.batch.grades import Graded, Status
from autograder.staff.batch.similar import Group
from autograder.staff.batch.tables import late_days
from envs.errors import one_line

SLOWEST = 10
MISTAKES = 25  # shown
KINDS = 20_000  # of messages remembered: a submission can invent as many as it likes
_WIDTH = 160  # characters of a message that count
BINS = 20


@dataclass(frozen=True)
class Row:
    """A line of the list of all submissions."""

    key: str
    title: str
    points: float
    possible: float
    status: str
    late: str
    seconds: float
    notes: str
    settled: bool  # the points are final
    look: bool  # the staff should
    submitted: str = ""  # when, if that is known
    page: bool = True  # whether there is one for the student


@dataclass
class CheckFigures:
    """How one check went in the class."""

    id: str
    title: str
    subparts: tuple[str, ...]
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def count(self) -> int:
        return self.outcomes.total()

    @property
    def success(self) -> float:
        """The share that passed, of those whose check could run."""
        ran = self.count - self.outcomes[Outcome.COULD_NOT_RUN]
        return self.outcomes[Outcome.PASSED] / ran if ran else 0.0


@dataclass
class _Mistake:
    message: str
    count: int = 0  # submissions
    subparts: set[str] = field(default_factory=set)


class Summary:
    """`add` each upload, then read the figures. `similar` is set from outside."""

    def __init__(self, parts: Parts, notes: tuple[str, ...] = ()) -> None:
        """`notes` are about the class as a whole."""
        self.parts = parts
        self.notes = notes
        self.rows: list[Row] = []
        self.statuses: Counter[Status] = Counter()
        self.isolations: Counter[str] = Counter()
        self.checks: dict[str, CheckFigures] = {}
        self.similar: list[Group] | None = None  # None: nobody looked
        self.histogram = [0] * BINS
        self._slowest: list[tuple[float, str]] = []
        self._mistakes: dict[str, _Mistake] = {}

    def add(self, one: Graded) -> None:
        grade, score, upload = one.grade, one.grade.score, one.upload
        notes = one_line("; ".join(one.remarks), 400)
        ordinary = one.status not in (Status.RUN_AGAIN, Status.TO_LOOK_AT)  # nothing odd about it
        row = Row(
            upload.key,
            grade.submission,
            grade.points,
            score.possible,
            one.status,
            f"{days} d"
            if (days := late_days(upload))
            else "LATE"
            if upload.marked_late and days == ""
            else "",
            grade.seconds,
            notes,
            one.settled,
            not ordinary or bool(upload.notes),
            upload.submitted.isoformat(sep=" ", timespec="seconds") if upload.submitted else "",
            one.has_page,
        )
        self.rows.append(row)
        self.statuses[one.status] += 1
        if not one.has_page:
            return
        if one.settled and score.possible:
            self.histogram[min(BINS - 1, int(BINS * grade.points / score.possible))] += 1
        if grade.results:
            self.isolations[grade.isolation] += 1
            keep = heapq.heappush if len(self._slowest) < SLOWEST else heapq.heappushpop
            keep(self._slowest, (grade.seconds, upload.key))
        self._count(grade.results)

    @property
    def slowest(self) -> list[tuple[float, str]]:
        """(seconds, key), the slowest first."""
        return sorted(self._slowest, reverse=True)

    @property
    def mistakes(self) -> list[tuple[int, str, str]]:
        """(submissions, sub-parts, message), the most frequent first."""
        found = [(m.count, " ".join(sorted(m.subparts)), m.message) for m in self._mistakes.values()]
        return sorted(found, key=lambda m: (-m[0], m[1:]))[:MISTAKES]

    def _count(self, results: tuple[CheckResult, ...]) -> None:
        said: dict[str, tuple[str, set[str]]] = {}
        for result in results:
            figures = self.checks.get(result.id)
            if figures is None:
                figures = self.checks[result.id] = CheckFigures(result.id, result.title, result.subparts)
            figures.outcomes[result.outcome] += 1
            figures.seconds += result.seconds
            if result.outcome in (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.CRASHED):
                message = one_line(result.message, _WIDTH) or result.outcome.value
                kind = re.sub(r"\d+(\.\d+)?", "#", message)  # line 17 and line 21 are the same mistake
                said.setdefault(kind, (message, set()))[1].update(result.subparts)
        for kind, (message, subparts) in said.items():
            mistake = self._mistakes.setdefault(kind, _Mistake(message))
            mistake.count += 1
            mistake.subparts |= subparts
            if mistake.message != message:
                mistake.message = kind
        if len(self._mistakes) > KINDS:  # the rare ones go; what is frequent in the class comes again
            kept = sorted(self._mistakes.items(), key=lambda item: -item[1].count)[: KINDS // 2]
            self._mistakes = dict(kept)
