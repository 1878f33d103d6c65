"""Which folder a training goes to, and that no other training writes there at the same time.

runs/reach-her-s0, then runs/reach-her-s0-2, -3, …    each training gets a folder of its own, unless one is named
"""

import dataclasses
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from envs.errors import UserMistake
from envs.typed import option

from .config import TrainConfig

CHECKPOINT, SUMMARY = "checkpoint.pt", "summary.json"


def settled(config: TrainConfig) -> TrainConfig:
    """The config with the folder that the run goes to: the one that is named, or the first that is free.

    To resume, that is the folder of the last unfinished run of this name. Prints a sentence if it is not the usual one.
    """
    if config.out is not None:
        return config
    usual = config.folder
    if config.resume:
        stopped = [folder for folder in _known(usual) if (folder / CHECKPOINT).exists() and not busy(folder)]
        chosen = max(stopped, key=lambda folder: (folder / CHECKPOINT).stat().st_mtime, default=usual)
    else:
        chosen = next(folder for folder in _numbered(usual) if not holds(folder))
    if chosen != usual:
        print(f"{chosen} holds the run that goes on" if config.resume else _elsewhere(usual, chosen))
    return dataclasses.replace(config, out=chosen)


def holds(folder: Path) -> str:
    """What is in a run's folder that must not be overwritten; "" if nothing is."""
    if (folder / SUMMARY).exists():
        return "a finished run"
    if busy(folder):
        return "a run that is training now"
    return "an unfinished run" if (folder / CHECKPOINT).exists() else ""


def busy(folder: Path) -> bool:
    """Whether a training holds the folder's lock."""
    if not folder.is_dir():
        return False
    lock = _lock(folder)
    try:
        with lock:
            return False
    except Timeout:
        return True
    except (NotImplementedError, OSError):  # a file system without locks, or one that is read-only
        return False


def claim(folder: Path) -> FileLock:
    """The lock of a run's folder, held until it is released or the process ends. Makes the folder.

    Raises: UserMistake if another training holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = _lock(folder)
    try:
        lock.acquire()
    except Timeout:
        raise UserMistake(
            f"another training is writing to {folder}: wait until it ends, or choose another folder "
            f"({option('out', '…')})"
        ) from None
    except NotImplementedError:  # some network file systems have no locks; nobody can be kept out there
        pass
    return lock


def _lock(folder: Path) -> FileLock:
    return FileLock(folder / ".lock", blocking=False)


def _numbered(usual: Path) -> Iterator[Path]:
    yield usual
    yield from (usual.with_name(f"{usual.name}-{number}") for number in count(2))


def _known(usual: Path) -> list[Path]:
    """Those of the numbered folders that are there; some may have been deleted."""
    found = usual.parent.glob(f"{usual.name}*")
    return [f for f in found if f == usual or f.name.removeprefix(f"{usual.name}-").isdecimal()]


def _elsewhere(usual: Path, chosen: Path) -> str:
    there = holds(usual)
    goes_on = f" ({option('resume')} goes on with it)" if there == "an unfinished run" else ""
    return f"{usual} holds {there}{goes_on}: this one goes to {chosen}"
