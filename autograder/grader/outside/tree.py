"""The folder a worker lives in: all that the submission's code may import, copied together, and nothing else.

base/hw          the pristine package without its part files (those come from the submission)
base/envs        the environments
base/autograder  of the grader, the folder inside/
"""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

from autograder.course.parts import Parts
from autograder.grader import inside
from envs.errors import UserMistake

INSIDE = Path(inside.__file__).parent
ROOT = INSIDE.parents[2]
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "tests", "*.safetensors")


def build_base(base: Path, pristine: Path, parts: Parts) -> list[str]:
    """Fill the folder `base`; returns the modules worth loading once before any check.

    Raises `UserMistake` where `pristine` is no package, and `OSError` where the disk is full.
    """
    if not pristine.is_dir():
        raise UserMistake(f"there is no pristine package {pristine} (make it with: make starter)")
    package = pristine.resolve().name
    shutil.copytree(pristine, base / package, ignore=_LEFT_OUT)
    (base / package / "__init__.py").touch()
    for name in parts.modules.values():
        (base / package / name).unlink(missing_ok=True)
    if (ROOT / "envs").is_dir():
        shutil.copytree(ROOT / "envs", base / "envs", ignore=_LEFT_OUT)
    copied = INSIDE.relative_to(ROOT)
    (base / copied.parent).mkdir(parents=True)
    for folder in copied.parents[:-1]:
        (base / folder / "__init__.py").touch()
    shutil.copytree(INSIDE, base / copied, ignore=_LEFT_OUT)
    modules = {package: None, "autograder.grader.inside.given": None}  # a dict keeps the order
    for file in parts.modules.values():
        if (pristine / file).is_file():
            modules |= dict.fromkeys(imports_of(pristine / file, package))
    names = [name for name in modules if name.split(".")[-1] not in parts.modules]
    if "torch" in names:  # the first optimizer imports it, which takes a second
        names += ["torch._dynamo", "autograder.grader.inside.gradients"]
    return names


def imports_of(file: Path, package: str) -> list[str]:
    """The modules that a file of `package` imports at its top level; [] where it does not parse."""
    try:
        body = ast.parse(file.read_bytes()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    names: list[str] = []
    for node in body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.append(node.module)
        elif isinstance(node, ast.ImportFrom) and node.level == 1:
            inner = [node.module] if node.module else [alias.name for alias in node.names]
            names += [f"{package}.{name}" for name in inner]
    return [name for name in dict.fromkeys(names) if name != "__future__"]
