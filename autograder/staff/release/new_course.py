"""A course of its own: the whole kit in another folder, without what was run or built here, and with no dates.

root --copy--> folder, whose course.toml has the folder's name, and nobody's due date, late days or extensions
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from autograder.staff.release.errors import ReleaseError
from envs.errors import one_line

# What running, building and editing leave behind, in any folder; names with a dot are judged by KEPT_HIDDEN.
LEFT_OUT = {"out", "dist", "runs", "__pycache__", "node_modules"}
LEFT_OUT_SUFFIXES = {".pyc", ".egg-info", ".zip"}
KEPT_HIDDEN = {".ci", ".gitignore", ".gitattributes", ".pre-commit-config.yaml", ".generated.json"}
COURSE = "autograder/course.toml"


def new_course(root: Path, folder: Path) -> int:
    """Copy the kit at `root` into `folder`; returns how many files. Raises ReleaseError if something is in `folder`."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ReleaseError([f"{folder} is not empty: name a folder that is not there yet."])
    if folder.resolve().is_relative_to(root.resolve()):
        raise ReleaseError([f"{folder} lies inside this course: name a folder outside {root}."])
    count = 0
    for path in kit_files(root):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / path, target)
        count += 1
    course = folder / COURSE
    course.write_text(fresh(course.read_text(encoding="utf-8"), folder.resolve().name), encoding="utf-8")
    return count


def fresh(text: str, name: str) -> str:
    """A course.toml for a new course called `name`: the due date is a comment again, and extensions, which name
    students, are gone."""
    plain = re.sub(r"[\"\\]", "", one_line(name, 80))
    lines, table = [], ""
    for line in text.splitlines():
        header = re.match(r"\[([^\]]+)\]", line)
        table = header[1] if header else table
        key = re.match(r"[\w-]+", line)
        if table == "extensions" or table.startswith("extensions."):
            lines += ["# [extensions]", '# "1017" = 3'] if header else [] if line.strip() else [line]
        elif not table and key and key[0] == "due":
            lines.append(f"# {line}")
        elif not table and key and key[0] == "extensions":
            continue
        elif not table and key and key[0] == "name":
            lines.append(re.sub(r"^name\s*=\s*(\"[^\"]*\"|'[^']*')", f'name = "{plain}"', line))
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def kit_files(root: Path) -> list[str]:
    """What a course needs: relative paths. Links are left out: they may point anywhere."""
    found = []
    for here, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in LEFT_OUT and _is_kept(Path(f)))
        for name in sorted(names):
            path = Path(here, name)
            if _is_kept(path) and not path.is_symlink():
                found.append(path.relative_to(root).as_posix())
    return found


def _is_kept(path: Path) -> bool:
    return path.suffix not in LEFT_OUT_SUFFIXES and (
        not path.name.startswith(".") or path.name in KEPT_HIDDEN
    )
