"""Every sub-part has points, a public check and a hidden one, or the release says which has not."""

from pathlib import Path

import pytest

from autograder.release.coverage import uncovered
from autograder.release.errors import ReleaseError
from autograder.release.outline import SubPart, read_outline

OUTLINE = {"4a": SubPart("4a", "final goals", 3, "relabel.py", True)}
CHECK = '@subpart("4a", weight=2)\ndef test_it(student):\n    """It."""\n'


def checks(folder: Path, public: str = CHECK, hidden: str = CHECK) -> Path:
    for audience, text in (("public", public), ("hidden", hidden)):
        (folder / audience).mkdir()
        (folder / audience / "test_relabel.py").write_text(text)
    return folder


def test_a_covered_outline_has_no_gaps(tmp_path):
    assert uncovered(checks(tmp_path, public=CHECK.replace("@", "@checking.")), OUTLINE) == []


@pytest.mark.parametrize("audience", ["public", "hidden"])
def test_the_missing_kind_of_check_is_named(tmp_path, audience):
    gaps = uncovered(checks(tmp_path, **{audience: "# @subpart('4a')\n"}), OUTLINE)
    assert gaps == [f"Sub-part 4a (final goals) has no {audience} check."]


def test_a_check_may_cover_several_sub_parts(tmp_path):
    outline = {**OUTLINE, "4b": SubPart("4b", "future goals", 3, "relabel.py", True)}
    both = CHECK.replace('"4a"', '"4a", "4b"')
    assert uncovered(checks(tmp_path, public=both, hidden=both), outline) == []


def test_a_sub_part_without_points_is_named(tmp_path):
    outline = {"4a": SubPart("4a", "final goals", 0, "relabel.py", True)}
    assert uncovered(checks(tmp_path), outline) == ["Sub-part 4a (final goals) has no points in parts.toml."]


def test_a_sub_part_without_a_hole_needs_only_one_check(tmp_path):
    outline = {"4a": SubPart("4a", "trained weights", 3, "weights.safetensors", False)}
    assert uncovered(checks(tmp_path, public=""), outline) == []
    (tmp_path / "hidden" / "test_relabel.py").unlink()
    assert uncovered(tmp_path, outline) == ["Sub-part 4a (trained weights) has no check."]


def test_a_check_of_an_unknown_sub_part_is_named_with_its_line(tmp_path):
    gaps = uncovered(checks(tmp_path, public=CHECK + CHECK.replace("4a", "4z")), OUTLINE)
    assert gaps == [f"{tmp_path}/public/test_relabel.py:4: sub-part 4z is not in parts.toml."]


def test_an_id_that_is_computed_or_a_file_that_does_not_parse_is_an_error(tmp_path):
    with pytest.raises(ReleaseError) as caught:
        uncovered(checks(tmp_path, public=CHECK.replace('"4a"', "ID"), hidden="def"), OUTLINE)
    assert caught.value.errors == (
        f'{tmp_path}/public/test_relabel.py:1: write the id out, as in @subpart("4a").',
    )


def test_the_outline_is_read_from_parts_toml(tmp_path):
    path = tmp_path / "parts.toml"
    path.write_text(
        """
        [part.4]
        title = "Hindsight"
        file = "relabel.py"
        time_limit = 10
        sub.4a = { title = "final goals", points = 3 }
        [part.5]
        title = "Weights"
        file = "w.safetensors"
        time_limit = 10
        sub.5a = { title = "weights", points = 5, hole = false }
        """
    )
    outline = read_outline(path)
    assert outline == {**OUTLINE, "5a": SubPart("5a", "weights", 5, "w.safetensors", False)}
    path.write_text("[part")
    with pytest.raises(ReleaseError, match="not valid TOML"):
        read_outline(path)
