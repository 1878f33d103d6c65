"""Right code keeps all of its points when it is graded; what is refused there is refused in the student's shell too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.grader.grading import Grader
from autograder.grader.outcomes import StudentError
from autograder.grader.outside import probe
from autograder.grader.outside.direct import DirectTransport
from autograder.grader.student import Student
from autograder.tests import ordinary_user, right_code
from autograder.tests.right_code import ALL, Right

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a worker is forked")


@pytest.fixture(scope="module")
def opened() -> Iterator[Grader]:
    with right_code.grader() as opened:
        yield opened


@pytest.mark.parametrize(
    "case", [pytest.param(c, id=c.name, marks=[pytest.mark.slow] if c.learning else []) for c in ALL]
)
def test_right_code_gets_full_marks(opened: Grader, case: Right) -> None:
    assert right_code.grade(opened, case) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="these are settings of Linux")
@pytest.mark.parametrize(
    ("user", "layers"), [("this user", "bare"), ("an ordinary user", "best"), ("an ordinary user", "bare")]
)
def test_right_code_gets_full_marks_whoever_grades(user: str, layers: str) -> None:
    around: list[str] = []
    if user == "an ordinary user":
        if os.geteuid() != 0:
            pytest.skip("this is an ordinary user already")
        try:
            around = ordinary_user.command()
        except RuntimeError as reason:
            pytest.skip(str(reason))
    done = subprocess.run(
        [*around, sys.executable, "-B", "-m", "autograder.tests.right_code", layers],
        cwd=ordinary_user.ROOT,
        env=os.environ | {"HOME": "/tmp"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.stdout.startswith("{"), done.stderr[-2000:]
    output = json.loads(done.stdout)
    assert ("bubblewrap" in output["layers"]) == (layers == "best" and probe.best().bubblewrap)
    assert output["wrong"] == {}


# --- what is refused: in a worker by the kernel, in the student's own shell by a hook that says so ---

REFUSED = {
    "a program": ("import subprocess; subprocess.run(['true'])", "start a program"),
    "a shell": ("import os; os.popen('true')", "start a program"),
    "a process": ("import os; os.fork() or os._exit(0)", "start a process"),
    "a pool": (
        "import multiprocessing as m; m.get_context('fork').Process(target=print).start()",
        "start a process",
    ),
    "workers of a data loader": (
        "from torch.utils.data import DataLoader; list(DataLoader([1, 2], num_workers=1))",
        "start a process",
    ),
    "a download": ("import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')", "open a socket"),
    "a pair of sockets": ("import socket; socket.socketpair()", "open a socket"),
    "a link": ("import os; os.symlink('nowhere', 'link')", "make a link"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_when_graded_is_refused_by_a_public_check(
    opened: Grader, tmp_path: Path, name: str
) -> None:
    code, what = REFUSED[name]
    case = Right(name, code=code)
    assert "cannot be imported" in " ".join(right_code.grade(opened, case))
    folder = case.write(tmp_path / "own")
    (folder / "__init__.py").touch()
    transport = DirectTransport(folder, ["relabel"], 60.0)
    with pytest.raises(StudentError, match=f"a part file may not {what}: it is refused when it is graded"):
        Student(transport, {"relabel": "relabel.py"}).relabel.final_goals()


def test_only_part_files_are_refused_and_only_during_a_check(tmp_path: Path) -> None:
    """A library may start a program while it is imported; and after the check nobody is in anybody's way."""
    folder = Right("a library", code="from . import library").write(tmp_path / "own")
    (folder / "__init__.py").touch()
    start = (
        "import subprocess, sys\n\ndef start():\n    subprocess.run([sys.executable, '-c', ''], check=True)\n"
    )
    (folder / "library.py").write_text(f"{start}\n\nstart()\n")
    (folder / "imagine.py").write_text(start)
    transport = DirectTransport(folder, ["relabel", "imagine"], 60.0)
    student = Student(transport, {"relabel": "relabel.py", "imagine": "imagine.py"})
    assert len(student.read("relabel", "STRATEGIES")) == 4  # it was imported, and so was the library
    with pytest.raises(StudentError, match="may not start a program"):
        student.imagine.start()
    sys.modules["own.imagine"].start()
