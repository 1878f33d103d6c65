"""What people read, made from the state alone: a page for each student, and the class's tables and report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from autograder.course.parts import Parts
from autograder.grader.report import results
from autograder.staff.batch import adjust, grades
from autograder.staff.batch.adjust import read_adjustments
from autograder.staff.batch.experiments import is_graded, write_experiments
from autograder.staff.batch.platforms import BrightspaceTable, CanvasTable, MoodleTable
from autograder.staff.batch.report import write_report
from autograder.staff.batch.show import Quiet
from autograder.staff.batch.similar import EARLIER, Group, similar_groups
from autograder.staff.batch.similar.pairs import write_pages
from autograder.staff.batch.state import State
from autograder.staff.batch.summary import Summary
from autograder.staff.batch.tables import GradesTable
from autograder.staff.batch.uploads.take import Taken
from autograder.staff.batch.uploads.uploads import Upload


class Writer:
    """Writes into `out`; a page is written again only when what it shows has changed."""

    def __init__(
        self, state: State, uploads: Sequence[Upload], checks: grades.Checks, parts: Parts, out: Path
    ) -> None:
        """Raises `UserMistake` for a wrong adjust.csv in `out`."""
        self._state = state
        self._uploads = uploads
        self._checks = checks
        self._parts = parts
        self._out = out
        self._adjustments = read_adjustments(out / adjust.NAME, uploads)
        handed_in = {upload.key for upload in uploads if not upload.empty}
        self._taken = {key: taken for key, taken in state.taken().items() if key in handed_in}
        self._look = grades.look_of(parts)
        self._having: dict[str, list[Upload]] = defaultdict(list)  # content -> who handed it in
        for upload in uploads:
            self._having[self._taken.get(upload.key, Taken("")).content].append(upload)

    def pages_of(self, content: str) -> None:
        """The pages of everybody who handed in this content."""
        self._pages(self._having[content], self._state.done(self._checks.versions, content), {})

    def all_pages(self) -> None:
        self._pages(self._uploads, self._state.done(self._checks.versions), self._state.pages())

    def write_class(
        self,
        platform: str,
        assignment: str,
        pristine: Path,
        similarity: bool,
        show: Quiet,
        notes: Sequence[str] = (),
    ) -> tuple[Summary, Path | None]:
        """The tables and report.html; the former grades.csv if it differs.

        `pristine` is the starter, which nobody copied; `notes` are about the class as a whole.
        """
        tables: dict[str, GradesTable | CanvasTable | MoodleTable | BrightspaceTable] = {
            "grades.csv": GradesTable(self._parts),
            "canvas.csv": CanvasTable(self._parts, assignment, platform),
            "moodle.csv": MoodleTable(self._parts, platform),
            "brightspace.csv": BrightspaceTable(assignment, platform),
        }
        summary = Summary(self._parts, tuple(notes))
        for one in grades.grades(self._state, self._uploads, self._checks, self._parts, self._adjustments):
            for table in tables.values():
                table.add(one)
            summary.add(one)
            show.advance(one.upload.key)
        if similarity:
            summary.similar = self._similar(pristine)
        write_pages(self._out, summary, self._contents(), pristine, assignment)
        summary.experiments = self._experiments(summary, assignment)
        before = self._put_aside(tables["grades.csv"].text)
        for name, table in tables.items():
            results.write_text(self._out / name, table.text)
        write_report(self._out / "report.html", summary, assignment)
        return summary, before

    def _similar(self, pristine: Path) -> list[Group]:
        return similar_groups(
            self._contents(), self._out / "contents", pristine, self._parts, self._state.remembered
        )

    def _experiments(self, summary: Summary, assignment: str) -> bool:
        """Write the page of experiments; whether there is one."""
        if not is_graded(self._parts):
            return False
        store, contents = self._out / "contents", self._contents()
        students = [
            (row.title, f"students/{row.key}/feedback.html" if row.page else "", store / contents[row.key])
            for row in summary.rows
            if row.key in contents
        ]
        return write_experiments(self._out, assignment, students) is not None

    def _contents(self) -> dict[str, str]:
        """What everybody handed in, and what was replaced since: key, or key EARLIER number -> content."""
        found = {u.key: t.content for u in self._uploads if (t := self._taken.get(u.key)) and t.content}
        for number, (key, content) in enumerate(self._state.replaced(), 1):
            if key in found and (self._out / "contents" / content).is_dir():
                found[f"{key}{EARLIER}{number}"] = content
        return found

    def _pages(
        self, uploads: Iterable[Upload], hashes: dict[str, dict[str, str]], known: dict[str, str]
    ) -> None:
        for upload in uploads:
            taken = self._taken.get(upload.key, Taken(""))
            own = hashes.get(taken.content, {})
            missing = self._checks.missing(own, self._parts)
            by_hand = self._adjustments.get(upload.key, ())
            made_from = grades.made_from(upload, taken, own, missing, self._look, by_hand)
            page = self._out / "students" / upload.key / "feedback.html"
            if known.get(upload.key) == made_from and page.is_file():
                continue
            one = grades.graded(self._state, upload, taken, self._checks, self._parts)
            one = grades.adjusted(one, by_hand)
            if not one.has_page:
                grades.remove_pages(self._out, upload)
            else:
                grades.write_pages(self._out, one)
                self._state.put_page(upload.key, made_from)

    def _put_aside(self, text: str) -> Path | None:
        """Keep the former grades.csv beside the new one if that differs."""
        path, before = self._out / "grades.csv", self._out / "grades.before.csv"
        old = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else text
        if old == text:
            return None
        results.write_text(before, old)
        return before
