"""Is the assignment ready: does each sub-part have checks, points and a hint, and does the reference pass its checks?

    solutions/ --markers--> hints --collected checks--> gaps --unit checks, public and hidden--> sentences

All in a process of its own, which loads torch and the reference. It takes seconds, so what has passed is remembered by
its content (in out/): `make starter`, `make handout` and `make gradescope` in a row run the checks once.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from autograder.course.parts import Parts
from autograder.grader.outcomes import Outcome
from autograder.grader.outside.direct import DirectTransport, load_package
from autograder.grader.plugin import CheckResult
from autograder.grader.running import collect_checks, run_checks
from autograder.staff.release import coverage
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.starter import read_tree


def refuse_unproven(
    solutions: Path, roots: Mapping[str, Path], parts: Parts, allow_uncovered: bool = False
) -> None:
    """Raise ReleaseError if a sub-part lacks points, checks or a hint, or a unit check does not pass on `solutions`.

    `roots` are the folders of public and hidden checks. Trained weights are no part of the solutions: a sub-part
    without a hole may be not attempted. `allow_uncovered` accepts what is lacking, and runs the checks there are.
    """
    passed = solutions.parent / "out" / "proven.sha256"
    content = _content(solutions.parent)
    if passed.is_file() and passed.read_text(encoding="utf-8") == content:
        return
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            found = pool.submit(_find, solutions.resolve(), dict(roots), parts, allow_uncovered).result()
        except BrokenProcessPool:
            found = [f"{solutions.name}/: this code ended the process that ran the checks."]
    if found:
        raise ReleaseError(found)
    if not allow_uncovered:
        passed.parent.mkdir(parents=True, exist_ok=True)
        passed.write_text(content, encoding="utf-8")


def _content(root: Path) -> str:
    """A hash of everything that the outcome depends on: the code, the course's files, Python and its libraries."""
    hashed = hashlib.sha256(sys.version.encode())
    for folder in ("solutions", "envs", "autograder"):
        files = read_tree(root / folder) if (root / folder).is_dir() else {}
        for path, content in files.items():
            hashed.update(f"{folder}/{path} {len(content)}\n".encode() + content)
    needed = root / "requirements.txt"
    hashed.update(needed.read_bytes() if needed.is_file() else b"")
    return hashed.hexdigest()


def _find(solutions: Path, roots: dict[str, Path], parts: Parts, allow_uncovered: bool) -> list[str]:
    try:
        gaps = [] if allow_uncovered else coverage.gaps(solutions, roots, parts)
    except ReleaseError as error:
        gaps = list(error.errors)
    if gaps:
        return gaps
    modules = list(parts.modules)
    load_package(solutions)  # hidden checks ask the reference: it has to be this one
    results = run_checks(
        roots,
        lambda limit: DirectTransport(solutions, modules, limit),
        solutions,
        parts,
        only=_unit_files(roots, parts),
    )
    return [_sentence(r, solutions.name, parts) for r in results if not _is_fine(r, parts)]


def _unit_files(roots: dict[str, Path], parts: Parts) -> list[str]:
    """The check files that hold unit checks alone: the others train, which takes minutes."""
    checks = collect_checks(roots, parts).checks
    slow = {check.file for check in checks if check.kind != "unit"}
    return sorted({check.file for check in checks} - slow)


def _is_fine(result: CheckResult, parts: Parts) -> bool:
    holes = [id_ for id_ in result.subparts if parts.subparts[id_].hole]
    return result.outcome == Outcome.PASSED or (result.outcome == Outcome.NOT_ATTEMPTED and not holes)


def _sentence(result: CheckResult, folder: str, parts: Parts) -> str:
    file = parts.part_of(result.subparts[0]).file if result.subparts else ""
    subs = ", ".join(result.subparts)
    said = result.message or str(result.outcome)
    if result.detail and result.detail not in said:
        said += f" ({result.detail})"
    return f"{folder}/{file}: the reference does not pass {result.id} (sub-part {subs}): {said}."
