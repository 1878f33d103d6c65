"""Grade the demo's class, two at a time; a spawned process imports this file, and could not import `__main__`."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from autograder.course.parts import read_parts
from autograder.grader import grading
from autograder.grader.report.grade import Grade
from autograder.staff.demo.members import Member
from autograder.staff.hidden import ROOTS
from autograder.staff.hidden.sandbox.canary import escaped

ROOT = Path(__file__).resolve().parents[3]
SEED = 0


def grade_all(members: list[Member]) -> Iterator[tuple[Member, Grade]]:
    """Each member's grade as it is ready; two are graded at a time, as a check uses one core."""
    jobs = min(2, os.cpu_count() or 1)
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        grades = {pool.submit(_grade, member.path): member for member in members}
        for done in as_completed(grades):
            yield grades[done], done.result()


def _grade(path: Path) -> Grade:
    return grading.grade(path, ROOT / "hw", ROOTS, read_parts(), seed=SEED, canary=escaped)
