"""Exports that would give a file, a number or an upload to the wrong person, or lose somebody in silence."""

from __future__ import annotations

import os
import zipfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from autograder.staff.batch.uploads.find import find_uploads
from autograder.staff.batch.uploads.matching import with_roster
from autograder.staff.batch.uploads.roster import read_roster
from autograder.staff.batch.uploads.take import as_task, take
from autograder.staff.batch.uploads.uploads import Upload
from autograder.tests.conftest import SUMS, WORDS, Assignment
from autograder.tests.packing import pack, unpack
from envs.errors import UserMistake

BERLIN = ZoneInfo("Europe/Berlin")


def found(source: Path, assignment: Assignment, **more) -> tuple[str, dict[str, Upload]]:
    platform, uploads = find_uploads(source, assignment.parts, **more)
    assert len({upload.key.lower() for upload in uploads}) == len(uploads)
    return platform, {upload.students[0].name: upload for upload in uploads}


@pytest.mark.parametrize(
    ("form", "own", "other"),
    [
        ("{}_assignsubmission_file_", "Ann One_1", "Joe Two_2"),
        ("{}_500_", "oneann_1", "twojoe_2"),
        ("{} - Nov 20, 2026 1159 PM - ", "1-47 - Ann One", "2-47 - Joe Two"),
        ("HW_{}_attempt_2026-11-20-23-59-00_", "ann1", "joe2"),
    ],
)
def test_a_file_called_like_somebody_elses_stays_with_who_handed_it_in(
    form: str, own: str, other: str, assignment: Assignment, tmp_path: Path
) -> None:
    mine, theirs = form.format(own), form.format(other)
    files = {f"{mine}sums.py": SUMS, f"{mine}{theirs}words.py": WORDS, f"{theirs}sums.py": SUMS}
    uploads = find_uploads(pack(tmp_path / "a.zip", files), assignment.parts)[1]
    assert sorted(len(upload.members) + len(upload.others) for upload in uploads) == [1, 2]
    assert [upload.others for upload in uploads if upload.others] == [(f"{theirs}words.py",)]


def test_names_in_no_known_encoding_stay_apart(assignment: Assignment, tmp_path: Path) -> None:
    for name in (b"Zo\xeb", b"Zo\xe9"):
        folder = tmp_path / "class" / os.fsdecode(name)
        folder.mkdir(parents=True)
        (folder / "sums.py").write_text(SUMS)
    _, uploads = found(tmp_path / "class", assignment)
    assert set(uploads) == {"Zoé", "Zoë"}
    for upload in uploads.values():
        assert take(as_task(upload), tmp_path / "store", assignment.parts).content


def test_whoever_has_only_noise_or_a_folder_is_somebody_with_nothing(
    assignment: Assignment, tmp_path: Path
) -> None:
    folder = unpack(tmp_path / "class", {"student-1/sums.py": SUMS, "student-3/.DS_Store": b""})
    (folder / "student-2" / "hw").mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("student-1/sums.py", SUMS)
        archive.writestr("student-2\\hw\\", b"")
        archive.writestr("student-3/.DS_Store", b"")
    for source in (folder, tmp_path / "a.zip"):
        _, uploads = found(source, assignment)
        assert {name: upload.empty for name, upload in uploads.items()} == {
            "student-1": False,
            "student-2": True,
            "student-3": True,
        }


def test_what_nobody_opens_is_not_nothing(monkeypatch, assignment: Assignment, tmp_path: Path) -> None:
    deep = "/".join(["student-1", *["d"] * 20, "sums.py"])
    folder = unpack(tmp_path / "class", {deep: SUMS, "student-2/sums.py": SUMS, "student-4/sums.py": SUMS})
    (folder / "student-3").mkdir()
    (folder / "student-3" / "sums.py").symlink_to(folder / "student-2" / "sums.py")
    scan = os.scandir

    def refusing(path):
        if isinstance(path, Path) and path.name == "student-4":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr("autograder.staff.batch.uploads.listing.os.scandir", refusing)
    _, uploads = found(folder, assignment)
    for name in ("student-1", "student-3", "student-4"):
        assert not uploads[name].empty and not uploads[name].members
        problem = take(as_task(uploads[name]), tmp_path / "store", assignment.parts).problem
        assert "(not opened)" in problem and str(tmp_path) not in problem
    files = {deep: SUMS, "student-2/sums.py": SUMS}
    _, uploads = found(pack(tmp_path / "a.zip", files), assignment)
    assert not uploads["student-1"].empty and not uploads["student-1"].members


def test_two_exports_in_one_folder_stop(assignment: Assignment, tmp_path: Path) -> None:
    files = {
        "Ann One_1_assignsubmission_file/sums.py": SUMS,
        "1-47 - Joe Two - Nov 20, 2026 1159 PM/sums.py": SUMS,
    }
    with pytest.raises(UserMistake, match="side by side: grade each export by itself"):
        found(unpack(tmp_path / "class", files), assignment)


def test_two_assignments_in_one_folder_stop(assignment: Assignment, tmp_path: Path) -> None:
    files = {f"HW {n}_ann_attempt_2026-11-20-23-59-0{n}": SUMS for n in (3, 4)}
    texts = {f"{name}.txt": "Name: Ann One (ann)\n" for name in files}
    with pytest.raises(UserMistake, match="more than one assignment"):
        found(pack(tmp_path / "a.zip", texts | {f"{name}_sums.py": SUMS for name in files}), assignment)


def test_another_platforms_list_or_a_readme_hides_no_export(assignment: Assignment, tmp_path: Path) -> None:
    export = {f"{name}_assignsubmission_file/sums.py": SUMS for name in ("Ann One_1", "Joe Two_2")}
    for n, beside in enumerate(
        ({"submission_metadata.yml": "x: {}\n"}, {"README.txt": "hello"}, {"a.csv": "", "b.xlsx": b""})
    ):
        for around in ("", "week 4/", "week 4/again/"):
            files = {f"{around}{name}": text for name, text in (export | beside).items()}
            files["notes.txt"] = "hello"
            platform, uploads = found(unpack(tmp_path / f"{n}{around}", files), assignment)
            assert platform == "moodle" and set(uploads) == {"Ann One", "Joe Two"}, around


@pytest.mark.parametrize(
    "files",
    [
        {f"{name}_assignsubmission_file/sums.py": SUMS for name in ("Ann One_1", "Joe Two_2")},
        {"oneann_1_500_sums.py": SUMS, "twojoe_2_501_words.py": WORDS},
        {"all/ann/sums.py": SUMS, "all/joe/sums.py": SUMS},
    ],
)
def test_the_only_archive_in_a_folder_may_be_everybodys(
    files, assignment: Assignment, tmp_path: Path
) -> None:
    (tmp_path / "class").mkdir()
    archive = pack(tmp_path / "class" / "export.zip", files)
    with pytest.raises(UserMistake, match="more than one student: grade it with SUBMISSIONS=") as caught:
        found(tmp_path / "class", assignment)
    assert str(archive) in str(caught.value)
    pack(archive, {"hw/sums.py": SUMS, "hw/words.py": WORDS})
    assert list(found(tmp_path / "class", assignment)[1]) == ["export"]


def test_brightspace_on_a_clock_of_24_hours(assignment: Assignment, tmp_path: Path) -> None:
    files = {
        "1-47 - Ann One - 20 November, 2026 2359/sums.py": SUMS,
        "2-47 - Joe Two - Nov 20, 2026 0005/sums.py": SUMS,
        "3-47 - Zoe Three - Nov 20, 2026 12:05 AM/sums.py": SUMS,
    }
    _, uploads = found(pack(tmp_path / "a.zip", files), assignment, zone=BERLIN)
    times = [datetime(2026, 11, 20, *clock, tzinfo=BERLIN) for clock in ((23, 59), (0, 5), (0, 5))]
    assert [upload.submitted for upload in uploads.values()] == times


def test_attempts_whose_times_nobody_reads_are_to_look_at(assignment: Assignment, tmp_path: Path) -> None:
    form = "1-2 - Ann One - {} brumaire, 2026 0905/sums.py"
    files = {form.format(7): SUMS, form.format(8): WORDS}
    files[form.format(8).replace("1-2 - Ann", "2-2 - Joe")] = SUMS
    _, uploads = found(pack(tmp_path / "a.zip", files), assignment, zone=BERLIN)
    assert "cannot be read" in uploads["Ann One"].doubt and not uploads["Joe One"].doubt


def test_a_platforms_own_number_is_not_somebody_elses_id(assignment: Assignment, tmp_path: Path) -> None:
    """In Moodle Ann is participant 7; in the course number 7 is Joe's."""
    roster = tmp_path / "roster.csv"
    roster.write_text("name,id\nJoe Two,7\nAnn One,9\n")
    form = {
        "moodle": "{}_{}_assignsubmission_file/sums.py",
        "brightspace": "{1}-47 - {0} - Nov 20, 2026 1159 PM/sums.py",
    }
    for platform, name in form.items():
        files = {name.format("Ann One", 7): SUMS, name.format("Joe Two", 8): SUMS}
        source = unpack(tmp_path / platform, files)
        uploads, notes = with_roster(
            find_uploads(source, assignment.parts)[1], read_roster(roster), platform, source
        )
        assert {upload.key: upload.students[0].name for upload in uploads} == {
            "Ann_One_7": "Ann One",
            "Joe_Two_8": "Joe Two",
        }
        assert not notes and not any(upload.doubt for upload in uploads)
    roster.write_text("Identifier,Full name\nParticipant 7,Ann One\nParticipant 8,Joe Two\n")
    source = unpack(
        tmp_path / "blind", {f"Participant_{n}_assignsubmission_file/sums.py": SUMS for n in (7, 8)}
    )
    uploads, _ = with_roster(find_uploads(source, assignment.parts)[1], read_roster(roster), "moodle", source)
    assert [upload.students[0].name for upload in uploads] == ["Ann One", "Joe Two"]
