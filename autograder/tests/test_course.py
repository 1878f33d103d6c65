"""As an instructor: one edit of course.toml and one command, and everything follows. In a copy of the whole kit."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course.parts import read_parts
from autograder.staff.release.handout import TOP

ROOT = Path(__file__).parents[2]
REFUSED = 2  # the exit code of a mistake of the user's
pytestmark = pytest.mark.slow
PART_2 = "[part.2]\npoints = { 2a = 4, 2b = 4, 2c = 6, 2d = 4, 2e = 4 }\n"
METADATA = """
submission_1:
  :submitters:
  - :name: Ann One
    :sid: "1017"
    :email: ann@example.org
  :created_at: 2026-11-22 12:00:00.000000000 Z
  :score: 0.0
  :status: processed
"""


class Kit:
    """A copy of the kit; `edit` is of course.toml, `run` any command, from its top folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = root / "autograder/course.toml"

    def edit(self, old: str, new: str) -> None:
        text = self.file.read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        self.file.write_text(text.replace(old, new), encoding="utf-8")

    def run(self, *words: str, code: int = 0, folder: Path | None = None) -> str:
        """What it prints, stderr included."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment |= {"OMP_NUM_THREADS": "1", "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=folder or self.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
        assert done.returncode == code and "Traceback" not in done.stdout, done.stdout
        return done.stdout

    def starter(self) -> str:
        """Regenerates hw/; the handout text."""
        self.run("autograder.staff.release", "starter")
        return self.read("README.md")

    def read(self, name: str) -> str:
        return (self.root / "hw" / name).read_text(encoding="utf-8")

    def handout(self) -> Path:
        """The unpacked handout."""
        self.run("autograder.staff.release", "handout", "--out", "dist/handout.zip")
        shutil.unpack_archive(self.root / "dist/handout.zip", self.root / "dist")
        return self.root / "dist" / TOP

    def points(self, *words: str) -> dict[str, float]:
        """Sub-part -> points that the solutions earn of these checks, of a grading; "possible" is the sum."""
        figures = self.root / "grade.json"
        self.run(
            *("autograder", "grade", "solutions", "--out", "out/one", "--allow-weak-sandbox"),
            *("--json", str(figures), *words),
        )
        found = json.loads(figures.read_text())
        earned = {id_: sub["earned"] for id_, sub in found["subparts"].items()}
        return earned | {"possible": found["possible"]}


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    ignore = shutil.ignore_patterns("tests", "bench", "results", "__pycache__")
    for folder in ("autograder", "envs", "hw", "solutions", "notebooks"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)
    for name in ("Makefile", "requirements.txt", "pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    return Kit(tmp_path)


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """(path, text) of every file below a folder that holds text for people or Python."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".py", ".md"):
            yield path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")


def test_without_part_2_its_file_is_complete_and_nothing_speaks_of_its_holes(kit: Kit) -> None:
    kit.edit(PART_2, "")
    text = kit.starter()
    wanted, inside = [], False
    for line in (ROOT / "solutions/imagine.py").read_text(encoding="utf-8").splitlines():
        inside = (inside or "BEGIN SOLUTION" in line) and "END SOLUTION" not in line
        if "SOLUTION" not in line and not (inside and line.strip().startswith("# hint")):
            wanted.append(line)
    assert kit.read("imagine.py").splitlines() == wanted
    for path, content in texts(kit.root / "hw"):
        assert not re.search(r"\b2[a-e]\b", content), path
    assert "| 2 synthetic" not in text and "six pieces" in text and "seven pieces" not in text
    assert "This part is given: `hw/imagine.py` is complete" in text
    assert "# TODO(4a)" in text and "| 4 hindsight relabeling | `hw/relabel.py` | 4a–4f | 22 |" in text


def test_without_part_2_grading_and_the_students_checks_go_without_it(kit: Kit) -> None:
    kit.edit(PART_2, "")
    kit.starter()
    unpacked = kit.handout()
    assert not (unpacked / "autograder/checks/test_imagine.py").exists()
    assert (unpacked / "autograder/checks/test_relabel.py").exists()
    shown = kit.run("autograder", "check", "--json", "check.json", folder=unpacked, code=1)
    assert "Synthetic" not in shown and "0 / 78" in shown
    assert "part 2 is not graded in this course" in kit.run(
        "autograder", "check", "--part", "2", folder=unpacked, code=2
    )
    figures = json.loads((unpacked / "check.json").read_text())
    assert figures["possible"] == 78 and not [id_ for id_ in figures["subparts"] if id_[0] == "2"]
    assert kit.points("--sub", "4a") == {"4a": 3, "possible": 3}
    assert read_parts(kit.root / "autograder/parts.toml").total == 78


def test_without_part_4_the_text_shows_a_hole_and_commands_of_another_part(kit: Kit) -> None:
    kit.edit("[part.4]\npoints", '[part.4]\ngiven = "complete"\npoints')
    text = kit.starter()
    assert "PART=4" not in text and "TODO(4a)" not in text and "Part 4 is" not in text
    assert re.search(r"PART=[1-3]|PART=[6-8]", text) and "--part" in text
    shown = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert shown and shown[1] in kit.read("dynamics.py") and "TODO(1a)" in shown[1]


def test_a_part_that_something_imports_cannot_be_left_out(kit: Kit) -> None:
    kit.edit(PART_2, '[part.2]\ngiven = "no"\n')
    said = kit.run("autograder.staff.release", "starter", code=REFUSED)
    assert re.search(r"course\.toml, line \d+: part\.2\.given: hw/\w+\.py imports imagine\.py", said)
    assert 'given = "complete"' in said and said.count("\n") == 1


def test_a_part_that_nothing_imports_is_not_there(kit: Kit) -> None:
    (kit.root / "solutions/extra.py").write_text(
        "def f(x):\n    # BEGIN SOLUTION 10a\n    # hint: the last one\n    return x[-1]\n    # END SOLUTION\n"
    )
    with (kit.root / "autograder/parts.toml").open("a") as parts:
        parts.write('[part.10]\ntitle = "More"\nfile = "extra.py"\ntime_limit = 10\n')
        parts.write('sub.10a = { title = "last", function = "f" }\n')
    readme = kit.root / "solutions/README.md"
    readme.write_text(readme.read_text() + "\n## Part 10: more\n\nTake the last one (**10a**).\n")
    assert "Part 10" not in kit.starter() and not (kit.root / "hw/extra.py").exists()
    kit.edit("[part.1]\n", '[part.10]\ngiven = "complete"\n[part.1]\n')
    assert "Take the last one.\n" in kit.starter()
    assert kit.read("extra.py") == "def f(x):\n    return x[-1]\n"


def test_a_total_of_60_scales_every_points_alike(kit: Kit) -> None:
    kit.edit("# total = 100", "total = 60")
    text = kit.starter()
    assert "| 1a–1f | 13.2 |" in text and "| a policy for FetchReach | 5.4 |" in text
    assert "| in all, without extra credit | 60 |" in text
    parts = read_parts(kit.root / "autograder/parts.toml")
    assert parts.total == 60 and parts.subparts["1c"].points == pytest.approx(4 * 0.6)
    assert kit.points("--sub", "4a") == pytest.approx({"4a": 1.8, "possible": 1.8})
    shown = kit.run("autograder", "check", "--part", "4", folder=kit.handout(), code=1)
    assert "0 / 13.2" in shown


def test_points_that_add_up_to_101_are_101_everywhere(kit: Kit) -> None:
    kit.edit("5a = 9", "5a = 10")
    text = kit.starter()
    assert "| a policy for FetchReach | 10 |" in text and "| in all, without extra credit | 101 |" in text
    assert read_parts(kit.root / "autograder/parts.toml").total == 101
    kit.edit("# total = 100", "total = 100")
    assert read_parts(kit.root / "autograder/parts.toml").total == 100


def test_a_part_of_extra_credit_comes_on_top_of_the_total(kit: Kit) -> None:
    kit.edit("points = { 5a = 9 }", "points = { 5a = 9 }\nextra = true")
    text = kit.starter()
    assert "| 9 extra |" in text and "| in all, without extra credit | 91 |" in text
    assert read_parts(kit.root / "autograder/parts.toml").total == 91
    kit.edit("# total = 100", "total = 100")
    parts = read_parts(kit.root / "autograder/parts.toml")
    assert parts.total == 100 and parts.subparts["5a"].points == pytest.approx(9 * 100 / 91)
    assert "0 extra" in kit.run("autograder", "check", "--sub", "6a", code=1)  # and not 0 of 0


def test_slide_as_the_graded_task(kit: Kit) -> None:
    """The file's name, the checks' hint, threshold and simulator, and the text."""
    kit.edit('task = "reach"', 'task = "slide"')
    measured = ROOT / "autograder/staff/hidden/thresholds/slide.json"
    threshold = json.loads(measured.read_text())["threshold"]
    text = kit.starter()
    assert (
        "weights_slide.safetensors" in text
        and "a policy for FetchSlide" in text
        and f"success rate of {100 * threshold:.0f} % fails" in text
    )
    assert "make train TASK=slide METHOD=her" in text and "train on `slide`" in text
    assert "weights_reach" not in text and "95 %" not in text
    figures = kit.root / "check.json"
    kit.run("autograder", "check", "--part", "5", "--json", str(figures), folder=kit.handout(), code=1)
    check, _ = json.loads(figures.read_text())["checks"]
    assert "train on slide" in check["hint"] and "hw/weights_slide.safetensors" in check["hint"]
    assert "weights_slide.safetensors was not handed in" in check["message"]
    probe = "from autograder.checks import policy_file as t; print(t.TASK, t.THRESHOLD, t.FILE)"
    (kit.root / "probe.py").write_text(probe)
    assert kit.run("probe").split() == ["slide", str(threshold), "weights_slide.safetensors"]
    shutil.copy(
        ROOT / "solutions/results/slide/weights.safetensors", kit.root / "solutions/weights_slide.safetensors"
    )
    assert kit.points("--part", "5") == {"5a": 9, "possible": 9}


def test_a_task_without_a_measured_threshold_needs_one(kit: Kit) -> None:
    kit.edit('task = "reach"', 'task = "tiny"')
    said = kit.run("autograder.staff.release", "starter", code=REFUSED)
    assert re.search(r"line \d+: weights\.task: no threshold is measured for tiny: run make calibrate", said)
    kit.edit("# threshold = 0.95", "threshold = 0.9")
    assert "success rate of 90 % fails" in " ".join(kit.starter().split())


def graded_class(kit: Kit) -> dict[str, str]:
    """The row of a student who handed in on November 22, after a grading of 4a alone."""
    source = kit.root / "export/assignment_1_export"
    (source / "submission_1").mkdir(parents=True)
    (source / "submission_metadata.yml").write_text(METADATA)
    shutil.copy(ROOT / "solutions/relabel.py", source / "submission_1")
    kit.run(
        *("autograder", "grade-class", "export", "--out", "out/class", "--jobs", "1", "--only", "4a"),
        *("--no-similarity", "--allow-weak-sandbox"),
    )
    with (kit.root / "out/class/grades.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    return row


def test_a_late_policy(kit: Kit) -> None:
    kit.edit(
        '# zone = "Europe/Berlin"', 'zone = "UTC"\ndue = 2026-11-20\nlate = { penalty = 0.1, max_days = 5 }'
    )
    row = graded_class(kit)
    assert row["Late Days"] == "2"
    earned, penalty = float(row["Points before Penalty"]), float(row["Penalty"])
    assert earned > 0 and penalty == pytest.approx(0.2 * earned, abs=0.01)
    with (kit.root / "out/class/canvas.csv").open(newline="") as file:
        assert "Fetch homework" in next(csv.reader(file))
    text = " ".join(kit.starter().split())
    late = "Each late day costs 10 % of the points earned. What comes more than 5 days late earns no points."
    assert f"It is due 2026-11-20 23:59 UTC. {late}" in text


def test_an_extension_for_one_student(kit: Kit) -> None:
    kit.edit(
        '# zone = "Europe/Berlin"',
        'zone = "UTC"\ndue = 2026-11-20\nlate.penalty = 0.1\nextensions = { "1017" = 3 }  # Ann One was ill',
    )
    row = graded_class(kit)
    assert (row["Late Days"], row["Extended"], row["Penalty"]) == ("0", "yes", "0.0")
    kit.starter()
    with zipfile.ZipFile(kit.handout().parent / "handout.zip") as archive:
        everything = b"\n".join(archive.read(name) for name in archive.namelist())
        assert b"1017" not in archive.read(f"{TOP}/autograder/course.toml")
    assert b"Ann One" not in everything


def test_what_students_see_of_hidden_checks(kit: Kit) -> None:
    kit.edit("# [feedback]", '[feedback]\nhidden = "hidden"')
    kit.points("--sub", "4a")
    tests = json.loads((kit.root / "out/one/results.json").read_text())["tests"]
    seen = {test["extra_data"]["id"].split("/")[0]: test["visibility"] for test in tests}
    assert seen == {"public": "visible", "hidden": "hidden"}
    page = (kit.root / "out/one/feedback.html").read_text()
    assert (
        "hidden</span>" not in page and "public</span>" in page and "of 3" not in page and "3 / 3" not in page
    )


def test_a_function_that_is_renamed_in_the_solutions_alone_stops_the_release(kit: Kit) -> None:
    for path in (kit.root / "solutions").rglob("*.py"):
        path.write_text(path.read_text().replace("future_goals", "later_goals"))
    said = kit.run("autograder.staff.release", "handout", code=REFUSED)
    assert "4b is in later_goals, but parts.toml says function = 'future_goals'" in said


def test_weights_in_parts_toml_are_those_of_the_courses_task(kit: Kit) -> None:
    path = kit.root / "autograder/parts.toml"
    path.write_text(path.read_text().replace("weights_{task}", "weights_push"))
    said = kit.run("autograder.staff.release", "handout", code=REFUSED)
    assert re.search(
        r'parts\.toml, line \d+: part\.5\.file: must be .* "weights_\{task\}\.safetensors"', said
    )
