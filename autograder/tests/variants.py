"""Variants of solutions/, to test the checks with: the body of one hole replaced, everything else as it is.

    Variant (sub-part, what is odd about it, new body)  --write-->  a submission  --unit checks-->  results

A wrong variant must fail a check of its own sub-part, a right one must pass them all, however unusual it is.
"""

from __future__ import annotations

import importlib.util
import inspect
import shutil
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent

import numpy as np

from autograder.course.parts import read_parts
from autograder.grader.outcomes import Outcome
from autograder.grader.outside.direct import DirectTransport
from autograder.grader.plugin import CheckResult, translate
from autograder.grader.running import run_checks
from autograder.grader.sentences import owned
from autograder.grader.student import Student
from autograder.staff.hidden import ROOTS
from autograder.staff.release.holes import hole_text, replace_hole

AUTOGRADER = Path(__file__).parents[1]
SOLUTIONS = AUTOGRADER.parent / "solutions"
PARTS = read_parts(AUTOGRADER / "parts.toml")


@dataclass(frozen=True)
class Variant:
    """The hole of `subpart` holds `body` instead, or its own text with `swap[0]` replaced by `swap[1]`."""

    subpart: str
    name: str  # what is odd about it: "the sum over the rows, not the average"
    body: str = ""
    swap: tuple[str, str] = ("", "")

    def __str__(self) -> str:
        return f"{self.subpart}-{self.name}"

    def source(self) -> str:
        """The text of the part file with this variant in place of the solution."""
        file = PARTS.part_of(self.subpart).file
        text = (SOLUTIONS / file).read_text(encoding="utf-8")
        body = dedent(self.body).strip("\n") or hole_text(text, self.subpart)
        if self.swap[0] not in body:
            raise ValueError(f"{self}: the hole does not contain {self.swap[0]!r}")
        body = body.replace(*self.swap) if self.swap[0] else body
        return replace_hole(text, self.subpart, body)


def blanked(subpart: str) -> Variant:
    """The hole as a student finds it."""
    return Variant(subpart, "nothing", f'raise NotImplementedError("TODO({subpart}): to do")')


def write_submission(folder: Path, variant: Variant) -> Path:
    """The folder of a submission with this variant's part file and the kit; `folder` is for it alone."""
    file = PARTS.part_of(variant.subpart).file
    submission = folder / "variant"
    submission.mkdir(parents=True)
    (submission / "__init__.py").touch()
    shutil.copytree(
        SOLUTIONS / "kit", submission / "kit", ignore=shutil.ignore_patterns("__pycache__", "tests")
    )
    (submission / file).write_text(variant.source(), encoding="utf-8")
    return submission


def run_unit_checks(folder: Path, variant: Variant, subparts: set[str]) -> list[CheckResult]:
    """The unit checks of `subparts` (all of one part file) on `variant`; `folder` is empty and for this run only.

    The check files are copied into `folder` first, so that only those named after the part file run: the learning
    checks, which take longer, lie in other files.
    """
    submission = write_submission(folder, variant)
    name = f"test_{PARTS.part_of(variant.subpart).file}"
    roots = {}
    for visibility, source in ROOTS.items():
        roots[visibility] = folder / visibility
        roots[visibility].mkdir()
        shutil.copy(source / name, roots[visibility] / name)
    modules = list(PARTS.modules)
    return run_checks(
        roots,
        lambda limit: DirectTransport(submission, modules, limit),
        submission,
        PARTS,
        selection=frozenset(subparts),
    )


@dataclass(frozen=True)
class Quick:
    """How one check ended, where pytest did not run it."""

    id: str
    outcome: Outcome
    message: str
    detail: str


def run_quickly(folder: Path, variant: Variant) -> list[Quick]:
    """The unit checks of the variant's sub-part, called one by one: as `run_unit_checks`, but for 30 ms, not 500."""
    submission = write_submission(folder, variant)
    file, results = PARTS.part_of(variant.subpart).file, []
    for visibility, root in ROOTS.items():
        check_file = root / f"test_{file}"
        sentences = owned(check_file) if visibility == "hidden" else None
        for name, check, cases in unit_checks(visibility, file, variant.subpart):
            for case in cases:
                transport = DirectTransport(submission, list(PARTS.modules), 10.0)
                student = Student(transport, PARTS.modules | {"given": "given.py"})
                fixtures = {"student": student, "fresh_rng": np.random.default_rng(zlib.crc32(name.encode()))}
                asked = {key: fixtures[key] for key in inspect.signature(check).parameters if key in fixtures}
                error = None
                try:
                    check(**asked, **case)
                except Exception as raised:  # whatever it is, `translate` knows what it means
                    error = raised
                results.append(Quick(name, *translate(error, student.was_asked, sentences)))
    return results


@cache
def unit_checks(
    visibility: str, file: str, subpart: str
) -> list[tuple[str, Callable[..., None], list[dict]]]:
    """(id, function, parameters of each of its cases) of the checks of a sub-part."""
    path = ROOTS[visibility] / f"test_{file}"
    spec = importlib.util.spec_from_file_location(f"variants_{visibility}_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = []
    for name, check in vars(module).items():
        marks = (
            {mark.name: mark for mark in getattr(check, "pytestmark", [])} if name.startswith("test_") else {}
        )
        if "subpart" not in marks or subpart not in marks["subpart"].kwargs["ids"]:
            continue
        cases: list[dict] = [{}]
        if "parametrize" in marks:
            names, values = marks["parametrize"].args
            keys = [key.strip() for key in names.split(",")] if isinstance(names, str) else list(names)
            cases = [dict(zip(keys, value if len(keys) > 1 else [value], strict=True)) for value in values]
        found.append((f"{visibility}/{path.name}::{name}", check, cases))
    return found


def not_passed(results: Sequence[CheckResult | Quick]) -> list[str]:
    """A line for each check that did not pass."""
    return [
        f"{r.id}: {r.outcome}: {r.message} {r.detail}" for r in results if r.outcome is not Outcome.PASSED
    ]


def assert_wrong(folder: Path, variant: Variant) -> None:
    """At least one check of the sub-part fails, with a sentence, and none by the grader's fault."""
    results = run_quickly(folder, variant)
    failed = [r for r in results if r.outcome is Outcome.FAILED]
    assert failed, f"no check of {variant.subpart} catches: {variant.name}"
    assert all(r.message for r in failed)
    assert {r.outcome for r in results} <= {Outcome.PASSED, Outcome.FAILED}, not_passed(results)


def assert_right(folder: Path, variant: Variant) -> None:
    """Every check of the sub-part passes."""
    results = run_quickly(folder, variant)
    assert results
    assert not not_passed(results), f"{variant.name}: {not_passed(results)}"


def assert_blank_costs_itself_only(folder: Path, subpart: str) -> None:
    """With the hole left open its own checks say "not attempted", and all other checks of the part still pass."""
    part = PARTS.part_of(subpart)
    results = run_unit_checks(folder, blanked(subpart), {sub.id for sub in part.subparts})
    own = [r for r in results if subpart in r.subparts]
    assert {r.visibility for r in own} == {"public", "hidden"}
    assert {r.outcome for r in own} == {Outcome.NOT_ATTEMPTED}, not_passed(own)
    assert not not_passed([r for r in results if subpart not in r.subparts])
