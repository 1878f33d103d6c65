"""Another answer in one hole of a part file: between a solution's markers, or in place of a starter's placeholder."""

import re
from textwrap import dedent, indent

from autograder.grader.handin.holes import placeholders


def hole_text(text: str, hole: str) -> str:
    """What stands in a hole, such as "4a", of a part file's text, not indented. Raises ValueError if it has none."""
    span = hole_span(text, hole)
    return dedent(text[span.start : span.stop])


def hole_span(text: str, hole: str) -> range:
    """Where in `text` what stands in the hole begins and ends. Raises ValueError if `text` has no such hole."""
    begin, end, _ = _find(text, hole)
    return range(begin, end)


def replace_hole(text: str, hole: str, body: str) -> str:
    """`text` with `body` in the hole; a solution's markers stay. Raises ValueError if `text` has no such hole."""
    begin, end, columns = _find(text, hole)
    return text[:begin] + indent(body.strip("\n") + "\n", " " * columns) + text[end:]


def _find(text: str, hole: str) -> tuple[int, int, int]:
    """Where the hole's lines begin and end in `text`, and the column they are indented to."""
    marked = re.search(
        rf"^( *)# BEGIN SOLUTION {hole}\n(?P<body>(?:.*\n)*?)\1# END SOLUTION$", text, re.MULTILINE
    )
    if marked:
        return marked.start("body"), marked.end("body"), len(marked[1])
    lines = text.splitlines(keepends=True)
    found = placeholders(lines).get(hole)
    if found is None:
        raise ValueError(f"there is no hole {hole} in this text")
    last = lines[found.stop - 1]
    begin, end = (sum(map(len, lines[:line])) for line in (found.start, found.stop))
    return begin, end, len(last) - len(last.lstrip())
