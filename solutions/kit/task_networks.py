"""The given networks around Part 6: z of a demonstration, and a sequence policy. Both draw weights from their seed."""

import torch
from torch import nn

from .networks import mlp

FRAMES = 8  # of a demonstration, evenly from its first to its last state


class DemoEncoder(nn.Module):
    """q(z | w): the frames of a demonstration (B, F, O), normalised, -> z (B, Z)."""

    def __init__(self, obs_dim: int, z_dim: int, seed: int):
        super().__init__()
        self.net = mlp(FRAMES * obs_dim, (128,), z_dim, seed=seed)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return self.net(frames.flatten(1))


class SequenceNet(nn.Module):
    """A small transformer over [prompt, s_1, a_1, s_2, a_2, …]; what it says at s_t is the action there.

    Prompt (B, P) int64, obs (B, C, O), actions (B, C, A), mask (B, P+2C, P+2C) bool -> (B, C, A) in [-1, 1].
    """

    def __init__(self, obs_dim: int, action_dim: int, words: int, longest: int, seed: int, dim: int = 64):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.words = nn.Embedding(words, dim)
            self.obs, self.actions = nn.Linear(obs_dim, dim), nn.Linear(action_dim, dim)
            self.places = nn.Parameter(0.02 * torch.randn(longest, dim))
            layers = (
                nn.TransformerEncoderLayer(
                    *(dim, 4, 4 * dim), dropout=0.0, activation="gelu", batch_first=True, norm_first=True
                )
                for _ in range(2)
            )
            self.layers, self.norm = nn.ModuleList(layers), nn.LayerNorm(dim)
            self.out = nn.Linear(dim, action_dim)

    def forward(
        self, prompt: torch.Tensor, obs: torch.Tensor, actions: torch.Tensor, mask: torch.Tensor
    ) -> torch.Tensor:
        pairs = torch.stack([self.obs(obs), self.actions(actions)], dim=2).flatten(1, 2)  # (B, 2C, dim)
        x = torch.cat([self.words(prompt), pairs], dim=1)
        x = x + self.places[: x.shape[1]]
        hidden = ~mask.repeat_interleave(4, dim=0)  # torch asks what may not be seen, for each head
        for layer in self.layers:
            x = layer(x, src_mask=hidden)
        at_states = x[:, prompt.shape[1] :: 2]
        return torch.tanh(self.out(self.norm(at_states)))
