"""From the export of each platform everybody has exactly one row, with the right name, id and time."""

from __future__ import annotations

import unicodedata
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from autograder.staff.batch.uploads.find import find_uploads
from autograder.staff.batch.uploads.take import as_task, take
from autograder.staff.batch.uploads.uploads import Upload
from autograder.tests import exports
from autograder.tests.conftest import SUMS, WORDS, Assignment
from autograder.tests.exports import EXPECTED, Export
from autograder.tests.packing import pack, unpack
from envs.errors import UserMistake

FORMS = (
    "folder",
    "zip",
    "zip in a folder of its own",
    "zip without the flag",
    "zip of Windows",
    "folder of a Mac",
)


def made(root: Path, export: Export, form: str) -> Path:
    """The export as it reaches a disk: unpacked, packed, packed once more, by an odd program, or by a Mac."""
    if form == "folder":
        return unpack(root / "class", export)
    if form == "folder of a Mac":
        odd = {unicodedata.normalize("NFD", path): content for path, content in export.items()}
        return unpack(root / "class", {**odd, ".DS_Store": b"\0", "__MACOSX/._x": b"\0"})
    if form == "zip in a folder of its own":
        return pack(root / "class.zip", {f"download/{path}": content for path, content in export.items()})
    if form == "zip of Windows":
        folders = {f"{path.rsplit('/', 1)[0]}/": b"" for path in export if "/" in path}
        odd = {path.replace("/", "\\"): content for path, content in {**folders, **export}.items()}
        return pack(root / "class.zip", odd)
    path = pack(root / "class.zip", export)
    if form == "zip without the flag":
        data = bytearray(path.read_bytes())
        for magic, at in ((b"PK\3\4", 7), (b"PK\1\2", 9)):
            start = 0
            while (start := data.find(magic, start)) >= 0:
                data[start + at] &= ~0x08
                start += 4
        path.write_bytes(data)
    return path


def rows(uploads: list[Upload]) -> list[tuple[str, str, datetime | None]]:
    return [
        (student.name, student.sid, upload.submitted and upload.submitted.replace(tzinfo=None))
        for upload in uploads
        for student in upload.students
    ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("platform", EXPECTED, ids=lambda platform: platform.__name__)
def test_everybody_has_exactly_one_row(platform, form: str, assignment: Assignment, tmp_path: Path) -> None:
    said: list[str] = []
    source = made(tmp_path, platform(), form)
    name, expected = EXPECTED[platform]
    found, uploads = find_uploads(source, assignment.parts, say=said.append)
    assert found == name
    assert sorted(rows(uploads), key=str) == sorted(expected, key=str)
    naive = any(upload.submitted and upload.submitted.tzinfo is None for upload in uploads)
    assert any("have no zone" in note for note in said) == naive


@pytest.mark.parametrize("platform", EXPECTED, ids=lambda platform: platform.__name__)
def test_the_last_version_of_everybody_is_taken(platform, assignment: Assignment, tmp_path: Path) -> None:
    uploads = find_uploads(made(tmp_path, platform(), "zip"), assignment.parts)[1]
    for upload in uploads:
        taken = take(as_task(upload), tmp_path / "store", assignment.parts)
        if upload.others and not upload.members:
            assert taken.content == "" and taken.problem  # typed: somebody has to look
            continue
        assert (tmp_path / "store" / taken.content / "sums.py").read_text() == SUMS


def test_marks_of_being_late_are_kept(assignment: Assignment, tmp_path: Path) -> None:
    for platform in (exports.canvas, exports.canvas_anonymous, exports.canvas_typed):
        uploads = find_uploads(made(tmp_path / platform.__name__, platform(), "folder"), assignment.parts)[1]
        assert [u.students[0].sid in ("1018", "xY9zQ") for u in uploads] == [u.marked_late for u in uploads]


@pytest.mark.parametrize("platform", [exports.brightspace, exports.blackboard])
def test_times_without_a_zone_are_read_in_the_courses(
    platform, assignment: Assignment, tmp_path: Path
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    source, said = made(tmp_path, platform(), "folder"), []
    uploads = find_uploads(source, assignment.parts, zone=zone, say=said.append)[1]
    assert {u.submitted.astimezone(UTC).hour for u in uploads} == {21, 0} and said == []
    assert all(u.late is None for u in find_uploads(source, assignment.parts)[1])


def test_earlier_attempts_count_for_files_that_the_last_one_lacks(
    assignment: Assignment, tmp_path: Path
) -> None:
    attempt = "Homework 4_ann_attempt_2026-11-{}-10-00-00_{}"
    source = unpack(
        tmp_path / "class",
        {
            attempt.format(18, "words.py"): "old",
            attempt.format(19, "words.py"): WORDS,
            attempt.format(19, "sums.py"): "old",
            attempt.format(20, "sums.py"): SUMS,
        },
    )
    (upload,) = find_uploads(source, assignment.parts)[1]
    days = {m.name: m.entry.split("-")[2] for m in upload.members}
    assert days == {"sums.py": "20", "words.py": "19"}
    assert upload.submitted == datetime(2026, 11, 20, 10) and "lacks words.py" in upload.notes[0]
    (source / attempt.format(21, "all.zip")).write_bytes(exports.HOMEWORK)
    (upload,) = find_uploads(source, assignment.parts)[1]
    assert [m.name for m in upload.members] == ["all.zip"] and upload.notes == ()


def test_groups_and_people_without_a_number(assignment: Assignment, tmp_path: Path) -> None:
    moodle = {
        "Group A_12_assignsubmission_file/sums.py": SUMS,
        "Default group_assignsubmission_file/sums.py": SUMS,
    }
    assert rows(find_uploads(made(tmp_path / "m", moodle, "folder"), assignment.parts)[1]) == [
        ("Default group", "", None),
        ("Group A", "12", None),
    ]
    group = {"77-205 - Group 3 - Ann One - Nov 20, 2026 1058 PM/sums.py": SUMS}
    assert rows(find_uploads(made(tmp_path / "b", group, "folder"), assignment.parts)[1]) == [
        ("Group 3", "77", exports.TIME)
    ]


def test_names_that_look_like_something_else(assignment: Assignment, tmp_path: Path) -> None:
    """Underscores, hyphens, digits and logins in names, users and files."""
    blackboard = {
        "HW_4_b_two_attempt_2026-11-20-10-00-00_my_attempt_2.py": "",
        "HW_4_b_two_attempt_2026-11-20-10-00-00.txt": "Name: Bob (Bobby) Two (b_two)\n",
    }
    assert rows(find_uploads(made(tmp_path / "1", blackboard, "folder"), assignment.parts)[1])[0][:2] == (
        "Bob (Bobby) Two",
        "b_two",
    )
    for who, right in {
        "ann1 Ann One": ("Ann One", "ann1"),
        "astudent Ann One": ("Ann One", "astudent"),
        "van Gogh": ("van Gogh", "9"),
        "Anne-Marie O'Neil": ("Anne-Marie O'Neil", "9"),
        "ludwig van beethoven": ("ludwig van beethoven", "9"),
    }.items():
        export = {f"9-2 - {who} - Dec 1, 2026 112 PM/sums.py": SUMS}
        (root := tmp_path / who).mkdir()
        source = made(root, export, "zip in a folder of its own")
        ((name, sid, time),) = rows(find_uploads(source, assignment.parts)[1])
        assert (name, sid) == right and time == datetime(2026, 12, 1, 13, 12)


def test_nobodys_files_are_named_and_are_nobody(assignment: Assignment, tmp_path: Path) -> None:
    strays = {"roster.csv": "a", "README.txt": "a", "notes.md": "a"}
    for platform in EXPECTED:
        said: list[str] = []
        source = unpack(
            tmp_path / platform.__name__,
            platform() | ({} if platform in (exports.gradescope, exports.github) else strays),
        )
        if platform in (exports.gradescope, exports.github):
            unpack(next(source.iterdir()), strays)
        uploads = find_uploads(source, assignment.parts, say=said.append)[1]
        assert len(rows(uploads)) == 3
        assert any("README.txt" in note and "roster.csv" in note for note in said)


def test_an_unknown_layout_is_told_and_stops(assignment: Assignment, tmp_path: Path) -> None:
    for files in (
        {"ann.py": SUMS, "bob.py": SUMS},
        {"ann/sums.py": SUMS, "bob.pdf": "%PDF"},
        {
            "monday/ann/sums.py": SUMS,
            "monday/bob/sums.py": SUMS,
            "friday/zoe/sums.py": SUMS,
            "friday/x.zip": "",
            "friday/y.zip": "",
            "friday/z.zip": "",
        },
        {"hw/sums.py": SUMS},
    ):
        source = unpack(tmp_path / str(len(list(tmp_path.iterdir()))), files)
        with pytest.raises(UserMistake, match=r"whose that is|who is who|is one submission") as caught:
            find_uploads(source, assignment.parts)
        assert "\n" not in str(caught.value)


def test_empty_folders_are_somebody(assignment: Assignment, tmp_path: Path) -> None:
    source = unpack(
        tmp_path / "class", {"ann/sums.py": SUMS, "bob/.DS_Store": b"", "zoe/inner/.DS_Store": b""}
    )
    (source / "dan").mkdir()
    uploads = {u.key: u.empty for u in find_uploads(source, assignment.parts)[1]}
    assert uploads == {"ann": False, "bob": True, "zoe": True, "dan": True}
    packed = pack(tmp_path / "class.zip", {"ann/sums.py": SUMS, "dan/": b"", "zoe\\": b""})
    assert {u.key: u.empty for u in find_uploads(packed, assignment.parts)[1]} == {
        "ann": False,
        "dan": True,
        "zoe": True,
    }
    metadata = "submission_1:\n  :submitters:\n  - :name: Ann One\n    :sid: '1'\n"
    source = unpack(tmp_path / "g", {"submission_metadata.yml": metadata, "submission_2/sums.py": SUMS})
    assert [(u.key, u.empty) for u in find_uploads(source, assignment.parts)[1]] == [
        ("submission_1", True),
        ("submission_2", False),
    ]


def test_results_inside_the_submissions_are_nobody(assignment: Assignment, tmp_path: Path) -> None:
    source = unpack(
        tmp_path / "class",
        {
            "ann/sums.py": SUMS,
            "out/grades.csv": "",
            "last/state.sqlite": b"",
            "last/students/ann/results.json": "",
        },
    )
    said: list[str] = []
    uploads = find_uploads(source, assignment.parts, say=said.append, out=source / "out")[1]
    assert [u.key for u in uploads] == ["ann"] and "last" in said[0] and "out" in said[0]
    with pytest.raises(UserMistake, match="name another folder for OUT"):
        find_uploads(source, assignment.parts, out=source)


def test_of_two_entries_with_one_name_the_revision_is_of_the_one_that_opens(
    assignment: Assignment, tmp_path: Path
) -> None:
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("ann/sums.py", "old")
        archive.writestr("ann/sums.py", SUMS)
        archive.writestr("bob/sums.py", SUMS)
    ann, bob = find_uploads(path, assignment.parts)[1]
    assert ann.members[0].revision == bob.members[0].revision
