"""Given: the two planners, each put together of Part 7. A planner is what `replan` takes as `plan_from`.

Both keep their last plan, and begin the next search with what is left of it (`shift`).
"""

import numpy as np
import torch

from .kit.plan_config import Search
from .planning import Reward, Step, gradient_step, plan_returns, refit, sample_plans, shift


class SamplingPlanner:
    """The cross-entropy method (CEM): sample, keep the best, refit, again."""

    def __init__(self, step: Step, reward: Reward, action_dim: int, search: Search, rng: np.random.Generator):
        self.step, self.reward, self.action_dim, self.search, self.rng = step, reward, action_dim, search, rng
        self.plan: np.ndarray | None = None

    def __call__(self, obs: np.ndarray, done: int) -> np.ndarray:
        """Plans (N, H, A) from obs (N, O); `done` actions of the last ones were acted out."""
        search, start = self.search, torch.as_tensor(obs, dtype=torch.float32)
        first = np.zeros((len(obs), search.horizon, self.action_dim)) if self.plan is None else self.plan
        mean = np.asarray(shift(first, done))
        std = np.full_like(mean, search.first_std)
        for _ in range(search.rounds):
            plans = np.asarray(sample_plans(mean, std, search.candidates, self.rng))
            with torch.no_grad():
                returns = plan_returns(
                    self.step, self.reward, start, torch.as_tensor(plans, dtype=torch.float32)
                )
            mean, std = refit(plans, returns.numpy(), search.elites, search.min_std)
        self.plan = np.asarray(mean)
        return self.plan


class GradientPlanner:
    """Gradient ascent through a model that can be differentiated."""

    def __init__(self, step: Step, reward: Reward, action_dim: int, search: Search, rng: np.random.Generator):
        self.step, self.reward, self.action_dim, self.search = step, reward, action_dim, search  # no draws
        self.raw: np.ndarray | None = None

    def __call__(self, obs: np.ndarray, done: int) -> np.ndarray:
        """Plans (N, H, A) from obs (N, O); `done` actions of the last ones were acted out."""
        search, start = self.search, torch.as_tensor(obs, dtype=torch.float32)

        def returns_of(plans: torch.Tensor) -> torch.Tensor:
            return plan_returns(self.step, self.reward, start, plans[:, None])[:, 0]  # one candidate each

        first = np.zeros((len(obs), search.horizon, self.action_dim)) if self.raw is None else self.raw
        raw = torch.as_tensor(np.asarray(shift(first, done)), dtype=torch.float32)
        for _ in range(search.climbs):
            raw = gradient_step(returns_of, raw, search.lr)
        self.raw = raw.numpy()
        return np.tanh(self.raw)


PLANNERS: dict[str, type[SamplingPlanner] | type[GradientPlanner]] = {
    "cem": SamplingPlanner,
    "gradient": GradientPlanner,
}
