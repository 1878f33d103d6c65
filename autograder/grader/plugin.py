"""The pytest plugin that runs checks: the fixtures they use, and how each ends.

A check gets a fresh connection to the submission. Nothing of pytest's own reporting is used: each check becomes one
`CheckResult`, and no traceback is shown, since it would print a hidden check's source and values.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.course.parts import Parts
from autograder.grader.budget import Budget
from autograder.grader.intake.names import most_of
from autograder.grader.outcomes import CheckFailed, CouldNotRun, NotAttempted, Outcome, Verdict
from autograder.grader.sentences import DID_NOT_PASS, UNUSABLE, owned
from autograder.grader.student import Student, Transport
from envs.errors import one_line

KINDS = ("unit", "learning", "threshold")  # of checks, in the order in which they run


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
    visibility: str = "public"  # "public" or "hidden": where the check lies
    hole: str = ""  # the sub-part whose placeholder was reached

    @property
    def file(self) -> str:
        """The check file's name, "hidden/test_relabel.py"."""
        return self.id.split("::")[0]


@dataclass
class Checks:
    """The plugin: collects, connects, records.

    `connect(time_limit)` opens a fresh transport; `folder` holds the submission's files; `roots` maps "public" and
    "hidden" to the folders of the checks, of which `files` are read; `selection` holds the sub-parts that are wanted.
    """

    parts: Parts
    connect: Callable[[float], Transport]
    folder: Path
    roots: dict[str, Path]
    selection: frozenset[str]
    seed: int
    on_result: Callable[[CheckResult], None] = lambda result: None
    files: Sequence[Path] = ()
    results: list[CheckResult] = field(default_factory=list)
    collected: list[CheckResult] = field(default_factory=list)  # what will be run, in the order of the files
    # Files with checks of sub-parts that the course does not grade.
    left_out: set[str] = field(default_factory=set)
    only: frozenset[str] | None = None  # the second round's: what could not run in the first

    def __post_init__(self) -> None:
        self._budget = Budget(self.parts.settings.time)

    # --- which checks ---

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "subpart: which sub-part a check belongs to (see checking.py)")
        config.option.tbstyle = "value"  # nobody sees pytest's tracebacks, and long ones take time to make

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool:
        """Collect `files`. As words of a command line pytest would parse their paths, in which [, :: and $ mean
        something; a course may lie in a folder with such a name."""
        session.items = []
        for path in self.files:
            session.items += session.genitems(pytest.Module.from_parent(session, path=path))
        hook = session.config.hook
        hook.pytest_collection_modifyitems(session=session, config=session.config, items=session.items)
        session.testscollected = len(session.items)
        return True

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        wanted = []
        for item in items:
            if problem := self._misdeclared(item):
                self._record(self._blank(item, problem))
            elif not self._graded(_mark(item)["ids"]):
                self.left_out.add(self._name(item.path))
            elif self._is_wanted(item):
                wanted.append(item)
        self.collected = [self._blank(item, "") for item in wanted]
        items[:] = sorted(wanted, key=lambda item: KINDS.index(_mark(item)["kind"]))

    def _is_wanted(self, item: pytest.Item) -> bool:
        chosen = self.only is None or self._id(item) in self.only
        return chosen and bool(self.selection & set(_mark(item)["ids"]))

    def _misdeclared(self, item: pytest.Item) -> str:
        mark = item.get_closest_marker("subpart")
        if mark is None:
            return "the check has no @subpart"
        unknown = set(mark.kwargs["ids"]) - set(self.parts.subparts) - self.parts.not_graded
        return f"the check names sub-part {min(unknown)}, which parts.toml does not have" if unknown else ""

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Any:
        report = yield
        if report.failed:
            reason = one_line(str(report.longrepr).strip().rsplit("\n", 1)[-1].removeprefix("E "))
            path = collector.path
            result = CheckResult(
                self._name(path), path.name, (), Outcome.COULD_NOT_RUN, "the checks could not be loaded"
            )
            self._record(replace(result, detail=reason, visibility=self._visibility(path)))
        return report

    # --- what a check may ask for ---

    @pytest.fixture
    def student(self, request: pytest.FixtureRequest) -> Iterator[Student]:
        """The submission, over a connection of this check's own."""
        mark, file = _mark(request.node), self._name(request.node.path)
        parts = [self.parts.part_of(i) for i in self._graded(mark["ids"])]
        for part in parts:  # before given code looks for the file, and says something else of it
            if not (self.folder / part.file).is_file():
                raise NotAttempted(f"{part.file} was not handed in")
        limit = mark["time_limit"] or max(part.time_limit for part in parts)
        transport = self.connect(self._budget.time_limit(file, limit, mark["kind"]))
        transport.idle_limit = self._budget.idle_limit(file)
        try:
            modules = self.parts.modules | {"given": "given.py"}
            holes = frozenset(sub.id for sub in self.parts.subparts.values() if sub.hole)
            student = Student(transport, modules, holes, self._lines())
            request.node.student = student
            yield student
        finally:
            transport.close()
            self._budget.spend(file, mark["kind"], transport)

    @pytest.fixture
    def fresh_rng(self, request: pytest.FixtureRequest) -> np.random.Generator:
        """A generator for this check's inputs: new at each grading, the same again with the same `--seed`."""
        return np.random.default_rng([self.seed, zlib.crc32(self._id(request.node).encode())])

    @pytest.fixture
    def submitted_file(self, request: pytest.FixtureRequest) -> Callable[[str], Path]:
        """`submitted_file("weights_TASK.safetensors")` is its path; "not attempted" where it was not handed in."""

        def find(name: str) -> Path:
            if not (self.folder / name).is_file():
                raise NotAttempted(f"{name} was not handed in, or has more than {most_of(name) // 2**20} MB")
            request.node.opened = True
            return self.folder / name

        return find

    def _lines(self) -> dict[str, int]:
        """The number of lines of each file of the submission."""
        files = [self.folder / name for name in self.parts.files if name.endswith(".py")]
        return {path.name: path.read_bytes().count(b"\n") + 1 for path in files if path.is_file()}

    # --- how it ended ---

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
        report = yield
        error = call.excinfo.value if call.excinfo else None
        if call.when == "teardown" and error is not None:  # what the check said before holds all the same
            note = f"cleaning up failed: {_detail(error)}"
            self.results = [replace(r, detail=note) if r.id == self._id(item) else r for r in self.results]
        elif call.when == "call" or error is not None:
            student = getattr(item, "student", None)
            involved = (student is not None and student.was_asked) or getattr(item, "opened", False)
            hidden = self._visibility(item.path) == "hidden"
            outcome, message, detail = translate(error, involved, owned(item.path) if hidden else None)
            hole = error.hole if isinstance(error, NotAttempted) else ""
            blank = self._blank(item, message)
            self._record(replace(blank, outcome=outcome, detail=detail, seconds=call.duration, hole=hole))
        return report

    def _blank(self, item: pytest.Item, message: str) -> CheckResult:
        doc = (item.obj.__doc__ if isinstance(item, pytest.Function) else None) or ""
        title = doc.strip().splitlines()[0].rstrip(".") if doc.strip() else item.name
        mark = item.get_closest_marker("subpart")
        fields: Mapping[str, Any] = _mark(item) if mark else {}
        return CheckResult(
            id=self._id(item),
            title=title,
            subparts=self._graded(fields.get("ids", ())),
            outcome=Outcome.COULD_NOT_RUN,
            message=message,
            hint=fields.get("hint", ""),
            weight=fields.get("weight", 1.0),
            kind=fields.get("kind", "unit"),
            visibility=self._visibility(item.path),
        )

    def _graded(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Those of a check's sub-parts that the course grades."""
        return tuple(id_ for id_ in ids if id_ not in self.parts.not_graded)

    @property
    def could_not_run(self) -> frozenset[str]:
        return frozenset(r.id for r in self.results if r.outcome == Outcome.COULD_NOT_RUN)

    def _record(self, result: CheckResult) -> None:
        self.results = [r for r in self.results if r.id != result.id] + [result]
        if self.only is not None or result.outcome != Outcome.COULD_NOT_RUN:
            self.on_result(result)

    def _visibility(self, path: Path) -> str:
        return next((name for name, root in self.roots.items() if path.is_relative_to(root)), "hidden")

    def _name(self, path: Path) -> str:
        """The name of a check file, "hidden/test_relabel.py"."""
        visibility = self._visibility(path)
        root = self.roots.get(visibility, path.parent)
        return f"{visibility}/{path.relative_to(root).as_posix()}"

    def _id(self, item: pytest.Item) -> str:
        return f"{self._name(item.path)}::{item.name}"


def translate(
    error: BaseException | None, involved: bool, owned: frozenset[str] | None = None
) -> tuple[Outcome, str, str]:
    """(outcome, the student's sentence, the staff's detail) for what a check raised.

    Once the submission is `involved`, every surprise is this check's failure, whoever would be to blame for it: a
    submission could bring it about. Before that it is the grader's own. `owned` holds the sentences that a hidden check
    may show; None for a public one, which shows what it likes.
    """
    if error is None:
        return Outcome.PASSED, "", ""
    surprise = not isinstance(error, Verdict) or isinstance(error, CouldNotRun)
    if surprise and involved:
        return Outcome.FAILED, UNUSABLE, _detail(error)
    if isinstance(error, Verdict):
        sentence = str(error)
        if owned is not None and error.safe is not None:
            sentence = error.safe
        elif owned is not None and isinstance(error, CheckFailed) and sentence not in owned:
            sentence = DID_NOT_PASS
        return error.outcome, one_line(sentence, 600), one_line(error.detail)
    if isinstance(error, pytest.skip.Exception):
        return Outcome.COULD_NOT_RUN, "the check was skipped", _detail(error)
    return Outcome.COULD_NOT_RUN, "the check itself went wrong", _detail(error)


def _detail(error: BaseException) -> str:
    """For the staff. Even making text of an exception may fail: it can hold whatever a check was given."""
    try:
        return one_line(f"{type(error).__name__}: {error}")
    except Exception:
        return type(error).__name__


def _mark(item: pytest.Item) -> Mapping[str, Any]:
    mark = item.get_closest_marker("subpart")
    if mark is None:
        raise CouldNotRun("the check has no @subpart")
    return dict(mark.kwargs)
