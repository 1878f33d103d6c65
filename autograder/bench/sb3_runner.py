"""The child process of `bench`: `sb3_runner.py ENV_ID SEED SECONDS EVAL_SECONDS EPISODES SETTINGS`.

It trains stable-baselines3's HER for so many seconds, evaluation excluded, and runs in a Python environment that has it
(and nothing of ours). Each line written is a JSON object: env_steps, updates, train_seconds, success. The last one is
evaluated on EPISODES fresh episodes, those before on 40. SETTINGS is a JSON object: TQC's keyword arguments and
`normalize`, whether observations are scaled by their running mean and variance.
"""

import json
import sys
import time

import gymnasium
import gymnasium_robotics
import numpy as np
from sb3_contrib import TQC
from stable_baselines3 import HerReplayBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecNormalize

gymnasium.register_envs(gymnasium_robotics)


def success(model: TQC, training_env: VecEnv, env: gymnasium.Env, episodes: int) -> float:
    """Share of episodes that end at the goal, acting greedily."""
    scales = isinstance(training_env, VecNormalize)
    reached = []
    for _ in range(episodes):
        obs, _ = env.reset()
        done = False
        while not done:
            seen = training_env.normalize_obs(obs) if scales else obs
            action, _ = model.predict(seen, deterministic=True)
            obs, _, terminated, truncated, info = env.step(action)
            done = terminated or truncated
        reached.append(info["is_success"])
    return float(np.mean(reached, dtype=np.float64))


class Watch(BaseCallback):
    """Evaluates now and then, and stops when the time is up."""

    def __init__(self, env: gymnasium.Env, seconds: float, eval_seconds: float, episodes: int) -> None:
        super().__init__()
        self.env, self.seconds, self.eval_seconds, self.episodes = env, seconds, eval_seconds, episodes
        self.trained, self.evaluated, self.since = 0.0, 0.0, time.monotonic()

    def _on_step(self) -> bool:
        trained = self.trained + time.monotonic() - self.since
        ends = trained >= self.seconds
        if ends or trained - self.evaluated >= self.eval_seconds:
            self.trained = self.evaluated = trained
            episodes = self.episodes if ends else 40
            figures = {
                "env_steps": self.num_timesteps,
                "updates": self.model._n_updates,
                "train_seconds": round(trained, 1),
                "success": success(self.model, self.training_env, self.env, episodes),
            }
            print(json.dumps(figures), flush=True)
            self.since = time.monotonic()
        return not ends


def main(env_id: str, seed: int, seconds: float, eval_seconds: float, episodes: int, settings: dict) -> None:
    """Train and report."""
    env = DummyVecEnv([lambda: gymnasium.make(env_id, disable_env_checker=True)])
    env.seed(seed)
    if settings.pop("normalize"):
        env = VecNormalize(env, norm_obs=True, norm_reward=False)
    model = TQC(
        "MultiInputPolicy", env, replay_buffer_class=HerReplayBuffer, seed=seed, device="cpu", **settings
    )
    fresh = gymnasium.make(env_id, disable_env_checker=True)
    fresh.reset(seed=1_000_000 + seed)
    model.learn(10**9, callback=Watch(fresh, seconds, eval_seconds, episodes))


if __name__ == "__main__":
    words = sys.argv[1:]
    main(words[0], int(words[1]), float(words[2]), float(words[3]), int(words[4]), json.loads(words[5]))
