"""The tasks for the pool, and what becomes of its answers: uploads are opened, contents are graded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence

from autograder.staff.batch.choose import Choice
from autograder.staff.batch.cluster import Cluster
from autograder.staff.batch.grades import Checks, failed_outcome, seed_for, title_of
from autograder.staff.batch.pool import Answer, Pool, Task
from autograder.staff.batch.show import Quiet
from autograder.staff.batch.state import FileOutcome, State, result_from
from autograder.staff.batch.uploads.take import Taken, as_task
from autograder.staff.batch.uploads.uploads import Upload


def take_in(state: State, pool: Pool | Cluster, uploads: Sequence[Upload], show: Quiet) -> None:
    """Open the uploads that are new or have changed."""
    known = state.fingerprints()
    new = {upload.key: upload for upload in uploads if known.get(upload.key) != upload.fingerprint}
    if not new:
        return
    show.stage("opening", len(new))
    for task, answer in pool.run(as_task(upload) for upload in new.values()):
        upload = new[task["key"]]
        if "failed" in answer:
            note = "this upload could not be opened, by the grader's fault: it will be tried again"
            taken = Taken("", (note,))
            upload = dataclasses.replace(upload, members=())  # another fingerprint: the next run tries again
        else:
            taken = Taken(**answer | {"notes": tuple(answer["notes"])})
        state.put_taken(upload, taken)
        show.advance(upload.key)


def grade(
    state: State,
    pool: Pool | Cluster,
    uploads: Sequence[Upload],
    wanted: Choice,
    checks: Checks,
    show: Quiet,
    on_content: Callable[[str], None],
) -> int:
    """Grade what is wanted and not known yet; returns how many check files that were.

    A task is one check file of one content, however many students handed that content in. `on_content` is told each
    content of which no task is left.
    """
    missing = _missing(state, uploads, wanted, checks)
    left = {content: len(files) for content, (_, files) in missing.items()}
    count = sum(left.values())
    show.stage("grading", count)
    for task, answer in pool.run(_tasks(missing, state.seed)):
        content = task["content"]
        state.put_outcome(content, _outcome(task["file"], answer, checks))
        show.advance(task["title"])
        left[content] -= 1
        if left[content] == 0:
            on_content(content)
    return count


def _missing(
    state: State, uploads: Sequence[Upload], wanted: Choice, checks: Checks
) -> dict[str, tuple[str, list[str]]]:
    """Content -> (whose it is, the wanted check files without a final outcome)."""
    done, taken = state.done(checks.versions, with_again=False), state.taken()
    found: dict[str, tuple[str, list[str]]] = {}
    for upload in uploads:
        content = taken[upload.key].content if upload.key in taken else ""
        if content and content not in found and upload.key in wanted.keys:
            known = done.get(content, {})
            files = [file for file in checks.versions if file in wanted.files and file not in known]
            if files:
                found[content] = (title_of(upload), files)
    return found


def _tasks(missing: dict[str, tuple[str, list[str]]], seed: int) -> Iterator[Task]:
    for content, (title, files) in missing.items():
        for file in files:
            yield {
                "op": "grade",
                "content": content,
                "file": file,
                "seed": seed_for(seed, content),
                "title": title,
            }


def _outcome(file: str, answer: Answer, checks: Checks) -> FileOutcome:
    version = checks.versions[file]
    if "failed" in answer:  # the next run tries it again
        return failed_outcome(file, version, checks.subparts[file], answer["failed"])
    found = tuple(result_from(entry) for entry in answer["results"])
    return FileOutcome(file, version, found, answer["seconds"], answer["isolation"])
