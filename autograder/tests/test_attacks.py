"""The corpus of attacks, handed in as root and as an ordinary user, with and without bubblewrap: none gets anything."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder.grader.inside.confine.layers import NONE
from autograder.grader.outside import probe
from autograder.tests import ordinary_user
from autograder.tests.attacks.exhaust import LIMITS
from autograder.tests.attacks.running import attacks, hand_in

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the corpus needs /proc")

# Everything is handed in once; what depends on who runs it and on which layers there are, in every setting.
EVERYWHERE = ["escape: ", *(f"exhaust: {name}" for name in LIMITS)]
SETTINGS = {
    ("this user", "best"): [""],
    ("this user", "bare"): EVERYWHERE,
    ("an ordinary user", "best"): [*EVERYWHERE, "field: "],
    ("an ordinary user", "bare"): EVERYWHERE,
}

# With confinement off these must succeed, or the corpus would prove nothing. None of them does any harm.
SUCCEED = """read a file|read a hidden check|read a file in c|list a folder|read environments|write a file
make a file|change the mode of a file|connect by tcp|send by udp|connect to an abstract socket|connect to a socket file
signal another|start a process|run a program|share memory|keep memory in a file|outlive the parent""".replace(
    "\n", "|"
).split("|")


@functools.cache
def _handed_in(user: str, layers: str) -> dict[str, Any]:
    """The output of the corpus in one setting; a test skips where the setting is not to be had."""
    around: list[str] = []
    if user == "an ordinary user":
        if os.geteuid() != 0:
            pytest.skip("this is an ordinary user already")
        try:
            around = ordinary_user.command()
        except RuntimeError as reason:
            pytest.skip(str(reason))
    done = subprocess.run(
        [*around, sys.executable, "-B", "-m", "autograder.tests.attacks", layers, *SETTINGS[user, layers]],
        cwd=ordinary_user.ROOT,
        env=os.environ | {"HOME": "/tmp"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.stdout.startswith("{"), done.stderr[-2000:]
    output = json.loads(done.stdout)
    if "refused" in output:
        pytest.skip(f"too weak a sandbox to try: {output['refused']}")
    return output


@pytest.mark.slow
@pytest.mark.parametrize(("user", "layers"), SETTINGS)
def test_no_attack_gets_anything(user: str, layers: str) -> None:
    output = _handed_in(user, layers)
    wanted = [name for name in attacks() if name.startswith(tuple(SETTINGS[user, layers]))]
    assert all(any(name.startswith(group) for name in wanted) for group in SETTINGS[user, layers])
    assert [report["name"] for report in output["reports"]] == wanted
    assert (output["uid"] == 0) == (user == "this user" and os.geteuid() == 0)
    assert ("bubblewrap" in output["layers"]) == (layers == "best" and probe.best().bubblewrap)
    gained = {report["name"]: report["problems"] for report in output["reports"] if report["problems"]}
    assert not gained


@pytest.mark.slow
def test_with_confinement_off_the_attacks_succeed(tmp_path: Path) -> None:
    reports = hand_in(NONE, [f"attempt: {name}" for name in SUCCEED], allow_weak_sandbox=True)
    found = {report.name.removeprefix("attempt: "): report.problems for report in reports}
    assert {name for name in SUCCEED if "got out" not in found[name]} == set()
    # And yet no point is to be had: the verdict is reached in another process.
    assert not [report.name for report in reports if any("points" in problem for problem in report.problems)]
