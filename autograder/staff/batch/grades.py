"""From what the state remembers to each upload's grade."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from autograder.course import late
from autograder.course.parts import Parts
from autograder.grader.outcomes import Outcome
from autograder.grader.plugin import CheckResult
from autograder.grader.report import page, results
from autograder.grader.report.grade import Adjustment, Grade
from autograder.grader.report.scoring import Score, SubScore, score
from autograder.staff.batch.hashes import hash_of_code
from autograder.staff.batch.state import FileOutcome, State
from autograder.staff.batch.uploads.take import Taken
from autograder.staff.batch.uploads.uploads import Upload
from envs.errors import UserMistake, one_line


class Status(StrEnum):
    GRADED = "Graded"
    PARTLY = "Partly graded"  # some check files have not been run
    RUN_AGAIN = "Run again"  # some check could not run: the grader's fault
    TO_LOOK_AT = "To look at"  # nobody could open it, or not all of it: see the note
    NOTHING = "Nothing handed in"  # no grade: whether that is a 0 is the course's to say
    BY_HAND = "Graded by hand"  # the staff set the points
    UNGRADED = "Ungraded"


SETTLED = (Status.GRADED, Status.BY_HAND)  # the points are final


@dataclass(frozen=True)
class Graded:
    """One upload and what it earned."""

    upload: Upload
    grade: Grade
    status: Status

    @property
    def settled(self) -> bool:
        """Whether the points can be handed on. What is unfinished, or the grader's own fault, is no number."""
        return self.status in SETTLED

    @property
    def has_page(self) -> bool:
        """Whether there is anything that a page could show."""
        return self.status not in (Status.UNGRADED, Status.NOTHING)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the staff should know: about the export, the package, and why checks could not run."""
        reasons = [f"{r.id} could not run: {r.detail or r.message}" for r in self.grade.score.run_again]
        late = ("late, but nobody says how late: no penalty was taken",) if self._unknown_late else ()
        doubt = (self.upload.doubt,) if self.upload.doubt else ()
        return (*doubt, *self.upload.notes, *self.grade.notes, *late, *reasons)

    @property
    def _unknown_late(self) -> bool:
        return self.upload.marked_late and self.upload.late is None and self.upload.policy.costs


def seed_for(seed: int, content: str) -> int:
    """A submission's seed comes from what it is, not from when it is graded: any number of jobs gives the same."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{content}".encode()).digest()[:4])


@dataclass(frozen=True)
class Checks:
    """All check files that a grade is made of: name -> version, and name -> the sub-parts it checks."""

    versions: dict[str, str]
    subparts: Mapping[str, Sequence[str]]

    def missing(self, run: Iterable[str], parts: Parts) -> tuple[str, ...]:
        """What is not checked yet if these files have been run, in words; empty if nothing is left."""
        left = set(self.versions) - set(run)
        ids = {id_ for name in left for id_ in self.subparts.get(name, ())}
        return parts.named(ids) or (tuple(sorted(left)) if left else ())


def grades(
    state: State,
    uploads: Iterable[Upload],
    checks: Checks,
    parts: Parts,
    adjustments: Mapping[str, tuple[Adjustment, ...]],
) -> Iterator[Graded]:
    """One upload's after the other: of a whole class, never more than one is in memory."""
    taken = state.taken()
    for upload in uploads:
        of_it = adjustments.get(upload.key, ())
        yield adjusted(graded(state, upload, taken.get(upload.key, Taken("")), checks, parts), of_it)


def adjusted(one: Graded, adjustments: tuple[Adjustment, ...]) -> Graded:
    """With what the staff did by hand, which no regrading undoes."""
    grade = replace(one.grade, adjustments=adjustments)
    return replace(one, grade=grade, status=Status.BY_HAND if grade.by_hand else one.status)


def graded(state: State, upload: Upload, taken: Taken, checks: Checks, parts: Parts) -> Graded:
    """The grade of one upload, from its outcomes of these versions."""
    title = title_of(upload)
    if upload.empty:
        grade = Grade(
            *(title, (), _nothing(parts), state.seed, 0.0, "nothing was run"), settings=parts.settings
        )
        return Graded(upload, grade, Status.NOTHING)
    if taken.problem and not taken.content:
        grade = Grade(
            *(title, (), _nothing(parts), state.seed, 0.0, "nothing was run"),
            notes=(taken.problem,),
            settings=parts.settings,
        )
        return Graded(upload, grade, Status.TO_LOOK_AT)
    outcomes = state.outcomes(taken.content, checks.versions) if taken.content else []
    found = tuple(result for outcome in outcomes for result in outcome.results)
    total = score(found, parts)
    seconds = sum(outcome.seconds for outcome in outcomes)
    isolation = ", ".join(dict.fromkeys(outcome.isolation for outcome in outcomes if outcome.isolation))
    seed = seed_for(state.seed, taken.content)
    missing = checks.missing([outcome.file for outcome in outcomes], parts)
    grade = Grade(
        title,
        found,
        total,
        seed,
        seconds,
        isolation or "nothing was run",
        notes=taken.notes,
        missing=missing,
        late=upload.late,
        settings=parts.settings,
    )
    if not taken.content and taken.notes:
        status = Status.RUN_AGAIN
    elif not outcomes:
        status = Status.UNGRADED
    elif any(outcome.again for outcome in outcomes):
        status = Status.RUN_AGAIN
    elif taken.problem or upload.doubt:
        status = Status.TO_LOOK_AT
    else:
        status = Status.PARTLY if missing else Status.GRADED
    return Graded(upload, grade, status)


def title_of(upload: Upload) -> str:
    """The students' names, in one line."""
    names = ", ".join(name for student in upload.students if (name := one_line(student.name, 80)))
    return names or upload.key


def failed_outcome(file: str, version: str, subparts: Iterable[str], reason: str) -> FileOutcome:
    """What is remembered of a check file whose task failed: it could not run, which costs nothing."""
    visibility = file.split("/")[0]
    title = "the checks in this file"
    message = "these checks could not be run"
    result = CheckResult(
        file,
        title,
        tuple(subparts),
        Outcome.COULD_NOT_RUN,
        message,
        detail=one_line(reason),
        visibility=visibility,
    )
    return FileOutcome(file, version, (result,), 0.0, "")


def write_pages(out: Path, one: Graded) -> None:
    """feedback.html and results.json in the student's folder. Raises `UserMistake` if they cannot be written."""
    folder = out / "students" / one.upload.key
    results.write_json(folder / "results.json", results.gradescope(one.grade))
    text = page.feedback(one.grade, one.upload.due, _handed_in(one.upload))
    results.write_text(folder / "feedback.html", text)


def _handed_in(upload: Upload) -> str:
    if upload.submitted is None:
        return ""
    due = f", due {upload.local(upload.due)}" if upload.due else ""
    return f"handed in {upload.local(upload.submitted)}{due}"


def remove_pages(out: Path, upload: Upload) -> None:
    """Remove the pages of a former grading, which are no longer true. Raises `UserMistake` if that fails."""
    try:
        for name in ("results.json", "feedback.html"):
            (out / "students" / upload.key / name).unlink(missing_ok=True)
    except OSError as error:
        raise UserMistake(f"{error.filename} cannot be removed: {error.strerror}") from error


def made_from(
    upload: Upload,
    taken: Taken,
    hashes: Mapping[str, str],
    missing: Sequence[str],
    look: str,
    adjustments: tuple[Adjustment, ...] = (),
) -> str:
    """A hash of all that an upload's pages show; `look` is `look_of` the course."""
    content = [title_of(upload), taken.content, taken.notes, taken.problem, sorted(hashes.items()), look]
    times = [_handed_in(upload), repr(upload.late), page.over(upload.due), repr(adjustments)]
    return hashlib.sha256(json.dumps([content, missing, times]).encode()).hexdigest()[:16]


def look_of(parts: Parts) -> str:
    """Changes with points, titles, scoring, the late policy and the page: then pages are written anew."""
    report = Path(page.TEMPLATE).parent  # the folder of all that is made from results
    code = hash_of_code(report, Path(late.__file__))
    return hashlib.sha256(f"{parts}{code}".encode()).hexdigest()


def _nothing(parts: Parts) -> Score:
    subs = [
        SubScore(part, sub, (), 0.0, Outcome.NOT_ATTEMPTED, False)
        for part in parts.parts
        for sub in part.subparts
    ]
    return Score(tuple(subs), ())
