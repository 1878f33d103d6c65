"""Part 7: planning with the learned model (Chua et al. 2018, "PETS", Section 5; Rubinstein 1999 for CEM).

A plan is a sequence of actions a_1 … a_H. The model says where it leads, the reward says how good that is, and the best
plan wins: no policy is trained. The model knows no reward, so one model serves any. Its errors add up along a
plan, so only the first steps of one are acted out; then comes a new plan, from what was really observed.

    sampling (CEM):  mean, std  ->  sample plans  ->  their returns in the model  ->  refit to the best  ->  again
    gradient:        raw plan   ->  its return in the model  ->  one step uphill  ->  again
    both:            plan  ->  act for a few steps  ->  observe, shift what is left of the plan  ->  plan again

Shapes: N episodes side by side, P candidate plans for each, H = horizon, O = obs_dim, A = action_dim. Actions lie in
[-1, 1]. Every function leaves its arguments unchanged.
"""

from collections.abc import Callable

import numpy as np
import torch

Step = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # obs (M, O), actions (M, A) -> next_obs (M, O)
Reward = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # next_obs (M, O), rows (M,) int -> (M,)


def plan_returns(step: Step, reward: Reward, obs: torch.Tensor, plans: torch.Tensor) -> torch.Tensor:
    """The return of every plan in the model: the sum of the rewards of the H states that it leads to.

    Each of an episode's P plans starts at the episode's own state. Step all N·P of them side by side: `step` is called
    once for each of the H actions, with M = N·P rows, in any order. reward(next_obs, rows) gives the reward of
    arriving at next_obs; rows (M,) says which episode, 0 … N-1, each row belongs to (another episode may have another
    goal). Gradients must flow from the returns back to the plans, so stay with torch.
    Args: obs (N, O), plans (N, P, H, A). Returns: (N, P).
    """
    episodes, candidates = plans.shape[:2]
    # TODO(7a): each plan of each episode is a row of its own; all rows take a step, and are rewarded for where it leads
    raise NotImplementedError("TODO(7a): the returns of plans")
    assert returns.shape == (episodes, candidates), "one return for each plan: (N, P)"
    return returns


def sample_plans(mean: np.ndarray, std: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Sample `count` candidate plans for each episode: every action Gaussian, then clipped to [-1, 1].

    All draws are independent of each other: of other candidates, episodes, steps and action entries.
    Args: mean, std (N, H, A). Returns: (N, P, H, A), P = count.
    """
    # TODO(7b): a number of its own for every entry of every candidate; the bounds come last
    raise NotImplementedError("TODO(7b): candidate plans")
    assert plans.shape == (len(mean), count, *mean.shape[1:]), "`count` plans for each episode: (N, P, H, A)"
    return plans


def refit(
    plans: np.ndarray, returns: np.ndarray, num_elites: int, min_std: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each episode's elites: its num_elites plans with the highest returns.

    The standard deviation divides by num_elites, as np.std does, so that of one elite is 0. No standard deviation is
    smaller than min_std, or the search would stop before it has found anything.
    Args: plans (N, P, H, A), returns (N, P). Returns: mean, std, each (N, H, A).
    """
    # TODO(7c): an episode's elites are the best of its own plans
    raise NotImplementedError("TODO(7c): refitting to the best plans")
    assert mean.shape == std.shape == (len(plans), *plans.shape[2:]), "one mean and std a plan: (N, H, A)"
    return mean, std


def shift(plan: np.ndarray, steps: int) -> np.ndarray:
    """What is left of a plan after its first `steps` actions were acted out: the others move to the front, and zeros
    fill up the end. The next search starts from it.

    Args: plan (N, H, A); steps >= 0, and may be H or more: then all is zero. Returns: (N, H, A).
    """
    # TODO(7d): the plan keeps its length, whatever is left of it, and something may be left or nothing
    raise NotImplementedError("TODO(7d): what is left of a plan")
    assert left.shape == plan.shape, "as many actions as before: (N, H, A)"
    return left


def gradient_step(
    returns_of: Callable[[torch.Tensor], torch.Tensor], raw: torch.Tensor, lr: float
) -> torch.Tensor:
    """One step uphill on the returns: raw + lr · d(sum over episodes of returns_of(tanh(raw))) / d(raw).

    The actions are tanh(raw), so they stay inside (-1, 1) whatever raw is. No episode's return depends on another
    episode's plan, so the gradient of the sum holds each episode's own. One call of `returns_of` is enough.
    Args: returns_of, a function plans (N, H, A) -> returns (N,); raw (N, H, A). Returns: the new raw, detached.
    """
    # TODO(7e): torch can differentiate the sum of the returns, if raw is where it starts from
    raise NotImplementedError("TODO(7e): a gradient step on a plan")
    assert better.shape == raw.shape, "as many actions as before: (N, H, A)"
    return better


def replan(
    plan_from: Callable[[np.ndarray, int], np.ndarray], env_step: Callable[[np.ndarray], np.ndarray],
    obs: np.ndarray, steps: int, every: int,
) -> np.ndarray:  # fmt: skip
    """Act for `steps` steps: plan, act out the plan's first `every` actions, plan anew from what was observed.

    If a plan has fewer than `every` actions, all of them are acted out. The last plan is broken off after step `steps`,
    and no plan is made that is not acted out.
    Args: plan_from(obs (N, O), done) -> plan (N, H, A), where done is how many actions of the plan before were acted
        out (0 at the first call); env_step(actions (N, A)) -> the next observation (N, O); obs (N, O), the first one.
    Returns: all observations in their order, (steps + 1, N, O), with the first one.
    """
    observed = [obs]
    # TODO(7f): one loop makes plans until there are enough observations, one inside it acts out the beginning of a plan
    raise NotImplementedError("TODO(7f): planning again")
    assert len(observed) == steps + 1, "one observation for each step, and the first: (steps + 1, N, O)"
    return np.stack(observed)
