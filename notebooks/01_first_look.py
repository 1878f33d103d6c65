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
# # A first look: the tasks, two arms that do not learn, and what relabeling changes
#
# Nothing here has to be filled in. It needs only `envs/`, so it runs before you have written a line.

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
import tempfile

import matplotlib.pyplot as plt
import numpy as np

from envs import TASKS, make_vec, scripted, task_spec
from envs.render import RenderingUnavailable, goal_grid

EPISODES = int(os.environ.get("NOTEBOOK_EPISODES", "64"))
pictures = Path(tempfile.mkdtemp())

# %% [markdown]
# ## The tasks
#
# In each, something has to be brought to a goal, drawn anew for each episode: the point (`tiny`), the gripper (`reach`)
# or an object. The goal is a part of what the policy sees, and not a part of how the world moves.

# %%
for name in TASKS:
    spec = task_spec(name)
    print(f"{name:15} observation {spec.obs_dim:2}, goal {spec.goal_dim}, action {spec.action_dim}, "
          f"{spec.episode_length} steps, solved within {spec.distance_threshold} of the goal")  # fmt: skip


# %%
def show(task: str) -> None:
    """Six starts of a task, with their goals."""
    try:
        goal_grid(task, pictures / f"{task}.png", rows=1, cols=6, seed=0)
    except RenderingUnavailable as reason:
        print(f"{task}: {reason}")
        return
    plt.figure(figsize=(12, 2.2))
    plt.imshow(plt.imread(pictures / f"{task}.png"))
    plt.title(task)
    plt.axis("off")
    plt.show()


for name in TASKS:
    show(name)

# %% [markdown]
# ## Two arms that do not learn
#
# One acts at random; the other was written by hand for one task each. The share of goals that are met before anything
# moves is the floor to hold every success rate against.

# %%
rng = np.random.default_rng(0)
by_hand: dict[str, scripted.Policy] = {
    "tiny": scripted.TinyController(),
    "reach": scripted.reach,
    "push": scripted.push,
}
print(f"{'task':15} {'at the start':>14} {'at random':>11} {'by hand':>9}")
for name in TASKS:
    env = make_vec(name, EPISODES, seed=1)
    obs, _ = env.reset()
    at_start = env.is_success(obs["achieved_goal"], obs["desired_goal"]).mean()
    at_random = scripted.success_rate(env, scripted.RandomPolicy(env.task_spec.action_dim, rng))
    hand = f"{scripted.success_rate(env, by_hand[name]):9.0%}" if name in by_hand else f"{'–':>9}"
    print(f"{name:15} {at_start:14.0%} {at_random:11.0%} {hand}")
    env.close()

# %% [markdown]
# ## What relabeling changes
#
# Let the random arm act, and look at the rewards: nearly all are -1, so there is nothing to learn from. Now look at the
# *same* steps again, and pretend that the place where each episode ended had been its goal all along. Nothing about the
# world has changed, and in every episode some steps are rewarded.


# %%
def rewards_of_a_random_arm(task: str) -> tuple[np.ndarray, np.ndarray]:
    """Rewards of random episodes (n, T): for the goals that were wanted, and for the places where episodes ended."""
    env = make_vec(task, EPISODES, seed=2)
    act = scripted.RandomPolicy(env.task_spec.action_dim, rng)
    obs, _ = env.reset()
    wanted, reached = obs["desired_goal"], []
    for _ in range(env.episode_length):
        obs, *_ = env.step(act(obs))
        reached.append(obs["achieved_goal"])
    env.close()
    original = [env.compute_reward(place, wanted) for place in reached]
    pretended = [env.compute_reward(place, reached[-1]) for place in reached]
    return np.stack(original, axis=1), np.stack(pretended, axis=1)


figure, axes = plt.subplots(1, 3, figsize=(12, 3), sharey=True, layout="constrained")
for panel, name in zip(axes, ("tiny", "reach", "push"), strict=True):
    original, pretended = rewards_of_a_random_arm(name)
    panel.plot(np.mean(original == 0, axis=0), label="the goal that was wanted")
    panel.plot(np.mean(pretended == 0, axis=0), label="the place where the episode ended")
    panel.set(title=name, xlabel="step", ylim=(0, 1.03))
    panel.grid(alpha=0.3)
axes[0].set_ylabel("share of episodes with reward 0")
axes[0].legend(title="goal")
plt.show()

# %% [markdown]
# **Look closely at push.** There the relabelled curve is high from the first step on: in most random episodes the arm
# never touches the block, so the block ends where it started, and every step "succeeds". Those rewards are right, and
# teach little. What would you change about *which* episodes a batch is drawn from?
#
# Goals can be taken from other places than the end of an episode. Which of them would reward the first steps of a
# `tiny` episode more often, and why?
