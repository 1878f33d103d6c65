"""Similar submissions: rings of any size, disguises, weights, the pages that show them; and who is left alone."""

from __future__ import annotations

import random
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from autograder.bench.grading.disguises import DISGUISES
from autograder.bench.grading.recorded import RecordedPool
from autograder.bench.grading.scale import course
from autograder.bench.grading.similar_class import ideas, written_apart
from autograder.course.parts import read_parts
from autograder.staff.batch.run import grade_class
from autograder.staff.made_class.draft import write

ROOT = Path(__file__).parents[2]
ALL = read_parts()
# The made students draw from few answers to each hole; with the holes of extra credit two would often think alike.
PARTS = replace(ALL, parts=tuple(part for part in ALL.parts if not part.extra))
WEIGHTS = "weights_reach.safetensors"
SHIPPED = ROOT / "solutions/results/reach/weights.safetensors"
EVIL = "</span><script>document.title='hacked'</script>{{ 7 * 7 }}"


@cache
def apart(count: int) -> tuple[dict[str, str], ...]:
    """Students who have nothing to do with each other: of no part did two think of the same for most holes."""
    rng, thought, texts = random.Random(5), [], []
    holes = [sub.id for part in PARTS.parts if part.module for sub in part.subparts]
    while len(texts) < count:
        state = rng.getstate()
        new = ideas(rng, holes)
        rng.setstate(state)
        text = written_apart(rng, PARTS)
        if not any(_alike(new, other) for other in thought):
            thought.append(new)
            texts.append(text)
    return tuple(texts)


def _alike(ideas_: Mapping[str, str], others: Mapping[str, str]) -> bool:
    """Whether most holes of some part hold the same, beside those that both filled as the solution does."""
    shared = {
        part.number: [
            sub.id for sub in part.subparts if sub.id in ideas_ and ideas_[sub.id] == others.get(sub.id)
        ]
        for part in PARTS.parts
    }
    return any(2 * len(shared[part.number]) > len(part.subparts) for part in PARTS.parts)


def hand_in(folder: Path, who: Mapping[str, Mapping[str, str]]) -> Path:
    for name, texts in who.items():
        write(folder / name, dict(texts))
    return folder


def groups(folder: Path):
    """(members, pairs) of each group that is found among the folders in `folder`."""
    from autograder.staff.batch.similar import similar_groups

    contents = {path.name: path.name for path in folder.iterdir()}
    return similar_groups(contents, folder, ROOT / "hw", PARTS)


def together(folder: Path) -> set[frozenset[str]]:
    return {frozenset(group.members) for group in groups(folder)}


def grade(source: Path, out: Path) -> str:
    """What report.html says of similar submissions; the grades are drawn, not earned."""
    grade_class(source, out, course(), jobs=1, seed=1, only=("4a",), pool_maker=RecordedPool)
    html = (out / "report.html").read_text()
    return html[html.index("<h2>Similar submissions</h2>") : html.index("<h2>Slowest</h2>")]


def ring(size: int, disguise: str, others: int, only: str = "") -> dict[str, dict[str, str]]:
    """A class in which ring-0 … are copies of ring-0, in `only` one file or in all."""
    texts, rng = apart(others + size), random.Random(size)
    made = {f"other-{i}": texts[i] for i in range(others)}
    for i in range(size):
        source = texts[others]
        copy = {name: DISGUISES[disguise](text, rng) if i else text for name, text in source.items()}
        made[f"ring-{i}"] = dict(texts[others + i]) | {only: copy[only]} if only else copy
    return made


# --- through the command that TAs use ---


@pytest.mark.parametrize("size", [4, 6, 8])
def test_a_ring_is_in_the_report_with_a_page_for_its_pairs(size: int, tmp_path: Path) -> None:
    source = hand_in(tmp_path / "class", ring(size, "renamed", 12))
    said = grade(source, tmp_path / "out")
    assert all(f"ring-{i}" in said for i in range(size))
    assert "other-" not in said
    assert f"{size} submissions" in said and "never a verdict" in re.sub(r"\s+", " ", said)
    links = re.findall(r'href="(similar/[^"]+)"', said)
    assert len(links) >= size - 1
    for link in links:
        page = (tmp_path / "out" / link).read_text()
        assert page.count('class="common"') > 10 and "students/ring-" in page


def test_pages_of_pairs_that_are_no_longer_similar_go(tmp_path: Path) -> None:
    source = hand_in(tmp_path / "class", ring(2, "nothing", 4))
    grade(source, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out/similar").iterdir()] == ["ring-0--ring-1.html"]
    shutil.rmtree(source / "ring-1")
    assert "No two" in grade(source, tmp_path / "out")
    assert not list((tmp_path / "out/similar").iterdir())


def test_a_copy_of_an_upload_that_was_replaced_is_found(tmp_path: Path) -> None:
    texts = apart(8)
    source = hand_in(tmp_path / "class", {f"student-{i}": texts[i] for i in range(6)})
    grade(source, tmp_path / "out")
    shutil.rmtree(source / "student-0")
    write(source / "student-0", dict(texts[6]))
    write(source / "late-copy", {n: DISGUISES["renamed"](t, random.Random(1)) for n, t in texts[0].items()})
    said = grade(source, tmp_path / "out")
    assert "late-copy" in said and "student-0" in said
    page = (tmp_path / "out/similar/late-copy--student-0.html").read_text()
    assert "student-0, an earlier upload" in page and "replaced later" in page


def test_two_with_the_same_weights_are_in_the_report(tmp_path: Path) -> None:
    source = hand_in(tmp_path / "class", {f"student-{i}": text for i, text in enumerate(apart(5))})
    for i in (1, 3):
        save_file(weights(1), source / f"student-{i}" / WEIGHTS)
    said = grade(source, tmp_path / "out")
    assert WEIGHTS in said and "student-1 and student-3" in said and "student-2" not in said


# --- what is found ---


@pytest.mark.parametrize("disguise", sorted(DISGUISES))
def test_a_disguise_does_not_hide_a_ring(disguise: str, tmp_path: Path) -> None:
    hand_in(tmp_path, ring(4, disguise, 12))
    assert frozenset(f"ring-{i}" for i in range(4)) in together(tmp_path)


@pytest.mark.parametrize(("size", "others"), [(2, 8), (8, 2), (30, 20)])
def test_a_ring_of_any_size_is_found_whole_and_alone(size: int, others: int, tmp_path: Path) -> None:
    hand_in(tmp_path, ring(size, "renamed", others))
    assert frozenset(f"ring-{i}" for i in range(size)) in together(tmp_path)


@pytest.mark.parametrize("only", list(PARTS.modules.values()))
def test_one_part_file_that_is_copied_as_it_is_is_found(only: str, tmp_path: Path) -> None:
    hand_in(tmp_path, ring(4, "commented", 20, only))
    found = next(group for group in groups(tmp_path) if "ring-0" in group.members)
    assert set(found.members) == {f"ring-{i}" for i in range(4)} and found.files == (only,)


def test_written_apart_nobody_is_suspected_in_all_parts(tmp_path: Path) -> None:
    hand_in(tmp_path, {f"student-{i}": texts for i, texts in enumerate(apart(40))})
    pairs = [pair for group in groups(tmp_path) for pair in group.pairs]
    assert len(pairs) <= 2  # of 780; each file by itself is short, and two may answer its holes alike
    assert all(len(pair.links) == 1 and pair.links[0].file != "all parts" for pair in pairs)


def test_the_reference_solution_and_the_starter_are_nobodys_copy(tmp_path: Path) -> None:
    odd = "\ndef helper_{0}(rows, count):\n    kept = [row for row in rows if row[{1}] > count - {1}]\n"
    odd += "    table = {{row[0]: (row[-1] ** 3, count) for row in kept}}\n    return sorted(table.items())[{1}:]\n"
    odd += "\ndef {2}(*given, **named):\n    return helper_{0}([*given, named], len(given))\n"
    first = {
        "dynamics.py": "gaussian_nll",
        "imagine.py": "mix",
        "policy.py": "explore",
        "relabel.py": "relabel",
    }

    def texts(source: str, more: str = "", name: str = "x") -> dict[str, str]:
        read = {file: (ROOT / source / file).read_text() for file in first}
        return {
            file: text + (more.format(name, 1, first[file]) if more else "") for file, text in read.items()
        }

    made = {f"starter-{i}": texts("hw") for i in range(2)}
    made |= {
        f"right-{i}": {f: f"{t}\n# student {i}\n" for f, t in texts("solutions").items()} for i in range(8)
    }
    made["source"] = made["twin"] = texts("solutions", odd, "a")
    made["copy"] = {
        f: t.replace("kept", "chosen").replace("# ", "#  ") for f, t in texts("solutions", odd, "b").items()
    }
    hand_in(tmp_path, made)
    assert together(tmp_path) == {frozenset(("copy", "source", "twin"))}


HOSTILE = {
    "one line": "x = [" + "1, " * 340_000 + "]",
    "many tokens": "x=1;" * 250_000,
    "many statements": "x\n" * 400_000,
    "many names": "def relabel():\n    return " + "+".join(f"a{i}" for i in range(60_000)) + "\n"
    + "".join(f"a{i}=1\n" for i in range(60_000)),
    "brackets": "def relabel():\n    return " + "(" * 100_000,
    "minus": "def relabel():\n    return " + "-" * 100_000 + "1",
    "nots": "def relabel():\n    return " + "not " * 2_400 + "1",
    "sum": "def relabel():\n    return " + "1+" * 2_400 + "1",
    "lambdas": "def relabel():\n    return " + "lambda: " * 2_400 + "1",
    "blocks": "def relabel():\n" + "".join(" " * i + "if x:\n" for i in range(1, 95)) + " " * 95 + "pass",
    "open string": "def relabel():\n    '''" + "a" * 1_000_000,
    "quotes": "'''" * 300_000,
    "backslashes": "\\\n" * 500_000,
    "a number": "x = " + "9" * 1_000_000,
    "nul": "def relabel():\n    return '\0'\n" + "\0" * 1000,
    "surrogates": "# \udcff\udcfe\ndef relabel(): return 1\n",
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(HOSTILE))
def test_a_hostile_file_costs_seconds_and_hides_nobody_else(case: str, tmp_path: Path) -> None:
    made = ring(2, "renamed", 4)
    for i in (0, 1):
        made[f"hostile-{i}"] = {"relabel.py": HOSTILE[case] + f"\n# {i}\n"}
    hand_in(tmp_path, made)
    start = time.process_time()
    assert any({"ring-0", "ring-1"} == set(group.members) for group in groups(tmp_path))
    assert time.process_time() - start < 20


# --- weights ---


def weights(seed: int) -> dict[str, np.ndarray]:
    """A trained policy as somebody else could have it: the shipped one's shapes, other numbers."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.standard_normal(a.shape).astype(np.float32) * rng.uniform(0.5, 2) + rng.uniform()
        for name, a in load_file(SHIPPED).items()
    }


def noisy(made: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(9)
    return {
        n: (a + 0.003 * a.std() * rng.standard_normal(a.shape)).astype(np.float32) for n, a in made.items()
    }


def permuted(made: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    order = np.random.default_rng(9).permutation(256)
    other = dict(made)
    for name in ("weight", "bias"):
        other[f"actor.net.0.{name}"] = made[f"actor.net.0.{name}"][order]
    other["actor.net.2.weight"] = made["actor.net.2.weight"][:, order]
    return {name: np.ascontiguousarray(array) for name, array in other.items()}


COPIES = {
    "the same": lambda made: made,
    "noise": noisy,
    "hidden units in another order": permuted,
    "both": lambda made: noisy(permuted(made)),
    "half precision": lambda made: {n: a.astype(np.float16) for n, a in made.items()},
    "other names": lambda made: {f"x{i}": a for i, a in enumerate(made.values())},
}


@pytest.mark.parametrize("way", sorted(COPIES))
def test_weights_that_are_nearly_the_same_are_a_pair(way: str, tmp_path: Path) -> None:
    for i in range(4):
        (tmp_path / f"other-{i}").mkdir()
        save_file(weights(i), tmp_path / f"other-{i}" / WEIGHTS)
    for name, change in (("copy", COPIES[way]), ("source", dict)):
        (tmp_path / name).mkdir()
        save_file(change(weights(77)), tmp_path / name / WEIGHTS, metadata={"who": name})
    assert together(tmp_path) == {frozenset(("copy", "source"))}


def test_shipped_weights_and_files_with_nothing_in_them_are_nobodys_copy(tmp_path: Path) -> None:
    zeros = {name: np.zeros_like(a) for name, a in weights(1).items()}
    for i in range(2):
        for name in ("shipped", "noisy", "zeros", "empty", "pointer"):
            (tmp_path / f"{name}-{i}").mkdir()
        shutil.copy(SHIPPED, tmp_path / f"shipped-{i}" / WEIGHTS)
        save_file(noisy(load_file(SHIPPED)), tmp_path / f"noisy-{i}" / WEIGHTS, metadata={"i": str(i)})
        save_file(zeros, tmp_path / f"zeros-{i}" / WEIGHTS)
        (tmp_path / f"empty-{i}" / WEIGHTS).touch()
        (tmp_path / f"pointer-{i}" / WEIGHTS).write_text("version https://git-lfs.github.com/spec/v1")
    assert together(tmp_path) == set()


def test_weights_that_cannot_be_read_cost_nothing(tmp_path: Path) -> None:
    good = tmp_path / "good"
    good.mkdir()
    save_file(weights(1), good / WEIGHTS)
    whole = (good / WEIGHTS).read_bytes()
    bad = {
        "truncated": whole[: len(whole) // 2],
        "header": b"\xff" * 8 + whole[8:],
        "nonsense": random.Random(1).randbytes(10_000),
        "nan": None,
        "bf16": whole.replace(b'"F32"', b'"I32"'),
    }
    for name, raw in bad.items():
        (tmp_path / name).mkdir()
        if raw is None:
            save_file({n: np.full_like(a, np.nan) for n, a in weights(1).items()}, tmp_path / name / WEIGHTS)
        else:
            (tmp_path / name / WEIGHTS).write_bytes(raw)
    assert together(tmp_path) == set()


# --- pages ---


def test_a_page_escapes_what_is_in_the_files_and_needs_no_other(tmp_path: Path) -> None:
    made = ring(2, "nothing", 4)
    for i in (0, 1):
        evil = f"# {EVIL} \u202e {i}"
        made[f"ring-{i}"] = {n: t.replace("# BEGIN SOLUTION", evil) for n, t in made[f"ring-{i}"].items()}
    grade(hand_in(tmp_path / "class", made), tmp_path / "out")
    page = (tmp_path / "out/similar/ring-0--ring-1.html").read_text()
    assert "<script" not in page and "{{ 7 * 7 }}" in page and "\u202e" not in page
    assert not re.search(r"""(src|href)=["']?(https?:|//|data:|javascript:)""", page)
    assert "default-src 'none'" in page and "never a verdict" in page
    ids = set(re.findall(r'id="([^"]+)"', page))
    assert {target for target in re.findall(r'href="#([^"]+)"', page)} <= ids


def test_a_padded_file_makes_no_large_page(tmp_path: Path) -> None:
    made = ring(2, "padded with comments", 4)
    made["ring-1"]["relabel.py"] += "\n" + "y = " + "1 + " * 200_000 + "1\n"
    grade(hand_in(tmp_path / "class", made), tmp_path / "out")
    page = tmp_path / "out/similar/ring-0--ring-1.html"
    assert page.stat().st_size < 500_000 and "lines without anything in common" in page.read_text()
