"""Ours beside stable-baselines3's, with a stand-in for the child process."""

import json
import sys

import pytest

from autograder.bench import sb3 as bench
from autograder.bench.peers import NotAvailable
from autograder.bench.sb3 import BenchConfig
from envs.errors import UserMistake

OURS = {
    "method": "her",
    "seed": 3,
    "env_steps": 100,
    "updates": 50,
    "train_seconds": 7.0,
    "success": 1.0,
    "reached_level": {"env_steps": 60, "updates": 30, "train_seconds": 4.0},
    "curve": [[60, 30, 4.0, 0.9], [100, 50, 7.0, 1.0]],
}


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """What the child does: a script that sees the same words."""

    def write(text: str) -> None:
        path = tmp_path / "runner.py"
        path.write_text(text)
        monkeypatch.setattr(bench, "RUNNER", path)

    monkeypatch.setattr(bench, "peer_python", lambda *wanted: sys.executable)
    monkeypatch.setattr(bench, "compare", lambda config: [OURS])
    return write


def test_theirs_gets_times_our_seconds_to_the_level_and_stands_in_one_file(runner, tmp_path):
    runner(
        "import json, sys\n"
        "env, seed, seconds, every, episodes, settings = sys.argv[1:]\n"
        "assert json.loads(settings)['batch_size'] == 2048\n"
        "assert float(every) == 3.5  # so that one evaluation comes when ours is done\n"
        "for share in (0.5, 1.0):\n"
        "    print(json.dumps(dict(env_steps=int(20 * share), updates=int(9 * share), success=share / 10,"
        " train_seconds=share * float(seconds))))\n"
    )
    path = tmp_path / "new" / "push.json"
    ours, theirs = bench.bench(BenchConfig(task="push", seeds=(3,), times=5.0, json=path))
    assert ours == OURS and theirs["method"] == bench.NAME and theirs["seed"] == 3
    assert theirs["train_seconds"] == 20.0 and theirs["success"] == 0.1 and theirs["reached_level"] is None
    assert theirs["curve"] == [[10, 4, 10.0, 0.05], [20, 9, 20.0, 0.1]]
    written = json.loads(path.read_text())
    assert written["runs"] == [ours, theirs] and written["peer_settings"] == bench.SETTINGS["push"]
    assert path.with_suffix(".png").stat().st_size > 1000


def test_theirs_gets_at_least_our_own_time(runner, monkeypatch):
    runner(
        "import json, sys\n"
        "print(json.dumps(dict(env_steps=1, updates=1, success=0.0, train_seconds=float(sys.argv[3]))))\n"
    )
    assert bench.bench(BenchConfig(times=1.0))[1]["train_seconds"] == 7.0
    never = OURS | {"reached_level": None}
    monkeypatch.setattr(bench, "compare", lambda config: [never])
    assert bench.bench(BenchConfig(times=5.0))[1]["train_seconds"] == 7.0


def test_what_goes_wrong_is_a_sentence(runner, monkeypatch):
    runner("raise SystemExit(3)")
    with pytest.raises(UserMistake, match="ended with code 3"):
        bench.bench(BenchConfig())
    with pytest.raises(UserMistake, match="'tiny' is none"):
        bench.bench(BenchConfig(task="tiny"))

    def missing(*wanted):
        raise NotAvailable("it could not be installed on this machine.")

    monkeypatch.setattr(bench, "peer_python", missing)
    with pytest.raises(UserMistake, match="could not be installed"):
        bench.bench(BenchConfig())
