"""Every notebook runs from top to bottom."""

from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1]
NOTEBOOKS = sorted(FOLDER.glob("*.py"))
PRINTED = {  # by each, where it is through
    "01_first_look": "pick_and_place",
    "02_dynamics_model": "disagreement",
    "03_rollouts": "after 30 imagined steps",
    "04_policy": "that was one start",
    "05_hindsight": "curves: reach",
    "06_many_tasks": "best labels: success",
    "07_planning": "cm_nearest",
    "08_other_models": "the gaps are filled",
}


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs(path, monkeypatch):
    monkeypatch.setenv("NOTEBOOK_EPISODES", "8")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = jupytext.read(path)
    started_in = {"metadata": {"path": str(path.parent)}}  # as Jupyter does
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=started_in).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code and all(cell.execution_count for cell in code)
    outputs = [output for cell in code for output in cell.outputs]
    broken = [
        output.evalue for output in outputs if output.output_type == "error"
    ]  # of drawing: it stops nothing
    assert not broken
    text = "".join(output.get("text", "") for output in outputs)
    assert PRINTED[path.stem] in text
