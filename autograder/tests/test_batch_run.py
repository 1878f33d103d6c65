"""A whole class, graded by real processes: what is run, what is remembered, and what a death costs."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.staff.batch.run import Course, Ended, grade_class
from autograder.staff.batch.show import Quiet
from autograder.staff.batch.state import State
from autograder.tests.conftest import SUMS, WORDS, Assignment
from autograder.tests.packing import unpack, zipped
from envs.errors import UserMistake

# A check in which the grader's own process dies, for good or once (the file then tells the second try).
DEADLY = """
import os
from pathlib import Path
from autograder.checks.checking import expect, subpart

@subpart("2a")
def test_deadly(student):
    \"\"\"Shouting shouts.\"\"\"
    said = student.words.shout("hey")
    if said == "DIE" or (said == "DIE ONCE" and not Path({mark!r}).exists()):
        Path({mark!r}).touch()
        os._exit(9)
    expect(said.isupper(), "that is not shouting")
"""
WRONG = SUMS.replace("a + b", "a - b")


def words(answer: str) -> str:
    return f"def shout(text):\n    return {answer!r}\n"


class Class:
    """A class with its course; `grade` returns how it ended, `points` what grades.csv says."""

    def __init__(self, root: Path) -> None:
        self.assignment = Assignment(root / "course")
        self.out = root / "out"
        self.source = unpack(
            root / "class",
            {
                "student-1.zip": zipped({"sums.py": SUMS, "words.py": WORDS}),
                "student-2/hw/sums.py": SUMS,
                "student-2/hw/words.py": WORDS,
                "student-3/sums.py": WRONG,
                "student-4/essay.pdf": "%PDF",
                "student-5/sums.py": "import os\nos._exit(0)",
                "student-5/words.py": WORDS,
            },
        )

    def grade(self, out: Path | None = None, jobs: int = 2, **more) -> Ended:
        a = self.assignment
        course = Course(a.hw, a.roots, a.parts, a.root / "parts.toml", "Homework 4")
        more = {"seed": 7, "similarity": False} | more
        return grade_class(self.source, out or self.out, course, jobs=jobs, **more)

    def rows(self, out: Path | None = None) -> dict[str, dict[str, str]]:
        with open((out or self.out) / "grades.csv", encoding="utf-8") as file:
            return {row["Submission ID"]: row for row in csv.DictReader(file)}

    @property
    def points(self) -> dict[str, str]:
        return {key: row["Total Score"] for key, row in self.rows().items()}


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Class:
    """Graded once, by two processes; tests copy it before they change anything."""
    made = Class(tmp_path_factory.mktemp("graded"))
    assert made.grade().graded_now == 9  # three contents, three files: students 1 and 2 are one
    return made


@pytest.fixture
def group(graded: Class, tmp_path: Path) -> Class:
    copy = Class(tmp_path)
    shutil.copytree(graded.source, copy.source, dirs_exist_ok=True)
    shutil.copytree(graded.out, copy.out)
    for path in graded.source.rglob("*"):  # the times of change are part of what is remembered
        facts = path.stat()
        os.utime(copy.source / path.relative_to(graded.source), ns=(facts.st_atime_ns, facts.st_mtime_ns))
    return copy


RIGHT = {
    "student-1": "20.0",
    "student-2": "20.0",
    "student-3": "6.0",
    "student-4": "",  # nobody could open it: no grade
    "student-5": "10.0",
}


def test_everybody_gets_a_grade_a_page_and_a_line(graded: Class) -> None:
    assert graded.points == RIGHT
    rows = graded.rows()
    assert rows["student-4"]["Status"] == "To look at" and "essay.pdf" in rows["student-4"]["Notes"]
    assert {rows[key]["Status"] for key in rows if key != "student-4"} == {"Graded"}
    for key, points in RIGHT.items():
        results = json.loads((graded.out / "students" / key / "results.json").read_text())
        assert results["score"] == float(points or 0)
        assert "<!doctype html>" in (graded.out / "students" / key / "feedback.html").read_text()
    assert "Homework 4" in (graded.out / "canvas.csv").read_text()
    assert "the sum is not a sum" in (graded.out / "report.html").read_text()


def test_a_second_run_runs_nothing_and_writes_the_same(group: Class) -> None:
    before = (group.out / "grades.csv").read_bytes()
    pages = {path: path.stat().st_mtime_ns for path in group.out.glob("students/*/*")}
    ended = group.grade()
    assert ended.graded_now == 0 and ended.before is None
    assert (group.out / "grades.csv").read_bytes() == before
    assert {path: path.stat().st_mtime_ns for path in group.out.glob("students/*/*")} == pages


def test_the_number_of_jobs_changes_nothing(graded: Class, tmp_path: Path) -> None:
    graded.grade(tmp_path / "one", jobs=1)
    assert (tmp_path / "one/grades.csv").read_bytes() == (graded.out / "grades.csv").read_bytes()


def test_only_a_changed_check_file_is_run_again(group: Class) -> None:
    stricter = (
        "\n@subpart('2a')\ndef test_more(student):\n    expect(student.words.shout('a') == 'B', 'no')\n"
    )
    path = group.assignment.root / "checks/public/test_words.py"
    path.write_text(path.read_text() + stricter)
    ended = group.grade()
    assert ended.graded_now == 3
    assert group.points == RIGHT | {"student-1": "15.0", "student-2": "15.0", "student-5": "5.0"}
    assert ended.before is not None and '"student-1",20.0' not in (group.out / "grades.csv").read_text()
    assert ",20.0," in ended.before.read_text()


def test_only_a_changed_submission_is_run_again_and_a_former_one_is_remembered(group: Class) -> None:
    (group.source / "student-3/words.py").write_text(WORDS)
    assert group.grade().graded_now == 3 and group.points["student-3"] == "16.0"
    (group.source / "student-3/words.py").unlink()
    assert group.grade().graded_now == 0 and group.points == RIGHT


def test_other_points_need_no_run_but_new_pages(group: Class) -> None:
    path = group.assignment.root / "course.toml"
    path.write_text(path.read_text().replace("1a = 4", "1a = 5"))
    assert group.grade().graded_now == 0 and group.points["student-1"] == "21.0"
    assert json.loads((group.out / "students/student-1/results.json").read_text())["score"] == 21


def test_regrade_and_only(group: Class) -> None:
    assert group.grade(regrade=["student-3"]).graded_now == 3
    assert group.grade(regrade=["1a", "student-[13]"]).graded_now == 4
    assert group.grade(regrade=["hidden/test_sums.py::test_add_fresh"]).graded_now == 3
    assert group.grade(regrade=["2"], only=["student-5"]).graded_now == 1
    assert {key: row["Status"] for key, row in group.rows().items() if "Partly" in row["Status"]} == {
        "student-1": "Partly graded",
        "student-2": "Partly graded",
        "student-3": "Partly graded",
    }
    assert group.grade().graded_now == 2 and group.points == RIGHT
    with pytest.raises(UserMistake, match="student-9 is no part, sub-part, check file or submission"):
        group.grade(only=["student-9"])


def test_a_grading_process_that_dies_costs_a_retry_or_says_could_not_run(tmp_path: Path) -> None:
    group = Class(tmp_path)
    mark = str(tmp_path / "mark")
    group.assignment.write("checks/hidden/test_words.py", DEADLY.format(mark=mark))
    unpack(group.source, {"student-6/words.py": words("DIE"), "student-7/words.py": words("DIE ONCE")})
    group.grade(jobs=1, only=["student-1", "student-7"])
    assert group.rows()["student-7"]["Status"] == "Graded"
    group.grade(jobs=1)
    rows = group.rows()
    assert rows["student-6"]["Status"] == "Run again" and rows["student-1"]["Status"] == "Graded"
    assert rows["student-6"]["2a: shouting (10 pts)"] == "0.0"  # the public check's verdict alone
    canvas = (group.out / "canvas.csv").read_text().splitlines()
    assert [line.rsplit(",", 1)[1] for line in canvas if "student-6" in line] == ['""']
    page = (group.out / "students/student-6/feedback.html").read_text()
    assert "could not run" in page and "withheld" in page
    group.assignment.write(
        "checks/hidden/test_words.py", DEADLY.format(mark=mark).replace('"DIE"', '"NEVER"')
    )
    group.grade(jobs=1)
    assert group.rows()["student-6"]["Status"] == "Graded"


def test_a_check_file_that_kills_its_worker_takes_no_other_file_with_it(tmp_path: Path) -> None:
    group = Class(tmp_path)
    group.assignment.write("checks/public/test_deadly.py", DEADLY.format(mark=str(tmp_path / "mark")))
    unpack(group.source, {"student-6/sums.py": SUMS, "student-6/words.py": words("DIE")})
    assert group.grade(jobs=1, only=["student-6"]).graded_now == 4
    row = group.rows()["student-6"]
    assert (
        row["Status"] == "Run again"
        and "public/test_deadly.py could not run: the worker died" in row["Notes"]
    )
    assert (row["1a: adding (4 pts)"], row["1b: doubling (6 pts)"]) == ("4.0", "6.0")


def test_two_runs_at_a_time_and_a_damaged_or_foreign_state_are_refused(graded: Class, tmp_path: Path) -> None:
    shutil.copytree(graded.out, tmp_path / "out")
    with State(tmp_path / "out"), pytest.raises(UserMistake, match="another run is using it"):
        graded.grade(tmp_path / "out")
    with pytest.raises(UserMistake, match="was graded with seed 7: choose another OUT for seed 8"):
        graded.grade(tmp_path / "out", seed=8)
    (tmp_path / "out/state.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(UserMistake, match="is damaged"):
        graded.grade(tmp_path / "out")
    with pytest.raises(UserMistake, match="JOBS must be at least 1"):
        graded.grade(tmp_path / "out", jobs=0)


def test_ctrl_c_writes_what_is_known(group: Class) -> None:
    class Impatient(Quiet):
        def advance(self, what: str) -> None:
            raise KeyboardInterrupt

    (group.source / "student-3/words.py").write_text(WORDS)
    (group.out / "grades.csv").unlink()

    class Once(Impatient):
        def stage(self, name: str, total: int) -> None:
            self.advance = Impatient.advance.__get__(self) if name == "grading" else Quiet().advance

    with pytest.raises(KeyboardInterrupt):
        group.grade(show=Once())
    assert group.points == RIGHT | {"student-3": group.points["student-3"]}
    assert group.grade().graded_now in (1, 2)


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_to_the_same_grades(graded: Class, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = (
        "import sys; from pathlib import Path; from autograder.tests.test_batch_run import Class;"
        "c = Class.__new__(Class); c.assignment = __import__('autograder.tests.conftest', fromlist=['x']).Assignment("
        "Path(sys.argv[1])); c.source = Path(sys.argv[2]); c.grade(Path(sys.argv[3]))"
    )
    command = [sys.executable, "-c", code, graded.assignment.root, graded.source, out]
    for seconds in (1.2, 2.0, 2.8, 3.6):
        process = subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    graded.grade(out)
    assert (out / "grades.csv").read_bytes() == (graded.out / "grades.csv").read_bytes()
