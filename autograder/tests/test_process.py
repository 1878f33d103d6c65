"""The separate process: the same results as by direct call, and what a submission can do to it."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
from msgspec import msgpack

from autograder.grader.inside import frames, values
from autograder.grader.inside.confine.layers import NONE
from autograder.grader.outcomes import CheckFailed, CouldNotRun, Crashed, NotAttempted, StudentError, TimedOut
from autograder.grader.outside import process
from autograder.grader.outside.process import ProcessTransport, WorkerHost
from autograder.grader.outside.tree import build_base, imports_of
from autograder.grader.running import run_checks
from autograder.grader.student import Student
from autograder.tests.conftest import Assignment
from autograder.tests.forging import answer, array, extension, framed, packed, problem, returned


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the workers of `host` are started in."""
    return tmp_path_factory.mktemp("base")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Iterator[WorkerHost]:
    pristine = Assignment(tmp_path_factory.mktemp("course"))
    preload = build_base(base, pristine.hw, pristine.parts)
    with WorkerHost(base, "hw", list(pristine.parts.modules), preload) as host:
        yield host


@pytest.fixture
def opened() -> Iterator[list[ProcessTransport]]:
    """The transports that `connect` has opened, the latest last."""
    transports: list[ProcessTransport] = []
    yield transports
    for transport in transports:
        transport.close()


@pytest.fixture
def connect(host: WorkerHost, tmp_path: Path, opened: list[ProcessTransport]) -> Callable[..., Student]:
    """connect(code, time_limit) -> Student whose sums.py holds `code`."""

    def connect(code: str, time_limit: float = 5.0) -> Student:
        (tmp_path / "sums.py").write_text(dedent(code), encoding="utf-8")
        opened.append(host.connect(tmp_path, time_limit))
        files = {"sums": "sums.py", "words": "words.py", "given": "given.py"}
        return Student(opened[-1], files, lines={"sums.py": code.count("\n") + 1})

    return connect


def test_the_same_checks_give_the_same_results_by_both_ways(assignment: Assignment, host: WorkerHost) -> None:
    assignment.write("hw/words.py", "def shout(text): return undefined")
    direct = assignment.run()
    process = run_checks(
        assignment.roots, lambda limit: host.connect(assignment.hw, limit), assignment.hw, assignment.parts
    )
    assert [(r.id, r.outcome, r.message) for r in process] == [(r.id, r.outcome, r.message) for r in direct]
    assert [r.outcome.value for r in direct] == ["passed", "passed", "failed", "passed"]


def test_values_handles_and_errors_cross(connect) -> None:
    student = connect(
        """
        from .kit.helpers import twice
        class Box:
            def get(self): return {"a": (1, [2.5, None], True)}
        def box(): return Box()
        def double(x): return twice(x)
        def bad(): raise KeyError("k")
        def todo(): raise NotImplementedError("TODO(1a): adding")
        """
    )
    assert np.array_equal(student.sums.double(np.arange(3)), [0, 2, 4])
    assert student.sums.box().get() == {"a": (1, [2.5, None], True)}
    with pytest.raises(StudentError, match=r"your `sums.bad` raised KeyError: 'k' \(sums.py, line 7\)"):
        student.sums.bad()
    with pytest.raises(NotAttempted, match=r"TODO\(1a\)"):
        student.sums.todo()
    with pytest.raises(CheckFailed, match="does not exist"):
        student.sums.nothing()
    with pytest.raises(NotAttempted, match=r"words\.py was not handed in"):
        student.words.shout("a")


@pytest.mark.parametrize("first", ["pass", "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)"])
def test_an_endless_loop_is_ended_after_its_seconds_of_computing(connect, monkeypatch, first: str) -> None:
    monkeypatch.setattr(process, "WALL_EXTRA", 60.0)  # however busy the machine that runs this test
    loop = "while True:\n        try: pass\n        except BaseException: pass"
    student = connect(f"def f():\n    {first}\n    {loop}", 0.4)
    with pytest.raises(TimedOut, match="no answer after 1 s of computing"):  # the kernel counts whole seconds
        student.sums.f()
    with pytest.raises(Crashed):
        student.sums.f()


def test_sleeping_does_not_count_as_computing(connect) -> None:
    assert connect("import time\ndef f(seconds): time.sleep(seconds); return 1", 0.2).sums.f(1.2) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what another process has used")
@pytest.mark.parametrize(
    "body",
    [
        "time.sleep(60)",
        "while True: time.sleep(0.01)",  # computes a little all the time
        "while True:\n        end = time.process_time() + 0.003\n        while time.process_time() < end: pass\n"
        "        time.sleep(0.097)",
        "threading.Thread(target=time.sleep, args=(60,)).start(); threading.Event().wait(60)",
    ],
)
def test_code_that_waits_without_computing_is_ended_long_before_the_deadline(
    connect, opened: list[ProcessTransport], body: str
) -> None:
    student = connect(f"import threading, time\ndef f():\n    {body}", 20.0)
    opened[-1].idle_limit = 1.0
    start = time.monotonic()
    with pytest.raises(TimedOut, match="computed nothing"):
        student.sums.f()
    assert time.monotonic() - start < 20.0
    assert opened[-1].idle > 1.0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what another process has used")
def test_queueing_for_a_core_is_no_waiting(connect, opened: list[ProcessTransport]) -> None:
    """More busy processes than cores: the code computes all the time that it is let."""
    code = "import time\ndef f(seconds):\n    while time.process_time() < seconds: pass\n    return 1"
    burn = "import time\nend = time.monotonic() + 30\nwhile time.monotonic() < end: pass"
    busy = [subprocess.Popen([sys.executable, "-c", burn]) for _ in range(3 * (os.cpu_count() or 1))]
    try:
        student = connect(code, 10.0)
        (transport,) = opened
        transport.idle_limit = 1.0
        assert student.sums.f(2.0) == 1
        transport.close()
        assert transport.computed >= 2.0 and transport.idle < 1.0
    finally:
        for process in busy:
            process.kill()
            process.wait()


def test_trickling_does_not_move_the_deadline(connect, monkeypatch) -> None:
    monkeypatch.setattr(process, "WALL_EXTRA", 0.0)
    student = connect(
        """
        import os, time
        def f():
            os.write(3, (1000).to_bytes(4, "big"))
            while True: os.write(3, b"x"); time.sleep(0.05)
        """,
        0.1,
    )
    start = time.monotonic()
    with pytest.raises(TimedOut):
        student.sums.f()
    assert time.monotonic() - start < 10.0


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("import os; os._exit(0)", "died (it exited with code 0)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "died (SIGSEGV)"),
        ("import ctypes; ctypes.string_at(0)", "died (SIGSEGV)"),
    ],
)
def test_a_death_is_a_crash_and_the_next_check_has_a_new_process(connect, body: str, sentence: str) -> None:
    with pytest.raises(Crashed) as crash:
        connect(f"def f():\n    {body}").sums.f()
    assert sentence in str(crash.value)
    assert connect("def f(): return 1").sums.f() == 1


def test_endless_printing_does_no_harm(connect) -> None:
    student = connect(
        """
        import os, sys
        def f():
            for _ in range(200): print("x" * 10**6); sys.stderr.write("y" * 10**6); os.write(1, b"z" * 10**6)
            return 3
        """
    )
    assert student.sums.f() == 3


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return np.zeros(10**8)", "returned more data than the 64 MB"),
        ("return list(range(10**6))", "returned plain data beyond 2 MB"),
        ("return np.array([object()])", "returned an array of dtype object"),
        ("return np.array([1j])", "returned an array of dtype complex128"),
        ("return 2**70", "returned an integer beyond 64 bits"),
        ("return {(1, 2): 3}", "returned a dict whose keys"),
        ("x = []; x.append(x); return x", "returned data nested deeper than 16"),
    ],
)
def test_what_cannot_cross_is_a_failure_with_a_sentence(connect, body: str, sentence: str) -> None:
    student = connect(f"import numpy as np\ndef f():\n    {body}")
    with pytest.raises(CheckFailed) as failed:
        student.sums.f()
    assert sentence in str(failed.value)


def _sending(payload: bytes) -> str:
    """A submission that writes `payload` to the grader instead of an answer."""
    return f"""
        import os, time
        def f():
            os.write(3, {payload!r})
            time.sleep(30)
        """


@pytest.mark.parametrize(
    "payload",
    [
        (2**32 - 1).to_bytes(4, "big"),
        framed(b"\xc1"),
        framed(b""),
        framed(answer(a=1)),
        framed(answer(type="returned")),
        framed(answer(type="returned", value=3)),
        framed(answer(type="returned", value=b"\xc0")),
        framed(answer(type="returned", value=msgpack.encode([b"\xc0", []]), more=2)),
        framed(answer(type="passed")),
        framed(problem()),
        framed(problem(kind="passed")),
        framed(problem(kind="could not run")),
        framed(problem(kind=["raised"])),
        framed(problem(kind="raised", line=-1)),
        framed(problem(kind="raised", line=2.5)),
        framed(problem(kind="raised", text=b"x")),
        framed(problem(kind="raised", text="x" * 10**5)),
        framed(problem(kind="edited", argument="1")),
        framed(returned(array("|O", [1]), [b"12345678"])),
        framed(returned(array("<f8", [-1]), [b""])),
        framed(returned(array("<f8", [2**62, 4]), [b""])),
        framed(returned(array("<f8", [0, 2**40]), [b""])),
        framed(returned(array("<f8", [1] * 40), [b"12345678"])),
        framed(returned(array("<f8", ["1"]), [b"12345678"])),
        framed(returned(array("<f8", [1], 5), [b"12345678"])),
        framed(returned(array("<f8", [1], -1), [b"12345678"])),
        framed(returned([array("<f8", [1])] * 2, [b"12345678"])),  # one blob, twice
        framed(returned(array("<f8", [1]), ["12345678"])),
        framed(returned(extension(3, ["x", "y"]))),
        framed(returned(extension(4, ["module", "name"]))),
        framed(returned(extension(6, [3]))),
        framed(returned(msgpack.Ext(99, b""))),
        framed(returned(datetime.datetime(2026, 11, 20, 1, 2, 3, 4, datetime.UTC))),
        framed(packed(b"\x81\xc4\x01x\x01")),  # {b"x": 1}
        framed(packed(b"\x91" * 100_000 + b"\xc0")),
        framed(packed(b"\xdd\xff\xff\xff\xff")),
    ],
)
def test_a_malformed_answer_is_a_crash_and_harms_nobody(connect, payload: bytes) -> None:
    with pytest.raises(Crashed):
        connect(_sending(payload)).sums.f()


def test_a_forged_problem_is_shown_cleaned(connect) -> None:
    text = "\x1b" + "x" * 299
    forged = problem(kind="raised", type_name="<b>\x1b[0m", text=text, file="/etc/passwd", line=3)
    with pytest.raises(StudentError) as error:
        connect(_sending(framed(forged))).sums.f()
    assert str(error.value).isprintable() and len(str(error.value)) < 500 and "passwd" not in str(error.value)
    assert error.value.safe == "your code raised an exception"


def test_a_forged_problem_without_a_reason_is_still_a_sentence(connect) -> None:
    with pytest.raises(CheckFailed) as failed:
        connect(_sending(framed(problem(kind="unusable")))).sums.f()
    for sentence in (str(failed.value), failed.value.safe):
        assert sentence.count("returned") == 1 and "something that cannot be handed over" in sentence


def test_a_submission_that_patches_numpy_fools_only_itself(connect) -> None:
    student = connect(
        """
        import numpy as np
        np.allclose = np.array_equal = np.all = lambda *a, **k: True
        def f(): return np.zeros(2)
        """
    )
    assert not np.array_equal(student.sums.f(), np.ones(2))


def test_nothing_secret_is_importable_and_the_environment_is_clean(connect, monkeypatch) -> None:
    monkeypatch.setenv("COURSE_SECRET", "hunter2")
    student = connect(
        """
        import importlib, os, sys
        def paths(): return list(sys.path)
        def can(name):
            try: importlib.import_module(name)
            except ImportError: return False
            return True
        def env(): return dict(os.environ)
        """
    )
    for name in (
        "solutions",
        "autograder.checks",
        "autograder.staff.hidden",
        "autograder.grader.report.scoring",
    ):
        assert student.sums.can(name) is False, name
    assert student.sums.can("autograder.grader.inside.values") is True  # the question itself works
    for path in student.sums.paths():
        for secret in ("solutions", "autograder/checks", "autograder/parts.toml"):
            assert not os.path.exists(os.path.join(path, secret)), path
    environment = student.sums.env()
    assert "hunter2" not in environment.values() and environment["OMP_NUM_THREADS"] == "1"


def test_each_check_meets_fresh_modules_and_the_same_global_random_numbers(connect) -> None:
    code = """
    import random, numpy as np
    COUNT = []
    def f(): COUNT.append(1); return len(COUNT), random.random(), np.random.rand()
    """
    assert connect(code).sums.f() == connect(code).sums.f()


@pytest.fixture
def open_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the workers of `open_host` are started in."""
    return tmp_path_factory.mktemp("base")


@pytest.fixture
def open_host(tmp_path_factory: pytest.TempPathFactory, open_base: Path) -> Iterator[WorkerHost]:
    """Without any confinement: what remains is what the processes themselves hold."""
    pristine = Assignment(tmp_path_factory.mktemp("course"))
    preload = build_base(open_base, pristine.hw, pristine.parts)
    with WorkerHost(open_base, "hw", ["sums"], preload, NONE) as host:
        yield host


def _open(host: WorkerHost, folder: Path, code: str) -> ProcessTransport:
    (folder / "sums.py").write_text(dedent(code), encoding="utf-8")
    return host.connect(folder, 5.0)


def _call_f(transport: ProcessTransport) -> Any:
    return Student(transport, {"sums": "sums.py"}).sums.f()


def test_even_unconfined_a_daemon_does_not_outlive_its_check(open_host: WorkerHost, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    code = f"""
        import os, time
        def f():
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    while True:
                        open({str(trace)!r}, "a").write("x"); time.sleep(0.02)
                os._exit(0)
            time.sleep(0.2)
            return 1
        """
    transport = _open(open_host, tmp_path, code)
    assert _call_f(transport) == 1
    transport.close()
    size = trace.stat().st_size
    time.sleep(0.2)
    assert size > 0 and trace.stat().st_size == size


def test_even_unconfined_killing_the_host_costs_that_check_only(
    open_host: WorkerHost, tmp_path: Path
) -> None:
    kill = "import os, signal, time\ndef f():\n    os.kill(os.getppid(), signal.SIGKILL); time.sleep(9)"
    with pytest.raises(Crashed):
        _call_f(_open(open_host, tmp_path, kill))
    assert _call_f(_open(open_host, tmp_path, "def f(): return 1")) == 1


def test_a_full_disk_has_a_sentence_of_its_own_and_the_scratch_is_removed(connect, base: Path) -> None:
    code = """
        def f():
            for n in range(10**6):
                with open(str(n), "wb") as file: file.write(bytes(2**22))
        """
    with pytest.raises(Crashed, match="your code wrote more than 64 MB to the disk"):
        connect(code).sums.f()
    assert not list((base / "scratch").iterdir())


def test_a_worker_that_cannot_be_confined_is_the_graders_fault(
    open_host: WorkerHost, open_base: Path, tmp_path: Path
) -> None:
    apply = open_base / "autograder" / "grader" / "inside" / "confine" / "apply.py"
    apply.write_text(apply.read_text() + "\n\ndef confine(*args):\n    raise OSError\n")
    with pytest.raises(CouldNotRun, match="no process could be started"):
        _open(open_host, tmp_path, "def f(): return 1")


def test_a_course_that_does_not_load_is_the_graders_fault(tmp_path: Path) -> None:
    course = Assignment(tmp_path / "course")
    course.write("hw/kit/helpers.py", "import no_such_thing_at_all\n")
    base = tmp_path / "base"
    base.mkdir()
    preload = build_base(base, course.hw, course.parts)
    with WorkerHost(base, "hw", ["sums"], preload) as host, pytest.raises(CouldNotRun) as error:
        host.connect(course.hw, 1.0)
    assert "could not be" in str(error.value)


def test_the_base_holds_the_pristine_package_without_its_parts(tmp_path: Path) -> None:
    course = Assignment(tmp_path / "course")
    course.write(
        "hw/words.py", "import json\nfrom os import path\nfrom .kit import helpers\nfrom . import kit\n"
    )
    base = tmp_path / "base"
    base.mkdir()
    names = build_base(base, course.hw, course.parts)
    held = {p.relative_to(base).as_posix() for p in base.rglob("*.py")}
    assert "hw/kit/helpers.py" in held and "hw/sums.py" not in held
    assert not any("solutions" in p or "checks" in p or "scoring" in p for p in held)
    assert imports_of(course.hw / "words.py", "hw") == ["json", "os", "hw.kit", "hw.kit"][:3]
    assert {"numpy", "hw.kit.helpers"} <= set(names)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -(2**63),
        1.5,
        "text",
        b"bytes",
        [1, (2, [3.0])],
        {"a": {1: None}},
        np.zeros((0, 3)),
        np.array(3.5),
        np.arange(6, dtype=np.int8).reshape(2, 3).T,
        np.array([True, False]),
        np.arange(3, dtype=">f4"),
    ],
)
def test_values_survive_the_crossing(value: object) -> None:
    def refuse(obj: object) -> object:
        raise AssertionError(obj)

    back = values.decode(values.encode(value, refuse), refuse)
    assert type(back) is type(value)
    if isinstance(value, np.ndarray):
        assert (
            np.array_equal(back, value)
            and back.shape == value.shape
            and back.dtype == value.dtype.newbyteorder("=")
        )
        assert back.flags.writeable
    else:
        assert back == value


def test_a_forged_bool_is_true_or_false() -> None:
    message = msgpack.encode([msgpack.encode(array("|b1", [2])), [b"\x07\x00"]])
    found = values.decode(message, lambda ref: ref)
    assert found.view(np.uint8).tolist() == [1, 0]


def test_frames_refuse_what_is_too_long(monkeypatch) -> None:
    monkeypatch.setattr(frames, "MAX_FRAME", 10)
    with pytest.raises(frames.FrameTooLong):
        frames.write_frame(None, b"x" * 11)


@pytest.mark.slow
def test_tensors_and_gradients_cross(tmp_path: Path) -> None:
    course = Assignment(tmp_path / "course")
    course.write(
        "hw/sums.py",
        """
        import sys
        import torch
        from torch import nn
        LOADED = "torch._dynamo" in sys.modules  # before any optimizer was made
        THREADS = torch.get_num_threads()
        def loss(net, x): return ((net(x) - 1.0) ** 2).mean(), {"rows": len(x)}
        def step(net, lr): torch.optim.Adam(net.parameters(), lr=lr).step()
        def noise(generator): return torch.randn(3, generator=generator)
        """,
    )
    base = tmp_path / "base"
    base.mkdir()
    with WorkerHost(base, "hw", ["sums"], build_base(base, course.hw, course.parts)) as host:
        transport = host.connect(course.hw, 60.0)
        student = Student(transport, {"sums": "sums.py", "given": "given.py"})
        net = student.given.linear(np.ones((1, 2), np.float32), np.zeros(1, np.float32))
        (value, info), (grads, grad) = student.value_and_grad(
            "sums", "loss", [net, np.array([[2.0, 3.0]])], wrt=(0, 1)
        )
        assert value == 16.0 and info == {"rows": 1}
        assert grads["weight"].tolist() == [[16.0, 24.0]] and grads["bias"].tolist() == [8.0]
        assert grad.tolist() == [[8.0, 8.0]] and grad.dtype == np.float32
        student.sums.step(net, 0.1)
        assert np.array_equal(student.sums.noise(values.TorchRng(3)), student.sums.noise(values.TorchRng(3)))
        assert student.read("sums", "THREADS") == 1 and student.read("sums", "LOADED") is True
        transport.close()
