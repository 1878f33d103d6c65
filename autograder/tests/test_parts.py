"""parts.toml: what is wrong in it is named in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course.parts import read_parts
from autograder.tests.conftest import COURSE, PARTS
from envs.errors import UserMistake


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[part.1]", "[part.1", "is not valid TOML"),
        ("[part.1]", "[part.one]\n[part.1]", "line 2: part.one: is no key here; the name of a part is a number"),
        ('file = "sums.py"', "", "line 2: part.1: has no file"),
        ('"sums.py"', '"../sums.py"', "line 4: part.1.file: must be a plain name"),
        ('"sums.py"', '"weights_push.safetensors"', 'one such as "weights_{task}.safetensors"'),
        ("time_limit = 2", "time_limit = 0", "line 5: part.1.time_limit: must be a number of seconds above 0, not 0"),
        ("time_limit = 2", 'time_limit = "2"', 'must be a number of seconds above 0, not "2"'),
        ('"adding"', '"adding", points = 4', "line 7: part.1.sub.1a.points: is no key here; the keys are title"),
        ('"adding"', '"adding", hole = 1', "line 7: part.1.sub.1a.hole: must be true or false, not 1"),
        ("1a =", "2z =", "line 7: part.1.sub.2z: the id must be 1 and a letter"),
        ("1a =", "one =", "is no key here; the id of a sub-part is its part's number and a letter"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert old in PARTS
    path = tmp_path / "parts.toml"
    path.write_text(PARTS.replace(old, new, 1))
    with pytest.raises(UserMistake) as mistake:
        read_parts(path)
    assert sentence in str(mistake.value)
    assert str(path) in str(mistake.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="cannot be read: No such file"):
        read_parts(tmp_path / "parts.toml")


def test_selecting(tmp_path: Path) -> None:
    path = tmp_path / "parts.toml"
    path.write_text(PARTS)
    path.with_name("course.toml").write_text(COURSE)
    parts = read_parts(path)
    assert parts.select("1", None) == {"1a", "1b"} and parts.select("1", "1b") == parts.select(
        None, "1b"
    ) == {"1b"}
    assert parts.select(None, None) == {"1a", "1b", "2a"} and parts.total == 20
    with pytest.raises(UserMistake, match="there is no part '7'; there are 1, 2"):
        parts.select("7", None)
    with pytest.raises(UserMistake, match="there is no sub-part '1z'"):
        parts.select(None, "1z")
    with pytest.raises(UserMistake, match="belongs to part 1, not to part 2"):
        parts.select("2", "1a")
