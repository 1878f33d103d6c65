"""What confinement costs a check: `python -m autograder.bench.confine --json FILE`.

The same call is made directly, in a separate process without confinement, and in a confined one, in turns, so that
whatever else the machine does meets all three. A separate process is fresh for each call: fork, confine, import, call
and end.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.course.parts import read_parts
from autograder.grader.inside.confine.layers import NONE
from autograder.grader.outside import probe
from autograder.grader.outside.direct import DirectTransport
from autograder.grader.outside.process import WorkerHost
from autograder.grader.outside.tree import build_base
from autograder.grader.report import results
from autograder.grader.student import Student
from envs.machine import describe_machine
from envs.terminal import command_line

_CODE = "import numpy as np\n\n\ndef double(x):\n    return 2 * np.asarray(x)\n"


def measure(pristine: Path, rounds: int) -> dict[str, Any]:
    """Milliseconds for one call in a check of its own: median and 90th percentile for each way."""
    import numpy as np

    parts = read_parts()
    part = next(iter(parts.modules))
    layers = probe.best()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))) / "measured"
        folder.mkdir()
        (folder / f"{part}.py").write_text(_CODE, encoding="utf-8")

        def host(which: Any) -> WorkerHost:
            base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="base-")))
            preload = build_base(base, pristine, parts)
            return stack.enter_context(
                WorkerHost(base, pristine.resolve().name, list(parts.modules), preload, which)
            )

        bare, confined = host(NONE), host(layers)
        ways: dict[str, Callable[[], Any]] = {
            "direct": lambda: DirectTransport(folder, list(parts.modules), 5.0),
            "separate process": lambda: bare.connect(folder, 5.0),
            "confined process": lambda: confined.connect(folder, 5.0),
        }
        spent: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rounds + 1):
            for name, connect in ways.items():
                start = time.perf_counter()
                transport = connect()
                assert Student(transport, parts.modules).module(part).double(np.ones(3))[0] == 2.0
                transport.close()
                if number:  # the first starts the preloaded process
                    spent[name].append(1000 * (time.perf_counter() - start))
    cost = {
        name: {
            "median_ms": round(statistics.median(all_), 2),
            "p90_ms": round(sorted(all_)[int(0.9 * len(all_))], 2),
        }
        for name, all_ in spent.items()
    }
    more = cost["confined process"]["median_ms"] - cost["direct"]["median_ms"]
    return {
        "layers": layers.name,
        "rounds": rounds,
        "cost": cost,
        "confined_minus_direct_ms": round(more, 2),
        "machine": describe_machine(),
    }


def main(pristine: Path = Path("hw"), rounds: int = 50, json: Path | None = None) -> None:
    """Measure what confinement costs a unit check.

    Args:
        pristine: The untouched starter; what it imports is preloaded.
        rounds: How many calls in each way.
        json: Also write the figures here.
    """
    figures = measure(pristine, rounds)
    print(f"layers: {figures['layers']}")
    for name, cost in figures["cost"].items():
        print(f"{name:>18}: median {cost['median_ms']:6.1f} ms, 90 % below {cost['p90_ms']:6.1f} ms")
    print(f"a confined check costs {figures['confined_minus_direct_ms']:.1f} ms more than a direct call")
    if json is not None:
        results.write_json(json, figures)


if __name__ == "__main__":
    command_line(main)
