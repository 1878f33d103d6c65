"""Ctrl-C at any moment is one sentence: also while a command loads its libraries, and after it has ended.

A package whose modules are commands calls `while_loading()` in its `__init__`, which Python runs before everything else
of `python -m package.module`. The command calls `loaded()` once it can clean up after itself, and `ended()` at its end.
"""

import os
import signal
import sys
from types import FrameType, TracebackType

SAID = "interrupted"
CODE = 130  # what shells use for Ctrl-C
_guarding = False
_pressed = False


def while_loading() -> None:
    """From now on Ctrl-C ends the program with a sentence. It holds nothing yet that would have to be put away.

    It does nothing unless Python is just starting a module of this package: importing changes nothing elsewhere.
    """
    global _guarding
    if sys.argv[:1] != ["-m"]:  # so it is called until the module is found
        return
    _guarding = True
    signal.signal(signal.SIGINT, _leave)
    sys.excepthook = _say_or_trace


def loaded() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt, as usual."""
    if _guarding:
        signal.signal(signal.SIGINT, _raise)


def ended() -> None:
    """From now on Ctrl-C changes nothing: all is done, and Python is tidying up."""
    if _guarding:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def is_why(error: BaseException) -> bool:
    """Whether Ctrl-C has brought this about. A library that it hits while it is loaded may raise something else."""
    return isinstance(error, KeyboardInterrupt) or (_pressed and isinstance(error, Exception))


def _raise(signum: int, frame: FrameType | None) -> None:
    global _pressed
    _pressed = True
    raise KeyboardInterrupt


def _leave(signum: int, frame: FrameType | None) -> None:
    # No exception: a library that is half loaded may catch it, or print it and go on.
    print(SAID, file=sys.stderr, flush=True)
    os._exit(CODE)


def _say_or_trace(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if is_why(error):
        sentence = str(error) if isinstance(error, KeyboardInterrupt) else ""
        print(sentence or SAID, file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)
