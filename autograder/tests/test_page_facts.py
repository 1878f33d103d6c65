"""What the pages state of the kit is so: messages, statuses, settings, hours, the moving picture."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autograder.bench import moving_picture
from autograder.course.parts import read_parts
from autograder.staff.batch.grades import Status
from autograder.staff.release import starter
from autograder.staff.release.outline import read_outline
from autograder.tests.test_release_text import GOALS, MIX, rendered
from envs import make_vec
from envs.errors import UserMistake
from solutions.play import load_agent

ROOT = Path(__file__).parents[2]
HELP = (ROOT / "solutions/HELP.md").read_text(encoding="utf-8")
TA = (ROOT / "autograder/staff/TA.md").read_text(encoding="utf-8")
INSTRUCTOR = (ROOT / "autograder/staff/INSTRUCTOR.md").read_text(encoding="utf-8")
PICTURE = ROOT / "solutions/results/fetch.gif"
# What the shell, Python, and the system say.
NOT_OURS = {
    "make: command not found",
    "No module named 'torch'",
    "No module named 'envs'",
    "No space left on device",
    "Killed",
}


def section(text: str, heading: str) -> str:
    (found,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found


def rows(table: str) -> list[list[str]]:
    """The cells of a table's rows, without its head."""
    lines = [line for line in table.splitlines() if line.lstrip().startswith("|")][2:]
    return [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in lines]


def said_by_the_kit() -> str:
    """Every text in the code that students get."""
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", "autograder/setup.py")]
    folders = ("hw", "envs", "autograder/grader", "autograder/course", "autograder/checks")
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts += [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return "\n".join(texts)


def test_every_message_of_the_help_page_is_one_that_the_kit_says():
    messages = [
        m for row in rows(section(HELP, "If you see this message")) for m in re.findall("`([^`]+)`", row[0])
    ]
    assert len(messages) > 20 and set(messages) > NOT_OURS
    said = said_by_the_kit()
    for message in set(messages) - NOT_OURS:
        for piece in message.split("…"):
            assert piece.strip() in said, message


def test_the_help_page_answers_ten_questions():
    assert (
        len(
            re.findall(
                r"^\*\*.+\?\*\*|^\*\*.+\.\*\*", section(HELP, "Questions that are always asked"), re.MULTILINE
            )
        )
        == 10
    )


def test_hours_are_those_of_the_parts_that_a_course_grades():
    of_course = starter.plan(ROOT / "solutions", read_outline(ROOT / "autograder/parts.toml"))[
        "HELP.md"
    ].decode()
    assert [row[0] for row in rows(section(of_course, "How long it takes"))] == [
        p.number for p in read_parts().parts
    ]
    table = "<!-- course: hours -->\n| part | h |\n|---|---|\n| 2 | 1 |\n| 4 | 3 |\n<!-- end -->\n"
    assert rendered(table, GOALS, others=(MIX,)) == "| part | h |\n|---|---|\n| 4 | 3 |\n"


def test_the_tas_page_says_what_to_do_at_each_status():
    told = [row[0] for row in rows(section(TA, "What to do at each status"))]
    assert {status.value for status in Status} <= set(told) and len(told) == len(set(told))


def test_the_settings_on_the_instructors_page_are_a_course(tmp_path):
    (settings,) = re.findall(r"```toml\n(.*?)```", INSTRUCTOR, re.DOTALL)
    (tmp_path / "parts.toml").write_bytes((ROOT / "autograder/parts.toml").read_bytes())
    (tmp_path / "staff").symlink_to(ROOT / "autograder/staff")  # the measured thresholds
    more = "[part.1]\npoints = { 1a = 3, 1b = 3, 1c = 4, 1d = 4, 1e = 4, 1f = 4 }\n[part.5]\npoints = { 5a = 9 }\n"
    (tmp_path / "course.toml").write_text(f"{settings}\n{more}")
    outline = read_outline(tmp_path / "parts.toml")
    assert outline.parts.total == 50 and outline.deadlines.due is not None
    (task,) = (part.task for part in outline.parts.parts if part.task)
    assert task == tomllib.loads(settings)["weights"]["task"] == "push"


def test_the_moving_picture_is_small_and_every_episode_in_it_ends_at_its_goal():
    assert PICTURE.stat().st_size <= 1.5e6
    with Image.open(PICTURE) as picture:
        ends = []
        for frame in range(picture.n_frames):
            picture.seek(frame)
            if (
                picture.info["duration"] > 1000 * moving_picture.SECONDS * moving_picture.EVERY
            ):  # held: an end
                ends.append(np.asarray(picture.convert("L"))[-3])  # a line of pixels below the words
    third = len(ends[0]) // 3
    assert len(ends) == 2 and all(line[third * k + 3] > 200 for line in ends for k in range(3))


def test_episodes_are_chosen_that_end_at_a_goal_far_from_the_start_and_too_few_are_a_sentence():
    agent = load_agent(ROOT / "solutions/results/reach/weights.safetensors", "reach")
    picked = moving_picture.chosen("reach", agent, 3, seed=7)
    env = make_vec("reach", moving_picture.PLAYED, seed=7)
    obs, _ = env.reset()
    away = np.linalg.norm(obs["achieved_goal"] - obs["desired_goal"], axis=1)
    assert picked == list(np.argsort(-away)[:3])  # this policy reaches every goal
    agent.act = lambda obs, goals: np.zeros((len(obs), 4))  # and one that does not move reaches few
    with pytest.raises(
        UserMistake, match=f"of {moving_picture.PLAYED} episodes of reach end at the goal, not 20"
    ):
        moving_picture.chosen("reach", agent, 20, seed=7)


def test_a_gif_plays_for_ever_in_real_time(tmp_path):
    frames = np.zeros((3, 16, 16, 3), dtype=np.uint8)
    frames[1, 4:8], frames[2, 8:12] = (200, 0, 0), (0, 200, 0)
    moving_picture.write_gif(frames, tmp_path / "a.gif", colors=8)
    with Image.open(tmp_path / "a.gif") as picture:
        assert picture.n_frames == 3 and picture.info["loop"] == 0 and picture.info["duration"] == 80
        picture.seek(1)
        assert abs(int(picture.convert("RGB").getpixel((0, 5))[0]) - 200) < 30
