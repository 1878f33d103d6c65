"""What a student hands in: the right files, looked at first, and one sentence for each way it can go wrong."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from autograder.engine import submission
from autograder.engine.parts import read_parts
from autograder.engine.submission import build_submission

WEIGHTS = "weights_reach.safetensors"
HOLE = 'def f():\n    raise NotImplementedError("TODO(4a): final goals")\n'


@pytest.fixture
def hw(tmp_path) -> Path:
    folder = tmp_path / "my hw"
    (folder / "kit").mkdir(parents=True)
    for name in read_parts().modules.values():
        (folder / name).write_text(f"# {name}\n")
    (folder / "kit" / "buffer.py").write_text("changed = True\n")
    (folder / "notes.txt").write_text("private")
    return folder


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_zip_holds_the_part_files_at_its_root_and_nothing_else(hw, tmp_path):
    out = tmp_path / "deep" / "submission.zip"
    notes = build_submission(hw, out)
    assert contents(out) == {name: f"# {name}\n".encode() for name in read_parts().modules.values()}
    assert notes[0] == "Every hole is filled in." and WEIGHTS in notes[1]
    assert [path.name for path in out.parent.iterdir()] == ["submission.zip"]


def test_weights_come_from_the_folder_or_from_a_path(hw, tmp_path):
    there, given = save({"w": np.zeros(2)}), save({"w": np.ones(3)})
    (hw / WEIGHTS).write_bytes(there)
    (tmp_path / "weights.safetensors").write_bytes(given)
    build_submission(hw, tmp_path / "a.zip")
    build_submission(hw, tmp_path / "b.zip", weights=tmp_path / "weights.safetensors")
    assert contents(tmp_path / "a.zip")[WEIGHTS] == there
    assert contents(tmp_path / "b.zip")[WEIGHTS] == given


def test_open_holes_are_named_with_their_lines(hw, tmp_path):
    (hw / "relabel.py").write_text(
        HOLE + HOLE.replace("4a", "4b") + "def g():\n    raise NotImplementedError\n"
    )
    notes = build_submission(hw, tmp_path / "s.zip")
    assert notes[:2] == [
        "4a is still open (relabel.py:2): it will count as not attempted.",
        "4b is still open (relabel.py:4): it will count as not attempted.",
    ]
    assert "Every hole is filled in." not in notes


def refused(*args, **kwargs) -> str:
    with pytest.raises(ValueError) as caught:
        build_submission(*args, **kwargs)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_mistakes_are_one_sentence_and_leave_no_zip(hw, tmp_path):
    out = tmp_path / "s.zip"
    assert "is not a folder" in refused(tmp_path / "nowhere", out)
    assert "none.safetensors is missing" in refused(hw, out, weights=tmp_path / "none.safetensors")
    (hw / WEIGHTS).write_bytes(b"PK\x03\x04 a zip, renamed")
    assert "not a safetensors file" in refused(hw, out)
    (hw / WEIGHTS).unlink()
    (hw / "policy.py").write_text("x = 1\ndef f(:\n")
    assert "policy.py:2 is not valid Python" in refused(hw, out)
    (hw / "policy.py").write_bytes(b"x = 1\0")
    assert "policy.py:1 is not valid Python" in refused(hw, out)
    (hw / "policy.py").unlink()
    assert "policy.py is missing" in refused(hw, out)
    assert not out.exists()


def test_weights_of_a_task_that_is_not_graded_are_refused(hw, tmp_path):
    out, path = tmp_path / "s.zip", tmp_path / "weights.safetensors"
    for task in ("push", "reach"):
        path.write_bytes(save({"w": np.zeros(2)}, metadata={"config": json.dumps({"task": task})}))
        if task == "push":
            assert "was trained on push, but reach is graded" in refused(hw, out, weights=path)
    build_submission(hw, out, weights=path)
    assert contents(out)[WEIGHTS] == path.read_bytes()
    path.write_bytes(save({"w": np.zeros(2)}, metadata={"config": "[]"}))  # of another tool: graded as it is
    build_submission(hw, out, weights=path)


def test_weights_that_are_too_large_are_refused(hw, tmp_path, monkeypatch):
    monkeypatch.setattr(submission, "MAX_WEIGHTS_BYTES", 50)
    (hw / WEIGHTS).write_bytes(save({"w": np.zeros(20)}))
    assert "at most" in refused(hw, tmp_path / "s.zip")


def test_a_full_disk_is_one_sentence_and_keeps_the_old_zip(hw, tmp_path, monkeypatch):
    out = tmp_path / "s.zip"
    out.write_bytes(b"yesterday's")

    def disk_full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", disk_full)
    assert "cannot be written (No space left on device)" in refused(hw, out)
    assert out.read_bytes() == b"yesterday's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my hw", "s.zip"]
