"""Gradescope: the zip, its folders replayed, results.json against the documented schema, and a death half-way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from autograder.bench import small_machine
from autograder.course.parts import read_parts
from autograder.course.settings import Time
from autograder.grader.running import list_checks
from autograder.staff.gradescope import harness
from autograder.staff.release import gradescope
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.outline import read_outline
from autograder.tests.conftest import COURSE, SUMS, WORDS, Assignment
from envs.errors import UserMistake

ROOT = Path(__file__).parents[2]
VISIBILITY = {"enum": ["visible", "hidden", "after_due_date", "after_published"]}
FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
TEST = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "score": {"type": "number"},
        "max_score": {"type": "number"},
        "status": {"enum": ["passed", "failed"]},
        **{name: {"type": "string"} for name in ("name", "number", "output")},
        "name_format": FORMAT,
        "output_format": FORMAT,
        "tags": {"type": "array", "items": {"type": "string"}},
        "visibility": VISIBILITY,
        "extra_data": {"type": "object"},
    },
}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "anyOf": [
        {"required": ["score"]},
        {"required": ["tests"], "properties": {"tests": {"minItems": 1, "items": {"required": ["score"]}}}},
    ],
    "properties": {
        "score": {"type": "number", "minimum": 0},
        "execution_time": {"type": "number", "minimum": 0},
        "output": {"type": "string"},
        "output_format": FORMAT,
        "test_output_format": FORMAT,
        "test_name_format": FORMAT,
        "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY,
        "extra_data": {"type": "object"},
        "tests": {"type": "array", "items": TEST},
        "leaderboard": {
            "type": "array",
            "items": {"type": "object", "required": ["name", "value"]},
        },
    },
}
METADATA = {
    "id": 4711,
    "created_at": "2026-11-20T12:00:00.000000+00:00",
    "assignment": {"due_date": "2026-11-21T00:00:00.000000+00:00", "total_points": "100.0"},
    "users": [{"name": "Student 017", "email": "student-017@example.org", "id": 17}],
    "previous_submissions": [],
}
SLOW = "import time\n" + WORDS.replace("return", "time.sleep(60)\n    return")


def read(root: Path) -> dict[str, Any]:
    """results.json, if it keeps to the schema."""
    content = json.loads((root / "results/results.json").read_text())
    jsonschema.validate(content, SCHEMA)
    return content


@pytest.fixture
def platform(tmp_path: Path):
    """platform({file: text}) -> a folder laid out as the platform does for one submission."""

    def platform(files: dict[str, str]) -> Path:
        root = tmp_path / "autograder"
        for name in ("source", "submission", "results"):
            (root / name).mkdir(parents=True)
        (root / "submission_metadata.json").write_text(json.dumps(METADATA))
        for name, text in files.items():
            (root / "submission" / name).write_text(text)
        return root

    return platform


def run(root: Path, assignment: Assignment, limit: float = 600.0) -> int:
    return harness.run(root, assignment.hw, assignment.roots, assignment.parts, limit)


def test_a_graded_submission_keeps_to_the_schema(platform, assignment: Assignment) -> None:
    root = platform({"sums.py": SUMS.replace("a + b", "a - b"), "words.py": WORDS})
    assert run(root, assignment) == 0
    content = read(root)
    assert content["score"] == 16 and len(content["tests"]) == 4 and harness.CUT not in content["output"]
    assert sum(test["max_score"] for test in content["tests"]) == 20
    seed = content["extra_data"]["seed"]
    assert run(root, assignment) == 0 and read(root)["extra_data"]["seed"] == seed


def test_staff_is_told_if_gradescope_has_another_total_than_the_course(
    platform, assignment: Assignment, capsys
) -> None:
    root = platform({"sums.py": SUMS, "words.py": WORDS})
    assert run(root, assignment) == 0
    assert "is worth 100 points on Gradescope, but 20 in course.toml" in capsys.readouterr().out
    assignment.write("course.toml", f"total = 100\n{COURSE}")
    assert run(root, assignment) == 0 and "worth" not in capsys.readouterr().out
    assert read(root)["score"] == 100


@pytest.mark.parametrize("files", [{}, {"essay.txt": "hello"}])
def test_a_wrongly_packed_submission_gets_a_sentence(files, platform, assignment: Assignment) -> None:
    root = platform(files)
    assert run(root, assignment) == 0
    assert read(root)["score"] == 0 and "holds none of the files" in read(root)["output"]


def test_the_checks_are_listed_without_a_run(assignment: Assignment) -> None:
    assert [check.id for check in list_checks(assignment.roots, assignment.parts)] == [
        "public/test_sums.py::test_add",
        "public/test_sums.py::test_double",
        "public/test_words.py::test_shout",
        "hidden/test_sums.py::test_add_fresh",
    ]


def start(root: Path, assignment: Assignment, limit: float) -> subprocess.Popen:
    code = (
        "import sys; from pathlib import Path; from autograder.staff.gradescope import harness;"
        "from autograder.course.parts import read_parts; a = Path(sys.argv[2]);"
        "roots = {name: a / 'checks' / name for name in ('public', 'hidden')};"
        "sys.exit(harness.run(Path(sys.argv[1]), a / 'hw', roots, read_parts(a / 'parts.toml'), float(sys.argv[3])))"
    )
    command = [sys.executable, "-c", code, str(root), str(assignment.root), str(limit)]
    return subprocess.Popen(command, start_new_session=True)


def test_killed_half_way_what_ran_is_in_the_file(platform, assignment: Assignment) -> None:
    root = platform({"sums.py": SUMS, "words.py": SLOW})
    process = start(root, assignment, 600.0)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.1)
        # Every state of it keeps to the schema.
        if (root / "results/results.json").is_file() and read(root)["score"]:
            if len([t for t in read(root)["tests"] if t["status"] == "passed"]) == 2:
                break
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    content = read(root)
    passed = {test["name"] for test in content["tests"] if test["status"] == "passed"}
    assert passed == {"1a: Two arrays are added element by element", "1b: Doubling doubles"}
    assert content["score"] == 8  # the hidden check of 1a had no turn: half of 1a's points, and all of 1b's
    assert harness.CUT in content["output"] and len(content["tests"]) == 4
    assert sum(harness.WAITING in test["output"] for test in content["tests"]) == 2


def test_shortly_before_the_limit_it_ends_by_itself(platform, assignment: Assignment) -> None:
    root = platform({"sums.py": SUMS, "words.py": SLOW})
    process = start(root, assignment, harness.MARGIN + 4.0)
    assert process.wait(30) == 0
    assert read(root)["score"] == 8 and harness.CUT in read(root)["output"]


SLOW_LEARNING = """
import time
from autograder.checks.checking import expect, subpart

LEARN = {"kind": "learning", "time_limit": 60}

@subpart("1a", "1b", **LEARN)
def test_learns(student):
    \"\"\"It learns, slowly.\"\"\"
    for _ in range(600):
        student.sums.add(1, 2)
        time.sleep(0.1)
"""


def test_a_slow_but_right_submission_gets_all_its_unit_points(platform, assignment: Assignment) -> None:
    # The time ends in a learning check, which is the first in the first file and marked by way of a dictionary.
    assignment.write("checks/public/test_a_learning.py", SLOW_LEARNING)
    root = platform({"sums.py": SUMS, "words.py": WORDS})
    process = start(root, assignment, harness.MARGIN + 6.0)
    assert process.wait(40) == 0
    content = read(root)
    passed = {test["name"] for test in content["tests"] if test["status"] == "passed"}
    assert len(passed) == 4 and len(content["tests"]) == 5
    (waiting,) = (test for test in content["tests"] if test["status"] == "failed")
    assert harness.WAITING in waiting["output"] and "slowly" in waiting["name"]
    assert 15 < content["score"] < 20  # all of 2a, and all of 1a and 1b but for the learning check's share


def test_notes_about_the_package_are_shown_though_the_time_ended(platform, assignment: Assignment) -> None:
    root = platform({"words.py": SLOW})
    assert start(root, assignment, harness.MARGIN + 4.0).wait(30) == 0
    assert "sums.py is missing" in read(root)["output"] and harness.CUT in read(root)["output"]


def test_the_zip_holds_what_runs_there_and_nothing_else(tmp_path: Path) -> None:
    names = gradescope.build(ROOT, tmp_path / "g.zip", 20.0, "https://example.org/cpu")
    assert {"setup.sh", "run_autograder", "requirements.txt", "kit/hw/kit/buffer.py"} <= set(names)
    assert {"kit/autograder/staff/hidden/test_relabel.py", "kit/solutions/relabel.py"} <= set(names)
    assert not [n for n in names if "tests/" in n or "/batch/" in n or "/release/" in n or "/results/" in n]
    needed = {path.name for path in (ROOT / "autograder/staff/hidden/thresholds").glob("*.json")}
    assert {Path(n).name for n in names if n.endswith(".json")} == needed
    with zipfile.ZipFile(tmp_path / "g.zip") as archive:
        assert archive.read("limit.txt") == b"20\n" and b"example.org/cpu" in archive.read("index.txt")
        pins = archive.read("requirements.txt").decode()
        modes = {name: archive.getinfo(name).external_attr >> 16 & 0o777 for name in names[-2:]}
    assert modes == {"run_autograder": 0o755, "setup.sh": 0o755}
    assert "torch==" in pins and "pytest==" in pins
    assert not [word for word in ("ruff", "mypy", "#") if word in pins]
    with pytest.raises(ReleaseError, match="1 to 40 minutes"):
        gradescope.build(ROOT, tmp_path / "g.zip", 60.0)
    for script in gradescope.SCRIPTS:
        subprocess.run(["bash", "-n", ROOT / "autograder/staff/gradescope" / script], check=True)


def test_the_minutes_are_the_courses(tmp_path: Path, monkeypatch) -> None:
    outline = read_outline(ROOT / "autograder/parts.toml")
    settings = replace(outline.parts.settings, time=Time(gradescope_minutes=25))
    course = replace(outline, parts=replace(outline.parts, settings=settings))
    monkeypatch.setattr(gradescope, "read_outline", lambda path: course)
    gradescope.build(ROOT, tmp_path / "g.zip")
    with zipfile.ZipFile(tmp_path / "g.zip") as archive:
        assert archive.read("limit.txt") == b"25\n"


@pytest.mark.slow
def test_the_platforms_folders_replayed_with_the_zip(platform, tmp_path: Path) -> None:
    root = platform({})
    gradescope.build(ROOT, tmp_path / "g.zip")
    with zipfile.ZipFile(tmp_path / "g.zip") as archive:
        archive.extractall(root / "source")
    shutil.copy(root / "source/run_autograder", root / "run_autograder")
    for path in (root / "source/kit/autograder").rglob("test_*.py"):
        if path.name != "test_relabel.py":
            path.unlink()  # the others take half a minute and show nothing more
    for name in ("dynamics.py", "imagine.py", "policy.py", "relabel.py"):  # as handed out: nothing takes long
        shutil.copy(ROOT / "hw" / name, root / "submission" / name)
    environment = {"AUTOGRADER_ROOT": str(root), "GRADER_PYTHON": sys.executable, "PATH": os.environ["PATH"]}
    done = subprocess.run(["bash", root / "run_autograder"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    content = read(root)
    assert content["score"] == 0 and len(content["tests"]) > 30 and harness.CUT not in content["output"]
    assert not content["extra_data"]["run_again"]
    outcomes = {test["extra_data"]["outcome"] for test in content["tests"]}
    assert outcomes == {"not attempted"}, outcomes


@pytest.mark.slow
def test_half_a_core_and_768_mb_and_a_submission_that_wants_more(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    for part in read_parts().parts:
        if part.module:
            shutil.copy(ROOT / "solutions" / part.file, code / part.file)
    greedy = "def future_goals(*args, **kwargs):\n    return np.ones(200_000_000)\n"
    with (code / "relabel.py").open("a") as file:
        file.write(greedy)
    root = tmp_path / "autograder"
    root.mkdir()
    small_machine.lay_out(root, code)
    for path in (root / "source/kit/autograder").rglob("test_*.py"):
        if path.name != "test_relabel.py":
            path.unlink()
    try:
        figures = small_machine.run_small(root)
    except UserMistake as no_limits:
        pytest.skip(str(no_limits))
    wrong = {test["name"][:2] for test in read(root)["tests"] if test["status"] == "failed"}
    assert wrong == {"4b"} and figures["outcomes"]["passed"] > 20
    assert figures["most memory used (MB)"] <= 768 and "could not run" not in figures["outcomes"]
