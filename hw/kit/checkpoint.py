"""Saving and restoring the whole state of a run, so that a resumed run goes on as if it had never stopped.

What has a state says so itself, as in torch: `state_dict()` gives it in dicts, lists, numbers and tensors, and
`load_state_dict(state)` puts it back.
"""

import copy
import io
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Protocol

import numpy as np
import torch

from envs.errors import UserMistake
from envs.typed import option

from .files import write_whole
from .finite import NotFinite


def tensors(value: Any) -> Any:
    """The same with tensors in place of NumPy's arrays, and plain numbers in place of its numbers; in dicts, too."""
    if isinstance(value, dict):
        return {key: tensors(part) for key, part in value.items()}
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    return value.item() if isinstance(value, np.generic) else value


def arrays(value: Any) -> Any:
    """The same with NumPy's arrays in place of tensors; in dicts, too."""
    if isinstance(value, dict):
        return {key: arrays(part) for key, part in value.items()}
    return value.numpy() if isinstance(value, torch.Tensor) else value


class Stateful(Protocol):
    """What can be saved and restored."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any]) -> object: ...


def save_checkpoint(path: Path, thing: Stateful) -> None:
    """Save a state. Raises: OSError if it cannot be written."""
    packed = io.BytesIO()  # torch reports a full disk as it does any bug; written from here, it is an OSError
    torch.save(thing.state_dict(), packed)
    write_whole(path, lambda temporary: temporary.write_bytes(packed.getbuffer()))


def load_checkpoint(path: Path, thing: Stateful) -> None:
    """Restore a state that `save_checkpoint` saved.

    Raises: UserMistake if the file is damaged, or if the code as it is now cannot go on from it; OSError if it cannot
    be read.
    """
    content = path.read_bytes()
    try:
        state = torch.load(io.BytesIO(content), weights_only=True)
    # Torch has no error of its own for a damaged file, and nothing else is done here.
    except Exception as error:
        raise UserMistake(
            f"{path} is damaged, so nothing can go on from it: delete the folder to start anew"
        ) from error
    try:
        thing.load_state_dict(state)
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise UserMistake(
            f"{path} is no checkpoint of this run as the code is now ({reason}): go back to the code that saved it, or "
            "delete the folder to start anew"
        ) from error


class Safekeeping:
    """Within it, neither an error nor Ctrl-C loses more than the round that is running.

        with Safekeeping(thing, save, seconds) as keeper:
            ...                         # a round
            keeper.after_round(step)    # saves if the last time was `seconds` ago

    An error puts the thing back as it was after the last round, and saves that, unless there was none before.
    After Ctrl-C the running round ends and is saved; a second Ctrl-C stops at once.
    """

    def __init__(self, thing: Stateful, save: Callable[[], None], seconds: float):
        self.thing, self.save, self.seconds = thing, save, seconds
        self.rounds, self.last_save, self.interrupted = 0, time.monotonic(), False
        self.previous: Any = None  # what Ctrl-C did before

    def __enter__(self) -> "Safekeeping":
        self.state = copy.deepcopy(self.thing.state_dict())
        with suppress(ValueError):  # not the main thread: Ctrl-C does not arrive here anyway
            self.previous = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def _interrupt(self, signum: int, frame: FrameType | None) -> None:
        if self.interrupted:
            raise KeyboardInterrupt("stopped at once; a checkpoint that was saved is whole")
        self.interrupted = True

    def after_round(self, step: int) -> None:
        """Raises: KeyboardInterrupt if Ctrl-C was pressed; what there is has been saved."""
        if self.interrupted:
            self.save()
            raise KeyboardInterrupt(f"stopped and saved: {option('resume')} goes on from step {step}")
        if time.monotonic() - self.last_save > self.seconds:
            self.save()
            self.last_save = time.monotonic()
        self.state, self.rounds = copy.deepcopy(self.thing.state_dict()), self.rounds + 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.previous is not None:
            signal.signal(signal.SIGINT, self.previous)
        if not isinstance(error, Exception) or isinstance(error, OSError):  # an OSError: the disk may be full
            return
        if isinstance(error, NotFinite) or self.rounds > 0:
            with suppress(OSError):
                self.thing.load_state_dict(self.state)
                self.save()
                error.add_note(f"the state before that is saved, and {option('resume')} goes on from there")
