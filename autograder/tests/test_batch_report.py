"""The class report: right figures, hostile words harmless, small at any size, and legible in a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import axe_core_python
import pytest

from autograder.grader.outcomes import Outcome
from autograder.grader.plugin import CheckResult
from autograder.grader.report.grade import Grade
from autograder.grader.report.page import feedback
from autograder.grader.report.scoring import score
from autograder.staff.batch.experiments import write_experiments
from autograder.staff.batch.grades import Graded, Status
from autograder.staff.batch.misconceptions import behind
from autograder.staff.batch.report import SCRIPTS, report
from autograder.staff.batch.similar import Link, groups_of, pairs_of
from autograder.staff.batch.similar.page import page, side_by_side
from autograder.staff.batch.summary import Summary
from autograder.staff.batch.uploads.uploads import Student, Upload
from autograder.tests.conftest import SUMS, Assignment
from autograder.tests.made_experiments import write_right

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
    assert html.count("<script") == len(SCRIPTS) and "<img" not in html and "{{ 7 * 7 }}" in html
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
    shown = seen(
        html, "document.title = document.documentElement.scrollWidth + ' of ' + innerWidth", tmp_path, width
    )
    assert "hacked" not in shown
    wide, window = map(int, shown.split(" of "))
    assert wide <= window, "the page is wider than the screen"


def seen(html: str, probe: str, folder: Path, width: int = 1100, dark: bool = False) -> str:
    """The title that the script `probe` gives the page in a browser; the page's policy lets it in for the test."""
    probe = f"<script nonce=probe>addEventListener('load', () => {{ {probe} }})</script>"
    if "script-src" in html:
        html = html.replace("script-src", "script-src 'nonce-probe'", 1)
    else:
        html = html.replace(
            "style-src 'unsafe-inline'", "style-src 'unsafe-inline'; script-src 'nonce-probe'", 1
        )
    (folder / "page.html").write_text(html.replace("</body>", f"{probe}</body>"), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    flags += [f"--window-size={width},900", "--virtual-time-budget=20000", "--dump-dom"]
    flags += ["--blink-settings=preferredColorScheme=0"] if dark else []
    command = [browser(), *flags, (folder / "page.html").as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    title = re.search(r"<title>(.*?)</title>", shown, re.DOTALL)
    assert title, shown[:500]
    return title[1]


@pytest.mark.slow
def test_in_a_browser_the_table_is_sorted_and_searched(assignment: Assignment, tmp_path: Path) -> None:
    made = Summary(assignment.parts)
    for i, outcome in enumerate([Outcome.FAILED, Outcome.PASSED, Outcome.FAILED, Outcome.PASSED]):
        status = Status.PARTLY if i == 3 else Status.GRADED
        made.add(one(assignment, f"student-{i}", {"1a": outcome, "1b": outcome}, status=status))
    probe = """
      const rows = () => [...document.querySelectorAll("#everybody tbody tr")].filter((row) => !row.hidden);
      const names = () => rows().map((row) => row.cells[0].textContent.trim().slice(-1)).join("");
      const words = document.getElementById("words"), status = document.getElementById("status");
      const found = [names()];
      words.value = "STUDENT-2"; words.dispatchEvent(new Event("input")); found.push(names());
      words.value = ""; words.dispatchEvent(new Event("input"));
      status.value = "Partly graded"; status.dispatchEvent(new Event("change")); found.push(names());
      status.value = ""; status.dispatchEvent(new Event("change"));
      document.querySelectorAll("#everybody th")[1].click();
      const sorted = () => rows().map((row) => row.cells[1].dataset.sort).join(" ");
      setTimeout(() => (document.title = [...found, sorted()].join(", ")), 500);
    """
    assert seen(report(made, "x"), probe, tmp_path) == "0123, 2, 3, 0.0 0.0 10.0 10.0"


def test_histograms_and_points_by_part_and_what_a_check_told(summary: Summary) -> None:
    assert summary.rows[1].parts == (4.0, None) and sum(summary.by_part["1"]) == 3
    assert summary.checks["public/t.py::1b"].told == ("line # is wrong", 2)
    html = report(summary, "Homework 4")
    assert "2 were told: line # is wrong" in html and 'aria-label="Part 1' in html
    assert "may think" not in html  # of an unknown sentence nobody knows what lies behind it


def test_behind_a_known_sentence_stands_the_misconception(assignment: Assignment) -> None:
    made = Summary(assignment.parts)
    said = "the targets are next states, but they should be changes"
    made.add(one(assignment, "student-1", {"1a": Outcome.FAILED}, said))
    assert "who hears that may think: the network predicts the next state itself" in report(
        made, "Homework 4"
    )
    state_t = "a goal is from state t, before the transition: 'future' starts at t+1"
    assert "the state before the transition is a future one" in behind(["4b"], state_t)
    assert behind(["1a", "4b"], "") == [] == behind(["9z"], said)


# What keeps people from reading a page: contrast, labels, heads of tables, the keyboard (WCAG 2.1 A and AA).
AXE = """
  axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).then((found) => {
    const told = found.violations.map((v) => v.impact + " " + v.id + ": " + v.nodes[0].target);
    document.title = told.join("; ") || "nothing";
  }).catch((error) => (document.title = "axe: " + error));
"""


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1100])
@pytest.mark.parametrize("name", ["report", "feedback", "pair", "experiments"])
def test_axe_finds_nothing(name: str, width: int, dark: bool, assignment: Assignment, tmp_path: Path) -> None:
    made = Summary(assignment.parts)
    last = one(assignment, "s-99", {"1a": Outcome.PASSED, "1b": Outcome.CRASHED, "2a": Outcome.NOT_ATTEMPTED})
    for i in range(9):
        made.add(
            one(
                assignment,
                f"s-{i}",
                {"1a": Outcome.FAILED, "1b": Outcome.TIMED_OUT},
                status=list(Status)[i % 5],
            )
        )
    made.add(last)
    link = Link("s-1", "s-2", "sums.py", 0.9, 9.0)
    (pair,) = pairs_of([link])
    made.similar = groups_of([pair])
    if name == "report":
        html = report(made, "Homework 4")
    elif name == "feedback":
        html = feedback(last.grade)
    elif name == "experiments":
        page_of_all = write_experiments(tmp_path, "x", [("Ann", "", write_right(tmp_path))])
        html = page_of_all.read_text(encoding="utf-8") if page_of_all else ""
    else:
        for folder in ("s-1", "s-2", "starter"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "sums.py").write_text("" if folder == "starter" else SUMS * 3)
        folders = tmp_path / "s-1", tmp_path / "s-2"
        html = page(pair, {}, [side_by_side(link, "sums.py", folders, tmp_path / "starter")], "Homework 4")
    axe = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    html = html.replace("</body>", f"<script nonce=probe>{axe}</script></body>")
    assert seen(html, AXE, tmp_path, width, dark) == "nothing"
