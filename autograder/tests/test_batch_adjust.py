"""adjust.csv: what the staff does by hand counts, is marked, stays in every regrading, is refused if it is wrong."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from autograder.staff.batch.adjust import read_adjustments
from autograder.staff.batch.uploads.uploads import Student, Upload
from autograder.tests.test_batch_run import RIGHT, Class, graded, group  # noqa: F401
from envs.errors import UserMistake

HEAD = "Submission,Points,Reason\n"
UPLOADS = [
    Upload("ann_one", (Student("Ann One", "1017", "ann@example.org"),), Path("x"), ()),
    Upload(
        "team_2", (Student("Bo Two", "1018", "bo@example.org"), Student("Cy Three", "1019")), Path("x"), ()
    ),
    Upload("team_3", (Student("Di Four", "1020"), Student("Bo Two", "1018")), Path("x"), ()),
]


def write(folder: Path, text: str) -> Path:
    path = folder / "adjust.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_student_is_named_by_id_sid_or_email_and_lines_add_up(tmp_path: Path) -> None:
    text = (
        '\ufeffSubmission;Points;Reason\nANN_one;+2;a typo in a name\n1017;-0,5;"late; by mail"\n\n'
        "1019;=60;from the PDF\nann@example.org;;Well explained!\n"
    )
    found = read_adjustments(write(tmp_path, text), UPLOADS)
    assert [(a.points, a.is_total, a.reason) for a in found["ann_one"]] == [
        (2.0, False, "a typo in a name"),
        (-0.5, False, "late; by mail"),
        (0.0, False, "Well explained!"),
    ]
    assert [(a.points, a.is_total) for a in found["team_2"]] == [(60.0, True)]
    assert read_adjustments(tmp_path / "none.csv", UPLOADS) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the first line of .* must be: Submission,Points,Reason"),
        ("who,points,why\n", "the first line of .* must be"),
        (HEAD + "nobody,+2,x\n", "line 2: nobody here has the Submission ID, SID or Email 'nobody'"),
        (HEAD + ",+2,x\n", "line 2: it names nobody"),
        (HEAD + "1017,+2,\n", "line 2: it gives the student no reason"),
        (HEAD + "1017,two,x\n", "line 2: 'two' is no number of points"),
        (HEAD + "1017,nan,x\n", "line 2: 'nan' is no number"),
        (HEAD + "1017,=inf,x\n", "line 2: '=inf' is no number"),
        (HEAD + "1017,=-3,x\n", "line 2: '=-3' is no number"),
        (HEAD + "1017,=,x\n", "line 2: '=' is no number"),
        (HEAD + "1017,1,a, b\n", "line 2: it has 4 cells, not 3"),
        (HEAD + "1017,=1,x\n1017,=2,y\n", "line 3: 1017 has two lines with a total"),
        (HEAD + "1018,1,x\n", "line 2: '1018' has several submissions"),
    ],
)
def test_a_wrong_line_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserMistake, match=said):
        read_adjustments(write(tmp_path, text), UPLOADS)


def test_bytes_that_are_no_text_are_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "adjust.csv"
    path.write_bytes(HEAD.encode() + b"1017,1,M\xfcller\n")
    with pytest.raises(UserMistake, match="cannot be read as a CSV file in UTF-8"):
        read_adjustments(path, UPLOADS)


@pytest.mark.slow
def test_adjustments_count_and_survive_a_regrade(group: Class) -> None:  # noqa: F811
    """In every table and on the page; nothing is graded again for them, and without the file they are gone."""
    lines = "student-1,-3,copied a plot\nstudent-2,,Nice <b>\nstudent-5,=7,by hand\n"
    write(group.out, HEAD + lines)
    assert group.grade().graded_now == 0
    for _ in range(2):
        rows = group.rows()
        assert (rows["student-1"]["Total Score"], rows["student-1"]["Changed by Hand"]) == ("17.0", "-3.0")
        assert rows["student-1"]["Reason"] == "copied a plot" and rows["student-1"]["Status"] == "Graded"
        assert (rows["student-2"]["Total Score"], rows["student-2"]["Changed by Hand"]) == ("20.0", "")
        assert (rows["student-5"]["Total Score"], rows["student-5"]["Status"]) == ("7.0", "Graded by hand")
        page = lambda who: (group.out / "students" / who / "feedback.html").read_text()  # noqa: E731
        assert "Changed by hand, −3: copied a plot" in page("student-1") and "changed by hand" in page(
            "student-1"
        )
        assert "Nice &lt;b&gt;" in page("student-2") and "changed by hand" not in page("student-2")
        assert "Set to 7 points by hand: by hand" in page("student-5")
        for name in ("canvas.csv", "moodle.csv", "brightspace.csv"):
            with open(group.out / name, encoding="utf-8") as file:
                assert {"17.0", "7.0"} <= {cell for row in csv.reader(file) for cell in row}
        group.grade(regrade=["student-1"])
    (group.out / "adjust.csv").unlink()
    group.grade()
    names = ("student-1", "student-5")
    assert {key: group.points[key] for key in names} == {key: RIGHT[key] for key in names}
    assert "copied a plot" not in (group.out / "students/student-1/feedback.html").read_text()


def test_a_wrong_file_stops_before_anything_is_graded(group: Class) -> None:  # noqa: F811
    before = (group.out / "grades.csv").read_bytes()
    write(group.out, HEAD + "student-9,+1,x\n")
    with pytest.raises(UserMistake, match="line 2"):
        group.grade()
    assert (group.out / "grades.csv").read_bytes() == before
