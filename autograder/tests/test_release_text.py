"""The handout text follows the course; every marker that is wrong is named with its line."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from autograder.course.late import Deadlines, Policy
from autograder.course.parts import Part, Parts, SubPart
from autograder.course.settings import Settings
from autograder.staff.release import starter
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.outline import Outline, read_outline
from autograder.staff.release.text import forget, render

ROOT = Path(__file__).parents[2]
GOALS = Part("4", "Goals", "goals.py", 10, (SubPart("4a", "final", 3), SubPart("4b", "future", 4)))
MIX = Part("2", "Mixing", "mix.py", 10, (SubPart("2a", "mix", 5),))
WEIGHTS = Part(
    *("5", "Weights", "weights_push.safetensors", 10, (SubPart("5a", "FetchPush policy", 9, hole=False),)),
    task="push",
    threshold=0.88,
)
STARTER = {"goals.py": '    raise NotImplementedError("TODO(4a): final")\n', "mix.py": "x = 1\n"}


def rendered(
    text: str, *parts: Part, others: tuple[Part, ...] = (), deadlines: Deadlines | None = None
) -> str:
    files = {part.file: STARTER[part.file] for part in (*parts, *others) if part.module}
    return render(text, "solutions/README.md", Outline(Parts(parts, others), deadlines or Deadlines()), files)


def test_the_text_as_it_stands_is_that_of_the_course_as_it_comes() -> None:
    """Whoever reads solutions/README.md reads what a student of the default course gets."""
    outline = read_outline(ROOT / "autograder" / "parts.toml")
    handed_out = starter.plan(ROOT / "solutions", outline)["README.md"].decode()
    text = (ROOT / "solutions/README.md").read_text(encoding="utf-8")
    plain = re.sub(r"<!-- (course: [\w ]+|if: [\w ]+|end) -->", "", text)
    assert " ".join(handed_out.split()) == " ".join(plain.split())


def test_values_and_conditions_within_a_line_on_lines_of_their_own_and_nested() -> None:
    text = (
        "# <!-- course: title -->x<!-- end -->\n\n<!-- course: parts -->\nold\n<!-- end -->\n\n"
        "<!-- if: code -->Fill the <!-- course: pieces -->two pieces<!-- end --> soon.<!-- end -->\n\n"
        "<!-- if: 2 -->\nMix.\n<!-- end -->\n\nEnd<!-- if: 4 --> with goals<!-- end -->.\n"
    )
    assert rendered(text, GOALS, others=(MIX,)) == (
        "# Homework\n\n| part | file | you write | points |\n|---|---|---|---|\n"
        "| 4 goals | `hw/goals.py` | 4a–4b | 7 |\n| | | in all | 7 |\n\n"
        "Fill the piece that makes this learnable, check it soon.\n\nEnd with goals.\n"
    )
    assert rendered(text, WEIGHTS, others=(MIX, GOALS)).endswith("in all | 9 |\n\nEnd.\n")


def test_the_weights_part_names_task_file_and_threshold() -> None:
    text = "<!-- course: weights -->\nold\n<!-- end -->\n"
    said = " ".join(rendered(text, GOALS, WEIGHTS).split())
    assert "For Part 5, train on `push`" in said and "`hw/weights_push.safetensors`" in said
    assert (
        "success rate of 88 % fails" in said
        and "with 83 % it passes 92 times" in said
        and rendered(text, GOALS) == ""
    )


def test_how_long_code_may_take_is_that_of_the_checks() -> None:
    text = "Slow. <!-- course: limits -->old<!-- end -->\n"
    assert rendered(text, GOALS, WEIGHTS) == "Slow. A check may compute for 10 seconds, a training for 90.\n"
    assert "for 4 or 10 seconds" in rendered(text, GOALS, replace(MIX, time_limit=4))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, True),
        ({"hints": "none"}, True),
        ({"hints": "some", "hints_on_request": False}, True),
        ({"hints": "none", "hints_on_request": False}, False),
    ],
)
def test_hints_are_spoken_of_only_where_there_are_any(settings: dict, told: bool) -> None:
    text = "a<!-- if: hints --> hint<!-- end -->\n"
    outline = Outline(Parts((GOALS,), settings=Settings(**settings)))
    assert render(text, "README.md", outline, STARTER) == ("a hint\n" if told else "a\n")
    assert rendered(text, WEIGHTS) == "a\n"  # no code, no holes


def test_the_table_ends_with_the_total_without_extra_credit() -> None:
    table = "<!-- course: parts -->\n<!-- end -->\n"
    half = replace(GOALS, subparts=(SubPart("4a", "final", 2.5), SubPart("4b", "future", 2)))
    assert "| 4.5 |\n| | | in all | 4.5 |\n" in rendered(table, half)
    both = rendered(table, GOALS, replace(MIX, extra=True))
    assert "| 5 extra |\n| | | in all, without extra credit | 7 |\n" in both


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (Policy(), "It is due 2026-11-20 23:59 UTC.\n"),
        (
            Policy(penalty=0.1, max_penalty=0.5, free_days=1),
            "Each late day after 1 day without a penalty costs 10 %",
        ),
        (Policy(penalty=0.1, max_penalty=0.5), "costs 10 % of the points earned, 50 % at most.\n"),
        (Policy(max_days=0), "What comes late earns no points.\n"),
        (Policy(max_days=5, grace=timedelta(minutes=15)), "within 15 minutes after that is in time."),
    ],
)
def test_the_due_date_and_what_being_late_costs(policy: Policy, said: str) -> None:
    text = "<!-- course: due -->\n<!-- end -->\n"
    due = Deadlines(due=datetime(2026, 11, 20, 23, 59, tzinfo=UTC), policy=policy)
    assert said in rendered(text, GOALS, deadlines=due)
    assert rendered(text, GOALS) == ""


def test_the_section_of_a_part_that_is_given_says_so_and_that_of_one_that_is_not_there_goes() -> None:
    text = "## Part 2: mixing\n\nMix them\n(**2a**). Then (**2a**, **4b**).\n\n## Part 4: goals\n\nTake (**4a**).\n"
    given = rendered(text, GOALS, others=(MIX,))
    assert given == (
        "## Part 2: mixing\n\nThis part is given: `hw/mix.py` is complete, and it is not graded.\n\n"
        "Mix them. Then (**4b**).\n\n## Part 4: goals\n\nTake (**4a**).\n"
    )
    outline = Outline(Parts((GOALS,), (MIX,)))
    assert render(text, "README.md", outline, {"goals.py": ""}) == "## Part 4: goals\n\nTake (**4a**).\n"


@pytest.mark.parametrize("only", [True, False])
@pytest.mark.parametrize("number", "123459")
def test_whichever_part_is_left_out_nothing_in_hw_names_its_sub_parts(number: str, only: bool) -> None:
    outline = read_outline(ROOT / "autograder" / "parts.toml")
    kept = [part for part in outline.parts.parts if (part.number == number) == only]
    others = [replace(part, given="") for part in outline.parts.parts if part not in kept]
    parts = replace(outline.parts, parts=tuple(kept), others=tuple(others))
    files = starter.plan(ROOT / "solutions", replace(outline, parts=parts))
    for path, content in files.items():
        text = content.decode()
        for id_ in parts.not_graded:
            assert not re.search(rf"(?<![\w.]){id_}(?![\w.-])", text), path  # 1e-8 is a number
        if path.endswith(".py"):
            ast.parse(text)
    text = files["README.md"].decode()
    assert all(f"| {part.number} " in text for part in kept)
    assert not any(
        f"| {part.number} {part.title[0].lower()}{part.title[1:]} |" in text for part in others
    )  # "| 9 |" may be points


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a\n<!-- course: colour -->x<!-- end -->",
            "README.md:2: there is no marker <!-- course: colour -->.",
        ),
        ("<!-- if: 9 -->x<!-- end -->", "README.md:1: there is no marker <!-- if: 9 -->."),
        ("a\n\n<!-- course: parts -->\n| x |\n", "README.md:3: this marker has no beginning or no end."),
        ("a <!-- end -->", "README.md:1: this marker has no beginning or no end."),
        (
            "a\nSee Part 2.",
            "README.md:2: the text names Part 2, which the course does not grade; mark it with",
        ),
    ],
)
def test_a_wrong_marker_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ReleaseError) as caught:
        rendered(text, GOALS, others=(MIX,))
    assert said in str(caught.value)


def test_references_to_sub_parts_are_forgotten_and_no_others() -> None:
    text = "the rollouts (2c), the model (1a to 1f) and both (**2a**, **1b**); x = f(2) + 1e-3  # (2d) (3a)\n"
    assert forget(text, ["2a", "2c", "2d"]) == (
        "the rollouts, the model (1a to 1f) and both (**1b**); x = f(2) + 1e-3  # (3a)\n"
    )
