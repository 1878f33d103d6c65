"""The child process of `contestants.EnvPool`: `envpool_runner.py ENV_ID NUM_ENVS EPISODE_LENGTH`.

It needs envpool and NumPy only and runs in their environment. Each line read is a number of episodes, each line
written the seconds they took.
"""

import sys
import time

import envpool
import numpy as np


def main(env_id: str, num_envs: int, episode_length: int) -> None:
    """Answer until the input ends."""
    env = envpool.make(env_id, env_type="gymnasium", num_envs=num_envs, seed=0)
    actions = np.random.default_rng(0).uniform(-1, 1, (64, num_envs, 4)).astype(np.float32)
    env.reset()
    print("ready", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for step in range(int(line) * (episode_length + 1)):
            env.step(actions[step % len(actions)])
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
