"""Hand in each attack, and look for points, secrets and processes left behind."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

from autograder.grader.grading import Grader
from autograder.grader.inside.confine.layers import Layers
from autograder.grader.outside import probe
from autograder.grader.report import page, results
from autograder.staff.hidden.sandbox import canary
from autograder.tests.attacks import capacity
from autograder.tests.attacks.escape import ESCAPE, attempts
from autograder.tests.attacks.exhaust import EXHAUST
from autograder.tests.attacks.fields import ANSWER_FIELDS
from autograder.tests.attacks.forge import ANSWERS, FORGE
from autograder.tests.attacks.speak import SPEAK
from autograder.tests.conftest import PARTS, SUMS, WORDS, Assignment
from envs.errors import UserMistake

SEED = 424242424
HONEST = {"1a": 0.0, "1b": 0.0, "2a": 10.0}  # points of a submission whose sums.py solves nothing

HIDDEN_SUMS = """
from autograder.checks.checking import expect_close, subpart

@subpart("1b")
def test_double_fresh(student, fresh_rng):
    a = fresh_rng.normal(size=5)
    expect_close(student.sums.double(a), 2 * a, "doubling does not double", name="double")
"""
PUBLIC_SUMS = """
import numpy as np
from autograder.checks.checking import expect_close, subpart

@subpart("1a")
def test_add(student):
    expect_close(student.sums.add(np.ones(3), np.ones(3)), np.full(3, 2.0), "the sum is not a sum", name="add")
"""


@dataclass(frozen=True)
class Report:
    """What came of one attack; `problems` is empty where it got nothing."""

    name: str
    problems: list[str]
    seconds: float
    said: list[str]  # the messages a student would read


def attacks() -> dict[str, str]:
    """ "group: name" -> the code of a sums.py."""
    groups = {"forge": FORGE, "attempt": attempts(), "escape": ESCAPE, "exhaust": EXHAUST, "speak": SPEAK}
    groups |= {"field": ANSWER_FIELDS}
    return {f"{group}: {name}": code for group, codes in groups.items() for name, code in codes.items()}


def hand_in(layers: Layers, names: list[str], *, allow_weak_sandbox: bool = False) -> list[Report]:
    """Grade each attack whose name starts with one of `names`, with these layers.

    Raises `UserMistake` where the canary gets out and that is not allowed: then most of these would do real harm.
    """
    _adopt_orphans()
    reports = []
    with (
        tempfile.TemporaryDirectory(prefix="attacks-") as folder,
        canary.targets(Path(folder), None) as targets,
    ):
        course = Assignment(Path(folder, "course"))
        course.write("parts.toml", PARTS.replace("time_limit = 2", "time_limit = 0.3"))
        course.write("checks/public/test_sums.py", PUBLIC_SUMS)
        course.write("checks/hidden/test_sums.py", HIDDEN_SUMS)
        targets["hidden_files"] = [str(path) for path in sorted(course.roots["hidden"].rglob("*.py"))]
        planted = secrets.token_hex(16)
        targets["elsewhere"] = hashlib.sha256(planted.encode()).hexdigest()
        with Grader(
            course.hw,
            course.roots,
            course.parts,
            canary=canary.escaped,
            allow_weak_sandbox=allow_weak_sandbox,
            layers=layers,
        ) as grader:
            honest = _submission(Path(folder, "another"), f"SECRET = 'planted-{planted}'\n{SUMS}")
            assert grader.grade(honest, seed=SEED).score.earned == 20
            usual = len(_descendants())
            for name, code in attacks().items():
                if name.startswith(tuple(names)):
                    files = _submission(Path(folder, "attack"), _filled(code, targets))
                    start = time.monotonic()
                    problems, said = _problems(
                        grader, files, [targets["secret"], planted], loops=name.startswith("exhaust")
                    )
                    if (more := _left_behind(usual)) > 0:
                        problems.append(f"left {more} processes behind")
                    reports.append(Report(name, problems, round(time.monotonic() - start, 2), said))
    return reports


def _filled(code: str, targets: dict[str, Any]) -> str:
    text = dedent(code)
    if "ANSWER" in text:
        text += ANSWERS
    return (
        text.replace("@TARGETS@", repr(targets))
        .replace("@SECRET_FILE@", targets["secret_files"][0])
        .replace("@SECRET@", targets["secret"])
        .replace("@SEED@", str(SEED))
    )


def _submission(folder: Path, sums: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "sums.py").write_text(sums, encoding="utf-8", errors="surrogateescape")
    (folder / "words.py").write_text(WORDS, encoding="utf-8")
    return folder


def _problems(grader: Grader, files: Path, planted: list[str], loops: bool) -> tuple[list[str], list[str]]:
    """(what the attack gained, what the student reads). What takes its whole time gets one check of part 1."""
    chosen = frozenset(("1a", "2a") if loops else HONEST)
    try:
        grade = grader.grade(files, seed=SEED, selection=chosen)
    except Exception as error:  # whatever it is, it would have stopped a batch
        return [f"stopped the grading: {type(error).__name__}: {error}"], []
    problems = []
    earned = {sub.subpart.id: sub.earned for sub in grade.score.subparts}
    if earned != {sub: points for sub, points in HONEST.items() if sub in chosen}:
        problems.append(f"points {earned}")
    if grade.score.run_again:
        problems.append(f"made the grader fail: {grade.score.run_again}")
    everything = (
        json.dumps(results.as_dict(grade)) + page.feedback(grade) + json.dumps(results.gradescope(grade))
    )
    if "ESCAPED" in everything:
        problems.append("got out")
    if any(secret in everything for secret in planted):
        problems.append("read a planted secret")
    if "<script" in page.feedback(grade) or "<img" in page.feedback(grade):
        problems.append("wrote HTML into the page")
    said = [result.message for result in grade.results]
    if any(not text.isprintable() or len(text) > 600 for text in said):
        problems.append("wrote something unprintable or too long")
    return problems, list(dict.fromkeys(said))


def _left_behind(usual: int) -> int:
    """How many processes there are beyond the usual, once those that are ending have ended."""
    for _ in range(40):
        if (more := len(_descendants()) - usual) <= 0:
            return 0
        time.sleep(0.05)
    return more


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: whatever slips away comes here


def _descendants() -> list[int]:
    """The pids of all processes below this one that are not dead already."""
    parents: dict[int, int] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                state, parent = Path(entry.path, "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found, frontier = [], [os.getpid()]
    while frontier:
        frontier = [pid for pid, parent in parents.items() if parent in frontier]
        found += frontier
    return found


def choose(which: str) -> Layers:
    """ "best", or "bare": the best without bubblewrap, as in a container that may not make namespaces."""
    best = probe.best()
    return best if which == "best" else Layers(uid=best.uid, landlock=best.landlock, seccomp=best.seccomp)


def main(arguments: list[str], write: Callable[[str], object] = print) -> int:
    """Print the reports and the capacity as JSON; exit code 2 if this machine's sandbox is too weak to try.

    `arguments`: "best" or "bare" (see `choose`), then what the names of the attacks start with. By default all of them
    are handed in, and the capacity of a hidden check's line is measured.
    """
    layers = choose(arguments[0] if arguments else "best")
    try:
        reports = hand_in(layers, arguments[1:] or [""])
    except UserMistake as mistake:
        write(json.dumps({"layers": layers.name, "refused": str(mistake)}))
        return 2
    gained = sum(bool(report.problems) for report in reports)
    output = {"layers": layers.name, "uid": os.getuid(), "attacks": len(reports), "gained": gained}
    if not arguments[1:]:
        output["capacity"] = capacity.measure(layers)
    write(json.dumps(output | {"reports": [asdict(report) for report in reports]}, indent=1))
    return 0
