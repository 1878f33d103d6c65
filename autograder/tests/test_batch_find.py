"""Whose submissions are in a folder or an export, in each platform's own way of naming them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from autograder.staff.batch.uploads import listing
from autograder.staff.batch.uploads.find import find_uploads
from autograder.staff.batch.uploads.metadata import read_metadata
from autograder.staff.batch.uploads.uploads import Upload, safe_key, unique_keys
from autograder.tests.conftest import SUMS, WORDS, Assignment
from autograder.tests.packing import pack, unpack
from envs.errors import UserMistake

METADATA = """
submission_17:
  :submitters:
  - :name: Student 017
    :sid: '1017'
    :email: student-017@example.org
  - :name: "=Student 018"
    :sid: '1018'
  :created_at: 2026-11-21 02:00:00.5 Z
  :assignment:
    :due_date: 2026-11-20 23:00:00 +00:00
  :score: 3.0
submission_19:
  :submitters:
  - :name: Student 019
  :created_at: 2026-11-19 12:00:00 Z
"""


@pytest.fixture(params=["packed", "unpacked"])
def make(request, tmp_path: Path):
    """make({path: content}) -> an archive or a folder with these files."""
    if request.param == "packed":
        return lambda files: pack(tmp_path / "export.zip", files)
    return lambda files: unpack(tmp_path / "export", files)


def by_key(found: tuple[str, list[Upload]]) -> dict[str, Upload]:
    return {upload.key: upload for upload in found[1]}


def test_gradescope(make, assignment: Assignment) -> None:
    source = make(
        {
            "assignment_1_export/submission_metadata.yml": METADATA,
            "assignment_1_export/submission_17/sums.py": SUMS,
            "assignment_1_export/submission_17/hw/words.py": WORDS,
            "assignment_1_export/submission_19/words.py": WORDS,
            "assignment_1_export/submission_20/words.py": WORDS,  # not in the metadata
        }
    )
    found = find_uploads(source, assignment.parts)
    uploads = by_key(found)
    assert found[0] == "gradescope" and list(uploads) == ["submission_17", "submission_19", "submission_20"]
    group = uploads["submission_17"]
    assert [student.name for student in group.students] == ["Student 017", "=Student 018"]
    assert group.students[0].sid == "1017" and group.students[0].email == "student-017@example.org"
    assert [member.name for member in group.members] == ["hw/words.py", "sums.py"]
    assert group.late.seconds == 3 * 3600 + 0.5
    assert uploads["submission_19"].late is None
    assert uploads["submission_20"].students[0].name == "submission_20"


def test_canvas(make, assignment: Assignment) -> None:
    source = make(
        {
            "student017_1017_5001_homework-2.zip": b"PK",
            "student018_LATE_1018_5002_sums.py": SUMS,
            "student018_LATE_1018_5003_words-1.py": WORDS,
            "student019_1019_5004_essay.pdf": b"%PDF",
        }
    )
    found = find_uploads(source, assignment.parts)
    uploads = by_key(found)
    assert found[0] == "canvas"
    assert list(uploads) == ["student017_1017", "student018_1018", "student019_1019"]
    assert uploads["student017_1017"].students[0].sid == "1017"
    assert not uploads["student017_1017"].marked_late and uploads["student018_1018"].marked_late
    assert [member.name for member in uploads["student018_1018"].members] == ["sums.py", "words-1.py"]
    assert uploads["student019_1019"].others == ("essay.pdf",)


def test_moodle(make, assignment: Assignment) -> None:
    source = make(
        {
            "Student 017_1017_assignsubmission_file_/homework.zip": b"PK",
            "Student_018_1018_assignsubmission_file_/hw/sums.py": SUMS,
            "Student 019_1019_assignsubmission_file_words.py": WORDS,
        }
    )
    found = find_uploads(source, assignment.parts)
    uploads = by_key(found)
    assert found[0] == "moodle"
    assert [(u.students[0].name, u.students[0].sid) for u in uploads.values()] == [
        ("Student 017", "1017"),
        ("Student_018", "1018"),
        ("Student 019", "1019"),
    ]
    assert [m.name for m in uploads["Student_018_1018"].members] == ["hw/sums.py"]


def test_a_plain_folder_and_an_archive_with_a_folder_around(make, assignment: Assignment) -> None:
    files = {
        "student-1.zip": b"PK",
        "student-2/sums.py": SUMS,
        "student-2/.git/words.py": WORDS,
        "__MACOSX/student-2/._sums.py": b"x",
        "student-3/notes.txt": b"hello",
    }
    uploads = by_key(find_uploads(make(files), assignment.parts))
    assert list(uploads) == ["student-1", "student-2", "student-3"]
    assert [m.name for m in uploads["student-2"].members] == ["sums.py"]


def test_one_folder_around_everything_in_an_archive_is_no_student(
    assignment: Assignment, tmp_path: Path
) -> None:
    source = pack(tmp_path / "x.zip", {"all/student-1/sums.py": SUMS, "all/student-2/sums.py": SUMS})
    assert list(by_key(find_uploads(source, assignment.parts))) == ["student-1", "student-2"]
    source = pack(tmp_path / "y.zip", {"Student 1_7_assignsubmission_file_/sums.py": SUMS})
    assert list(by_key(find_uploads(source, assignment.parts))) == ["Student_1_7"]


def test_hostile_paths_and_links_are_no_submissions(assignment: Assignment, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("student-3/sums.py")
    link.external_attr = 0o120777 << 16
    source = pack(
        tmp_path / "x.zip",
        {
            "../student-1/sums.py": SUMS,
            "/student-2/sums.py": SUMS,
            "..\\student-4\\sums.py": SUMS,
            "ok/sums.py": SUMS,
        },
    )
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("student-5/words.py", WORDS)
    uploads = by_key(find_uploads(source, assignment.parts))
    assert list(uploads) == ["ok", "student-3", "student-5"]
    assert not uploads["student-3"].members and uploads["student-3"].others == ("sums.py (not opened)",)
    folder = unpack(tmp_path / "folder", {"student-1/words.py": WORDS})
    (folder / "student-1/sums.py").symlink_to("/etc/passwd")
    (folder / "student-2").symlink_to(folder / "student-1")
    (upload,) = find_uploads(folder, assignment.parts)[1]
    assert [m.name for m in upload.members] == ["words.py"]


def test_keys_are_unique_and_safe() -> None:
    names = ["../../etc", "a b", "a_b", "=1+1", "<script>", "ÄÖ", "学生", "x" * 300, "con:aux", "🙂"]
    keys = unique_keys(names)
    assert len({key.lower() for key in keys.values()}) == len(names)
    for key in keys.values():
        assert key == safe_key(key) and len(key) < 80 and not key.startswith((".", "-"))
    assert unique_keys(["student-017"]) == {"student-017": "student-017"}


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (lambda path: path / "nowhere", "there are no submissions at"),
        (lambda path: unpack(path / "a", {"sums.py": SUMS}), "is one submission, not a class's"),
        (lambda path: pack(path / "a.zip", {}), "holds no submissions"),
        (lambda path: unpack(path / "b", {"x.txt": "x"}) / "x.txt", "neither a folder nor a zip file"),
    ],
)
def test_what_is_no_class_is_refused_in_a_sentence(
    prepare, sentence, assignment: Assignment, tmp_path: Path
) -> None:
    with pytest.raises(UserMistake, match=sentence) as caught:
        find_uploads(prepare(tmp_path), assignment.parts)
    assert "\n" not in str(caught.value)


def test_a_crowd_of_files_is_refused(monkeypatch, assignment: Assignment, tmp_path: Path) -> None:
    monkeypatch.setattr(listing, "MAX_FILES", 2)
    with pytest.raises(UserMistake, match="more than 2 files"):
        find_uploads(pack(tmp_path / "a.zip", {f"s{i}/sums.py": SUMS for i in range(3)}), assignment.parts)


def test_metadata_of_another_form_gives_nothing() -> None:
    assert read_metadata(b"- a\n- b\n").records == {}
    record = read_metadata(b"x:\n  :submitters: nobody\n  :created_at: soon\n").records["x"]
    assert record.students == () and record.submitted is None and record.due is None


def test_a_changed_file_changes_the_fingerprint(assignment: Assignment, tmp_path: Path) -> None:
    one = find_uploads(pack(tmp_path / "a.zip", {"s/sums.py": "1", "t/sums.py": "1"}), assignment.parts)[1]
    two = find_uploads(pack(tmp_path / "b.zip", {"s/sums.py": "1", "t/sums.py": "2"}), assignment.parts)[1]
    assert one[0].fingerprint == two[0].fingerprint and one[1].fingerprint != two[1].fingerprint
