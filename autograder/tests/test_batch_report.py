"""The class report: right figures, hostile words harmless, small at any size, and legible in a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.grader.outcomes import Outcome
from autograder.grader.plugin import CheckResult
from autograder.grader.report.grade import Grade
from autograder.grader.report.scoring import score
from autograder.staff.batch.grades import Graded, Status
from autograder.staff.batch.report import report
from autograder.staff.batch.similar import Link, groups_of, pairs_of
from autograder.staff.batch.summary import Summary
from autograder.staff.batch.uploads.uploads import Student, Upload
from autograder.tests.conftest import Assignment

EVIL = (
    "</td><script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">{{ 7 * 7 }}"
)
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def one(
    assignment: Assignment, key: str, outcomes: dict[str, Outcome], message: str = "no", **more
) -> Graded:
    results = tuple(
        CheckResult(f"public/t.py::{sub}", f"title {sub}", (sub,), outcome, message, seconds=0.5)
        for sub, outcome in outcomes.items()
    )
    grade = Grade(more.get("title", key), results, score(results, assignment.parts), 0, 1.5, "tier X")
    return Graded(Upload(key, (Student(key),), Path("x"), ()), grade, more.get("status", Status.GRADED))


@pytest.fixture
def summary(assignment: Assignment) -> Summary:
    """Three submissions: one perfect, two with the same mistake, in lines 3 and 17."""
    made = Summary(assignment.parts)
    made.add(one(assignment, "student-1", {"1a": Outcome.PASSED, "1b": Outcome.PASSED}))
    for key, line in (("student-2", 3), ("student-3", 17)):
        made.add(one(assignment, key, {"1a": Outcome.PASSED, "1b": Outcome.FAILED}, f"line {line} is wrong"))
    return made


def test_figures(summary: Summary) -> None:
    assert summary.histogram[-1] == 1 and sum(summary.histogram) == 3
    assert summary.mistakes == [(2, "1b", "line # is wrong")]
    assert summary.checks["public/t.py::1b"].success == pytest.approx(1 / 3)
    assert summary.isolations == {"tier X": 3} and len(summary.slowest) == 3
    html = report(summary, "Homework 4")
    for text in ("Homework 4", "tier X (3)", "line # is wrong", "student-2", "33 %", "Nobody looked"):
        assert text in html
    assert "<b>6</b>" in html  # on average: (10 + 4 + 4) / 3


def test_an_empty_class_has_a_report(assignment: Assignment) -> None:
    assert "<!doctype html>" in report(Summary(assignment.parts), "x")


def test_hostile_words_are_escaped_and_no_other_file_is_needed(assignment: Assignment) -> None:
    made = Summary(assignment.parts)
    made.add(one(assignment, "student-1", {"1a": Outcome.FAILED}, EVIL, title=EVIL))
    made.similar = groups_of(pairs_of([Link("student-1", EVIL, EVIL, 0.9, 9.0)]))
    html = report(made, EVIL)
    assert "<script" not in html and "<img" not in html and "{{ 7 * 7 }}" in html
    assert not re.search(r"""(src|href)=["']?(https?:|//|data:|javascript:)""", html)
    assert "default-src 'none'" in html


def test_messages_without_end_do_not_fill_the_memory(assignment: Assignment, monkeypatch) -> None:
    monkeypatch.setattr("autograder.staff.batch.summary.KINDS", 10)
    made = Summary(assignment.parts)
    for i in range(50):
        made.add(
            one(
                assignment,
                f"s-{i}",
                {"1a": Outcome.FAILED, "1b": Outcome.FAILED},
                "often" if i % 2 else "x" * i,
            )
        )
    assert len(made.mistakes) <= 10 and made.mistakes[0] == (25, "1a 1b", "often")


def test_ten_thousand_rows_are_less_than_five_megabytes(assignment: Assignment) -> None:
    made = Summary(assignment.parts)
    row = one(assignment, "student", {"1a": Outcome.FAILED})
    for i in range(10_000):
        name = f"student-{i:05}-with-a-rather-long-name"
        upload, grade = replace(row.upload, key=name), replace(row.grade, submission=name)
        made.add(Graded(upload, grade, Status.GRADED))
    assert len(report(made, "x").encode()) < 5e6


def browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium here: the report was not looked at in a browser")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1100])
def test_in_a_browser_nothing_runs_and_the_page_fits_the_screen(
    width: int, assignment: Assignment, tmp_path: Path
) -> None:
    made = Summary(assignment.parts)
    for i in range(30):
        name = EVIL if i == 0 else f"student-{i}-{'with-a-long-name' * 3}"
        made.add(one(assignment, f"s-{i}", {"1a": Outcome.FAILED}, "word" * 40 + str(i), title=name))
    html = report(made, "Homework 4")
    # The page itself forbids scripts; this one, let in for the test, measures what a person would have to scroll.
    probe = "<script nonce=probe>document.title = document.documentElement.scrollWidth + ' of ' + innerWidth</script>"
    policy = "style-src 'unsafe-inline'; script-src 'nonce-probe'"
    html = html.replace("style-src 'unsafe-inline'", policy).replace("</body>", f"{probe}</body>")
    (tmp_path / "report.html").write_text(html)
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command = [
        browser(),
        *flags,
        f"--window-size={width},900",
        "--dump-dom",
        (tmp_path / "report.html").as_uri(),
    ]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    title = re.search(r"<title>(.*?)</title>", shown)
    assert title and "hacked" not in title[1]
    wide, window = map(int, title[1].split(" of "))
    assert wide <= window, "the page is wider than the screen"
