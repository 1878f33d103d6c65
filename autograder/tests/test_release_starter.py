"""`hw/` from a small `solutions/`: what is copied, what is refused, and that nobody's edit is lost."""

import dataclasses
import json
import tomllib
from pathlib import Path

import pytest

from autograder.course.parts import Part, Parts, SubPart
from autograder.course.settings import Settings
from autograder.staff.release import starter
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.outline import Outline, read_outline

ROOT = Path(__file__).parents[2]
FINAL = SubPart("4a", "final goals", 3)
WEIGHTS = SubPart("5a", "trained weights", 3, hole=False)
PARTS = (
    Part("4", "Hindsight", "relabel.py", 10, (FINAL,)),
    Part("5", "Weights", "weights_reach.safetensors", 10, (WEIGHTS,), task="reach"),
)
OUTLINE = Outline(Parts(PARTS))
RELABEL = "def f(x):\n    # BEGIN SOLUTION 4a\n    return x[-1]\n    # END SOLUTION\n"
HOLE = 'def f(x):\n    raise NotImplementedError("TODO(4a): final goals")\n'


@pytest.fixture
def solutions(tmp_path) -> Path:
    folder = tmp_path / "solutions"
    files = {
        "__init__.py": "",
        "relabel.py": RELABEL,
        "kit/buffer.py": "class Buffer: ...\n",
        "README.md": "r' = r(s', g')\r\n",
        "tests/test_relabel.py": "secret = 1\n",
        "__pycache__/relabel.pyc": "x",
        "runs/reach/progress.csv": "1\n",
        "weights_reach.safetensors": "w",
        ".DS_Store": "x",
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    return folder


@pytest.fixture
def hw(tmp_path) -> Path:
    return tmp_path / "hw"


def generate(solutions: Path, hw: Path, force: bool = False) -> starter.Difference:
    return starter.write(hw, starter.plan(solutions, OUTLINE), force=force)


def difference(solutions: Path, hw: Path) -> starter.Difference:
    return starter.compare(hw, starter.plan(solutions, OUTLINE))


def test_part_files_are_blanked_the_rest_is_the_same_text_and_results_stay_behind(solutions, hw):
    generate(solutions, hw)
    written = {p.relative_to(hw).as_posix(): p.read_bytes() for p in hw.rglob("*") if p.is_file()}
    manifest = json.loads(written.pop(starter.MANIFEST))
    assert written == {
        "__init__.py": b"",
        "relabel.py": HOLE.encode(),
        "kit/buffer.py": b"class Buffer: ...\n",
        "README.md": b"r' = r(s', g')\r\n",
    }
    assert manifest["sha256"].keys() == written.keys()
    assert not difference(solutions, hw)
    assert sorted(p.name for p in hw.parent.iterdir()) == ["hw", "solutions"]  # nothing staged is left


HINTED = RELABEL.replace("4a\n", "4a\n    # hint: the end\n    # hint 2: x[-1], in\n    # hint 2: short\n")
BOTH = ["the end", "x[-1], in short"]


@pytest.mark.parametrize(
    ("settings", "shown", "told"),
    [
        ({}, 3, BOTH),  # as a course.toml that says nothing
        ({"hints": "some"}, 1, BOTH),
        ({"hints": "none"}, 0, BOTH),
        ({"hints": "all", "hints_on_request": False}, 3, BOTH),
        ({"hints": "some", "hints_on_request": False}, 1, BOTH[:1]),
        ({"hints": "none", "hints_on_request": False}, 0, None),
    ],
)
def test_the_course_says_which_hints_stand_at_a_hole_and_which_are_told_on_request(
    solutions, settings, shown, told
):
    (solutions / "relabel.py").write_text(HINTED)
    outline = dataclasses.replace(OUTLINE, parts=Parts(PARTS, settings=Settings(**settings)))
    files = starter.plan(solutions, outline)
    assert files["relabel.py"].decode().count("# TODO(4a)") == shown
    assert tomllib.loads(files.get(starter.HINTS, b"").decode()).get("4a") == told


def test_generating_twice_changes_nothing(solutions, hw):
    assert generate(solutions, hw)
    before = {p: p.read_bytes() for p in hw.rglob("*") if p.is_file()}
    assert not generate(solutions, hw)
    assert before == {p: p.read_bytes() for p in hw.rglob("*") if p.is_file()}


def test_an_outdated_file_is_told_from_an_edited_one(solutions, hw):
    generate(solutions, hw)
    (solutions / "kit" / "buffer.py").write_text("class Buffer: pass\n")
    (hw / "relabel.py").write_text(HOLE + "# mine\n")
    found = difference(solutions, hw)
    assert found.sentences() == ["hw/relabel.py was edited by hand.", "hw/kit/buffer.py is outdated."]
    with pytest.raises(ReleaseError, match=r"^Edited by hand: hw/relabel\.py\. .*--force") as caught:
        generate(solutions, hw)
    assert "buffer" not in str(caught.value)
    assert (hw / "kit" / "buffer.py").read_text() == "class Buffer: ...\n"  # nothing was written


def test_force_overwrites_edits(solutions, hw):
    generate(solutions, hw)
    (hw / "relabel.py").write_text("# mine\n")
    generate(solutions, hw, force=True)
    assert (hw / "relabel.py").read_text() == HOLE and not difference(solutions, hw)


def test_an_outdated_file_is_replaced_without_force(solutions, hw):
    generate(solutions, hw)
    (solutions / "relabel.py").write_text("import math\n" + RELABEL)
    generate(solutions, hw)
    assert (hw / "relabel.py").read_text() == "import math\n" + HOLE


def test_an_edit_that_already_is_the_new_text_needs_no_force(solutions, hw):
    generate(solutions, hw)
    for folder in (solutions, hw):
        (folder / "kit" / "buffer.py").write_text("class Buffer: pass\n")
    generate(solutions, hw)
    assert not difference(solutions, hw)


def test_without_a_manifest_every_differing_file_counts_as_edited(solutions, hw):
    generate(solutions, hw)
    (hw / starter.MANIFEST).write_text("{broken")
    assert difference(solutions, hw).sentences() == ["hw/.generated.json is missing or stale."]
    (hw / "relabel.py").write_text("# mine\n")
    with pytest.raises(ReleaseError, match=r"hw/relabel\.py"):
        generate(solutions, hw)


def test_a_file_removed_from_solutions_goes_unless_it_was_edited(solutions, hw):
    generate(solutions, hw)
    (solutions / "kit" / "buffer.py").unlink()
    (hw / "kit" / "buffer.py").write_text("# mine\n")
    with pytest.raises(ReleaseError, match=r"hw/kit/buffer\.py"):
        generate(solutions, hw)
    (hw / "kit" / "buffer.py").write_text("class Buffer: ...\n")
    assert difference(solutions, hw).sentences() == ["hw/kit/buffer.py is no longer in solutions/."]
    generate(solutions, hw)
    assert not (hw / "kit").exists() and not difference(solutions, hw)


def test_files_that_were_never_generated_are_kept_and_named(solutions, hw):
    generate(solutions, hw)
    (hw / "notes.md").write_text("mine")
    (hw / "runs").mkdir()
    (hw / "runs" / "progress.csv").write_text("1")
    assert difference(solutions, hw).sentences() == ["hw/notes.md does not come from solutions/."]
    generate(solutions, hw, force=True)
    assert (hw / "notes.md").exists() and (hw / "runs" / "progress.csv").exists()


def test_a_failed_write_leaves_the_old_starter(solutions, hw, monkeypatch):
    generate(solutions, hw)
    before = {p: p.read_bytes() for p in hw.rglob("*") if p.is_file()}
    (solutions / "kit" / "buffer.py").write_text("class Buffer: pass\n")
    (solutions / "relabel.py").write_text("import math\n" + RELABEL)
    real = Path.write_bytes

    def disk_full(self, content):
        if self.name == "relabel.py":
            raise OSError(28, "No space left on device")
        return real(self, content)

    monkeypatch.setattr(Path, "write_bytes", disk_full)
    with pytest.raises(OSError, match="No space left"):
        generate(solutions, hw)
    assert before == {p: p.read_bytes() for p in hw.rglob("*") if p.is_file()}
    assert sorted(p.name for p in hw.parent.iterdir()) == ["hw", "solutions"]


def test_all_errors_of_all_files_are_collected(solutions):
    (solutions / "kit" / "buffer.py").write_text(RELABEL)
    (solutions / "relabel.py").write_text(RELABEL.replace("SOLUTION 4a", "SOLUTON 4a"))
    model = Part("1", "Model", "dynamics.py", 10, (SubPart("1a", "targets", 2),))
    outline = Outline(Parts((*PARTS, model)))
    with pytest.raises(ReleaseError) as caught:
        starter.plan(solutions, outline)
    assert caught.value.errors == (
        "solutions/dynamics.py: parts.toml names this file, but it does not exist.",
    )
    with pytest.raises(ReleaseError) as caught:
        starter.plan(solutions, OUTLINE)
    starts = sorted(error.split(": ")[0] for error in caught.value.errors)
    assert starts == ["solutions/kit/buffer.py:2", "solutions/relabel.py:2", "solutions/relabel.py:4"]


def test_a_missing_folder_and_a_link_are_one_sentence(solutions, tmp_path):
    with pytest.raises(ReleaseError, match="does not exist"):
        starter.plan(tmp_path / "nowhere", OUTLINE)
    (solutions / "link.py").symlink_to(solutions / "relabel.py")
    with pytest.raises(ReleaseError, match=r"link\.py: a symbolic link"):
        starter.plan(solutions, OUTLINE)


def test_parts_toml_names_the_function_of_every_hole():
    outline = read_outline(ROOT / "autograder" / "parts.toml")
    assert all(bool(sub.function) == sub.hole for sub in outline.parts.subparts.values())
    *others, relabeling, weights = (part for part in outline.parts.parts if not part.extra)
    final = dataclasses.replace(relabeling.subparts[0], function="last_goals")
    relabeling = dataclasses.replace(relabeling, subparts=(final, *relabeling.subparts[1:]))
    extra = (part for part in outline.parts.parts if part.extra)
    wrong = Outline(Parts((*others, relabeling, weights, *extra)))
    with pytest.raises(ReleaseError) as caught:
        starter.plan(ROOT / "solutions", wrong)
    assert caught.value.errors == (
        "solutions/relabel.py: 4a is in final_goals, but parts.toml says function = 'last_goals'.",
    )
