"""macOS: the command that starts a process under a sandbox profile, with Apple's `sandbox-exec`.

The profile allows what is not named, since what Python needs to start differs from one macOS to the next; it is weaker
than what Linux offers, and the canary (`canary.py`) says before each grading whether it is enough.
"""

from __future__ import annotations

from pathlib import Path

_PROFILE = """(version 1)
(allow default)
(deny network*)
(deny file-write*)
(deny signal (target others))
(deny file-read-data {hidden})
(allow file-read-data {python})
(allow file-write* (subpath {scratch}) (literal "/dev/null"))
"""


def command(scratch: Path, hidden: list[Path]) -> list[str]:
    """What to put before a command line: it has no network, writes to `scratch` only, and cannot read below `hidden`,
    except for the libraries of this Python, which may lie there."""
    from autograder.grader.inside.confine.readable import python_libraries, python_programs

    profile = _PROFILE.format(
        hidden=" ".join(f"(subpath {_quoted(path.resolve())})" for path in hidden),
        python=" ".join(f"(subpath {_quoted(path)})" for path in [*python_libraries(), *python_programs()]),
        scratch=_quoted(scratch.resolve()),
    )
    return ["sandbox-exec", "-p", profile]


def _quoted(path: Path | str) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
