"""`python -m autograder.staff.release starter`: exit codes and sentences, on a small assignment."""

from pathlib import Path

import pytest

from autograder.staff.release import __main__ as cli
from autograder.staff.release import starter
from autograder.staff.release.outline import read_outline

ROOT = Path(__file__).resolve().parents[2]
CHECK = "from autograder.checks.checking import subpart\n\n@subpart('4a')\ndef test_it(student): ...\n"
FILES = {
    "solutions/relabel.py": "def f(x):\n    # BEGIN SOLUTION 4a\n    return x[-1]\n    # END SOLUTION\n",
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
    assert run(capsys) == (0, "hw/: 1 files, 1 holes; updated.\n")
    assert run(capsys, "--check") == (0, "hw/ is what solutions/ gives: 1 files, 1 holes.\n")
    (root / "hw" / "relabel.py").write_text("mine = 1\n")
    code, text = run(capsys, "--check")
    assert code == 1 and text.startswith("hw/relabel.py was edited by hand.\n") and "make starter" in text
    code, text = run(capsys)
    assert code == 1 and "hw/relabel.py" in text and "--force" in text
    assert (root / "hw" / "relabel.py").read_text() == "mine = 1\n"
    assert run(capsys, "--force")[0] == 0 and run(capsys, "--check")[0] == 0


def test_a_sub_part_without_checks_is_refused_unless_allowed(root, capsys):
    (root / "autograder/staff/hidden/test_relabel.py").unlink()
    assert run(capsys) == (1, "Sub-part 4a (final goals) has no hidden check.\n")
    assert not (root / "hw").exists()
    assert run(capsys, "--allow-uncovered")[0] == 0


def test_a_disk_that_cannot_be_written_is_one_sentence(root, capsys, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(starter, "write", full)
    code, text = run(capsys)
    assert code == 1 and "No space left on device" in text and text.count("\n") == 1


def test_the_committed_starter_is_what_the_solutions_give():
    files = starter.plan(ROOT / "solutions", read_outline(ROOT / "autograder" / "parts.toml"))
    assert starter.compare(ROOT / "hw", files).sentences() == []
