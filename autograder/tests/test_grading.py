"""From a path to a grade, in a separate process, for submissions of every kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.grader import grading, own_code
from autograder.grader.grading import Grader
from autograder.grader.inside.confine.layers import NONE
from autograder.grader.outcomes import Outcome
from autograder.grader.outside import probe
from autograder.grader.report import page, results
from autograder.grader.report.grade import Grade
from autograder.staff.hidden.sandbox.canary import escaped
from autograder.tests.conftest import SUMS, WORDS, Assignment
from envs.errors import UserMistake

HOLE = "def {name}(*args):\n    raise NotImplementedError('TODO({id}): {name}')\n"
STARTER = HOLE.format(name="add", id="1a") + HOLE.format(name="double", id="1b")


@pytest.fixture(scope="module")
def grader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grader]:
    course = Assignment(tmp_path_factory.mktemp("course"))
    course.write("hw/sums.py", STARTER)
    with Grader(course.hw, course.roots, course.parts, canary=escaped) as grader:
        yield grader


@pytest.fixture
def grade(grader: Grader, tmp_path: Path):
    def grade(files: dict[str, str], **options: object) -> Grade:
        folder = tmp_path / "ada"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        return grader.grade(folder, **options)

    return grade


def earned(grade: Grade) -> dict[str, float]:
    return {sub.subpart.id: sub.earned for sub in grade.score.subparts}


def test_a_complete_submission_gets_everything(grade) -> None:
    graded = grade({"sums.py": SUMS, "words.py": WORDS})
    assert (graded.score.earned, graded.score.possible, graded.notes) == (20, 20, ())
    assert graded.isolation == probe.best().name and graded.submission == "ada"


def test_an_untouched_submission_gets_nothing_and_is_not_attempted(grade) -> None:
    graded = grade({"sums.py": STARTER, "words.py": HOLE.format(name="shout", id="2a")})
    assert graded.score.earned == 0
    assert {sub.outcome for sub in graded.score.subparts} == {Outcome.NOT_ATTEMPTED}


@pytest.mark.parametrize(
    ("sums", "points"),
    [
        (SUMS.replace("a + b", "a - b"), {"1a": 0, "1b": 6, "2a": 10}),
        (
            SUMS.replace("return a + b", "raise NotImplementedError('TODO(1a): x')"),
            {"1a": 0, "1b": 6, "2a": 10},
        ),
        (SUMS.replace("return a + b", "import os; os._exit(0)"), {"1a": 0, "1b": 6, "2a": 10}),
        (SUMS.replace("return a + b", "return add(a, b)"), {"1a": 0, "1b": 6, "2a": 10}),
        ("def add(a, b:\n", {"1a": 0, "1b": 0, "2a": 10}),
        ("import nothing_like_this\n", {"1a": 0, "1b": 0, "2a": 10}),
        ("import sys; sys.exit(0)\n", {"1a": 0, "1b": 0, "2a": 10}),
        ("import os; os._exit(0)\n", {"1a": 0, "1b": 0, "2a": 10}),
        ("\0", {"1a": 0, "1b": 0, "2a": 10}),
        ("# coding: latin-17\n", {"1a": 0, "1b": 0, "2a": 10}),
        ("x = " + "(" * 5000 + ")" * 5000, {"1a": 0, "1b": 0, "2a": 10}),
        (
            "import numpy as np\nnp.allclose = np.all = lambda *a, **k: True\nimport pytest, _pytest.runner\n"
            "class Yes:\n    def __eq__(self, o): return True\n"
            "def add(a, b): return Yes()\ndef double(x): return float('nan') * x\n",
            {"1a": 0, "1b": 0, "2a": 10},
        ),
    ],
)
def test_a_bad_part_costs_its_own_points_only(grade, sums: str, points: dict[str, float]) -> None:
    graded = grade({"sums.py": sums, "words.py": WORDS})
    assert earned(graded) == points
    assert not graded.score.run_again
    for result in graded.results:
        assert bool(result.message) == (result.outcome != Outcome.PASSED)
        assert result.message.isprintable() and len(result.message) <= 600


def test_a_missing_part_and_an_extra_file_are_noted(grade) -> None:
    graded = grade({"words.py": WORDS, "pytest.py": "raise SystemExit"})
    assert earned(graded) == {"1a": 0, "1b": 0, "2a": 10}
    assert graded.notes == ("sums.py is missing: part 1 counts as not attempted",)
    assert graded.score.subparts[0].outcome == Outcome.NOT_ATTEMPTED


def test_a_selection_is_graded_alone_and_a_seed_repeats(grade) -> None:
    files = {"sums.py": SUMS, "words.py": WORDS}
    graded = grade(files, selection=frozenset({"1a"}), seed=7)
    assert [r.id for r in graded.results] == [
        "public/test_sums.py::test_add",
        "hidden/test_sums.py::test_add_fresh",
    ]
    assert graded.seed == 7 and graded.score.possible == 4
    assert grade(files).seed != grade(files).seed


def test_the_same_submission_gets_the_same_points_each_time(grade) -> None:
    files = {"sums.py": SUMS.replace("a + b", "a + b + (np.random.rand() > 0.5)"), "words.py": WORDS}
    assert len({tuple(earned(grade(files, seed=3)).items()) for _ in range(4)}) == 1


def test_a_check_that_could_not_run_withholds_the_points_and_is_said_at_the_top(tmp_path: Path) -> None:
    course = Assignment(tmp_path)
    course.write("checks/hidden/test_sums.py", "import no_such_thing\n")
    course.write(
        "checks/hidden/test_words.py",
        "from autograder.checks.checking import subpart\n@subpart('2a')\ndef test_a(student):\n    1 / 0\n",
    )
    graded = grading.grade(course.hw, course.hw, course.roots, course.parts, canary=escaped)
    assert graded.score.earned == 15 and len(graded.score.run_again) == 2
    assert results.gradescope(graded)["score"] == 0.0 and results.as_dict(graded)["withheld"] is True
    for text in (results.gradescope(graded)["output"], page.feedback(graded)):
        assert "Not graded yet: 2 checks could not run" in text and "withheld" in text


def test_gradescope_results_have_the_documented_fields(grade) -> None:
    graded = grade({"sums.py": SUMS.replace("a + b", "a - b")})
    report = json.loads(json.dumps(results.gradescope(graded), allow_nan=False))
    assert report["score"] == 6 and "seconds" not in json.dumps(report)
    allowed = {"text", "html", "simple_format", "md", "ansi"}
    assert {report["output_format"], report["test_output_format"], report["test_name_format"]} <= allowed
    assert report["visibility"] == "visible" and report["stdout_visibility"] == "hidden"
    assert "words.py is missing" in report["output"]
    fields = {
        "score",
        "max_score",
        "status",
        "name",
        "number",
        "output",
        "output_format",
        "visibility",
        "tags",
    }
    for test in report["tests"]:
        assert fields <= set(test)
        assert test["status"] in ("passed", "failed") and test["visibility"] == "visible"
        assert 0 <= test["score"] <= test["max_score"]
    assert sum(test["score"] for test in report["tests"]) == pytest.approx(report["score"])
    assert sum(test["max_score"] for test in report["tests"]) == pytest.approx(20)
    first = report["tests"][0]
    assert first["number"] == "1a.1" and first["name"] == "1a: Two arrays are added element by element"
    assert "the sum is not a sum" in first["output"] and "Hint: it is a plain sum" in first["output"]


def test_the_page_escapes_what_a_submission_says_and_needs_no_other_file(grade) -> None:
    evil = "def add(a, b):\n    raise ValueError('<script>alert(1)</script>')\n"
    html = page.feedback(grade({"sums.py": evil, "words.py": WORDS}))
    assert "<script" not in html and "&lt;script&gt;alert(1)" in html
    assert "http" not in html.replace("http-equiv", "") and "src=" not in html.replace("-src", "")
    assert "10 <span" in html and "Shouting makes capitals" in html


def test_hidden_inputs_are_in_no_report(grader: Grader, tmp_path: Path) -> None:
    spill = "def add(a, b):\n    raise ValueError('spilled ' + str(a.tolist()))\n"
    (tmp_path / "sums.py").write_text(spill)
    graded = grader.grade(tmp_path)
    found = {r.id: r for r in graded.results}
    public, hidden = found["public/test_sums.py::test_add"], found["hidden/test_sums.py::test_add_fresh"]
    assert "spilled [1.0, 1.0, 1.0]" in public.message and "spilled" not in hidden.message
    assert "spilled" in hidden.detail
    for text in (json.dumps(results.gradescope(graded)), page.feedback(graded)):
        assert text.count("spilled") == 1


def test_hidden_checks_are_refused_where_the_sandbox_does_not_hold(assignment: Assignment) -> None:
    course = assignment.hw, assignment.roots, assignment.parts
    with pytest.raises(UserMistake) as refusal, Grader(*course, canary=escaped, layers=NONE):
        pass
    sentence = str(refusal.value)
    assert "separate process only" in sentence and "read a hidden check" in sentence
    assert "--allow-weak-sandbox" in sentence and "\n" not in sentence
    with Grader(*course, canary=escaped, layers=NONE, allow_weak_sandbox=True) as grader:
        graded = grader.grade(assignment.hw)
    assert graded.score.earned == 20 and "read a hidden check" in graded.escapes
    report = results.gradescope(graded)["extra_data"]
    assert report["isolation"] == "separate process only" and "connect by tcp" in report["escapes"]
    assert "Sandbox: separate process only (weak, which staff allowed)" in page.feedback(graded)


def test_public_checks_alone_need_no_sandbox(assignment: Assignment) -> None:
    public = {"public": assignment.roots["public"]}
    with Grader(assignment.hw, public, assignment.parts, layers=NONE) as grader:
        assert grader.grade(assignment.hw).escapes == ()


def test_a_submission_cannot_read_the_seed_of_the_hidden_inputs(grade) -> None:
    drawing = "import numpy as np\ndef add(a, b): raise ValueError(f'seed {np.random.get_state()[1][0]}')\n"
    graded = grade({"sums.py": drawing}, seed=77)
    said = {r.message for r in graded.results if "seed" in r.message}
    assert len(said) == 1 and "seed 77" not in said.pop()


def test_a_direct_check_gives_the_same_grade(assignment: Assignment) -> None:
    direct = own_code.check(assignment.hw, assignment.roots, assignment.parts)
    isolated = grading.grade(
        assignment.hw, assignment.hw, assignment.roots, assignment.parts, seed=0, canary=escaped
    )
    assert [r.outcome for r in direct.results] == [r.outcome for r in isolated.results]
    assert direct.score.earned == isolated.score.earned == 20


def test_a_target_that_is_no_package_is_refused(assignment: Assignment, tmp_path: Path) -> None:
    for target, sentence in (
        (tmp_path / "nowhere", "there is no folder"),
        (tmp_path / "checks", "holds none of"),
    ):
        with pytest.raises(UserMistake, match=sentence):
            own_code.check(target, assignment.roots, assignment.parts)
