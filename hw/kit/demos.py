"""Demonstrations of the experts, kept in a file: whoever asks for the same ones again reads them.

DART (Laskey et al. 2017): the expert's action is disturbed by noise, and the undisturbed one is recorded. So the data
shows how the expert corrects mistakes, and an imitator that drifts off knows what to do.
"""

import hashlib
import inspect
import json
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from envs import scripted, zones
from envs.zones import TaskSet

from .exploration import repeating
from .files import write_whole
from .task_sets import run_tasks

NOISE_STD = 0.3  # of the actions, which lie in [-1, 1]
HELD = 0.5  # chance that a random action is held, where none is
SIDE_BY_SIDE = 60  # episodes


@dataclass(frozen=True)
class Demos:
    """N episodes of T steps, float32, and their tasks (N,) int64. Demonstrations of experts end in their zone."""

    obs: np.ndarray  # (N, T+1, O)
    actions: np.ndarray  # (N, T, A), to imitate
    done: np.ndarray  # (N, T, A), with the noise: what led from state to state
    tasks: np.ndarray

    def __len__(self) -> int:
        return len(self.tasks)

    def take(self, rows: np.ndarray) -> "Demos":
        """Some of them."""
        return Demos(self.obs[rows], self.actions[rows], self.done[rows], self.tasks[rows])

    def firsts(self, counts: tuple[int, ...]) -> "Demos":
        """The first counts[i] demonstrations of each task i."""
        return self.take(
            np.concatenate([np.flatnonzero(self.tasks == i)[:count] for i, count in enumerate(counts)])
        )

    def without_firsts(self, count: int) -> "Demos":
        """Each task's demonstrations but the first `count`."""
        return self.take(
            np.concatenate([np.flatnonzero(self.tasks == i)[count:] for i in range(self.tasks.max() + 1)])
        )


def demonstrations(tasks: TaskSet, each: int, seed: int, folder: Path = Path("runs/demos")) -> Demos:
    """`each` demonstrations of every task, sorted by task; from the file if it holds these, else made and kept there.

    A file that is damaged, or that other code made, is made anew. Raises: OSError if it cannot be written.
    """
    made_of = {"tasks": tasks.names, "each": each, "seed": seed, "noise": NOISE_STD, "code": _fingerprint()}
    path = folder / f"{tasks.env}-{len(tasks)}-{each}-s{seed}.npz"
    label = json.dumps(made_of, sort_keys=True)
    kept = _read(path, label)
    if kept is None:
        print(
            f"making {each} demonstrations of each of {len(tasks)} tasks: once, {path} keeps them", flush=True
        )
        kept = collect(tasks, each, seed)
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, kept, label)
    return kept


def collect(tasks: TaskSet, each: int, seed: int) -> Demos:
    """The experts act, with noise; what does not end in its zone is no demonstration and is left out."""
    env = tasks.make_env(min(SIDE_BY_SIDE, each * len(tasks)), seed)
    rng = np.random.default_rng([seed, 6])
    found: list[list[tuple[np.ndarray, ...]]] = [[] for _ in tasks.names]
    while missing := [i for i, some in enumerate(found) if len(some) < each]:
        rows = np.resize(missing, env.num_envs)
        obs = tasks.reset(env)
        seen, clean, done = [obs["observation"]], [], []
        for _ in range(env.episode_length):
            clean.append(tasks.act(obs, rows))
            done.append(np.clip(clean[-1] + NOISE_STD * rng.standard_normal(clean[-1].shape), -1.0, 1.0))
            obs, *_ = env.step(done[-1])
            seen.append(obs["observation"])
        episodes = tuple(np.stack(steps, axis=1) for steps in (seen, clean, done))
        solved = tasks.rewards(obs["observation"])[np.arange(len(rows)), rows] == 0
        for row in np.flatnonzero(solved):
            found[rows[row]].append(tuple(values[row] for values in episodes))
    env.close()
    kept = [episode for some in found for episode in some[:each]]
    paths, actions, executed = (np.array(values, np.float32) for values in zip(*kept, strict=True))
    return Demos(paths, actions, executed, np.repeat(np.arange(len(tasks)), each))


def play(tasks: TaskSet, count: int, seed: int) -> dict[str, np.ndarray]:
    """Episodes without any purpose: random actions, most of them held for some steps. As `run_tasks` gives them."""
    env = tasks.make_env(min(SIDE_BY_SIDE, count), seed)
    rng = np.random.default_rng([seed, 7])
    rounds = []
    for _ in range(-(-count // env.num_envs)):
        shape = env.num_envs, env.action_space.shape[1]
        act = repeating(lambda obs, goals: rng.uniform(-1.0, 1.0, size=shape), HELD, rng)  # noqa: B023
        rounds.append(run_tasks(tasks, env, lambda obs: act(obs["observation"], obs["desired_goal"])))  # noqa: B023
    env.close()
    return {key: np.concatenate([data[key] for data in rounds])[:count] for key in rounds[0]}


def _fingerprint() -> str:
    """Of the code that decides what a demonstration looks like."""
    code = inspect.getsource(zones) + inspect.getsource(scripted) + inspect.getsource(collect)
    return hashlib.sha256(code.encode()).hexdigest()


def _write(path: Path, demos: Demos, label: str) -> None:
    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez_compressed(file, **vars(demos), label=np.array(label))

    write_whole(path, write)


def _read(path: Path, label: str) -> Demos | None:
    """The demonstrations in that file; None if there are none, or others."""
    try:
        with np.load(path, allow_pickle=False) as file:
            if str(file["label"]) != label:
                return None
            return Demos(*(file[field.name] for field in fields(Demos)))
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
        return None
