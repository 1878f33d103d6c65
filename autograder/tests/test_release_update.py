"""The course's side of an update, and a course of its own: what is written, what is refused, what students are told."""

from __future__ import annotations

import datetime
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from autograder.grader.handin.handout import read_handout
from autograder.staff.release import __main__ as cli
from autograder.staff.release import handout, updating
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.holes import hole_text, replace_hole
from autograder.staff.release.new_course import fresh, new_course

ROOT = Path(__file__).parents[2]
DAY = datetime.date(2026, 11, 2)
IMPORT = "import numpy as np"  # a line of relabel.py, whatever else it says


def copied(folder: Path) -> Path:
    """The kit, with a starter that is what its solutions give."""
    new_course(ROOT, folder)
    (folder / "autograder/course.toml").write_bytes((ROOT / "autograder/course.toml").read_bytes())
    return folder


@pytest.fixture
def course(tmp_path) -> Path:
    """A course that has handed out its first zip."""
    root = copied(tmp_path / "course")
    handout.build(root, root / "dist/handout.zip")
    return root


def edit(root: Path, path: str, old: str, new: str) -> None:
    """The same edit in solutions/ and in hw/, as `make starter` would have it."""
    for name in ("solutions", "hw"):
        text = (root / name / path).read_text()
        assert text.count(old) == 1
        (root / name / path).write_text(text.replace(old, new))
    from autograder.staff.release import starter
    from autograder.staff.release.outline import read_outline

    files = starter.plan(root / "solutions", read_outline(root / "autograder/parts.toml"))
    starter.write(root / "hw", files, force=True)


def test_a_mended_handout_has_a_line_for_the_students_and_lies_beside_the_old_one(course):
    old = (course / "dist/handout.zip").read_bytes()
    edit(course, "relabel.py", IMPORT, f"{IMPORT}  # mended")
    updated = updating.build(course, course / "dist/handout.zip", "4b says which states it means", DAY)
    assert updated.path == course / "dist/handout-2.zip" and updated.changed == ("hw/relabel.py",)
    assert (course / "dist/handout.zip").read_bytes() == old
    line = "- 2026-11-02: 4b says which states it means\n"
    assert (course / "solutions/CHANGELOG.md").read_text().endswith(f"\n\n{line}")
    with zipfile.ZipFile(updated.path) as archive:
        for name in ("CHANGELOG.md", "hw/CHANGELOG.md"):
            assert archive.read(f"{handout.TOP}/{name}").decode().endswith(line)
    edit(course, "relabel.py", "# mended", "# mended again")
    third = updating.build(course, course / "dist/handout.zip", "clearer still", DAY)
    assert third.path.name == "handout-3.zip" and third.before.name == "handout-2.zip"
    assert read_handout(third.path).changes == (
        "2026-11-02: 4b says which states it means",
        "2026-11-02: clearer still",
    )


def test_without_a_line_for_the_students_there_is_no_new_handout(course):
    out = course / "dist/handout.zip"
    with pytest.raises(ReleaseError, match="Nothing has changed since"):
        updating.build(course, out, "nothing", DAY)
    edit(course, "relabel.py", IMPORT, f"{IMPORT}  # mended")
    before = (course / "solutions/CHANGELOG.md").read_bytes()
    for note, sentence in ((None, 'NOTE="…"'), (" \n", "The note for the students is empty")):
        with pytest.raises(ReleaseError, match=sentence):
            updating.build(course, out, note, DAY)
    with pytest.raises(ReleaseError, match="make handout builds the first"):
        updating.build(course, course / "dist/other.zip", "a line", DAY)
    assert (course / "solutions/CHANGELOG.md").read_bytes() == before
    assert [path.name for path in (course / "dist").iterdir()] == ["handout.zip"]


def test_a_disk_that_is_full_leaves_the_changelog_as_it_was(course, monkeypatch):
    edit(course, "relabel.py", IMPORT, f"{IMPORT}  # mended")
    before = (course / "solutions/CHANGELOG.md").read_bytes()

    def full(root, out):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(handout, "build", full)
    with pytest.raises(OSError):
        updating.build(course, course / "dist/handout.zip", "a line", DAY)
    assert (course / "solutions/CHANGELOG.md").read_bytes() == before


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env |= {"OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_from_the_courses_edit_to_the_students_folder(course, tmp_path):
    """By the two commands alone: the course's, and the one it says the students have to type."""
    shutil.unpack_archive(course / "dist/handout.zip", tmp_path)
    folder = tmp_path / handout.TOP
    part = folder / "hw/relabel.py"
    solved = (ROOT / "solutions/relabel.py").read_text()
    for hole in ("4a", "4b"):
        part.write_text(replace_hole(part.read_text(), hole, hole_text(solved, hole)))
    edit(course, "relabel.py", IMPORT, f"{IMPORT}  # mended")
    wanted = course / "requirements.txt"
    wanted.write_text("# one more\n" + wanted.read_text())

    done = run(course, "autograder.staff.release", "update-handout", "--note", "4b says what it means")
    assert done.returncode == 0, done.stderr
    assert "make update FROM=handout-2.zip" in done.stdout and "hw/relabel.py" in done.stdout
    shutil.copy(course / "dist/handout-2.zip", folder)
    done = run(folder, "autograder", "update", "handout-2.zip")
    assert done.returncode == 0, done.stderr
    assert (
        "what you wrote for 4a, 4b are in it" in done.stdout and "requirements.txt has changed" in done.stdout
    )
    assert f"{IMPORT}  # mended\n" in part.read_text()
    for hole, code in (("4a", 0), ("4b", 0), ("4c", 1)):
        assert run(folder, "autograder", "check", "--sub", hole).returncode == code
    done = run(folder, "autograder", "update", "handout-2.zip")
    assert done.returncode == 0 and "has everything that is in handout-2.zip" in done.stdout
    done = run(folder, "autograder", "update", "../course/dist/handout.zip")
    assert done.returncode == 2 and "older" in done.stderr and done.stderr.count("\n") == 1


# --- a course of its own ---

FILLED_IN = """
name = "Robots 2026"
zone = "Europe/Berlin"
due = "2026-11-20T23:59"

[part.4]
points = { 4a = 3 }

[late]
penalty = 0.1

# More time:
[extensions]
"1017" = 3
# "1018" = 4

[feedback]
hidden = "visible"
"""


def test_a_fresh_course_file_has_no_dates_and_names_no_student():
    text = fresh(FILLED_IN, 'rl "2027"')
    assert tomllib.loads(text) == {
        "name": "rl 2027",
        "zone": "Europe/Berlin",
        "part": {"4": {"points": {"4a": 3}}},
        "late": {"penalty": 0.1},
        "feedback": {"hidden": "visible"},
    }
    assert '# due = "2026-11-20T23:59"' in text and "# [extensions]" in text and "1018" not in text
    assert "name" not in fresh('extensions."1017" = 3\n', "x") + fresh('extensions = { "1017" = 3 }\n', "x")
    whole = (ROOT / "autograder/course.toml").read_text()
    assert fresh(whole, tomllib.loads(whole)["name"]) == whole


def test_what_was_run_or_built_stays_behind(tmp_path):
    root = tmp_path / "old"
    kept = ("README.md", ".gitignore", "hw/.generated.json", "solutions/a.py", "autograder/course.toml")
    left = (
        *(
            "out/class/grades.csv",
            "dist/handout.zip",
            "runs/reach/progress.csv",
            ".git/config",
            ".venv/bin/python",
        ),
        *("hw/__pycache__/a.pyc", "submission.zip", ".ruff_cache/x", "before_update_1/.git/x"),
    )
    for path in (*kept, *left):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text('name = "Robots"\n')
    (root / "link").symlink_to(root / "README.md")
    assert new_course(root, tmp_path / "new") == len(kept)
    new = tmp_path / "new"
    assert {p.relative_to(new).as_posix() for p in new.rglob("*") if p.is_file()} == set(kept)
    assert (new / "autograder/course.toml").read_text() == 'name = "new"\n'


def test_a_folder_that_is_not_empty_or_lies_inside_is_refused(tmp_path, capsys):
    (tmp_path / "mine.txt").touch()
    assert cli.main(["new-course", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"{tmp_path} is not empty: name a folder that is not there yet.\n"
    assert cli.main(["new-course", str(ROOT / "dist/new")]) == 2
    assert "lies inside this course" in capsys.readouterr().err and not (ROOT / "dist/new").exists()


@pytest.mark.slow
def test_a_course_of_its_own_is_ready_for_its_starter_and_handout(tmp_path):
    assert cli.main(["new-course", str(tmp_path / "rl-2027")]) == 0
    course = tmp_path / "rl-2027"
    for words in (("starter",), ("starter", "--check"), ("handout",)):
        done = run(course, "autograder.staff.release", *words)
        assert done.returncode == 0, done.stderr
    assert read_handout(course / "dist/handout.zip").course == "rl-2027"
