"""A mended handout into a folder that a student has worked in: what is theirs stays, and nothing is half written."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from autograder.course.parts import read_parts
from autograder.grader.handin import update as updating
from autograder.grader.handin.handout import PRISTINE
from autograder.grader.handin.merge import Clash, merge
from autograder.grader.handin.update import update
from autograder.staff.release.handout import TOP, pack
from autograder.staff.release.holes import hole_text, replace_hole
from envs.errors import UserMistake

ROOT = Path(__file__).parents[2]
RELABEL = (ROOT / "hw/relabel.py").read_text()
SOLVED = (ROOT / "solutions/relabel.py").read_text()
FILLED = {"4a": hole_text(SOLVED, "4a"), "4b": "last = achieved.shape[1] - 1\ngoals = None  # to do\n"}
BASE = {
    "hw/relabel.py": RELABEL,
    "hw/train.py": "import hw\n\n\ndef main():\n    return 1\n",
    "hw/kit/buffer.py": "size = 1\n",
    "Makefile": "check:\n\techo\n",
    "requirements.txt": "numpy==1\n",
    "CHANGELOG.md": "# What has changed\n",
    "autograder/course.toml": 'name = "Homework"\n',
}
NEW_LINE = {"CHANGELOG.md": "# What has changed\n\n- 2026-11-02: 4b says which states it means\n"}


def packed(files: dict[str, str]) -> bytes:
    """A handout's zip, from its texts."""
    contents = {path: text.encode() for path, text in files.items()}
    contents[PRISTINE] = pack(contents)
    return pack({f"{TOP}/{path}": content for path, content in contents.items()})


def without_nothing(files: dict[str, str | None]) -> dict[str, str]:
    return {path: text for path, text in files.items() if text is not None}


@pytest.fixture
def folder(tmp_path) -> Path:
    """A student's folder, as it was unpacked."""
    top = tmp_path / "homework"
    for path, text in BASE.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(text.encode())
    (top / PRISTINE).write_bytes(pack({path: text.encode() for path, text in BASE.items()}))
    return top


@pytest.fixture
def handout(tmp_path):
    """handout(files={path: text}) -> a zip that differs from BASE in these files; None: it has no such file."""

    def write(**changes) -> Path:
        files = {**BASE, **NEW_LINE, **changes.get("files", {})}
        path = tmp_path / "new.zip"
        path.write_bytes(packed(without_nothing(files)))
        return path

    return write


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def filled(text: str = RELABEL) -> str:
    """The part file with two holes filled in."""
    for hole, body in FILLED.items():
        text = replace_hole(text, hole, body)
    return text


def mended(text: str = RELABEL) -> str:
    """The part file as the course mends it: outside the holes, right beside one, and in a hint."""
    changes = (
        ('"""Part 4: hindsight', '"""Part Four: hindsight'),
        ("def final_goals(\n    achieved: np.ndarray,", "def final_goals(\n    achieved: np.ndarray | None,"),
        ("t+1 … T. State t+1 is the one", "t+1 … T, and state t+1 is the one"),
        ("# TODO(4b): the first state that", "# TODO(4b): note that the first state that"),
        ("# TODO(4d): the transition's own", "# TODO(4d): for once, the transition's own"),
    )
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text.replace(
        "    assert goals.shape == (len(episodes), achieved.shape[2])", "    assert goals.ndim == 2"
    )


# --- what a student keeps ---


def test_two_holes_filled_in_a_folder_that_takes_a_mended_starter(folder, handout):
    (folder / "hw/relabel.py").write_text(filled())
    (folder / "hw/weights_reach.safetensors").write_bytes(b"mine")
    before = tree(folder)
    notes = update(folder, handout(files={"hw/relabel.py": mended(), "hw/kit/buffer.py": "size = 2\n"}))
    after = tree(folder)
    assert after["hw/relabel.py"].decode() == filled(mended())  # outside the two holes it is the course's
    assert after["hw/kit/buffer.py"] == b"size = 2\n" and after["hw/weights_reach.safetensors"] == b"mine"
    assert "hw/relabel.py: merged; your changes and what you wrote for 4a, 4b are in it." in notes
    assert "New: 2026-11-02: 4b says which states it means" in notes
    backup = {path: text for path, text in after.items() if path.startswith("before_update_1/")}
    assert backup == {
        f"before_update_1/{path}": before[path]
        for path in ("hw/relabel.py", "hw/kit/buffer.py", "CHANGELOG.md", PRISTINE)
    }
    again = handout(files={"hw/relabel.py": mended(), "hw/kit/buffer.py": "size = 2\n"})
    assert update(folder, again) == [f"This folder has everything that is in {again}."]
    assert tree(folder) == after


def _indented(body: str) -> str:
    return "".join(f"    {line}" for line in body.splitlines(keepends=True))


def _placeholder(text: str, hole: str) -> str:
    return _indented(hole_text(text, hole))


@pytest.mark.parametrize(
    "part", [part for part in read_parts().parts if part.module], ids=lambda part: part.file
)
def test_every_hole_of_every_part_is_kept_while_each_line_around_it_changes(part):
    """Each line outside the holes changes in turn; the student's answers are the reference's."""
    given, solved = ((ROOT / tree / part.file).read_text() for tree in ("hw", "solutions"))
    mine = given
    for sub in part.subparts:
        mine = replace_hole(mine, sub.id, hole_text(solved, sub.id))
    lines = given.splitlines(keepends=True)
    for number in range(0, len(lines)):
        if "TODO(" in lines[number] or not lines[number].strip():
            continue
        new = "".join([*lines[:number], lines[number].replace("\n", "  # new\n"), *lines[number + 1 :]])
        merged = merge(given, mine, new)
        assert merged.kept == tuple(sub.id for sub in part.subparts)
        expected = new
        for sub in part.subparts:
            expected = replace_hole(expected, sub.id, hole_text(solved, sub.id))
        assert merged.text == expected, lines[number]


def test_files_that_were_changed_on_one_side_only(folder, handout):
    (folder / "hw/train.py").write_text("mine = 1\n")
    (folder / "Makefile").unlink()
    update(folder, handout(files={"hw/kit/buffer.py": "size = 2\n"}))
    assert (folder / "hw/train.py").read_text() == "mine = 1\n"
    assert not (folder / "Makefile").exists()  # as the handout did not change it
    assert (folder / "hw/kit/buffer.py").read_text() == "size = 2\n"


def test_both_changed_a_file_without_holes_in_different_places(folder, handout):
    (folder / "hw/train.py").write_text(BASE["hw/train.py"].replace("return 1", "return 2"))
    update(folder, handout(files={"hw/train.py": f'"""Train."""\n{BASE["hw/train.py"]}'}))
    assert (folder / "hw/train.py").read_text() == '"""Train."""\nimport hw\n\n\ndef main():\n    return 2\n'


def test_lines_that_end_as_on_windows(folder, handout):
    (folder / "hw/relabel.py").write_bytes(filled().replace("\n", "\r\n").encode())
    (folder / "hw/train.py").write_bytes(BASE["hw/train.py"].replace("\n", "\r\n").encode())
    update(folder, handout(files={"hw/relabel.py": mended(), "hw/train.py": "import hw\n"}))
    text = (folder / "hw/relabel.py").read_bytes()
    assert (
        text.count(b"\r\n") == text.count(b"\n")
        and b"Part Four" in text
        and b"goals = None  # to do\r\n" in text
    )
    assert (folder / "hw/train.py").read_bytes() == b"import hw\n"  # only its line ends were other ones


def test_deleted_and_added_upstream(folder, handout):
    (folder / "hw/kit/buffer.py").write_text("size = 3  # mine\n")
    zip_ = handout(files={"hw/train.py": None, "hw/kit/buffer.py": None, "hw/kit/ring.py": "ring = 1\n"})
    notes = update(folder, zip_)
    assert not (folder / "hw/train.py").exists() and (folder / "before_update_1/hw/train.py").exists()
    assert (folder / "hw/kit/ring.py").read_text() == "ring = 1\n"
    assert (folder / "hw/kit/buffer.py").read_text() == "size = 3  # mine\n"
    assert "hw/kit/buffer.py: the handout no longer has it; yours stays, since you changed it." in notes


def test_changed_requirements_are_said(folder, handout):
    notes = update(folder, handout(files={"requirements.txt": "numpy==2\n"}))
    assert any(note.startswith("requirements.txt has changed") for note in notes)


def test_a_new_hole_comes_open_and_an_answer_moves_with_its_hole(folder):
    fewer = RELABEL[: RELABEL.index("def replace_goals")]
    more = fewer + RELABEL[RELABEL.index("def replace_goals") :]
    assert "TODO(4e)" in merge(fewer, filled(fewer), more).text
    deeper = RELABEL.replace(
        _placeholder(RELABEL, "4a"),
        "    if True:\n" + "".join(f"    {line}" for line in _placeholder(RELABEL, "4a").splitlines(True)),
    )
    assert "    if True:\n        # hint: which of the" in merge(RELABEL, filled(), deeper).text
    assert "\n        goals = achieved[episodes, -1]\n" in merge(RELABEL, filled(), deeper).text


# --- what is refused: one sentence a file, and nothing is written ---

BOTH = "you and the new handout have both changed what stands here"
REFUSED = {
    "both changed a line": (
        {"hw/train.py": BASE["hw/train.py"].replace("return 1", "return 2")},
        {"hw/train.py": BASE["hw/train.py"].replace("return 1", "return 3")},
        f"hw/train.py:5: {BOTH}.",
    ),
    "both changed a line in a part file": (
        {"hw/relabel.py": filled().replace('"future": future_goals', '"future": mine')},
        {"hw/relabel.py": RELABEL.replace('"future": future_goals', '"future": theirs')},
        f"hw/relabel.py:{filled()[: filled().index('STRATEGIES = {')].count(chr(10)) + 1}: {BOTH}.",
    ),
    "a hole that was filled is gone": (
        {"hw/relabel.py": filled()},
        {"hw/relabel.py": replace_hole(RELABEL, "4b", "goals = achieved[0]")},
        f"hw/relabel.py:{filled()[: filled().index(_indented(FILLED['4b']))].count(chr(10)) + 1}: "
        "the new handout has no hole 4b here, and you have filled yours.",
    ),
    "a file of that name": (
        {"hw/notes.py": "mine = 1\n"},
        {"hw/notes.py": "given = 1\n"},
        "hw/notes.py is new in the handout, and you have a file of that name: rename yours.",
    ),
    "renamed by the student": (
        {"hw/relabel.py": None, "hw/relabel_ann.py": filled()},
        {"hw/relabel.py": mended()},
        "hw/relabel.py is missing, and hw/relabel_ann.py looks like it: give it its name back.",
    ),
    "no text": (
        {"hw/train.py": "\udcff"},
        {"hw/train.py": "import hw\n"},
        "hw/train.py is no text, and you and the new handout have both changed it.",
    ),
    "no Python any more": (
        {"hw/train.py": "import hw\n\n\nif hw:\n\n    def main():\n        return 1\n"},
        {"hw/train.py": "import hw\n\n\ndef main():\n    return 1\n\n\n    \ndef more():\n    return 2\n"},
        None,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_decided_is_named_and_nothing_is_written(folder, handout, case):
    mine, new, sentence = REFUSED[case]
    for path, text in mine.items():
        if text is None:
            (folder / path).unlink()
        else:
            (folder / path).write_bytes(text.encode("utf-8", "surrogateescape"))
    before = tree(folder)
    zip_ = handout(files=new | {"hw/kit/buffer.py": "size = 2\n"})
    with pytest.raises(UserMistake) as caught:
        update(folder, zip_)
    said = str(caught.value).splitlines()
    assert len(said) == 2 and (sentence is None or said[0] == sentence)
    assert said[0].startswith(("hw/", next(iter(mine)))) and said[1].startswith("Nothing was written.")
    assert tree(folder) == before


def test_the_way_out_of_a_refusal(folder, handout):
    mine, new, _ = REFUSED["both changed a line"]
    (folder / "hw/train.py").write_text(mine["hw/train.py"])
    zip_ = handout(files=new)
    with pytest.raises(UserMistake, match=r"hw/trian\.py is no file of the handout"):
        update(folder, zip_, keep=["hw/trian.py"])
    update(folder, zip_, take=["hw/train.py"])
    assert (folder / "hw/train.py").read_text() == new["hw/train.py"]
    assert (folder / "before_update_1/hw/train.py").read_text() == mine["hw/train.py"]


def test_keeping_ones_own(folder, handout):
    mine, new, _ = REFUSED["both changed a line"]
    (folder / "hw/train.py").write_text(mine["hw/train.py"])
    update(folder, handout(files=new), keep=["hw/train.py"])
    assert (folder / "hw/train.py").read_text() == mine["hw/train.py"]


def test_a_look_before_writes_nothing(folder, handout):
    before = tree(folder)
    notes = update(folder, handout(files={"hw/train.py": "import hw\n"}), show=True)
    assert notes[0] == "CHANGELOG.md: the new one." and notes[-1].startswith("Nothing was written")
    assert tree(folder) == before


# --- other zips ---


def test_a_zip_that_is_none_is_one_sentence(folder, tmp_path):
    for name, content, sentence in (
        ("none.zip", None, "there is no"),
        ("text.zip", b"hello", "is no zip, or not all of it: download it again"),
        ("half.zip", packed(BASE)[:-200], "is no zip, or not all of it"),
        ("other.zip", pack({"relabel.py": b""}), "is no handout that a folder can be updated to"),
        ("evil.zip", pack({f"{TOP}/{PRISTINE}": pack({"../../evil.py": b""})}), "would land elsewhere"),
    ):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(UserMistake, match=sentence) as caught:
            update(folder, tmp_path / name)
        assert name in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "evil.py").exists()


def test_another_courses_and_an_older_one(folder, handout):
    with pytest.raises(UserMistake, match=r"is the handout of 'Robots', and this folder is of 'Homework'"):
        update(folder, handout(files={"autograder/course.toml": 'name = "Robots"\n'}))
    update(folder, handout())
    old = handout(files={"CHANGELOG.md": BASE["CHANGELOG.md"]})
    with pytest.raises(
        UserMistake, match=r"older than this folder, which has the change '2026-11-02: 4b says"
    ):
        update(folder, old)


def test_a_folder_of_which_nobody_knows_what_it_was(folder, handout):
    (folder / PRISTINE).unlink()
    with pytest.raises(UserMistake, match=r"copy your part files from hw/ into it"):
        update(folder, handout())


def test_a_handout_that_the_browser_has_unpacked(folder, handout, tmp_path):
    import shutil

    shutil.unpack_archive(handout(files={"hw/train.py": "import hw\n"}), tmp_path / "Downloads/handout-2")
    update(folder, tmp_path / "Downloads/handout-2")
    assert (folder / "hw/train.py").read_text() == "import hw\n"
    with pytest.raises(UserMistake, match="holds no handout"):
        update(folder, tmp_path / "Downloads/handout-2/fetch-homework/hw")


# --- nothing half written ---


@pytest.mark.parametrize("fails", ["hw/kit/buffer.py", "hw/train.py", "hw/ring.py", PRISTINE])
def test_a_file_that_cannot_be_replaced_undoes_the_others(folder, handout, monkeypatch, fails):
    before = tree(folder)
    zip_ = handout(
        files={
            "hw/kit/buffer.py": "size = 2\n",
            "hw/train.py": "import hw\n",
            "hw/ring.py": "1\n",
            "Makefile": None,
        }
    )
    real = os.replace

    def busy(source, target):
        if Path(target) == folder / fails:
            raise PermissionError(13, "Permission denied")
        real(source, target)

    monkeypatch.setattr(updating.os, "replace", busy)
    with pytest.raises(UserMistake, match=rf"{re.escape(fails)} cannot be written \(Permission denied\)"):
        update(folder, zip_)
    assert tree(folder) == before


@pytest.mark.parametrize("after", range(1, 5))
def test_an_update_that_was_killed_is_finished_by_the_next(folder, handout, monkeypatch, after):
    (folder / "hw/relabel.py").write_text(filled())
    changes = {"hw/kit/buffer.py": "size = 2\n", "hw/relabel.py": mended(), "hw/train.py": "import hw\n"}
    zip_ = handout(files=changes)
    real, left = os.replace, [after]

    def killed(source, target):
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        real(source, target)

    monkeypatch.setattr(updating.os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        update(folder, zip_)
    monkeypatch.undo()
    update(folder, zip_)
    assert (folder / "hw/relabel.py").read_text() == merge(RELABEL, filled(), mended()).text
    assert (folder / "hw/train.py").read_text() == "import hw\n" and (
        folder / "hw/kit/buffer.py"
    ).read_text() == "size = 2\n"
    assert (folder / "before_update_1/hw/relabel.py").read_text() == filled()


def test_a_student_may_write_around_the_holes_too():
    mine = filled().replace(
        "import numpy as np\n", "import numpy as np\nimport math\n\n\ndef helper():\n    return 1\n"
    )
    mine += "\n\nif __name__ == '__main__':\n    print(helper())\n"
    text = merge(RELABEL, mine, mended()).text
    assert (
        "def helper" in text
        and "print(helper())" in text
        and "Part Four" in text
        and "goals = None  # to do" in text
    )


def test_an_answer_whose_next_line_was_deleted_too_stays_or_is_refused():
    """No line above or below a hole tells where it ended: what the student wrote there is one change."""
    lines = filled().splitlines(keepends=True)
    at = lines.index("    goals = None  # to do\n") + 1
    assert lines[at].startswith("    assert")
    mine = "".join(lines[:at] + lines[at + 1 :])
    assert "goals = None  # to do" in merge(RELABEL, mine, RELABEL.replace("Part 4:", "Part IV:")).text
    with pytest.raises(Clash):
        merge(RELABEL, mine, mended())


def notebook(source: str, ran: bool = False) -> str:
    """A notebook of one cell; a cell that ran has a count and an output."""
    left = {"execution_count": 3, "outputs": [{"output_type": "stream", "name": "stdout", "text": ["2\n"]}]}
    cell = {"cell_type": "code", "execution_count": None, "outputs": [], "source": [source]}
    return json.dumps({"cells": [cell | left if ran else cell], "metadata": {}, "nbformat": 4}, indent=1)


@pytest.mark.parametrize("ran", [False, True])
def test_a_notebook_that_was_only_run_is_replaced_and_one_that_was_changed_is_asked_about(tmp_path, ran):
    name, base = "notebooks/01_first_look.ipynb", {key: text.encode() for key, text in BASE.items()}
    base, new = base | {name: notebook("1 + 1").encode()}, base | {name: notebook("2 + 2").encode()}
    for source, planned_as in (("1 + 1", "write"), ("1 + 3", "refused"), ("2 + 2", "")):
        mine = tmp_path / source / name
        mine.parent.mkdir(parents=True)
        mine.write_text(notebook(source, ran))
        planned = updating.plan(tmp_path / source, {name: base[name]}, {name: new[name]})
        assert bool(planned.write) == (planned_as == "write") and bool(planned.refused) == (
            planned_as == "refused"
        )
    assert updating.plan(tmp_path / "1 + 3", {name: base[name]}, {name: new[name]}, take=[name]).write
