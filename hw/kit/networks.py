"""The given networks: a multilayer perceptron, and an ensemble of perceptrons computed in one batched product."""

import copy
import itertools
import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import nn


def _init(weight: torch.Tensor, bias: torch.Tensor, fan_in: int, generator: torch.Generator) -> None:
    """Draw from the generator, uniform in ±1/sqrt(fan_in): PyTorch's own default for linear layers."""
    bound = 1.0 / math.sqrt(fan_in)
    with torch.no_grad():
        weight.uniform_(-bound, bound, generator=generator)
        bias.uniform_(-bound, bound, generator=generator)


# Nothing else needs the input of a ReLU, and a copy of all activations takes time.
InPlaceReLU = partial(nn.ReLU, inplace=True)


def mlp(in_dim: int, hidden: Sequence[int], out_dim: int, *, seed: int) -> nn.Sequential:
    """Linear layers with ReLU between them: (B, in_dim) -> (B, out_dim). The seed alone decides the first weights."""
    generator = torch.Generator().manual_seed(seed)
    sizes = [in_dim, *hidden, out_dim]
    layers: list[nn.Module] = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        linear = nn.utils.skip_init(nn.Linear, fan_in, fan_out)
        _init(linear.weight, linear.bias, fan_in, generator)
        layers += [linear, InPlaceReLU()]
    return nn.Sequential(*layers[:-1])


class EnsembleLinear(nn.Module):
    """E linear layers side by side: (B, in) or (E, B, in) -> (E, B, out)."""

    def __init__(self, members: int, in_dim: int, out_dim: int, generator: torch.Generator):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(members, in_dim, out_dim))
        self.bias = nn.Parameter(torch.empty(members, 1, out_dim))
        _init(self.weight, self.bias, in_dim, generator)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.ndim == 2:
            x = x.expand(len(self.weight), -1, -1)  # (B, in) -> (E, B, in), without a copy
        return torch.baddbmm(self.bias, x, self.weight)


class EnsembleLayerNorm(nn.Module):
    """LayerNorm over the last axis with a scale and shift for each member: (E, B, dim) -> (E, B, dim)."""

    def __init__(self, members: int, dim: int):
        super().__init__()
        self.scale, self.shift = (
            nn.Parameter(torch.ones(members, 1, dim)),
            nn.Parameter(torch.zeros(members, 1, dim)),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.addcmul(self.shift, nn.functional.layer_norm(x, x.shape[-1:]), self.scale)


class EnsembleMLP(nn.Module):
    """E independent perceptrons: (B, in_dim), or (E, B, in_dim) with a batch for each member, -> (E, B, out_dim)."""

    def __init__(self, members: int, in_dim: int, hidden: Sequence[int], out_dim: int, *, seed: int,
                 layer_norm: bool = False, activation: Callable[[], nn.Module] = InPlaceReLU):  # fmt: skip
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        layers: list[nn.Module] = []
        for fan_in, fan_out in zip([in_dim, *hidden[:-1]], hidden, strict=True):
            layers.append(EnsembleLinear(members, fan_in, fan_out, generator))
            if layer_norm:
                layers.append(EnsembleLayerNorm(members, fan_out))
            layers.append(activation())
        self.net = nn.Sequential(*layers, EnsembleLinear(members, hidden[-1], out_dim, generator))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)

    def member_weights(self) -> dict[str, torch.Tensor]:
        """A copy of all weights; in each tensor the first axis is the member."""
        return copy.deepcopy(self.state_dict())

    @staticmethod
    def copy_members(chosen: np.ndarray, source: dict, target: dict) -> None:
        """Copy the weights of the members where `chosen` (E,) is true from one dict of weights into another."""
        rows = torch.as_tensor(np.flatnonzero(chosen))
        for name, values in source.items():
            target[name][rows] = values[rows]
