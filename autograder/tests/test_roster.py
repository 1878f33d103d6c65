"""A roster names who handed in nothing, and gives the names that an export does not tell."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from autograder.staff.batch.uploads.find import find_uploads
from autograder.staff.batch.uploads.matching import with_roster
from autograder.staff.batch.uploads.roster import read_roster
from autograder.staff.batch.uploads.uploads import Upload
from autograder.tests import exports
from autograder.tests.conftest import SUMS, Assignment
from autograder.tests.exports import ZOE
from autograder.tests.packing import unpack
from autograder.tests.test_batch_run import Class
from envs.errors import UserMistake

OWN = (
    f"Name,ID,Email\nAnn One,1017,ann@example.org\nBob Two,1018,bob@example.org\n{ZOE},1019,zoe@example.org\n"
)
OWN += "Cy Four,1020,cy@example.org\n"
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Homework (5)
    Points Possible,,,,,100
"One, Ann",1017,s1,ann,A,
"Two, Bob",1018,s2,bob,A,
"Ümlaut, Zoë",1019,s3,zoe,A,
"Four, Cy",1020,s4,cy,A,
"Student, Test",99,,test,A,
"""
GRADESCOPE = """First Name,Last Name,SID,Email,Role,Section
Ann,One,1017,ann@example.org,Student,
Bob,Two,1018,bob@example.org,Student,
Zoë,Ümlaut,1019,zoe@example.org,Student,
Cy,Four,1020,cy@example.org,Student,
Tea,Cher,5,tea@example.org,Instructor,
"""
MOODLE = f"""Identifier,Full name,Email address,Status,Grade
Participant 1017,Ann One,ann@example.org,Submitted,
Participant 1018,Bob Two,bob@example.org,Submitted,
Participant 1019,{ZOE},zoe@example.org,Submitted,
Participant 1020,Cy Four,cy@example.org,No submission,
"""
MOODLE_PEOPLE = """First name;Surname;ID number;Email address
Ann;One;m1;ann@example.org
Bob;Two;m2;bob@example.org
Zoë;Ümlaut;m3;zoe@example.org
Cy;Four;m4;cy@example.org
"""
BRIGHTSPACE = """OrgDefinedId,Username,Last Name,First Name,Email,End-of-Line Indicator
#1017,ann,One,Ann,ann@example.org,#
#1018,bob,Two,Bob,bob@example.org,#
#1019,zoe,Ümlaut,Zoë,zoe@example.org,#
#1020,cy,Four,Cy,cy@example.org,#
"""
BLACKBOARD = """Last Name\tFirst Name\tUsername\tStudent ID
One\tAnn\t1017\ts1
Two\tBob\t1018\ts2
Ümlaut\tZoë\t1019\ts3
Four\tCy\t1020\ts4
"""
GITHUB = """identifier,github_username,github_id,name
m1,ann-one,1,Ann One
m2,ann-two,2,Bob Two
m3,ann-1019,3,Zoë Ümlaut
m4,ann-cy,4,Cy Four
"""


def roster(root: Path, text: str, encoding: str = "utf-8") -> Path:
    path = root / "roster.csv"
    path.write_bytes(text.encode(encoding))
    return path


def joined(
    root: Path, export: exports.Export, text: str, assignment: Assignment
) -> tuple[list[Upload], list[str]]:
    source = unpack(root / "class", export)
    platform, uploads = find_uploads(source, assignment.parts)
    return with_roster(uploads, read_roster(roster(root, text)), platform, source)


@pytest.mark.parametrize(
    ("platform", "text"),
    [
        (exports.gradescope, GRADESCOPE),
        (exports.gradescope, OWN),
        (exports.canvas, CANVAS),
        (exports.canvas, OWN),
        (exports.canvas_typed, CANVAS),
        (exports.moodle3, MOODLE),
        (exports.moodle4, MOODLE),
        (exports.moodle4, MOODLE_PEOPLE),
        (exports.moodle_flat, MOODLE),
        (exports.brightspace, BRIGHTSPACE),
        (exports.brightspace_logins, BRIGHTSPACE),
        (exports.blackboard, BLACKBOARD),
        (exports.github, GITHUB),
        (exports.plain, OWN),
        (exports.plain, MOODLE_PEOPLE),
        (exports.plain, CANVAS),
    ],
)
def test_everybody_in_the_roster_has_one_row_with_the_rosters_name(
    platform, text: str, assignment: Assignment, tmp_path: Path
) -> None:
    uploads, notes = joined(tmp_path, platform(), text, assignment)
    names = sorted("".join(sorted(s.name.replace(",", "").split())) for u in uploads for s in u.students)
    assert names == sorted(["AnnOne", "BobTwo", "".join(sorted(ZOE.split())), "CyFour"]) and notes == []
    (absent,) = [upload for upload in uploads if upload.empty]
    assert "Cy" in absent.students[0].name and absent.students[0].sid and not any(u.doubt for u in uploads)


def test_ids_go_where_the_platform_imports_them(assignment: Assignment, tmp_path: Path) -> None:
    ids = {}
    for platform in (exports.canvas, exports.plain):
        (root := tmp_path / platform.__name__).mkdir()
        uploads, _ = joined(root, platform(), CANVAS, assignment)
        ids[platform] = {s.name: s.sid for u in uploads for s in u.students}
    assert ids[exports.canvas]["Four, Cy"] == "1020" and ids[exports.canvas]["One, Ann"] == "1017"
    assert ids[exports.plain]["Four, Cy"] == "s4" and ids[exports.plain]["One, Ann"] == "s1"


def test_a_folder_named_after_an_id_or_an_address(assignment: Assignment, tmp_path: Path) -> None:
    export = {"1017/sums.py": SUMS, "bob@example.org/sums.py": SUMS, "UMLAUT Zoe/sums.py": SUMS}
    uploads, notes = joined(tmp_path, export, OWN, assignment)
    assert [(s.name, s.sid) for u in uploads for s in u.students if not u.empty] == [
        ("Ann One", "1017"),
        (ZOE, "1019"),
        ("Bob Two", "1018"),
    ]
    assert notes == []


def test_strangers_doubles_and_namesakes_are_told(assignment: Assignment, tmp_path: Path) -> None:
    export = {"Ann One/sums.py": SUMS, "1017/sums.py": SUMS, "Kim/sums.py": SUMS, "Lee Lee/sums.py": SUMS}
    text = f"{OWN}Lee Lee,1,\nLee Lee,2,\n"
    uploads, notes = joined(tmp_path, export, text, assignment)
    found = {upload.key: upload for upload in uploads}
    assert "Kim is not in the roster" in found["Kim"].notes and "handed in Kim" in notes[0]
    for key in ("Ann_One", "1017"):
        assert found[key].doubt == "Ann One has several submissions here: 1017, Ann_One"
    assert found["Lee_Lee"].doubt == "Lee Lee may be any of several people in the roster (lines 6, 7)"
    assert [u.notes for u in uploads if u.empty and "Lee" in u.students[0].name] == 2 * [
        ("perhaps it is Lee_Lee",)
    ]
    assert len(found) == len(uploads) == 4 + 2 + 3


def test_a_group_is_everybody_in_it(assignment: Assignment, tmp_path: Path) -> None:
    export = {
        "Group A_12_assignsubmission_file/sums.py": SUMS,
        "Group B_13_assignsubmission_file/sums.py": SUMS,
    }
    text = "name,id,group\nAnn One,1,Group A\nBob Two,2,Group A\nCy Four,3,group b\nDee Five,4,Group C\n"
    uploads, notes = joined(tmp_path, export, text, assignment)
    assert [[s.name for s in u.students] for u in uploads] == [
        ["Dee Five"],
        ["Ann One", "Bob Two"],
        ["Cy Four"],
    ]
    assert [s.sid for u in uploads for s in u.students] == ["4", "1", "2", "3"] and notes == []
    (other := tmp_path / "other").mkdir()
    notes = joined(other, export, "name\nAnn One\n", assignment)[1]
    assert "give the roster a column Group" in notes[0]


def test_an_empty_folder_beside_a_submission_is_no_second_row(assignment: Assignment, tmp_path: Path) -> None:
    export = {"Ann One/sums.py": SUMS, "1017/.DS_Store": b"", "Bob Two/.DS_Store": b""}
    uploads, _ = joined(tmp_path, export, OWN, assignment)
    assert sorted(s.name for u in uploads for s in u.students) == ["Ann One", "Bob Two", "Cy Four", ZOE]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "names nobody"),
        ("Name,ID\n", "names nobody"),
        ("Ann One,1017\nBob Two,1018\n", "line 1: no column says who somebody is (there is Ann One, 1017)"),
        ("Vorname,Nachname\nAnn,One\n", "line 1: no column says who"),
        ("Name,ID\nAnn,1\n\nBob,1\n", "line 4: 1 stands in line 2, too"),
        ("Name,Email\nAnn,a@x.org\nBob,A@x.org\n", "line 3: a@x.org stands in line 2"),
        ("Name,ID\nOne, Ann,1017\n", "line 2: it has 3 columns, the header 2; put a name with a comma"),
        ("Name,Section\n,A\n", "line 2: it has no name, no id and no email"),
        ("Name,Name\nAnn,One\n", "line 1: the column name is there twice"),
        ('Name,ID\n"Ann,1\n', "line 2: it is no CSV"),
    ],
)
def test_a_wrong_roster_is_one_sentence_with_the_line(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserMistake) as caught:
        read_roster(roster(tmp_path, text))
    assert (
        sentence in str(caught.value) and "\n" not in str(caught.value) and "roster.csv" in str(caught.value)
    )


def test_encodings(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        assert [p.student.name for p in read_roster(roster(tmp_path, BLACKBOARD, encoding))][2] == ZOE
    with pytest.raises(UserMistake, match="line 4: it is not UTF-8"):
        read_roster(roster(tmp_path, OWN, "latin-1"))
    with pytest.raises(UserMistake, match="the roster cannot be used"):
        read_roster(tmp_path)
    with pytest.raises(UserMistake, match="the roster cannot be used"):
        read_roster(tmp_path / "nowhere.csv")


def test_who_handed_in_nothing_has_a_row_everywhere_and_no_grade(tmp_path: Path) -> None:
    group = Class(tmp_path)
    (group.source / "student-6").mkdir()
    names = roster(
        tmp_path, "name,id\nstudent-1,1\nstudent-2,2\nstudent-3,3\nstudent-4,4\nstudent-5,5\nDee Five,7\n"
    )
    group.grade(roster=names, only=["1a"], jobs=1)
    rows = group.rows()
    assert {rows[key]["Status"] for key in ("student-6", "Dee_Five_7")} == {"Nothing handed in"}
    assert len(rows) == 7 and {rows[key]["Total Score"] for key in ("student-6", "Dee_Five_7")} == {""}
    with open(group.out / "canvas.csv", encoding="utf-8") as file:
        points = {row["Student"]: row["Homework 4"] for row in csv.DictReader(file)}
    assert points["Dee Five"] == "" and points["student-6"] == ""
    page = (group.out / "report.html").read_text()
    assert (
        "nothing handed in" in page and "students/Dee_Five_7/" not in page and "student-6 is not in" in page
    )
    assert not (group.out / "students/Dee_Five_7").exists()
    (group.source / "student-3" / "sums.py").unlink()  # taken back
    group.grade(roster=names, only=["1a"], jobs=1)
    assert group.rows()["student-3"]["Status"] == "Nothing handed in"
    assert not (group.out / "students/student-3/feedback.html").exists()


def test_results_and_submissions_are_kept_apart(tmp_path: Path) -> None:
    group = Class(tmp_path)
    for _ in range(2):
        ended = group.grade(out=group.source / "out", only=["1a"], jobs=1)
        assert any("out" in note for note in ended.notes) == (_ == 1)
        assert len(group.rows(group.source / "out")) == 5
    with pytest.raises(UserMistake, match="name another folder for OUT"):
        group.grade(out=group.source)
    assert not (group.source / "grades.csv").exists()
    inside = Class(tmp_path / "x")
    inside.source = group.source / "out" / "students"
    with pytest.raises(UserMistake, match="lies in the results of a grading"):
        inside.grade(out=group.source / "out")
