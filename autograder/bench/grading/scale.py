"""Ten thousand submissions: does the batch's own work hold? Checks are recorded; all else is real.

build --> a run, killed in the middle --> the same command again, to the end --> once more, with nothing to do
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from autograder.bench.grading.recorded import RecordedPool
from autograder.course import parts
from autograder.grader.outside.tree import ROOT
from autograder.grader.running import check_files
from autograder.staff.batch.run import Course, grade_class
from autograder.staff.batch.show import Quiet
from autograder.staff.hidden import ROOTS
from autograder.staff.made_class.kinds import build_class

MB = 1e6


def course() -> Course:
    """The course as it is in this repository."""
    return Course(ROOT / "hw", ROOTS, parts.read_parts(), parts.PARTS_FILE)


def measure_scale(count: int, seed: int, similarity: bool, kept: Path | None = None) -> dict[str, Any]:
    """The figures of one simulation with `count` submissions; its files stay in `kept` if that is given."""
    with tempfile.TemporaryDirectory(prefix="scale-") as name:
        folder = kept or Path(name)
        source, out = folder / "class", folder / "out"
        start = time.monotonic()
        kinds = build_class(source, count, seed, ROOT / "solutions", course().parts)
        built = time.monotonic() - start
        killed_at = _killed_at_half(source, out, count)
        resumed = _run(source, out, similarity)
        before = _hash(out / "grades.csv")
        again = _run(source, out, similarity)
        return {
            "submissions": count,
            "kinds": kinds,
            "seed": seed,
            "seconds": {
                "building the class": round(built, 1),
                "first run, until it was killed": round(killed_at, 1),
                "resumed: until grading went on": round(resumed["until_grading"], 2),
                "resumed: all": round(resumed["all"], 1),
                "nothing to do: until that was known": round(again["until_grading"], 2),
                "nothing to do: all, with tables and report": round(again["all"], 1),
            },
            "check files graded after the kill": resumed["graded"],
            "grades.csv unchanged by another run": before == _hash(out / "grades.csv"),
            "memory (MB)": {
                "a tenth graded": resumed["tenth"],
                "all graded": resumed["end"],
                "peak": resumed["peak"],
            },
            "sizes (MB)": {
                name: round((out / name).stat().st_size / MB, 2)
                for name in ("state.sqlite", "grades.csv", "canvas.csv", "report.html")
            },
            "browser, until the report is laid out (s)": _browser(out / "report.html"),
            "core hours of the recorded checks": round(resumed["recorded"] / 3600, 1),
        }


class _Watch(Quiet):
    """Times and memory at the stages of a run; writes how far the run is, so that it can be killed half-way."""

    def __init__(self, mark: Path) -> None:
        self.start = time.monotonic()
        self.until_grading = 0.0
        self.tenth = self.end = 0.0
        self._mark = mark
        self._stage, self._total, self._done = "", 0, 0

    def stage(self, name: str, total: int) -> None:
        self._stage, self._total, self._done = name, total, 0
        if name == "grading":
            self.until_grading = time.monotonic() - self.start
        elif name == "writing":
            self.end = _resident()

    def advance(self, what: str) -> None:
        self._done += 1
        if self._stage == "grading" and self._done % 20 == 0:
            self._mark.write_text(str(self._done))
            if self.tenth == 0.0 and self._done * 10 >= self._total:
                self.tenth = _resident()


def run_recorded(source: Path, out: Path, similarity: bool) -> None:
    """One run with a recorded pool; prints its figures as JSON. It is a process of its own, to be killed."""
    watch, pools = _Watch(out.with_name("mark")), []

    def pool(setup: dict[str, Any]) -> RecordedPool:
        pools.append(RecordedPool(setup))
        return pools[-1]

    ended = grade_class(
        source, out, course(), jobs=1, seed=1, similarity=similarity, show=watch, pool_maker=pool
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {
        "until_grading": watch.until_grading,
        "all": time.monotonic() - watch.start,
        "graded": ended.graded_now,
        "tenth": round(watch.tenth),
        "end": round(watch.end),
        "peak": round(peak),
        "recorded": pools[0].seconds,
    }
    print(json.dumps(figures))


def _command(source: Path, out: Path, similarity: bool) -> list[str]:
    flag = "--similarity" if similarity else "--no-similarity"
    return [sys.executable, "-m", "autograder.bench.grading", "recorded-run", str(source), str(out), flag]


def _run(source: Path, out: Path, similarity: bool) -> dict[str, Any]:
    done = subprocess.run(_command(source, out, similarity), cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _killed_at_half(source: Path, out: Path, count: int) -> float:
    """Seconds until about half of the check files were graded and it was killed."""
    out.mkdir(parents=True)
    mark = out.with_name("mark")
    half = count * len(check_files(ROOTS)) // 2
    start = time.monotonic()
    process = subprocess.Popen(_command(source, out, False), cwd=ROOT, stdout=subprocess.DEVNULL)
    while process.poll() is None and (not mark.is_file() or int(mark.read_text() or 0) < half):
        time.sleep(0.05)
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return time.monotonic() - start


def _browser(page: Path) -> float | None:
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    program = next((path for name in names if (path := shutil.which(name))), None)
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as profile:
        flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={profile}",
            "--window-size=390,900",
        ]
        start = time.monotonic()
        shot = f"--screenshot={profile}/page.png"
        subprocess.run([program, *flags, shot, page.resolve().as_uri()], capture_output=True, timeout=300)
        return round(time.monotonic() - start, 1)


def _resident() -> float:
    """MB of memory that this process holds now; 0 if the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * resource.getpagesize() / 2**20


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
