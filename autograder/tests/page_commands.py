"""The commands that the pages tell people to type, and whether each is understood where it is typed.

page --fences, code spans--> commands --make -n--> Python commands --parsed, not run--> what is wrong with each
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ELSEWHERE = {
    "hw",
    "out",
    "runs",
    "dist",
    "__pycache__",
    "node_modules",
}  # hw/ is generated, the rest was run or built
OURS = ("make", ".venv/bin/python", "python", "python3")
# Programs that are not ours and have no part in the kit's own commands.
OTHERS = ("sudo", "mkdir", "cp", ".venv/bin/dask", "xcode-select", "wsl", "gh", "apt-get", "pip", "uv")
# Modules without a command line of ours: they take no words, or have their own.
PLAIN = (
    "pytest",
    "ruff",
    "mypy",
    "pip",
    "autograder.staff.demo",
    "autograder.tests.fuzz",
    "autograder.tests.attacks",
)
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r"<!-- (if: .*|course: .*|end) -->")  # of a text that follows the course
_SPAN = re.compile(r"`([^`]+)`")


def pages() -> list[Path]:
    """Every page that is written by hand."""
    found = sorted(ROOT.rglob("*.md"))
    relative = [(path, path.relative_to(ROOT).parts) for path in found]
    return [path for path, parts in relative if not any(p in ELSEWHERE or p[0] == "." for p in parts)]


def commands(text: str) -> list[str]:
    """Those of a page: lines of fences without a language, and code spans that begin with a program of ours.

    Raises AssertionError for a line that is no command in such a fence.
    """
    found: list[str] = []
    for indent, language, body in _FENCE.findall(text):
        if language:
            continue
        lines = [line.removeprefix(indent) for line in body.splitlines() if line.strip()]
        lines = [line for line in lines if not _MARKER.fullmatch(line)]
        strange = [line for line in lines if _program(line) not in (*OURS, *OTHERS)]
        assert not strange, (
            f"no program of ours or of OTHERS; name the fence's language (text) if it is none: {strange[0]}"
        )
        found += lines
    prose = _FENCE.sub("", text)
    spans = (" ".join(span.split()) for span in _SPAN.findall(prose))
    return found + [span for span in spans if _program(span) in OURS and " " in span]


def misunderstood(lines: list[str], tree: Path) -> dict[str, str]:
    """The commands that would not do what they say in the kit or handout at `tree` -> why. None of them is run."""
    wrong: dict[str, str] = {}
    asked: dict[str, list[list[str]]] = {}
    for line in lines:
        if _program(line) == "make":
            done = _make(line, tree)
            bare = (
                len(line.split()) == 2 and "say which: " in done.stderr
            )  # it only names a target that takes more
            if done.returncode and not bare:
                wrong[line] = done.stderr.strip()
            printed = done.stdout.replace("\\\n", " ").splitlines()
            asked[line] = [words for one in printed if (words := _words(one))]
        elif _program(line) in OURS and (words := _words(line)):
            asked[line] = [words]
        elif _program(line) in OURS and not (tree / line.split()[1]).is_file():
            wrong[line] = f"there is no {line.split()[1]}"
    every = [words for found in asked.values() for words in found]
    answers = dict(zip(map(tuple, every), _parsed(every, tree), strict=True))
    for line, found in asked.items():
        if said := [answers[tuple(words)] for words in found if answers[tuple(words)]]:
            wrong[line] = said[0]
    return wrong


def _program(line: str) -> str:
    """The first word that is no assignment."""
    return next((word for word in line.split() if not re.match(r"[A-Z_]+=", word)), "")


def _words(line: str) -> list[str]:
    """The module and its words in a line with `python -m`; [] for any other line."""
    found = re.match(r"\s*(?:@|[A-Z_]+=\S+ )*(?:\S*/)?python3? -m (.*)", line.split("||")[0])
    return shlex.split(found[1], comments=True) if found else []


def _make(line: str, tree: Path) -> subprocess.CompletedProcess[str]:
    words = ["make", "-n", *shlex.split(line, comments=True)[1:]]
    return subprocess.run(words, cwd=tree, capture_output=True, text=True, timeout=60)


def _parsed(every: list[list[str]], tree: Path) -> list[str]:
    """What each command line says of these words; "" if it takes them."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, __file__], input=json.dumps(every), cwd=tree, env=env | {"OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers: list[str] = json.loads(done.stdout.splitlines()[-1])
    return answers


class _Understood(BaseException):
    """Raised where a command would begin: no `except Exception` of its main function swallows it."""


def _parse_only() -> None:
    """In a process of its own, in the tree's folder: read command lines from stdin, print what each says."""
    import contextlib
    import functools
    import importlib.util
    import io
    import runpy

    sys.path[0] = ""
    import tyro

    real, real_subcommands = tyro.cli, tyro.extras.subcommand_cli_from_dict

    def begun(function):
        @functools.wraps(function)
        def instead(*args, **kwargs):
            raise _Understood

        return instead

    def cli(what, **options):
        real(what if isinstance(what, type) else begun(what), **options)
        raise _Understood

    def subcommands(known, **options):
        real_subcommands({name: begun(one) for name, one in known.items()}, **options)
        raise _Understood

    tyro.cli, tyro.extras.subcommand_cli_from_dict = cli, subcommands
    answers = []
    for module, *words in json.load(sys.stdin):
        sys.argv = [module, *words]
        said = io.StringIO()
        try:
            if module in PLAIN:
                assert importlib.util.find_spec(module), f"there is no module {module}"
            else:
                with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                    runpy.run_module(module, run_name="__main__", alter_sys=True)
                answers.append(f"python -m {module} has no command line of the kit's")
                continue
            answers.append("")
        except _Understood:
            answers.append("")
        except (Exception, SystemExit) as error:
            answers.append(f"{said.getvalue().strip()} ({type(error).__name__}: {error})")
    print(json.dumps(answers))


if __name__ == "__main__":
    _parse_only()
