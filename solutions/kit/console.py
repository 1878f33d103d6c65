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
    except KeyboardInterrupt as error:
        interrupt.ended()
        sentence = "" if WITHIN in os.environ else str(error) or interrupt.SAID
        sys.exit(_say(sentence, interrupt.CODE))
    except NotImplementedError as error:
        if not str(error).startswith("TODO("):
            raise
        sys.exit(_say(f"a hole is still open: {_with_notes(error)}", code=1))
    except UserMistake as error:
        sys.exit(_say(_with_notes(error), code=2))
    except OSError as error:
        what = f"{error.strerror}: {error.filename}" if error.filename and error.strerror else str(error)
        sys.exit(_say(f"{what} (files that were saved before are whole)", code=2))


def _with_notes(error: Exception) -> str:
    return "; ".join([str(error), *getattr(error, "__notes__", [])])


def _say(sentence: str, code: int) -> int:
    if sentence:
        print(sentence, file=sys.stderr)
    return code
