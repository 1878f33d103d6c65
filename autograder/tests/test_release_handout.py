"""The students' zip: complete enough to work on its own, and without a single answer in it."""

import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from importlib.metadata import packages_distributions
from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from autograder.course.parts import Parts
from autograder.staff.release import handout, starter
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.outline import Outline, read_outline

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("handout") / "handout.zip"
    handout.build(ROOT, out)
    return out


@pytest.fixture(scope="module")
def files(packed) -> dict[str, bytes]:
    """Path below the top folder -> content."""
    with zipfile.ZipFile(packed) as archive:
        assert all(name.startswith(f"{handout.TOP}/") for name in archive.namelist())
        return {name.removeprefix(f"{handout.TOP}/"): archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def unpacked(packed, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("a student's laptop")
    shutil.unpack_archive(packed, folder)
    return folder / handout.TOP


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command as a student runs it: in the unpacked folder, and nothing of this repository on the path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"OMP_NUM_THREADS": "1", "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def one_spaced(line: str) -> str:
    return " ".join(line.split())


def lines_of(source: str) -> set[str]:
    return {one_spaced(line) for line in source.splitlines()}


def solution_lines(source: str) -> set[str]:
    """The lines between markers that say something and stand nowhere else in that file.

    Found by the markers' text alone and not by the generator's code, which is what is being tested. What says
    nothing: hints (they are meant to be read), a lone bracket, `else:`, a bare `return x`.
    """
    inside, outside, within = set(), set(), False
    for line in map(one_spaced, source.splitlines()):
        if line.startswith("# BEGIN SOLUTION"):
            within = True
        elif line == "# END SOLUTION":
            within = False
        else:
            (inside if within else outside).add(line)
    telling = {line for line in inside if len(line) >= 12 and any(sign in line for sign in "=([+-*/@#")}
    return {line for line in telling - outside if not line.startswith("# hint")}


@pytest.fixture(scope="module")
def solutions() -> dict[str, set[str]]:
    """Part file -> its solution lines."""
    found = {
        path.name: solution_lines(path.read_text()) for path in sorted((ROOT / "solutions").glob("*.py"))
    }
    found = {name: lines for name, lines in found.items() if lines}
    assert len(found) >= 4 and sum(map(len, found.values())) > 50  # or the tests below would prove nothing
    return found


def test_no_solution_line_is_in_its_starter_file(files, solutions):
    for name, lines in solutions.items():
        assert not lines & lines_of(files[f"hw/{name}"].decode()), name


def test_no_long_solution_line_is_anywhere_in_the_zip(files, solutions):
    leaks = {
        (name, path): found
        for name, lines in solutions.items()
        for path, content in files.items()
        if (found := {line for line in lines if len(line) >= 30} & lines_of(content.decode(errors="replace")))
    }
    assert not leaks


def test_no_marker_solution_hidden_check_or_mutant_is_in_it(files):
    for path in files:
        assert not path.startswith(("solutions/", "autograder/staff/", "autograder/bench/")), path
        assert "hidden" not in Path(path).parts and "tests" not in Path(path).parts, path
    starters = [content for path, content in files.items() if path.startswith("hw/")]
    assert not any(b"BEGIN SOLUTION" in content or b"END SOLUTION" in content for content in starters)


def functions(folder: Path) -> set[str]:
    """The names of the test functions in a folder."""
    trees = [ast.parse(path.read_text()) for path in folder.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {node.name for node in nodes if node.name.startswith("test_")}


def test_no_name_of_a_hidden_check_is_in_it(files):
    names = functions(ROOT / "autograder/staff/hidden") - functions(ROOT / "autograder/checks")
    assert len(names) > 10
    everything = b"\n".join(files.values()).decode(errors="replace")
    assert not [name for name in names if name in everything]


def test_nothing_in_it_imports_what_was_left_out(files):
    withheld = ("solutions", "autograder.staff", "autograder.bench")
    for path, content in files.items():
        if path.endswith(".py") and path != "autograder/__main__.py":  # that one looks for the folder first
            for node in ast.walk(ast.parse(content)):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                assert not [name for name in names if name.startswith(withheld)], path


def test_what_students_need_is_in_it(files):
    needed = {
        "README.md",
        "Makefile",
        "requirements.txt",
        "pyproject.toml",
        "LICENSE",
        "hw/train.py",
        "hw/relabel.py",
    }
    needed |= {"autograder/parts.toml", "autograder/checks/test_relabel.py", "envs/tiny.py"}
    assert needed <= files.keys()
    assert files["README.md"] == files["hw/README.md"]
    assert any(path.startswith("notebooks/") for path in files)


def stems(files: dict[str, bytes], suffix: str) -> set[str]:
    return {Path(path).stem for path in files if path.startswith("notebooks/") and path.endswith(suffix)}


def test_each_notebook_is_in_it_as_jupyter_opens_it(files):
    assert (
        stems(files, ".ipynb") == stems(files, ".py") == {path.stem for path in ROOT.glob("notebooks/*.py")}
    )
    for name in stems(files, ".ipynb"):
        notebook = json.loads(files[f"notebooks/{name}.ipynb"])
        script = jupytext.reads(files[f"notebooks/{name}.py"].decode(), fmt="py:percent")
        cells = notebook["cells"]
        assert [(cell["cell_type"], "".join(cell["source"])) for cell in cells] == [
            (cell.cell_type, cell.source) for cell in script.cells
        ]
        assert len({cell["id"] for cell in cells}) == len(cells)
        assert not any(cell["outputs"] or cell["execution_count"] for cell in cells if "outputs" in cell)
        assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def test_without_a_part_its_notebook_is_in_no_form_in_it(files, monkeypatch):
    outline = read_outline(ROOT / "autograder" / "parts.toml")
    left = tuple(part for part in outline.parts.parts if part.number not in "17")
    others = tuple(replace(part, given="") for part in outline.parts.parts if part not in left)
    smaller = Outline(Parts(left, others, outline.parts.settings), outline.deadlines, outline.course)
    same = starter.Difference(missing=(), changed=(), obsolete=(), foreign=(), edited=())
    monkeypatch.setattr(handout, "read_outline", lambda path: smaller)
    monkeypatch.setattr(starter, "compare", lambda target, files: same)
    found = handout.collect(ROOT)
    gone = {"02_dynamics_model", "07_planning"}
    assert stems(found, ".ipynb") == stems(found, ".py") == stems(files, ".py") - gone


def requirements(text: bytes) -> set[str]:
    """The names in a requirements.txt, as packages are compared."""
    lines = [line.split("#")[0].strip() for line in text.decode().splitlines()]
    return {re.split(r"[\[<>=;]", line)[0].lower().replace("_", "-") for line in lines if line}


# Nothing imports these: drawn curves (torch does), videos' ffmpeg, time zones, a notebook's kernel, layout.
ASKED_FOR = {"tensorboard", "tzdata", "ipykernel", "ruff"}


def test_its_requirements_are_what_its_files_import_and_no_more(files):
    imported: set[str] = set()
    for path, content in files.items():
        for node in ast.walk(ast.parse(content)) if path.endswith(".py") else ():
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            imported |= {name.split(".")[0] for name in names}
    owners = packages_distributions()
    used = {owner.lower().replace("_", "-") for name in imported for owner in owners.get(name, [])}
    given, all_of_ours = (
        requirements(files["requirements.txt"]),
        requirements((ROOT / "requirements.txt").read_bytes()),
    )
    assert given - ASKED_FOR <= used, f"for staff, or unused: {given - ASKED_FOR - used}"
    assert used & all_of_ours <= given, f"missing: {used & all_of_ours - given}"
    assert given < all_of_ours


def test_nothing_in_it_names_a_file_that_only_staff_has(files):
    """Not even where the attempts to escape from the sandbox are listed."""
    staff = [
        p.relative_to(ROOT) for p in (ROOT / "autograder/staff").rglob("*.py") if p.name != "__init__.py"
    ]
    names = {str(path) for path in staff} | {".".join(path.with_suffix("").parts) for path in staff}
    for path, content in files.items():
        found = [
            name for name in names if re.search(rf"\b{re.escape(name)}\b", content.decode(errors="replace"))
        ]
        assert (
            found == (["autograder.staff.commands"] if path == "autograder/__main__.py" else []) or not found
        ), path


def test_the_same_tree_gives_the_same_bytes(packed, tmp_path):
    handout.build(ROOT, tmp_path / "again.zip")
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (packed, tmp_path / "again.zip")}
    assert len(digests) == 1


def test_a_starter_that_is_not_current_is_refused_and_nothing_written(tmp_path, monkeypatch):
    stale = starter.Difference(missing=(), changed=("relabel.py",), obsolete=(), foreign=(), edited=())
    monkeypatch.setattr(starter, "compare", lambda target, files: stale)
    with pytest.raises(ReleaseError, match=r"hw/relabel\.py is outdated\.\n.*make starter"):
        handout.build(ROOT, tmp_path / "handout.zip")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_its_makefile_offers_what_a_student_can_run(unpacked):
    shown = run(unpacked, "make").stdout
    assert "check" in shown and "submission" in shown
    assert not [word for word in ("starter", "handout", "grade", "demo") if f"  {word} " in shown]
    assert "mypy" not in run(unpacked, "make", "-n", "lint").stdout  # it looks at solutions/ too


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_a_name_that_its_target_does_not_take_is_refused_before_anything_runs():
    def tried(*words: str, **more: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["make", "-n", *words], cwd=ROOT, env=os.environ | more, capture_output=True, text=True
        )

    for words, sentence in (
        (
            ["train", "TAKS=push"],
            "make train takes no TAKS; it takes TASK METHOD SEED OUT STEPS RESUME SETTINGS",
        ),
        (["compare", "METHOD=ddpg"], "make compare takes no METHOD; it takes TASK METHODS SEEDS"),
        (["lint", "PART=4"], "make lint takes no PART; it takes nothing"),
        (["starter", "DUE=now"], "make starter takes no DUE; it takes FORCE"),
    ):
        refused = tried(*words)
        assert refused.returncode and sentence in refused.stderr and not refused.stdout
    for words in (["train", "TASK=push", "PYTHON=python3"], ["check", "lint", "CODE=solutions", "SUB=4b"]):
        assert tried(*words).returncode == 0
    assert tried("setup", "PIP_EXTRA_INDEX_URL=there").returncode == 0
    assert tried("lint", MAKELEVEL="1", MAKEFLAGS=" -- COURSE=ours").returncode == 0
    assert "-m mypy" in tried("lint").stdout
    assert "--resume" in tried("train", "RESUME=1").stdout
    assert "--resume" not in tried("train", "RESUME=0").stdout
    assert "--force" not in tried("starter", "FORCE=0").stdout


@pytest.mark.slow
def test_every_module_in_it_can_be_imported_there(unpacked):
    modules = [
        path.relative_to(unpacked).with_suffix("").as_posix().replace("/", ".")
        for folder in ("hw", "autograder")
        for path in sorted((unpacked / folder).rglob("*.py"))
        if path.stem not in ("__main__", "conftest") and "checks" not in path.parts
    ]
    code = (
        "import importlib, os\n"
        f"for name in {modules}:\n"
        "    assert importlib.import_module(name).__file__.startswith(os.getcwd()), name"
    )
    done = run(unpacked, sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_unpacked_on_its_own_it_says_that_every_hole_is_open(unpacked, tmp_path):
    """The students' first command, in their folder: nothing passes, nothing fails, all is still to do."""
    figures = tmp_path / "check.json"
    done = run(
        unpacked, sys.executable, "-m", "autograder", "check", "--target", "hw", "--json", str(figures)
    )
    assert done.returncode == 1 and "Traceback" not in done.stdout + done.stderr, done.stderr
    subparts = json.loads(figures.read_text())["subparts"]
    holes = {id_ for subs in read_outline(ROOT / "autograder" / "parts.toml").holes.values() for id_ in subs}
    assert {id_: subparts[id_]["outcome"] for id_ in holes} == dict.fromkeys(holes, "not attempted")
    assert not any(sub["earned"] for sub in subparts.values())


@pytest.mark.slow
def test_unpacked_on_its_own_the_reference_can_be_handed_in_and_passes_a_part(unpacked, tmp_path):
    """With one part solved, that part's checks pass and the submission's notes name the holes of the others."""
    solved = tmp_path / "solved"
    shutil.copytree(unpacked, solved)
    shutil.copyfile(ROOT / "solutions" / "relabel.py", solved / "hw" / "relabel.py")
    done = run(solved, sys.executable, "-m", "autograder", "check", "--target", "hw", "--part", "4")
    assert done.returncode == 0, done.stdout + done.stderr
    done = run(solved, sys.executable, "-m", "autograder", "submission", "--out", "mine.zip")
    assert (
        done.returncode == 0 and "1a is still open" in done.stdout and "4a is still open" not in done.stdout
    )
    with zipfile.ZipFile(solved / "mine.zip") as archive:
        assert "relabel.py" in archive.namelist()


@pytest.mark.slow
def test_unpacked_on_its_own_a_notebook_runs_on_the_students_part_or_names_the_open_hole(
    unpacked, tmp_path, monkeypatch
):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("NOTEBOOK_EPISODES", "8")
    solved = tmp_path / "solved"
    shutil.copytree(unpacked, solved)

    def ran() -> str:
        """What the notebook of Part 4 prints."""
        notebook = jupytext.read(solved / "notebooks/05_hindsight.ipynb")
        started_in = {"metadata": {"path": str(solved / "notebooks")}}
        NotebookClient(notebook, timeout=120, kernel_name="python3", resources=started_in).execute()
        return "".join(
            output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
        )

    with pytest.raises(CellExecutionError, match=r"TODO\(4a\)"):
        ran()
    shutil.copyfile(ROOT / "solutions" / "relabel.py", solved / "hw" / "relabel.py")
    assert "curves: none yet" in ran()
