"""Answer the grader with nonsense. The channel is descriptor 3."""

from pathlib import Path

from autograder.tests import forging

_SEND = (
    Path(forging.__file__)
    .read_text(encoding="utf-8")
    .replace("from __future__ import annotations", "import os")
)


def sending(expression: str, after: str = "import time; time.sleep(0.2); os._exit(0)") -> str:
    return f"{_SEND}\ndef ANSWER(x):\n    os.write(3, {expression})\n    {after}\n"


SPEAK = {
    "announce 4 GB": sending('b"\\xff\\xff\\xff\\xff"'),
    "announce and stop": sending('b"\\0\\0\\1\\0abc"'),
    "an empty frame": sending('framed(b"")'),
    "no msgpack": sending('framed(b"\\xc1" * 100)'),
    "a pickle": sending('framed(__import__("pickle").dumps(print))'),
    "another shape of message": sending('framed(msgpack.encode({"value": 1}))'),
    "a value and more": sending(
        'framed(answer(type="returned", value=msgpack.encode([b"\\xc0", []]), score=10, outcome="passed"))'
    ),
    "claim to have passed": sending('framed(problem(kind="passed"))'),
    "claim that the grader could not run": sending('framed(problem(kind="could not run"))'),
    "claim a placeholder in another part": sending(
        'framed(problem(kind="not attempted", text="TODO(9z): pass me"))'
    ),
    "a problem of no kind": sending(
        'framed(problem(kind={"a": [1]}, text={"b": 2}, type_name=[3], line="x"))'
    ),
    "an array of objects": sending('framed(returned(array("|O", [1]), [b"12345678"]))'),
    "an array of -1": sending('framed(returned(array("<f8", [-1]), [b""]))'),
    "an array of 2**62 by 4": sending('framed(returned(array("<f8", [2**62, 4]), [b""]))'),
    "an array of forty axes": sending('framed(returned(array("<f8", [1] * 40), [b"12345678"]))'),
    "a thousand arrays of one blob": sending('framed(returned([array("<f8", [1])] * 1000, [b"12345678"]))'),
    "an array of no blob": sending('framed(returned(array("<f8", [1], 77), [b"12345678"]))'),
    "a shape with text in it": sending('framed(returned(array("<f8", ["3"]), [b"12345678"]))'),
    "nested a hundred thousand times": sending('framed(packed(b"\\x91" * 100_000 + b"\\xc0"))'),
    "a list that promises four billion": sending('framed(packed(b"\\xdd\\xff\\xff\\xff\\xff"))'),
    "a time stamp": sending(
        'framed(returned(__import__("datetime").datetime.now(__import__("datetime").UTC)))'
    ),
    "an unknown extension": sending('framed(returned(msgpack.Ext(99, b"x")))'),
    "keys that are equal": sending('framed(packed(b"\\x82\\xa1a\\x01\\xa1a\\x02"))'),
    "answer a hundred times": sending("framed(returned(0)) * 100", "return 0"),
    "close the channel": "import os\ndef ANSWER(x): os.close(3)",
    "hold the channel open from a thread": """
        import os, threading, time
        def ANSWER(x):
            copy = os.dup(3)
            threading.Thread(target=time.sleep, args=(60,)).start()
            raise SystemExit
    """,
    "a message of the length of a book": "def ANSWER(x): raise ValueError('<script>alert(1)</script>' * 10**5)",
    "control characters": "def ANSWER(x): raise ValueError('\\x1b[2J\\x07\\r\\n\\u202e evil')",
    "a type named like a tag": "def ANSWER(x): raise type('<img src=x onerror=alert(1)>', (Exception,), {})",
    "a file name of another": """
        def ANSWER(x): exec(compile("raise ValueError", "/etc/passwd", "exec"))
    """,
    "numbers beyond 64 bits": "ANSWER = lambda x: 2**70",
    "a list that holds itself": "def ANSWER(x):\n    a = []; a.append(a)\n    return a",
    "text that is no Unicode": "ANSWER = lambda x: chr(0xDCFF)",
    "a dict with keys of its own": "ANSWER = lambda x: {(1, 2): 3, None: 4}",
    "an array of objects by value": "import numpy as np\nANSWER = lambda x: np.array([print, open], dtype=object)",
    "an array of records": "import numpy as np\nANSWER = lambda x: np.zeros(3, dtype=[('a', 'f8'), ('b', 'O')])",
    "an array of times": "import numpy as np\nANSWER = lambda x: np.zeros(3, dtype='M8[s]')",
    "forty axes": "import numpy as np\nANSWER = lambda x: np.zeros((1,) * 40)",
}
