"""One submission in the making, and the ways to hand it in.

{file: text} --Draft: other code in some holes--> {file: text} --write, pack--> a folder or a zip
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from autograder.course.parts import Parts
from autograder.staff.release.holes import hole_text, replace_hole


class Draft:
    """The part files of `texts`, each solved or as in the starter. Each of their `holes` can hold other code."""

    def __init__(self, texts: Mapping[str, str], parts: Parts) -> None:
        self._texts = dict(texts)
        self._file = {
            sub.id: part.file for part in parts.parts if part.file in texts for sub in part.subparts
        }
        self._titles = {sub.id: sub.title for sub in parts.subparts.values()}

    @property
    def holes(self) -> list[str]:
        return list(self._file)

    def files(self) -> dict[str, str]:
        """File -> its text."""
        return dict(self._texts)

    def fill(self, hole: str, code: str) -> None:
        file = self._file[hole]
        self._texts[file] = replace_hole(self._texts[file], hole, code)

    def empty(self, hole: str) -> None:
        """Leave `hole` open, as in the starter."""
        self.fill(hole, f'raise NotImplementedError("TODO({hole}): {self._titles[hole]}")')

    def change(self, hole: str, change: Callable[[str], str | None]) -> bool:
        """Fill `hole` with `change(its code)`, unless that is None. Returns whether it did."""
        code = change(hole_text(self._texts[self._file[hole]], hole).rstrip("\n"))
        if code is not None:
            self.fill(hole, code)
        return code is not None


def part_files(folder: Path, parts: Parts) -> dict[str, str]:
    """File -> its text, for the part files in `folder` that hold code."""
    return {name: _read(folder / name) for name in parts.modules.values()}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write the files into the new `folder`; a surrogate stands for a byte that is not UTF-8."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    return folder


def pack(path: Path, files: Mapping[str, str], inside: str = "", mac: bool = False) -> Path:
    """Write the files into the new zip `path`, in the folder `inside` ("" or "a/b/").

    A zip made by a Mac has a second tree of files, named `._`.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(inside + name, text)
            if mac:
                archive.writestr(f"__MACOSX/{inside}._{name}", b"\0\5\26\7")
    return path


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
