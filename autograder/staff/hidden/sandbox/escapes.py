"""Attempts to get out of a worker, as a hostile submission would make them: this file is handed in like one.

Each attempt takes the dict of targets that `canary.py` prepares, and returns something true where it succeeded; where
it is refused it raises or returns something false. Standard library only, since it runs where a submission runs.
"""

import ctypes
import gc
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)


def read_a_file(t):
    return any(t["secret"] in _content(path) for path in t["secret_files"])


def read_a_hidden_check(t):
    return any(_content(path) for path in t["hidden_files"])


def read_a_file_in_c(t):
    found = b""
    for path in t["secret_files"]:
        fd = LIBC.open(os.fsencode(path), os.O_RDONLY)
        if fd >= 0:
            buffer = ctypes.create_string_buffer(10_000)
            LIBC.read(fd, buffer, 10_000)
            found += buffer.raw
    return t["secret"].encode() in found


def list_a_folder(t):
    return os.listdir(os.path.dirname(t["secret_files"][0]))


def climb_through_proc(t):
    return any(
        t["secret"] in _content(f"/proc/{pid}/root{t['secret_files'][0]}") for pid in (1, os.getppid())
    )


def read_environments(t):
    pids = [t["victim"], os.getppid(), *(int(name) for name in _names("/proc") if name.isdigit())]
    return any(t["secret"] in _content(f"/proc/{pid}/environ") for pid in pids)


def read_command_lines(t):
    return _content(f"/proc/{t['victim']}/cmdline")


def read_memory_of_another(t):
    return any(_opens(f"/proc/{pid}/mem") for pid in (t["victim"], os.getppid()))


def copy_memory_of_another(t):
    class Vector(ctypes.Structure):
        _fields_ = (("start", ctypes.c_void_p), ("length", ctypes.c_size_t))

    buffer = ctypes.create_string_buffer(8)
    here, there = Vector(ctypes.addressof(buffer), 8), Vector(ctypes.addressof(buffer), 8)
    return LIBC.process_vm_readv(os.getppid(), ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0


def trace_another(t):
    attached = LIBC.ptrace(0x4206, t["victim"], 0, 0) == 0  # PTRACE_SEIZE
    return attached or LIBC.ptrace(0x4206, os.getppid(), 0, 0) == 0


def write_a_file(t):
    with open(t["open_file"], "a") as file:
        file.write("written")
    return True


def make_a_file(t):  # in C: Python's `open` may fall back to the worker's own folder (files.py)
    paths = [os.path.join(folder, "made-by-a-submission") for folder in t["open_folders"]]
    return any(LIBC.open(os.fsencode(path), os.O_WRONLY | os.O_CREAT, 0o600) >= 0 for path in paths)


def make_a_folder(t):
    paths = [os.path.join(folder, "folder-of-a-submission") for folder in t["open_folders"]]
    return any(LIBC.mkdir(os.fsencode(path), 0o700) == 0 for path in paths)


def move_a_file_out(t):
    with open("moved", "w"):
        pass
    paths = [os.path.join(folder, "moved-by-a-submission") for folder in t["open_folders"]]
    return any(LIBC.rename(b"moved", os.fsencode(path)) == 0 for path in paths)


def move_a_file_in(t):
    return LIBC.rename(os.fsencode(t["open_file"]), b"moved-in") == 0


def delete_a_folder(t):
    return LIBC.rmdir(os.fsencode(t["open_folder"])) == 0


def make_a_folder_that_nobody_can_list(t):
    return LIBC.mkdir(b"closed", 0) == 0


def make_new_folders_unreadable(t):
    return (
        LIBC.umask(0o700) >= 0
        and LIBC.mkdir(b"closed-by-umask", 0o700) == 0
        and not os.access("closed-by-umask", os.R_OK)
    )


def empty_a_file(t):
    os.close(os.open(t["open_file"], os.O_RDONLY | os.O_TRUNC))
    return True


def delete_a_file(t):
    os.unlink(t["open_file"])
    return True


def change_the_mode_of_a_file(t):
    os.chmod(t["open_file"], 0o777)
    return True


def change_the_time_of_a_file(t):
    os.utime(t["open_file"], (1, 1))
    return True


def link_to_a_file(t):
    os.link(t["secret_files"][0], "linked")
    return t["secret"] in _content("linked")


def connect_by_tcp(t):
    socket.create_connection(("127.0.0.1", t["tcp"]), 1.0).close()
    return True


def send_by_udp(t):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", t["udp"]))
        sock.send(b"x")
        time.sleep(0.02)
        sock.send(b"x")  # says so if nobody received the first: in a network of its own, sending alone works
    return True


def connect_to_an_abstract_socket(t):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(t["abstract"])
    return True


def connect_to_a_socket_file(t):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(t["socket_file"])
    return True


def signal_another(t):
    os.kill(t["victim"], signal.SIGUSR1)
    return True


def signal_the_preloaded_process(t):
    os.kill(os.getppid(), 0)
    return True


def have_the_kernel_signal_another(t):
    import fcntl

    fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, t["victim"])
    return True


def limit_another(t):
    import resource

    resource.prlimit(os.getppid(), resource.RLIMIT_CPU)
    return True


def slow_another_down(t):
    os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)
    return True


def start_a_process(t):
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return True


def run_a_program(t):
    return subprocess.run([sys.executable, "-c", ""], check=False).returncode == 0


def leave_the_group(t):
    os.setpgid(0, os.getppid())
    return True


def outlive_the_parent(t):
    return LIBC.prctl(1, 0, 0, 0, 0) == 0  # PR_SET_PDEATHSIG: no signal


def share_memory(t):
    segment = LIBC.shmget(0, 4096, 0o600)  # 0: a new one, with no name
    LIBC.shmctl(segment, 0, None)  # 0: to be removed
    return segment >= 0


def keep_memory_in_a_file(t):
    return os.memfd_create("x") >= 0


def raise_a_limit(t):
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return True


def use_io_uring(t):
    parameters = ctypes.create_string_buffer(256)
    return LIBC.syscall(425, 4, parameters) >= 0  # the number is the same on every machine


def make_a_namespace(t):
    return LIBC.unshare(0x10000000) == 0  # CLONE_NEWUSER


def become_root(t):
    if os.getuid() != 0:
        os.setuid(0)
    return os.getuid() == 0


def use_an_inherited_descriptor(t):
    """Besides the three standard ones and the channel there must be none."""
    found = []
    for fd in range(4, 256):
        try:
            os.fstat(fd)
            found.append(fd)
        except OSError:
            continue
    return found


def find_it_in_an_object(t):
    """Other submissions, and whatever else the parent may have had in its memory, among Python's objects."""
    pending = gc.get_objects()
    frame = sys._getframe()
    while frame is not None:
        pending.extend(frame.f_locals.values())
        frame = frame.f_back
    for item in pending:
        inside = item.values() if type(item) is dict else item if type(item) in (list, tuple) else [item]
        for value in list(inside):
            if type(value) in (bytes, str) and _planted(value, t):
                return True
    return False


def find_it_in_the_heap(t, reach=24 * 2**20):
    """The same, among what has been freed: copies pages through a pipe, which says EFAULT where a page is missing."""
    receiving, sending = os.pipe()
    middle = id(object()) // 4096 * 4096
    for page in range(middle - reach, middle + reach, 4096):
        if LIBC.write(sending, ctypes.c_void_p(page), 4096) == 4096 and _planted(os.read(receiving, 4096), t):
            return True
    return False


ATTEMPTS = [
    use_an_inherited_descriptor,  # first, while none is open of the attempts' own
    read_a_file,
    read_a_hidden_check,
    read_a_file_in_c,
    list_a_folder,
    climb_through_proc,
    read_environments,
    read_command_lines,
    read_memory_of_another,
    copy_memory_of_another,
    trace_another,
    write_a_file,
    make_a_file,
    make_a_folder,
    move_a_file_out,
    move_a_file_in,
    delete_a_folder,
    make_a_folder_that_nobody_can_list,
    make_new_folders_unreadable,
    empty_a_file,
    change_the_mode_of_a_file,
    change_the_time_of_a_file,
    link_to_a_file,
    connect_by_tcp,
    send_by_udp,
    connect_to_an_abstract_socket,
    connect_to_a_socket_file,
    signal_another,
    signal_the_preloaded_process,
    have_the_kernel_signal_another,
    limit_another,
    slow_another_down,
    start_a_process,
    run_a_program,
    leave_the_group,
    outlive_the_parent,
    share_memory,
    keep_memory_in_a_file,
    raise_a_limit,
    use_io_uring,
    make_a_namespace,
    become_root,
    find_it_in_an_object,
    find_it_in_the_heap,
    delete_a_file,  # last: others need it
]


def succeeded(t):
    """The names of the attempts that succeed. Any exception at all means that one was refused."""
    found = []
    for attempt in ATTEMPTS:
        try:
            if attempt(t):
                found.append(attempt.__name__)
        except Exception:
            continue
    return found


def work():
    """What honest code does must go on working: compute, start a thread, write a file, import something late."""
    import threading

    import numpy as np

    sums = []
    thread = threading.Thread(target=lambda: sums.append(float(np.ones((50, 50)).sum())))
    thread.start()
    thread.join()
    os.makedirs("figures/deep", exist_ok=True)
    with open("figures/deep/notes.txt", "w") as file:
        file.write("x" * 1000)
    os.replace("figures/deep/notes.txt", "notes.txt")
    shutil.rmtree("figures")
    with open(os.devnull, "rb+") as null:
        null.write(b"x")
    import calendar

    return sums[0] + os.path.getsize("notes.txt") + calendar.FRIDAY  # 2500 + 1000 + 4


def _planted(text, t):
    """Whether what was planted is in `text`. Only its digest came here, or this would find its own argument."""
    if type(text) is str:
        text = text.encode(errors="replace")
    digests = (hashlib.sha256(found).hexdigest() for found in re.findall(rb"planted-([0-9a-f]{32})", text))
    return t["elsewhere"] in digests


def _names(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _content(path):
    try:
        with open(path, "rb") as file:
            return file.read(100_000).decode(errors="replace")
    except OSError:
        return ""


def _opens(path):
    try:
        open(path, "rb").close()
        return True
    except OSError:
        return False
