"""In every platform's export everybody has exactly one row, with the right name, id and time; a roster adds others."""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from autograder.batch.find import find_uploads
from autograder.batch.roster import Person, read_roster, with_roster
from autograder.batch.take import as_order, take
from autograder.batch.uploads import Upload
from autograder.engine.outcomes import UserMistake
from autograder.tests.conftest import SUMS, WORDS, Assignment
from autograder.tests.exports import exports
from autograder.tests.test_batch_find import pack, unpack
from autograder.tests.test_batch_run import Class

BERLIN = ZoneInfo("Europe/Berlin")
EXPORTS = exports(SUMS, WORDS)


def rows(uploads: list[Upload]) -> dict[str, tuple[str, str, bool]]:
    """id (or name) -> (name, time, late); fails where somebody has two."""
    found = {}
    for upload in uploads:
        for student in upload.students:
            time = upload.submitted.astimezone(BERLIN).strftime("%Y-%m-%dT%H:%M") if upload.submitted else ""
            assert (student.sid or student.name) not in found
            found[student.sid or student.name] = (student.name, time, upload.marked_late)
    return found


@pytest.mark.parametrize("packed", [True, False], ids=["packed", "unpacked"])
@pytest.mark.parametrize("case", EXPORTS)
def test_everybody_has_exactly_one_row(
    case: str, packed: bool, assignment: Assignment, tmp_path: Path
) -> None:
    export = EXPORTS[case]
    source = pack(tmp_path / "x.zip", export.files) if packed else unpack(tmp_path / "x", export.files)
    platform, uploads = find_uploads(source, assignment.parts, zone=BERLIN)
    wanted = export.people
    if platform == "gradescope":  # its times are UTC
        wanted = {k: (n, t.replace("T22", "T23"), late) for k, (n, t, late) in wanted.items()}
    assert (platform, rows(uploads)) == (export.platform, wanted)
    for upload in uploads:  # of several attempts the last is taken
        taken = take(as_order(upload), tmp_path / "store", assignment.parts)
        if taken.content:
            texts = [p.read_text() for p in (tmp_path / "store" / taken.content).iterdir()]
            assert not any("OldVersion" in text for text in texts)
        else:
            assert any(
                word in taken.problem
                for word in ("text.html", "link.html", "onlinetext.html", "homework.py", "final.py")
            )


def test_without_a_zone_the_platforms_own_clock_is_no_time(assignment: Assignment, tmp_path: Path) -> None:
    source = unpack(tmp_path / "x", EXPORTS["brightspace"].files)
    assert all(upload.submitted is None for upload in find_uploads(source, assignment.parts)[1])


def test_clones_of_github_classroom_are_called_by_the_user_names(
    assignment: Assignment, tmp_path: Path
) -> None:
    files = {f"hw-1-{user}/{name}": "x" for user in ("ann-one", "bob2") for name in (".git/HEAD", "words.py")}
    uploads = find_uploads(unpack(tmp_path / "x", files), assignment.parts)[1]
    assert [(u.students[0].name, u.students[0].sid) for u in uploads] == [
        ("ann-one", "ann-one"),
        ("bob2", "bob2"),
    ]
    assert [[m.name for m in u.members] for u in uploads] == [["words.py"], ["words.py"]]


def test_names_without_the_flag_and_with_backslashes(assignment: Assignment, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("all\\Zoë Ö\\", "all\\Zoë Ö\\sums.py", "all\\Bob\\words.py"):
            archive.writestr(zipfile.ZipInfo(name), "x")
    data = path.read_bytes()
    for flags in (b"\x00\x08\x00\x00", b"\x00\x08\x08\x00"):  # UTF-8, but nobody says so
        data = data.replace(flags, flags[:1] + b"\x00" + flags[2:])
    path.write_bytes(data)
    uploads = find_uploads(path, assignment.parts)[1]
    assert sorted(u.students[0].name for u in uploads) == ["Bob", "Zoë Ö"]
    decomposed = unicodedata.normalize("NFD", "Zoë")
    folder = unpack(tmp_path / "y", {f"{decomposed}/sums.py": "x"})
    assert find_uploads(folder, assignment.parts)[1][0].students[0].name == "Zoë"


@pytest.mark.parametrize("packed", [True, False])
def test_an_empty_folder_is_somebody_who_handed_in_nothing(
    packed: bool, assignment: Assignment, tmp_path: Path
) -> None:
    source = unpack(tmp_path / "x", {"Ann/sums.py": "x"})
    (source / "Bob").mkdir()
    if packed:
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            archive.writestr("class/Ann/sums.py", "x")
            archive.mkdir("class/Bob")
        source = tmp_path / "x.zip"
    uploads = {u.key: u for u in find_uploads(source, assignment.parts)[1]}
    assert list(uploads) == ["Ann", "Bob"] and not uploads["Bob"].members


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"ann_relabel.py": "x", "bob_relabel.py": "x"}, "holds no submissions (it holds ann_relabel.py"),
        ({"Ann/sums.py": "x", "sums-of-bob.py": "x"}, None),
        ({"Ann/sums.py": "x", "words-1.py": "x"}, "whose words-1.py"),
        ({"roster.csv": "x"}, "what is known here is a folder or an archive for each student"),
    ],
)
def test_an_unknown_layout_makes_no_students(
    assignment: Assignment, tmp_path: Path, files: dict, sentence: str | None
) -> None:
    source = unpack(tmp_path / "x", files)
    if sentence is None:
        said: list[str] = []
        uploads = find_uploads(source, assignment.parts, say=said.append)[1]
        assert [u.key for u in uploads] == ["Ann"] and "sums-of-bob.py" in said[0]
        return
    with pytest.raises(UserMistake) as mistake:
        find_uploads(source, assignment.parts)
    assert sentence in str(mistake.value) and "\n" not in str(mistake.value)


def test_grades_inside_the_submissions_are_no_student(assignment: Assignment, tmp_path: Path) -> None:
    source = unpack(
        tmp_path / "x", {"Ann/sums.py": "x", "old/state.sqlite": "x", "old/students/Ann/results.json": "{}"}
    )
    out = source / "grades"
    unpack(out, {"contents/0/sums.py": "x"})
    said: list[str] = []
    uploads = find_uploads(source, assignment.parts, out=out, say=said.append)[1]
    assert [u.key for u in uploads] == ["Ann"] and len(said) == 2
    with pytest.raises(UserMistake, match="both SUBMISSIONS and OUT"):
        find_uploads(source, assignment.parts, out=source)


# --- the roster ---

ROSTERS = {
    "plain": "name,id,email\nAnn One,1017,ann@x.org\nBob Two,1018,bob@x.org\nCarl Three,1019,carl@x.org\n",
    "gradescope": "First Name,Last Name,SID,Email,Sections\nAnn,One,1017,ann@x.org,\nBob,Two,1018,bob@x.org,\n"
    "Carl,Three,1019,carl@x.org,\n",
    "canvas": "Student,ID,SIS User ID,SIS Login ID,Section,Homework\n    Points Possible,,,,,100\n"
    '"One, Ann",1017,s17,ann@x.org,A,\n"Two, Bob",1018,s18,bob@x.org,A,\n"Three, Carl",1019,s19,carl@x.org,A,\n'
    '"Student, Test",77,,,A,\n',
    "moodle": "Identifier,Full name,Email address,Status\nParticipant 1017,Ann One,ann@x.org,-\n"
    "Participant 1018,Bob Two,bob@x.org,-\nParticipant 1019,Carl Three,carl@x.org,-\n",
    "semicolons": "\ufeffName;ID;Email\nAnn One;1017;ann@x.org\nBob Two;1018;bob@x.org\nCarl Three;1019;carl@x.org\n",
}


@pytest.mark.parametrize("kind", ROSTERS)
def test_whoever_handed_in_nothing_has_a_row(kind: str, assignment: Assignment, tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text(ROSTERS[kind], encoding="utf-8")
    people = read_roster(tmp_path / "roster.csv")
    for case in ("moodle 3", "canvas", "gradescope"):
        source = unpack(tmp_path / case, EXPORTS[case].files)
        uploads = with_roster(find_uploads(source, assignment.parts)[1], people, source)
        found = rows(uploads)
        assert {"1017", "1018", "1019"} <= set(found), case
        empty = [u for u in uploads if not u.members and not u.others]
        assert [u.students[0].sid for u in empty] == ([] if case == "canvas" else ["1019"])


def test_people_match_by_id_then_email_then_name(assignment: Assignment, tmp_path: Path) -> None:
    people = [Person("Zoë Ö", ("1",)), Person("Ann Two", ("2",), "ann@x.org"), Person("Bob", ("3",))]
    source = unpack(
        tmp_path / "x", {"ö, zoe\u0308/sums.py": "x", "TWO ANN/sums.py": "x", "Stranger/sums.py": "x"}
    )
    uploads = with_roster(find_uploads(source, assignment.parts)[1], people, source)
    notes = {u.students[0].name: u.notes for u in uploads}
    assert set(notes) == {"Zoë Ö", "Ann Two", "Bob", "Stranger"}
    assert notes["Stranger"] == ("Stranger is not on the roster",) and notes["Zoë Ö"] == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b\n1,2\n", "line 1, names no column that is known here"),
        ("", "line 1, names no column"),
        ("name,id\n", "names nobody"),
        ("name,id,email,points\nAnn,1,,\n,,,7\n", "line 3, names nobody"),
        ("name,id\nAnn,1\nBob,1\n", "1 stands in line 2 and in line 3"),
        (b"name\n\xff\xfe\n", "is not UTF-8 text"),
        (None, "cannot be read"),
    ],
)
def test_a_wrong_roster_is_one_sentence(tmp_path: Path, text: str | bytes | None, sentence: str) -> None:
    path = tmp_path / "roster.csv"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserMistake) as mistake:
        read_roster(path)
    assert sentence in str(mistake.value) and "\n" not in str(mistake.value)


def test_the_tables_have_a_row_without_points_for_who_handed_in_nothing(tmp_path: Path) -> None:
    group = Class(tmp_path)
    roster = tmp_path / "roster.csv"
    roster.write_text("name,id\nstudent-1,1\nAbsent One,77\n")
    (group.source / "empty").mkdir()
    group.grade(roster=roster, only=["student-1"])
    rows = group.rows()
    nothing = [row for row in rows.values() if row["Status"] == "Nothing handed in"]
    assert sorted((row["Name"], row["Total Score"]) for row in nothing) == [("Absent One", ""), ("empty", "")]
    canvas = {
        row["Student"]: row for row in csv.DictReader(io.StringIO((group.out / "canvas.csv").read_text()))
    }
    assert list(canvas["Absent One"].values())[-1] == "" and canvas["Absent One"]["SIS User ID"] == "77"
    assert "Absent One" in (group.out / "report.html").read_text()
