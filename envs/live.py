"""Watch a policy in MuJoCo's own viewer: space pauses, Enter is the next episode, up and down change the speed.

    keys --> Controls     env --pose, goal--> stage --> viewer, in real time

The viewer has a window of its own, so it needs a screen.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from envs import make_vec
from envs.fetch import FetchVecEnv
from envs.goal_env import Obs
from envs.painters import FetchStage

SECONDS = 0.04  # of one env step (20 physics steps of 2 ms)
SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
# GLFW's numbers: the space bar, both Enter keys, the arrows up and down. Letters mean something to the viewer already.
SPACE, NEXT, FASTER, SLOWER = (32,), (257, 335), (265,), (264,)
HELP = "space: pause\nEnter: next episode\nup, down: speed\nclose the window to end"
TOP_RIGHT = 1  # mjtGridPos
REST = 1.0  # s, for which the end of an episode is held
# Opens a window and nothing else, in a process of its own: GLFW may abort the process where there is no screen.
_PROBE = "import glfw, sys; sys.exit(not (glfw.init() and glfw.create_window(64, 64, 'probe', None, None)))"
UNDER_MJPYTHON = "HOMEWORK_UNDER_MJPYTHON"


class NoScreen(RuntimeError):
    """No window can be opened here; the message says why."""


@dataclass
class Controls:
    """What the keys have asked for."""

    paused: bool = False
    next_wanted: bool = False
    speed: float = 1.0

    def press(self, key: int) -> None:
        """Take in a key, by GLFW's number."""
        if key in SPACE:
            self.paused = not self.paused
        elif key in NEXT:
            self.next_wanted = True
        elif key in (*FASTER, *SLOWER):
            place = SPEEDS.index(self.speed) + (1 if key in FASTER else -1)
            self.speed = SPEEDS[min(max(place, 0), len(SPEEDS) - 1)]


def watch(task: str, policy: Callable[[Obs], np.ndarray], seed: int, episodes: int | None = None) -> int:
    """Show a policy until the window is closed, or for `episodes` episodes. Returns: how many episodes were begun.

    Args:
        task: one of the Fetch tasks.
        policy: obs dict of (1, dim) arrays -> actions (1, action_dim).
        seed: of the env.

    Raises:
        NoScreen: no window can be opened here.
    """
    need_screen(task)
    import mujoco.viewer

    env = make_vec(task, 1, seed)
    assert isinstance(env, FetchVecEnv)
    stage, controls, begun = FetchStage(env), Controls(), 0
    others = set(threading.enumerate())
    options: dict[str, Any] = {"show_left_ui": False, "show_right_ui": False, "key_callback": controls.press}
    with mujoco.viewer.launch_passive(stage.model, stage.state, **options) as viewer:
        stage.aim(viewer.cam)
        while viewer.is_running() and begun != episodes:
            begun += 1
            show_episode(env, stage, policy, viewer, controls, f"{task}, episode {begun}")
    for thread in (
        set(threading.enumerate()) - others
    ):  # it draws a little longer, from what goes when Python ends
        thread.join(timeout=5.0)
    env.close()
    return begun


def show_episode(
    env: FetchVecEnv,
    stage: FetchStage,
    policy: Callable[[Obs], np.ndarray],
    viewer: Any,
    controls: Controls,
    title: str,
) -> None:
    """One episode from a fresh start to its end, or until the next one is wanted or the window is closed."""
    obs, _ = env.reset()
    controls.next_wanted = False
    step = 0
    while viewer.is_running() and not controls.next_wanted:
        started = time.monotonic()
        reached = env.is_success(obs["achieved_goal"], obs["desired_goal"])[0]
        with viewer.lock():
            stage.pose(obs, 0)
        state = "paused" if controls.paused else f"speed {controls.speed:g}"
        told = f"step {step}/{env.episode_length}, {'AT THE GOAL' if reached else 'not at the goal'}, {state}"
        viewer.set_texts([(None, TOP_RIGHT, title, told), (None, None, HELP, "")])
        viewer.sync()
        if step == env.episode_length and not controls.paused:
            time.sleep(REST)
            return
        if not controls.paused:
            obs, *_ = env.step(policy(obs))
            step += 1
        time.sleep(max(0.0, SECONDS / controls.speed - (time.monotonic() - started)))


def need_screen(task: str) -> None:
    """Raises: NoScreen, with the reason, if this task cannot be shown live here."""
    if task == "tiny":
        raise NoScreen("tiny is a drawing and has no live view")
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise NoScreen("there is no screen here (DISPLAY is not set)")
    if sys.platform == "darwin":  # there a window belongs to the main thread: only mjpython gives it away
        if UNDER_MJPYTHON not in os.environ:
            raise NoScreen("on macOS the live view needs MuJoCo's own Python, mjpython")
        return
    done = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise NoScreen("no window can be opened on this screen")


def restart_on_macos() -> None:
    """On macOS, run this very command once more under mjpython, which comes with MuJoCo, and end with its exit code."""
    mjpython = Path(sys.executable).with_name("mjpython")
    if sys.platform == "darwin" and UNDER_MJPYTHON not in os.environ and mjpython.exists():
        words = [str(mjpython), *sys.orig_argv[1:]]
        sys.exit(subprocess.call(words, env=os.environ | {UNDER_MJPYTHON: "1"}))
