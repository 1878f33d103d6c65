"""What a student sees of hidden checks, and when: on feedback.html and on Gradescope."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from autograder.course.late import Policy, late
from autograder.grader.report import page, results, tables
from autograder.grader.report.grade import Grade
from autograder.grader.report.scoring import score
from autograder.tests.conftest import COURSE, Assignment

NOW = datetime.now(UTC)
PAST, FUTURE = NOW - timedelta(days=1), NOW + timedelta(days=1)


def graded(assignment: Assignment, hidden: str, **more: object) -> Grade:
    assignment.write("course.toml", f'name = "Homework <4>"\n{COURSE}[feedback]\nhidden = "{hidden}"\n')
    found = tuple(assignment.run())
    parts = assignment.parts
    return Grade("Ann One", found, score(found, parts), 0, 1.0, "none", settings=parts.settings, **more)


@pytest.mark.parametrize(
    ("hidden", "due", "shown"),
    [
        ("visible", None, True),
        ("after_published", FUTURE, True),  # handing out the page is publishing it
        ("after_due_date", FUTURE, False),
        ("after_due_date", PAST, True),
        ("after_due_date", None, False),  # nobody knows when it is due
        ("hidden", PAST, False),
    ],
)
def test_the_page_shows_hidden_checks_and_points_when_the_course_says(
    assignment: Assignment, hidden: str, due: datetime | None, shown: bool
) -> None:
    html = page.feedback(graded(assignment, hidden), due)
    assert ("Adding fresh numbers" in html) == shown and "Two arrays are added" in html
    assert (">20 <" in html and "4 / 4" in html) == shown and ("20" in html) == shown
    assert (page.NEVER in html) == (hidden == "hidden")
    assert (page.NOT_YET in html) == (hidden == "after_due_date" and not shown)
    assert "<title>Homework &lt;4&gt;, Ann One" in html


def test_a_penalty_does_not_tell_the_points(assignment: Assignment) -> None:
    came = late(NOW, PAST - timedelta(days=1), Policy(penalty=0.1), UTC)
    assert "costs" in page.feedback(graded(assignment, "visible", late=came))
    html = page.feedback(graded(assignment, "hidden", late=came))
    assert "costs" not in html and not re.search(r"\d points", html)


@pytest.mark.parametrize("hidden", ["visible", "after_due_date", "after_published", "hidden"])
def test_gradescope_is_told_in_its_own_words(assignment: Assignment, hidden: str) -> None:
    tests = results.gradescope(graded(assignment, hidden))["tests"]
    seen = {(test["extra_data"]["id"].split("/")[0], test["visibility"]) for test in tests}
    assert seen == {("public", "visible"), ("hidden", hidden)}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("def add(a, b):\n    return (a\n", "sums.py does not parse: line 2"),
        ("import nothing_of_this_name\n", "sums.py cannot be imported"),
    ],
)
def test_what_is_wrong_with_a_whole_file_is_said_once(
    assignment: Assignment, text: str, sentence: str
) -> None:
    """Not with every check, and without hints that belong to other mistakes; a mistake in one hole stays there."""
    assignment.write("hw/sums.py", text)
    grade = graded(assignment, "hidden")
    written = StringIO()
    console = Console(file=written, width=200)
    tables.print_messages(grade, console)
    shown = written.getvalue()
    assert shown.count(sentence) == 1 and "1a 1b" in shown and "it is a plain sum" not in shown
    html = page.feedback(graded(assignment, "visible"))
    assert html.count(sentence) == 1 and "it is a plain sum" not in html


def test_a_mistake_in_one_hole_stays_with_its_check(assignment: Assignment) -> None:
    assignment.write("hw/sums.py", "def add(a, b):\n    return a\n\n\ndef double(x):\n    return 2 * x\n")
    html = page.feedback(graded(assignment, "visible"))
    assert html.index("<h2>1 ") < html.index("<summary>") < html.index("it is a plain sum")
