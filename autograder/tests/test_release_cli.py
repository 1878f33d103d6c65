"""`python -m autograder.staff.release starter`: exit codes and sentences, on a small assignment."""

import shutil
from pathlib import Path

import pytest

from autograder.staff.release import __main__ as cli
from autograder.staff.release import proven, starter
from autograder.staff.release.outline import read_outline

ROOT = Path(__file__).resolve().parents[2]
CHECK = """
from autograder.checks.checking import expect, subpart

@subpart('4a')
def test_it(student):
    expect(student.relabel.f([1, 2]) == 2, "f returns the last one")
"""
PART = "def f(x):\n    # BEGIN SOLUTION 4a\n    # hint: from the end\n    return x[-1]\n    # END SOLUTION\n"
FILES = {
    "solutions/relabel.py": PART,
    "autograder/parts.toml": """
        [part.4]
        title = "Hindsight"
        file = "relabel.py"
        time_limit = 10
        sub.4a = { title = "final goals" }
    """,
    "autograder/course.toml": "[part.4]\npoints = { 4a = 3 }\n",
    "autograder/checks/test_relabel.py": CHECK,
    "autograder/staff/hidden/test_relabel.py": CHECK,
}


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    return tmp_path


def run(capsys, *arguments: str) -> tuple[int, str]:
    code = cli.main(["starter", *arguments])
    output = capsys.readouterr()
    assert bool(output.err) == (code != 0)  # what is wrong goes to stderr, all else to stdout
    return code, output.out + output.err


def test_write_check_edit_refuse_force(root, capsys):
    assert run(capsys, "--check")[0] == 1
    assert run(capsys) == (0, "hw/: 2 files, 1 holes; updated.\n")
    assert run(capsys, "--check") == (0, "hw/ is what solutions/ gives: 2 files, 1 holes.\n")
    (root / "hw" / "relabel.py").write_text("mine = 1\n")
    code, text = run(capsys, "--check")
    assert code == 1 and text.startswith("hw/relabel.py was edited by hand.\n") and "make starter" in text
    code, text = run(capsys)
    assert code == 2 and "hw/relabel.py" in text and "--force" in text
    assert (root / "hw" / "relabel.py").read_text() == "mine = 1\n"
    assert run(capsys, "--force")[0] == 0 and run(capsys, "--check")[0] == 0


def test_a_sub_part_without_checks_is_refused_unless_allowed(root, capsys):
    (root / "autograder/staff/hidden/test_relabel.py").unlink()
    assert run(capsys) == (2, "Sub-part 4a (final goals) has no hidden check.\n")
    assert not (root / "hw").exists()
    assert run(capsys, "--allow-uncovered")[0] == 0


def test_a_hole_without_a_hint_is_named_with_file_and_line(root, capsys):
    part = root / "solutions/relabel.py"
    part.write_text(part.read_text().replace("    # hint: from the end\n", ""))
    sentence = "solutions/relabel.py:2: hole 4a has no hint; write '# hint: …' between its markers.\n"
    assert run(capsys) == (2, sentence) and run(capsys, "--check") == (2, sentence)


WRONG = {  # what is edited, by what, and what is said of it
    "a public check that the reference fails": (
        "autograder/checks/test_relabel.py",
        ("== 2", "== 1"),
        "solutions/relabel.py: the reference does not pass public/test_relabel.py::test_it (sub-part 4a): "
        "f returns the last one.",
    ),
    "a hidden one": (
        "autograder/staff/hidden/test_relabel.py",
        ("== 2", "== 1"),
        "solutions/relabel.py: the reference does not pass hidden/test_relabel.py::test_it (sub-part 4a): "
        "f returns the last one.",
    ),
    "a function renamed in solutions/ only": (
        "solutions/relabel.py",
        ("def f(", "def last("),
        "solutions/relabel.py: the reference does not pass public/test_relabel.py::test_it (sub-part 4a): "
        "your `relabel.f` does not exist.",
    ),
    "a solution that ends the process": (
        "solutions/relabel.py",
        ("return x[-1]", "import os; os._exit(0)"),
        "solutions/: this code ended the process that ran the checks.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_the_reference_does_not_pass_is_not_released_and_nothing_is_written(root, capsys, case):
    path, (old, new), sentence = WRONG[case]
    for name in ("Makefile", "requirements.txt", "pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, root)
    for name in ("envs", "notebooks"):
        (root / name).mkdir()
    (root / "solutions/README.md").write_text("Read this.\n")
    assert cli.main(["handout", "--out", str(root / "dist/handout.zip")]) == 2
    assert "hw/relabel.py is missing" in capsys.readouterr().err
    assert run(capsys)[0] == 0
    text = (root / path).read_text()
    assert old in text
    (root / path).write_text(text.replace(old, new))
    before = {file: file.read_bytes() for file in (root / "hw").rglob("*") if file.is_file()}
    code, said = run(capsys)
    assert code == 2 and sentence in said.splitlines()
    for command in ("handout", "gradescope"):
        assert cli.main([command, "--out", str(root / "dist/it.zip")]) == 2
        said = capsys.readouterr().err.splitlines()
        assert sentence in said or any(line.endswith("run `make starter`.") for line in said)
    assert before == {file: file.read_bytes() for file in (root / "hw").rglob("*") if file.is_file()}
    assert not (root / "dist").exists()


def test_what_has_passed_is_not_run_again_until_something_changes(root, capsys, monkeypatch):
    runs = []
    pool = proven.ProcessPoolExecutor
    monkeypatch.setattr(proven, "ProcessPoolExecutor", lambda *a, **k: runs.append(1) or pool(*a, **k))
    assert run(capsys, "--allow-uncovered")[0] == 0 and len(runs) == 1
    assert run(capsys)[0] == 0 and len(runs) == 2  # what may lack something proves nothing
    assert run(capsys)[0] == 0 and len(runs) == 2
    for name in ("solutions/relabel.py", "autograder/checks/test_relabel.py", "autograder/course.toml"):
        with open(root / name, "a") as file:
            file.write("# changed\n")
        assert run(capsys)[0] == 0 and run(capsys)[0] == 0
    assert len(runs) == 5


def test_a_disk_that_cannot_be_written_is_one_sentence(root, capsys, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(starter, "write", full)
    code, text = run(capsys)
    assert code == 2 and "No space left on device" in text and text.count("\n") == 1


def test_the_committed_starter_is_what_the_solutions_give():
    files = starter.plan(ROOT / "solutions", read_outline(ROOT / "autograder" / "parts.toml"))
    assert starter.compare(ROOT / "hw", files).sentences() == []
