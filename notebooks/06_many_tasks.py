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
# # Many tasks: one policy, and what tells it which task
#
# This notebook needs your Part 6 (`hw/multitask.py`); where `solutions/` lies beside it, it takes that. It makes
# demonstrations first (once, they are kept in `runs/demos`), and trains for some seconds in between.

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
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch

from envs.render import RenderingUnavailable

CODE = "solutions" if importlib.util.find_spec("solutions") else "hw"
imitate = importlib.import_module(f"{CODE}.imitate")
batches = importlib.import_module(f"{CODE}.task_batches")
filming = importlib.import_module(f"{CODE}.kit.filming")
sentences = importlib.import_module(f"{CODE}.kit.sentences")
sets = importlib.import_module(f"{CODE}.kit.task_sets")

EPISODES = int(os.environ.get("NOTEBOOK_EPISODES", "16"))
UPDATES = 150 * EPISODES
torch.set_num_threads(1)
desk, pictures = sets.task_set("desk"), Path(tempfile.mkdtemp())
six = np.arange(len(desk))

# %% [markdown]
# ## Six tasks in one world
#
# A task is a zone of the state space: its reward is 0 inside and -1 outside. All tasks share the block, the table and
# the arm, and no episode starts in a zone or close to one. The experts are scripts.

# %%
env = desk.make_env(EPISODES * len(desk), 0)
judged = np.arange(env.num_envs) % len(desk)
by_expert = sets.solved(sets.run_tasks(desk, env, lambda obs: desk.act(obs, judged)), judged)
env.close()
print(f"{len(desk)} tasks in {desk.env}; success of their experts:")
for task in six:
    print(f"  {desk.names[task]:6} {by_expert[judged == task].mean():4.0%}   {desk.instructions[task]}")


# %%
def trained(updates: int = UPDATES, **settings: Any) -> Any:
    """A policy that imitated for so many steps, and everything to measure it."""
    imitator = imitate.Imitator(imitate.ImitateConfig(episodes=EPISODES, **settings))
    for _ in range(updates):
        imitator.learner.update()
    return imitator


def show(success: dict[str, list[float]], names: tuple[str, ...]) -> None:
    """A line for each way of telling."""
    print(" " * 16 + "".join(f"{name:>7}" for name in names) + "   mean")
    for way, shares in success.items():
        print(f"{way:16}" + "".join(f"{share:7.2f}" for share in shares) + f"{np.mean(shares):7.2f}")


# %% [markdown]
# ## Tell it in words
#
# The code of an instruction is the mean of its words' vectors, and the vectors are learned with the policy. *right*
# are sentences of the training, *recombined* those in which a verb meets a place for the first time, *reworded* those
# with a new verb, *german* those of new words alone. In the last row the policy is told another task than the one it
# is judged by: a policy that ignores its instruction is as good there as in the first.

# %%
words = trained(z="words", demos=30)
show(words.evaluate(), desk.names)
print(f"(guessing one of six tasks: {1 / 6:.2f})")

# %% [markdown]
# One start state, six instructions. A green frame: the state lies in the zone of the task.

# %%
told = sentences.Vocabulary().tokens(list(desk.instructions))
try:
    filming.strips(desk, words.policy.told(told), six, pictures / "six.png", seed=3)
    plt.figure(figsize=(9, 9))
    plt.imshow(plt.imread(pictures / "six.png"))
    plt.yticks((six + 0.5) * len(plt.imread(pictures / "six.png")) / len(desk), desk.instructions)
    plt.xticks([])
    plt.show()
except RenderingUnavailable as reason:
    print(f"nothing drawn: {reason}")

# %% [markdown]
# ## Show it
#
# Now z are two numbers, computed from eight states of a demonstration. Nobody said what they should mean. Below are
# demonstrations that the training has never seen.

# %%
shown = trained(z="demo", demos=30)
with torch.no_grad():
    z = shown.policy.code(batches.frames(shown.unseen.obs)).numpy()
figure, panel = plt.subplots(figsize=(5, 4), layout="constrained")
for task in six:
    panel.plot(*z[shown.unseen.tasks == task].T, ".", label=desk.names[task])
panel.set(xlabel="z, first number", ylabel="z, second number")
panel.legend(fontsize=8)
plt.show()
show(shown.evaluate(), desk.names)

# %% [markdown]
# ## Which label?
#
# A point moves at random in the tiny world. Each of these episodes gets a label, one of eight places, and a policy
# imitates them all. With the label of the highest return an episode shows how to get to a place; with a random label
# it shows nothing. (Off-policy RL does not imitate: it learns from the rewards. There random labels do no harm.)

# %%
figure, axes = plt.subplots(1, 2, figsize=(8, 4), layout="constrained", sharex=True, sharey=True)
for panel, relabel in zip(axes, ("random", "best"), strict=True):
    played = trained(UPDATES // 2, z="onehot", tasks="ring", demos=300, relabel=relabel)
    places = np.arange(played.env.num_envs) % len(played.tasks)
    paths = sets.run_tasks(played.tasks, played.env, played.policy.told(places))
    reached = sets.solved(paths, places).mean()
    for path, place in zip(paths["obs"], places, strict=True):
        panel.plot(*path[:, :2].T, color=f"C{place}", alpha=0.5, linewidth=1)
    panel.set(title=f"{relabel} labels: {reached:.0%} end at their place", aspect="equal")
    print(f"{relabel} labels: success {reached:.2f}")
plt.show()

# %% [markdown]
# An episode of random actions often comes by no place at all: it earned the same under every label. What would happen
# if `relabel_tasks` gave all of these to task 0? Try it in `hw/multitask.py`, and look at the colours.
