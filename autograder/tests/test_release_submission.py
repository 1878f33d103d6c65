"""What a student hands in: the right files, looked at first, and one sentence for each way it can go wrong."""

import json
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from autograder.checks.policy_file import shapes
from autograder.course.parts import read_parts
from autograder.grader.handin import submission
from autograder.grader.handin.submission import build_submission
from autograder.grader.intake.opening import open_submission
from autograder.grader.outside.tree import ROOT
from envs.typed import option

WEIGHTS = "weights_reach.safetensors"
HOLE = 'def f():\n    raise NotImplementedError("TODO(4a): final goals")\n'


@pytest.fixture
def hw(tmp_path) -> Path:
    folder = tmp_path / "my hw"
    (folder / "kit").mkdir(parents=True)
    for name in read_parts().modules.values():
        shutil.copy(ROOT / "solutions" / name, folder)
    (folder / "kit" / "buffer.py").write_text("changed = True\n")
    (folder / "notes.txt").write_text("private")
    return folder


UNITS = 256  # in each hidden layer


def policy(change: float = 0.0, **changes: np.ndarray) -> dict[str, np.ndarray]:
    """The tensors of a policy for reach, with some of them replaced."""
    ones = {name: np.full(shape, 1.0 + change, np.float32) for name, shape in shapes(UNITS).items()}
    return ones | {name.replace("__", "."): array for name, array in changes.items()}


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_zip_holds_the_part_files_at_its_root_and_nothing_else(hw, tmp_path):
    out = tmp_path / "deep" / "submission.zip"
    notes = build_submission(hw, out)
    assert contents(out) == {name: (hw / name).read_bytes() for name in read_parts().modules.values()}
    assert notes[0] == "Every hole is filled in." and WEIGHTS in notes[1]
    assert [path.name for path in out.parent.iterdir()] == ["submission.zip"]


def test_weights_come_from_the_folder_or_from_a_path(hw, tmp_path):
    there, given = save(policy()), save(policy(1.0))
    (hw / WEIGHTS).write_bytes(there)
    (tmp_path / "weights.safetensors").write_bytes(given)
    build_submission(hw, tmp_path / "a.zip")
    build_submission(hw, tmp_path / "b.zip", weights=tmp_path / "weights.safetensors")
    assert contents(tmp_path / "a.zip")[WEIGHTS] == there
    assert contents(tmp_path / "b.zip")[WEIGHTS] == given


def test_open_holes_are_named_with_their_lines(hw, tmp_path):
    shutil.copy(ROOT / "hw" / "relabel.py", hw)
    notes = build_submission(hw, tmp_path / "s.zip")
    lines = (hw / "relabel.py").read_text().splitlines()
    at = [i for i, line in enumerate(lines, start=1) if "raise NotImplementedError" in line]
    assert notes[:6] == [
        f"4{letter} is still open (relabel.py:{line}): it will count as not attempted."
        for letter, line in zip("abcdef", at, strict=True)
    ]
    assert "Every hole is filled in." not in notes


@pytest.mark.parametrize(
    "body", ["pass", "...", "raise NotImplementedError", "raise NotImplementedError('later')"]
)
def test_a_hole_with_nothing_in_it_is_open(hw, tmp_path, body):
    source = (hw / "relabel.py").read_text()
    (hw / "relabel.py").write_text(source.replace("def final_goals", "def former_goals"))
    with (hw / "relabel.py").open("a") as file:
        file.write(f'\n\ndef final_goals(*args):\n    """Goals."""\n    {body}\n')
    assert "4a is still open (relabel.py:" in build_submission(hw, tmp_path / "s.zip")[0]


NAMES = ["final_goals", "future_goals", "episode_goals", "random_goals", "replace_goals", "new_rewards"]
ALL_OF_4 = ", ".join(f"{name} (4{letter})" for letter, name in zip("abcdef", NAMES, strict=True))


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "import numpy as np\n", "def goals(): return 1\n"])
def test_a_part_file_without_its_functions_is_named(hw, tmp_path, text):
    (hw / "relabel.py").write_text(text)
    notes = build_submission(hw, tmp_path / "s.zip")
    assert notes[0] == f"relabel.py does not define {ALL_OF_4}: what it does not define earns nothing."
    assert "Every hole is filled in." not in notes


def test_methods_are_looked_for_in_their_classes(hw, tmp_path):
    source = (hw / "policy.py").read_text()
    (hw / "policy.py").write_text(source.replace("    def forward(", "    def foward("))
    notes = build_submission(hw, tmp_path / "s.zip")
    assert notes[0].startswith("policy.py does not define Actor.forward (3a), Critic.forward (3b): ")


@pytest.mark.parametrize(
    "text",
    [
        "final_goals = lambda achieved, episodes: achieved[episodes, -1]\n",
        "if True:\n    def final_goals(achieved, episodes):\n        return achieved[episodes, -1]\n",
        "from functools import partial as final_goals\n",
        "try:\n    from .kit.mine import final_goals\nexcept ImportError:\n    final_goals = None\n",
        "from .kit.mine import *\n",
    ],
)
def test_a_function_that_is_defined_in_another_way_is_not_missing(hw, tmp_path, text):
    source = (hw / "relabel.py").read_text().replace("def final_goals", "def former_goals")
    (hw / "relabel.py").write_text(source + "\n\n" + text)
    assert build_submission(hw, tmp_path / "s.zip")[0] == "Every hole is filled in."


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
    assert "is not a readable safetensors file" in refused(hw, out)
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
        path.write_bytes(save(policy(), metadata={"config": json.dumps({"task": task})}))
        if task == "push":
            assert "was trained on push, but reach is graded" in refused(hw, out, weights=path)
    build_submission(hw, out, weights=path)
    assert contents(out)[WEIGHTS] == path.read_bytes()
    path.write_bytes(save(policy(), metadata={"config": "[]"}))  # of another tool: graded as it is
    build_submission(hw, out, weights=path)


def test_weights_that_are_too_weak_are_packed_with_a_word(hw, tmp_path):
    (hw / WEIGHTS).write_bytes(save(policy()))
    notes = build_submission(hw, tmp_path / "s.zip")
    (weak,) = [note for note in notes if "too weak" in note]
    assert re.search(
        r"weights_reach\.safetensors is too weak: the policy reached \d+ of \d+ fresh goals", weak
    )
    assert "95% are asked for" in weak and WEIGHTS in contents(tmp_path / "s.zip")
    shutil.copy(ROOT / "solutions/results/reach/weights.safetensors", hw / WEIGHTS)
    assert not [note for note in build_submission(hw, tmp_path / "s.zip") if "is too weak" in note]


def test_what_does_not_pass_its_public_checks_is_named(tmp_path):
    for name, old, new in (("right", "", ""), ("wrong", "achieved[episodes, -1]", "achieved[episodes, 0]")):
        ignore = shutil.ignore_patterns("tests", "results", "__pycache__", "*.pyc")
        shutil.copytree(ROOT / "solutions", tmp_path / name, ignore=ignore)
        file = tmp_path / name / "relabel.py"
        file.write_text(file.read_text().replace(old, new) if old else file.read_text())
    assert submission.not_passing(tmp_path / "right") == ["Whatever is filled in passes its public checks."]
    (said,) = submission.not_passing(tmp_path / "wrong")
    assert said.startswith("It is packed, but 4a does not pass: see ") and said.endswith(" check --sub 4a.")


WIDE = np.ones((UNITS + 1, 13), np.float32)


@pytest.mark.parametrize(
    ("tensors", "sentence"),
    [
        (policy(actor__net__0__bias=np.full(UNITS, np.nan, np.float32)), "actor.net.0.bias holds NaN"),
        (policy(obs_norm__mean=np.full(10, np.inf, np.float32)), "obs_norm.mean holds infinity"),
        (
            policy(actor__net__0__weight=WIDE),
            "actor.net.0.weight has 257 rows, but actor.net.0.bias has 256 numbers",
        ),
        (policy(actor__net__4__weight=WIDE[:4].repeat(20, 1)), "actor.net.4.weight has 260 columns"),
        (policy(obs_norm__std=np.zeros(10, np.float32)), "obs_norm.std must be positive everywhere"),
        (
            policy(actor__net__4__bias=np.zeros(4, np.int32)),
            "actor.net.4.bias holds I32 where float32 is expected",
        ),
        ({"w": np.zeros(2)}, "has no tensor actor.net.0.bias"),
    ],
)
def test_weights_that_would_not_be_graded_are_refused(hw, tmp_path, tensors, sentence):
    (hw / WEIGHTS).write_bytes(save(tensors))
    message = refused(hw, tmp_path / "s.zip")
    assert sentence in message and f"or move {hw / WEIGHTS} away to hand in no weights." in message
    assert f"leave {option('weights', '…')} out" in refused(hw, tmp_path / "s.zip", weights=hw / WEIGHTS)
    assert not (tmp_path / "s.zip").exists()


@pytest.mark.parametrize("name", [WEIGHTS, "relabel.py"])
def test_what_is_packed_is_taken_in_and_what_is_too_large_is_not_packed(hw, tmp_path, monkeypatch, name):
    limit = submission.MAX_BYTES if name == WEIGHTS else submission.MAX_CODE
    if name == WEIGHTS:  # between the former limits of packing and of taking in
        monkeypatch.setattr(submission, "_problems", lambda content, part: {})
        size = 50_000_001
        (hw / name).write_bytes(save(policy()) + b"\0" * (size - len(save(policy()))))
    else:
        size = limit
        (hw / name).write_bytes((hw / name).read_bytes().ljust(size, b"\n"))
    build_submission(hw, tmp_path / "s.zip")
    (tmp_path / "taken").mkdir()
    open_submission(tmp_path / "s.zip", tmp_path / "taken", read_parts())
    assert (tmp_path / "taken" / name).stat().st_size == size
    with (hw / name).open("ab") as file:
        file.truncate(limit + 1)
    assert f"is too large; at most {limit // 2**20} MB" in refused(hw, tmp_path / "s2.zip")


def test_a_full_disk_is_one_sentence_and_keeps_the_old_zip(hw, tmp_path, monkeypatch):
    out = tmp_path / "s.zip"
    out.write_bytes(b"yesterday's")

    def disk_full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", disk_full)
    assert "cannot be written (No space left on device)" in refused(hw, out)
    assert out.read_bytes() == b"yesterday's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my hw", "s.zip"]
