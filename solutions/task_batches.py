"""Given: minibatches of demonstrations, each with z. Puts 6b, 6c and 6e together with the data.

demonstrations  --a share for each task-->  some of them  --a step of each-->  (s, a) and what tells the task
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from .kit.demos import Demos
from .kit.sentences import UNKNOWN, Vocabulary, sentences
from .kit.task_networks import FRAMES
from .multitask import multitask_loss, partner_demos, stratified_rows
from .task_policy import TaskPolicy

AVERAGED, EVERY = (
    0.98,
    10,
)  # weight of the average so far against the latest weights; updates between two of these
BATCH, SEQUENCES = 252, 60  # rows, multiples of six; a sequence has some steps in a row
DROPPED = 0.1  # share of the words that are hidden in training: so "unknown word" gets a vector
Batches = Literal["stratified", "proportional"]


@dataclass
class Imitation:
    """Σ_i L(θ, D_i), L the mean squared error of the action, on minibatches of `demos`; one step of Adam each."""

    demos: Demos
    policy: TaskPolicy
    rng: np.random.Generator
    batches: Batches = "stratified"
    lr: float = 1e-3

    def __post_init__(self) -> None:
        self.policy.obs_norm.observe(self.demos.obs)
        self.optimizer = torch.optim.Adam(self.policy.parameters(), lr=self.lr, fused=True)
        self.updates = 0
        # The average of the last weights imitates better than the last ones, whose error jumps about.
        self.averaged = AveragedModel(self.policy, multi_avg_fn=get_ema_multi_avg_fn(AVERAGED))
        self.vocabulary = Vocabulary()
        if self.policy.z == "words":
            self.said = [
                self.vocabulary.tokens(sentences(task, "seen")) for task in range(self.policy.num_tasks)
            ]

    def update(self) -> float:
        """One gradient step. Returns: the loss."""
        loss = self.loss(self.rows(SEQUENCES if self.policy.context > 1 else BATCH))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.updates += 1
        if self.updates % EVERY == 0:
            self.averaged.update_parameters(self.policy)
        return loss.item()

    def rows(self, count: int) -> np.ndarray:
        """Which demonstrations: all have the same length, so a share of them is a share of the steps."""
        if self.batches == "stratified":
            return stratified_rows(self.demos.tasks, count, self.rng)
        return self.rng.integers(len(self.demos), size=count)

    def loss(self, rows: np.ndarray) -> torch.Tensor:
        """Of these demonstrations, a step of each."""
        errors = self.errors(rows)
        if self.batches == "proportional":  # the pooled loss: a task counts by its rows
            return errors.mean()
        return multitask_loss(errors, torch.as_tensor(self.demos.tasks[rows]), self.policy.num_tasks)

    def errors(self, rows: np.ndarray) -> torch.Tensor:
        """The error (B,) at a random step of each; at a few steps in a row if the policy sees a context."""
        demos, policy = self.demos, self.policy
        first = self.rng.integers(demos.actions.shape[1] - policy.context + 1, size=len(rows))
        steps = first[:, None] + np.arange(policy.context)
        obs, done, actions = (some[rows[:, None], steps] for some in (demos.obs, demos.done, demos.actions))
        return (policy(obs, done, self.told(rows)) - torch.as_tensor(actions)).square().mean(dim=(1, 2))

    def told(self, rows: np.ndarray) -> np.ndarray:
        """What the policy is told about the task of each of these demonstrations."""
        tasks = self.demos.tasks[rows]
        if self.policy.z == "words":
            return self._instructions(tasks)
        if self.policy.z == "demo":
            return frames(self.demos.obs[partner_demos(self.demos.tasks, rows, self.rng)])
        return tasks

    def _instructions(self, tasks: np.ndarray) -> np.ndarray:
        """Any sentence of the training for each task, with some words hidden."""
        longest = max(tokens.shape[1] for tokens in self.said)
        told = np.zeros((len(tasks), longest), np.int64)
        for task, tokens in enumerate(self.said):
            rows = np.flatnonzero(tasks == task)
            told[rows, : tokens.shape[1]] = tokens[self.rng.integers(len(tokens), size=len(rows))]
        hidden = (told != 0) & (self.rng.random(told.shape) < DROPPED)
        return np.where(hidden, UNKNOWN, told)


def frames(obs: np.ndarray) -> np.ndarray:
    """Some states of each demonstration, evenly: (B, T+1, O) -> (B, FRAMES, O)."""
    return obs[:, np.linspace(0, obs.shape[1] - 1, FRAMES).round().astype(int)]
