"""The pool on many machines: the same tasks (pool.py), carried out by the workers of a Dask cluster.

    tasks --submit--> a Dask worker --its own pool of one--> worker/__main__.py --answers--> the loop over `run`

Dask does what a cluster needs: it hands tasks out, and gives those of a worker that died to another. Every worker must
see the course and the batch's folder under the same paths (a shared file system) and have the course's packages. Tasks
and answers are plain values; nothing of a submission's is ever unpickled.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

from autograder.staff.batch.pool import Answer, Pool, Task
from envs.errors import UserMistake, one_line

if TYPE_CHECKING:
    from distributed import Client

AHEAD = 2  # tasks for each thread of the cluster that run or wait there, so that none is idle
FIRST_WORKER = 60.0  # s


def connect(address: str, patience: float = FIRST_WORKER) -> Client:
    """A client of the Dask scheduler at `address`, tcp://host:8786, whose workers are there and know the course.

    Raises `UserMistake` if there is no such scheduler, or no worker within `patience` seconds.
    """
    try:
        client = _dask().Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserMistake(f"there is no Dask scheduler at {one_line(address, 80)}") from error
    try:
        client.wait_for_workers(1, timeout=patience)
    except TimeoutError:
        client.close()
        raise UserMistake(
            f"the Dask scheduler at {one_line(address, 80)} has no workers: start some in the course's folder"
        ) from None
    try:
        client.submit(_ready, pure=False).result(timeout=patience)
    except Exception as fault:
        client.close()
        raise UserMistake(
            f"the Dask cluster cannot load the course ({type(fault).__name__}): start its scheduler and its "
            "workers in the course's folder, with PYTHONPATH=."
        ) from fault
    return client


def _dask() -> ModuleType:
    try:
        import distributed
    except ImportError:
        raise UserMistake("work on a cluster needs Dask: pip install distributed") from None
    return distributed


class Cluster:
    """Has `run` as a `Pool` has; use it in a `with` statement. `address` is the scheduler's, tcp://host:8786."""

    def __init__(self, address: str, setup: dict[str, Any], patience: float = FIRST_WORKER) -> None:
        """Raises `UserMistake` as `connect` does."""
        self._setup, self._client = setup, connect(address, patience)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._client.run(_close, on_error="ignore")
        finally:
            self._client.close()

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Answer]]:
        """As `Pool.run`."""
        supply = iter(tasks)
        under_way: dict[Any, Task] = {}
        ended = _dask().as_completed(loop=self._client.loop)

        def fill() -> None:
            room = AHEAD * max(1, sum(self._client.nthreads().values()))
            while len(under_way) < room and (task := next(supply, None)) is not None:
                future = self._client.submit(_answer, self._setup, task, pure=False)
                under_way[future.key] = task
                ended.add(future)

        fill()
        for future in ended:
            task = under_way.pop(future.key)
            try:
                answer = future.result()
            except Exception as fault:  # Dask gave it up after several workers had died over it
                answer = {"failed": one_line(f"{type(fault).__name__}: {fault}")}
            fill()
            yield task, answer


def _ready() -> None:
    """Runs on a Dask worker: it fails if the worker does not find this module."""


def _answer(setup: dict[str, Any], task: Task) -> Answer:
    """Runs on a Dask worker: each of its threads keeps a pool of one."""
    pool = _pools().setdefault((threading.get_ident(), json.dumps(setup, sort_keys=True)), Pool(1, setup))
    ((_, answer),) = pool.run([task])
    return answer


def _close() -> None:
    """Runs on a Dask worker at the end of the batch."""
    pools = _pools()
    while pools:
        pools.popitem()[1].__exit__(None, None, None)


def _pools() -> dict[tuple[int, str], Pool]:
    """Of this Dask worker."""
    return _dask().get_worker().__dict__.setdefault("course_pools", {})
