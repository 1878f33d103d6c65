"""The facts beside a measured figure: they name the command, and no folder of the machine it ran on."""

import json
import re
import sys
from pathlib import Path

import pytest

from envs.machine import ROOT, describe_machine


@pytest.mark.parametrize(
    "word, written",
    [
        (str(ROOT / "solutions/results/push/a.json"), "solutions/results/push/a.json"),
        (f"--json={ROOT / 'a.json'}", "--json=a.json"),
        (str(Path(ROOT.anchor, "elsewhere", "a.json")), "a.json"),
        (f"--json={Path(ROOT.anchor, 'elsewhere', 'a.json')}", "--json=a.json"),
        ("runs/a.json", "runs/a.json"),
        ("updates-per-step=1", "updates-per-step=1"),
    ],
)
def test_a_command_is_one_that_can_be_typed_on_any_machine(monkeypatch, word, written):
    monkeypatch.setattr(sys, "argv", ["a.py", "--seed", "3", word])
    assert describe_machine()["command"].endswith(f" --seed 3 {written}")


def test_no_committed_figure_names_a_folder_of_a_machine():
    folders = ("solutions/results", "autograder/bench/results", "autograder/staff")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.json")]
    assert len(files) > 50
    for path in files:
        content = json.loads(path.read_text(encoding="utf-8"))
        command = content.get("made_by", {}).get("command", "") if isinstance(content, dict) else ""
        assert not re.search(r"(^|[\s='\"])(/|[A-Z]:\\)", command), f"{path}: {command}"
