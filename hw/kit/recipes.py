"""What a task changes of the defaults in kit/config.py, each with its reason."""

from .config import TrainConfig

# An object is found and moved by luck at first: that takes many episodes.
# So many make a model that every fit takes longer and changes less.
OBJECT = {"num_envs": 16, "warmup_episodes": 16, "eval_every": 8_000, "model_every": 8_000, "mirror": "xy"}
TASK_DEFAULTS: dict[str, dict] = {
    "tiny": {
        "hidden": (64, 64),  # two dimensions need no more
        "total_steps": 4_800,  # learned within half of that
    },
    "reach": {
        "num_envs": 4,  # learned within some 20 episodes, so rounds of 4
        "warmup_episodes": 4,
        "total_steps": 2_000,
        "eval_every": 200,
    },
    "push": OBJECT
    | {
        "total_steps": 96_000,
        "guide": "poke",
        "updates_per_step": 0.8,  # with .5 a slow seed ends at 85 % (see results/README.md)
    },
    "slide": OBJECT
    | {
        "total_steps": 240_000,
        "guide": "strike",  # a puck that is poked falls off the table
        "guided_fraction": 0.5,  # one hit is all that such an episode shows
        # An action wrong by 0.02 sends the puck centimetres too far: hits are left undisturbed, the guide explores.
        "noise_std": 0.1,
        "epsilon": 0.1,
        "hold": 0.03,  # beside the strikes a little of it; not measured without
        "moved_fraction": 0.9,  # a puck that is missed lies still, which teaches no goal but its own place
        "skip_fallen": True,  # many fall at first, and goals on the floor teach nothing about those on the table
        "prefer_far": True,  # short ways are found sooner and are easier, and would fill the batches
        "deciding_fraction": 0.4,  # for most of an episode the puck slides by itself
        "nearby_fraction": 0.3,  # a puck that stops beside the goal is lost, and hindsight alone shows few that do
        "anneal": 0.5,  # a hit must be exact, and the policy wanders otherwise
        "averaging": 0.001,  # for the same reason
        "mirror": "y",  # its table is longer, and the goals lie at one end of it
        "discount": 0.98,  # the puck arrives long after the push that decided it
    },
    "pick_and_place": OBJECT
    | {
        "total_steps": 96_000,
        "guide": "carry",  # a block that is pushed about is not gripped
    },
}


def default_config(task: str) -> TrainConfig:
    """The defaults of a task."""
    return TrainConfig(task=task, **TASK_DEFAULTS.get(task, {}))
