"""Of the parts that a course does not grade: which are complete in hw/, and which are not there.

What something that is handed out imports is there, whatever it is that stays: the trainer, a notebook, another part.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from autograder.staff.release.outline import Outline


def complete_files(files: Mapping[str, bytes], others: Mapping[str, bytes], outline: Outline) -> set[str]:
    """The files of parts that are given complete.

    `files` is the tree of the solutions, `others` what is handed out beside it (notebooks), path -> content. Raises
    ReleaseError if course.toml says that a part is not given and something imports it.
    """
    left = {file: part for file, part in outline.others.items() if part.given != "complete"}
    complete = outline.others.keys() - left.keys()
    code = {path: content for path, content in files.items() if path not in left} | dict(others)
    while importers := {
        file: path for path, content in code.items() for file in _imported(path, content) if file in left
    }:
        for file, path in importers.items():
            if left[file].given == "no":
                raise outline.wrong(
                    ["part", left[file].number, "given"],
                    f'hw/{path} imports {file}, so it has to be there: write given = "complete"'
                    if path in files
                    else f'{path} imports {file}, so it has to be there: write given = "complete"',
                )
            del left[file]
            complete.add(file)
        code = {file: files[file] for file in importers}
    return complete


def _imported(path: str, content: bytes) -> Iterator[str]:
    """The files beside the top of the tree that a file imports, "imagine.py"; nothing if it is no Python."""
    try:
        nodes = list(ast.walk(ast.parse(content))) if path.endswith(".py") else []
    except (SyntaxError, ValueError):
        return
    depth = len(PurePosixPath(path).parts)  # of the tree's top, counted in the dots of a relative import
    for node in nodes:
        if isinstance(node, ast.Import):
            dotted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level in (0, depth):
            top = "hw." if node.level else ""
            dotted = [f"{top}{node.module}" if node.module else f"{top}{alias.name}" for alias in node.names]
            dotted += [f"{node.module}.{alias.name}" for alias in node.names if node.module]
        else:
            continue
        for name in dotted:
            words = name.split(".")
            if len(words) > 1 and words[0] in ("hw", "solutions"):
                yield f"{words[1]}.py"
