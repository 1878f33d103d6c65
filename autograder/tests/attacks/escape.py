"""Leave the worker: each attempt of the canary as a submission of its own, and some that need more than a function."""

from pathlib import Path

from autograder.staff.hidden.sandbox import escapes

# "ESCAPED" in any report means that it worked.
ATTEMPT = """
def ANSWER(x):
    if {name}(@TARGETS@): raise ValueError("ESCAPED")
    raise ValueError("refused")
"""

ESCAPE = {
    "a daemon that goes on": """
        import os, time
        def ANSWER(x):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    while True: time.sleep(0.1)
            raise ValueError("ESCAPED")
    """,
    "a thread that goes on": """
        import threading, time
        def on():
            while True: time.sleep(0.01)
        threading.Thread(target=on).start()
        ANSWER = lambda x: None
    """,
    "a timer that goes off later": """
        import signal, os
        signal.signal(signal.SIGALRM, lambda *a: os.write(3, b"\\0\\0\\0\\1\\xc0"))
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.01)
        def ANSWER(x): __import__("time").sleep(0.2)
    """,
    "a process by clone": """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        def ANSWER(x):
            number = 56 if __import__("platform").machine() == "x86_64" else 220
            pid = libc.syscall(number, 17, 0, 0, 0, 0)
            if pid == 0: libc._exit(0)
            raise ValueError("ESCAPED" if pid > 0 else "refused")
    """,
    "a process by a call of the other word size": """
        import ctypes, mmap, platform
        def ANSWER(x):
            if platform.machine() != "x86_64": raise ValueError("refused")
            code = bytes.fromhex("b802000000cd80c3")  # mov eax, 2 (fork of the 32-bit table); int 0x80; ret
            page = mmap.mmap(-1, 4096, prot=7)
            page.write(code)
            call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
            pid = call()
            if pid == 0: __import__("os")._exit(0)
            raise ValueError("ESCAPED" if pid > 0 else "refused")
    """,
    "read the grader through its stdin and stdout": """
        import os
        def ANSWER(x):
            for fd in (0, 1, 2):
                if os.readlink(f"/proc/self/fd/{fd}") != "/dev/null": raise ValueError("ESCAPED")
            raise ValueError("refused")
    """,
    "read another submission": """
        import glob
        def ANSWER(x):
            places = ["/tmp/**/sums.py", "../*/*.py", "../../**/sums.py", "/autograder/submission/*"]
            for path in (path for place in places for path in glob.glob(place, recursive=True)):
                if "plan" "ted-" in open(path).read(): raise ValueError("ESCAPED")
            raise ValueError("refused")
    """,
    "read the scratch of the worker before": """
        import os
        def ANSWER(x):
            names = os.listdir("..") if os.access("..", os.R_OK) else []
            for n in range(1, 10**4):
                try: found = os.listdir(f"../{n}")
                except OSError: continue
                if os.path.realpath(f"../{n}") != os.getcwd(): raise ValueError("ESCAPED")
            raise ValueError("refused")
    """,
    "make a link to a file of the grader's": """
        import os
        def ANSWER(x):
            os.symlink("@SECRET_FILE@", "link")
            raise ValueError(open("link").read())
    """,
    "a file that is loaded next time": """
        import os, sys
        def ANSWER(x):
            for folder in [*sys.path, os.path.dirname(os.__file__), os.path.dirname(__import__("numpy").__file__)]:
                try: open(os.path.join(folder or ".", "sitecustomize_x.py"), "w").close()
                except OSError: continue
                raise ValueError("ESCAPED")
            raise ValueError("refused")
    """,
    "leave text in the message": """
        def ANSWER(x): raise ValueError(open("@SECRET_FILE@").read())
    """,
    "mount": """
        import ctypes
        libc = ctypes.CDLL(None)
        def ANSWER(x): raise ValueError("refused" if libc.mount(b"none", b"/tmp", b"tmpfs", 0, 0) else "ESCAPED")
    """,
    "a shell": """
        import os
        def ANSWER(x): raise ValueError("ESCAPED" if os.system("true") == 0 else "refused")
    """,
    "a pool of processes": """
        import multiprocessing
        def ANSWER(x):
            with multiprocessing.Pool(2) as pool: pool.map(abs, [1])
            raise ValueError("ESCAPED")
    """,
    "look up a name": """
        import socket
        def ANSWER(x):
            socket.getaddrinfo("localhost", 80)
            s = socket.socket(); s.close()
            raise ValueError("ESCAPED")
    """,
    "reach every process there is": """
        import os
        def ANSWER(x):
            os.kill(-1, 0)  # signal 0: asks whether it may, and harms nobody
            raise ValueError("ESCAPED")
    """,
    "change the priority of all": """
        import os
        def ANSWER(x):
            os.sched_setaffinity(os.getppid(), {0})
            raise ValueError("ESCAPED")
    """,
}


def attempts() -> dict[str, str]:
    """name -> code, for every attempt of the canary."""
    source = Path(escapes.__file__).read_text(encoding="utf-8")
    return {
        attempt.__name__.replace("_", " "): source + ATTEMPT.format(name=attempt.__name__)
        for attempt in escapes.ATTEMPTS
    }
