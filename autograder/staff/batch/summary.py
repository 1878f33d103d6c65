"""A class in figures, for the report. It reads one upload after the other, so its size does not grow with the class."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from dataclasses import dataclass, field

from autograder.course.parts import Part, Parts
from autograder.grader.outcomes import Outcome
from autograder.grader.plugin import CheckResult
from autograder.grader.report.scoring import Score
from autograder.staff.batch.grades import Graded, Status
from autograder.staff.batch.similar import Group
from autograder.staff.batch.tables import late_days
from envs.errors import one_line

SLOWEST = 10
MISTAKES = 25  # shown
KINDS = 20_000  # of messages remembered: a submission can invent as many as it likes
_WIDTH = 160  # characters of a message that count
BINS = 20
PART_BINS = 10
TOLD = 200  # different messages of one check that are counted


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
    parts: tuple[float | None, ...] = ()  # points of each part, before penalty; None: not graded
    by_hand: bool = False  # the staff changed the points


@dataclass
class CheckFigures:
    """How one check went in the class."""

    id: str
    title: str
    subparts: tuple[str, ...]
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    seconds: float = 0.0
    hint: str = ""
    messages: Counter[str] = field(default_factory=Counter)  # what those were told who did not pass

    @property
    def told(self) -> tuple[str, int]:
        """What most of those who failed were told, and how many; ("", 0) if nobody was."""
        return max(self.messages.items(), key=lambda item: (item[1], item[0]), default=("", 0))

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
    """`add` each upload, then read the figures. `similar` and `experiments` are set from outside."""

    def __init__(self, parts: Parts, notes: tuple[str, ...] = ()) -> None:
        """`notes` are about the class as a whole."""
        self.parts = parts
        self.notes = notes
        self.rows: list[Row] = []
        self.statuses: Counter[Status] = Counter()
        self.isolations: Counter[str] = Counter()
        self.checks: dict[str, CheckFigures] = {}
        self.similar: list[Group] | None = None  # None: nobody looked
        self.experiments = False  # whether there is a page of them
        self.histogram = [0] * BINS
        self.by_part = {part.number: [0] * PART_BINS for part in parts.parts}
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
            upload.local(upload.submitted),
            one.has_page,
            tuple(self._points(grade.score, part) for part in self.parts.parts),
            any(a.points or a.is_total for a in grade.adjustments),
        )
        self.rows.append(row)
        self.statuses[one.status] += 1
        if not one.has_page:
            return
        if one.settled and score.possible:
            self.histogram[min(BINS - 1, int(BINS * grade.points / score.possible))] += 1
        for part, points in zip(self.parts.parts, row.parts, strict=True):
            if one.settled and points is not None and part.points:
                self.by_part[part.number][min(PART_BINS - 1, int(PART_BINS * points / part.points))] += 1
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

    @staticmethod
    def _points(score: Score, part: Part) -> float | None:
        subs = [sub for sub in score.subparts if sub.part == part and sub.outcome is not None]
        return sum(sub.earned for sub in subs) if subs and score.checks else None

    def _count(self, results: tuple[CheckResult, ...]) -> None:
        said: dict[str, tuple[str, set[str]]] = {}
        for result in results:
            figures = self.checks.get(result.id)
            if figures is None:
                figures = self.checks[result.id] = CheckFigures(
                    result.id, result.title, result.subparts, hint=one_line(result.hint, _WIDTH)
                )
            figures.outcomes[result.outcome] += 1
            figures.seconds += result.seconds
            if result.outcome in (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.CRASHED):
                message = one_line(result.message, _WIDTH) or result.outcome.value
                kind = re.sub(r"\d+(\.\d+)?", "#", message)  # line 17 and line 21 are the same mistake
                if kind in figures.messages or len(figures.messages) < TOLD:
                    figures.messages[kind] += 1
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
