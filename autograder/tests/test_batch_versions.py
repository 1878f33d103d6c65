"""What regrades a class and what does not: one change at a time, in a copy of the kit."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from autograder.grader.outside.tree import ROOT
from autograder.staff.batch.versions import file_versions
from autograder.tests.conftest import Assignment

# Prints, for each change, the check files whose version is another one. A change is [file, old text, new text].
PROBE = """
import json, sys
from pathlib import Path
from autograder.staff.batch import versions
from autograder.course.parts import read_parts

root = Path.cwd()
roots = {"public": root / "autograder/checks", "hidden": root / "autograder/staff/hidden"}

def now():
    return versions.file_versions(roots, root / "hw", read_parts())

before, installed, found = now(), versions.version, {}
for name, (file, old, new) in json.loads(sys.argv[1]).items():
    path = root / file
    text = path.read_text() if path.exists() else None
    assert text is None or old in text, name
    path.write_text(new if text is None else text.replace(old, new))
    found[name] = [check for check, version in now().items() if before[check] != version]
    path.write_text(text) if text is not None else path.unlink()
versions.version = lambda library: "0.0" if library == "msgspec" else installed(library)
found["another msgspec"] = [check for check, version in now().items() if before[check] != version]
print(json.dumps([list(before), found]))
"""
EVERYTHING = {
    "a threshold": ["autograder/staff/hidden/thresholds/reach.json", '"threshold": 0.95', '"threshold": 0.9'],
    "the workers' seed": ["autograder/grader/grading.py", "worker %d", "worker number %d"],
    "what starts the grader": [
        "autograder/staff/batch/worker/__main__.py",
        "import json",
        "import json  # again",
    ],
    "the worker": ["autograder/grader/inside/worker.py", "WATCH_EVERY = 0.1", "WATCH_EVERY = 0.2"],
    "the sandbox": ["autograder/grader/inside/confine/limits.py", '"""', '"""So: '],
    "what opens submissions": ["autograder/grader/intake/names.py", "MAX_CODE = 2**20", "MAX_CODE = 2**21"],
    "what checks share": ["autograder/checks/states.py", '"""', '"""So: '],
    "a new file of data": ["autograder/staff/hidden/cases.json", "", "[1]"],
    "the graded task": ["autograder/course.toml", 'task = "reach"', 'task = "push"'],
    "how long checks may take": ["autograder/course.toml", "# [time]", "[time]\nscale = 2"],
    "an env": ["envs/rewards.py", '"""', '"""So: '],
    "the reference": ["solutions/agent.py", '"""', '"""So: '],
    "the pristine package": ["hw/kit/buffer.py", '"""', '"""So: '],
}
NOTHING = {
    "points": ["autograder/course.toml", "5a = 9", "5a = 8"],
    "another total": ["autograder/course.toml", "# total = 100", "total = 60"],
    "extra credit": ["autograder/course.toml", "{ 5a = 9 }", "{ 5a = 9 }\nextra = true"],
    "the homework's name": ["autograder/course.toml", "Fetch homework", "Homework 4"],
    "dates": ["autograder/course.toml", '# zone = "Europe/Berlin"', 'zone = "UTC"\ndue = "2026-11-20T23:59"'],
    "an extension": ["autograder/course.toml", "[part.1]", 'zone = "UTC"\nextensions = { a = 3 }\n[part.1]'],
    "what students see of hidden checks": [
        "autograder/course.toml",
        "# [feedback]",
        '[feedback]\nhidden = "hidden"',
    ],
    "the minutes on Gradescope": ["autograder/course.toml", "# [time]", "[time]\ngradescope_minutes = 20"],
    "a title": ["autograder/parts.toml", "final goals", "last goals"],
    "scoring": ["autograder/grader/report/scoring.py", '"""', '"""So: '],
    "the page": ["autograder/grader/report/feedback.html", "<h1", "<h1 "],
    "all pages": ["autograder/grader/report/base.html", "<body", "<body "],
    "tables": ["autograder/grader/report/tables.py", '"""', '"""So: '],
    "how results are written": ["autograder/grader/report/results.py", '"""', '"""So: '],
    "a pristine part file": ["hw/relabel.py", '"""', '"""So: '],
    "the handout's text": ["hw/README.md", "a", "b"],
    "a test of the kit's own": ["envs/tests/test_tasks.py", '"""', '"""So: '],
}
ONE = {"a check": ["autograder/staff/hidden/test_relabel.py", '"""', '"""So: ']}
LIMIT = {
    "a time limit": ["autograder/parts.toml", "time_limit = 120", "time_limit = 100"],
    "the course's threshold": ["autograder/course.toml", "# threshold = 0.95", "threshold = 0.9"],
}


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> tuple[list[str], dict[str, list[str]]]:
    """All check files, and those that each change regrades."""
    copy = tmp_path_factory.mktemp("kit")
    ignore = shutil.ignore_patterns("results", "__pycache__")
    for folder in ("autograder", "envs", "solutions", "hw"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignore)
    shutil.copy(ROOT / "requirements.txt", copy)
    changes = json.dumps(EVERYTHING | NOTHING | ONE | LIMIT)
    done = subprocess.run([sys.executable, "-c", PROBE, changes], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names, changed = json.loads(done.stdout)
    return names, changed


@pytest.mark.parametrize("change", [*EVERYTHING, "another msgspec"])
def test_what_any_check_can_depend_on_regrades_everything(change, found) -> None:
    names, changed = found
    assert names and changed[change] == names


@pytest.mark.parametrize("change", NOTHING)
def test_what_is_made_from_results_regrades_nothing(change, found) -> None:
    assert found[1][change] == []


def test_a_check_file_regrades_itself_and_a_time_limit_or_threshold_its_part(found) -> None:
    assert found[1]["a check"] == ["hidden/test_relabel.py"]
    for change in LIMIT:
        assert found[1][change] == ["public/test_weights.py"]


def test_every_check_file_is_among_them(found) -> None:
    folders = {"public": ROOT / "autograder/checks", "hidden": ROOT / "autograder/staff/hidden"}
    files = [f"{kind}/{file.name}" for kind, folder in folders.items() for file in folder.glob("test_*.py")]
    assert sorted(found[0]) == sorted(files)


def test_a_course_elsewhere_depends_on_its_own_files(assignment: Assignment) -> None:
    def versions() -> dict[str, str]:
        return file_versions(assignment.roots, assignment.hw, assignment.parts)

    before = versions()
    assignment.write("checks/hidden/cases.json", "[1]")
    with_data = versions()
    assert not before.items() & with_data.items()
    path = assignment.root / "checks/public/test_words.py"
    # It now depends on both files of this name.
    path.write_text("from test_sums import PUBLIC\n" + path.read_text())
    with_import = versions()
    assert [name for name in before if with_data[name] != with_import[name]] == ["public/test_words.py"]
    assignment.write("checks/public/test_sums.py", "")
    changed = versions()
    assert [name for name in before if with_import[name] != changed[name]] == [
        "public/test_sums.py",
        "public/test_words.py",
    ]
