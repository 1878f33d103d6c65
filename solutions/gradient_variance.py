"""How noisy is the gradient of Σ_i L(θ, D_i), estimated from a minibatch in three ways? All have it as their mean.

    stratified   as many rows of each task (6b)
    any task     a random task for each row
    weighted     rows from all the data alike, each weighted by how rare its task is

The measure is the trace of the covariance over many minibatches, with the network as it is at some point of a training.
"""

import numpy as np
import torch
from numpy.random import default_rng

from .imitate import ImitateConfig, Imitator
from .multitask import multitask_loss, stratified_rows
from .task_batches import Imitation

COUNT, BATCHES = 48, 200  # rows of a minibatch; minibatches
AFTER = (1, 300, 2_000)  # updates
WAYS = ("stratified", "any task", "weighted")


def ratios(seed: int) -> dict[str, dict[str, dict[str, float]]]:
    """For balanced and for unbalanced data, after some updates: the variance of each way over that of the first."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, rare in (("balanced", None), ("unbalanced", 6)):
        imitator, done = Imitator(ImitateConfig(seed=seed, rare=rare)), 0
        imitator.env.close()
        found[name] = {}
        for updates in AFTER:
            for _ in range(updates - done):
                imitator.learner.update()
            done = updates
            measured = {way: variance(imitator.learner, way, default_rng([seed, 3])) for way in WAYS}
            found[name][str(updates)] = {way: measured[way] / measured[WAYS[0]] for way in WAYS}
    return found


def variance(learner: Imitation, way: str, rng: np.random.Generator) -> float:
    """The trace of the covariance of the gradient."""
    total, squares = torch.zeros(()), 0.0
    parameters = list(learner.policy.parameters())
    for _ in range(BATCHES):
        gradient = torch.cat([g.flatten() for g in torch.autograd.grad(loss(learner, way, rng), parameters)])
        total = total + gradient
        squares += gradient.square().sum().item()
    return squares / BATCHES - (total / BATCHES).square().sum().item()


def loss(learner: Imitation, way: str, rng: np.random.Generator) -> torch.Tensor:
    """Σ_i L(θ, D_i), estimated from one minibatch."""
    tasks, count = learner.demos.tasks, learner.policy.num_tasks
    if way == "stratified":
        rows = stratified_rows(tasks, COUNT, rng)
        return multitask_loss(learner.errors(rows), torch.as_tensor(tasks[rows]), count)
    sizes = np.bincount(tasks, minlength=count)
    if way == "any task":
        chances = 1 / (count * sizes[tasks])
        return count * learner.errors(rng.choice(len(tasks), size=COUNT, p=chances)).mean()
    rows = rng.integers(len(tasks), size=COUNT)
    weights = torch.as_tensor(len(tasks) / sizes[tasks[rows]], dtype=torch.float32)
    return (weights * learner.errors(rows)).mean()
