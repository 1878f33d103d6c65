"""A tiny course for the grader's own tests: two part files, parts.toml and course.toml, public and hidden checks."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from autograder.course.parts import Parts, read_parts
from autograder.grader.outside.direct import DirectTransport
from autograder.grader.plugin import CheckResult
from autograder.grader.running import run_checks

PARTS = """
[part.1]
title = "Sums"
file = "sums.py"
time_limit = 2
[part.1.sub]
1a = { title = "adding" }
1b = { title = "doubling" }

[part.2]
title = "Words"
file = "words.py"
time_limit = 2
[part.2.sub]
2a = { title = "shouting" }
"""

COURSE = """
[part.1]
points = { 1a = 4, 1b = 6 }
[part.2]
points = { 2a = 10 }
"""

SUMS = """
import numpy as np

from .kit.helpers import twice


def add(a, b):
    return a + b


def double(x):
    return twice(x)
"""

WORDS = """
def shout(text):
    return text.upper()
"""

KIT = """
def twice(x):
    return 2 * x
"""

PUBLIC = """
import numpy as np
from autograder.checks.checking import Rng, expect, expect_array, expect_close, subpart

@subpart("1a", hint="it is a plain sum")
def test_add(student):
    \"\"\"Two arrays are added element by element.\"\"\"
    total = expect_array(student.sums.add(np.ones(3), np.ones(3)), shape=(3,), name="add")
    expect_close(total, np.full(3, 2.0), "the sum is not a sum")

@subpart("1b")
def test_double(student):
    \"\"\"Doubling doubles.\"\"\"
    expect_close(student.sums.double(np.arange(3.0)), 2 * np.arange(3.0), "doubling does not double")
"""

PUBLIC_WORDS = """
from autograder.checks.checking import expect, subpart

@subpart("2a")
def test_shout(student):
    \"\"\"Shouting makes capitals.\"\"\"
    expect(student.words.shout("hey") == "HEY", "that is not shouting")
"""

HIDDEN = """
import numpy as np
from autograder.checks.checking import expect_close, subpart

@subpart("1a")
def test_add_fresh(student, fresh_rng):
    \"\"\"Adding fresh numbers.\"\"\"
    a, b = fresh_rng.normal(size=(2, 5))
    expect_close(student.sums.add(a, b), a + b, "the sum is not a sum", name="add")
"""


def pytest_configure(config: pytest.Config) -> None:
    """Check files are also imported by tests (`variants.py`), not only by the engine, which knows the mark."""
    config.addinivalue_line("markers", "subpart: which sub-part a check belongs to (see checking.py)")


class Assignment:
    """`hw/` and `checks/` under `root`; `write` replaces a file (relative to root)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.hw = root / "hw"
        self.write("parts.toml", PARTS)
        self.write("course.toml", COURSE)
        self.write("hw/__init__.py", "")
        self.write("hw/kit/__init__.py", "")
        self.write("hw/kit/helpers.py", KIT)
        self.write("hw/sums.py", SUMS)
        self.write("hw/words.py", WORDS)
        self.write("checks/public/test_sums.py", PUBLIC)
        self.write("checks/public/test_words.py", PUBLIC_WORDS)
        self.write("checks/hidden/test_sums.py", HIDDEN)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    @property
    def parts(self) -> Parts:
        return read_parts(self.root / "parts.toml")

    @property
    def roots(self) -> dict[str, Path]:
        return {"public": self.root / "checks/public", "hidden": self.root / "checks/hidden"}

    def check(self, text: str, **options: object) -> CheckResult:
        """The result of one check with this body, run by direct call."""
        body = "\n".join("    " + line for line in dedent(text).strip().splitlines())
        header = "import numpy as np\nfrom autograder.checks.checking import *\n"
        options_text = "".join(f", {name}={value!r}" for name, value in options.items())
        source = f"{header}\n@subpart('1a'{options_text})\ndef test_it(student):\n{body}\n"
        path = self.root / "one/public/test_one.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
        (result,) = self.run({"public": path.parent})
        return result

    def run(self, roots: dict[str, Path] | None = None, **options: object) -> list[CheckResult]:
        """All checks, by direct call."""
        modules = list(self.parts.modules)
        connect = lambda limit: DirectTransport(self.hw, modules, limit)  # noqa: E731
        return run_checks(roots or self.roots, connect, self.hw, self.parts, **options)


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    return Assignment(tmp_path)
