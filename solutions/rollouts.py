"""Given: imagined data. Puts Part 2 together: `imagine` fills D_model, `mix` adds some of it to batches.

start states (D_env), with hindsight goals  ->  rollouts in the model, with rewards  ->  D_model  ->  mixed batches
"""

from dataclasses import dataclass

import numpy as np

from .batches import Batches
from .imagine import ModelBuffer, imagine, mix, rollout_lengths, start_states
from .kit.checkpoint import arrays, tensors
from .kit.config import TrainConfig
from .kit.interfaces import Policy
from .model import DynamicsModel
from .relabel import new_rewards


@dataclass
class Rollouts:
    """D_model, and how it is filled and used."""

    buffer: ModelBuffer
    model: DynamicsModel
    batches: Batches  # where rollouts start, and towards which goals
    config: TrainConfig
    rng: np.random.Generator  # of the rollouts
    draws: np.random.Generator  # which imagined rows go into a batch

    def imagine(self, policy: Policy) -> None:
        """Roll out from states of D_env in the model, towards hindsight goals, and add what happens to D_model."""
        config, real, rng = self.config, self.batches.buffer, self.rng
        spec, length, count = real.spec, real.episode_length, config.rollouts_each_round
        episodes, steps = start_states(config.start_mode, len(real), length, count, rng)
        starts = self.batches.relabelled((episodes, steps))
        lengths = rollout_lengths(config.rollout_mode, steps, length, config.rollout_length)
        data = imagine(self.model, policy, starts["obs"], starts["goals"], lengths, rng)
        # The reward is a known function of the predicted state: the model need not learn it.
        reached = spec.achieved_goal(data["next_obs"])
        rewards = new_rewards(reached, data["goals"], spec.distance_threshold, config.reward)
        self.buffer.add(
            {**data, "next_achieved": reached, "rewards": rewards, "masks": np.ones_like(rewards)}
        )

    def mix(self, batch: dict) -> dict:
        """A batch of D_env in which imagined rows take the place of all but `real_fraction` of the real ones."""
        imagined = self.buffer.sample(len(batch["obs"]), self.draws)
        return mix(batch, imagined, self.config.real_fraction)

    def state_dict(self) -> dict:
        """All that changes during training."""
        return tensors(vars(self.buffer))  # a student's ModelBuffer may hold more than the given one

    def load_state_dict(self, state: dict) -> None:
        """Go on from a saved state."""
        vars(self.buffer).update(arrays(state))
