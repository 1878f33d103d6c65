"""What is late, unfinished or the grader's own fault, in everything that a class grading writes."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograder.__main__ as cli
from autograder.course import parts
from autograder.staff.batch.show import Quiet
from autograder.staff.batch.tables import changes
from autograder.staff.hidden import ROOTS
from autograder.staff.hidden.sandbox.canary import escaped
from autograder.tests.conftest import SUMS, WORDS
from autograder.tests.packing import unpack
from autograder.tests.test_batch_run import DEADLY, Class, words

ROOT = Path(__file__).parents[2]
COURSE = """
zone = "Europe/Berlin"
due = "2026-11-20T23:59"
[late]
grace_minutes = 15
penalty = 0.1
max_penalty = 0.25
max_days = 9
[extensions]
"1013" = 2
"nobody@example.org" = 1
"""
WHEN = {  # submission: created_at (UTC), points of 20, late days
    11: ("2026-11-20 22:58:00 Z", 20.0, 0),
    12: ("2026-11-21 12:00:00 Z", 18.0, 1),
    13: ("2026-11-22 12:00:00 Z", 20.0, 0),  # extension
    14: ("2026-11-24 12:00:00 Z", 15.0, 4),
    15: ("2026-12-20 12:00:00 Z", 0.0, 30),
    16: ("2026-02-31 12:00:00 Z", 20.0, ""),  # no such day
}


@pytest.fixture
def staff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """staff(submissions, *options) -> (exit code, what `grade-class` printed); results lie in tmp_path/out."""
    group = Class(tmp_path / "course")
    assignment = group.assignment
    monkeypatch.setattr(cli, "PUBLIC", assignment.roots["public"])
    monkeypatch.setitem(ROOTS, "public", assignment.roots["public"])
    monkeypatch.setitem(ROOTS, "hidden", assignment.roots["hidden"])
    monkeypatch.setattr(parts, "PARTS_FILE", assignment.root / "parts.toml")
    monkeypatch.setenv("COLUMNS", "250")

    def staff(source: Path, *options: str) -> tuple[int, str]:
        own = ["--out", tmp_path / "out", "--pristine", assignment.hw, "--no-similarity"]
        monkeypatch.setattr(
            sys, "argv", list(map(str, ["autograder", "grade-class", source, *own, *options]))
        )
        try:
            code = cli.main()
        except SystemExit as left:
            code = left.code
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return staff


def table(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8") as file:
        return list(csv.DictReader(file))


def export(root: Path, when: dict[int, str]) -> Path:
    record = (
        "submission_{0}:\n  :submitters:\n  - :name: Student {0}\n    :sid: '10{0}'\n  :created_at: {1}\n"
    )
    metadata = "".join(record.format(i, created) for i, created in when.items())
    files = {
        f"submission_{i}/{name}": text
        for i in when
        for name, text in (("sums.py", SUMS), ("words.py", WORDS))
    }
    return unpack(root, {"submission_metadata.yml": metadata, **files})


def test_a_late_policy_reaches_every_table_and_page(staff, tmp_path: Path) -> None:
    source = export(tmp_path / "class", {i: created for i, (created, _, _) in WHEN.items()})
    (tmp_path / "course.toml").write_text(COURSE)
    code, said = staff(source, "--dates", tmp_path / "course.toml", "--jobs", "1")
    assert code == 0 and "extensions for nobody@example.org, but nobody here" in said
    grades = {row["Submission ID"]: row for row in table(tmp_path / "out/grades.csv")}
    canvas = {row["SIS User ID"]: row["Homework"] for row in table(tmp_path / "out/canvas.csv")}
    report = (tmp_path / "out/report.html").read_text()
    for i, (_, points, days) in WHEN.items():
        row = grades[f"submission_{i}"]
        assert row["Total Score"] == canvas[f"10{i}"] == str(points) and row["Status"] == "Graded"
        assert row["Late Days"] == str(days) and row["Points before Penalty"] == "20.0"
        assert float(row["Penalty"]) == 20 - points and row["Extended"] == ("yes" if i == 13 else "")
        assert row["Due"] == f"2026-11-{22 if i == 13 else 20} 23:59:00+01:00"
        folder = tmp_path / "out/students" / f"submission_{i}"
        results, page = (
            json.loads((folder / "results.json").read_text()),
            (folder / "feedback.html").read_text(),
        )
        assert results["score"] == points and results["extra_data"]["penalty"] == 20 - points
        came = f"; handed in {row['Submission Time']}, due {row['Due']}" if row["Submission Time"] else ""
        assert f"{came}</p>" in page and ("handed in" in page) == bool(came)
        assert re.search(rf'class="total">{points:g} ', page)
        late = f"Handed in {days} day{'s' if days != 1 else ''} late" if days else "no late"
        assert (late in page and late in results["output"]) if days else "late" not in results["output"]
    assert "is no date" in grades["submission_16"]["Notes"] and "2026-02-31" in report
    assert "nobody@example.org" in report and ">18</td>" in report
    page = (tmp_path / "out/students/submission_12/feedback.html").read_text()
    assert "20 before the penalty for handing in late" in page and "costs 2 points" in page
    # another policy needs no check to be run, and new pages
    (tmp_path / "course.toml").write_text(COURSE.replace("penalty = 0.1", "penalty = 0.2"))
    code, said = staff(source, "--dates", tmp_path / "course.toml", "--jobs", "1")
    assert "0 check files run now" in said and "18.0" in said and "16.0" in said
    assert "costs 4 points" in (tmp_path / "out/students/submission_12/feedback.html").read_text()


def test_without_a_policy_late_days_are_counted_and_cost_nothing(staff, tmp_path: Path) -> None:
    source = export(tmp_path / "class", {12: WHEN[12][0]})
    assert staff(source, "--due", "2026-11-20T23:59+01:00", "--jobs", "1")[0] == 0
    (row,) = table(tmp_path / "out/grades.csv")
    assert (row["Total Score"], row["Late Days"], row["Lateness (H:M:S)"]) == ("20.0", "1", "13:01:00")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ["--due", "2026-11-20"],
            "DUE (--due): 2026-11-20 does not say in which zone: write 2026-11-20T23:59+01:00",
        ),
        (["--due", "2026-11-20T23:59"], "does not say in which zone"),
        (["--due", "2026-02-31"], "DUE (--due): 2026-02-31 is no date"),
        (["--due", ""], "DUE (--due): an empty text is no date"),
        (["--jobs", "abc"], "JOBS must be a whole number of at least 1, not abc"),
        (["--jobs", "0"], "JOBS must be a whole number of at least 1, not 0"),
        (["--jobs", "1.5"], "JOBS must be a whole number"),
        (["--jobs", ""], "JOBS must be a whole number of at least 1, not empty"),
        (["--jobs=-2"], "JOBS must be a whole number"),
        (["--seed", "x"], "the seed must be a whole number of at least 0, not x"),
        (["--dates", "nowhere.toml"], "nowhere.toml cannot be read"),
    ],
)
def test_a_wrong_option_is_one_sentence(options: list[str], sentence: str, staff, tmp_path: Path) -> None:
    code, said = staff(export(tmp_path / "class", {11: WHEN[11][0]}), *options)
    assert code == 2 and sentence in said and len(said.strip().splitlines()) == 1


def test_the_due_date_of_the_command_is_read_in_the_courses_zone(staff, tmp_path: Path) -> None:
    source = export(tmp_path / "class", {11: "2026-11-20 22:59:30 Z", 12: "2026-11-20 23:00:00 Z"})
    (tmp_path / "course.toml").write_text('zone = "Europe/Berlin"')
    assert staff(source, "--due", "2026-11-20", "--dates", tmp_path / "course.toml", "--jobs", "1")[0] == 0
    assert [row["Late Days"] for row in table(tmp_path / "out/grades.csv")] == ["0", "1"]


def test_points_of_some_parts_are_no_grade(staff, tmp_path: Path) -> None:
    source = export(tmp_path / "class", {11: WHEN[11][0]})
    staff(source, "--jobs", "1", "--only", "2")
    (row,), (_, canvas) = table(tmp_path / "out/grades.csv"), table(tmp_path / "out/canvas.csv")
    assert (
        row["Status"] == "Partly graded"
        and row["Total Score"] == ""
        and row["Points before Penalty"] == "10.0"
    )
    assert canvas["Homework"] == ""
    folder = tmp_path / "out/students/submission_11"
    page, output = (
        (folder / "feedback.html").read_text(),
        json.loads((folder / "results.json").read_text())["output"],
    )
    for text in (page, output):
        assert "Partly graded, so the points are not final: some checks are missing of Part 1 Sums." in text
    assert "so far" in page
    report = (tmp_path / "out/report.html").read_text()
    assert "10 so far" in report and "on average" not in report
    assert not re.search(r'<div title="[^"]*: [1-9]', report)  # no bar of a histogram
    partial = (tmp_path / "out/grades.csv").read_text()
    _, said = staff(source, "--jobs", "1")
    assert "partly graded, 10.0 so far" in said and "20.0" in said
    full = (tmp_path / "out/grades.csv").read_text()
    assert changes(partial, full) == [("submission_11", "Student 11", "partly graded, 10.0 so far", "20.0")]
    page = (folder / "feedback.html").read_text()
    assert "Partly graded" not in page and "so far" not in page
    # a table of a former version had unfinished points as the total
    former = (
        '"Name","Submission ID","Total Score","Status"\n"Student 11","submission_11",10.0,"Partly graded"\n'
    )
    assert changes(former, full) == changes(partial, full)


def test_one_submission_graded_in_part_says_so(tmp_path: Path) -> None:
    assignment = Class(tmp_path).assignment
    from autograder.grader import grading
    from autograder.grader.report import page, results

    selection = assignment.parts.select("1", None)
    grade = grading.grade(
        assignment.hw, assignment.hw, assignment.roots, assignment.parts, selection=selection, canary=escaped
    )
    for text in (page.feedback(grade), results.gradescope(grade)["output"]):
        assert "Partly graded, so the points are not final: some checks are missing of Part 2 Words." in text
    whole = grading.grade(assignment.hw, assignment.hw, assignment.roots, assignment.parts, canary=escaped)
    assert "Partly" not in page.feedback(whole) and not whole.missing


def test_a_stopped_run_hands_on_no_points_and_leaves_no_old_page(tmp_path: Path) -> None:
    group = Class(tmp_path)
    group.grade(jobs=1)

    class Stops(Quiet):
        """Ctrl-C after the first check file."""

        grading = False

        def stage(self, name: str, total: int) -> None:
            self.grading = name == "grading"

        def advance(self, what: str) -> None:
            if self.grading:
                raise KeyboardInterrupt

    for name in ("student-1", "student-3", "student-5"):  # all hand in anew
        (group.source / f"{name}.zip").unlink(missing_ok=True)
        unpack(group.source / name, {"sums.py": f"{SUMS}\n# {name}", "words.py": WORDS})
    with pytest.raises(KeyboardInterrupt):
        group.grade(jobs=1, show=Stops())
    rows = group.rows()
    canvas = {row["Student"]: row["Homework 4"] for row in table(group.out / "canvas.csv")}
    statuses = {key: row["Status"] for key, row in rows.items()}
    assert sorted(statuses[f"student-{i}"] for i in (1, 3, 5)) == ["Partly graded", "Ungraded", "Ungraded"]
    assert statuses["student-2"] == "Graded" and canvas["student-2"] == "20.0"
    for key, status in statuses.items():
        page = group.out / "students" / key / "feedback.html"
        if status in ("Partly graded", "Ungraded"):
            assert canvas[key] == rows[key]["Total Score"] == ""
            assert "Partly graded" in page.read_text() if status == "Partly graded" else not page.exists()
    group.grade(jobs=1)
    assert {row["Status"] for key, row in group.rows().items() if key != "student-4"} == {"Graded"}


def test_what_the_grader_could_not_run_is_no_grade_and_the_staff_reads_why(tmp_path: Path) -> None:
    group = Class(tmp_path)
    group.assignment.write("checks/hidden/test_words.py", DEADLY.format(mark=str(tmp_path / "mark")))
    unpack(group.source, {"student-6/sums.py": SUMS, "student-6/words.py": words("DIE")})
    group.grade(jobs=1, only=["student-6"])
    row = group.rows()["student-6"]
    assert row["Status"] == "Run again" and row["Total Score"] == ""
    assert "hidden/test_words.py could not run: " in row["Notes"]
    report = (group.out / "report.html").read_text()
    look = report[report.index("<h2>To look at</h2>") : report.index("<h2>What goes wrong")]
    assert "run again" in look and "hidden/test_words.py could not run: " in look
    assert "50 to 55 %: 0" in report  # where its 10 of 20 points would be


@pytest.mark.parametrize("name", ["ONLY", "REGRADE", "DUE", "ROSTER", "JOBS", "SCHEDULER", "SUBMISSIONS"])
def test_names_of_a_class_do_not_go_with_one_submission(name: str, tmp_path: Path) -> None:
    command = ["make", "-n", "grade", f"SUBMISSION={tmp_path}"]
    done = subprocess.run([*command, f"{name}=4"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert f"SUBMISSION= grades one submission and does not go together with {name}=" in done.stderr
    if name != "SUBMISSIONS":  # what lies in the environment was not meant for this command
        outside = os.environ | {name: "4"}
        done = subprocess.run(command, cwd=ROOT, env=outside, capture_output=True, text=True)
        assert done.returncode == 0 and "autograder grade " in done.stdout
