"""Part 8 in a new world: an inverse model of random steps, by the submission's code, that has to reach goals.

Returns how many goals were missed, so that fewer is better, as with the trainings of the other parts.
"""

import numpy as np

from autograder.checks.checking import Student, expect, expect_array
from autograder.staff.hidden.learning import World, random_actions
from autograder.staff.hidden.trainings import seed
from envs.tiny import TinyVecEnv

GOALS = 64
LONGEST = 0.1  # of a step, in the world's own unit
JITTER = 1e-6  # of columns that are normalised


def missed_by_inverting(student: Student, rng: np.random.Generator) -> float:
    """inverse_pairs of random episodes, their joint Gaussian, and condition, asked for step_towards the goal."""
    models, world = student.other_models, World(rng)
    for _ in range(2):
        world.collect(random_actions(rng))
    count = len(world.buffer)
    obs, actions = world.buffer.obs[:count], world.buffer.actions[:count]
    obs_dim, goal_dim, action_dim = world.dims
    pairs = models.inverse_pairs(obs, world.achieved, actions)
    expect(isinstance(pairs, tuple | list) and len(pairs) == 2, "`inverse_pairs` must return two arrays")
    rows, known = obs.shape[0] * actions.shape[1], np.arange(obs_dim + goal_dim)
    inputs = expect_array(pairs[0], (rows, len(known)), name="inverse_pairs")
    targets = expect_array(pairs[1], (rows, action_dim), name="inverse_pairs")
    table = np.concatenate([inputs, targets], axis=1).astype(np.float64)
    center, scale = table.mean(axis=0), np.maximum(table.std(axis=0), 1e-8)
    cov, wanted = np.cov((table - center) / scale, rowvar=False), len(known) + np.arange(action_dim)
    env = TinyVecEnv(GOALS, seed(rng), variant=world.variant)
    now, _ = env.reset()
    goals = now["desired_goal"]
    for _ in range(env.episode_length):
        step = models.step_towards(now["achieved_goal"], goals, LONGEST * world.variant.scale)
        step = expect_array(step, (GOALS, goal_dim), name="step_towards")
        values = (np.concatenate([now["observation"], step], axis=1) - center[known]) / scale[known]
        answer = models.condition(np.zeros(len(center)), cov, known, wanted, values, JITTER)
        expect(isinstance(answer, tuple | list) and len(answer) == 2, "`condition` must return mean and cov")
        chosen = expect_array(answer[0], (GOALS, action_dim), name="condition")
        now, *_ = env.step(np.clip(center[wanted] + scale[wanted] * chosen, -1.0, 1.0))
    return 1.0 - float(env.is_success(now["achieved_goal"], goals).mean())
