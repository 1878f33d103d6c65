"""The pytest plugin that runs checks: the fixtures they use, and how each ends.

A check gets a fresh connection to the submission. Nothing of pytest's own reporting is used: each check becomes one
`CheckResult`, and no traceback is shown, since it would print a hidden check's source and values.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.engine.outcomes import CouldNotRun, NotAttempted, Outcome, Verdict, one_line
from autograder.engine.parts import Parts
from autograder.engine.student import Student, Transport

PATIENCE = 3  # time-outs in one check file


@dataclass(frozen=True)
class CheckResult:
    """How one check ended."""

    id: str  # "hidden/test_relabel.py::test_future_goals"
    title: str
    subparts: tuple[str, ...]
    outcome: Outcome
    message: str = ""  # for the student
    hint: str = ""
    detail: str = ""  # for the staff
    seconds: float = 0.0
    weight: float = 1.0
    kind: str = "unit"
    needs: tuple[str, ...] = ()
    visibility: str = "public"  # "public" or "hidden": where the check lies


@dataclass
class Checks:
    """The plugin: collects, connects, records.

    `connect(time_limit)` opens a fresh transport; `folder` holds the submission's files; `roots` maps "public" and
    "hidden" to the folders of the checks; `selection` holds the sub-parts that are wanted.
    """

    parts: Parts
    connect: Callable[[float], Transport]
    folder: Path
    roots: dict[str, Path]
    selection: frozenset[str]
    seed: int
    on_result: Callable[[CheckResult], None] = lambda result: None
    results: list[CheckResult] = field(default_factory=list)
    collected: list[CheckResult] = field(default_factory=list)  # what will be run, before it is

    # --- which checks ---

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "subpart: which sub-part a check belongs to (see checking.py)")
        config.option.tbstyle = "value"  # nobody sees pytest's tracebacks, and long ones take time to make

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        wanted = []
        for item in items:
            if problem := self._misdeclared(item):
                self._record(self._blank(item, problem))
            elif self.selection & set(_mark(item)["ids"]):
                wanted.append(item)
        items[:] = wanted
        self.collected = [self._blank(item, "") for item in wanted]

    def _misdeclared(self, item: pytest.Item) -> str:
        mark = item.get_closest_marker("subpart")
        if mark is None:
            return "the check has no @subpart"
        unknown = {*mark.kwargs["ids"], *mark.kwargs["needs"]} - set(self.parts.subparts)
        return f"the check names sub-part {min(unknown)}, which parts.toml does not have" if unknown else ""

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            reason = one_line(str(report.longrepr).strip().rsplit("\n", 1)[-1])
            path = Path(str(report.fspath))
            result = CheckResult(
                report.nodeid, path.name, (), Outcome.COULD_NOT_RUN, "the checks could not be loaded"
            )
            self._record(_replace(result, detail=reason, visibility=self._visibility(path)))

    # --- what a check may ask for ---

    @pytest.fixture
    def student(self, request: pytest.FixtureRequest) -> Iterator[Student]:
        """The submission, over a connection of this check's own."""
        transport = self.connect(self._time_limit(_mark(request.node), self._id(request.node).split("::")[0]))
        try:
            student = Student(transport, self.parts.modules | {"given": "given.py"})
            request.node.student = student
            yield student
        finally:
            transport.close()

    def _time_limit(self, mark: dict[str, Any], file: str) -> float:
        """Seconds for a check. Code that hangs would take them all in check after check (it may hang on import), so
        after three time-outs in a check file its other unit checks get a tenth; they take milliseconds anyway. Other
        files do not count: what a check gives must not depend on which files run beside it."""
        limit = mark["time_limit"] or max(self.parts.part_of(i).time_limit for i in mark["ids"])
        late = [r for r in self.results if r.outcome == Outcome.TIMED_OUT and r.id.startswith(f"{file}::")]
        hanging = len(late) >= PATIENCE
        return min(limit, max(1.0, limit / 10)) if hanging and mark["kind"] == "unit" else limit

    @pytest.fixture
    def fresh_rng(self, request: pytest.FixtureRequest) -> np.random.Generator:
        """A generator for this check's inputs: new at each grading, the same again with the same `--seed`."""
        return np.random.default_rng([self.seed, zlib.crc32(self._id(request.node).encode())])

    @pytest.fixture
    def submitted_file(self) -> Callable[[str], Path]:
        """`submitted_file("weights_reach.safetensors")` is its path; "not attempted" where it was not handed in."""

        def find(name: str) -> Path:
            if not (self.folder / name).is_file():
                raise NotAttempted(f"{name} was not handed in")
            return self.folder / name

        return find

    # --- how it ended ---

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
        report = yield
        error = call.excinfo.value if call.excinfo else None
        if call.when == "call" or error is not None:
            heard = getattr(item, "student", None) is not None and item.student.was_heard
            hidden = self._visibility(item.path) == "hidden"
            outcome, message, detail = translate(error, heard, hidden)
            if call.when == "teardown":
                outcome, message = Outcome.COULD_NOT_RUN, "the check could not be put away"
            self._record(
                _replace(self._blank(item, message), outcome=outcome, detail=detail, seconds=call.duration)
            )
        return report

    def _blank(self, item: pytest.Item, message: str) -> CheckResult:
        doc = (getattr(item, "obj", None) and item.obj.__doc__) or ""
        title = doc.strip().splitlines()[0].rstrip(".") if doc.strip() else item.name
        mark = item.get_closest_marker("subpart")
        fields = _mark(item) if mark else {}
        return CheckResult(
            id=self._id(item),
            title=title,
            subparts=fields.get("ids", ()),
            outcome=Outcome.COULD_NOT_RUN,
            message=message,
            hint=fields.get("hint", ""),
            weight=fields.get("weight", 1.0),
            kind=fields.get("kind", "unit"),
            needs=fields.get("needs", ()),
            visibility=self._visibility(item.path),
        )

    def _record(self, result: CheckResult) -> None:
        self.results = [r for r in self.results if r.id != result.id] + [result]
        self.on_result(result)

    def _visibility(self, path: Path) -> str:
        return next((name for name, root in self.roots.items() if path.is_relative_to(root)), "hidden")

    def _id(self, item: pytest.Item) -> str:
        visibility = self._visibility(item.path)
        root = self.roots.get(visibility, item.path.parent)
        return f"{visibility}/{item.path.relative_to(root).as_posix()}::{item.name}"


def translate(error: BaseException | None, heard: bool, hidden: bool) -> tuple[Outcome, str, str]:
    """(outcome, the student's sentence, the staff's detail) for what a check raised.

    Anything unexpected is the grader's fault while nothing has come back from the submission, and the submission's
    once something has: then it returned what the check could not use. Scores start at 0, so a surprise gives none.
    """
    if error is None:
        return Outcome.PASSED, "", ""
    if isinstance(error, Verdict):
        return error.outcome, one_line(error.safe if hidden else str(error), 600), one_line(error.detail)
    detail = one_line(f"{type(error).__name__}: {error}")
    if isinstance(error, pytest.skip.Exception):
        return Outcome.COULD_NOT_RUN, "the check was skipped", detail
    if heard:
        return Outcome.FAILED, "your code returned something this check could not use", detail
    return Outcome.COULD_NOT_RUN, "the check itself went wrong", detail


def _mark(item: pytest.Item) -> dict[str, Any]:
    mark = item.get_closest_marker("subpart")
    if mark is None:
        raise CouldNotRun("the check has no @subpart")
    return mark.kwargs


def _replace(result: CheckResult, **changes: Any) -> CheckResult:
    import dataclasses

    return dataclasses.replace(result, **changes)
