"""Part 7 in a new world: planning, with the submission's code, on a model that does not know of the wind.

Returns how many goals were missed, so that fewer is better, as with the trainings of the other parts.
"""

import numpy as np

from autograder.checks.checking import Rng, Student, Tensor, expect_array
from autograder.staff.hidden.learning import LinearWorld, World, random_actions
from autograder.staff.hidden.trainings import seed
from envs.tiny import TinyVecEnv

GOALS = 64
HORIZON, CANDIDATES, ELITES, ROUNDS, MIN_STD = 5, 32, 4, 4, 0.05
CLIMBS, LR = 10, 2.0
WIND = 0.3  # of an action, in a direction drawn anew; no model has seen it


class Windy:
    """A fresh variant with wind, 64 goals in it, and a linear model of the same world without wind, as handles."""

    def __init__(self, student: Student, rng: np.random.Generator) -> None:
        world = World(rng)
        for _ in range(2):
            world.collect(random_actions(rng))
        self.linear = LinearWorld(world)
        self.env = TinyVecEnv(GOALS, seed(rng), variant=world.variant)
        self.obs, _ = self.env.reset()
        angle = rng.uniform(0, 2 * np.pi)
        self.wind = WIND * np.array([np.cos(angle), np.sin(angle)])
        self.goals = self.obs["desired_goal"]
        self.step = student.given.LinearStep(self.linear.A, self.linear.B)
        # Plans are compared, and lengths of steps depend on the unit: one that fits every variant's scale.
        reward = (self.goals - self.linear.shift[:2], 1 / world.variant.scale**2)
        self.reward = student.given.GoalReward(*reward)

    @property
    def centred(self) -> np.ndarray:
        """The observations (N, 4) in the model's coordinates."""
        return self.obs["observation"] - self.linear.shift

    def act(self, actions: np.ndarray) -> None:
        """Act (N, 2), and be blown away."""
        self.obs, *_ = self.env.step(np.clip(actions + self.wind, -1, 1))

    @property
    def missed(self) -> float:
        """The share of goals that are not reached now."""
        return 1.0 - float(self.env.is_success(self.obs["achieved_goal"], self.goals).mean())


def missed_by_sampling(student: Student, rng: np.random.Generator) -> float:
    """CEM, replanned after every step: sample_plans, plan_returns, refit, shift."""
    planning, windy = student.planning, Windy(student, rng)
    shape = (GOALS, HORIZON, 2)
    mean = np.zeros(shape)
    for step in range(windy.env.episode_length):
        mean = expect_array(planning.shift(mean, int(step > 0)), shape, name="shift")
        std = np.full(shape, 0.5)
        for _ in range(ROUNDS):
            plans = planning.sample_plans(mean, std, CANDIDATES, Rng(seed(rng)))
            plans = expect_array(plans, (GOALS, CANDIDATES, HORIZON, 2), name="sample_plans")
            returns = planning.plan_returns(windy.step, windy.reward, Tensor(windy.centred), Tensor(plans))
            returns = expect_array(returns, (GOALS, CANDIDATES), name="plan_returns")
            mean, std = planning.refit(plans, returns, ELITES, MIN_STD)
            mean, std = (expect_array(x, shape, name="refit") for x in (mean, std))
        windy.act(mean[:, 0])
    return windy.missed


def missed_by_climbing(student: Student, rng: np.random.Generator) -> float:
    """Gradient ascent, replanned after every step: gradient_step through plan_returns, and shift."""
    planning, windy = student.planning, Windy(student, rng)
    shape = (GOALS, HORIZON, 2)
    raw = np.zeros(shape)
    for step in range(windy.env.episode_length):
        raw = expect_array(planning.shift(raw, int(step > 0)), shape, name="shift")
        returns_of = student.given.returns_of(
            planning.plan_returns, windy.step, windy.reward, Tensor(windy.centred)
        )
        for _ in range(CLIMBS):
            raw = expect_array(
                planning.gradient_step(returns_of, Tensor(raw), LR), shape, name="gradient_step"
            )
        windy.act(np.tanh(raw[:, 0]))
    return windy.missed
