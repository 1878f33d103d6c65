"""Run the checks of many submissions, some at a time; nothing that a submission does stops the others.

Each submission has a process of its own, forked from this one, which has loaded torch and the checks already.
"""

from __future__ import annotations

import contextlib
import gc
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

Asked = list[tuple[Check, int]]  # a check, and the seed of its inputs


def run_all(
    submissions: Sequence[Submission],
    parts: Parts,
    seeds: Callable[[Submission, Check], Sequence[int]],
    jobs: int,
    cache: Cache,
) -> Iterator[tuple[Submission, list[Ended], bool]]:
    """Each submission with how its checks ended, and whether all of it was known, in any order."""
    torch.set_num_threads(1)  # before the forks
    known: dict[str, list[Ended]] = {}
    tasks: list[tuple[Submission, Asked]] = []
    for submission in submissions:
        known[submission.id], asked = [], []
        for check in unit_checks(parts, submission.subpart):
            wanted = seeds(submission, check)
            found = cache.known(submission.text, check, wanted)
            known[submission.id] += found
            asked += [(check, seed) for seed in sorted(set(wanted) - {e.seed for e in found})]
        if asked:
            tasks.append((submission, sorted(asked, key=lambda pair: pair[1])))  # seed by seed
        else:
            yield submission, known[submission.id], True
    fork = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else None)
    gc.freeze()  # a process that collects garbage would copy all of what it was forked from
    with ProcessPool(max_workers=jobs, max_tasks=1, initializer=_limit_memory, context=fork) as pool:
        futures = [
            pool.schedule(run, (submission.text, asked, parts), timeout=PATIENCE * len({s for _, s in asked}))
            for submission, asked in tasks
        ]
        for (submission, asked), future in zip(tasks, futures, strict=True):
            try:
                ended = future.result()
            except TooLong:
                ended = _all_at_once(asked, Outcome.TIMED_OUT)
            except ProcessExpired:
                ended = _all_at_once(asked, Outcome.CRASHED)
            cache.add(submission.text, ended, {check.id: check for check, _ in asked})
            yield submission, [*ended, *known[submission.id]], False


def _limit_memory() -> None:
    """As a worker of the grader is limited: who asks for more gets a MemoryError, and no other suffers."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on every system
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _all_at_once(asked: Asked, outcome: Outcome) -> list[Ended]:
    """Of a process that had to be killed, or died: each of its checks."""
    return [Ended(check.id, seed, outcome, f"the process {outcome}") for check, seed in asked]
