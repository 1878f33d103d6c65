"""The layers of confinement, each on its own."""

from __future__ import annotations

import errno
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from autograder.grader.inside.confine import apply, files, limits, readable, scratch, uid
from autograder.grader.inside.confine.layers import NONE, Layers
from autograder.grader.outside import bubblewrap, probe, sandbox_exec

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the layers are Linux's")


def in_child(action: Callable[[], object]) -> str:
    """What `action` returns, as text, in a child process: there is no way back from confinement."""
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            text = repr(action())
        except BaseException as error:  # whatever it is belongs to the parent's assertion
            text = f"{type(error).__name__}: {error}"
        os.write(sending, text.encode()[:60_000])
        os._exit(0)
    os.close(sending)
    with os.fdopen(receiving, "rb") as file:
        text = file.read().decode()
    os.waitpid(child, 0)
    return text


def error_of(action: Callable[[], object]) -> int:
    """0, or the number of the error that `action` ends with."""
    try:
        action()
    except OSError as error:
        return error.errno or -1
    return 0


# --- seccomp: the filter itself, run by a small interpreter, for both kinds of machine ---

# Numbers of the kernel's tables, written down here independently of libseccomp.
X86 = dict(
    read=0, open=2, openat=257, socket=41, connect=42, sendto=44, clone=56, fork=57, vfork=58, execve=59
)
X86 |= dict(
    kill=62, fcntl=72, ioctl=16, ptrace=101, chmod=90, fchmodat=268, chown=92, utimensat=280, mount=165
)
X86 |= dict(
    setxattr=188, io_uring_setup=425, prctl=157, prlimit64=302, mmap=9, clone3=435, process_vm_readv=310
)
ARM = dict(read=63, openat=56, socket=198, connect=203, sendto=206, clone=220, execve=221, kill=129, fcntl=25)
ARM |= dict(
    ioctl=29, ptrace=117, fchmodat=53, fchownat=54, utimensat=88, mount=40, setxattr=5, io_uring_setup=425
)
ARM |= dict(prctl=167, prlimit64=261, mmap=222, clone3=435, process_vm_readv=270)
X86 |= dict(mkdir=83, mkdirat=258, umask=95)
ARM |= dict(mkdirat=34, umask=166)
PID = 4242


@pytest.fixture(scope="module", params=["X86_64", "AARCH64"])
def machine(request: pytest.FixtureRequest) -> str:
    """The kind of machine, as libseccomp calls it."""
    return request.param


@pytest.fixture(scope="module")
def filtered(machine: str):
    """filtered(call, *arguments) -> "allow", "kill" or the error number, on that machine."""
    sc = pytest.importorskip("pyseccomp", exc_type=(ImportError, RuntimeError))
    from autograder.grader.inside.confine import seccomp

    arch = getattr(sc.Arch, machine)
    rules = seccomp.prepare(arch)
    seccomp.complete(rules, PID)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        program = [struct.unpack("HBBI", chunk) for chunk in iter(lambda: file.read(8), b"")]
    numbers = X86 if machine == "X86_64" else ARM

    def run(call: str | int, *arguments: int, table: int = arch) -> str | int:
        if call not in numbers and isinstance(call, str):
            pytest.skip(f"{machine} has no {call}")
        number = numbers[call] if isinstance(call, str) else call
        return _interpret(
            program, struct.pack("=iIQ6Q", number, table, 0, *arguments, *[0] * (6 - len(arguments)))
        )

    return run


def _interpret(program: list[tuple[int, int, int, int]], data: bytes) -> str | int:
    """Classic BPF, as far as libseccomp uses it."""
    a, pc = 0, 0
    while True:
        code, jt, jf, k = program[pc]
        pc += 1
        if code == 0x20:  # load a word
            (a,) = struct.unpack_from("=I", data, k)
        elif code == 0x54:  # and
            a &= k
        elif code == 0x05:
            pc += k
        elif code in (0x15, 0x25, 0x35):  # equal, greater, greater or equal
            pc += jt if (a == k if code == 0x15 else a > k if code == 0x25 else a >= k) else jf
        elif code == 0x06:
            return {0x7FFF0000: "allow", 0x0: "kill", 0x80000000: "kill"}.get(k, k & 0xFFFF)
        else:
            raise AssertionError(hex(code))


CLONE_THREAD = 0x3D0F00  # the flags with which the C library starts a thread


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("read", ()),
        ("mmap", ()),
        ("sendto", ()),
        ("clone", (CLONE_THREAD,)),
        ("kill", (PID, 9)),
        ("prlimit64", (0,)),
        ("fcntl", (3, 1030)),
        ("ioctl", (0, 0x5421)),
        ("openat", (0, 0, os.O_RDONLY)),
        ("mkdir", (0, 0o777)),
        ("mkdirat", (0, 0, 0o700)),
        ("umask", (0o022,)),
        ("openat", (0, 0, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)),
        ("open", (0, os.O_RDWR | os.O_TRUNC)),
    ],
)
def test_what_computing_needs_is_allowed(filtered, call: str, arguments: tuple[int, ...]) -> None:
    assert filtered(call, *arguments) == "allow"


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        *(
            (name, ())
            for name in "socket connect fork vfork execve ptrace chmod fchmodat chown fchownat".split()
        ),
        *((name, ()) for name in "utimensat setxattr mount io_uring_setup process_vm_readv".split()),
        ("clone", (17,)),  # SIGCHLD: a process
        ("kill", (1, 9)),
        ("kill", (2**32 - 1, 9)),
    ],
)
def test_what_leads_out_is_refused_with_a_message(filtered, call: str, arguments: tuple[int, ...]) -> None:
    assert filtered(call, *arguments) == errno.EPERM


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("clone3", ()),  # the C library then uses clone, whose flags can be seen
        ("prctl", (1,)),  # PR_SET_PDEATHSIG
        ("prlimit64", (1,)),
        ("fcntl", (3, 8)),  # F_SETOWN
        ("fcntl", (3, 10)),  # F_SETSIG
        ("ioctl", (0, 0x5412)),  # TIOCSTI: type into a terminal
        ("ioctl", (0, 0x8901)),  # FIOSETOWN
        ("openat", (0, 0, os.O_RDONLY | os.O_TRUNC)),
        ("mkdir", (0, 0)),  # a folder that nobody can list
        ("mkdirat", (0, 0, 0o577)),
        ("mkdir", (0, 0o1777)),  # sticky: only its owner deletes what is in it
        ("umask", (0o100,)),
        (600, ()),  # a call of a future kernel
    ],
)
def test_what_is_not_listed_does_not_exist(filtered, call: str | int, arguments: tuple[int, ...]) -> None:
    assert filtered(call, *arguments) == errno.ENOSYS


def test_calls_by_another_table_of_numbers_end_the_process(filtered) -> None:
    assert filtered(0, table=0x40000003) == "kill"  # 32-bit x86


def test_names_are_spelled_right() -> None:
    sc = pytest.importorskip("pyseccomp", exc_type=(ImportError, RuntimeError))
    from autograder.grader.inside.confine import seccomp

    names = [*seccomp.ALLOWED, *seccomp.REFUSED, *(c.call for c in seccomp.conditions())]
    unknown = [name for name in names if sc.resolve_syscall(sc.Arch.NATIVE, name) == -1]
    assert not unknown


def test_each_call_ends_as_the_list_that_names_it_says(filtered, machine: str) -> None:
    """None is in two lists, where one of them would have no effect; nor does a condition hold for all arguments."""
    sc = pytest.importorskip("pyseccomp", exc_type=(ImportError, RuntimeError))
    from autograder.grader.inside.confine import seccomp

    def numbers(names: Iterable[str]) -> dict[str, int]:
        found = {name: sc.resolve_syscall(getattr(sc.Arch, machine), name) for name in names}
        return {name: number for name, number in found.items() if number >= 0}  # below 0: not on this machine

    allowed, refused = numbers(seccomp.ALLOWED), numbers(seccomp.REFUSED)
    assert {name for name, number in allowed.items() if filtered(number) != "allow"} == set()
    assert {name for name, number in refused.items() if filtered(number) != errno.EPERM} == set()
    for name, number in numbers(condition.call for condition in seccomp.conditions()).items():
        assert {filtered(number), filtered(number, *[2**64 - 1] * 6)} != {"allow"}, name


def test_seccomp_in_force() -> None:
    if not probe.best().seccomp:
        pytest.skip("no seccomp here")
    from autograder.grader.inside.confine import seccomp

    rules = seccomp.prepare()

    def attempt() -> list[int]:
        import socket
        import threading

        seccomp.restrict(rules)
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()
        return [
            error_of(socket.socket),
            error_of(os.fork),
            error_of(lambda: os.chmod("/", 0)),
            error_of(os.getcwd),
        ]

    assert in_child(attempt) == f"[{errno.EPERM}, {errno.EPERM}, {errno.EPERM}, 0]"


# --- the others ---


def test_landlock_in_force(tmp_path: Path) -> None:
    if not probe.best().landlock:
        pytest.skip("no Landlock here")
    from autograder.grader.inside.confine import landlock

    base, scratch = tmp_path / "base", tmp_path / "scratch"
    base.mkdir(), scratch.mkdir()
    (base / "inside").mkdir(), (base / "given").touch(), (tmp_path / "secret").touch()
    rules = landlock.prepare(str(base))

    def attempt() -> list[int]:
        landlock.restrict(rules, str(scratch))
        import sqlite3  # noqa: F401  - something of Python's that was not loaded yet

        tries = [
            lambda: (base / "given").read_bytes(),
            lambda: (scratch / "new").write_text("x"),
            lambda: (scratch / "new").unlink(),
            lambda: (scratch / "a" / "b").mkdir(parents=True),
            lambda: (scratch / "a" / "file").touch(),
            lambda: os.rename(scratch / "a" / "file", scratch / "a" / "b" / "file"),
            lambda: shutil.rmtree(scratch / "a"),
            lambda: (base / "given").write_text("x"),
            lambda: (tmp_path / "secret").read_bytes(),
            lambda: os.listdir(tmp_path),
            lambda: os.symlink("/", scratch / "link"),
            lambda: os.rename(base / "given", scratch / "given"),
            lambda: os.rename(scratch, base / "moved"),
            lambda: (base / "folder").mkdir(),
            lambda: (base / "inside").rmdir(),
            lambda: Path("/proc/self/environ").read_bytes(),
        ]
        return [error_of(action) for action in tries]

    refused = eval(in_child(attempt))
    assert refused[:7] == [0] * 7
    assert set(refused[7:]) <= {errno.EACCES, errno.EXDEV}


def test_a_worker_of_its_own_uid_has_no_right_left(tmp_path: Path) -> None:
    if not uid.can_change():
        pytest.skip("only root can become other users")
    chosen = uid.unused(7)
    assert uid.FIRST <= chosen <= uid.LAST

    def attempt(search: bool) -> tuple[object, ...]:
        uid.become(chosen, search)
        status = dict(
            line.split(":\t") for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line
        )
        return (
            status["Uid"],
            status["Gid"],
            status["Groups"].strip(),
            status["CapEff"],
            error_of(lambda: os.setuid(0)),
        )

    ids = "\t".join([str(chosen)] * 4)
    assert eval(in_child(lambda: attempt(False))) == (ids, ids, "", "0" * 16, errno.EPERM)
    assert eval(in_child(lambda: attempt(True)))[3] == "0000000000000004"  # to look up and read, nothing else


def test_an_id_in_use_is_not_chosen() -> None:
    if not uid.can_change():
        pytest.skip("only root can become other users")
    chosen = uid.unused(0)
    sleeper = subprocess.Popen(["sleep", "30"], user=chosen)
    try:
        assert uid.unused(0) != chosen
    finally:
        sleeper.kill()
        sleeper.wait()


LIMITS_IN_FORCE = """
import resource
from pathlib import Path
from autograder.grader.inside.confine import limits

limits.set_limits(threads=50)
try:
    bytearray(limits.MEMORY + 2**20)
    refused = False
except MemoryError:
    refused = True
kept = bytearray(limits.MEMORY // 2)
print([
    refused,
    len(kept) > 0,
    resource.getrlimit(resource.RLIMIT_NPROC) == (50, 50),
    resource.getrlimit(resource.RLIMIT_FSIZE)[1] == limits.FILE_SIZE,
    Path("/proc/self/oom_score_adj").read_text().strip() == "1000",
])
"""


def test_limits_in_force() -> None:
    # In a new process: a fork of this one would have memory that other tests left, and may use that beyond the limit.
    done = subprocess.run([sys.executable, "-c", LIMITS_IN_FORCE], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[True, True, True, True, True]", done.stderr


def test_the_disk_is_watched(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(limits, "DISK", 10_000)
    monkeypatch.setattr(limits, "DISK_FILES", 3)
    assert not limits.too_much_on_disk(str(tmp_path)) and not limits.too_much_on_disk(str(tmp_path / "gone"))
    (tmp_path / "one").write_bytes(bytes(20_000))
    assert limits.too_much_on_disk(str(tmp_path))
    (tmp_path / "one").unlink()
    for name in "abcd":
        (tmp_path / name).touch()
    assert limits.too_much_on_disk(str(tmp_path))


def test_the_disk_is_watched_in_folders_too(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(limits, "DISK", 30_000)
    monkeypatch.setattr(limits, "DISK_FILES", 6)
    monkeypatch.setattr(limits, "DEPTH", 2)
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert limits.too_much_on_disk(str(tmp_path)) == ""
    (tmp_path / "a" / "b" / "large").write_bytes(bytes(40_000))
    assert "MB" in limits.too_much_on_disk(str(tmp_path))
    (tmp_path / "a" / "b" / "large").unlink()
    (tmp_path / "a" / "b" / "c").mkdir()
    assert limits.too_much_on_disk(str(tmp_path)) == "folders more than 2 deep"
    (tmp_path / "a" / "b" / "c").rmdir()
    for name in "uvwxyz":
        (tmp_path / "a" / name).touch()
    assert limits.too_much_on_disk(str(tmp_path)) == "more than 6 files and folders"


def test_a_scratch_folder_is_deleted_whatever_is_in_it(tmp_path: Path) -> None:
    """Fifteen hundred folders deep, and with folders that their owner cannot list (as an ordinary user's would be)."""

    def attempt() -> bool:
        if os.geteuid() == 0:
            os.chown(tmp_path, uid.LAST, uid.LAST)
            uid.become(uid.LAST, search=True)  # reading is not deleting
        folder = tmp_path / "scratch"
        (folder / "closed" / "inside").mkdir(parents=True)
        (folder / "closed").chmod(0o100)
        (folder / "closed-too").mkdir(mode=0)
        (folder / "closed" / ".." / "file").touch(mode=0)
        os.chdir(folder)
        for _ in range(1500):
            os.mkdir("d")
            os.chdir("d")
        os.chdir(tmp_path)
        scratch.remove(str(folder))
        return folder.exists()

    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    assert in_child(attempt) == "False"


# --- files of honest code in a worker ---


def kept_inside(scratch: Path, action: Callable[[], object]) -> str:
    """What `action` returns where nothing but `scratch` can be written."""
    if not probe.best().landlock or not probe.best().seccomp:
        pytest.skip("no Landlock or no seccomp here")
    from autograder.grader.inside.confine import landlock, seccomp

    scratch.mkdir()
    rules, calls = landlock.prepare(str(scratch)), seccomp.prepare()

    def inside() -> object:
        os.chdir(scratch)
        files.keep_inside(str(scratch))
        landlock.restrict(rules, str(scratch))
        seccomp.restrict(calls)
        return action()

    return in_child(inside)


def test_what_is_written_below_tmp_lands_in_the_scratch(tmp_path: Path) -> None:
    scratch, name = tmp_path / "scratch", f"made-by-{os.getpid()}"

    def action() -> tuple[list[str], int]:
        os.mkdir(f"/tmp/{name}")
        Path(f"/tmp/{name}/file").write_text("x")
        os.rename(f"/tmp/{name}/file", f"/var/tmp/{name}-file")
        return sorted(os.listdir(".")), error_of(lambda: open("/tmp/gone/x", "w").close())

    found, refused = eval(kept_inside(scratch, action))
    assert found == [name, f"{name}-file"] and refused in (errno.EACCES, errno.ENOENT)
    assert not Path("/tmp", name).exists() and not Path("/var/tmp", f"{name}-file").exists()


def test_files_of_others_stay_closed_and_say_so(tmp_path: Path) -> None:
    """Neither a path below /tmp nor a change of mode pretends to have worked where it has not."""
    (tmp_path / "target").write_text("as it was")
    name = str(tmp_path / "target")  # below /tmp
    action = lambda: [  # noqa: E731
        error_of(lambda: open(name, "a").close()),
        error_of(lambda: os.chmod(name, 0o777)),
        error_of(lambda: os.utime(name, (1, 1))),
        error_of(lambda: os.remove(name)),
    ]
    assert set(eval(kept_inside(tmp_path / "scratch", action))) <= {errno.EACCES, errno.EPERM}
    assert (tmp_path / "target").read_text() == "as it was"


def test_folders_are_nested_no_deeper_than_said(tmp_path: Path) -> None:
    def action() -> int:
        for number in range(100):
            try:
                os.mkdir("d")
            except OSError:
                return number
            os.chdir("d")
        return -1

    assert kept_inside(tmp_path / "scratch", action) == str(limits.DEPTH)


def test_threads_are_counted() -> None:
    assert limits.threads_of(os.getuid()) >= 1
    assert limits.threads_of(uid.LAST) == 0


def test_inside_bubblewrap_there_is_the_base_and_nothing_else(tmp_path: Path) -> None:
    if not probe.best().bubblewrap:
        pytest.skip("bubblewrap is not installed, or is not allowed to work here")
    scratch = tmp_path / "base" / "scratch"
    scratch.mkdir(parents=True)
    (tmp_path / "secret").touch()
    code = (
        "import os, socket\n"
        "print(sorted(os.listdir('..')), os.path.exists('/home'), os.path.exists('/etc/passwd'),\n"
        "      [n for n in os.listdir('/proc') if n.isdigit()].__len__() < 5, os.listdir('/dev').__len__())\n"
        "open('scratch/x', 'w').close()\n"
        "try: open('x', 'w')\n"
        "except OSError as error: print(error.strerror)\n"
    )
    line = [*bubblewrap.command(tmp_path / "base", scratch), sys.executable, "-c", code]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["['base'] False False True 3", "Read-only file system"], done.stderr


def test_nothing_wider_than_libraries_is_readable() -> None:
    root = Path(__file__).parents[2]
    for path in (*readable.LIBRARIES, *readable.python_libraries(), *readable.SETTINGS):
        assert not root.is_relative_to(path) and not Path(path).is_relative_to(root / "autograder")


def test_the_probe_is_told_by_running(monkeypatch, tmp_path: Path) -> None:
    """A bwrap that is installed and fails, as under some AppArmor profiles, is not counted."""
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = probe.best.__wrapped__()
    assert not found.bubblewrap and found.seccomp == probe.best().seccomp


def test_a_layer_that_is_not_to_be_had_is_an_error_and_no_silence(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "py_landlock", None)
    monkeypatch.delitem(sys.modules, "autograder.grader.inside.confine.landlock", raising=False)
    monkeypatch.delattr("autograder.grader.inside.confine.landlock", raising=False)
    with pytest.raises(ImportError):
        apply.plan(Layers(landlock=True).as_dict(), "/")


def test_names_for_people() -> None:
    assert NONE.name == "separate process only"
    assert Layers(bubblewrap=True, landlock=True, seccomp=True).name == "bubblewrap + Landlock + seccomp"
    assert Layers(uid=True, landlock=True, seccomp=True).name == "own uid + Landlock + seccomp"


def test_the_profile_for_macos_quotes_its_paths(tmp_path: Path) -> None:
    _, _, profile = sandbox_exec.command(tmp_path / 'a "b"', [tmp_path])
    assert '(subpath "' + str(tmp_path) + '/a \\"b\\"")' in profile and "(deny network*)" in profile
