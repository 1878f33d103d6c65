"""The live view: its keys, what is said where there is no screen, and the window itself where there can be one."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from envs import live, make_vec
from envs.painters import FetchStage

ROOT = Path(__file__).parents[2]


def test_space_pauses_enter_is_the_next_episode_and_the_arrows_change_the_speed():
    controls = live.Controls()
    controls.press(32)
    assert controls.paused
    controls.press(32)
    assert not controls.paused and not controls.next_wanted
    controls.press(257)
    assert controls.next_wanted
    speeds = []
    for key in (265, 265, 265, 264, 264, 264, 264, 264, 264):
        controls.press(key)
        speeds.append(controls.speed)
    assert speeds == [2.0, 4.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.1, 0.1]
    controls.press(78)  # any other key is the viewer's own
    assert controls == live.Controls(paused=False, next_wanted=True, speed=0.1)


def test_without_a_screen_it_says_so(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(live.NoScreen, match="there is no screen here"):
        live.need_screen("reach")
    with pytest.raises(live.NoScreen, match="tiny is a drawing"):
        live.need_screen("tiny")
    monkeypatch.setenv("DISPLAY", ":987")  # a screen that nobody has
    with pytest.raises(live.NoScreen, match="no window can be opened"):
        live.need_screen("reach")


class Window:
    """What of a viewer an episode needs; it is closed after so many pictures, and notes what stood on each."""

    def __init__(
        self, pictures: int, keys: dict[int, int] | None = None, controls: live.Controls | None = None
    ):
        self.left, self.keys, self.controls, self.texts = pictures, keys or {}, controls, []

    def is_running(self) -> bool:
        return self.left > 0

    def lock(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def set_texts(self, texts):
        self.texts.append(texts[0][3])

    def sync(self):
        self.left -= 1
        if (key := self.keys.get(len(self.texts))) is not None:
            self.controls.press(key)


def shown(monkeypatch, pictures: int = 1000, keys: dict[int, int] | None = None) -> list[str]:
    """The states that one episode of doing nothing goes through."""
    monkeypatch.setattr(live.time, "sleep", lambda seconds: None)
    env, controls = make_vec("reach", 1, seed=0), live.Controls()
    window = Window(pictures, keys, controls)
    live.show_episode(
        env, FetchStage(env), lambda obs: np.zeros((1, 4)), window, controls, "reach, episode 1"
    )
    env.close()
    return window.texts


def test_an_episode_is_shown_from_its_first_state_to_its_last(monkeypatch):
    texts = shown(monkeypatch)
    assert len(texts) == 51 and texts[0].startswith("step 0/50, not at the goal, speed 1")
    assert texts[-1].startswith("step 50/50")


def test_while_it_is_paused_nothing_moves_and_the_next_episode_ends_this_one(monkeypatch):
    texts = shown(monkeypatch, keys={3: 32, 6: 32, 8: 257})
    steps = [int(text.split("/")[0].removeprefix("step ")) for text in texts]
    assert steps == [0, 1, 2, 2, 2, 2, 3, 4]
    assert ["paused" in text for text in texts] == [False, False, False, True, True, True, False, False]
    assert len(shown(monkeypatch, pictures=4)) == 4  # the window was closed


def test_the_stage_shows_the_goal_and_leaves_the_physics_alone():
    env = make_vec("push", 1, seed=0)
    obs, _ = env.reset()
    stage = FetchStage(env)
    stage.pose(obs, 0)
    site = stage.model.site("target0").id
    assert np.allclose(stage.state.site_xpos[site], obs["desired_goal"][0])
    assert stage.model.site_size[site][0] == env.task_spec.distance_threshold
    assert env.scene.model.site_size[site][0] != env.task_spec.distance_threshold
    env.close()


WATCH = """
import numpy as np
from envs import live
live.REST, live.SECONDS = 0.0, 0.0
print(live.watch("reach", lambda obs: np.zeros((1, 4)), seed=0, episodes=2))
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("Xvfb"), reason="needs a screen; Debian's package xvfb makes one")
def test_the_window_opens_shows_two_episodes_and_closes(tmp_path, monkeypatch):
    read = tmp_path / "number"
    with read.open("w") as file:
        line = ["Xvfb", "-displayfd", "1", "-screen", "0", "800x600x24"]
        screen = subprocess.Popen(line, stdout=file, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while not read.read_text().strip() and time.monotonic() < until:
            time.sleep(0.1)
        monkeypatch.setenv("DISPLAY", f":{read.read_text().strip()}")
        done = subprocess.run(
            [sys.executable, "-c", WATCH], cwd=ROOT, capture_output=True, text=True, timeout=300
        )
    finally:
        screen.kill()
        screen.wait()
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
