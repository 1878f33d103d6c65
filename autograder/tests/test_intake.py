"""Opening what was handed in: what is forgiven, what is left out, what is refused."""

from __future__ import annotations

import errno
import gzip
import io
import os
import tarfile
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import pytest

from autograder.grader.intake import archives, tars
from autograder.grader.intake.entries import CannotOpen
from autograder.grader.intake.opening import open_submission
from autograder.tests.conftest import Assignment
from envs.errors import UserMistake


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
    notes = open_submission(path, into, assignment.parts).notes
    assert taken(into) == {"sums.py": "one", "words.py": "two"}
    assert bool(notes) == bool(prefix)


def test_another_case_is_forgiven_and_a_missing_part_is_noted(
    assignment: Assignment, into: Path, tmp_path
) -> None:
    notes = open_submission(pack(tmp_path / "s.zip", {"Sums.PY": "one"}), into, assignment.parts).notes
    assert taken(into) == {"sums.py": "one"}
    assert notes == ("Sums.PY was taken as sums.py", "words.py is missing: part 2 counts as not attempted")


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
    notes = open_submission(
        pack(tmp_path / "s.zip", {"words.py": "ok", name: "bad"}), into, assignment.parts
    ).notes
    assert list(taken(into)) == ["words.py"]
    assert any("points outside s.zip" in note for note in notes)


def test_links_are_left_out(assignment: Assignment, into: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "words.py").write_text("ok")
    (folder / "sums.py").symlink_to(secret)
    os.mkfifo(folder / "pipe.py")
    assert "sums.py is a link and was left out" in open_submission(folder, into, assignment.parts).notes
    assert taken(into) == {"words.py": "ok"}

    info = zipfile.ZipInfo("sums.py")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr(info, str(secret))
        archive.writestr("words.py", "ok")
    other = tmp_path / "other"
    other.mkdir()
    notes = open_submission(tmp_path / "s.zip", other, assignment.parts).notes
    assert taken(other) == {"words.py": "ok"} and any("not a regular file" in note for note in notes)


def test_a_zip_bomb_is_not_unpacked(assignment: Assignment, into: Path, tmp_path: Path) -> None:
    notes = open_submission(
        pack(tmp_path / "s.zip", {"sums.py": b"0" * 10**7, "words.py": "ok"}), into, assignment.parts
    ).notes
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
        (lambda p: (p.write_text("hello"), p)[1], "s.zip is neither a zip nor a tar archive"),
        (lambda p: (p.write_bytes(b""), p)[1], "s.zip is neither a zip nor a tar archive"),
        (_damaged, "sums.py in s.zip is damaged"),
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
    monkeypatch.setattr(archives, "MAX_ENTRIES", 3)
    with pytest.raises(UserMistake, match="more than 3 files"):
        open_submission(pack(path, {f"{i}.txt": "" for i in range(4)}), into, assignment.parts)


# --- archives beside files, within each other, of other kinds ---


def zipped(entries: dict[str, str | bytes], times: dict[str, tuple] | None = None) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name, (times or {}).get(name, (2026, 11, 20, 12, 0, 0)))
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def tarred(entries: dict[str, str], mode: str = "w:gz") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            data = content.encode("latin-1")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


def locked() -> bytes:
    """A zip whose entry says that it is encrypted."""
    data = bytearray(zipped({"sums.py": "1"}))
    for magic, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(magic) + at] |= 1
    return bytes(data)


def header_bomb() -> bytes:
    """A tar of a few kilobytes whose first header says that 64 MB of attributes follow, and they do."""
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 64 * 2**20
    return gzip.compress(info.tobuf() + bytes(info.size) + tarred(BOTH, "w"), 1)


def folder(path: Path, entries: dict[str, str | bytes]) -> Path:
    for name, content in entries.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return path


BOTH = {"sums.py": "one", "words.py": "two"}


@pytest.mark.parametrize(
    "entries",
    [
        {"submission.zip": zipped(BOTH)},
        {"submission.zip": zipped({"hw/sums.py": "one"}), "words.py": "two"},  # a file beside the zip
        {"sums.py": "one", "sub/late.zip": zipped({"words.py": "two"})},
        {"submission.zip": zipped({"inner.zip": zipped(BOTH)})},
        {"submission.zip": zipped({"a/inner.zip": zipped({"b/third.zip": zipped(BOTH)})})},
        {"submission.tar.gz": tarred(BOTH)},
        {"submission.tgz": tarred({"./hw/sums.py": "one", "./hw/words.py": "two"})},
        {"submission.tar": tarred(BOTH, "w")},
        {"submission.tar.xz": tarred(BOTH, "w:xz")},
        {"submission.tar.bz2": tarred(BOTH, "w:bz2")},
        {"submission.zip": zipped({"code.tar.gz": b"", "inner.tgz": tarred(BOTH)})},
        {"Submission.ZIP": zipped(BOTH)},
        {"really_a_tar.zip": tarred(BOTH)},
    ],
)
def test_nothing_is_lost_in_archives(
    assignment: Assignment, into: Path, tmp_path: Path, entries: dict
) -> None:
    opened = open_submission(folder(tmp_path / "s", entries), into, assignment.parts)
    assert taken(into) == BOTH and opened.to_look_at == ""


@pytest.mark.parametrize("ending", ["zip", "tar.gz", "tgz"])
def test_a_single_archive_is_opened(assignment: Assignment, into: Path, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"s.{ending}"
    path.write_bytes(zipped(BOTH) if ending == "zip" else tarred(BOTH))
    open_submission(path, into, assignment.parts)
    assert taken(into) == BOTH


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "s.7z",
            b"7z\xbc\xaf'\x1c" + b"x" * 50,
            "s.7z is a 7z archive, which cannot be opened here: pack a zip",
        ),
        ("s.rar", b"Rar!\x1a\7\0" + b"x" * 50, "s.rar is a rar archive"),
        ("s.zip", locked(), "s.zip is protected with a password: hand it in without one"),
        ("s.zip", zipped(BOTH)[:60], "s.zip is neither a zip nor a tar archive"),
        ("s.tar.gz", tarred(BOTH)[:40], "s.tar.gz is"),
        ("sums.py.gz", b"\x1f\x8b\x08" + b"\0" * 30, "sums.py.gz is"),
        ("s.zip", zipped({"inner.zip": locked()}), "s.zip/inner.zip is protected with a password"),
    ],
    ids=["7z", "rar", "password", "half a zip", "half a tar", "half a gz", "password inside"],
)
def test_what_nobody_could_open_is_named_and_is_not_an_empty_submission(
    assignment: Assignment, tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    """Alone it is refused by name; beside a part file that leaves another one missing, somebody has to look."""
    for entries in ({name: content}, {name: content, "notes.txt": "x"}):
        (into := tmp_path / f"into-{len(entries)}").mkdir()
        with pytest.raises(CannotOpen, match=sentence.replace("(", r"\(")):
            open_submission(folder(tmp_path / f"s-{len(entries)}", entries), into, assignment.parts)
    (into := tmp_path / "into-more").mkdir()
    opened = open_submission(
        folder(tmp_path / "s-more", {name: content, "sums.py": "one"}), into, assignment.parts
    )
    assert taken(into) == {"sums.py": "one"} and sentence in opened.to_look_at
    (into := tmp_path / "into-all").mkdir()
    opened = open_submission(folder(tmp_path / "s-all", {name: content, **BOTH}), into, assignment.parts)
    assert opened.to_look_at == "" and any(sentence in note for note in opened.notes)  # nothing is missing


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ({"sums.py": "old", "sums-1.py": "new"}, "new"),
        ({"sums.py": "old", "sums (1).py": "new"}, "new"),
        ({"sums.py": "old", "sums(2).py": "new", "sums(1).py": "older"}, "new"),
        ({"sums-1.py": "old", "sums-2.py": "new"}, "new"),
        ({"sums-10.py": "new", "sums-9.py": "old"}, "new"),
        ({"sums.py": "this", "sums copy.py": "other"}, "this"),
        ({"sums.py": "this", "Copy of sums.py": "other"}, "this"),
        ({"sums copy 2.py": "this"}, "this"),
        ({"sums.py": "this", "a.zip": zipped({"sums.py": "other"})}, "this"),
        ({"a.zip": zipped({"sums.py": "old"}), "a-1.zip": zipped({"sums.py": "new"})}, "new"),
        (
            {"a.zip": zipped({"sums.py": "new", "sums (1).py": "old"}, {"sums.py": (2026, 11, 21, 9, 0, 0)})},
            "new",
        ),
    ],
)
def test_of_two_versions_the_later_is_taken_and_the_other_is_named(
    assignment: Assignment, into: Path, tmp_path: Path, entries: dict, text: str
) -> None:
    opened = open_submission(folder(tmp_path / "s", entries), into, assignment.parts)
    assert taken(into) == {"sums.py": text}
    left_out = [note for note in opened.notes if "could be sums.py too and was left out" in note]
    assert len(left_out) == max(1, len(entries)) - 1 or (entries.keys() == {"a.zip"} and len(left_out) == 1)


def test_two_zips_with_different_versions_need_somebody_to_look(
    assignment: Assignment, into: Path, tmp_path: Path
) -> None:
    entries = {"a.zip": zipped({"sums.py": "one"}), "b.zip": zipped({"sums.py": "two"})}
    opened = open_submission(folder(tmp_path / "s", entries), into, assignment.parts)
    assert "hold different versions of sums.py" in opened.to_look_at
    same = {name: zipped({"sums.py": "one"}) for name in entries}
    (other := tmp_path / "other").mkdir()
    assert open_submission(folder(tmp_path / "t", same), other, assignment.parts).to_look_at == ""


def test_archives_that_unpack_to_too_much_are_left(
    assignment: Assignment, into: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(tars, "MAX_UNPACKED", 10**6)
    bomb = tarred({"noise.bin": "x" * 3 * 10**6, **BOTH})
    with pytest.raises(CannotOpen, match="unpacks to more than"):
        open_submission(folder(tmp_path / "s", {"s.tar.gz": bomb}), into, assignment.parts)
    many: bytes = zipped(BOTH)
    for _ in range(5):
        many = zipped({"deeper.zip": many})
    with pytest.raises(CannotOpen, match="too many archives within each other"):
        open_submission(folder(tmp_path / "t", {"s.zip": many}), into, assignment.parts)


@pytest.mark.parametrize(
    "entries",
    [
        {"sums.py.gz": gzip.compress(b"one"), "words.py": "two"},  # a compressed file that is no tar
        {
            "submission.tar": tarred(
                {"sums.py": "one", "w.zip": zipped({"words.py": "two"}).decode("latin-1")}, "w"
            )
        },
        {"s.zip": zipped({**BOTH, ".venv/bin/sums.py": "other", "__MACOSX/words.py": "other"})},
    ],
)
def test_nothing_is_lost_in_odd_archives(
    assignment: Assignment, into: Path, tmp_path: Path, entries: dict
) -> None:
    opened = open_submission(folder(tmp_path / "s", entries), into, assignment.parts)
    assert taken(into) == BOTH and opened.to_look_at == ""


def test_a_project_with_all_its_libraries_is_opened_without_a_word_about_them(
    assignment: Assignment, into: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(archives, "MAX_ENTRIES", 10)
    path = tmp_path / "s.zip"
    pack(path, {f".venv/lib/{i}.py": "" for i in range(30)} | BOTH)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("env/bin/python")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/usr/bin/python3")
    assert open_submission(path, into, assignment.parts).notes == () and taken(into) == BOTH


def broken(name: str) -> bytes:
    """A zip in which the file `name` is damaged, and no other."""
    data = bytearray(zipped({key: text * 100 for key, text in BOTH.items()}))
    data[data.index(name.encode()) + len(name) + 4] ^= 0xFF
    return bytes(data)


def locked_beside() -> bytes:
    """A zip with a password on a file that is no homework."""
    data = bytearray(zipped({**BOTH, "notes.txt": "x"}))
    for magic, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.rindex(magic) + at] |= 1
    return bytes(data)


def test_one_damaged_file_costs_that_file_and_somebody_has_to_look(
    assignment: Assignment, into: Path, tmp_path: Path
) -> None:
    opened = open_submission(folder(tmp_path / "s", {"s.zip": broken("words.py")}), into, assignment.parts)
    assert taken(into) == {"sums.py": "one" * 100}
    assert "words.py in s.zip is damaged" in opened.to_look_at
    (other := tmp_path / "other").mkdir()
    assert open_submission(folder(tmp_path / "t", {"s.zip": locked_beside()}), other, assignment.parts)
    assert taken(other) == BOTH


@pytest.mark.parametrize("kind", ["large", "link", "link in a zip", "outside the zip"])
def test_a_part_that_is_there_and_cannot_be_read_is_not_a_part_that_is_missing(
    assignment: Assignment, into: Path, tmp_path: Path, kind: str
) -> None:
    path = folder(tmp_path / "s", {"words.py": "two"})
    if kind == "large":
        (path / "sums.py").write_bytes(b" " * (2**20 + 1))
    elif kind == "link":
        (path / "sums.py").symlink_to(path / "words.py")
    else:
        link = zipfile.ZipInfo("sums.py" if kind == "link in a zip" else "/sums.py")
        link.external_attr = (0o120777 if kind == "link in a zip" else 0o100644) << 16
        with zipfile.ZipFile(path / "s.zip", "w") as archive:
            archive.writestr(link, "words.py")
    opened = open_submission(path, into, assignment.parts)
    assert taken(into) == {"words.py": "two"} and "sums.py" in opened.to_look_at


@pytest.mark.parametrize("level", ["files", "archives"])
def test_all_copies_together_have_a_limit(
    assignment: Assignment, into: Path, tmp_path: Path, monkeypatch, level: str
) -> None:
    """A zip of some kilobytes, every file of which is as long as a file may be."""
    monkeypatch.setattr(archives, "MAX_COPIED", 10**6)
    long = bytes(2**18)
    inside = long if level == "files" else zipped({"noise": long}) + long
    bomb = zipped({f"{i}/{'sums.py' if level == 'files' else 'x.zip'}": inside for i in range(40)})
    assert len(bomb) < 40_000
    with pytest.raises(CannotOpen, match="unpack to more than"):
        open_submission(folder(tmp_path / "s", {"s.zip": bomb}), into, assignment.parts)


def test_a_header_that_would_fill_the_memory_is_refused(
    assignment: Assignment, into: Path, tmp_path: Path
) -> None:
    path = folder(tmp_path / "s", {"s.tar.gz": header_bomb()})
    tracemalloc.start()
    try:
        with pytest.raises(CannotOpen, match="header of an absurd size"):
            open_submission(path, into, assignment.parts)
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()


def test_the_notes_about_many_versions_are_few(assignment: Assignment, into: Path, tmp_path: Path) -> None:
    entries = {f"run-{i}/sums.py": str(i) for i in range(50)}
    opened = open_submission(folder(tmp_path / "s", {"s.zip": zipped(entries)}), into, assignment.parts)
    assert len(opened.notes) < 12 and any("and 44 more" in note for note in opened.notes)


def test_a_full_disk_is_not_called_a_damaged_archive(
    assignment: Assignment, into: Path, tmp_path: Path, monkeypatch
) -> None:
    def full(self: archives.Room, source: object, cap: int) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archives.Room, "copy", full)
    for entries in ({"s.zip": zipped(BOTH)}, {"s.tar.gz": tarred(BOTH)}):
        with pytest.raises(OSError, match="No space left"):
            open_submission(folder(tmp_path / f"s{len(entries)}", entries), into, assignment.parts)
