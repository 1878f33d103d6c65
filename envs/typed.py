"""Commands and options as the reader of a sentence types them: `make train RESUME=1`, or `python -m hw.train --resume`.

Which of the two: that in which this command was started.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

# What make calls an option, where that is not the option's own name in capitals.
MAKE_NAMES = {"total-steps": "STEPS", "target": "CODE", "source": "FROM"}


def by_make() -> bool:
    """Whether make started this command."""
    return "MAKELEVEL" in os.environ


def option(name: str, value: object = None) -> str:
    """`option("resume")` is RESUME=1 or --resume, `option("out", "…")` is OUT=… or --out …."""
    if by_make():
        return f"{MAKE_NAMES.get(name, name.upper())}={1 if value is None else _quoted(value)}"
    return f"--{name}" if value is None else f"--{name} {_quoted(value)}"


def setting(name: str) -> str:
    """`setting("lr")` is an option that make takes within SETTINGS="lr=…", or --lr."""
    return f'(SETTINGS="{name}=…")' if by_make() else f"(--{name})"


def command(target: str, module: str, **options: object) -> str:
    """A whole command: its target in the Makefile, the module (and subcommand) that it runs, its options."""
    start = f"make {target}" if by_make() else f"{python()} -m {module}"
    return " ".join([start, *(option(name.replace("_", "-"), value) for name, value in options.items())])


def python() -> str:
    """This Python, as it can be typed here."""
    path = Path(sys.executable)
    return _quoted(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _quoted(value: object) -> str:
    text = str(value)
    if text == "…":
        return text
    return subprocess.list2cmdline([text]) if sys.platform == "win32" else shlex.quote(text)
