"""The figures of a verification: as text for a terminal, as JSON to commit, as a page to look at."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from autograder.staff.verify.judge import Judged, check_records, problems
from autograder.staff.verify.submissions import Role

TEMPLATE = Path(__file__).with_name("page.html")


def figures(judged: Sequence[Judged], seconds: float) -> dict[str, Any]:
    """What is printed and committed: counts, and a row for each sub-part and each check."""
    subparts = list(dict.fromkeys(j.submission.subpart for j in judged))
    checks = check_records(judged)
    return {
        "all": _counts(judged),
        "subparts": {sub: _counts([j for j in judged if j.submission.subpart == sub]) for sub in subparts},
        "checks": {
            c.id: {"kills": len(c.kills), "alone": len(c.alone), "seconds": c.seconds} for c in checks
        },
        "seconds": round(seconds, 1),
        "known already": sum(j.known for j in judged),
        "problems": problems(judged),
    }


def _counts(judged: Sequence[Judged]) -> dict[str, int]:
    wrong = [j for j in judged if j.submission.role is Role.WRONG]
    serious = [j for j in wrong if j.submission.severity != "cosmetic"]
    right = [j for j in judged if j.submission.role is Role.RIGHT]
    named = Counter(j.named for j in serious if j.killed)
    return {
        "mutants": len(wrong),
        "cosmetic": len(wrong) - len(serious),
        "survivors": sum(not j.killed for j in serious),
        "variants": len(right),
        "variants that lose": sum(bool(j.failures) for j in right),
        "named": named["right"],
        "vague": named["vague"],
        "false": named["false"],
        "calls": sum(len(j.ended) for j in judged),
    }


def text(found: dict[str, Any], longest: int = 400) -> str:
    """The figures in lines, with at most `longest` problems."""
    a = found["all"]
    useless = sum(not c["kills"] for c in found["checks"].values())
    redundant = sum(bool(c["kills"]) and not c["alone"] for c in found["checks"].values())
    lines = [
        f"{a['mutants']} mutants ({a['cosmetic']} cosmetic): {a['survivors']} get through.",
        f"Messages of those caught: {a['named']} name the mistake, {a['vague']} are vague, "
        f"{a['false']} say something that is not known to be true.",
        f"{a['variants']} variants: {a['variants that lose']} lose a point.",
        f"{len(found['checks'])} checks: {useless} kill nothing, {redundant} kill nothing that others do not.",
        f"{a['calls']} calls in {found['seconds']:.0f} s; {found['known already']} submissions were known already.",
    ]
    lines += [f"  {problem}" for problem in found["problems"][:longest]]
    if len(found["problems"]) > longest:
        lines.append(f"  and {len(found['problems']) - longest} more")
    return "\n".join(lines)


def page(judged: Sequence[Judged], found: dict[str, Any]) -> str:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    wrong = [j for j in judged if j.submission.role is Role.WRONG]
    return template.render(found=found, wrong=wrong, checks=check_records(judged))


def to_json(found: dict[str, Any]) -> str:
    """One line a sub-part and a check, so that a difference reads well."""
    lines = []
    for key, value in found.items():
        if key in ("subparts", "checks"):
            rows = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            lines.append(f'"{key}": {{\n{rows}\n}}')
        else:
            lines.append(f'"{key}": {json.dumps(value)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"
