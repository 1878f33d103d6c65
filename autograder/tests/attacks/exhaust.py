"""Use up memory, disk, threads, descriptors or time."""

# Those that lean on a limit which is not the same for every kind of user.
LIMITS = [
    "allocate at once",
    "threads without an end",
    "fork without an end",
    "open files without an end",
    "one large file",
    "files that are large together",
    "files without an end",
    "folders in folders",
]

EXHAUST = {
    "allocate at once": "ANSWER = lambda x: len(bytearray(10**11))",
    "allocate piece by piece": """
        def ANSWER(x):
            kept = []
            while True: kept.append(bytearray(2**24))
    """,
    "share memory with nobody": """
        import mmap
        def ANSWER(x):
            kept = []
            while True:
                kept.append(mmap.mmap(-1, 2**26))
                kept[-1][::4096] = b"x" * (2**26 // 4096)
    """,
    "keep memory in pipes": """
        import fcntl, os
        def ANSWER(x):
            while True:
                end = os.pipe()[1]
                os.set_blocking(end, False)
                os.write(end, b"x" * 2**16)
    """,
    "an array of 10**12 numbers": "import numpy as np\nANSWER = lambda x: np.ones(10**12)",
    "an array that promises more than it holds": """
        import numpy as np
        ANSWER = lambda x: np.broadcast_to(np.float64(1.0), (10**6, 10**6))
    """,
    "recurse": "def ANSWER(x): return ANSWER(x)",
    "recurse without a limit": """
        import sys
        sys.setrecursionlimit(2**31 - 1)
        def ANSWER(x): return repr(ANSWER(x))
    """,
    "recurse in the parser": "ANSWER = lambda x: eval('(' * 10**5 + ')' * 10**5)",
    "a text that grows": """
        def ANSWER(x):
            text = "x"
            while True: text += text
    """,
    "a message of a gigabyte": "def ANSWER(x): raise ValueError('x' * 2**29)",
    "a chain of ten thousand exceptions": """
        def ANSWER(x):
            last = None
            for i in range(10**4):
                error = ValueError(str(i)); error.__cause__ = last; last = error
            raise last
    """,
    "a traceback without an end": """
        def deeper(n):
            try: deeper(n + 1)
            except RecursionError as error: raise ValueError(n) from error
        def ANSWER(x): deeper(0)
    """,
    "loop": "def ANSWER(x):\n    while True: pass",
    "loop on import": "while True: pass",
    "loop where nothing interrupts": "ANSWER = lambda x: sum(iter(int, 1))",
    "loop and ignore signals": """
        import signal
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        def ANSWER(x):
            while True: pass
    """,
    "loop in a regular expression": "import re\nANSWER = lambda x: re.match('(a+)+$', 'a' * 60 + 'b')",
    "compute a large power": "ANSWER = lambda x: 7 ** (7 ** 12)",
    "loop in a destructor": """
        class Late:
            def __del__(self):
                while True: pass
        def ANSWER(x): Late()
    """,
    "loop in many threads": """
        import threading
        def loop():
            while True: pass
        def ANSWER(x):
            for _ in range(8): threading.Thread(target=loop).start()
            loop()
    """,
    "threads without an end": """
        import threading, time
        threading.stack_size(32768)
        def ANSWER(x):
            for n in range(10**5): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            raise ValueError("ESCAPED")
    """,
    "fork without an end": """
        import os
        def ANSWER(x):
            while True: os.fork()
    """,
    "open files without an end": """
        def ANSWER(x):
            kept = [open("/dev/null") for _ in range(10**5)]
            raise ValueError("ESCAPED")
    """,
    "one large file": """
        def ANSWER(x):
            with open("large", "wb") as file:
                while True: file.write(bytes(2**20))
    """,
    "files that are large together": """
        def ANSWER(x):
            for n in range(10**5):
                with open(f"large-{n}", "wb") as file: file.write(bytes(2**22))
            raise ValueError("ESCAPED")
    """,
    "files without an end": """
        def ANSWER(x):
            for n in range(10**7): open(str(n), "w").close()
            raise ValueError("ESCAPED")
    """,
    "folders in folders": """
        import os
        def ANSWER(x):
            for n in range(3000): os.mkdir("d"); os.chdir("d")
            raise ValueError("ESCAPED")
    """,
    "files with names that hurt": """
        import os
        def ANSWER(x):
            for name in ("-rf", "a\\nb", "\\x1b[2J", "\\udcff", "x" * 255): open(name, "w").close()
            raise ValueError("no harm done")
    """,
    "print without an end": """
        import os, sys
        def ANSWER(x):
            while True: print("x" * 10**6); os.write(2, b"x" * 10**6)
    """,
    "trickle bytes to the grader": """
        import os, time
        def ANSWER(x):
            os.write(3, b"\\0\\0\\xff\\0")
            while True: os.write(3, b"x"); time.sleep(0.05)
    """,
    "many handles": """
        class Thing: pass
        ANSWER = lambda x: [Thing() for _ in range(10**5)]
    """,
    "warn without an end": """
        import warnings
        warnings.simplefilter("always")
        def ANSWER(x):
            while True: warnings.warn("x" * 10**5)
    """,
}
