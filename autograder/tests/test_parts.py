"""parts.toml: what is wrong in it is named in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course.parts import read_parts
from autograder.grader.report.scoring import score
from autograder.grader.running import collect_checks, subparts_by_file
from autograder.tests.conftest import COURSE, PARTS, Assignment
from envs.errors import UserMistake


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[part.1]", "[part.1", "is not valid TOML"),
        (
            "[part.1]",
            "[part.one]\n[part.1]",
            "line 2: part.one: is no key here; the name of a part is a number",
        ),
        ('file = "sums.py"', "", "line 2: part.1: has no file"),
        ('"sums.py"', '"../sums.py"', "line 4: part.1.file: must be a plain name"),
        ('"sums.py"', '"weights_push.safetensors"', 'one such as "weights_{task}.safetensors"'),
        (
            "time_limit = 2",
            "time_limit = 0",
            "line 5: part.1.time_limit: must be a number of seconds above 0, not 0",
        ),
        ("time_limit = 2", 'time_limit = "2"', 'must be a number of seconds above 0, not "2"'),
        (
            '"adding"',
            '"adding", points = 4',
            "line 7: part.1.sub.1a.points: is no key here; the keys are title",
        ),
        ('"adding"', '"adding", hole = 1', "line 7: part.1.sub.1a.hole: must be true or false, not 1"),
        ("1a =", "2z =", "line 7: part.1.sub.2z: the id must be 1 and a letter"),
        ("1a =", "one =", "is no key here; the id of a sub-part is its part's number and a letter"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert old in PARTS
    path = tmp_path / "parts.toml"
    path.write_text(PARTS.replace(old, new, 1))
    with pytest.raises(UserMistake) as mistake:
        read_parts(path)
    assert sentence in str(mistake.value)
    assert str(path) in str(mistake.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="cannot be read: No such file"):
        read_parts(tmp_path / "parts.toml")


def test_selecting(tmp_path: Path) -> None:
    path = tmp_path / "parts.toml"
    path.write_text(PARTS)
    path.with_name("course.toml").write_text(COURSE)
    parts = read_parts(path)
    assert parts.select("1", None) == {"1a", "1b"} and parts.select("1", "1b") == parts.select(
        None, "1b"
    ) == {"1b"}
    assert parts.select(None, None) == {"1a", "1b", "2a"} and parts.total == 20
    with pytest.raises(UserMistake, match="there is no part '7'; there are 1, 2"):
        parts.select("7", None)
    with pytest.raises(UserMistake, match="there is no sub-part '1z'"):
        parts.select(None, "1z")
    with pytest.raises(UserMistake, match="belongs to part 1, not to part 2"):
        parts.select("2", "1a")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("1b = 6", "1c = 6", "line 3: part.1.points.1c: part 1 has no sub-part 1c; it has 1a, 1b"),
        (
            ", 1b = 6",
            "",
            "line 3: part.1.points: has no points for 1b; to leave a whole part out, take its table",
        ),
        ("points = { 2a = 10 }", "", "line 4: part.2: has no points for 2a"),
        (
            "2a = 10",
            "2a = 0",
            "line 5: part.2.points.2a: must be a number of points above 0, at most 10000, not 0",
        ),
        ("2a = 10", 'points = "ten"', "line 5: part.2.points.points: must be a number of points"),
        ("2a = 10", "2a = inf", "must be a number of points above 0, at most 10000, not inf"),
        ("[part.2]", "[part.9]", "line 4: part.9: parts.toml has no part 9; it has 1, 2"),
        ("[part.2]", "[part.two]", "line 4: part.two: is no key here; the name of a part is a number"),
        (
            "{ 2a = 10 }",
            "{ 2a = 10 }\nextar = true",
            "line 6: part.2.extar: is no key here; did you mean extra?",
        ),
        ("{ 2a = 10 }", "{ 2a = 10 }\nextra = 1", "line 6: part.2.extra: must be true or false, not 1"),
        (
            "{ 2a = 10 }",
            '{ 2a = 10 }\ngiven = "some"',
            'part.2.given: must be one of holes, complete, no, not "some"',
        ),
        ("[part.1]", "total = -1\n[part.1]", "line 2: total: must be a number of points above 0"),
        ("[part.1]", 'name = " "\n[part.1]', "line 2: name: must be a text that is not empty"),
        (
            "{ 2a = 10 }",
            '{ 2a = 10 }\n[feedback]\nhidden = "never"',
            "line 7: feedback.hidden: must be one of visible",
        ),
        (
            "{ 2a = 10 }",
            "{ 2a = 10 }\n[time]\nscale = 0",
            "line 7: time.scale: must be a number from 0.1 to 100, not 0",
        ),
        (
            "{ 2a = 10 }",
            '{ 2a = 10 }\n[weights]\ntask = "pull"',
            "line 7: weights.task: must be one of tiny, reach",
        ),
        ("{ 2a = 10 }", "{ 2a = 10 }\n[weights]\nthreshold = 0.9", "line 6: weights: has no task"),
        (
            "[part.1]",
            'hints = "few"\n[part.1]',
            'line 2: hints: must be one of none, some, all, not "few"',
        ),
        (
            "[part.1]",
            'hints_on_request = "no"\n[part.1]',
            'line 2: hints_on_request: must be true or false, not "no"',
        ),
    ],
)
def test_a_mistake_in_the_course_is_named(assignment: Assignment, old: str, new: str, sentence: str) -> None:
    assert old in COURSE
    path = assignment.write("course.toml", COURSE.replace(old, new, 1))
    with pytest.raises(UserMistake) as mistake:
        _ = assignment.parts
    assert sentence in str(mistake.value) and str(mistake.value).startswith(f"{path}, line ")


def test_a_course_in_which_nothing_counts_is_no_course(assignment: Assignment) -> None:
    for text in (
        COURSE.replace("points", "extra = true\npoints"),
        COURSE.replace("points", 'given = "no"\npoints'),
    ):
        assignment.write("course.toml", text)
        with pytest.raises(UserMistake, match="part: no part counts: at least one has points"):
            _ = assignment.parts


WEIGHTS = """
[part.3]
title = "Weights"
file = "weights_{task}.safetensors"
time_limit = 2
sub.3a = { title = "{env} policy", hole = false }
"""


def test_the_task_and_threshold_of_trained_weights(assignment: Assignment) -> None:
    assignment.write("parts.toml", PARTS + WEIGHTS)
    graded = COURSE + "[part.3]\npoints = { 3a = 5 }\n"
    assert assignment.parts.others[0].given == ""  # no table: not graded
    for text, sentence in (
        (graded, "part.3: trained weights are graded, so say on which task"),
        (graded.replace("points = { 3a", 'given = "complete"\npoints = { 3a'), 'are not given; write "no"'),
        (graded + '[weights]\ntask = "push"', "weights.task: no threshold is measured for push"),
    ):
        assignment.write("course.toml", text)
        with pytest.raises(UserMistake, match=sentence):
            _ = assignment.parts
    thresholds = "staff/hidden/thresholds/push.json"
    assignment.write(thresholds, '{"threshold": 0.88}')
    part = assignment.parts.parts[-1]
    assert (part.file, part.task, part.threshold) == ("weights_push.safetensors", "push", 0.88)
    assert part.subparts[0].title == "FetchPush policy"
    assignment.write("course.toml", graded + '[weights]\ntask = "push"\nthreshold = 0.5')
    assert assignment.parts.parts[-1].threshold == 0.5
    assignment.write("course.toml", graded + '[weights]\ntask = "push"')
    assignment.write(thresholds, '{"threshold": 0.1}')
    with pytest.raises(
        UserMistake, match="the threshold measured for push is 0\\.1, and must be above 0\\.15"
    ):
        _ = assignment.parts


def test_checks_of_a_part_that_is_not_graded_are_not_run(assignment: Assignment) -> None:
    assignment.write("course.toml", "[part.1]\npoints = { 1a = 4, 1b = 6 }\n")
    assert {sub for r in assignment.run() for sub in r.subparts} == {"1a", "1b"}
    assert assignment.parts.files == ("sums.py",) and assignment.parts.total == 10
    assert subparts_by_file(assignment.roots, assignment.parts).keys() == {
        "public/test_sums.py",
        "hidden/test_sums.py",
    }
    assert "public/test_words.py" in collect_checks(assignment.roots, assignment.parts).left_out
    both = "from autograder.checks.checking import subpart\n@subpart('1a', '2a')\ndef test_it(student): ...\n"
    assignment.write("checks/public/test_words.py", both)
    (result,) = [r for r in assignment.run() if r.file == "public/test_words.py"]
    assert result.subparts == ("1a",)
    with pytest.raises(UserMistake, match="part 2 is not graded in this course"):
        assignment.parts.select("2", None)


def test_extra_credit_is_earned_beyond_the_total(assignment: Assignment) -> None:
    assignment.write("course.toml", COURSE.replace("{ 2a = 10 }", "{ 2a = 10 }\nextra = true"))
    total = score(assignment.run(), assignment.parts)
    assert (total.earned, total.possible, assignment.parts.total) == (20, 10, 10)
    assignment.write(
        "course.toml", "total = 5\n" + COURSE.replace("{ 2a = 10 }", "{ 2a = 10 }\nextra = true")
    )
    total = score(assignment.run(), assignment.parts)
    assert (total.earned, total.possible) == (10, 5)
