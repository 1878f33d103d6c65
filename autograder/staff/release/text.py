"""The handout's texts follow the course: what is marked in solutions/README.md and HELP.md is written anew for hw/.

<!-- course: NAME -->as it stands<!-- end -->    replaced by what `_VALUES[NAME]` says of the course
<!-- if: 4 -->as it stands<!-- end -->            stays if Part 4 is graded; `code` and `weights` ask for any such part

Markers may stand within a line or on lines of their own, and one within another. The section "## Part 2: …" of a part
that is not graded says that it is given, or goes with its file.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from autograder.checks.sequential import operating_characteristics
from autograder.course.late import Policy
from autograder.course.parts import Part
from autograder.course.settings import ERROR, MARGIN, MAX_EPISODES
from autograder.course.times import written
from autograder.grader.report.words import number
from autograder.staff.hidden.test_learning import TIME_LIMIT
from autograder.staff.release.errors import ReleaseError
from autograder.staff.release.outline import Outline

_WIDTH = 120
_BEGIN, _END = r"<!-- (course|if): ([\w ]+) -->", r"<!-- end -->"
_INNERMOST = r"((?:(?!<!-- (?:course|if|end)).)*?)"
_BLOCK = re.compile(rf"^{_BEGIN}\n{_INNERMOST}^{_END}\n", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(_BEGIN + _INNERMOST + _END, re.DOTALL)
_LEFT = re.compile(r"<!-- *(course|if|end)\b")
_SECTION = re.compile(r"^## Part (\d+): .*\n(?:(?!^## ).*\n)*", re.MULTILINE)
_NUMBERS = "no one two three four five six seven eight nine".split()


@dataclass(frozen=True)
class _Facts:
    """The course, and the starter's part files as text."""

    outline: Outline
    starter: Mapping[str, str]

    @property
    def graded(self) -> tuple[Part, ...]:
        return self.outline.parts.parts

    @property
    def code(self) -> list[Part]:
        return [part for part in self.graded if part.module]

    @property
    def weights(self) -> Part | None:
        return next((part for part in self.graded if part.task), None)


def render(text: str, name: str, outline: Outline, starter: Mapping[str, str]) -> str:
    """The handout text of a course.

    `text` is that of the file `name`, `starter` holds the part files (file -> text) as they are handed out. Raises
    ReleaseError with the line of a marker that is none, or of a part that the course does not grade.
    """
    facts = _Facts(outline, starter)

    def value(found: re.Match[str]) -> str:
        kind, what, body = found.groups()
        wrong = ReleaseError(
            [f"{name}:{_line_of(text, found[0])}: there is no marker <!-- {kind}: {what} -->."]
        )
        if kind == "if":
            return body if all(_holds(word, facts, wrong) for word in what.split()) else ""
        if what not in _VALUES:
            raise wrong
        return _VALUES[what](facts, body)

    done = re.sub(_SECTION, lambda found: _section(found, facts), text)
    for pattern in (_BLOCK, _INLINE):
        while (changed := pattern.sub(value, done)) != done:
            done = changed
    if left := _LEFT.search(done):
        raise ReleaseError([f"{name}:{_line_of(text, left[0])}: this marker has no beginning or no end."])
    done = forget(re.sub(r"\n{3,}", "\n\n", done), outline.parts.not_graded, within=r"\s*")
    for part in outline.parts.others:
        if told := re.search(rf"^(?!## ).*\bPart {part.number}\b", done, re.MULTILINE):
            said = f"the text names Part {part.number}, which the course does not grade; mark it with"
            raise ReleaseError(
                [f"{name}:{_line_of(text, told[0])}: {said} <!-- if: {part.number} -->…<!-- end -->."]
            )
    return done


def forget(text: str, ids: Iterable[str], within: str = r"[ \t]*") -> str:
    """The text without its references to these sub-parts, such as (2a) or (**2a**, **2b**).

    `within` matches the space before a reference, which goes with it.
    """
    one = r"(?:\*\*)?\d+[a-z](?:\*\*)?"
    unwanted = set(ids)

    def kept(found: re.Match[str]) -> str:
        words = found[2].split(", ")
        left = [word for word in words if not unwanted & set(re.findall(r"\d+[a-z]", word))]
        return found[0] if left == words else f"{found[1]}({', '.join(left)})" if left else ""

    return re.sub(rf"({within})\(({one}(?:(?:, | to |–){one})*)\)", kept, text)


def _section(found: re.Match[str], facts: _Facts) -> str:
    """A part's section: as it is, or that of a part that is given, or nothing."""
    section, part_number = found.group(0, 1)
    part = next((p for p in facts.outline.parts.others if p.number == part_number), None)
    if part is None:
        return section
    if part.file not in facts.starter:
        return ""
    heading, rest = section.split("\n", 1)
    return f"{heading}\n\nThis part is given: `hw/{part.file}` is complete, and it is not graded.\n{rest}"


def _holds(word: str, facts: _Facts, wrong: ReleaseError) -> bool:
    if word == "code":
        return bool(facts.code)
    if word == "hints":
        return bool(facts.code) and facts.outline.parts.settings.told_levels != 0
    if word == "weights":
        return facts.weights is not None
    if word not in {part.number for part in (*facts.graded, *facts.outline.parts.others)}:
        raise wrong
    return any(part.number == word for part in facts.graded)


def _title(facts: _Facts, body: str) -> str:
    return facts.outline.parts.settings.name


def _count(facts: _Facts) -> str:
    return _NUMBERS[len(facts.code)] if len(facts.code) < len(_NUMBERS) else str(len(facts.code))


def _by_count(none: str, one: str, several: str) -> Callable[[_Facts, str], str]:
    return lambda facts, body: (none, one, several)[min(2, len(facts.code))].format(_count(facts))


def _table(facts: _Facts, body: str) -> str:
    """A row a part, and one for the total."""
    rows = ["| part | file | you write | points |", "|---|---|---|---|"]
    for part in facts.graded:
        title = part.title[0].lower() + part.title[1:]
        ids = [sub.id for sub in part.subparts]
        file, what = f"hw/{part.file}", f"{ids[0]}–{ids[-1]}" if len(ids) > 1 else ids[0]
        if part.task:
            file, what = part.file, f"a policy for {part.subparts[0].title.removesuffix(' policy')}"
        extra = " extra" if part.extra else ""
        rows.append(f"| {part.number} {title} | `{file}` | {what} | {number(part.points)}{extra} |")
    without = ", without extra credit" if any(part.extra for part in facts.graded) else ""
    rows.append(f"| | | in all{without} | {number(facts.outline.parts.total)} |")
    return "\n".join(rows) + "\n"


def _due(facts: _Facts, body: str) -> str:
    deadlines = facts.outline.deadlines
    said = [f"It is due {written(deadlines.due, deadlines.zone)}."] if deadlines.due else []
    return _paragraph([*said, *_late_rules(deadlines.policy)])


def _late_rules(policy: Policy) -> list[str]:
    if not policy.costs:
        return []
    said = []
    if policy.grace:
        said.append(f"What comes within {policy.grace.total_seconds() / 60:g} minutes after that is in time.")
    if policy.penalty:
        most = f", {100 * policy.max_penalty:g} % at most" if policy.max_penalty < 1 else ""
        free = f" after {_days(policy.free_days)} without a penalty" if policy.free_days else ""
        said.append(f"Each late day{free} costs {100 * policy.penalty:g} % of the points earned{most}.")
    if policy.max_days is not None:
        said.append(
            f"What comes more than {_days(policy.max_days)} late earns no points."
            if policy.max_days
            else "What comes late earns no points."
        )
    return said


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _hours(facts: _Facts, body: str) -> str:
    """The rows of the parts that are graded, and the table's head."""
    graded = {part.number for part in facts.graded}
    rows = [(re.match(r"\| (\d+) ", row), row) for row in body.splitlines(keepends=True)]
    return "".join(row for number, row in rows if number is None or number[1] in graded)


def _example(facts: _Facts, body: str) -> str:
    """Commands that name Part 4 and 4b name a part that is graded."""
    if any(part.number == "4" for part in facts.graded):
        return body
    part = (facts.code or list(facts.graded))[-1]
    hole = part.subparts[min(1, len(part.subparts) - 1)].id
    for old, new in (
        ("PART=4", f"PART={part.number}"),
        ("--part 4", f"--part {part.number}"),
        ("SUB=4b", f"SUB={hole}"),
        ("--sub 4b", f"--sub {hole}"),
    ):
        body = body.replace(old, new)
    return body


def _commands(facts: _Facts, body: str) -> str:
    """The commands to begin with; one that trains for the weights part is among them."""
    body = _example(facts, body)
    task = facts.weights.task if facts.weights else "reach"
    if f"TASK={task}" in body:
        return body
    line = f"make train TASK={task} METHOD=her".ljust(36) + " # for the weights that are graded\n"
    return body.replace("make play TASK=reach ", f"{line}make play TASK=reach ")


def _hole(facts: _Facts, body: str) -> str:
    """What a hole looks like as it is handed out: 4a, if that is one."""
    holes = [(file, id_) for file, subs in facts.outline.holes.items() for id_ in subs]
    if not holes:
        return ""
    file, id_ = min(holes, key=lambda hole: hole[1] != "4a")
    found = re.search(
        rf"^( *# TODO\({id_}\): .*\n)* *raise .*TODO\({id_}\).*\n", facts.starter[file], re.MULTILINE
    )
    lines = found[0] if found else ""
    return re.sub(r"(?<=```python\n).*?(?=```)", lambda _: lines, body, flags=re.DOTALL)


def _weights(facts: _Facts, body: str) -> str:
    part = facts.weights
    if part is None:
        return ""
    return _paragraph(
        [
            f"For Part {part.number}, train on `{part.task}` and copy the run's `weights.safetensors` to",
            f"`hw/{part.file}`. It is played on fresh goals, {MAX_EPISODES} at most. A policy with a success rate of",
            f"{100 * part.threshold:g} % fails by bad luck less than once in a thousand gradings;",
            f"{_passes(part.threshold)}.",
        ]
    )


def _limits(facts: _Facts, body: str) -> str:
    scale = facts.outline.parts.settings.time.scale
    limits = sorted({part.time_limit * scale for part in facts.code})
    check = " or ".join(f"{limit:g}" for limit in limits)
    return (
        f"A check may compute for {check} seconds, a training for {TIME_LIMIT * scale:g}." if limits else ""
    )


def _passes(threshold: float) -> str:
    """How often a policy passes that is worse than it should be."""
    rates = [threshold - share * MARGIN for share in (1 / 3, 2 / 3, 1)]
    told = [operating_characteristics(rate, threshold, MARGIN, ERROR, ERROR, MAX_EPISODES) for rate in rates]
    found = [(f"{100 * one.rate:g}", f"{100 * one.passes:.0f}") for one in told]
    times = {rate: "less than once" if count == "0" else f"{count} times" for rate, count in found}
    return ", ".join(f"with {rate} % it passes {count} in 100" for rate, count in times.items())


def _paragraph(pieces: list[str]) -> str:
    """As lines; what a code span or a number and its unit hold together stays on one."""
    text = " ".join(pieces)
    together = re.sub(r"`[^`]*`|\d %", lambda found: found[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(together, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return "".join(f"{line}\n" for line in lines).replace("\0", " ")


def _line_of(text: str, part: str) -> int:
    """The line of `text` that holds the first line of `part`; 1 if it is not there as it stands."""
    at = text.find(part.split("\n")[0])
    return text.count("\n", 0, max(at, 0)) + 1


_VALUES: dict[str, Callable[[_Facts, str], str]] = {
    "title": _title,
    "parts": _table,
    "due": _due,
    "hours": _hours,
    "example": _example,
    "commands": _commands,
    "hole": _hole,
    "weights": _weights,
    "limits": _limits,
    "pieces": _by_count(
        "", "piece that makes this learnable, check it", "{} pieces that make this learnable, check each"
    ),
    "part files": _by_count("", "part file, keep its", "{} part files, keep their"),
    "files": _by_count("weights", "file", "{} files"),
}
