"""Is every sub-part worth points, asserted by a public and a hidden check, and does its hole give a hint?"""

from pathlib import Path

from autograder.course.parts import Parts
from autograder.grader.running import collect_checks
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.markers import find_blocks

AUDIENCES = ("public", "hidden")


def gaps(solutions: Path, roots: dict[str, Path], parts: Parts) -> list[str]:
    """One sentence for each sub-part that lacks points, checks or a hint. Raises ReleaseError like `uncovered`."""
    return uncovered(roots, parts) + unhinted(solutions, parts)


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


def unhinted(solutions: Path, parts: Parts) -> list[str]:
    """One sentence for each hole without a `# hint: …`. The markers are known to be in order (`starter.plan`)."""
    errors = []
    for part in parts.parts:
        ids = [sub.id for sub in part.subparts if sub.hole]
        name = f"{solutions.name}/{part.file}"
        text = (solutions / part.file).read_text(encoding="utf-8") if ids else ""
        errors += [
            f"{name}:{block.begin}: hole {block.id} has no hint; write '# hint: …' between its markers."
            for block in find_blocks(text, name, ids)
            if not block.hints
        ]
    return errors
