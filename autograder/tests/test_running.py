"""Checks run by direct call: every way a check can end, and the sentence a student reads."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import pytest

from autograder.course.parts import read_parts
from autograder.grader.inside import answers, values
from autograder.grader.outcomes import CouldNotRun, Outcome
from autograder.grader.outside.direct import DirectTransport
from autograder.grader.plugin import CheckResult
from autograder.grader.running import collect_checks, list_checks, run_checks, subparts_by_file
from autograder.tests.conftest import COURSE, PARTS, Assignment


def outcomes(assignment: Assignment, **options: object) -> dict[str, Outcome]:
    return {r.id: r.outcome for r in assignment.run(**options)}


def test_a_right_submission_passes_everything(assignment: Assignment) -> None:
    results = assignment.run()
    assert [r.outcome for r in results] == [Outcome.PASSED] * 4
    first = results[0]
    assert first.id == "public/test_sums.py::test_add"
    assert first.title == "Two arrays are added element by element"
    assert first.subparts == ("1a",) and first.hint == "it is a plain sum" and first.visibility == "public"
    assert results[-1].visibility == "hidden"


def test_a_selection_runs_only_its_checks(assignment: Assignment) -> None:
    assert list(outcomes(assignment, selection=frozenset({"1b"}))) == ["public/test_sums.py::test_double"]


def test_a_selection_knows_a_mark_that_is_computed(assignment: Assignment) -> None:
    text = "from autograder.checks.checking import subpart\n@subpart('1' + 'b')\ndef test_x(student): ...\n"
    assignment.write("checks/public/test_computed.py", text)
    assert "public/test_computed.py::test_x" in outcomes(assignment, selection=frozenset({"1b"}))


def test_nobody_can_tell_what_a_file_checks_that_does_not_load(assignment: Assignment) -> None:
    assignment.write("checks/hidden/test_sums.py", "raise RuntimeError('1b')\n")
    found = outcomes(assignment, selection=frozenset({"1a"}))
    assert found["hidden/test_sums.py"] == Outcome.COULD_NOT_RUN


LONG = """
from pathlib import Path
from autograder.checks.checking import subpart

LONG = {"kind": "learning"}

@subpart("2a", kind="threshold")
def test_threshold(): ...

@subpart("2a", **LONG)
def test_learning(): ...

@subpart("2a")
def test_unit(): ...
"""


def test_the_unit_checks_of_all_files_run_before_the_long_ones(assignment: Assignment) -> None:
    assignment.write("checks/public/test_a.py", LONG)
    ran: list[str] = []
    results = assignment.run({"public": assignment.roots["public"]}, on_result=lambda r: ran.append(r.id))
    names = [name.split("::")[1] for name in ran]
    assert names == ["test_unit", "test_add", "test_double", "test_shout", "test_learning", "test_threshold"]
    listed = [result.id.split("::")[1] for result in results]  # in the order of the files all the same
    assert listed == ["test_threshold", "test_learning", "test_unit", "test_add", "test_double", "test_shout"]


def test_a_run_unloads_its_check_files_and_nothing_that_they_share() -> None:
    """The public checks of the course itself lie in one folder with what they import."""
    from autograder.checks import checking

    folder = Path(checking.__file__).parent
    assert len(list_checks({"public": folder}, read_parts())) > 50
    assert sys.modules["autograder.checks.checking"] is checking
    assert not [name for name in sys.modules if name.startswith("autograder.checks.test_")]


STRANGE = ("[x]", "a::b", "$HOME", "100% right", 'it\'s "new"', "Übung für alle", "-k nothing", "a.b c")


@pytest.mark.parametrize("name", STRANGE)
def test_a_course_in_a_folder_of_any_name_is_checked(name: str, tmp_path: Path, monkeypatch) -> None:
    assignment = Assignment(tmp_path / name)
    monkeypatch.chdir(assignment.root)
    assert list(outcomes(assignment).values()) == [Outcome.PASSED] * 4
    assert len(list_checks(assignment.roots, assignment.parts)) == 4
    assignment.write("checks/public/test_words.py", "raise RuntimeError('boo')\n")
    (broken,) = (r for r in assignment.run() if r.outcome == Outcome.COULD_NOT_RUN)
    assert (broken.id, broken.visibility, broken.detail) == ("public/test_words.py", "public", "boo")


def test_settings_meant_for_other_runs_of_pytest_do_not_count(assignment: Assignment, monkeypatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    assignment.write("checks/conftest.py", "raise RuntimeError('read')\n")
    assert list(outcomes(assignment).values()) == [Outcome.PASSED] * 4


def test_checks_are_listed_anew_only_if_a_file_has_changed(assignment: Assignment) -> None:
    once = collect_checks(assignment.roots, assignment.parts)
    assert collect_checks(assignment.roots, assignment.parts) is once
    path = assignment.root / "checks/public/test_words.py"
    path.write_text(path.read_text().replace("2a", "1a"))
    assert subparts_by_file(assignment.roots, assignment.parts) == {
        "public/test_sums.py": ["1a", "1b"],
        "public/test_words.py": ["1a"],
        "hidden/test_sums.py": ["1a"],
    }


@pytest.mark.parametrize(
    ("code", "outcome", "sentence"),
    [
        ("def add(a, b):\n    return a - b", Outcome.FAILED, "the sum is not a sum"),
        (
            "def add(a, b):\n    return None",
            Outcome.FAILED,
            "`add` returned nothing (None) where an array is expected",
        ),
        (
            "def add(a, b):\n    return a[:, None] + b",
            Outcome.FAILED,
            "returned shape (3, 3) where (3,) is expected",
        ),
        ("def add(a, b):\n    return a * float('nan')", Outcome.FAILED, "`add` holds NaN"),
        (
            "def add(a, b):\n    return object()",
            Outcome.FAILED,
            "`add` returned an object where an array is expected",
        ),
        ("def add(a, b):\n    return a.astype(object)", Outcome.FAILED, "returned an array of dtype object"),
        (
            "def add(a, b):\n    raise NotImplementedError('TODO(1a): adding')",
            Outcome.NOT_ATTEMPTED,
            "TODO(1a): adding",
        ),
        (
            "def add(a, b):\n    return a @ b[1:]",
            Outcome.FAILED,
            "your `sums.add` raised ValueError: matmul",
        ),
        ("def add(a, b):\n    return add(a, b)", Outcome.FAILED, "your `sums.add` raised RecursionError"),
        (
            "def add(a, b):\n    raise SystemExit(0)",
            Outcome.FAILED,
            "your `sums.add` raised SystemExit: 0 (sums.py, line 2)",
        ),
        ("def subtract(a, b):\n    return a", Outcome.FAILED, "your `sums.add` does not exist"),
        (
            "def add(a, b:\n    return a",
            Outcome.FAILED,
            "sums.py does not parse: line 1: '(' was never closed",
        ),
        (
            "import no_such_thing\n",
            Outcome.FAILED,
            "sums.py cannot be imported: ModuleNotFoundError: No module named",
        ),
        ("from .kit.helpers import thrice\n", Outcome.FAILED, "sums.py cannot be imported: ImportError"),
    ],
)
def test_each_mistake_has_its_outcome_and_sentence(
    assignment: Assignment, code: str, outcome: Outcome, sentence: str
) -> None:
    assignment.write("hw/sums.py", code)
    result = assignment.run({"public": assignment.roots["public"]})[0]
    assert (result.outcome, sentence in result.message) == (outcome, True), result.message
    assert assignment.run()[2].outcome == Outcome.PASSED  # the other part is graded all the same


def test_an_exception_names_file_and_line_of_the_students_code(assignment: Assignment) -> None:
    assignment.write(
        "hw/sums.py", "def add(a, b):\n    return helper(a)\n\ndef helper(a):\n    return int('x')\n"
    )
    assert assignment.run()[0].message.endswith("(sums.py, line 5)")


def test_a_hidden_check_shows_no_message_of_the_students_exception(assignment: Assignment) -> None:
    assignment.write("hw/sums.py", "class E(Exception): pass\ndef add(a, b):\n    raise E(str(a))\n")
    public, hidden = assignment.run(selection=frozenset({"1a"}))
    assert "raised E: [1. 1. 1.]" in public.message
    assert hidden.message == "your code raised an exception (sums.py, line 3)"


def test_messages_are_cleaned_and_cut(assignment: Assignment) -> None:
    assignment.write("hw/sums.py", "def add(a, b):\n    raise ValueError('\\x1b[31mred\\n' + 'x' * 10**7)\n")
    message = assignment.run()[0].message
    assert len(message) <= 400 and message.isprintable() and "\x1b" not in message


def test_a_missing_part_is_not_attempted(assignment: Assignment) -> None:
    (assignment.hw / "sums.py").unlink()
    result = assignment.run()[0]
    assert (result.outcome, result.message) == (Outcome.NOT_ATTEMPTED, "sums.py was not handed in")


def test_what_given_code_would_say_of_a_missing_part_is_not_said(assignment: Assignment) -> None:
    (assignment.hw / "sums.py").unlink()
    result = assignment.check("student.given.call_strided('sums.add', 1, 2)")
    assert (result.outcome, result.message) == (Outcome.NOT_ATTEMPTED, "sums.py was not handed in")


@pytest.mark.parametrize(
    "loop", ["while True: pass", "while True:\n        try:\n            pass\n        except: pass"]
)
def test_an_endless_loop_is_ended(assignment: Assignment, loop: str) -> None:
    assignment.write("hw/sums.py", f"def add(a, b):\n    {loop}\n")
    start = time.monotonic()
    result = assignment.check("student.sums.add(1, 2)", time_limit=0.3)
    assert result.outcome == Outcome.TIMED_OUT and "0.3 s" in result.message
    assert time.monotonic() - start < 3


@pytest.mark.parametrize(
    ("body", "call", "sentence"),
    [
        ("a += 5", "np.zeros(2), 1", "`sums.add` writes into `a`, which is read-only"),
        ("np.add(a, b, out=a)", "np.zeros(2), 1", "`sums.add` writes into `a`, which is read-only"),
        ("a.sort()", "np.zeros(2), 1", "`sums.add` writes into `a`, which is read-only"),
        ("a['x'][0] = 5", "{'x': np.zeros(2)}, 1", "`sums.add` writes into an array that is read-only"),
        ("c = a; c[0] = a[1]", "np.zeros(2), 1", "`sums.add` writes into `c`, which is read-only"),
        ("a[0] = b[0]", "np.zeros(2), np.ones(2)", "`sums.add` writes into `a`, which is read-only"),
        ("a.flags.writeable = True; a += 5", "np.zeros(2), 1", "edits its argument number 1 in place"),
        ("torch.from_numpy(a).add_(5)", "np.zeros(2), 1", "edits its argument number 1 in place"),
        ("b.add_(5)", "1, Tensor(np.zeros(2))", "edits its argument number 2 in place"),
        ("b.numpy()[0] = 5", "1, b=Tensor(np.zeros(2))", "edits its argument number 2 in place"),
        ("a['y'] = 5", "{'x': 1}, 1", "edits its argument number 1 in place"),
        ("a.pop()", "[1], 1", "edits its argument number 1 in place"),
        ("a['x'] = a['x'] + 1", "{'x': np.zeros(2)}, 1", "edits its argument number 1 in place"),
    ],
)
def test_an_argument_edited_in_place_fails_the_check_and_never_reaches_it(
    assignment: Assignment, body: str, call: str, sentence: str
) -> None:
    imports = "import numpy as np, torch, warnings\nwarnings.simplefilter('ignore')\n"
    assignment.write("hw/sums.py", f"{imports}def add(a, b):\n    {body}\n    return 1\n")
    assert sentence in assignment.check(f"student.sums.add({call})", time_limit=60.0).message
    kept = "a = np.zeros(2)\ntry: student.sums.add(a, 1)\nexcept Exception: pass\nexpect(np.all(a == 0), 'changed')"
    assert assignment.check(kept, time_limit=60.0).outcome == Outcome.PASSED


@pytest.mark.parametrize(
    "body",
    [
        "a = a + 5",
        "a = a.copy(); a += 5",
        "c = torch.from_numpy(a).clone().add_(5)",
        "c = torch.as_tensor(a) + 1",
    ],
)
def test_code_that_works_on_new_arrays_leaves_its_arguments_alone(assignment: Assignment, body: str) -> None:
    imports = "import numpy as np, torch, warnings\nwarnings.simplefilter('ignore')\n"
    assignment.write("hw/sums.py", f"{imports}def add(a, b):\n    {body}\n    return 1\n")
    assert assignment.check("student.sums.add(np.zeros(2), 1)", time_limit=60.0).outcome == Outcome.PASSED


def test_the_argument_that_was_edited_is_named(assignment: Assignment) -> None:
    assignment.write("hw/sums.py", "def add(a, b):\n    b['x'] = 2\n")
    result = assignment.check("expect_unchanged(student.sums.add, first=1, second={'x': 1})")
    assert result.message.startswith("`second` was edited in place")


def test_an_always_equal_object_stays_an_opaque_handle(assignment: Assignment) -> None:
    liar = """
    import numpy as np
    class Liar:
        shape = (3,)
        def __eq__(self, other): return True
        def __array__(self, *a, **k): return np.full(3, 2.0)
        def __bool__(self): return True
    class Sub(np.ndarray):
        def __eq__(self, other): return True
        def __sub__(self, other): return np.zeros(3)
    def add(a, b):
        return Liar() if a[0] == 0 else np.zeros(3).view(Sub)
    """
    assignment.write("hw/sums.py", liar)
    assert assignment.check("expect(student.sums.add(np.zeros(3), 1) == 7, 'no')").outcome == Outcome.FAILED
    result = assignment.check("expect_close(student.sums.add(np.zeros(3), 1), np.full(3, 2.0), 'no')")
    assert result.outcome == Outcome.FAILED
    assert assignment.check("expect_close(student.sums.add(np.ones(3), 1), np.ones(3), 'no')").message == "no"


@pytest.mark.parametrize(
    "surprise", ["1 / 0", "raise CouldNotRun('no')", "pytest.skip('no')", "raise MemoryError"]
)
def test_a_surprise_is_the_graders_fault_before_the_submission_is_asked_and_the_submissions_after(
    assignment: Assignment, surprise: str
) -> None:
    surprise = f"import pytest\n{surprise}"
    assert assignment.check(f"{surprise}\nstudent.sums.add(1, 2)").outcome == Outcome.COULD_NOT_RUN
    result = assignment.check(f"student.sums.add(1, 2)\n{surprise}")
    assert result.outcome == Outcome.FAILED
    assert result.message == "your code returned something this check could not use"
    assignment.write("hw/sums.py", "def add(a, b): raise ValueError\n")
    swallowed = f"try: student.sums.add(1, 2)\nexcept StudentError: pass\n{surprise}"
    assert assignment.check(swallowed).outcome == Outcome.FAILED


def test_a_check_that_could_not_run_is_run_again_in_a_fresh_worker(assignment: Assignment) -> None:
    """The machine fails once: nobody notices. It goes on failing: the check could not run."""
    told: list[CheckResult] = []
    for failures, outcome in ((1, Outcome.PASSED), (2, Outcome.COULD_NOT_RUN)):
        left = [failures]

        def connect(limit: float, left: list[int] = left) -> DirectTransport:
            if left[0]:
                left[0] -= 1
                raise CouldNotRun("no process could be started for your code")
            return DirectTransport(assignment.hw, ["sums"], limit)

        told.clear()
        roots = {"public": assignment.root / "checks/public"}
        chosen = frozenset({"2a"})
        assignment.write("hw/words.py", "def shout(text): return text.upper()\n")
        results = run_checks(
            roots, connect, assignment.hw, assignment.parts, selection=chosen, on_result=told.append
        )
        assert [r.outcome for r in results] == [outcome] == [r.outcome for r in told]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_fault_while_cleaning_up_changes_no_verdict(assignment: Assignment, when: str) -> None:
    class Broken(DirectTransport):
        def close(self) -> None:
            raise CouldNotRun("the process could not be ended")

    if when == "after":
        assignment.write("hw/sums.py", "def add(a, b): return a\n")
    connect = lambda limit: Broken(assignment.hw, ["sums", "words"], limit)  # noqa: E731
    roots = {"public": assignment.root / "checks/public"}
    result = run_checks(roots, connect, assignment.hw, assignment.parts, selection=frozenset({"1a"}))[0]
    assert result.outcome == (Outcome.PASSED if when == "before" else Outcome.FAILED)
    assert "cleaning up failed" in result.detail


def test_a_check_that_cannot_be_loaded_or_has_no_mark_could_not_run(assignment: Assignment) -> None:
    assignment.write("checks/hidden/test_sums.py", "import no_such_module_at_all\n")
    assignment.write("checks/hidden/test_more.py", "def test_x(student): pass\n")
    assignment.write(
        "checks/hidden/test_most.py",
        "from autograder.checks.checking import subpart\n@subpart('9z')\ndef test_x(student): pass\n",
    )
    results = [r for r in assignment.run() if r.visibility == "hidden"]
    assert {r.outcome for r in results} == {Outcome.COULD_NOT_RUN}
    assert len(results) == 3
    assert any("no_such_module_at_all" in r.detail for r in results)


def test_fresh_inputs_repeat_with_the_seed_and_differ_between_checks(assignment: Assignment) -> None:
    draw = """
    from autograder.checks.checking import subpart, expect
    @subpart("1a")
    def test_a(fresh_rng):
        expect(False, str(fresh_rng.integers(10**9)))
    @subpart("1a")
    def test_b(fresh_rng):
        expect(False, str(fresh_rng.integers(10**9)))
    """
    roots = {"public": assignment.write("drawn/test_draw.py", draw).parent}
    once, again, other = ([r.message for r in assignment.run(roots, seed=s)] for s in (1, 1, 2))
    assert once == again
    assert len({*once, *other}) == 4


def test_a_submitted_file_is_found_or_not_attempted(assignment: Assignment) -> None:
    text = """
    from autograder.checks.checking import subpart
    @subpart("1a")
    def test_a(submitted_file):
        assert submitted_file("weights.safetensors").read_bytes() == b"w"
    """
    roots = {"public": assignment.write("files/test_files.py", text).parent}
    (result,) = assignment.run(roots)
    assert (result.outcome, result.message) == (
        Outcome.NOT_ATTEMPTED,
        "weights.safetensors was not handed in, or has more than 50 MB",
    )
    Path(assignment.hw / "weights.safetensors").write_bytes(b"w")
    assert assignment.run(roots)[0].outcome == Outcome.PASSED


def test_handles_functions_and_generators_cross(assignment: Assignment) -> None:
    code = """
    import numpy as np
    class Counter:
        LIMIT = 3
        def __init__(self, start): self.n = start
        def up(self, by=1): self.n += by; return self.n
        def __len__(self): return self.n
        def __getitem__(self, i): return i + self.n
    def use(counter): return counter.up()
    def apply(f, *args): return f(*args)
    def draw(rng): return rng.integers(1000, size=3)
    NAMES = ["a", "b"]
    """
    assignment.write("hw/sums.py", code)
    check = """
    c = student.sums.Counter(2)
    expect(c.up() == 3 and c.up(by=2) == 5 and student.sums.use(c) == 6, "count")
    expect(len(c) == 6 and c[1] == 7 and student.read(c, "n") == 6, "read")
    expect(student.read("sums", "NAMES") == ["a", "b"] and student.read("sums", "Counter.LIMIT") == 3, "constants")
    expect(student.sums.apply(student.sums.use, c) == 7, "a function as an argument")
    first = student.sums.draw(Rng(5))
    expect_close(first, np.random.default_rng(5).integers(1000, size=3), "the same generator")
    rng = student.given.rng(5)
    expect_close(student.sums.draw(rng), first, "a generator that lives on")
    expect(not np.array_equal(student.sums.draw(rng), first), "it lives on")
    policy = student.given.GainPolicy(np.eye(2))
    expect_close(student.sums.apply(policy, np.zeros((1, 4)), np.full((1, 2), 0.5)), np.full((1, 2), 0.5), "policy")
    model = student.given.LinearModel(np.eye(2), np.ones((1, 2)))
    expect_close(model.sample_next(np.zeros((1, 2)), np.ones((1, 1)), Rng(0)), np.ones((1, 2)), "model")
    """
    result = assignment.check(check)
    assert result.outcome == Outcome.PASSED, result


def test_tensors_and_gradients_cross(assignment: Assignment) -> None:
    pytest.importorskip("torch")  # loaded here, so that it does not count against the time limit
    code = """
    import torch
    def loss(x, y, net=None):
        assert isinstance(x, torch.Tensor) and x.dtype == torch.float32
        out = x if net is None else net(x)
        return ((out - 1.0) ** 2).mean(), {"max": x.max()}
    def detached(x): return x.detach().sum()
    """
    assignment.write("hw/sums.py", code)
    check = """
    x = np.array([[2.0, 3.0]])
    (value, info), (grad, other) = student.value_and_grad("sums", "loss", [x, np.ones(2)], wrt=(0, 1))
    expect_close(value, 2.5, "value")
    expect_close(info["max"], 3.0, "info")
    expect_close(grad, x - 1.0, "gradient")
    expect(other is None, "no gradient")
    net = student.given.linear(np.ones((1, 2), np.float32), np.zeros(1, np.float32))
    _, (weights,) = student.value_and_grad("sums", "loss", [Tensor(x), 0], {"net": net}, wrt=["net"])
    expect_close(weights["weight"], 8 * x, "by parameter", name="grad")
    _, (nothing,) = student.value_and_grad("sums", "detached", [x])
    expect(nothing is None, "detached")
    """
    result = assignment.check(check)
    assert result.outcome == Outcome.PASSED, result


def test_a_hidden_check_shows_no_words_of_the_submissions_choosing(assignment: Assignment) -> None:
    for code in (
        "raise NotImplementedError(f'TODO(1a): {a}')",
        "raise type(f'E{a}', (Exception,), {})",
        "return np.zeros(2, dtype=[(f'f{a}', 'f4')])",
    ):
        source = f"import numpy as np\ndef add(a, b):\n    a = int(abs(a[0]) * 1e6)\n    {code}\n"
        assignment.write("hw/sums.py", source)
        public, hidden = (r.message for r in assignment.run(selection=frozenset({"1a"})))
        assert "1000000" in public or "dtype void" in public
        assert hidden.startswith(("TODO(1a)", "your code raised an exception", "your code returned"))
        assert not re.search(r"\d\d|void", hidden)


@pytest.mark.parametrize("wasted", ["computed", "idle"])
def test_a_submission_that_wastes_time_in_every_check_soon_gets_little(
    assignment: Assignment, wasted: str
) -> None:
    assignment.write("parts.toml", PARTS.replace("time_limit = 2", "time_limit = 20"))
    many = "".join(f"@subpart('1a')\ndef test_{i}(student):\n    student.sums.add(1, 2)\n" for i in range(5))
    learning = "@subpart('1a', kind='learning')\ndef test_z(student):\n    student.sums.add(1, 2)\n"
    text = "from autograder.checks.checking import subpart\n" + many + learning
    roots = {"public": assignment.write("slow/test_slow.py", text).parent}
    opened: list[Wasting] = []

    class Wasting:
        def __init__(self, limit: float) -> None:
            opened.append(self)
            self.limit, self.idle_limit = limit, 5.0
            self.computed = self.idle = 0.0

        def ask(self, message: bytes) -> bytes:
            setattr(self, wasted, self.limit if wasted == "computed" else self.idle_limit)
            return answers.encode(answers.Returned(values.encode(1, lambda obj: obj)))  # and it passes

        def close(self) -> None: ...

    results = run_checks(roots, Wasting, assignment.hw, assignment.parts)
    assert {r.outcome for r in results} == {Outcome.PASSED}
    if wasted == "computed":
        assert [t.limit for t in opened] == [20, 20, 20, 2, 2, 20]
    else:
        assert [t.idle_limit for t in opened] == [5, 5, 5, 1, 1, 1] and {t.limit for t in opened} == {20}
    opened.clear()  # and the course may allow more, or less
    time = "[time]\nscale = 2\nfile_checks = 1\nidle_check = 3\nidle_file = 12\n"
    assignment.write("course.toml", COURSE + time)
    run_checks(roots, Wasting, assignment.hw, assignment.parts)
    if wasted == "computed":
        assert [t.limit for t in opened] == [40, 4, 4, 4, 4, 40]
    else:
        assert [t.idle_limit for t in opened] == [3, 3, 3, 3, 1, 1] and {t.limit for t in opened} == {40}
