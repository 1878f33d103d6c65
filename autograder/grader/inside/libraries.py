"""The libraries that a part file may import, loaded once before any worker is forked.

Some of them start a program when they are imported (mujoco, through glfw), which a confined worker may not, and some
take a second (pyplot): a worker finds them loaded. A worker has neither a screen nor a compiler, so code that asks for
one gets what works without: every figure is drawn by Agg, and `torch.compile` returns the function as it is.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import Any

# Of requirements.txt, what a worker could not import (mujoco, and what needs it) or only slowly. Whatever is loaded
# here makes each fork a little slower, so what is quick to import is left to the part file.
NAMES = (
    "gymnasium mujoco gymnasium_robotics matplotlib.pyplot torch.utils.data torch.utils.tensorboard safetensors.torch"
).split()
# Read by torch itself: `torch.compile` then compiles nothing.
WITHOUT_A_COMPILER = {"TORCHDYNAMO_DISABLE": "1"}
WITHOUT_A_SCREEN = {"MPLBACKEND": "Agg"}


def load() -> None:
    """Import `NAMES`; what this machine lacks is left out, and its import fails in the part file that asks for it."""
    os.environ.update(WITHOUT_A_COMPILER | WITHOUT_A_SCREEN)
    for name in NAMES:
        # Each is only a convenience: a check says what could not be imported.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    draw_without_a_screen()


def draw_without_a_screen() -> None:
    """Let `matplotlib.use("TkAgg")` and the like draw with Agg: with pyplot loaded they would raise `ImportError`."""
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        switch = pyplot.switch_backend
        pyplot.switch_backend = lambda newbackend: switch("agg")
