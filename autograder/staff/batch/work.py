"""What the crew is told to do, and what becomes of its answers: uploads are opened, contents are graded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

from autograder.staff.batch.choose import Choice
from autograder.staff.batch.cluster import Cluster
from autograder.staff.batch.crew import Answer, Crew, Order
from autograder.staff.batch.grades import lost_outcome, seed_for, title_of
from autograder.staff.batch.show import Quiet
from autograder.staff.batch.state import FileOutcome, State, result_from
from autograder.staff.batch.uploads.take import Taken, as_order
from autograder.staff.batch.uploads.uploads import Upload


def take_in(state: State, crew: Crew | Cluster, uploads: Sequence[Upload], show: Quiet) -> None:
    """Open the uploads that are new or have changed."""
    known = state.fingerprints()
    new = {upload.key: upload for upload in uploads if known.get(upload.key) != upload.fingerprint}
    if not new:
        return
    show.stage("opening", len(new))
    orders = ({"op": "take", "key": key, **as_order(upload)} for key, upload in new.items())
    for order, answer in crew.carry_out(orders):
        upload = new[order["key"]]
        if "taken" in answer:
            fields = answer["taken"]
            state.put_taken(upload, Taken(**fields | {"notes": tuple(fields["notes"])}))
            show.advance(upload.key)
        elif "lost" in answer:  # it ended two processes; without a fingerprint the next run tries it again
            note = "this upload could not be opened, by the grader's fault: it will be tried again"
            state.put_taken(dataclasses.replace(upload, members=()), Taken("", (note,)))
            show.advance(upload.key)


class Work:
    """Grades contents: each that lacks outcomes is an order, however many students handed it in."""

    def __init__(
        self, state: State, uploads: Sequence[Upload], versions: dict[str, str], show: Quiet
    ) -> None:
        self._state = state
        self._uploads = uploads
        self._versions = versions
        self._show = show
        self.count = 0  # check files run

    def grade_all(
        self,
        crew: Crew | Cluster,
        wanted: Choice,
        files: Mapping[str, Sequence[str]],
        on_content: Callable[[str], None],
    ) -> None:
        """Run what is wanted and not known; `files` has the sub-parts of each check file.

        `on_content` is told each content that is through.
        """
        orders = list(self._missing(wanted))
        self._show.stage("grading", sum(len(order["files"]) for order in orders))
        for order, answer in crew.carry_out(orders, _rest):
            if "file" in answer:
                self._remember(order, self._outcome(answer))
            elif "lost" in answer:
                self._give_up(order, answer["lost"], files)
            if "done" in answer or "lost" in answer:
                on_content(order["content"])

    def _missing(self, wanted: Choice) -> Iterator[Order]:
        done = self._state.done(self._versions, with_again=False)
        taken = self._state.taken()
        seen: set[str] = set()
        for upload in self._uploads:
            content = taken[upload.key].content if upload.key in taken else ""
            if not content or content in seen or upload.key not in wanted.keys:
                continue
            seen.add(content)
            known = done.get(content, {})
            if left := [file for file in self._versions if file in wanted.files and file not in known]:
                seed = seed_for(self._state.seed, content)
                title = title_of(upload)
                yield {"op": "grade", "content": content, "seed": seed, "files": left, "title": title}

    def _outcome(self, answer: Answer) -> FileOutcome:
        found = tuple(result_from(entry) for entry in answer["results"])
        file = answer["file"]
        return FileOutcome(file, self._versions[file], found, answer["seconds"], answer["isolation"])

    def _give_up(self, order: Order, reason: str, files: Mapping[str, Sequence[str]]) -> None:
        """The files that were not answered could not run; they are tried again in the next run."""
        content = order["content"]
        known = self._state.done(self._versions, content, with_again=False).get(content, {})
        for file in order["files"]:
            if file not in known:
                self._remember(order, lost_outcome(file, self._versions[file], files[file], reason))

    def _remember(self, order: Order, outcome: FileOutcome) -> None:
        self._state.put_outcome(order["content"], outcome)
        self._show.advance(order["title"])
        self.count += 1


def _rest(order: Order, answers: list[Answer]) -> Order:
    """What is left of an order to grade: a file that was answered is not run again."""
    answered = {answer["file"] for answer in answers if "file" in answer}
    return order | {"files": [file for file in order["files"] if file not in answered]}
