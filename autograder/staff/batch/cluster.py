"""The crew on many machines: the same orders (crew.py), carried out by the workers of a Dask cluster.

    orders --submit--> a Dask worker --its own crew of one--> worker.py --answers--> whoever iterates over `carry_out`

Dask does what a cluster needs: it hands orders out, and gives those of a worker that died to another. Every worker must
see the course and the batch's folder under the same paths (a shared file system) and have the course's packages. Orders
and answers are plain values; nothing of a submission's is ever unpickled.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

from autograder.staff.batch.crew import Answer, Crew, Order, Rest
from envs.errors import UserMistake, one_line

if TYPE_CHECKING:
    from distributed import Client

AHEAD = 2  # orders a thread of the cluster that are under way or wait there, so that none is idle
FIRST_WORKER = 60.0  # s


def connect(address: str, patience: float = FIRST_WORKER) -> Client:
    """A client of the Dask scheduler at `address`, tcp://host:8786, whose workers are there and know the course.

    Raises `UserMistake` where there is no such scheduler, or no worker within `patience` seconds.
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
    """Has `carry_out` as a `Crew` has; use it in a `with` statement. `address` is the scheduler's, tcp://host:8786."""

    def __init__(self, address: str, setup: dict[str, Any], patience: float = FIRST_WORKER) -> None:
        """Raises `UserMistake` as `connect` does."""
        self._setup, self._client = setup, connect(address, patience)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._client.run(_dismiss, on_error="ignore")
        finally:
            self._client.close()

    def carry_out(
        self, orders: Iterable[Order], rest: Rest = lambda order, answers: order
    ) -> Iterator[tuple[Order, Answer]]:
        """As `Crew.carry_out`, but an order's answers come together at its end."""
        supply = iter(orders)
        under_way: dict[str, Order] = {}
        ended = _dask().as_completed(loop=self._client.loop)

        def fill() -> None:
            room = AHEAD * max(1, sum(self._client.nthreads().values()))
            while len(under_way) < room and (order := next(supply, None)) is not None:
                future = self._client.submit(_carry_out, self._setup, order, rest, pure=False)
                under_way[future.key] = order
                ended.add(future)

        fill()
        for future in ended:
            order = under_way.pop(future.key)
            try:
                answers = future.result()
            except Exception as fault:  # Dask gave it up after several workers had died over it
                answers = [{"lost": one_line(f"{type(fault).__name__}: {fault}")}]
            fill()
            for answer in answers:
                yield order, answer


def _ready() -> None:
    """Runs on a Dask worker, if it finds this module."""


def _carry_out(setup: dict[str, Any], order: Order, rest: Rest) -> list[Answer]:
    """Runs on a Dask worker: each of its threads keeps a crew of one."""
    crew = _crews().setdefault((threading.get_ident(), json.dumps(setup, sort_keys=True)), Crew(1, setup))
    return [answer for _, answer in crew.carry_out([order], rest)]


def _dismiss() -> None:
    """Runs on a Dask worker when the batch is through."""
    crews = _crews()
    while crews:
        crews.popitem()[1].__exit__(None, None, None)


def _crews() -> dict[tuple[int, str], Crew]:
    """Of this Dask worker."""
    return _dask().get_worker().__dict__.setdefault("course_crews", {})
