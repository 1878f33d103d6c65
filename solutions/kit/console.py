"""The edge of a command: a mistake of the user ends it with one sentence, not with a traceback."""

import os
import sys
from collections.abc import Callable

from envs import interrupt
from envs.errors import UserMistake

WITHIN = "HOMEWORK_WITHIN"  # set where another command has started this one, and speaks for it


def run_command(command: Callable[[], object]) -> None:
    """Run a command line's main function; exit with 0, with a sentence and 1 or 2, or with 130 after Ctrl-C.

    A UserMistake and an OSError (disk full, no permission) become a sentence (2), and so does the placeholder of an
    open hole (1). Any other exception is a bug, the student's or ours, and keeps its traceback.
    """
    try:
        command()
        interrupt.ended()
    except BaseException as error:
        sentence, code = _ending(error)
        if code is None:
            raise
        if code == interrupt.CODE:
            interrupt.ended()
        if sentence:
            print(sentence, file=sys.stderr)
        sys.exit(code)


def _ending(error: BaseException) -> tuple[str, int | None]:
    """The sentence and the exit code for what a command raised; no code for a bug."""
    if interrupt.is_why(error):
        said = str(error) if isinstance(error, KeyboardInterrupt) else ""
        return "" if WITHIN in os.environ else said or interrupt.SAID, interrupt.CODE
    match error:
        case NotImplementedError() if str(error).startswith("TODO("):
            return f"a hole is still open: {_with_notes(error)}", 1
        case UserMistake():
            return _with_notes(error), 2
        case OSError():
            what = f"{error.strerror}: {error.filename}" if error.filename and error.strerror else str(error)
            return f"{what} (files that were saved before are whole)", 2
    return "", None


def _with_notes(error: BaseException) -> str:
    return "; ".join([str(error), *getattr(error, "__notes__", [])])
