"""Submissions that are the solution but for one hole, to test the checks: wrong ones must fail, right ones must pass.

    (sub-part, code for its hole) --submission--> folder --outcomes--> how the checks of some sub-parts ended
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

from autograder.engine.direct import DirectTransport
from autograder.engine.parts import read_parts
from autograder.engine.plugin import CheckResult
from autograder.engine.running import run_checks

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Variant:
    """One hole filled differently. `code` stands where the solution's lines stood, at indentation 0."""

    subpart: str
    name: str
    code: str
    header: str = ""  # helpers, at the end of the file

    def __str__(self) -> str:
        return f"{self.subpart} {self.name}"


class Bench:
    """Runs the checks of one part file (`policy`), and those alone, on variants of it; `root` is a folder to work in."""

    def __init__(self, module: str, root: Path) -> None:
        self.module, self.root = module, root
        self.parts = read_parts()
        self.made = 0
        self.roots = {name: root / "checks" / name for name in ("public", "hidden")}
        for name, folder in self.roots.items():
            folder.mkdir(parents=True)
            shutil.copy(ROOT / "autograder/checks" / name / f"test_{module}.py", folder)

    def submission(self, *variants: Variant) -> Path:
        """A fresh folder with the solution, except for the holes that the variants fill."""
        self.made += 1  # a folder of its own: bytecode caches go by size and second
        folder = self.root / f"submission_{self.made}"
        ignore = shutil.ignore_patterns("__pycache__", "tests")
        shutil.copytree(ROOT / "solutions", folder, ignore=ignore)
        path = folder / f"{self.module}.py"
        source = path.read_text(encoding="utf-8")
        for variant in variants:
            source = fill(source, variant.subpart, variant.code) + "\n\n" + dedent(variant.header)
        path.write_text(source, encoding="utf-8")
        return folder

    def run(self, *variants: Variant, only: str | None = None, seed: int = 0) -> list[CheckResult]:
        """How each check ended on the solution with these holes filled differently; `only`: of that sub-part."""
        folder = self.submission(*variants)
        modules = list(self.parts.modules)
        return run_checks(
            self.roots,
            lambda limit: DirectTransport(folder, modules, limit),
            folder,
            self.parts,
            selection=frozenset({only}) if only else None,
            seed=seed,
        )


def fill(source: str, subpart: str, code: str) -> str:
    """`source` with the lines between the markers of `subpart` replaced by `code`."""
    pattern = rf"^( *)# BEGIN SOLUTION {subpart}\n.*?^ *# END SOLUTION\n"
    block = re.search(pattern, source, flags=re.DOTALL | re.MULTILINE)
    if block is None:
        raise ValueError(f"no hole {subpart}")
    body = indent(dedent(code).strip() + "\n", block.group(1))
    return source[: block.start()] + body + source[block.end() :]
