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
# # Planning: what a plan promises, and what happens
#
# A model is fitted to 500 random steps of the arm. No policy is trained. This notebook needs your Parts 1 and 7
# (`hw/dynamics.py`, `hw/planning.py`); where `solutions/` lies beside it, it takes those.

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

import matplotlib.pyplot as plt
import numpy as np
import torch

from envs import task_spec

CODE = "solutions" if importlib.util.find_spec("solutions") else "hw"
trials = importlib.import_module(f"{CODE}.plan_trials")
PlanConfig = importlib.import_module(f"{CODE}.kit.plan_config").PlanConfig
planning = importlib.import_module(f"{CODE}.planning")
picture = importlib.import_module(f"{CODE}.kit.plan_picture")
EPISODES = int(os.environ.get("NOTEBOOK_EPISODES", "16"))

torch.set_num_threads(1)
spec = task_spec("reach")
config = PlanConfig(episodes=EPISODES)
model, info = trials.fit(config, seed=0)
print(f"a model of {info['env_steps']} random steps of reach, fitted in {info['fit_seconds']:.1f} s")


# %%
def show(chosen: list) -> None:
    """The hand's paths of each trial, seen from above."""
    _, axes = plt.subplots(
        1, len(chosen), figsize=(3.6 * len(chosen), 3.6), layout="constrained", squeeze=False
    )
    for panel, trial in zip(axes[0], chosen, strict=True):
        picture.draw_paths(panel, spec, trial)
    plt.show()


# %% [markdown]
# ## How often to plan
#
# Solid: where the hand went. Dotted: where each plan would have led, if the model were right. On the left a plan is
# made after every step, on the right one plan serves the whole episode (open loop).

# %%
done = [trials.act(config, model, 0, "cem", "goal", every) for every in (1, 10, 50)]
show(done)
print(f"{'steps between plans':>20} {'success':>8} {'median distance at the end':>28}")
for trial in done:
    print(f"{trial.every:20} {trial.figures['success']:8.0%} {trial.figures['cm_off']:25.1f} cm")

# %% [markdown]
# How far is the hand from where the one plan for 50 steps says it is?

# %%
open_loop = done[-1]
promised, happened = (spec.gripper(x) for x in (open_loop.promised[0], open_loop.observed))
error = 100 * np.linalg.norm(promised - happened, axis=-1)  # (51, N), cm
plt.figure(figsize=(6, 3))
plt.plot(error, color="C0", alpha=0.3)
plt.plot(np.median(error, axis=1), color="k", label="median")
plt.axhline(100 * spec.distance_threshold, color="C3", linestyle=":", label="what counts as reached")
plt.xlabel("steps into the plan")
plt.ylabel("model error, cm")
plt.legend()
plt.show()

# %% [markdown]
# ## Inside the cross-entropy method
#
# Five rounds of sampling and refitting for one start state, with `sample_plans`, `plan_returns` and `refit`. The
# returns of the candidates rise, and the spread of their actions falls.

# %%
rng = np.random.default_rng(0)
start = torch.as_tensor(open_loop.observed[0, :1], dtype=torch.float32)
goal = torch.as_tensor(open_loop.goals[:1], dtype=torch.float32)
mean, std = np.zeros((1, 8, 4)), np.full((1, 8, 4), 0.5)
returns_of_rounds, spread = [], [std.mean()]


def reward(next_obs: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Minus the distance to the goal: next_obs (M, O), rows (M,) -> (M,)."""
    return -torch.linalg.vector_norm(spec.gripper(next_obs) - goal[rows], dim=1)


for _round in range(5):
    plans = planning.sample_plans(mean, std, 64, rng)
    with torch.no_grad():
        returns = planning.plan_returns(
            model.mean_next, reward, start, torch.as_tensor(plans, dtype=torch.float32)
        )
    returns_of_rounds.append(returns[0].numpy())
    mean, std = planning.refit(plans, returns.numpy(), 8, 0.05)
    spread.append(std.mean())

figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
axes[0].boxplot(returns_of_rounds)
axes[0].set(xlabel="round", ylabel="returns of 64 candidates")
axes[1].plot(spread, "o-")
axes[1].set(xlabel="rounds done", ylabel="mean std of the actions", ylim=(0, None))
plt.show()

# %% [markdown]
# ## One model, other rewards
#
# The model was never told what the arm is for. Here it serves three rewards: run round a circle, go left, and go to a
# place round a ball (shaded). Each is a function of the next state, a few lines in `kit/rewards.py`.

# %%
done = [trials.act(config, model, 0, "gradient", name, 1) for name in ("circle", "left", "around")]
show(done)
for trial in done:
    print(
        trial.reward, {key: round(value, 2) for key, value in trial.figures.items() if key.startswith("cm")}
    )

# %% [markdown]
# **Questions.** Put `"gradient"` for `"cem"` in the second cell: with one plan for 50 steps it misses by more. Why?
# With which reward would a planner that looks three steps ahead stand still, even in an exact model?
