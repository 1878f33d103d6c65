"""A class graded by the workers of a Dask cluster: one of them killed in the middle costs a retry and no result."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from autograder.staff.batch.cluster import Cluster
from autograder.staff.batch.show import Quiet
from autograder.tests.test_batch_run import Class
from envs.errors import UserMistake

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, dashboard_address=":0", memory_limit=0, silence_logs=50
    ) as made:
        yield made


class KillsOne(Quiet):
    """Kills a Dask worker as soon as the first check file is through."""

    def __init__(self, address: str) -> None:
        self._address, self._grading, self.killed = address, False, 0

    def stage(self, name: str, total: int) -> None:
        self._grading = name == "grading"

    def advance(self, what: str) -> None:
        if self._grading and not self.killed:
            with distributed.Client(self._address, set_as_default=False) as client:
                # the busiest, so that work is lost
                _, victim = max((len(keys), worker) for worker, keys in client.processing().items())
                self.killed = client.run(os.getpid, workers=[victim])[victim]
            os.kill(self.killed, signal.SIGKILL)


@pytest.mark.slow
def test_a_killed_worker_costs_a_retry_and_no_result(cluster, tmp_path: Path) -> None:
    group = Class(tmp_path)
    for n in range(6):  # enough to be in the middle of
        folder = group.source / f"student-2{n}"
        folder.mkdir()
        (folder / "words.py").write_text(f"def shout(text):\n    return text.upper() + {'!' * n!r}\n")
    show = KillsOne(cluster.scheduler_address)
    here, there = tmp_path / "here", tmp_path / "there"
    alone = group.grade(here)
    ended = group.grade(there, show=show, pool_maker=partial(Cluster, cluster.scheduler_address))
    assert show.killed and ended.graded_now == alone.graded_now == 27
    assert (there / "grades.csv").read_bytes() == (here / "grades.csv").read_bytes()
    again = group.grade(there, pool_maker=partial(Cluster, cluster.scheduler_address))
    assert again.graded_now == 0


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=r"no Dask scheduler at tcp://127\.0\.0\.1:9"):
        Cluster("tcp://127.0.0.1:9", {})
    with distributed.LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as empty:
        with pytest.raises(UserMistake, match="has no workers"):
            Cluster(empty.scheduler_address, {}, patience=0.5)
