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
# # Other models: what else a pile of transitions knows
#
# The data are 1,000 random steps of the arm, and demonstrations of which no action is used. This notebook needs
# your Part 8 (`hw/other_models.py`); where `solutions/` lies beside it, it takes that.

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
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

from envs import make_vec, scripted
from envs.render import RenderingUnavailable, filmstrip, make_painter
from envs.tasks import METRES_PER_ACTION

CODE = "solutions" if importlib.util.find_spec("solutions") else "hw"
inverse = importlib.import_module(f"{CODE}.inverse")
InverseConfig = importlib.import_module(f"{CODE}.kit.inverse_config").InverseConfig
policies = importlib.import_module(f"{CODE}.inverse_policies")
filling = importlib.import_module(f"{CODE}.between")
picture = importlib.import_module(f"{CODE}.kit.inverse_picture")
EPISODES = int(os.environ.get("NOTEBOOK_EPISODES", "40"))
UPDATES = 25 * EPISODES

torch.set_num_threads(1)
config = InverseConfig(models=("joint", "future"), episodes=EPISODES, updates=UPDATES)
fitting = inverse.fitting_for(config, seed=0)

# %% [markdown]
# ## One Gaussian, three models
#
# The joint Gaussian $p(s, a, s')$ is a mean and a covariance: nothing is trained. Conditioned on $(s, a)$ it is a
# forward model, conditioned on $(s, s')$ an inverse model, and as it is it says how plausible a transition is. Hand
# it transitions with the actions of *other* transitions, and it notices.

# %%
figures, density = inverse.judge_joint(config, fitting)
print("explained of the hand's move, by (s, a):      ", figures["forward_explained"])
print("explained of the three actions, by (s, s'):   ", figures["inverse_explained"])
print("a wrong action is noticed (AUC):              ", figures["auc"])
trial = inverse.act(config, fitting, "joint", 1)
print(f"asked for small steps towards the goal, it solves {trial['success']:.0%} of {EPISODES} episodes")
figure, panel = plt.subplots(figsize=(6, 3), layout="constrained")
picture.draw_density(panel, density)
plt.show()

# %% [markdown]
# The arm hardly bends the numbers: a step is nearly linear in $(s, a)$. Where would one Gaussian fail, though a
# network could learn it?
#
# ## Counting down
#
# An n-step inverse model is asked: *the goal is so far away, and n steps are left; what now?* Told the truth (n,
# n-1, …, 1), it arrives. Always told the same n, it never hurries.

# %%
steps = InverseConfig(models=("n-step", "always-n", "chunk"), steps=3_000, episodes=EPISODES, updates=UPDATES)
many = inverse.fitting_for(steps, seed=0)
trials = [inverse.act(steps, many, model, 8) for model in steps.models]
for trial in trials:
    print(
        f"{trial['model']:9} n = {trial['n']}: {trial['success']:.0%}, median distance {trial['median_distance']:.3f} m"
    )

# %% [markdown]
# ## A video of the task
#
# Demonstrations without actions are videos. A model of the future learns from them what comes next, given the goal:
# that is the "video of the task". The inverse model of *random* play then says which action makes it come true.
# States serve as frames here; the last picture is what the arm makes of them.

# %%
future = policies.future_model(fitting, 5)
start, _ = make_vec("reach", 4, seed=5).reset()
moves = future(start["observation"], start["desired_goal"])
figure, panel = plt.subplots(figsize=(4.5, 4), layout="constrained")
for n, (place, goal) in enumerate(zip(start["achieved_goal"], start["desired_goal"], strict=True)):
    path = np.concatenate([place[None], place + moves[n]])
    panel.plot(-path[:, 1], path[:, 0], f"C{n}.-")
    panel.plot(-goal[1], goal[0], f"C{n}*", markersize=12)
panel.set(title="the next five states, from above, and the goals", aspect="equal")
plt.show()


# %%
def show(path: Path) -> None:
    """A picture file."""
    plt.figure(figsize=(12, 4))
    plt.imshow(plt.imread(path))
    plt.axis("off")
    plt.show()


acting = policies.future(fitting, 5)()
strip = Path(tempfile.mkdtemp()) / "future.png"
try:
    filmstrip("reach", lambda obs: acting(obs["observation"], obs["desired_goal"]), strip, frames=8, seed=5)
    show(strip)
except RenderingUnavailable as reason:
    print(f"no pictures here: {reason}")

# %% [markdown]
# ## Video interpolation
#
# Two states are given, the eight between them are not. The hand goes up, over the block, and down behind it, so a
# straight line is far off. The model adds to the line what it has learned.

# %%
GAP = 8
demos = filling.demonstrations(4 * EPISODES, seed=0)
held = max(2, EPISODES // 4)
ways = filling.fit(demos[held:], GAP, 2 * UPDATES, seed=0)(demos[:held])
for way in filling.WAYS:
    print(f"{way:14} {ways.centimetres(way):4.1f} cm off in the middle of the gap")
bent = np.argsort(-np.linalg.norm(ways.truth - ways.filled["straight line"], axis=2).max(axis=1))
figure, axes = plt.subplots(1, 3, figsize=(12, 3), layout="constrained")
for panel, row in zip(axes, bent[::5], strict=False):
    filling.draw_ways(panel, ways, int(row))
axes[0].legend(fontsize="small")
plt.show()

# %% [markdown]
# Now as frames. Above: what the expert's arm did. Below: the arm starts from the same first frame, and goes through
# the eight places that the model put in between.

# %%
BEGIN = 4  # the step at which the gap opens


def film(places: np.ndarray | None) -> list[np.ndarray]:
    """Frames of a gap in the expert's first episode, or of an arm that goes through `places` (n, 3) instead."""
    env = make_vec("push", 1, seed=0)
    frames = []
    try:
        painter = make_painter(env, 160)
        obs, _ = env.reset()
        for step in range(BEGIN + GAP + 1):
            if step >= BEGIN:
                frames.append(painter.draw(obs, 0))
            action = scripted.push(obs)
            if places is not None and BEGIN <= step < BEGIN + GAP:
                offset = places[step - BEGIN] - env.task_spec.gripper(obs["observation"][0])
                action = np.append(np.clip(offset / METRES_PER_ACTION, -1, 1), -1.0)[None]
            obs, *_ = env.step(action)
        painter.close()
    finally:
        env.close()
    return frames


try:
    first = filling.demonstrations(1, seed=0)[:, BEGIN : BEGIN + GAP + 2]
    fill = filling.fit(demos[held:], GAP, UPDATES, seed=0)(first)
    rows = [film(None), film(fill.filled["in-between"][0])]
    figure, axes = plt.subplots(2, 5, figsize=(12, 5), layout="constrained")
    for panels, frames in zip(axes, rows, strict=True):
        for panel, frame in zip(panels, frames[::2], strict=False):
            panel.imshow(frame)
            panel.axis("off")
    plt.show()
except RenderingUnavailable as reason:
    print(f"no pictures here: {reason}")
print("the gaps are filled")

# %% [markdown]
# In which of these models does an action occur at all? Which of them could learn from a million videos of hands,
# and what would still be missing before the arm could move?
