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
# # Hindsight: one episode, four strategies
#
# This notebook needs your Part 4 (`hw/relabel.py`); where `solutions/` lies beside it, it takes that. Nothing is
# trained.

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
import json
import os
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from envs import make_vec, task_spec

CODE = "solutions" if importlib.util.find_spec("solutions") else "hw"
relabel = importlib.import_module(f"{CODE}.relabel")
collect = importlib.import_module(f"{CODE}.kit.collect")
curves = importlib.import_module(f"{CODE}.kit.curves")
exploration = importlib.import_module(f"{CODE}.kit.exploration")
compare = importlib.import_module(f"{CODE}.compare")
runlog = importlib.import_module(f"{CODE}.kit.runlog")
EPISODES = int(os.environ.get("NOTEBOOK_EPISODES", "64"))


# %%
def random_play(task: str, script: str = "none") -> dict:
    """Episodes of random actions, each held for some steps; or those of a script that touches the object."""
    env, rng = make_vec(task, EPISODES, seed=3), np.random.default_rng(0)
    dims = env.task_spec.action_dim

    def uniform(obs: np.ndarray, goals: np.ndarray) -> np.ndarray:
        return rng.uniform(-1.0, 1.0, size=(len(obs), dims))

    policy = exploration.repeating(uniform, 0.5, rng)
    data = collect.collect_episodes(
        env, exploration.with_script(policy, env.task_spec, script, 1.0, 0.0, rng)
    )
    env.close()
    return data


# %% [markdown]
# ## Four strategies, one episode
#
# A point moves at random in the tiny world (grey, from the black dot); the goal of its episode is the black star.
# For each transition a line leads from the place that it led to, to the goal that a strategy gives it. Green:
# for this goal the reward is 0. Blue: it is -1. Pale paths are other episodes, which only *random* looks at.

# %%
data, spec = random_play("tiny"), task_spec("tiny")
achieved = data["achieved"]
ways = np.linalg.norm(achieved[:, -1] - achieved[:, 0], axis=1)
one = int(np.argmax(ways))
steps = np.arange(spec.episode_length)
places, wanted = achieved[one], data["desired"][one]
figure, panels = plt.subplots(1, 4, figsize=(14, 4), layout="constrained", sharex=True, sharey=True)
for panel, (name, strategy) in zip(panels, relabel.STRATEGIES.items(), strict=True):
    goals = strategy(achieved, np.full(len(steps), one), steps, np.random.default_rng(1))
    rewards = relabel.new_rewards(places[steps + 1], goals, spec.distance_threshold)
    for other in achieved[:20] if name == "random" else ():
        panel.plot(*other.T, color="0.93", zorder=0)
    panel.plot(*places.T, ".-", color="0.7", linewidth=3)
    panel.plot(*places[0], "ko")
    panel.plot(*wanted, "k*", markersize=12)
    for color, rows in (("C0", rewards < 0), ("C2", rewards == 0)):
        ends = np.stack([places[steps + 1][rows], goals[rows]])  # (2, rows, 2): a line for each row
        panel.plot(ends[..., 0], ends[..., 1], "-", color=color, linewidth=1)
        panel.plot(*goals[rows].T, "*", color=color, markersize=9)
    panel.set(title=f"{name}: {np.sum(rewards == 0)} of {len(steps)} rewarded", aspect="equal")
plt.show()

# %% [markdown]
# ## Which rewards change
#
# All transitions of random play get a new goal. A reward changes if it was -1 and is now 0, or the other way round. On
# push the arm hardly ever touches the block by itself; in *push, touched* a script moves it in each episode.

# %%
played = {"tiny": data, "reach": random_play("reach"), "push": random_play("push")}
played["push, touched"] = random_play("push", "poke")


def changes(name: str, strategy: Any) -> tuple[np.ndarray, np.ndarray]:
    """For each episode and step, whether the reward changes, and whether it is 0 now: (N, T) each."""
    data, limit = played[name], task_spec(name.split(",")[0]).distance_threshold
    count, length = data["rewards"].shape
    episodes, steps = np.repeat(np.arange(count), length), np.tile(np.arange(length), count)
    goals = strategy(data["achieved"], episodes, steps, np.random.default_rng(2))
    new = relabel.new_rewards(data["achieved"][episodes, steps + 1], goals, limit).reshape(count, length)
    return new != data["rewards"], new == 0


figure, panels = plt.subplots(1, len(played), figsize=(14, 3.2), layout="constrained", sharey=True)
print(f"{'share of rewards that change':30}" + "".join(f"{name:>10}" for name in relabel.STRATEGIES))
for panel, name in zip(panels, played, strict=True):
    shares = []
    panel.plot(np.mean(played[name]["rewards"] == 0, axis=0), "k:", label="as it was")
    for title, strategy in relabel.STRATEGIES.items():
        changed, rewarded = changes(name, strategy)
        shares.append(changed.mean())
        panel.plot(rewarded.mean(axis=0), label=title)
    panel.set(title=name, xlabel="step", ylim=(-0.03, 1.03))
    panel.grid(alpha=0.3)
    print(f"{name:30}" + "".join(f"{share:10.0%}" for share in shares))
panels[0].set_ylabel("share of steps with reward 0")
panels[0].legend(fontsize="small")
plt.show()

# %% [markdown]
# ## What it is worth in training
#
# Medians over seeds, in a band from the lowest to the highest. In the course's folder these are measured runs of
# `solutions/results`, whose README says how each was made: hindsight (`her`) and none (`ddpg`); models, with the three
# kinds of rollouts (Part 2); slide with one of its levers off. Elsewhere they are your own runs, as
# `make compare TASK=tiny METHODS="her ddpg"` leaves them.

# %%
MEASURED = {
    "reach, hindsight or none": ["reach/methods"],
    "push, hindsight or none": ["push/methods"],
    "reach, three kinds of rollouts": ["reach/equal_updates"],
    "slide, one lever off": ["slide/again", "slide/ablation"],
}
TODAY = {
    "her-no-nearby": "her-no-jitter",
    "her-no-average": "her-no-ema",
}  # these were measured under older names


def measured() -> dict[str, list[dict]]:
    """Title -> runs, each with a method and a curve."""
    results, found = Path("solutions/results"), {}
    if results.is_dir():
        for title, names in MEASURED.items():
            files = [json.loads((results / f"{name}.json").read_text(encoding="utf-8")) for name in names]
            found[title] = [run for file in files for run in file["runs"]]
        return found
    for path in sorted(Path("runs/compare").glob("*/*/progress.csv")):
        task, name = path.parts[-3:-1]
        curve = compare.progress(runlog.read_progress(path), level=1.0)["curve"]
        if curve:
            found.setdefault(task, []).append({"method": name.split("-s")[0], "curve": curve})
    return found


def draw(shown: dict[str, list[dict]]) -> None:
    """A panel for each title, a line for each method in it."""
    _, panels = plt.subplots(1, len(shown), figsize=(15, 3.6), layout="constrained", squeeze=False)
    for panel, (title, runs) in zip(panels[0], shown.items(), strict=True):
        for method in dict.fromkeys(run["method"] for run in runs):
            lines = [np.array(run["curve"], dtype=float) for run in runs if run["method"] == method]
            x, success = curves.common_grid(lines, curves.STEPS)
            panel.plot(x, np.median(success, axis=0), label=f"{TODAY.get(method, method)} ({len(lines)})")
            panel.fill_between(x, success.min(axis=0), success.max(axis=0), alpha=0.15)
        panel.set(title=title, xlabel="env steps", ylim=(-0.03, 1.03))
        panel.legend(fontsize="x-small", title="method (seeds)", title_fontsize="x-small")
        panel.grid(alpha=0.3)
    panels[0, 0].set_ylabel("success")
    plt.show()


shown = measured()
if shown:
    draw(shown)
print(f"curves: {', '.join(shown) or 'none yet'}")

# %% [markdown]
# **Questions.** On push nearly every relabelled reward of random play is 0, and fewer are where the block is touched.
# Which of the two teaches more? *random* changes few rewards: is it of no use at all? Which strategies reward the
# first steps of an episode, and why does a critic need the other steps as well?
