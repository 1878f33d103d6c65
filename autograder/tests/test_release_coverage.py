"""Every sub-part has points, a public check and a hidden one, or the release says which has not."""

from pathlib import Path

import pytest

from autograder.course.parts import Part, Parts, SubPart
from autograder.staff.release.coverage import uncovered
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.outline import read_outline
from autograder.tests.conftest import COURSE

HEADER = "from autograder.checks import checking\nfrom autograder.checks.checking import subpart\n"
CHECK = '@subpart("4a", weight=2)\ndef test_it(student):\n    """It."""\n'


def parts(*subs: SubPart) -> Parts:
    return Parts((Part("4", "Hindsight", "relabel.py", 10.0, subs or (SubPart("4a", "final goals", 3),)),))


def checks(folder: Path, public: str = CHECK, hidden: str = CHECK) -> dict[str, Path]:
    roots = {}
    for audience, text in (("public", public), ("hidden", hidden)):
        roots[audience] = folder / audience
        roots[audience].mkdir()
        (roots[audience] / "test_relabel.py").write_text(HEADER + text)
    return roots


def test_a_covered_outline_has_no_gaps(tmp_path):
    assert uncovered(checks(tmp_path, public=CHECK.replace("@", "@checking.")), parts()) == []


def test_a_mark_that_is_computed_counts_as_what_it_is(tmp_path):
    computed = 'LATER = {"ids": ["4" + "a"]}\n' + CHECK.replace('"4a"', '*LATER["ids"]')
    assert uncovered(checks(tmp_path, public=computed), parts()) == []


@pytest.mark.parametrize("audience", ["public", "hidden"])
def test_the_missing_kind_of_check_is_named(tmp_path, audience):
    gaps = uncovered(checks(tmp_path, **{audience: "# @subpart('4a')\nNOTE = '4a'\n"}), parts())
    assert gaps == [f"Sub-part 4a (final goals) has no {audience} check."]


def test_a_check_may_cover_several_sub_parts(tmp_path):
    two = parts(SubPart("4a", "final goals", 3), SubPart("4b", "future goals", 3))
    both = CHECK.replace('"4a"', '"4a", "4b"')
    assert uncovered(checks(tmp_path, public=both, hidden=both), two) == []


def test_a_sub_part_without_points_is_named(tmp_path):
    gaps = uncovered(checks(tmp_path), parts(SubPart("4a", "final goals", 0)))
    assert gaps == ["Sub-part 4a (final goals) has no points in course.toml."]


def test_a_sub_part_without_a_hole_needs_only_one_check(tmp_path):
    weights = parts(SubPart("4a", "trained weights", 3, hole=False))
    roots = checks(tmp_path, public="")
    assert uncovered(roots, weights) == []
    (roots["hidden"] / "test_relabel.py").unlink()
    assert uncovered(roots, weights) == ["Sub-part 4a (trained weights) has no check."]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            CHECK.replace("4a", "4z"),
            "::test_it: the check names sub-part 4z, which parts.toml does not have.",
        ),
        ("def test_it(student): ...\n", "::test_it: the check has no @subpart."),
        (
            CHECK.replace('"4a"', "ID"),
            ": the checks could not be loaded (name 'ID' is not defined).",
        ),
        ("def", ": the checks could not be loaded ("),
    ],
)
def test_a_check_that_cannot_be_collected_is_named(tmp_path, text, sentence):
    with pytest.raises(ReleaseError) as caught:
        uncovered(checks(tmp_path, public=text), parts())
    (error,) = caught.value.errors
    assert error.startswith("public/test_relabel.py" + sentence)


def test_the_outline_is_read_from_both_files(assignment):
    outline = read_outline(assignment.root / "parts.toml")
    assert outline.parts == assignment.parts and list(outline.holes["sums.py"]) == ["1a", "1b"]
    assignment.write("course.toml", COURSE.replace("1b", "1c"))
    with pytest.raises(
        ReleaseError, match=r"course\.toml, line 3: part\.1\.points\.1c: part 1 has no sub-part 1c"
    ):
        read_outline(assignment.root / "parts.toml")
    assignment.write("parts.toml", "[part")
    with pytest.raises(ReleaseError, match="not valid TOML"):
        read_outline(assignment.root / "parts.toml")
