"""What `autograder.bench.envs_speed` measures: five ways to step a batch of Fetch envs, behind one small interface.

Each has `run(episodes) -> seconds`: play that many whole episodes of every row with random actions, from the reset to
the truncation, and say how long it took. The time of the resets is included; the transitions counted are the real ones.
"""

import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

import gymnasium
import numpy as np

from autograder.bench.peers import NotAvailable, peer_python
from envs import make_vec, task_spec

ENVPOOL_VERSION = "1.2.5"
ACTION_SETS = 64


def random_actions(num_envs: int) -> np.ndarray:
    """The actions everyone plays in turn, (ACTION_SETS, num_envs, 4) float32."""
    return np.random.default_rng(0).uniform(-1, 1, (ACTION_SETS, num_envs, 4)).astype(np.float32)


class Player(Protocol):
    """A batch of envs at play."""

    def run(self, episodes: int) -> float:
        """Play that many episodes of every row; returns the seconds it took."""

    def close(self) -> None:
        """Release what playing needed."""


class VectorEnvContestant:
    """Any gymnasium vector env in NEXT_STEP mode: an episode is its steps and one more that resets."""

    def __init__(self, env: gymnasium.vector.VectorEnv, num_envs: int, episode_length: int) -> None:
        self._env, self._length = env, episode_length
        self._actions = random_actions(num_envs)
        self._env.reset(seed=0)

    def run(self, episodes: int) -> float:
        start = time.perf_counter()
        for step in range(episodes * (self._length + 1)):
            self._env.step(self._actions[step % ACTION_SETS])
        return time.perf_counter() - start

    def close(self) -> None:
        self._env.close()


def ours(task: str, num_envs: int) -> VectorEnvContestant:
    """This package."""
    return VectorEnvContestant(make_vec(task, num_envs, seed=0), num_envs, task_spec(task).episode_length)


def gymnasium_sync(task: str, num_envs: int) -> VectorEnvContestant:
    """gymnasium's loop over the original envs."""
    return _gymnasium(task, num_envs, "sync")


def gymnasium_async(task: str, num_envs: int) -> VectorEnvContestant:
    """gymnasium's process for each original env."""
    return _gymnasium(task, num_envs, "async")


def _gymnasium(task: str, num_envs: int, mode: str) -> VectorEnvContestant:
    from envs.fetch_scene import register_originals

    register_originals()
    spec = task_spec(task)
    env = gymnasium.make_vec(spec.env_id, num_envs, vectorization_mode=mode)
    return VectorEnvContestant(env, num_envs, spec.episode_length)


TURN = np.array([1.0, 0.0, 1.0, 0.0])  # added to the mocap's quaternion, as in the tasks


class BarePhysics:
    """The limit: `mj_step` and nothing else, a thread for each core, nobody waiting for anybody.

    It starts where the others start, moves the arm by the same actions, and makes no observation, reward or goal.
    """

    def __init__(self, task: str, num_envs: int) -> None:
        import mujoco

        from envs.fetch import FetchVecEnv, usable_cores
        from envs.tasks import METRES_PER_ACTION

        spec = task_spec(task)
        env = FetchVecEnv(spec, num_envs, seed=0)
        env.reset()
        self._mujoco, self._scene, self._length = mujoco, env.scene, spec.episode_length
        self._start = [env.qpos(row) for row in range(num_envs)]
        self._data = [mujoco.MjData(env.scene.model) for _ in range(num_envs)]
        self._moves = random_actions(num_envs)[:, :, :3].astype(np.float64) * METRES_PER_ACTION
        self._threads = min(usable_cores(), num_envs)
        env.close()

    def run(self, episodes: int) -> float:
        """Seconds at the speed of all threads together, each timed until its own last step."""
        seconds = [0.0] * self._threads
        rows = [range(t, len(self._data), self._threads) for t in range(self._threads)]

        def work(thread: int) -> None:
            start = time.perf_counter()
            for _ in range(episodes):
                self._episode(rows[thread])
            seconds[thread] = time.perf_counter() - start

        threads = [threading.Thread(target=work, args=(t,)) for t in range(self._threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        speed = sum(len(rows[t]) / seconds[t] for t in range(self._threads))  # rows a second
        return len(self._data) / speed

    def _episode(self, rows: range) -> None:
        """One episode of each row, the rows in turn step by step, as any batch has to be stepped."""
        mujoco, scene = self._mujoco, self._scene
        views = []
        for row in rows:
            data = self._data[row]
            mujoco.mj_resetData(scene.model, data)
            data.qpos[:] = self._start[row]
            data.qvel[:] = scene.initial_qvel
            mujoco.mj_kinematics(scene.model, data)
            fingers = data.qpos[scene.finger_qpos[0] : scene.finger_qpos[1] + 1]
            body = data.xpos[scene.welded_body], data.xquat[scene.welded_body]
            views.append((row, data, *body, data.mocap_pos[0], data.mocap_quat[0], fingers))
        for step in range(self._length):
            for row, data, position, orientation, target, turn, fingers in views:
                np.add(position, self._moves[step, row], out=target)
                np.add(orientation, TURN, out=turn)
                mujoco.mj_step(scene.model, data, nstep=scene.substeps)
                if scene.block_gripper:
                    fingers.fill(0.0)

    def close(self) -> None:
        """Nothing to release."""


class EnvPool:
    """EnvPool's C++ Fetch, in a process and a Python environment of its own."""

    def __init__(self, task: str, num_envs: int) -> None:
        python = peer_python("envpool", f"envpool=={ENVPOOL_VERSION}")
        script = Path(__file__).with_name("envpool_runner.py")
        spec = task_spec(task)
        self._process = subprocess.Popen(
            [python, str(script), spec.env_id, str(num_envs), str(spec.episode_length)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._orders, self._answers = self._process.stdin, self._process.stdout
        if self._answers.readline().strip() != "ready":
            self.close()
            raise NotAvailable(f"EnvPool {ENVPOOL_VERSION} is installed but cannot make {spec.env_id}.")

    def run(self, episodes: int) -> float:
        self._orders.write(f"{episodes}\n")
        self._orders.flush()
        return float(self._answers.readline())

    def close(self) -> None:
        self._orders.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:  # EnvPool's threads can take long to end
            self._process.kill()
            self._process.wait()
        self._answers.close()


Contestant = Literal["bare mj_step", "ours", "envpool", "gymnasium async", "gymnasium sync"]

CONTESTANTS: dict[Contestant, Callable[[str, int], Player]] = {
    "bare mj_step": BarePhysics,
    "ours": ours,
    "envpool": EnvPool,
    "gymnasium async": gymnasium_async,
    "gymnasium sync": gymnasium_sync,
}
