"""Is every sub-part worth points, and asserted by a public and a hidden check? Read from the collected checks."""

from pathlib import Path

from autograder.course.parts import Parts
from autograder.grader.running import collect_checks
from autograder.staff.release.errors import ReleaseError

AUDIENCES = ("public", "hidden")


def uncovered(roots: dict[str, Path], parts: Parts) -> list[str]:
    """One sentence for each sub-part without points or checks.

    `roots` are the folders of public and hidden checks. A sub-part with a hole needs a check of both kinds; one without
    (submitted weights) is only ever judged when a course grades, so any one check will do. Raises ReleaseError with a
    sentence for each check file that does not load and each check that is ill-formed.
    """
    found = collect_checks(roots, parts)
    if found.broken:
        raise ReleaseError(
            f"{b.id}: {b.message}{f' ({b.detail})' if b.detail else ''}." for b in found.broken
        )
    checked = {
        name: {sub for c in found.checks if c.visibility == name for sub in c.subparts} for name in AUDIENCES
    }
    errors = []
    for sub in parts.subparts.values():
        if not sub.points > 0:
            errors.append(f"Sub-part {sub.id} ({sub.title}) has no points in course.toml.")
        missing = [audience for audience in AUDIENCES if sub.id not in checked[audience]]
        if sub.hole:
            errors += [f"Sub-part {sub.id} ({sub.title}) has no {audience} check." for audience in missing]
        elif len(missing) == len(AUDIENCES):
            errors.append(f"Sub-part {sub.id} ({sub.title}) has no check.")
    return errors
