# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Synthetic rollouts: three ways to start and stop
#
# One policy acts in the world and in a learned model. This notebook needs your Parts 1 and 2 (`hw/dynamics.py`,
# `hw/imagine.py`); where `solutions/` lies beside it, it takes those.

# %%
# Jupyter starts a notebook in the notebook's own folder: find the homework's, where `envs` and `hw` lie.
import os
import sys
from pathlib import Path

root = next(
    (folder for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "envs/tasks.py").is_file()), None
)
assert root, (
    "Open this notebook where it was unpacked, inside the homework's folder: it needs the folder envs there."
)
os.chdir(root)
sys.path.insert(0, str(root))

# %%
import importlib
import importlib.util
import os
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.collections import LineCollection

from envs import make_vec, scripted

CODE = "solutions" if importlib.util.find_spec("solutions") else "hw"
collect = importlib.import_module(f"{CODE}.kit.collect")
imagine = importlib.import_module(f"{CODE}.imagine")
model_error = importlib.import_module(f"{CODE}.model_error")
DynamicsModel = importlib.import_module(f"{CODE}.model").DynamicsModel
EPISODES = int(os.environ.get("NOTEBOOK_EPISODES", "128"))
torch.set_num_threads(1)
KINDS = {
    "full, from initial states": ("initial", "full"),
    "partial, from initial states": ("initial", "partial"),
    "partial, from all states": ("all", "partial"),
}
LENGTH = 8  # steps of a partial rollout

# %% [markdown]
# ## A model, and real episodes
#
# The model is fitted to random play. The policy is one written by hand. It is deterministic, so from a real state it
# goes on as the real episode did, if the model is right: the distance between the two is the model's doing.


# %%
@dataclass
class World:
    """A task, a model of it, and real episodes of the policy written by hand."""

    spec: Any
    model: Any
    policy: Any  # obs (n, O), goals (n, G) -> actions (n, A)
    real: dict  # obs (N, T+1, O), desired (N, G), …


def world(task: str) -> World:
    """Explore at random, fit the model, then let the policy act in the world."""
    config, rng = model_error.ErrorConfig(task=task), np.random.default_rng(0)
    env = make_vec(task, 16, seed=0)
    spec, by_hand = env.task_spec, {"reach": scripted.reach, "push": scripted.push}[task]
    count = EPISODES if spec.object else EPISODES // 4  # contact is rare
    data = model_error.explore_randomly(env, config, count, rng)
    steps = data["obs"][:, :-1], data["actions"], data["obs"][:, 1:]
    model = DynamicsModel(spec.obs_dim, spec.action_dim, seed=0, noise=0.0)
    model.fit(*(values.reshape(-1, values.shape[-1]) for values in steps), rng)

    def policy(obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        return by_hand({"observation": obs, "achieved_goal": spec.achieved_goal(obs), "desired_goal": goals})

    real = collect.collect_episodes(env, policy)
    env.close()
    return World(spec, model, policy, real)


worlds = {task: world(task) for task in ("reach", "push")}
for task, found in worlds.items():
    ends, goals = found.spec.achieved_goal(found.real["obs"][:, -1]), found.real["desired"]
    solved = np.linalg.norm(ends - goals, axis=1) < found.spec.distance_threshold
    print(f"{task}: the policy solves {solved.mean():.0%} of {len(goals)} real episodes")


# %% [markdown]
# ## Three kinds of rollouts
#
# `start_states`, `rollout_lengths` and `imagine` do the work. Behind each state stand three more numbers: its episode,
# its step, and how many steps were imagined, so that each imagined state can be held beside the real one.


# %%
@dataclass
class Numbered:
    """The model for states (B, O+3) with these three numbers behind."""

    model: Any

    def sample_next(self, obs: np.ndarray, actions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return np.concatenate(
            [self.model.sample_next(obs[:, :-3], actions, rng), obs[:, -3:] + [0.0, 1.0, 1.0]], axis=1
        )


def rollouts(here: World, kind: tuple[str, str], count: int) -> dict[str, np.ndarray]:
    """Imagined transitions: obs and next_obs (M, O); the episode (M,) and step (M,) of next_obs, how many steps were
    imagined (M,), and how far the achieved goal lies from the real one (M,), in centimetres."""
    rng, (start_mode, rollout_mode) = np.random.default_rng(1), kind
    real, achieved, length = here.real["obs"], here.spec.achieved_goal, here.spec.episode_length
    episodes, steps = imagine.start_states(start_mode, len(real), length, count, rng)
    lengths = imagine.rollout_lengths(rollout_mode, steps, length, LENGTH)
    numbers = np.stack([episodes, steps, np.zeros_like(steps)], axis=1)
    starts = np.concatenate([real[episodes, steps], numbers], axis=1)

    def policy(obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        return here.policy(obs[:, :-3], goals)

    data = imagine.imagine(Numbered(here.model), policy, starts, here.real["desired"][episodes], lengths, rng)
    episode, step, imagined = data["next_obs"][:, -3:].round().astype(int).T
    obs, next_obs = data["obs"][:, :-3], data["next_obs"][:, :-3]
    off = 100 * np.linalg.norm(achieved(next_obs) - achieved(real[episode, step]), axis=1)
    return {
        **{
            "obs": obs,
            "next_obs": next_obs,
            "episode": episode,
            "step": step,
            "imagined": imagined,
            "off": off,
        }
    }


def draw(here: World, kind: str, panels: Any, shown: int = 4) -> None:
    """Paths from above, of the hand and of the block with its goal: real ones in grey, imagined ones in color."""
    data = rollouts(here, KINDS[kind], count=240)
    for place_of, panel in zip((here.spec.gripper, here.spec.achieved_goal), panels, strict=True):
        for episode in range(shown):
            rows, real = data["episode"] == episode, place_of(here.real["obs"][episode])
            ends = [place_of(data[key][rows])[:, 1::-1] * [-1, 1] for key in ("obs", "next_obs")]
            panel.plot(-real[:, 1], real[:, 0], color="0.8", linewidth=5, solid_capstyle="round")
            panel.add_collection(
                LineCollection(list(np.stack(ends, axis=1)), colors=f"C{episode}", linewidths=1)
            )
        panel.set_aspect("equal", adjustable="datalim")
        panel.grid(alpha=0.3)
    for episode, goal in enumerate(here.real["desired"][:shown]):
        panels[1].plot(-goal[1], goal[0], "*", color=f"C{episode}", markersize=11, markeredgecolor="k")
    panels[0].set_title(kind)


push = worlds["push"]
figure, panels = plt.subplots(2, 3, figsize=(12, 8), layout="constrained")
for column, kind in zip(panels.T, KINDS, strict=True):
    draw(push, kind, column)
for panel, what in zip(panels[:, 0], ("hand", "block"), strict=True):
    panel.set_ylabel(f"the {what}, from above")
plt.show()

# %% [markdown]
# ## Which steps they see, and how wrong they are
#
# 200 rollouts of each kind on push. Above: how many imagined transitions lead to each step of an episode. Below: how
# far the imagined block lies from the real one, median and the middle 80 %.


# %%
def draw_error(panel: Any, when: np.ndarray, off: np.ndarray, label: str = "") -> None:
    """Median error and the middle 80 % at each of these times."""
    times = np.unique(when)
    low, middle, high = np.array([np.quantile(off[when == time], (0.1, 0.5, 0.9)) for time in times]).T
    panel.plot(times, middle, ".-", label=label)
    panel.fill_between(times, low, high, alpha=0.2)
    panel.grid(alpha=0.3)


figure, panels = plt.subplots(2, 3, figsize=(12, 5), layout="constrained", sharex=True, sharey="row")
for (above, below), kind in zip(panels.T, KINDS, strict=True):
    data = rollouts(push, KINDS[kind], count=200)
    above.bar(*np.unique(data["step"], return_counts=True))
    draw_error(below, data["step"], data["off"])
    above.set_title(kind)
    below.set(xlabel="step of the episode", ylim=(0, None))
    print(f"{kind:30} {np.mean(data['off'] > 1):4.0%} of the imagined states are more than 1 cm off")
panels[0, 0].set_ylabel("imagined transitions")
panels[1, 0].set_ylabel("the block is off by, cm")
plt.show()

# %% [markdown]
# ## Drift
#
# Now each rollout starts at any state and lasts until the end of its episode: the error against the number of imagined
# steps, of the block on push, and of the hand on reach, which touches nothing.

# %%
figure, panel = plt.subplots(figsize=(6, 3.5), layout="constrained")
for task, here in worlds.items():
    data = rollouts(here, ("all", "full"), count=200)
    draw_error(panel, data["imagined"], data["off"], task)
    for count in (1, LENGTH, 30):
        middle, high = np.quantile(data["off"][data["imagined"] == count], (0.5, 0.9))
        print(f"{task:6} after {count:2} imagined steps: median {middle:5.2f} cm, 90 % {high:5.2f} cm")
panel.set(xlabel="imagined steps", ylabel="error, cm", yscale="log")
panel.legend()
plt.show()

# %% [markdown]
# **Questions.** On push the error of full rollouts jumps at about the tenth step. What happens there? Partial rollouts
# from all states are wrong there too: why are they right again later in the episode? Which kind would you take on
# reach?
