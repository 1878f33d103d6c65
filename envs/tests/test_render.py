"""Pictures and videos: there is something to see, drawing touches nothing, and a system without GL is told so."""

import imageio.v2 as imageio
import numpy as np
import pytest

from envs import captions, gl, make_vec, render, scripted, task_spec


@pytest.fixture
def opengl():
    """Skip, with the sentence a user would see, where nothing can be drawn."""
    try:
        gl.backend()
    except gl.RenderingUnavailable as error:
        pytest.skip(str(error))


def test_a_fetch_picture_shows_arm_and_goal(opengl):
    env = make_vec("reach", 2, seed=0)
    painter = render.make_painter(env, 240)
    obs, _ = env.reset()
    picture = painter.draw(obs, 0)
    assert picture.shape == (240, 240, 3) and picture.dtype == np.uint8
    assert picture.std() > 20, "the picture is (nearly) of one colour"
    # Move the goal: only the red ball's surroundings may change, and they must.
    moved = dict(obs, desired_goal=obs["desired_goal"] + [0.0, 0.0, 0.1])
    changed = (picture.astype(int) != painter.draw(moved, 0).astype(int)).any(axis=2)
    assert 0 < changed.mean() < 0.05
    painter.close()
    env.close()


def test_drawing_leaves_the_physics_alone(opengl):
    drawn, plain = make_vec("push", 1, seed=0), make_vec("push", 1, seed=0)
    painter = render.make_painter(drawn, 64)
    obs, _ = drawn.reset()
    plain.reset()
    for _ in range(5):
        painter.draw(obs, 0)
        obs, *_ = drawn.step(np.full((1, 4), 0.5))
        expected, *_ = plain.step(np.full((1, 4), 0.5))
        assert np.array_equal(obs["observation"], expected["observation"])
    painter.close()


def test_a_fetch_video(opengl, tmp_path):
    path = tmp_path / "films" / "reach.mp4"
    assert render.record_video("reach", scripted.reach, path, episodes=1, seed=0, size=64) == 1.0
    frames = [frame for frame in imageio.get_reader(path)]  # list() would ask for an infinite length
    assert len(frames) == 1 + task_spec("reach").episode_length + 8
    assert np.abs(frames[0].astype(int) - frames[-1].astype(int)).mean() > 2


def test_tiny_needs_no_opengl(tmp_path, monkeypatch):
    monkeypatch.setattr(gl, "_works", lambda candidate: False)
    gl.backend.cache_clear()
    try:
        policy = scripted.TinyController()
        assert render.record_video("tiny", policy, tmp_path / "tiny.gif", episodes=2, size=64) == 1.0
        render.goal_grid("tiny", tmp_path / "goals.png", rows=2, cols=3, size=50)
        render.filmstrip("tiny", policy, tmp_path / "strip.png", episodes=2, frames=5, size=50)
        with pytest.raises(render.RenderingUnavailable, match=r"apt-get install libegl1") as error:
            render.goal_grid("reach", tmp_path / "reach.png")
        assert "\n" not in str(error.value)
    finally:
        gl.backend.cache_clear()
    assert imageio.imread(tmp_path / "goals.png").shape == (108, 162, 3)
    strip = imageio.imread(tmp_path / "strip.png")
    assert strip.shape == (2 * (50 + 16 + 4), 270, 3)  # pictures, captions, lines between them
    first, last = strip[25, :54], strip[25, -54:]  # there is a frame when the goal is reached
    assert tuple(last[2]) == captions.MAGENTA != tuple(first[2])


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """The contrast ratio of two sRGB colours, as the WCAG define it: from 1 to 21."""

    def luminance(colour: tuple[int, ...]) -> float:
        share = np.asarray(colour) / 255
        linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_success_is_told_in_words_and_its_frame_stands_out_from_the_ground(opengl):
    """Captions of both kinds differ by their ground, and the frame differs from the scene's green."""
    env = make_vec("push", 1, seed=0)
    painter = render.make_painter(env, 240)
    obs, _ = env.reset()
    picture = painter.draw(obs, 0)
    no, yes = (captions.captioned(picture, "step 1/50", "9.9 cm away", reached) for reached in (False, True))
    assert no.shape == yes.shape == (256, 240, 3)
    assert np.array_equal(no[:240], picture) and not np.array_equal(yes[:240], picture)
    for frame, ground in ((no, captions.DARK), (yes, captions.LIGHT)):
        bar = frame[240:].reshape(-1, 3)
        assert (bar == ground).all(axis=1).mean() > 0.5
        assert max(contrast(ground, tuple(colour)) for colour in np.unique(bar, axis=0)) > 4.5  # the letters
    edge = picture[[*range(4), *range(-4, 0)]].reshape(-1, 3)  # where the frame will be
    assert all(
        contrast(captions.MAGENTA, tuple(colour)) > 3 for colour in np.unique(edge[edge[:, 1] > 200], axis=0)
    )
    painter.close()
    env.close()


def test_a_goal_is_seen_around_the_object_that_has_reached_it(opengl):
    env = make_vec("push", 1, seed=0)
    painter = render.make_painter(env, 240)
    obs, _ = env.reset()
    there = dict(obs, desired_goal=obs["achieved_goal"])
    away = dict(obs, desired_goal=obs["achieved_goal"] + [0.0, 0.0, 5.0])
    with_goal, without = (painter.draw(seen, 0).astype(int) for seen in (there, away))
    redder = (with_goal[..., 0] - with_goal[..., 1]) - (without[..., 0] - without[..., 1])
    assert (redder > 40).sum() > 100
    painter.close()
    env.close()


def test_a_film_that_is_broken_off_leaves_the_one_before(tmp_path):
    film = tmp_path / "film.gif"
    film.write_bytes(b"from before")

    def stops(obs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render.record_video("tiny", stops, film, size=64)
    assert film.read_bytes() == b"from before" and [path.name for path in tmp_path.iterdir()] == ["film.gif"]


def test_a_wrong_mujoco_gl_is_a_sentence(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "opengl4")
    gl.backend.cache_clear()
    try:
        with pytest.raises(render.RenderingUnavailable, match="none of opengl4 works here"):
            gl.backend()
    finally:
        gl.backend.cache_clear()


def test_mistakes_get_a_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.mp4 or \.gif"):
        render.record_video("tiny", scripted.TinyController(), tmp_path / "film.avi")
    with pytest.raises(ValueError, match="at least 1 episode"):
        render.record_video("tiny", scripted.TinyController(), tmp_path / "film.mp4", episodes=0)
    with pytest.raises(ValueError, match="one episode and two frames"):
        render.filmstrip("tiny", scripted.TinyController(), tmp_path / "strip.png", frames=1)
    with pytest.raises(ValueError, match="one row and one column"):
        render.goal_grid("tiny", tmp_path / "grid.png", rows=0)
    with pytest.raises(ValueError, match="Unknown task"):
        render.goal_grid("walk", tmp_path / "grid.png")
