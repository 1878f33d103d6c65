"""Saving and restoring the whole state of a run, so that a resumed run goes on as if it had never stopped.

`snapshot` walks the attributes of a run's objects and copies what changes during training: modules, optimizers, arrays,
random generators and counters. `restore` puts them back in place.
"""

import os
import pickle
from pathlib import Path

import numpy as np
import torch

from .console import UserError


def snapshot(thing):
    """A copy of the state of `thing`, made of dicts, lists, numbers, strings and tensors only; None if it has none."""
    if isinstance(thing, torch.nn.Module | torch.optim.Optimizer):
        return thing.state_dict()
    if isinstance(thing, np.random.Generator):
        return thing.bit_generator.state
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
    """Put a snapshot's state back: in place where `thing` can be changed, and returned as the new value otherwise."""
    if isinstance(thing, torch.nn.Module | torch.optim.Optimizer):
        thing.load_state_dict(state)
    elif isinstance(thing, np.random.Generator):
        thing.bit_generator.state = state
    elif isinstance(thing, list | tuple) and isinstance(state, list):
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
    else:
        return thing if state is None else state
    return thing


def write_whole(path: Path, write) -> None:
    """Call `write(temporary path)` and move the file into place, so that `path` is the old file or the new one, whole.

    Raises: OSError where it cannot be written.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        write(temporary)
        os.replace(temporary, path)
    except RuntimeError as error:  # how torch reports a full disk
        raise OSError(f"could not write {path}: {str(error).splitlines()[0]}") from error
    finally:
        temporary.unlink(missing_ok=True)


def save_checkpoint(path: Path, things: dict) -> None:
    """Save the state of several objects under their names."""
    state = snapshot(things)
    write_whole(path, lambda temporary: torch.save(state, temporary))


UNREADABLE = (OSError, RuntimeError, EOFError, pickle.UnpicklingError)  # by torch.load
UNFIT = (LookupError, TypeError, ValueError, AttributeError)  # to what is restored


def load_checkpoint(path: Path, things: dict) -> None:
    """Restore objects saved by `save_checkpoint`. Raises: UserError where the file is not such a checkpoint."""
    try:
        state = torch.load(path, weights_only=True)
        for name, thing in things.items():
            restore(thing, state[name])
    except (*UNREADABLE, *UNFIT) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"{path} is no checkpoint of this run ({reason}); delete the folder to start anew"
        ) from error
