"""Given: imagined data. Puts Part 2 together: `imagine` fills D_model, `mix` adds some of it to batches.

start states (D_env), with hindsight goals  ->  rollouts in the model, with rewards  ->  D_model  ->  mixed batches
"""

import numpy as np

from envs import TaskSpec

from .batches import Batches
from .imagine import ModelBuffer, imagine, mix, rollout_lengths, start_states
from .kit.checkpoint import arrays, tensors
from .kit.collect import Policy
from .kit.config import TrainConfig
from .model import DynamicsModel
from .relabel import new_rewards


class Rollouts:
    """D_model, and how it is filled and used.

    starts: the random generator of the rollouts; draws: that of the imagined rows in a batch.
    """

    def __init__(
        self,
        model: DynamicsModel,
        batches: Batches,
        spec: TaskSpec,
        config: TrainConfig,
        starts: np.random.Generator,
        draws: np.random.Generator,
    ):
        self.model, self.batches, self.spec, self.config = model, batches, spec, config
        self.starts, self.draws = starts, draws
        self.buffer = ModelBuffer(config.model_buffer)

    def imagine(self, policy: Policy) -> None:
        """Roll out from states of D_env in the model, towards hindsight goals, and add what happens to D_model."""
        config, spec, rng = self.config, self.spec, self.starts
        stored, length = len(self.batches.buffer), spec.episode_length
        episodes, steps = start_states(config.start_mode, stored, length, config.rollouts_each_round, rng)
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
