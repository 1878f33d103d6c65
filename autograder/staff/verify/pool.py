"""Run the checks of many submissions, some at a time; nothing that a submission does stops the others.

Each submission has a process of its own, forked from this one, which has loaded torch and the checks already.
"""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as TooLong

import torch
from pebble import ProcessExpired, ProcessPool

from autograder.course.parts import Parts
from autograder.grader.outcomes import Outcome
from autograder.staff.verify.cache import Cache
from autograder.staff.verify.run import Ended, run
from autograder.staff.verify.submissions import Submission
from autograder.staff.verify.unit import Check, unit_checks

MEMORY = 4 * 2**30  # bytes of address space; torch alone takes about 2 of them
PATIENCE = 90.0  # s of one submission at one seed, after which its process is killed

Task = tuple[Submission, list[Check], list[int]]


def run_all(
    submissions: Sequence[Submission],
    parts: Parts,
    seeds: Callable[[Submission], Sequence[int]],
    jobs: int,
    cache: Cache,
) -> Iterator[tuple[Submission, list[Ended], bool]]:
    """Each submission with how its checks ended, and whether all of it was known, in any order."""
    torch.set_num_threads(1)  # before the forks
    known: dict[str, list[Ended]] = {}
    tasks: list[Task] = []
    for submission in submissions:
        checks, wanted = unit_checks(parts, submission.subpart), list(seeds(submission))
        found = {check.id: cache.known(submission.text, check, wanted) for check in checks}
        known[submission.id] = [ended for each in found.values() for ended in each]
        left = [check for check in checks if len(found[check.id]) < len(wanted)]
        absent = {seed for check in left for seed in set(wanted) - {e.seed for e in found[check.id]}}
        if left:
            tasks.append((submission, left, sorted(absent)))
        else:
            yield submission, known[submission.id], True
    fork = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else None)
    with ProcessPool(max_workers=jobs, max_tasks=1, initializer=_limit_memory, context=fork) as pool:
        futures = [
            (
                task,
                pool.schedule(run, (task[0].text, task[1], task[2], parts), timeout=PATIENCE * len(task[2])),
            )
            for task in tasks
        ]
        for (submission, checks, missing), future in futures:
            try:
                ended = future.result()
            except TooLong:
                ended = _all_at_once(checks, missing, Outcome.TIMED_OUT)
            except ProcessExpired:
                ended = _all_at_once(checks, missing, Outcome.CRASHED)
            cache.add(submission.text, checks, ended)
            new = {(e.check, e.seed) for e in ended}
            yield (
                submission,
                [*ended, *(e for e in known[submission.id] if (e.check, e.seed) not in new)],
                False,
            )


def _limit_memory() -> None:
    """As a worker of the grader is limited: who asks for more gets a MemoryError, and no other suffers."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on every system
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _all_at_once(checks: Sequence[Check], seeds: Sequence[int], outcome: Outcome) -> list[Ended]:
    """Of a process that had to be killed, or died: each of its checks."""
    return [Ended(check.id, seed, outcome, f"the process {outcome}") for seed in seeds for check in checks]
