"""What is taken of an upload: the part files, whatever it was packed in, and a sentence where there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.staff.batch.uploads import uploads
from autograder.staff.batch.uploads.find import find_uploads
from autograder.staff.batch.uploads.take import as_task, take
from autograder.tests.conftest import SUMS, WORDS, Assignment
from autograder.tests.packing import pack, unpack, zipped


@pytest.fixture
def taken(assignment: Assignment, tmp_path: Path):
    """taken(source) -> {key: Taken}."""

    def taken(source: Path):
        uploads = find_uploads(source, assignment.parts)[1]
        return {u.key: take(as_task(u), tmp_path / "store", assignment.parts) for u in uploads}

    return taken


def test_equal_contents_are_one_however_they_were_packed(taken, tmp_path: Path) -> None:
    files = {"sums.py": SUMS, "words.py": WORDS}
    source = unpack(
        tmp_path / "class",
        {
            "a.zip": zipped(files),
            "b.zip": zipped({f"hw/{name}": text for name, text in files.items()}),
            "c/inner.zip": zipped(files),
            **{f"d/deep/{name}": text for name, text in files.items()},
            "e/sums.py": SUMS,
        },
    )
    found = taken(source)
    assert len({found[key].content for key in "abcd"}) == 1 and found["e"].content != found["a"].content
    assert sorted(p.name for p in (tmp_path / "store" / found["a"].content).iterdir()) == [
        "sums.py",
        "words.py",
    ]
    assert any("taken from the folder hw" in note for note in found["b"].notes)
    assert any("words.py is missing" in note for note in found["e"].notes)
    again = taken(pack(tmp_path / "class.zip", {"x/a.zip": zipped(files), "x/f.zip": zipped(files)}))
    assert {one.content for one in again.values()} == {found["a"].content}
    assert not list((tmp_path / "store").glob(".*"))


def test_what_cannot_be_opened_is_said_in_a_sentence_without_our_paths(taken, tmp_path: Path) -> None:
    source = unpack(
        tmp_path / "class",
        {
            "essay/essay.pdf": b"%PDF",
            "two/a.zip": zipped({"sums.py": SUMS}),
            "two/b.zip": zipped({"sums.py": SUMS}),
            "broken.zip": b"PK\3\4 broken",
            "empty/notes.md": b"",
            "other.zip": zipped({"main.py": "print()"}),
        },
    )
    found = taken(source)
    assert "it holds essay.pdf" in found["essay"].problem
    assert found["two"].problem == "" and found["two"].content  # they hold the same
    assert found["broken"].problem.startswith("broken.zip is neither a zip nor a tar archive")
    assert "holds none of the files sums.py, words.py" in found["other"].problem
    for one in (one for key, one in found.items() if key != "two"):
        assert (
            one.content == ""
            and one.problem
            and str(tmp_path) not in one.problem
            and "taking" not in one.problem
        )


def test_what_is_too_large_is_cut_while_it_streams(taken, monkeypatch, tmp_path: Path) -> None:
    for name in ("archives", "names"):
        monkeypatch.setattr(f"autograder.grader.intake.{name}.MAX_ARCHIVE", 10_000)
    bomb = zipped({"sums.py": b" " * 50_000_000})
    big = zipped({"sums.py": SUMS, "noise": bytes(range(256)) * 4096})
    source = pack(
        tmp_path / "class.zip",
        {"x/bomb.zip": bomb, "x/big.zip": big + b"\0" * 50_000, "x/long/words.py": " " * 2**21},
    )
    found = taken(source)
    assert found["big"].problem
    assert found["bomb"].problem or any("larger than" in note for note in found["bomb"].notes)
    assert any("larger than 1 MB" in note for note in found["long"].notes)


def test_what_another_version_of_the_kit_could_not_open_is_opened_again(
    assignment: Assignment, monkeypatch, tmp_path: Path
) -> None:
    """The state holds what was taken for as long as the fingerprint is the same."""
    source = unpack(tmp_path / "class", {"ann/s.zip": zipped({"sums.py": SUMS})})
    (upload,) = find_uploads(source, assignment.parts)[1]
    before = upload.fingerprint
    assert upload.fingerprint == before
    (tmp_path / "opening.py").write_text("# other rules")
    monkeypatch.setattr(uploads, "RULES", (tmp_path,))
    uploads.rules.cache_clear()
    try:
        assert upload.fingerprint != before
    finally:
        uploads.rules.cache_clear()
