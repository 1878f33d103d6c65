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
# # A dynamics model: where it is right, and whether it knows where it is not
#
# A model is fitted to a little random play with a block. This notebook needs your Part 1 (`hw/dynamics.py`); where
# `solutions/` lies beside it, it takes that.

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
import time
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch

from envs import make_vec

CODE = "solutions" if importlib.util.find_spec("solutions") else "hw"
model_error = importlib.import_module(f"{CODE}.model_error")
DynamicsModel = importlib.import_module(f"{CODE}.model").DynamicsModel
EPISODES = int(os.environ.get("NOTEBOOK_EPISODES", "160"))
torch.set_num_threads(1)

# %% [markdown]
# ## A little data
#
# The arm acts at random on push, and in a tenth of the episodes a script moves it through the block. A step counts as
# contact if the block moved by more than a millimetre in it. As many other episodes
# serve to measure the errors.

# %%
config, rng = model_error.ErrorConfig(task="push"), np.random.default_rng(0)
env = make_vec("push", 16, seed=0)
spec = env.task_spec


def transitions() -> tuple[np.ndarray, ...]:
    """Random play as obs (N, O), actions (N, A), next_obs (N, O)."""
    data = model_error.explore_randomly(env, config, EPISODES, rng)
    steps = data["obs"][:, :-1], data["actions"], data["obs"][:, 1:]
    return tuple(values.reshape(-1, values.shape[-1]) for values in steps)


seen, fresh = transitions(), transitions()
env.close()
moved = np.linalg.norm(spec.achieved_goal(fresh[2]) - spec.achieved_goal(fresh[0]), axis=1)
contact = moved > model_error.STILL
KINDS = {"free": ~contact, "contact": contact}
print(f"{len(seen[0])} steps to learn from; of {len(fresh[0])} others {contact.mean():.0%} are contact")


# %%
def fitted(**settings: Any) -> Any:
    """A model of the data, and a line about its fit."""
    model, started = DynamicsModel(spec.obs_dim, spec.action_dim, seed=0, **settings), time.perf_counter()
    info = model.fit(*seen, np.random.default_rng(1))
    seconds = time.perf_counter() - started
    print(f"{info['model_epochs']} epochs in {seconds:.1f} s, hold-out loss {info['model_loss']:.2f}")
    return model


def judged(model: Any) -> tuple[np.ndarray, ...]:
    """The elites' means and standard deviations (K, N, O), and what really happened (N, O), all normalised."""
    obs, actions, next_obs = fresh
    inputs = (np.concatenate([obs, actions], axis=1) - model.stats["input_mean"]) / model.stats["input_std"]
    with torch.no_grad():
        mean, log_var = model.gaussian(torch.as_tensor(inputs, dtype=torch.float32))
    real = (next_obs - obs - model.stats["delta_mean"]) / model.stats["delta_std"]
    return mean.numpy()[model.elites], np.exp(log_var.numpy()[model.elites] / 2), real


model = fitted()
mean, std, real = judged(model)

# %% [markdown]
# ## Error by dimension
#
# Errors are in units of the normalised change, so 1 is the spread of that number over all of the data. A ring shows
# how much the number really changes in these steps. A dot on its ring: the model knows nothing about it.


# %%
def rms(values: np.ndarray) -> np.ndarray:
    """Root of the mean square over the rows: (N, O) -> (O,)."""
    return np.sqrt(np.mean(values**2, axis=0))


def xyz(*names: str) -> list[str]:
    """Three dimensions for each name."""
    return [f"{name} {axis}" for name in names for axis in "xyz"]


NAMES = [
    *xyz("hand", "block", "block - hand"), "finger 1", "finger 2",
    *xyz("block's angle", "speed of block - hand", "block's spin", "hand's speed"),
    "finger 1's speed", "finger 2's speed",
]  # fmt: skip
places = -np.arange(len(NAMES))
error = mean.mean(axis=0) - real
figure, panels = plt.subplots(1, 2, figsize=(10, 6), layout="constrained", sharex=True, sharey=True)
for panel, (kind, rows) in zip(panels, KINDS.items(), strict=True):
    panel.hlines(places, rms(error[rows]), rms(real[rows]), color="0.8")
    panel.plot(rms(real[rows]), places, "o", color="k", fillstyle="none", label="the real change")
    panel.plot(rms(error[rows]), places, "o", color="C3", label="the model's error")
    panel.set(xscale="log", title=f"{kind}, {rows.sum()} steps", xlabel="root mean square, normalised")
    panel.grid(alpha=0.3)
panels[0].set_yticks(places, NAMES)
panels[0].legend()
plt.show()


def say_block(error: np.ndarray) -> None:
    """How far off the block is, in free motion and in contact."""
    off = np.linalg.norm(spec.achieved_goal(error * model.stats["delta_std"]), axis=1)
    for kind, rows in KINDS.items():
        way, wrong = 1000 * np.median(moved[rows]), 1000 * np.median(off[rows])
        print(
            f"{kind:8} the block moves by {way:.1f} mm in a step, and the model is off by {wrong:.1f} mm (medians)"
        )


say_block(error)

# %% [markdown]
# ## Calibration
#
# A Gaussian says how far off it may be. If that is true, the real change lies within one standard deviation in 68 of
# 100 cases, and within two in 95. On the left: how often it does. On the right: all predictions, sorted by their
# standard deviation into groups, and the error in each group. On the diagonal a model knows how wrong it is; above it
# the model is too sure. Dashed is a second model, whose log-variance may not fall below -2 (1b): its Gaussians stay
# wide.

# %%
wide = judged(fitted(min_log_var=-2.0))
say_block(wide[0].mean(axis=0) - real)
models = {"log-variance down to -10": (mean, std), "down to -2": wide[:2]}
widths = np.linspace(0, 3, 61)
normal = [torch.special.erf(torch.tensor(width / 2**0.5)).item() for width in widths]
figure, (covered, sizes) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
covered.plot(widths, normal, color="k", linewidth=1, label="a Gaussian that is right")
for line, (name, (means, stds)) in zip(("-", "--"), models.items(), strict=True):
    for color, (kind, rows) in zip(("C0", "C1"), KINDS.items(), strict=True):
        off, said = np.abs(means - real)[:, rows].ravel(), stds[:, rows].ravel()
        inside = [np.mean(off <= width * said) for width in widths]
        covered.plot(widths, inside, line, color=color, label=f"{kind}, {name}")
        groups = np.array_split(np.argsort(said), 12)
        told = [np.sqrt(np.mean(said[group] ** 2)) for group in groups]
        found = [np.sqrt(np.mean(off[group] ** 2)) for group in groups]
        sizes.plot(told, found, line, color=color, marker=".")
        print(
            f"{kind:8} {name:25} within one standard deviation: {inside[20]:.0%}, within two: {inside[40]:.0%}"
        )
covered.set(xlabel="standard deviations", ylabel="share of the real changes within")
covered.legend(fontsize="small")
sizes.axline((0.1, 0.1), (1, 1), color="k", linewidth=1)
sizes.set(xscale="log", yscale="log", xlabel="predicted standard deviation", ylabel="root mean square error")
for panel in (covered, sizes):
    panel.grid(alpha=0.3)
plt.show()

# %% [markdown]
# ## What the members disagree about
#
# The members saw different samples of the same data. Where data are rare, their means differ.

# %%
print(f"{'':10}{'disagreement':>14}{'predicted std':>15}{'error':>8}")
for kind, rows in KINDS.items():
    figures = mean[:, rows].std(axis=0).mean(), std[:, rows].mean(), np.abs(error[rows]).mean()
    print(f"{kind:10}{figures[0]:14.2f}{figures[1]:15.2f}{figures[2]:8.2f}")

# %% [markdown]
# **Questions.** In contact the model is too sure of itself. Which rows does the likelihood weight most? What does the
# higher bound change about that, and what does it cost where nothing is touched? What do four times as many episodes
# change, and what not?
