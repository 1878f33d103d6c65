"""Is every sub-part worth points, and asserted by a public and a hidden check? Read from the decorators."""

import ast
from collections.abc import Mapping
from pathlib import Path

from autograder.release.errors import ReleaseError
from autograder.release.outline import SubPart

AUDIENCES = ("public", "hidden")


def checked_ids(folder: Path) -> dict[str, list[str]]:
    """Sub-part id -> `file:line` of each `@subpart("4a", …)`, over every test_*.py in `folder`.

    Raises ReleaseError for a file that does not parse and for an id that is not written out as a string.
    """
    found: dict[str, list[str]] = {}
    errors = []
    for path in sorted(folder.glob("test_*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError as error:
            errors.append(f"{path}:{error.lineno}: this is not valid Python ({error.msg}).")
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef):
                continue
            for decorator in filter(_is_subpart, node.decorator_list):
                ids = [id_.value for id_ in decorator.args if isinstance(id_, ast.Constant)]
                for id_ in ids:
                    found.setdefault(str(id_), []).append(f"{path}:{decorator.lineno}")
                if not ids or len(ids) < len(decorator.args):
                    errors.append(f'{path}:{decorator.lineno}: write the id out, as in @subpart("4a").')
    if errors:
        raise ReleaseError(errors)
    return found


def uncovered(checks: Path, outline: Mapping[str, SubPart]) -> list[str]:
    """One sentence for each sub-part without points or checks, and for each check of an unknown sub-part.

    `checks` holds the folders public/ and hidden/. A sub-part with a hole needs a check of both kinds; one
    without (submitted weights) is only ever judged when a course grades, so any one check will do.
    """
    found = {audience: checked_ids(checks / audience) for audience in AUDIENCES}
    errors = []
    for sub in outline.values():
        if not sub.points > 0:
            errors.append(f"Sub-part {sub.id} ({sub.title}) has no points in parts.toml.")
        missing = [audience for audience in AUDIENCES if sub.id not in found[audience]]
        if sub.has_hole:
            errors += [f"Sub-part {sub.id} ({sub.title}) has no {audience} check." for audience in missing]
        elif len(missing) == len(AUDIENCES):
            errors.append(f"Sub-part {sub.id} ({sub.title}) has no check.")
    for audience in AUDIENCES:
        for id_, places in found[audience].items():
            if id_ not in outline:
                errors += [f"{place}: sub-part {id_} is not in parts.toml." for place in places]
    return errors


def _is_subpart(decorator: ast.expr) -> bool:
    if not isinstance(decorator, ast.Call):
        return False
    function = decorator.func
    return (isinstance(function, ast.Name) and function.id == "subpart") or (
        isinstance(function, ast.Attribute) and function.attr == "subpart"
    )
