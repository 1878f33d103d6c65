"""However a notebook is started, it finds the homework: from its own folder, from the homework's, from one below."""

from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted([*FOLDER.glob("*.py"), *FOLDER.glob("*.ipynb")])


def code_cells(path: Path) -> list:
    return [cell for cell in jupytext.read(path).cells if cell.cell_type == "code"]


START = code_cells(FOLDER / "01_first_look.py")[0].source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_notebook_begins_with_the_same_cell_before_it_imports_anything_of_ours(path):
    assert code_cells(path)[0].source == START


def started(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the first cell and an import print, in a kernel that was started in that folder."""
    for name in ("PYTHONPATH", "PYTHONSAFEPATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = jupytext.reads(
        f"# %%\n{START}\n\n# %%\nimport envs\nprint(envs.__file__, Path.cwd())", fmt="py:percent"
    )
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    return notebook.cells[-1].outputs[0].text


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["notebooks", ".", "hw/kit"])
def test_it_finds_the_homework_wherever_jupyter_was_started(folder, monkeypatch):
    assert started(ROOT / folder, monkeypatch).split() == [str(ROOT / "envs/__init__.py"), str(ROOT)]


@pytest.mark.slow
def test_alone_it_says_where_it_belongs(tmp_path, monkeypatch):
    with pytest.raises(CellExecutionError, match="Open this notebook where it was unpacked"):
        started(tmp_path, monkeypatch)
