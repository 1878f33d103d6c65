"""Grade as on the smallest machine that Gradescope offers: `python -m autograder.bench.small_machine`.

    make gradescope's zip  ->  the platform's folders  ->  run_autograder in a control group  ->  results.json

The limits are the kernel's own (Linux control groups, version 1 or 2), which takes an administrator.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.grader.handin.submission import build_submission
from autograder.grader.report import results
from autograder.staff.release import gradescope
from envs.errors import UserMistake
from envs.machine import describe_machine
from envs.terminal import command_line

ROOT = Path(__file__).resolve().parents[2]
CORES, MEGABYTES = 0.5, 768
GROUPS = Path("/sys/fs/cgroup")
PERIOD = 100_000  # microseconds; the kernel's own default
JOIN = 'for group in $GROUPS; do echo $$ > "$group/cgroup.procs" || exit 97; done; unset GROUPS; exec "$@"'


@dataclass(frozen=True)
class Group:
    """The folders of a control group: one in version 2, one for each controller in version 1."""

    folders: tuple[Path, ...]
    peak: Path  # the most memory it ever used, in bytes

    def command(self, words: list[str]) -> list[str]:
        """Those words, run inside the group with everything they start."""
        return ["env", f"GROUPS={' '.join(map(str, self.folders))}", "sh", "-c", JOIN, "sh", *words]


@contextmanager
def limited(cores: float = CORES, megabytes: int = MEGABYTES) -> Iterator[Group]:
    """A control group with these limits, removed at the end. Raises UserMistake where none can be made."""
    name, quota, memory = f"small-{os.getpid()}", f"{round(cores * PERIOD)}", f"{megabytes * 2**20}"
    if (GROUPS / "cgroup.controllers").is_file():
        group = Group((GROUPS / name,), GROUPS / name / "memory.peak")
        limits = [("cpu.max", f"{quota} {PERIOD}"), ("memory.max", memory), ("memory.swap.max", "0")]
        settings = [(GROUPS / name / file, value) for file, value in limits]
        before = [(GROUPS / "cgroup.subtree_control", "+cpu +memory")]
    else:
        cpu, mem = GROUPS / "cpu" / name, GROUPS / "memory" / name
        group = Group((cpu, mem), mem / "memory.max_usage_in_bytes")
        settings = [(cpu / "cpu.cfs_period_us", f"{PERIOD}"), (cpu / "cpu.cfs_quota_us", quota)]
        settings += [(mem / "memory.limit_in_bytes", memory), (mem / "memory.memsw.limit_in_bytes", memory)]
        before = []
    try:
        try:
            for file, value in before:
                file.write_text(value)
            for folder in group.folders:
                folder.mkdir()
            for file, value in settings:
                if file.is_file():  # swap is not counted everywhere
                    file.write_text(value)
        except OSError as error:
            raise UserMistake(
                f"This machine lets us set no limits ({error.strerror}): run it as an administrator on Linux."
            ) from None
        yield group
    finally:
        for folder in group.folders:
            _remove(folder)


def _remove(folder: Path) -> None:
    """A group can be removed once its last process has ended."""
    for _ in range(100):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return


def lay_out(root: Path, code: Path, weights: Path | None = None, minutes: float = 10.0) -> None:
    """The platform's folders in `root`, as it makes them from our zip and what a student with this `code` hands in."""
    gradescope.build(ROOT, root / "autograder.zip", minutes)
    build_submission(code, root / "submission.zip", weights)
    for archive, folder in (("autograder.zip", "source"), ("submission.zip", "submission")):
        with zipfile.ZipFile(root / archive) as opened:
            opened.extractall(root / folder)
    (root / "results").mkdir()
    shutil.copy(root / "source" / "run_autograder", root / "run_autograder")
    (root / "submission_metadata.json").write_text(json.dumps({"id": 1}))


def run_small(root: Path, cores: float = CORES, megabytes: int = MEGABYTES) -> dict[str, Any]:
    """Run what `lay_out` made, within the limits. Raises UserMistake where limits cannot be set or it ends badly."""
    start = time.monotonic()
    environment = {"AUTOGRADER_ROOT": str(root), "GRADER_PYTHON": sys.executable, "PATH": os.environ["PATH"]}
    with limited(cores, megabytes) as group:
        done = subprocess.run(
            group.command(["bash", str(root / "run_autograder")]),
            env=environment,
            capture_output=True,
            text=True,
        )
        peak = int(group.peak.read_text()) if group.peak.is_file() else None
    if done.returncode != 0:
        raise UserMistake(
            f"run_autograder ended with code {done.returncode}: {done.stderr.strip()[-300:] or 'no message'}"
        )
    content = json.loads((root / "results" / "results.json").read_text())
    return {
        "cores": cores,
        "memory (MB)": megabytes,
        "seconds": round(time.monotonic() - start, 1),
        "most memory used (MB)": peak and round(peak / 2**20),
        "score": content["score"],
        "of": round(sum(test["max_score"] for test in content["tests"]), 2),
        "outcomes": dict(Counter(test["extra_data"]["outcome"] for test in content["tests"])),
    }


def main(
    code: Path = ROOT / "solutions",
    weights: Path = ROOT / "solutions/results/reach/weights.safetensors",
    minutes: float = 10.0,
    cores: float = CORES,
    megabytes: int = MEGABYTES,
    json: Path | None = None,
) -> int:
    """Grade one submission on all checks as on Gradescope's smallest machine.

    Args:
        code: The folder with the student's files.
        weights: Handed in with them.
        minutes: The assignment's time limit.
        cores: What share of a core there is.
        megabytes: How much memory.
        json: Also write the figures to this file.
    """
    with tempfile.TemporaryDirectory(prefix="small-") as folder:
        os.chmod(folder, 0o755)
        lay_out(Path(folder), code, weights, minutes)
        figures = run_small(Path(folder), cores, megabytes)
    for name, value in figures.items():
        print(f"{name}: {value}")
    if json:
        results.write_json(json, {"made_by": describe_machine(), **figures})
    return 0


if __name__ == "__main__":
    try:
        sys.exit(command_line(main))
    except UserMistake as mistake:
        print(mistake, file=sys.stderr)
        sys.exit(2)
