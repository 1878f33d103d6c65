"""Grade a class: everything between a folder of submissions and a folder of grades.

find_uploads -> take_in (what changed) -> grade_all (what is not known yet) -> write_class (csv, report)

Each answer of the crew goes into the state before anything else is done with it, and a run begins by asking the state
what is missing: so the first run, one after a crash, and one after a changed check are all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.batch import choose, grades
from autograder.batch.crew import Answer, Crew, Order
from autograder.batch.find import find_uploads
from autograder.batch.report import write_report
from autograder.batch.show import Quiet
from autograder.batch.state import FileOutcome, State, result_from
from autograder.batch.summary import Summary
from autograder.batch.tables import CanvasTable, GradesTable
from autograder.batch.take import Taken, as_order
from autograder.batch.uploads import Upload
from autograder.batch.versions import file_versions, subparts_of
from autograder.engine import results
from autograder.engine.outcomes import UserMistake
from autograder.engine.parts import Parts
from autograder.engine.running import check_files


@dataclass(frozen=True)
class Course:
    """What submissions are graded with; `parts_file` is where `parts` was read from."""

    pristine: Path
    roots: dict[str, Path]  # {"public": …, "hidden": …}, the folders of checks
    parts: Parts
    parts_file: Path
    assignment: str = "Fetch homework"  # its name in the learning platform


@dataclass(frozen=True)
class Ended:
    """How a run ended: `summary` has the class's figures."""

    summary: Summary
    graded_now: int  # check files
    before: Path | None  # the former grades.csv, where this run changed it


CrewMaker = Callable[[dict[str, Any]], Crew]


def grade_class(
    source: Path,
    out: Path,
    course: Course,
    *,
    jobs: int,
    seed: int | None = None,
    only: Iterable[str] = (),
    regrade: Iterable[str] = (),
    due: datetime | None = None,
    similarity: bool = True,
    show: Quiet | None = None,
    crew_maker: CrewMaker | None = None,
) -> Ended:
    """Grade everybody in `source` into `out`. Raises `UserMistake`; a submission's faults are in its own grade."""
    show = show or Quiet()
    if jobs < 1:
        raise UserMistake(f"JOBS must be at least 1, not {jobs}")
    if not course.pristine.is_dir():
        raise UserMistake(f"there is no pristine package {course.pristine} (make it with: make starter)")
    results.prepare_folder(out)
    store = out / "contents"
    platform, uploads = find_uploads(source, course.parts, due)
    paths = check_files({name: root.resolve() for name, root in course.roots.items()})
    versions = file_versions(course.roots, course.pristine, course.parts)
    keys = [upload.key for upload in uploads]
    wanted = choose.choose(list(only), paths, keys, course.parts)
    setup = {
        "pristine": str(course.pristine.resolve()),
        "roots": {name: str(root.resolve()) for name, root in course.roots.items()},
        "parts": str(course.parts_file.resolve()),
        "store": str(store.resolve()),
    }
    maker = crew_maker or (lambda setup: Crew(jobs, setup))
    with State(out, seed) as state, maker(setup) as crew:
        _take_in(state, crew, uploads, show)
        if words := list(regrade):
            again = choose.choose(words, paths, keys, course.parts)
            taken = state.taken()
            state.forget({taken[key].content for key in again.keys}, again.files)
        batch = _Batch(state, uploads, versions, course, out, show)
        try:
            count = batch.grade_all(crew, wanted, paths)
        finally:  # also when stopped by Ctrl-C: what is known is written down
            show.stage("writing", len(uploads))
            batch.write_pages()
            summary, before = batch.write_class(platform, similarity, store)
    return Ended(summary, count, before)


def _take_in(state: State, crew: Crew, uploads: list[Upload], show: Quiet) -> None:
    """Open the uploads that are new or have changed."""
    known = state.fingerprints()
    new = {upload.key: upload for upload in uploads if known.get(upload.key) != upload.fingerprint}
    if not new:
        return
    show.stage("opening", len(new))
    orders = ({"op": "take", "key": key, **as_order(upload)} for key, upload in new.items())
    for order, answer in crew.carry_out(orders):
        if "taken" in answer:
            fields = answer["taken"]
            state.put_taken(new[order["key"]], Taken(**fields | {"notes": tuple(fields["notes"])}))
        elif (
            "lost" in answer
        ):  # it ended two processes: not to be tried at each start, and not to stop the rest
            state.put_taken(
                new[order["key"]], Taken("", problem="the upload could not be opened; staff has to look")
            )
        if "taken" not in answer:
            show.advance(order["key"])


class _Batch:
    """One run's uploads, and the state they are graded into."""

    def __init__(
        self,
        state: State,
        uploads: list[Upload],
        versions: dict[str, str],
        course: Course,
        out: Path,
        show: Quiet,
    ) -> None:
        self._state = state
        self._uploads = uploads
        self._versions = versions
        self._course = course
        self._out = out
        self._show = show
        self._taken = state.taken()
        self._look = grades.look_of(course.parts)

    def grade_all(self, crew: Crew, wanted: choose.Choice, paths: Mapping[str, Path]) -> int:
        """Run what is wanted and not known; returns how many check files were run."""
        orders = list(self._missing(wanted))
        self._show.stage("grading", sum(len(order["files"]) for order in orders))
        count = 0
        for order, answer in crew.carry_out(orders, _rest):
            if "file" in answer:
                count += 1
                self._state.put_outcome(order["content"], self._outcome(answer))
                self._show.advance(order["title"])
            elif "lost" in answer:
                count += self._give_up(order, answer["lost"], paths)
            if "done" in answer or "lost" in answer:
                self.write_pages(order["content"])
        return count

    def write_pages(self, content: str | None = None) -> None:
        """The pages that are not made from what is known now; those of one content only where it is given."""
        stamps, pages = self._state.done(self._versions, content), self._state.pages()
        for upload in self._uploads:
            taken = self._taken.get(upload.key, Taken(""))
            if content is not None and taken.content != content:
                continue
            made_from = grades.made_from(upload, taken, stamps.get(taken.content, {}), self._look)
            if pages.get(upload.key) == made_from and self._has_pages(upload):
                continue
            one = grades.graded(self._state, upload, taken, self._versions, self._course.parts)
            if one.status is not grades.Status.UNGRADED:
                grades.write_pages(self._out, one)
                self._state.put_page(upload.key, made_from)

    def write_class(self, platform: str, similarity: bool, store: Path) -> tuple[Summary, Path | None]:
        """grades.csv, canvas.csv and report.html, from the state alone; the former grades.csv if it differs."""
        parts = self._course.parts
        table, canvas = GradesTable(parts), CanvasTable(parts, self._course.assignment, platform)
        summary = Summary(parts)
        for one in grades.grades(self._state, self._uploads, self._versions, parts):
            table.add(one)
            canvas.add(one)
            summary.add(one)
            self._show.advance(one.upload.key)
        contents = {u.key: t.content for u in self._uploads if (t := self._taken.get(u.key)) and t.content}
        if similarity:
            summary.compare(contents, store, self._course.pristine)
        before = self._put_aside(table.text)
        results.write_text(self._out / "grades.csv", table.text)
        results.write_text(self._out / "canvas.csv", canvas.text)
        write_report(self._out / "report.html", summary, self._course.assignment)
        return summary, before

    def _missing(self, wanted: choose.Choice) -> Iterator[Order]:
        """An order for each content that lacks outcomes; equal contents are graded once."""
        done = self._state.done(self._versions, with_again=False)
        seen: set[str] = set()
        for upload in self._uploads:
            content = self._taken[upload.key].content if upload.key in self._taken else ""
            if not content or content in seen or upload.key not in wanted.keys:
                continue
            seen.add(content)
            known = done.get(content, {})
            if files := [file for file in self._versions if file in wanted.files and file not in known]:
                seed = grades.seed_for(self._state.seed, content)
                title = grades.title_of(upload)
                yield {"op": "grade", "content": content, "seed": seed, "files": files, "title": title}

    def _outcome(self, answer: Answer) -> FileOutcome:
        found = tuple(result_from(entry) for entry in answer["results"])
        file = answer["file"]
        return FileOutcome(file, self._versions[file], found, answer["seconds"], answer["isolation"])

    def _give_up(self, order: Order, reason: str, paths: Mapping[str, Path]) -> int:
        known = self._state.done(self._versions, order["content"]).get(order["content"], {})
        left = [file for file in order["files"] if file not in known]
        for file in left:
            subparts = subparts_of(paths[file], self._course.parts)
            lost = grades.lost_outcome(file, self._versions[file], subparts, reason)
            self._state.put_outcome(order["content"], lost)
            self._show.advance(order["title"])
        return len(left)

    def _has_pages(self, upload: Upload) -> bool:
        return (self._out / "students" / upload.key / "feedback.html").is_file()

    def _put_aside(self, text: str) -> Path | None:
        """Keep the former grades.csv beside the new one if that differs."""
        path, before = self._out / "grades.csv", self._out / "grades.before.csv"
        old = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else text
        if old == text:
            return None
        results.write_text(before, old)
        return before


def _rest(order: Order, answers: list[Answer]) -> Order:
    """What is left of an order to grade: a file that was answered is not run again."""
    answered = {answer["file"] for answer in answers if "file" in answer}
    return order | {"files": [file for file in order["files"] if file not in answered]}
