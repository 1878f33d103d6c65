"""Opening what was handed in: what is forgiven, what is left out, what is refused."""

from __future__ import annotations

import os
import warnings
import zipfile
from pathlib import Path

import pytest

from autograder.engine import intake
from autograder.engine.intake import open_submission
from autograder.engine.outcomes import UserMistake
from autograder.tests.conftest import Assignment


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def pack(path: Path, entries: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # duplicate names are made on purpose
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def taken(into: Path) -> dict[str, str]:
    return {p.name: p.read_text() for p in sorted(into.iterdir())}


@pytest.mark.parametrize("prefix", ["", "hw/", "my homework/", "a/b/hw/"])
@pytest.mark.parametrize("packed", [False, True])
def test_files_are_found_at_the_top_or_in_a_nested_folder(
    assignment: Assignment, into: Path, tmp_path: Path, prefix: str, packed: bool
) -> None:
    entries = {
        f"{prefix}sums.py": "one",
        f"{prefix}words.py": "two",
        f"{prefix}train.py": "x",
        "notes.txt": "y",
    }
    if packed:
        path = pack(
            tmp_path / "s.zip", entries | {"__MACOSX/hw/._sums.py": "junk", "__MACOSX/sums.py": "junk"}
        )
    else:
        path = tmp_path / "s"
        for name, text in entries.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text)
    notes = open_submission(path, into, assignment.parts)
    assert taken(into) == {"sums.py": "one", "words.py": "two"}
    assert bool(notes) == bool(prefix)


def test_another_case_is_forgiven_and_a_missing_part_is_noted(
    assignment: Assignment, into: Path, tmp_path
) -> None:
    notes = open_submission(pack(tmp_path / "s.zip", {"Sums.PY": "one"}), into, assignment.parts)
    assert taken(into) == {"sums.py": "one"}
    assert notes == ["Sums.PY was taken as sums.py", "words.py is missing: part 2 counts as not attempted"]


def test_of_two_complete_folders_the_one_called_hw_is_taken(
    assignment: Assignment, into: Path, tmp_path
) -> None:
    entries = {f"{folder}/{name}": folder for folder in ("answers", "hw") for name in ("sums.py", "words.py")}
    open_submission(pack(tmp_path / "s.zip", entries), into, assignment.parts)
    assert taken(into) == {"sums.py": "hw", "words.py": "hw"}


def test_only_allowed_names_are_taken(assignment: Assignment, into: Path, tmp_path: Path) -> None:
    entries = {
        "sums.py": "1",
        "conftest.py": "2",
        "torch.py": "3",
        "kit/helpers.py": "4",
        "sitecustomize.py": "5",
    }
    open_submission(pack(tmp_path / "s.zip", entries), into, assignment.parts)
    assert list(taken(into)) == ["sums.py"]


@pytest.mark.parametrize("name", ["/sums.py", "../sums.py", "a/../../sums.py", "..\\sums.py", "C:\\sums.py"])
def test_paths_that_point_outside_are_left_out(
    assignment: Assignment, into: Path, tmp_path, name: str
) -> None:
    notes = open_submission(pack(tmp_path / "s.zip", {"words.py": "ok", name: "bad"}), into, assignment.parts)
    assert list(taken(into)) == ["words.py"]
    assert any("points outside the zip" in note for note in notes)


def test_links_are_left_out(assignment: Assignment, into: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "words.py").write_text("ok")
    (folder / "sums.py").symlink_to(secret)
    os.mkfifo(folder / "pipe.py")
    assert "sums.py is a link and was left out" in open_submission(folder, into, assignment.parts)
    assert taken(into) == {"words.py": "ok"}

    info = zipfile.ZipInfo("sums.py")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr(info, str(secret))
        archive.writestr("words.py", "ok")
    other = tmp_path / "other"
    other.mkdir()
    notes = open_submission(tmp_path / "s.zip", other, assignment.parts)
    assert taken(other) == {"words.py": "ok"} and any("not a regular file" in note for note in notes)


def test_a_zip_bomb_is_not_unpacked(assignment: Assignment, into: Path, tmp_path: Path) -> None:
    notes = open_submission(
        pack(tmp_path / "s.zip", {"sums.py": b"0" * 10**7, "words.py": "ok"}), into, assignment.parts
    )
    assert taken(into) == {"words.py": "ok"}
    assert "sums.py is larger than 1 MB and was left out" in notes


def _damaged(path: Path) -> Path:
    pack(path, {"sums.py": "x" * 1000})
    data = bytearray(path.read_bytes())
    data[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda p: p, "there is no submission at"),
        (lambda p: (p.write_text("hello"), p)[1], "is neither a folder nor a zip file"),
        (lambda p: (p.write_bytes(b""), p)[1], "is neither a folder nor a zip file"),
        (_damaged, "s.zip cannot be unpacked"),
        (lambda p: pack(p, {"essay.docx": "x"}), "s.zip holds none of the files sums.py, words.py"),
        (lambda p: (p.mkdir(), p)[1], "s.zip holds none of the files"),
    ],
)
def test_what_cannot_be_graded_is_refused_in_a_sentence(
    assignment: Assignment, into: Path, tmp_path: Path, make, sentence: str
) -> None:
    with pytest.raises(UserMistake) as mistake:
        open_submission(make(tmp_path / "s.zip"), into, assignment.parts)
    assert sentence in str(mistake.value) and "\n" not in str(mistake.value)


def test_duplicates_and_crowds_are_refused(
    assignment: Assignment, into: Path, tmp_path: Path, monkeypatch
) -> None:
    path = tmp_path / "s.zip"
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("sums.py", "1")
        archive.writestr("sums.py", "2")
    with pytest.raises(UserMistake, match=r"holds sums\.py twice"):
        open_submission(path, into, assignment.parts)
    monkeypatch.setattr(intake, "MAX_ENTRIES", 3)
    with pytest.raises(UserMistake, match="more than 3 files"):
        open_submission(pack(path, {f"{i}.txt": "" for i in range(4)}), into, assignment.parts)
