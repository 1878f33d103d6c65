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
# # One policy for all goals: what it values, and what it does
#
# This notebook needs your Part 3 (`hw/policy.py`); where `solutions/` lies beside it, it takes that. It trains for
# some seconds in the tiny world, with the dense reward, so nothing has to be relabelled. Then it looks at trained
# arms.

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
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch

from envs import make_vec, task_spec
from envs.errors import UserMistake

CODE = "solutions" if importlib.util.find_spec("solutions") else "hw"
train = importlib.import_module(f"{CODE}.train")
play = importlib.import_module(f"{CODE}.play")
collect = importlib.import_module(f"{CODE}.kit.collect")
recipes = importlib.import_module(f"{CODE}.kit.recipes")
EPISODES = int(os.environ.get("NOTEBOOK_EPISODES", "240"))
torch.set_num_threads(1)

# %% [markdown]
# ## Training
#
# `train_round` is one turn of the loop in `train.py`: some episodes, then the updates that are due.

# %%
config = recipes.default_config("tiny")
config = replace(config, method="ddpg", reward="dense", cores=1)
run, curve = train.Run(config), []
for count in range(EPISODES // config.num_envs):
    run.train_round()
    if count % 3 == 0:
        measured = collect.evaluate(run.eval_env, run.agent.act, 64)
        curve.append((run.counters["env_steps"], measured["success"]))
agent = run.agent
plt.figure(figsize=(5, 2.5), layout="constrained")
plt.plot(*zip(*curve, strict=True), ".-")
plt.xlabel("env steps")
plt.ylabel("success")
plt.ylim(-0.03, 1.03)
plt.grid(alpha=0.3)
plt.show()
print(f"tiny: success {curve[-1][1]:.0%} after {curve[-1][0]} env steps")

# %% [markdown]
# ## The value of every goal
#
# The state is fixed, and the goal goes over the whole plane: $V(s, g) = \min_e Q_e(s, \pi(s, g), g)$, and each arrow
# is $\pi(s, g)$. One network answers for all of these goals. The white cross is the point; on the right it moves.


# %%
def values(obs: np.ndarray, goals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """V(s, g) (B,) and the actions (B, A) for obs (B, O) and goals (B, G)."""
    states, wanted = agent.obs_norm(obs), agent.goal_norm(agent.relative(obs, goals))
    with torch.no_grad():
        actions = agent.actor(states, wanted)
        return agent.critic(states, actions, wanted).min(dim=0).values.numpy(), actions.numpy()


side = np.linspace(-1, 1, 21)
grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)  # (441, 2), row by row from below
figure, panels = plt.subplots(1, 3, figsize=(13, 4), layout="constrained", sharey=True)
states: dict[str, list[float]] = {
    "at rest in the middle": [0, 0, 0, 0],
    "at rest in a corner": [-0.7, -0.7, 0, 0],
    "moving right": [0, 0, 0.14, 0],
}
for panel, (name, state) in zip(panels, states.items(), strict=True):
    value, actions = values(np.tile(np.array(state, dtype=float), (len(grid), 1)), grid)
    shown = panel.pcolormesh(side, side, value.reshape(21, 21), vmin=-10, vmax=0)
    some = np.arange(len(grid)).reshape(21, 21)[::2, ::2].ravel()
    panel.quiver(*grid[some].T, *actions[some].T, color="w", width=0.004)
    panel.plot(*state[:2], "wx", markersize=10, markeredgewidth=3)
    panel.set(title=name, aspect="equal", xlabel="goal, x")
panels[0].set_ylabel("goal, y")
figure.colorbar(shown, ax=panels, label="V(s, g)")
plt.show()

# %% [markdown]
# ## Is the value true?
#
# Here the point goes to each of these goals, and the discounted sum of its rewards is counted. After the episode it
# counts as staying where it ended.

# %%
env = make_vec("tiny", len(grid), seed=5, reward="dense")
data = collect.collect_episodes(env, lambda obs, _: agent.act(obs, grid))
env.close()
rewards = -np.linalg.norm(data["achieved"][:, 1:] - grid[:, None], axis=2)  # (441, T)
discounts = config.discount ** np.arange(rewards.shape[1])
after = config.discount ** rewards.shape[1] / (1 - config.discount)
counted = rewards @ discounts + after * rewards[:, -1]
promised, _ = values(data["obs"][:, 0], grid)
figure, panels = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
for panel, name, shown in zip(
    panels, ("promised by the critic", "counted"), (promised, counted), strict=False
):
    panel.pcolormesh(side, side, shown.reshape(21, 21), vmin=-10, vmax=0)
    panel.set(title=name, aspect="equal", xlabel="goal, x")
panels[2].plot(counted, promised, ".", alpha=0.5)
panels[2].axline((0, 0), slope=1, color="k", linewidth=1)
panels[2].set(xlabel="counted", ylabel="promised")
plt.show()
off = np.abs(promised - counted).mean()
print(f"counted {counted.mean():.1f} on the mean, promised {promised.mean():.1f}; they differ by {off:.1f}")

# %% [markdown]
# ## One start, many goals
#
# Trained arms, from the same first state to many goals, seen from above: the hand on reach, the block on push. In the
# course's folder these are the weights in `solutions/results`; elsewhere they are the newest of your own runs.


# %%
def trained(task: str) -> Any:
    """A trained agent, or None and a sentence."""
    ours = Path(f"solutions/results/{task}/weights.safetensors")
    try:
        return play.load_agent(ours if ours.is_file() else play.newest_weights(task), task)
    except UserMistake as reason:
        print(f"{task}: {reason}")
        return None


def draw_ways(task: str, panel: Any, radius: float, goals: int = 12) -> None:
    """Ways from one start to goals on a circle round it."""
    agent = trained(task)
    if agent is None:
        panel.set_axis_off()
        return
    spec, angles = task_spec(task), np.linspace(0, 2 * np.pi, goals, endpoint=False)
    env = make_vec(task, goals, seed=0)
    start, _ = env.reset(seed=[7] * goals)  # the same stream in each row, so the same start
    wanted = start["achieved_goal"] + radius * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    states = [start["observation"]]
    for _ in range(env.episode_length):
        obs, *_ = env.step(agent.act(states[-1], wanted))
        states.append(obs["observation"])
    env.close()
    places = spec.achieved_goal(np.array(states))  # (T+1, goals, 3)
    met = np.linalg.norm(places[-1] - wanted, axis=1) <= spec.distance_threshold
    for n in range(goals):
        panel.plot(-places[:, n, 1], places[:, n, 0], f"C{n % 10}-")
        panel.plot(-wanted[n, 1], wanted[n, 0], "*" if met[n] else "x", color=f"C{n % 10}", markersize=11)
    panel.set(title=f"{task}: {met.sum()} of {goals} goals met (stars)", aspect="equal")
    panel.grid(alpha=0.3)
    print(f"{task}: {met.sum()} of {goals} goals met")


figure, panels = plt.subplots(1, 2, figsize=(10, 5), layout="constrained")
draw_ways("reach", panels[0], radius=0.12)
draw_ways("push", panels[1], radius=0.12)
plt.show()
print("that was one start")

# %% [markdown]
# **Questions.** Where does the critic promise too much or too little, and how often has it seen such goals? Why do the
# values fall towards the rim of the map, and what would the map look like with the sparse reward? In "moving right",
# where is the best goal, and why is it not where the point is?
