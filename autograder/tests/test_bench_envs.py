"""The measuring commands run, write their figures, and say why a contestant is missing."""

import json

import pytest

from autograder.bench import contestants, exactness
from autograder.bench import envs_speed as bench


def test_bench_measures_and_writes_json(tmp_path, capsys, monkeypatch):
    def missing(*wanted: str) -> str:
        raise contestants.NotAvailable("EnvPool could not be installed on this machine.")

    monkeypatch.setattr(contestants, "peer_python", missing)
    path = tmp_path / "new" / "bench.json"
    args = bench.Args(
        num_envs=2,
        seconds=0.01,
        rounds=2,
        tasks=("reach",),
        contestants=("ours", "gymnasium sync", "envpool", "bare mj_step"),
        json=path,
    )
    bench.main(args)
    printed = capsys.readouterr().out
    assert "EnvPool could not be installed on this machine." in printed
    figures = json.loads(path.read_text())
    rows = {row["contestant"]: row for row in figures["results"]}
    assert rows["ours"]["ours_over_this"] == 1.0 and rows["gymnasium sync"]["steps_per_second"] > 10
    assert rows["envpool"] == {
        "task": "reach",
        "contestant": "envpool",
        "reason": "EnvPool could not be installed on this machine.",
    }
    assert {"processor", "cores", "versions", "commit", "command"} <= figures["machine"].keys()


@pytest.mark.slow
def test_bench_runs_the_processes_of_async_vector_env():
    rows = bench.measure_task(
        "reach",
        bench.Args(
            num_envs=2, seconds=0.01, rounds=1, tasks=("reach",), contestants=("ours", "gymnasium async")
        ),
    )
    assert all(row["steps_per_second"] > 10 for row in rows)


def test_exactness_command_writes_json(tmp_path, capsys):
    path = tmp_path / "exactness.json"
    assert exactness.main(exactness.Args(episodes=1, tasks=("reach",), num_envs=1, json=path)) == 0
    assert "mismatches" in capsys.readouterr().out
    result = json.loads(path.read_text())["results"][0]
    assert result["mismatches"] == 0 and result["values"] > 900
