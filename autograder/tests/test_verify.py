"""`make verify`: what it refuses, how it judges, and that wrong, right and endless code ends as it should."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from autograder.course.parts import read_parts
from autograder.grader.outcomes import Outcome
from autograder.staff.hidden import ROOTS
from autograder.staff.release.holes import replace_hole
from autograder.staff.verify import cache, judge, report
from autograder.staff.verify.__main__ import ROOT, Verify, verify
from autograder.staff.verify.cache import Cache
from autograder.staff.verify.judge import Neutral
from autograder.staff.verify.pool import run_all
from autograder.staff.verify.run import Ended, run
from autograder.staff.verify.submissions import Role, Submission, changed, read_submissions
from autograder.staff.verify.unit import _checks, unit_checks
from envs.errors import UserMistake

PARTS = read_parts()
REFERENCE = (ROOT / "solutions" / "imagine.py").read_text(encoding="utf-8")
FEW = {"wrong": 1, "right": 0}

MUTANT = """
[[mutant]]
name = "one too few"
kind = "index"
misconception = "the last state does not count"
hint = "T - t steps are left"
swap = [["episode_length - steps", "episode_length - steps - 1"]]
"""


def read(folder: Path, text: str, fewest: dict[str, int] = FEW) -> list[Submission]:
    path = folder / "wrong" / "2b.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), encoding="utf-8")
    only = frozenset({"2b"})
    return read_submissions(PARTS, ROOT / "solutions", ROOT / "hw", folder, only, fewest)


def test_a_mutant_is_the_part_file_with_one_change(tmp_path: Path) -> None:
    reference, starter, mutant = read(tmp_path, MUTANT)
    assert [s.role for s in (reference, starter, mutant)] == [Role.REFERENCE, Role.STARTER, Role.WRONG]
    assert mutant.text == reference.text.replace("episode_length - steps", "episode_length - steps - 1")
    body = changed(REFERENCE, "2b", body="lengths = steps")
    assert body == replace_hole(REFERENCE, "2b", "lengths = steps") != REFERENCE
    assert "    lengths = steps\n    # END SOLUTION\n    assert lengths.shape" in body


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("", ""), "has 1 mutants, and needs at least 10"),
        (("steps - 1", "steps"), "changes nothing"),
        (("steps - 1", "steps  # as it was"), "changes nothing"),
        (('[["episode_length - steps", "', '[["remaining", "'), "stands in the hole 3 times"),
        (('[["episode_length - steps", "', '[["nowhere", "'), "stands in the part file 0 times"),
        (('hint = "T - t steps are left"', ""), "has no hint"),
        (('kind = "index"', 'kinds = "index"'), "'kinds' is unknown"),
        (('kind = "index"', 'kind = "index"\nseverity = "dire"'), "severity is one of wrong, cosmetic"),
        (('kind = "index"', 'kind = "index"\nsays = ["("]'), "is no regular expression"),
        (('kind = "index"', 'kind = "index"\nbody = "pass"'), "either a body or a swap"),
        (("[[mutant]]", "[[mutants]]"), "each entry is a [[mutant]]"),
        (("[[mutant]]", "[[mutant]"), "is not valid TOML"),
    ],
)
def test_what_cannot_be_a_mutant_is_refused(tmp_path: Path, change: tuple[str, str], sentence: str) -> None:
    fewest = FEW if change[0] else {"wrong": 10, "right": 0}
    with pytest.raises(UserMistake) as refused:
        read(tmp_path, MUTANT.replace(*change), fewest)
    assert sentence in str(refused.value)


def test_two_mutants_that_are_the_same_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="is the same as 'one too few'"):
        read(tmp_path, MUTANT + MUTANT.replace("one too few", "another name"))
    (tmp_path / "wrong" / "9z.toml").touch()
    with pytest.raises(UserMistake, match="belongs to no sub-part"):
        read(tmp_path, MUTANT)


def test_every_sub_part_has_its_mutants_and_variants() -> None:
    """The numbers that the issue asks for; reading them refuses what is amiss."""
    found = read_submissions(PARTS, ROOT / "solutions", ROOT / "hw")
    for role, fewest in ((Role.WRONG, 250), (Role.RIGHT, 120)):
        assert sum(s.role is role for s in found) >= fewest


# --- how it is judged ---

WRONG = Submission("2b", Role.WRONG, "one too few", "", says=("off by one",))
NEUTRAL = Neutral({"any": ["the check did not pass"], "2b": ["with … rows it is wrong"], "2a": ["no"]})


def ended(check: str, seed: int, message: str = "", outcome: Outcome = Outcome.FAILED) -> Ended:
    return Ended(check, seed, outcome if message else Outcome.PASSED, message)


def judged(*ends: Ended, submission: Submission = WRONG) -> judge.Judged:
    return judge.judge(submission, ends, False, NEUTRAL)


def test_killed_means_at_every_seed() -> None:
    always = judged(ended("a", 0, "off by one"), ended("b", 0), ended("a", 1), ended("b", 1, "off by one"))
    lucky = judged(ended("a", 0, "off by one"), ended("a", 1))
    assert always.killed and not always.killers and judge.problems([always]) == []
    assert not lucky.killed and "gets through at 1 of 2 seeds" in judge.problems([lucky])[0]
    cosmetic = replace(WRONG, severity="cosmetic")
    assert judge.problems([judged(ended("a", 0), submission=cosmetic)]) == []


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("it is off by one", "right"),
        ("the check did not pass", "vague"),
        ("with 7 rows it is wrong", "vague"),
        ("with 7 rows it is wrong, and more", "false"),
        ("no", "false"),  # a neutral sentence of another sub-part
    ],
)
def test_a_message_is_right_vague_or_not_known_to_be_true(message: str, kind: str) -> None:
    one = judged(ended("a", 0, message))
    assert one.messages == {message: kind} and one.named == kind
    assert bool(judge.problems([one])) == (kind == "false")


def test_a_hint_is_a_message_too() -> None:
    one = judged(replace(ended("a", 0, "off by one"), hint="look at the mask"))
    assert one.named == "false" and "look at the mask" in judge.problems([one])[0]


@pytest.mark.parametrize("role", [Role.REFERENCE, Role.RIGHT, Role.STARTER])
def test_right_code_that_loses_and_a_starter_that_gains_are_problems(role: Role) -> None:
    fine, amiss = ended("a", 0), ended("a", 0, "no")
    if role is Role.STARTER:
        fine, amiss = ended("a", 0, "TODO", Outcome.NOT_ATTEMPTED), fine
    submission = replace(WRONG, role=role)
    assert judge.problems([judged(fine, submission=submission)]) == []
    assert len(judge.problems([judged(amiss, submission=submission)])) == 1


def test_what_a_check_alone_kills() -> None:
    reference = judged(ended("a", 0), ended("b", 0), submission=replace(WRONG, role=Role.REFERENCE))
    both = judged(ended("a", 0, "off by one"), ended("b", 0, "off by one"))
    alone = judged(ended("a", 0, "off by one"), ended("b", 0), submission=replace(WRONG, name="other"))
    a, b = judge.check_records([reference, both, alone])
    assert (len(a.kills), len(a.alone), len(b.kills), len(b.alone)) == (2, 1, 1, 0)
    found = report.figures([reference, both, alone], 1.0)
    assert found["all"]["mutants"] == found["all"]["named"] == 2
    assert "1 kill nothing that others do not" in report.text(found)
    assert "one too few" in report.page([reference, both, alone], found)


# --- how it is run ---


def test_an_endless_loop_ends_and_is_not_asked_again() -> None:
    parts = replace(PARTS, parts=tuple(replace(part, time_limit=0.3) for part in PARTS.parts))
    start, checks = time.process_time(), unit_checks(PARTS, "2b")
    results = run(
        changed(REFERENCE, "2b", body="while True: pass"),
        [(check, seed) for seed in range(20) for check in checks],
        parts,
    )
    assert {e.outcome for e in results} == {Outcome.TIMED_OUT} and len(results) == 20 * len(checks)
    assert time.process_time() - start < 2 * len(checks)


def test_who_asks_for_too_much_memory_gets_none(tmp_path: Path) -> None:
    text = changed(REFERENCE, "2b", body="lengths = np.empty(8 * 10**8)")  # 6 GB, of which nothing is touched
    submission = replace(WRONG, text=text)
    ((_, results, _),) = run_all([submission], PARTS, lambda *_: [0], 1, Cache(tmp_path / "known.sqlite"))
    assert any("MemoryError" in e.message for e in results)
    assert Outcome.PASSED not in {e.outcome for e in results}


def test_another_check_of_the_file_may_change(tmp_path: Path) -> None:
    """A check's key depends on its own code and on what the file's checks share, and on no other check."""
    check = "from autograder.checks.checking import subpart\nX = 1\n\n\n"
    for name in ("one", "two"):
        check += f'@subpart("2b")\ndef test_{name}(student):\n    assert X\n\n\n'

    def keys(text: str, name: str) -> list[str]:
        (tmp_path / name).write_text(text)
        return [c.key for c in _checks("hidden", tmp_path / name)]

    before = keys(check, "test_a.py")
    after = keys(
        check.replace("def test_two(student):\n    assert X", "def test_two(student):\n    pass"), "test_b.py"
    )
    assert before[0] == after[0] and before[1] != after[1]
    assert keys(check.replace("X = 1", "X = 2"), "test_c.py")[0] != before[0]


def test_a_sample_is_verified_and_then_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = Verify(only=("2b",), name="floats", seeds=1, out=tmp_path, json=tmp_path / "found.json")
    assert verify(options) == 0
    assert "1 mutants (0 cosmetic): 0 get through" in capsys.readouterr().out
    assert (tmp_path / "index.html").is_file() and '"survivors": 0' in (tmp_path / "found.json").read_text()
    assert verify(options) == 0 and "1 submissions were known already" in capsys.readouterr().out


def test_what_is_known_holds_until_something_that_the_checks_import_changes() -> None:
    """A page, another part and its checks are not imported; what checks share, the reference and `given` are."""
    check_file = ROOTS["hidden"] / "test_relabel.py"
    root = cache.AUTOGRADER.parent
    found = {path.relative_to(root).as_posix() for path in cache._imported({check_file})}
    assert {"autograder/checks/states.py", "autograder/checks/statistics.py", "solutions/relabel.py"} <= found
    assert "autograder/grader/inside/endpoint.py" in {
        path.relative_to(root).as_posix()
        for path in cache._imported({root / "autograder/staff/verify/run.py"})
    }
    assert not {
        path for path in found if "/report/" in path or path.endswith(("policy.py", "test_imagine.py"))
    }
