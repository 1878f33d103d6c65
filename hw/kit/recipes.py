"""What a task changes of the defaults in kit/config.py, each with its reason."""

from typing import Any

from envs.tasks import TaskName

from .config import TrainConfig

# At first an object is found and moved by luck, which takes many episodes. The more episodes there are, the longer a
# fit of the model takes and the less it changes, so fits are rarer.
OBJECT: dict[str, Any] = {
    "num_envs": 16,
    "warmup_episodes": 16,
    "eval_every": 8_000,
    "model_every": 8_000,
    "mirror": "xy",
}
# A block: of one that lies still, every hindsight goal is met before anything is done; and a goal that was met says
# nothing of those beside it, which a block that slides on will miss.
BLOCK = OBJECT | {
    "hindsight_moved": 0.9,
    "jitter_fraction": 0.2,
    "anneal": 0.3,  # the last per cent are a matter of exactness
    "actor_ema": 0.005,  # for the same reason
}
TASK_DEFAULTS: dict[str, dict[str, Any]] = {
    "tiny": {
        "hidden": (64, 64),  # two dimensions need no more
        "total_steps": 4_800,  # learned within half of that
    },
    "reach": {
        "num_envs": 4,  # learned within about 20 episodes, so a round has 4
        "warmup_episodes": 4,
        "total_steps": 2_000,
        "eval_every": 200,
    },
    "push": BLOCK
    | {
        "total_steps": 72_000,
        "scripted": "poke",
        "updates_per_step": 0.4,  # enough, and it is the updates that take the time
        "skip_fallen": True,  # goals on the floor teach nothing about those on the table
    },
    "slide": OBJECT
    | {
        "total_steps": 240_000,  # a hit must be exact, and that takes long
        "scripted": "strike",  # a puck that is poked falls off the table
        "scripted_fraction": 0.5,  # such an episode shows one hit and no more
        "scripted_fade": 0.3,  # by then the policy hits better than the script
        # An action wrong by 0.02 sends the puck centimetres too far. So hits get little noise, and the script explores.
        "noise_std": 0.1,
        "epsilon": 0.1,
        "repeat_probability": 0.03,  # a little of it beside the strikes; not measured without
        "moved_fraction": 0.9,  # a puck that is missed lies still, and teaches no goal but its own place
        "skip_fallen": True,  # many fall at first
        "prefer_far": True,  # short ways are found sooner, and would fill the batches
        "deciding_fraction": 0.4,  # for most of an episode the puck slides by itself
        "jitter_fraction": 0.3,  # a near miss is a miss, and hindsight alone shows few of them
        "anneal": 0.5,  # a hit must be exact, and the policy wanders otherwise
        "actor_ema": 0.002,  # for the same reason
        "mirror": "y",  # not x: the table is longer, and the goals lie at one end of it
        "symmetrize": True,  # misses are a matter of centimetres, and the image of a hit misses by others
        "discount": 0.98,  # the puck arrives long after the hit that decided it
    },
    "pick_and_place": BLOCK
    | {
        "total_steps": 48_000,  # enough with method her; with more, ddpg learns it too now and then
        "scripted": "carry",  # a block that is pushed about is not gripped
        "scripted_fraction": 0.05,  # nearly every carry lifts the block
        "hindsight_lifted": 0.5,  # at first few episodes lift it, and they show what no other does
    },
}


def default_config(task: TaskName) -> TrainConfig:
    """The defaults of a task."""
    return TrainConfig(task=task, **TASK_DEFAULTS.get(task, {}))
