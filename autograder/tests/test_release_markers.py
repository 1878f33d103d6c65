"""Holes: what a block becomes, and that every broken rule is refused with its file and line."""

import pytest

from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.markers import MAX_CODE_LINES, blank, complete

TITLES = {"4a": "final goals"}
GOOD = '''\
"""A docstring may say # BEGIN SOLUTION 4a in passing."""
import numpy as np


def final_goals(achieved, episodes):
    """The last goal."""
    if len(episodes):
        # BEGIN SOLUTION 4a
        # an idea that students must not read
        # hint: the last state of each episode
        last = achieved[
            episodes, -1
        ]

        # hint: "rows" stay rows
        goals = np.array(last)
        # END SOLUTION
    assert goals.ndim == 2  # the solution keeps rows, begin to end
    return goals
'''
BLANKED = '''\
"""A docstring may say # BEGIN SOLUTION 4a in passing."""
import numpy as np


def final_goals(achieved, episodes):
    """The last goal."""
    if len(episodes):
        # TODO(4a): the last state of each episode
        # TODO(4a): "rows" stay rows
        raise NotImplementedError("TODO(4a): final goals")
    assert goals.ndim == 2  # the solution keeps rows, begin to end
    return goals
'''


def errors_of(text: str, titles=TITLES) -> tuple[str, ...]:
    with pytest.raises(ReleaseError) as caught:
        blank(text, "relabel.py", titles)
    return caught.value.errors


def in_function(*lines: str) -> str:
    return "\n".join(["def f(x):", *(f"    {line}" for line in lines), ""])


def test_a_block_becomes_its_hints_and_one_placeholder_at_its_indentation():
    assert blank(GOOD, "relabel.py", TITLES) == BLANKED


def test_a_title_with_quotes_and_greek_stays_a_valid_message():
    namespace: dict = {}
    exec(blank(GOOD, "relabel.py", {"4a": 'the "final" goal of τ\\'}), namespace)
    with pytest.raises(NotImplementedError, match=r'^TODO\(4a\): the "final" goal of τ\\$'):
        namespace["final_goals"](None, [1])


def test_a_file_without_blocks_stays_the_same_text_to_the_last_character():
    text = "x = 1\r\n\x0c\ny = '\u2028'  # no newline at the end"
    assert blank(text, "kit.py", {}) == text


def test_two_blocks_of_one_file_are_both_blanked():
    second = GOOD.replace("def final_goals", "def other").replace("4a", "4b").replace('"""A', '"""The')
    blanked = blank(GOOD + second, "relabel.py", {**TITLES, "4b": "other goals"})
    assert blanked.count("raise NotImplementedError") == 2 and "achieved[" not in blanked


MISSPELT = [
    "# BEGIN SOLUTON 4a",
    "#BEGIN SOLUTION 4a",
    "# BEGIN SOLUTION",
    "# BEGIN SOLUTION 4a ",
    "# BEGIN SOLUTION 4A",
    "# BEGIN SOLUTION 4a: final goals",
    "# BEGIN  SOLUTION 4a",
    "# begin solution 4a",
    "# BEGIN_SOLUTION 4a",
    "# BEGINSOLUTION 4a",
    "## BEGIN SOLUTION 4a",
    "# BEING SOLUTION 4a",
    "# SOLUTION BEGIN 4a",
    "# BEGIN 4a",
]


@pytest.mark.parametrize("marker", MISSPELT)
def test_a_misspelt_beginning_is_named(marker):
    errors = errors_of(GOOD.replace("# BEGIN SOLUTION 4a\n", f"{marker}\n"))
    assert errors[0].startswith(f"relabel.py:8: {marker!r} is a misspelt marker"), errors


@pytest.mark.parametrize(
    "marker", ["# END SOLUTON", "#END SOLUTION", "# End Solution", "# END SOLUTION 4a", "# END"]
)
def test_a_misspelt_end_is_named(marker):
    errors = errors_of(GOOD.replace("# END SOLUTION", marker))
    assert any(error.startswith(f"relabel.py:17: {marker!r} is a misspelt marker") for error in errors), (
        errors
    )


@pytest.mark.parametrize(
    "comment", ["# the solution of (3)", "# begin with the last step", "# at the end, resolve it"]
)
def test_ordinary_comments_are_left_alone(comment):
    assert comment in blank(
        GOOD.replace("# the solution keeps rows, begin to end", comment), "relabel.py", TITLES
    )


@pytest.mark.parametrize("hint", ["# Hint: x", "#hint: x", "# hint x", "# hint:x", "y = 1  # hint: x"])
def test_a_misspelt_hint_is_refused_because_it_would_be_lost(hint):
    errors = errors_of(in_function("# BEGIN SOLUTION 4a", hint, "return x", "# END SOLUTION"))
    assert errors == ("relabel.py:3: write a hint as '# hint: …' on a line of its own.",)


LEVELS = in_function(
    *("# BEGIN SOLUTION 4a", "# hint: the idea", "# hint 2: the code,", "# hint 2: and more of it"),
    *("# hint 3: all of it", "return x", "# END SOLUTION"),
)


@pytest.mark.parametrize(
    ("levels", "shown"),
    [
        (None, ["the idea", "the code,", "and more of it", "all of it"]),
        (0, []),
        (1, ["the idea"]),
        (2, ["the idea", "the code,", "and more of it"]),
    ],
)
def test_so_many_levels_of_hints_stay_as_the_course_shows(levels, shown):
    lines = blank(LEVELS, "relabel.py", TITLES, levels).splitlines()
    assert lines[1:-1] == [f"    # TODO(4a): {hint}" for hint in shown]
    assert "hint" not in complete(LEVELS, "relabel.py", TITLES)


@pytest.mark.parametrize(
    ("hints", "said"),
    [
        (["# hint 2: x"], "relabel.py:3: hints stand in the order"),
        (["# hint: x", "# hint 3: x"], "relabel.py:4: hints stand in the order"),
        (["# hint: x", "# hint 2: x", "# hint: x"], "relabel.py:5: hints stand in the order"),
        (["# hint 1: x"], "relabel.py:3: write a hint as"),
    ],
)
def test_levels_of_hints_begin_with_the_first_and_leave_none_out(hints, said):
    errors = errors_of(in_function("# BEGIN SOLUTION 4a", *hints, "return x", "# END SOLUTION"))
    assert len(errors) == 1 and errors[0].startswith(said)


B, E = "# BEGIN SOLUTION 4a", "# END SOLUTION"
BROKEN = {
    "no end": (in_function(B, "return x"), 2, "has no '# END SOLUTION'"),
    "no beginning": (in_function("return x", E), 3, "without a '# BEGIN SOLUTION'"),
    "nested": (in_function(B, "y = x", "# BEGIN SOLUTION 4b", "y = 1", E, E), 4, "inside block 4a (line 2)"),
    "empty": (in_function(B, "# only talk", E, "return x"), 2, "holds no code"),
    "too long": (in_function(B, *["x += 1"] * (MAX_CODE_LINES + 1), E), 2, "has 16 lines of code"),
    "at module level": (f"{B}\nx = 1\n{E}\n", 1, "not inside a function body"),
    "in a class body": (
        f"def f():\n  class C:\n    {B}\n    x = 1\n    {E}\n",
        3,
        "not inside a function body",
    ),
    "around a function": (f"{B}\ndef f(x):\n    return x\n{E}\n", 1, "not inside a function body"),
    "over two functions": (
        in_function(B, "y = x", "return y") + in_function("y = x", E, "return x"),
        3,
        "cuts a statement in two",
    ),
    "half a call": (
        in_function("y = max(", f"    {B}", "    x,", f"    {E}", ")"),
        4,
        "cuts a statement in two",
    ),
    "the tail of a call": (in_function("y = max(", B, "x)", "y = 2", E), 4, "cuts a statement in two"),
    "into the else": (
        in_function("if x:", f"    {B}", "    y = 1", "else:", "    y = 2", f"    {E}"),
        4,
        "cuts a statement in two",
    ),
    "the condition too": (
        in_function("if (x and", f"    {B}", "    x):", "    y = 2", f"    {E}"),
        4,
        "cuts a statement in two",
    ),
    "the docstring": (in_function(B, '"""What it does."""', "return x", E), 2, "docstring"),
    "end indented": (in_function(B, "return x", f"    {E}"), 4, "not indented like its beginning"),
    "both indented": (in_function(f"    {B}", "return x", f"    {E}"), 2, "not indented like the statements"),
    "beside code": (in_function(f"y = 1  {B}", "return x", E), 2, "on a line of its own"),
    "in a string": (in_function(B, "return x", E, "'''", B, "'''"), 6, "inside a string"),
    "unknown id": (in_function("# BEGIN SOLUTION 3a", "return x", E), 2, "no hole 3a"),
    "absent id": ("x = 1\n", 1, "4a is in parts.toml but not marked"),
    "duplicate id": (in_function(B, "y = x", E, B, "return y", E), 5, "already marked on line 2"),
    "not Python": ("def f(:\n", 1, "not valid Python"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_rule_is_one_sentence_with_file_and_line(case):
    text, line, words = BROKEN[case]
    errors = errors_of(text)
    assert any(e.startswith(f"relabel.py:{line}: ") and words in e and e.endswith(".") for e in errors), (
        errors
    )


def test_all_errors_of_a_file_are_reported_in_the_order_of_its_lines():
    text = (
        in_function("# BEGIN SOLUTION 9z", "y = x", E)
        + in_function("# BEGIN SOLUTON 4a", "return x", E)
        + in_function(B, "# Hint: lost", "return x", E)
    )
    lines = [int(error.split(":")[1]) for error in errors_of(text)]
    assert lines == [2, 6, 8, 11]


def test_fifteen_lines_are_allowed_and_comments_and_blank_lines_do_not_count():
    lines = [B, *["x += 1", "", "# why"] * MAX_CODE_LINES, E, "return x"]
    assert "raise NotImplementedError" in blank(in_function(*lines), "relabel.py", TITLES)


def test_what_only_the_solution_made_valid_is_refused():
    text = in_function(B, "y = x", E, "def g():", "    nonlocal y", "return g")
    assert "without its solutions" in errors_of(text)[0]
