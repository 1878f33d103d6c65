"""A process that is forked off has no threads but its own: what computes on threads makes new ones there."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable

import numpy as np
import pytest

from envs import make_vec
from envs.row_pool import RowPool
from solutions.kit.threads import Threads

if "fork" not in multiprocessing.get_all_start_methods():
    pytest.skip("this system does not fork", allow_module_level=True)

PATIENCE = 30.0  # s


def in_a_fork(work: Callable[[], object]) -> object:
    """What `work()` returns in a forked process. Fails if it hangs there."""
    context = multiprocessing.get_context("fork")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=lambda: theirs.send(work()))
    process.start()
    heard = mine.poll(PATIENCE)
    process.kill()
    process.join()
    assert heard, "the forked process hangs"
    return mine.recv()


@pytest.mark.parametrize("task", ["reach", "push"])
def test_an_env_with_threads_steps_in_a_fork_as_it_does_here(task):
    env = make_vec(task, 4, 0, threads=2)
    env.reset()
    actions = np.random.default_rng(0).uniform(-1, 1, size=(4, 4))
    env.step(actions)

    def step() -> np.ndarray:
        return env.step(actions)[0]["observation"]

    forked = in_a_fork(step)
    assert np.array_equal(forked, step())
    env.close()


def test_a_fork_of_a_fork_and_the_first_process_go_on():
    pool = RowPool(3)

    def rows() -> list[int]:
        done: list[int] = []
        pool.run(done.append, range(20))
        return sorted(done)

    def twice() -> tuple:
        return rows(), in_a_fork(rows)

    assert in_a_fork(twice) == (rows(), rows()) == (list(range(20)), list(range(20)))
    pool.close()
    assert in_a_fork(rows) == rows() == list(range(20))  # closed: without helpers, here and there


def test_two_threads_work_in_a_fork():
    threads = Threads(2)
    both = lambda: threads.both(lambda: 1, lambda: 2)  # noqa: E731
    assert both() == (1, 2) == in_a_fork(both) == both()
