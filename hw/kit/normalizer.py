"""Running mean and standard deviation of what a network sees."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

UNSEEN = 1e9  # divided by this, any reading is 0; a weights file holds it like every other standard deviation


class Normalizer(nn.Module):
    """Shift and scale each dimension by the statistics of all data seen so far, then clip to ±`clip`.

    `observe` adds rows to the statistics; calling it normalises: (B, dim) NumPy -> (B, dim) float32 tensor.
    Before any data it changes nothing but the clip. Sums are kept in float64, so millions of rows lose no precision.
    The dimensions `unseen` are 0 for the network, whatever they hold.
    """

    mean: torch.Tensor
    std: torch.Tensor
    count: torch.Tensor
    sum: torch.Tensor
    sum_squares: torch.Tensor

    def __init__(self, dim: int, clip: float = 5.0, min_std: float = 1e-2, unseen: Sequence[int] = ()):
        super().__init__()
        self.clip, self.min_std, self.unseen = clip, min_std, list(unseen)
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("std", torch.ones(dim))
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))
        self.register_buffer("sum", torch.zeros(dim, dtype=torch.float64))
        self.register_buffer("sum_squares", torch.zeros(dim, dtype=torch.float64))
        self.std[self.unseen] = UNSEEN

    def observe(self, rows: np.ndarray) -> None:
        """Add rows (…, dim) to the statistics."""
        flat = torch.as_tensor(rows, dtype=torch.float64).reshape(-1, len(self.mean))
        self.count += len(flat)
        self.sum += flat.sum(dim=0)
        self.sum_squares += flat.square().sum(dim=0)
        mean = self.sum / self.count
        variance = (self.sum_squares / self.count - mean.square()).clamp(min=0.0)
        self.mean.copy_(mean)
        # A floor: else the noise of a dimension that hardly moves (a closed finger) would be scaled up to full size.
        self.std.copy_(variance.sqrt().clamp(min=self.min_std))
        self.std[self.unseen] = UNSEEN

    def forward(self, rows: np.ndarray) -> torch.Tensor:
        x = torch.as_tensor(rows, dtype=torch.float32)
        return ((x - self.mean) / self.std).clamp(-self.clip, self.clip)
