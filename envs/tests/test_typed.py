"""Sentences name commands and options as their reader types them, and the Makefile knows all of them by that name."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from envs import typed

ROOT = Path(__file__).parents[2]


@pytest.fixture
def by_make(monkeypatch):
    monkeypatch.setenv("MAKELEVEL", "1")


@pytest.fixture
def by_python(monkeypatch):
    monkeypatch.delenv("MAKELEVEL", raising=False)


def test_options_as_make_takes_them(by_make):
    assert typed.option("resume") == "RESUME=1" and typed.option("out", "…") == "OUT=…"
    assert typed.option("total-steps", 5000) == "STEPS=5000" and typed.setting("lr") == '(SETTINGS="lr=…")'
    there = "it's [x] here.safetensors"
    told = typed.command("play", "hw.play", task="reach", weights=there)
    assert shlex.split(told) == ["make", "play", "TASK=reach", f"WEIGHTS={there}"]


def test_options_as_python_takes_them(by_python, monkeypatch, tmp_path):
    assert typed.option("resume") == "--resume" and typed.setting("lr") == "(--lr)"
    monkeypatch.setattr(sys, "executable", str(tmp_path / "my venv/bin/python"))
    told = typed.command("train", "hw.train", total_steps=5)
    assert shlex.split(told) == [str(tmp_path / "my venv/bin/python"), "-m", "hw.train", "--total-steps", "5"]
    monkeypatch.chdir(tmp_path)
    assert shlex.split(typed.command("play", "hw.play"))[0] == "my venv/bin/python"


# In the code, every name that a sentence gives to `option`, and what the Makefile calls it.
NAMED = re.compile(r"""(?<!\w)option\(['"]([a-z-]+)['"]""")
IN_MAKE = re.compile(r"\$\(call (?:opts?|flag),([A-Z]+),(--[a-z-]+)\)")


def test_the_makefile_has_each_name_that_a_sentence_tells(by_make):
    known = {option: name for name, option in IN_MAKE.findall((ROOT / "Makefile").read_text())}
    known["--target"] = known.pop("--target").replace("CHECKED", "CODE")
    told: set[str] = set()
    for folder in ("envs", "solutions", "autograder/grader"):
        for path in (ROOT / folder).rglob("*.py"):
            if "tests" not in path.parts and path.name != "typed.py":
                told |= set(NAMED.findall(path.read_text(encoding="utf-8")))
    assert {"resume", "out", "weights", "target", "keep", "live"} <= told
    wrong = {name for name in told if typed.option(name, "x") != f"{known.get(f'--{name}')}=x"}
    assert not wrong
