"""submission_metadata.yml: an odd record costs that record, a damaged file costs that file, and neither the class."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from autograder.staff.batch.uploads import find
from autograder.staff.batch.uploads.find import find_uploads
from autograder.staff.batch.uploads.uploads import Upload
from autograder.tests.conftest import SUMS, Assignment
from autograder.tests.packing import pack, unpack

GOOD = """
submission_1:
  :submitters:
  - :name: Ann One
    :sid: '01017'
    :email: ann@example.org
  :created_at: 2026-11-20 12:00:00.000000000 Z
submission_3:
  :submitters:
  - :name: Cem Three
    :sid: 1019
  :created_at: 2026-11-20 13:00:00.000000000 Z
"""
ODD = """
submission_2:
  :submitters:
  - :name: Bea Two
    :sid: '1018'
"""
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BOMB = "".join(f"bomb{i}: &b{i} [{', '.join([f'*b{i - 1}'] * 9) if i else 'x'}]\n" for i in range(30))


def found(
    tmp_path: Path, assignment: Assignment, text: str | bytes, **more
) -> tuple[dict[str, Upload], list[str]]:
    """(uploads by key, what was said) of three submissions with this metadata."""
    files = {f"submission_{i}/sums.py": SUMS for i in (1, 2, 3)}
    said: list[str] = []
    source = pack(tmp_path / "export.zip", {"submission_metadata.yml": text, **files})
    _, uploads = find_uploads(source, assignment.parts, say=said.append, **more)
    return {upload.key: upload for upload in uploads}, said


@pytest.mark.parametrize(
    ("odd", "note"),
    [
        (
            ODD + "  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess\n    a: 1\n",
            "",
        ),  # not looked at
        (ODD + "  :results: !!python/object/apply:os.system ['false']\n", ""),
        (ODD.replace("Bea Two", '"Bea\x07 Two"'), ""),
        (ODD.replace("Bea Two", "!binary QmVhIFR3bw=="), ""),
        (ODD.replace("Bea Two", "!ruby/object:User\n      a: 1"), "list or table stands where a text"),
        (ODD + "  :created_at: 2026-02-31 12:00:00 Z\n", "created_at: 2026-02-31 12:00:00 Z is no date"),
        (ODD + "  :created_at: [1, 2]\n", "created_at: a list or table stands"),
        (
            ODD + "  :created_at: 2026-11-20 12:00:00\n",
            "created_at: 2026-11-20 12:00:00 does not say in which zone",
        ),
        (
            ODD + "  :created_at: 2026-11-20 12:00:00 Z\n  :created_at: 2026-11-21 12:00:00 Z\n",
            "is there twice",
        ),
        (ODD + "  :due_date: never\n", "due_date: never is no date"),
        ("submission_2:\n  :submitters: nobody\n", "submitters: it is no list"),
        ("submission_2:\n  :submitters:\n  - Bea\n", "lies in something that is no table"),
        ("submission_2: 7\n", "lies in something that is no table"),
        ("submission_2:\n- a\n", "lies in something that is no table"),
        (BOMB + ODD.replace("Bea Two", "*b29"), "list or table stands where a text"),
        (ODD + ODD, "two records of this submission"),
        # here the file as a whole is no YAML
        (ODD + "  :created_at: *nowhere\n", "cannot be read here"),
        (ODD + '  :x: "no end\n', "cannot be read here"),
        (ODD + "  :x: {a\n", "cannot be read here"),
        (ODD + "\t:x: 1\n", "cannot be read here"),
        (ODD + f"  :x: {'[' * 5000}\n", "cannot be read here"),
    ],
)
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_an_odd_record_costs_that_record(
    odd: str, note: str, first: bool, tmp_path: Path, assignment: Assignment
) -> None:
    uploads, said = found(tmp_path, assignment, odd + GOOD if first else GOOD + odd)
    ann, bea, cem = (uploads[f"submission_{i}"] for i in (1, 2, 3))
    if '"no end' not in odd or not first:  # a quotation mark that is never closed takes what follows with it
        assert (ann.students[0].name, ann.students[0].sid, ann.submitted) == ("Ann One", "01017", NOON)
        assert cem.students[0].sid == "1019" and cem.submitted == NOON.replace(hour=13)
        assert not ann.notes and not cem.notes
    assert (note in "; ".join(bea.notes)) if note else not bea.notes
    assert bea.students and all("\x07" not in student.name for student in bea.students)
    assert len(said) <= 1 and all(note.startswith("submission_metadata.yml is damaged (") for note in said)
    assert all("\n" not in note for note in said)


@pytest.mark.parametrize(
    "text",
    [
        b"\x00\xff\xfe\x01" * 500,
        "{",
        "[" * 100_000,
        "- a\n- b\n",
        "!!python/object:os.x {}",
        "",
        "just words",
        "a: b\n---\nc: d",
    ],
    ids=["binary", "brace", "deep", "list", "tag", "empty", "words", "two documents"],
)
def test_a_file_that_nobody_can_read_costs_the_file(
    text: str | bytes, tmp_path: Path, assignment: Assignment
) -> None:
    uploads, said = found(tmp_path, assignment, text)
    assert sorted(uploads) == ["submission_1", "submission_2", "submission_3"]
    assert all(upload.students[0].name == key and upload.late is None for key, upload in uploads.items())
    assert len(said) <= 1 and all("\n" not in note for note in said)


def test_a_file_that_cannot_be_taken_out_of_the_archive_costs_the_file(
    tmp_path: Path, assignment: Assignment, monkeypatch
) -> None:
    source = pack(tmp_path / "export.zip", {"submission_metadata.yml": GOOD, "submission_1/sums.py": SUMS})
    damaged = source.read_bytes().replace(b"Ann One", b"Bob One")  # its checksum is wrong now
    source.write_bytes(damaged)
    said: list[str] = []
    (upload,) = find_uploads(source, assignment.parts, say=said.append)[1]
    assert upload.students[0].name == "submission_1" and "submission_metadata.yml cannot be read (" in said[0]
    with zipfile.ZipFile(source) as archive:  # and one with a password
        offset = archive.getinfo("submission_metadata.yml").header_offset
    data = bytearray(damaged)
    data[offset + 6] |= 1
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1
    source.write_bytes(bytes(data))
    assert len(find_uploads(source, assignment.parts, say=said.append)[1]) == 1 and "password" in said[-1]
    monkeypatch.setattr(find, "MAX_METADATA", 100)
    folder = unpack(tmp_path / "folder", {"submission_metadata.yml": GOOD, "submission_1/sums.py": SUMS})
    assert len(find_uploads(folder, assignment.parts, say=said.append)[1]) == 1 and "larger than" in said[-1]


def test_times_without_a_zone_are_read_in_the_courses(tmp_path: Path, assignment: Assignment) -> None:
    text = GOOD.replace(" Z\n", "\n")
    uploads, _ = found(tmp_path, assignment, text)
    assert uploads["submission_1"].submitted is None and "which zone" in uploads["submission_1"].notes[0]
    uploads, _ = found(tmp_path, assignment, text, zone=ZoneInfo("Europe/Berlin"))
    assert uploads["submission_1"].submitted == NOON.replace(hour=11) and not uploads["submission_1"].notes


def test_an_extension_that_the_platform_granted(tmp_path: Path, assignment: Assignment) -> None:
    text = GOOD.replace(
        "    :sid: 1019\n", "    :sid: 1019\n    :assignment:\n      :due_date: 2026-11-22 12:00:00 Z\n"
    )
    text = text.replace(
        "  :created_at", "  :assignment:\n    :due_date: 2026-11-19 12:00:00 Z\n  :created_at"
    )
    uploads, _ = found(tmp_path, assignment, text)
    assert uploads["submission_1"].extension is None and uploads["submission_1"].due == NOON.replace(day=19)
    assert uploads["submission_3"].extension == NOON.replace(day=22) and not uploads["submission_3"].notes
