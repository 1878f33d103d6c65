"""Saving and restoring the whole state of a run, so that a resumed run goes on as if it had never stopped.

`snapshot` walks the attributes of a run's objects and copies what changes during training: modules, optimizers, arrays,
random generators and counters. `restore` puts them back in place.
"""

import copy
import io
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from .console import UserError
from .finite import NotFinite


class Unfit(ValueError):
    """A state that is not one of the things it should be restored to."""


def snapshot(thing):
    """A copy of the state of `thing`, made of dicts, lists, numbers, strings and tensors only; None if it has none."""
    if isinstance(thing, torch.nn.Module | torch.optim.Optimizer):
        return copy.deepcopy(thing.state_dict())
    if isinstance(thing, np.random.Generator):
        return copy.deepcopy(thing.bit_generator.state)
    if isinstance(thing, np.ndarray):
        return torch.from_numpy(thing.copy())
    if isinstance(thing, bool | int | float | str):
        return thing
    if isinstance(thing, dict):
        return {key: snapshot(value) for key, value in thing.items()}
    if isinstance(thing, list | tuple):
        return [snapshot(value) for value in thing]
    if hasattr(thing, "__dict__"):
        return {key: snapshot(value) for key, value in vars(thing).items()}
    return None


def restore(thing, state):
    """Put a snapshot's state back: in place where `thing` can be changed, and returned as the new value otherwise.

    Raises: Unfit where the state is not one of such a thing.
    """
    if isinstance(thing, torch.nn.Module | torch.optim.Optimizer | np.random.Generator):
        _load(thing, state)
    elif isinstance(thing, list | tuple) and isinstance(state, list):
        if len(thing) != len(state):
            raise Unfit(f"{len(state)} values where {len(thing)} are expected")
        return type(thing)(restore(value, part) for value, part in zip(thing, state, strict=True))
    elif isinstance(state, torch.Tensor):
        return state.numpy()
    elif isinstance(state, dict) and isinstance(thing, dict):
        thing.update({key: restore(thing.get(key), value) for key, value in state.items()})
    elif isinstance(state, dict) and hasattr(thing, "__dict__"):
        for key, value in state.items():
            setattr(thing, key, restore(getattr(thing, key, None), value))
    elif isinstance(state, dict):
        return {key: restore(None, value) for key, value in state.items()}
    elif isinstance(thing, dict) or hasattr(thing, "__dict__"):
        if state is not None:
            raise Unfit(f"{type(state).__name__} where the state of {type(thing).__name__} is expected")
    else:
        return thing if state is None else state
    return thing


def _load(thing, state) -> None:
    """Let a module, optimizer or generator read its own state: what it refuses does not fit it. Raises: Unfit."""
    try:
        if isinstance(thing, np.random.Generator):
            thing.bit_generator.state = state
        else:
            thing.load_state_dict(state)
    except (RuntimeError, LookupError, TypeError, ValueError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise Unfit(f"{type(thing).__name__} has another state: {reason}") from error


def write_whole(path: Path, write) -> None:
    """Call `write(temporary path)` and move the file into place, so that `path` is the old file or the new one, whole.

    Raises: OSError where it cannot be written.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def save_checkpoint(path: Path, things: dict) -> None:
    """Save the state of several objects under their names. Raises: OSError where it cannot be written."""
    packed = (
        io.BytesIO()
    )  # torch itself reports a full disk as it does any bug; written from here, it is an OSError
    torch.save(snapshot(things), packed)
    write_whole(path, lambda temporary: temporary.write_bytes(packed.getbuffer()))


def load_checkpoint(path: Path, things: dict) -> None:
    """Restore objects saved by `save_checkpoint`.

    Raises: UserError where the file is damaged or is of another program; OSError where it cannot be read.
    """
    content = path.read_bytes()
    try:
        state = torch.load(io.BytesIO(content), weights_only=True)
    except (
        Exception
    ) as error:  # torch has no error of its own for a damaged file, and nothing else is done here
        raise UserError(
            f"{path} is damaged, so nothing can go on from it: delete the folder to start anew"
        ) from error
    try:
        if not isinstance(state, dict) or not state.keys() >= things.keys():
            raise Unfit("something is missing in it")
        for name, thing in things.items():
            restore(thing, state[name])
    except Unfit as error:
        raise UserError(
            f"{path} is no checkpoint of this run as the code is now ({error}): go back to the code that saved it, or "
            "delete the folder to start anew"
        ) from error


class FallBack:
    """Within it, an error leaves things as they were when they were remembered last, and saved.

    `with FallBack(things, save) as fall_back: ... fall_back.remember()`. Nothing is saved if nothing had happened yet.
    """

    def __init__(self, things: Callable[[], dict], save: Callable[[], None]):
        self.things, self.save, self.rounds = things, save, -1

    def __enter__(self) -> "FallBack":
        self.remember()
        return self

    def remember(self) -> None:
        """This is a good state."""
        self.state, self.rounds = snapshot(self.things()), self.rounds + 1

    def __exit__(self, kind, error, trace) -> None:
        wanted = isinstance(error, NotFinite) or (self.rounds > 0 and isinstance(error, Exception))
        if wanted and not isinstance(error, OSError):  # a full disk is full
            with suppress(OSError):
                restore(self.things(), self.state)
                self.save()
                error.add_note("the state before that is saved, and --resume goes on from there")
