"""The pages: every command is understood where it is typed, the cheap ones run, and every link leads somewhere."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from autograder.staff.release import handout
from autograder.tests.page_commands import ROOT, commands, misunderstood, pages
from autograder.tests.test_make import copy_of_the_kit

needs_make = pytest.mark.skipif(not shutil.which("make"), reason="needs make")
STUDENTS = ("README.md", "HELP.md")
STAFFS = (ROOT / "README.md", ROOT / "autograder/staff/TA.md", ROOT / "autograder/staff/INSTRUCTOR.md")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """The handout as a student has it."""
    folder = tmp_path_factory.mktemp("handout")
    for path, content in handout.collect(ROOT).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def followed_elsewhere(text: str) -> str:
    """The developer's page without its step-by-steps, which test_developer_page.py follows to the letter."""
    return text[: text.index("## Add")] + text[text.index("## Run what") :]


@needs_make
@pytest.mark.slow
def test_every_command_of_every_page_is_understood_in_the_kit():
    lines: set[str] = set()
    for path in pages():
        text = path.read_text(encoding="utf-8")
        lines |= set(commands(followed_elsewhere(text) if path == ROOT / "autograder/README.md" else text))
    assert len(lines) > 100 and any(line.startswith("make grade ") for line in lines)
    assert misunderstood(sorted(lines), ROOT) == {}


@needs_make
@pytest.mark.slow
def test_every_command_of_the_students_pages_is_understood_in_a_handout(unpacked):
    lines = {line for name in STUDENTS for line in commands((unpacked / name).read_text(encoding="utf-8"))}
    assert len(lines) > 15
    assert misunderstood(sorted(lines), unpacked) == {}


@needs_make
@pytest.mark.slow
def test_a_command_that_is_none_is_noticed():
    """Else the tests above would prove nothing: targets, names, options, modules, values that are not there."""
    wrong = (
        "make chek",
        "make train TAKS=push",
        "make train TASK=walk",
        ".venv/bin/python -m autograder check --prt 4",
        ".venv/bin/python -m solutions.nothing",
        ".venv/bin/python -m solutions.play --task walk",
        ".venv/bin/python -m autograder.staff.nothing",
        "python3 autograder/nothing.py",
    )
    assert set(misunderstood([*wrong, "make train TASK=push"], ROOT)) == set(wrong)


def test_a_fence_without_a_language_holds_commands_and_nothing_else():
    assert commands("```\nmake check  # seconds\n```\n`make\nplay` `make`, `x`\n") == [
        "make check  # seconds",
        "make play",
    ]
    with pytest.raises(AssertionError, match="maek check"):
        commands("```\nmaek check\n```\n")
    assert commands("```toml\nx = 1\n```\n") == []


# What is run for real, in this order, in a copy of the kit: the command -> (words that make it cheap, exit code).
CHEAP = {
    "make starter": ("", 0),
    "make check PART=4": ("", 2),  # of hw/, whose holes are open
    "make train TASK=tiny METHOD=her": ("STEPS=800", 0),
    "make submission OUT=out/mine.zip": ("", 0),
    "make handout": ("", 0),
    'make gradescope MINUTES=10 INDEX="$PIP_EXTRA_INDEX_URL"': ("", 0),
    'make update-handout NOTE="4b: the hint names the right shape"': ("", 0),
    "mkdir -p out/five/ann out/five/ben out/five/cem out/five/dora out/five/eli": ("", 0),
    "cp solutions/*.py out/five/ann": ("", 0),
    "cp hw/*.py out/five/ben": ("", 0),
    "cp solutions/relabel.py out/five/cem": ("", 0),
    "cp solutions/policy.py solutions/imagine.py out/five/dora": ("", 0),
    "cp out/mine.zip out/five/eli/submission.zip": ("", 0),
    "make grade SUBMISSIONS=out/five OUT=out/graded JOBS=2": ("JOBS=1 ONLY=public/test_relabel.py", 0),
}


@needs_make
@pytest.mark.slow
def test_the_cheap_commands_of_the_instructors_page_do_what_it_says(tmp_path):
    kit = copy_of_the_kit(tmp_path / "kit")
    shutil.copytree(
        ROOT / "notebooks", kit / "notebooks", ignore=shutil.ignore_patterns("tests", "__pycache__")
    )
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, kit)
    listed = commands((ROOT / "autograder/staff/INSTRUCTOR.md").read_text(encoding="utf-8"))
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    for line, (more, code) in CHEAP.items():
        assert line in listed, f"the page no longer says: {line}"
        if line.startswith("make update-handout"):  # something must have changed for the students
            (kit / "solutions/HELP.md").write_text("# Help\n")
            subprocess.run(["make", "starter"], cwd=kit, env=env, check=True, capture_output=True)
        done = subprocess.run(
            f"{line} {more}", shell=True, cwd=kit, env=env, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == code, f"{line}\n{done.stdout}{done.stderr}"
    assert (kit / "dist/handout-2.zip").is_file() and (kit / "dist/gradescope.zip").is_file()
    table = (kit / "out/graded/grades.csv").read_text(encoding="utf-8")
    assert [line.split(",")[0] for line in table.splitlines()[1:]] == [
        f'"{n}"' for n in "ann ben cem dora eli".split()
    ]


def links(text: str) -> list[str]:
    """Where a page's links and pictures lead to, without those out of the kit."""
    text = re.sub(r"^ *```.*?^ *```$|`[^`]*`", "", text, flags=re.MULTILINE | re.DOTALL)
    return [target for target in re.findall(r"\]\(([^()\s]+)\)", text) if "://" not in target]


def anchors(text: str) -> set[str]:
    """What the headings of a page can be linked as."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"<!--.*?-->", "", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leading_nowhere(page: Path) -> list[str]:
    found = []
    for target in links(page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        other = page.parent / path if path else page
        if not other.exists() or (anchor and anchor not in anchors(other.read_text(encoding="utf-8"))):
            found.append(target)
    return found


def test_every_link_leads_somewhere_in_the_kit_and_in_a_handout(unpacked):
    for page in pages():
        assert leading_nowhere(page) == [], page
    handed_out = sorted(unpacked.rglob("*.md"))
    assert {"README.md", "HELP.md", "CHANGELOG.md"} <= {page.name for page in handed_out}
    for page in handed_out:
        assert leading_nowhere(page) == [], page


def test_everybodys_page_is_found_from_the_readme_and_staffs_pages_stay_with_staff(unpacked):
    linked = set(links((ROOT / "README.md").read_text(encoding="utf-8")))
    wanted = {"solutions/README.md", "solutions/HELP.md", "autograder/README.md"}
    assert wanted | {path.relative_to(ROOT).as_posix() for path in STAFFS[1:]} <= linked
    assert not {path.name for path in unpacked.rglob("*.md")} & {"TA.md", "INSTRUCTOR.md", "COMPARISON.md"}


def test_the_readme_is_read_in_two_minutes():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_values_that_the_pages_name_are_typed_as_a_shell_reads_them():
    """A quote that is not closed would swallow the next line of whoever copies a block."""
    for path in pages():
        for line in commands(path.read_text(encoding="utf-8")):
            shlex.split(line, comments=True)
