"""An OpenGL context on a machine that may have no display, or no OpenGL.

MuJoCo can draw through EGL (a GPU or Mesa, no display), OSMesa (software only) or GLFW (a display). Which of them work
is found out in a child process: one that fails may abort the process or spoil it for the next.
"""

import os
import subprocess
import sys
from functools import cache
from typing import Any

_PROBE = """
import importlib, mujoco
context = importlib.import_module("mujoco.{backend}").GLContext(16, 16)
context.make_current()
mujoco.MjrContext(mujoco.MjModel.from_xml_string("<mujoco/>"), mujoco.mjtFontScale.mjFONTSCALE_100)
"""


class RenderingUnavailable(RuntimeError):
    """The system lacks what drawing needs; the message is one sentence that says what to do."""


@cache
def backend() -> str:
    """The backend that works here: "egl", "osmesa", "glfw", or "cgl" on macOS.

    The environment variable MUJOCO_GL, where it is set, decides alone.

    Raises:
        RenderingUnavailable: none works.
    """
    chosen = os.environ.get("MUJOCO_GL", "").strip().lower()
    if chosen:
        candidates = [chosen]
    elif sys.platform == "darwin":
        candidates = ["cgl"]
    elif sys.platform == "win32":
        candidates = ["glfw"]
    else:
        has_display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
        candidates = ["egl", "osmesa", *(["glfw"] if has_display else [])]
    for candidate in candidates:
        if candidate in ("egl", "osmesa", "glfw", "cgl") and _works(candidate):
            return candidate
    raise RenderingUnavailable(
        f"Rendering needs OpenGL, and none of {', '.join(candidates)} works here: "
        "on Debian or Ubuntu run `apt-get install libegl1 libgl1` (or `libosmesa6`)."
    )


def make_context(width: int, height: int) -> Any:
    """A current OpenGL context of MuJoCo's; call `free()` on it in the end.

    Raises:
        RenderingUnavailable: no backend works.
    """
    import importlib

    name = backend()
    try:
        context = importlib.import_module(f"mujoco.{name}").GLContext(width, height)
        context.make_current()
    except (ImportError, AttributeError, RuntimeError, OSError) as error:
        # It worked in a child process: something loaded OpenGL differently in this one.
        raise RenderingUnavailable(
            f"OpenGL ({name}) cannot start in this process: restart Python and render first ({error})."
        ) from error
    return context


def _works(candidate: str) -> bool:
    environment = os.environ | {"MUJOCO_GL": candidate}
    if candidate in ("egl", "osmesa"):
        environment["PYOPENGL_PLATFORM"] = candidate
    command = [sys.executable, "-c", _PROBE.format(backend=candidate)]
    try:
        return subprocess.run(command, env=environment, capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
