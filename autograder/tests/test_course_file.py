"""course.toml: what it says is read, and each mistake in it is one sentence with the file and the line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from autograder.course.file import COURSE_FILE, read_deadlines
from autograder.course.late import Deadlines
from autograder.course.parts import read_parts
from autograder.staff.release import gradescope
from autograder.staff.release.errors import ReleaseError
from envs.errors import UserMistake

ROOT = Path(__file__).parents[2]
FULL = """
zone = "Europe/Berlin"
due = "2026-11-20T23:59"

[late]
grace_minutes = 15
penalty = 0.1
max_penalty = 0.5
free_days = 2
max_days = 5
on_gradescope = true

[extensions]
1017 = 3
"student-018@example.org" = 2026-11-27
"""


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "course.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_everything_it_can_say(write) -> None:
    course = read_deadlines(write(FULL))
    assert course.due == datetime(2026, 11, 20, 22, 59, tzinfo=UTC)
    policy = course.policy
    assert (policy.grace, policy.penalty, policy.max_penalty) == (timedelta(minutes=15), 0.1, 0.5)
    assert (policy.free_days, policy.max_days, policy.on_gradescope) == (2, 5, True)
    assert course.due_for(["1017"])[0] == datetime(2026, 11, 23, 22, 59, tzinfo=UTC)
    assert course.due_for(["Student-018@example.org"])[0] > datetime(2026, 11, 27, 22, 59, tzinfo=UTC)
    assert read_deadlines(write(b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode())) == course


def test_what_it_does_not_say_costs_nothing(write) -> None:
    assert read_deadlines(write("# nothing")) == Deadlines()
    assert read_deadlines() == Deadlines() and COURSE_FILE.is_file()  # as the kit comes


def test_every_example_in_the_courses_own_file_can_be_used(write) -> None:
    lines = COURSE_FILE.read_text(encoding="utf-8").splitlines()
    path = write("\n".join(re.sub(r'^# (\[|"|\w+ = )', r"\1", line) for line in lines))
    course = read_deadlines(path)
    assert course.due and course.policy.penalty and course.extensions
    (path.parent / "parts.toml").write_bytes((COURSE_FILE.parent / "parts.toml").read_bytes())
    parts = read_parts(path.parent / "parts.toml")
    given = [part.given for part in (*parts.others, *parts.parts)]
    assert given == ["complete", *["holes"] * (len(read_parts().parts) - 1)]
    assert parts.total == 100 and parts.settings == read_parts().settings  # they show what holds without them


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("zone = 3", 1, 'zone: must be the name of a time zone such as "Europe/Berlin", not 3'),
        ('zone = "Berlin"', 1, 'there is no time zone "Berlin"; write it like "Europe/Berlin"'),
        ('zone = "../../etc/passwd"', 1, "there is no time zone"),
        ('zone = "Europe"', 1, "there is no time zone"),
        ("\ndue = 2026-11-20", 2, "due: 2026-11-20 does not say in which zone: write 2026-11-20T23:59+01:00"),
        ('zone = "UTC"\ndue = 2026-11-20T23:59', 2, "put a date without seconds in quotation marks"),
        ('due = "2026-02-31"', 1, "due: 2026-02-31 is no date"),
        ("due = 23:59:00", 1, 'due: must be a date such as "2026-11-20T23:59", not 23:59:00'),
        ("due = true", 1, "due: must be a date"),
        ('zone = "UTC"\ndeu = 2026-11-20', 2, "deu: is no key here; did you mean due?"),
        (
            'zone = "UTC"\n[late]\npenalty = "10 %"',
            3,
            'late.penalty: must be a number from 0 to 1, not "10 %"',
        ),
        ('zone = "UTC"\n[late]\npenalty = 10', 3, "late.penalty: must be a number from 0 to 1, not 10"),
        ('zone = "UTC"\n[late]\npenalty = nan', 3, "late.penalty: must be a number from 0 to 1, not nan"),
        ('zone = "UTC"\n[late]\npenalty = true', 3, "late.penalty: must be a number"),
        ('zone = "UTC"\nlate.penalty = -1', 2, "late.penalty: must be a number"),
        (
            'zone = "UTC"\nlate = { grace_minutes = inf }',
            2,
            "late.grace_minutes: must be a number of minutes",
        ),
        ('zone = "UTC"\n[late]\nfree_days = 1.5', 3, "late.free_days: must be a whole number of days"),
        ('zone = "UTC"\n[late]\nfree_day = 1', 3, "late.free_day: is no key here; did you mean free_days?"),
        (
            'zone = "UTC"\n[late]\nfree_days = 5\nmax_days = 3',
            3,
            "late.free_days: is more than max_days, which is 3",
        ),
        ('zone = "UTC"\n[late]\npenalty = 0.5\nmax_penalty = 0.1', 4, "late.max_penalty: is less than"),
        ("[late]\npenalty = 0.1", 1, "late: late days need the course's zone"),
        ('[extensions]\n"1" = "2026-11-20T23:59+01:00"', 1, "extensions: late days need the course's zone"),
        ("late = 3", 1, "late: must be a table [late], not 3"),
        (
            'zone = "UTC"\n[extensions]\n1017 = -1',
            3,
            "extensions.1017: must be a whole number of days from 0 to 365",
        ),
        ('zone = "UTC"\n[extensions]\n1017 = "soon"', 3, "extensions.1017: soon is no date"),
        (
            'zone = "UTC"\n[extensions]\nann.one = 3',
            3,
            "extensions.ann: put the student's id or email in quotation",
        ),
        (
            'zone = "UTC"\ndue = 2026-11-20\n[extensions]\n7 = 2025-11-27',
            4,
            "extensions.7: lies before the homework",
        ),
        (
            'zone = "UTC"\n[extensions]\n"a@x" = 1\n"A@X" = 2',
            4,
            "extensions.A@X: this student has two extensions",
        ),
        ('zone = "UTC"\n[extensions]\n"" = 1', 2, "an extension is without a student's id"),
    ],
)
def test_a_mistake_is_one_sentence_with_the_line(text: str, line: int, sentence: str, write) -> None:
    path = write(text)
    with pytest.raises(UserMistake) as caught:
        read_deadlines(path)
    said = str(caught.value)
    assert said.startswith(f"{path}, line {line}: ") and sentence in said and "\n" not in said


@pytest.mark.parametrize(
    "text", ["zone =", 'zone = "UTC"\nzone = "UTC"', b"\xff\xfe", "a.b = [", "x" * 10_000]
)
def test_what_is_no_toml_is_one_sentence(text: str | bytes, write) -> None:
    with pytest.raises(UserMistake, match=r"course\.toml is not (valid TOML|written in UTF-8)") as caught:
        read_deadlines(write(text))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(UserMistake, match="cannot be read: "):
            read_deadlines(path)


def test_gradescope_is_told_of_a_mistake_at_once(tmp_path: Path, monkeypatch) -> None:
    names = gradescope.build(ROOT, tmp_path / "g.zip")
    assert "kit/autograder/course.toml" in names and "kit/autograder/course/file.py" in names

    def broken(path: Path) -> None:
        raise ReleaseError(["course.toml, line 3: due: soon is no date"])

    monkeypatch.setattr(gradescope, "read_outline", broken)
    with pytest.raises(ReleaseError, match="line 3: due: soon is no date"):
        gradescope.build(ROOT, tmp_path / "g.zip")
