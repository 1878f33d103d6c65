"""How much can a hidden check's line carry out? A submission that tries each way, and what is left in bits.

A submission knows the hidden inputs while it is asked, and chooses what it answers; whoever reads its line afterwards
learns what it chose. Here a hidden check asks for a signal of each number from 0 to 63, and each way makes another one
of each number. If n different lines come of it, that way carries log2(n) bits a check. Beside what was measured stands
the bound for any way: the number of lines that there can be at all.
"""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from textwrap import dedent

from autograder.grader.grading import Grader
from autograder.grader.inside.confine.layers import Layers
from autograder.grader.outcomes import Outcome
from autograder.grader.report import page, results
from autograder.grader.report.grade import Grade
from autograder.grader.sentences import owned
from autograder.grader.student import LONGEST_FILE, SHOWN_ERRORS
from autograder.staff.hidden import ROOTS
from autograder.staff.hidden.sandbox.canary import escaped
from autograder.tests.attacks.fields import sending
from autograder.tests.conftest import PARTS, WORDS, Assignment

NUMBERS = 64
CHECK = """
import pytest
from autograder.checks.checking import expect, expect_array, expect_close, subpart

@subpart("1a", time_limit=0.3)
@pytest.mark.parametrize("n", range({numbers}))
def test_signal(student, n):
    signal = student.sums.signal(n)
    expect_array(signal, shape=(n, -1), name="signal")
    expect(False, f"the signal is {{signal}}")
"""


def _forging(fields: str) -> str:
    return sending(f"framed(problem({fields}))").replace("ANSWER", "signal")


# Each defines signal(n), which tries to tell n to whoever reads the line.
WAYS = {
    "the text of an exception": "def signal(n): raise ValueError(f'n is {n}')",
    "the id of a placeholder": "def signal(n): raise NotImplementedError(f'TODO({n}a): to do')",
    "digits in a placeholder": "def signal(n): raise NotImplementedError('TODO(' + str(n) * 200 + 'a)')",
    "ids of placeholders that exist": """
        def signal(n): raise NotImplementedError(f"TODO({['1a', '1b', '2a'][n % 3]})")
    """,
    "the type of an exception": "def signal(n): raise type(f'E{n}', (Exception,), {})",
    "the builtin type of an exception": """
        import builtins
        kinds = [k for k in vars(builtins).values() if isinstance(k, type) and issubclass(k, Exception)]
        kinds = [k for k in kinds if not issubclass(k, (UnicodeError, BaseExceptionGroup))]
        def signal(n): raise kinds[n % len(kinds)]("x")
    """,
    "lines that the file does not have": """
        def signal(n): exec(compile("\\n" * (10**6 + n) + "raise ValueError", __file__, "exec"))
    """,
    "lines that the file has": """
        def signal(n): exec(compile("\\n" * n + "raise ValueError", __file__, "exec"))
    """,
    "lines of a long file": """
        def signal(n): exec(compile("\\n" * n * 100 + "raise ValueError", __file__, "exec"))
    """,
    "lines and types": """
        def signal(n):
            kind = ["ValueError", "TypeError", "KeyError", "IndexError"][n // 16 % 4]
            exec(compile("\\n" * (n % 16) + f"raise {kind}", __file__, "exec"))
    """,
    "a syntax error": """
        def signal(n):
            error = SyntaxError("x"); error.filename, error.lineno = __file__, n * 10**4
            raise error
    """,
    "the exit code": "import os\ndef signal(n): os._exit(n)",
    "the signal it dies of": """
        import os, signal as s
        def signal(n):
            number = 1 + n % 63
            s.signal(number, s.SIG_DFL) if number not in (9, 19, 32, 33) else None
            os.kill(os.getpid(), number)
    """,
    "the shape of an array": "import numpy as np\ndef signal(n): return np.zeros((n, n + 1))",
    "the axes of an array": "import numpy as np\ndef signal(n): return np.zeros((1,) * (n % 8))",
    "the dtype of an array": """
        import numpy as np
        def signal(n): return np.zeros(3, ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "?"][n % 11])
    """,
    "an array that cannot cross": "import numpy as np\ndef signal(n): return np.zeros(n + 1, dtype=f'V{n + 1}')",
    "what cannot cross": "def signal(n): return [2**70, [[]], {(): 1}, chr(0xD800), 1j, object()][n % 6]",
    "the type of an object": "def signal(n): return type(f'T{n}', (), {})()",
    "the known type of an object": """
        import builtins
        names = sorted(vars(builtins))
        def signal(n): return type(names[n], (), {})()
    """,
    "the type of a value": "def signal(n): return [None, 1, 1.5, 'x', b'x', [], (), {}][n % 8]",
    "the value": "def signal(n): return n",
    "an argument's number": "UNUSED = 1\n"
    + sending("framed(problem(kind='edited', argument=x))").replace("ANSWER", "signal"),
    "seconds of sleep": "import time\ndef signal(n): time.sleep(n / 1000); return n",
    "seconds of computing": """
        import time
        def signal(n):
            end = time.process_time() + n / 1000
            while time.process_time() < end: pass
            raise ValueError
    """,
    "whether it ends": "def signal(n):\n    while n % 32 == 0: pass\n    return n",
    "the name that is missing": "def signal(n): return globals()[f'n{n}']",
    "the file of an error": "def signal(n): exec(compile('raise ValueError', f'/x/{n}.py', 'exec'))",
    "a file of the kit": """
        def signal(n): exec(compile("\\n" * n + "raise ValueError", __file__.replace("sums", "words"), "exec"))
    """,
    "what it prints": "def signal(n): print(n); raise ValueError",
    "a warning": "import warnings\ndef signal(n): warnings.warn(str(n)); raise ValueError",
    "forged text": sending("framed(problem(kind='raised', text=str(x), type_name=str(x)))").replace(
        "ANSWER", "signal"
    ),
    "forged kinds": sending(
        "framed(problem(kind=['not attempted', 'raised', 'no import', 'no file', 'no name', 'unusable',"
        " 'read-only', 'edited'][x % 8]))"
    ).replace("ANSWER", "signal"),
    "bytes that are no answer": "import os\ndef signal(n): os.write(3, bytes([0, 0, 0, n] + [n] * n))",
    "full disk": "def signal(n): open('f', 'wb').write(bytes(2**20 * (n + 40))); raise ValueError",
}


def measure(
    layers: Layers | None = None, numbers: int = NUMBERS, ways: list[str] | None = None
) -> dict[str, object]:
    """Way -> how many different lines it made of `numbers` numbers, "all" of them together, and the bounds in bits."""
    lines: dict[str, set[str]] = {}
    elsewhere: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory(prefix="capacity-") as folder:
        course = Assignment(Path(folder, "course"))
        course.write("parts.toml", PARTS)
        for name in ("public/test_sums.py", "public/test_words.py", "hidden/test_sums.py"):
            (course.root / "checks" / name).unlink()
        course.write("checks/hidden/test_signal.py", CHECK.format(numbers=numbers))
        files = Path(folder, "submission")
        files.mkdir()
        (files / "words.py").write_text(WORDS)
        with Grader(course.hw, course.roots, course.parts, canary=escaped, layers=layers) as grader:
            for way in ways or list(WAYS):
                code = dedent(WAYS[way])
                (files / "sums.py").write_text(
                    code + "#\n" * (10_000 if way.startswith("lines of a long") else 80)
                )
                grade = grader.grade(files, seed=1)
                shown = [_shown(grade, i) for i in range(len(grade.results))]
                assert len(shown) == numbers
                lines[way] = set(shown)
                elsewhere[way] = _elsewhere(grade)
    everything = set().union(*lines.values())
    return {
        "ways": {way: len(found) for way, found in lines.items()},
        "different lines": len(everything),
        "bits measured": round(math.log2(len(everything)), 1),
        "bits at most": bound(),
        "elsewhere": {way: found for way, found in elsewhere.items() if found},
        "lines": sorted(everything),
    }


def _shown(grade: Grade, index: int) -> str:
    """All that a student sees of one check, without its name."""
    test = results.gradescope(grade)["tests"][index]
    kept = {k: v for k, v in test.items() if k not in ("name", "number", "extra_data")}
    return json.dumps([kept, test["extra_data"]["outcome"]])


def _elsewhere(grade: Grade) -> list[str]:
    """Figures on the page or in results.json that the submission may have chosen."""
    report = results.gradescope(grade)
    odd = [word for word in ("seconds", "execution_time") if word in json.dumps(report)]
    return odd + ([] if " s;" not in page.feedback(grade) else ["seconds on the page"])


def bound() -> dict[str, float]:
    """Bits that a hidden check's line can carry at the very most: for each file of hidden checks, and for the files as
    a student has them (150 lines) and as long as they may get."""
    hidden = ROOTS["hidden"]
    found = {}
    for path in sorted(hidden.glob("test_*.py")) if hidden.is_dir() else []:
        for lines in (150, LONGEST_FILE):
            raised = 2 * (lines + 1) * (len(SHOWN_ERRORS) + 1)  # raised, and cannot be imported
            sentences = len(owned(path))
            others = 40 + len(Outcome)  # placeholders, and the engine's own sentences
            found[f"{path.name}, {lines} lines"] = round(math.log2(raised + sentences + others), 1)
    return found
