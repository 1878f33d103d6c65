"""The notebooks as Jupyter opens them: notebooks/NAME.ipynb from notebooks/NAME.py. Same script, same bytes."""

from __future__ import annotations

from collections.abc import Mapping

import jupytext

FOLDER = "notebooks/"


def for_jupyter(entries: Mapping[str, bytes]) -> dict[str, bytes]:
    """The .ipynb of each notebook among these files, path -> content."""
    scripts = {
        path: text for path, text in entries.items() if path.startswith(FOLDER) and path.endswith(".py")
    }
    return {
        f"{path.removesuffix('.py')}.ipynb": as_ipynb(text.decode("utf-8")) for path, text in scripts.items()
    }


def as_ipynb(script: str) -> bytes:
    """A script of percent cells as a notebook that was never run."""
    notebook = jupytext.reads(script, fmt="py:percent")
    notebook.metadata.pop("jupytext", None)  # how the script is kept says nothing to Jupyter
    for number, cell in enumerate(notebook.cells, 1):
        cell["id"] = f"cell-{number}"  # by itself it is drawn at random
    return jupytext.writes(notebook, fmt="ipynb").encode("utf-8")
