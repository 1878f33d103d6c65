"""The mean of a policy and its mirror images, as one wider network: what a run keeps with `--symmetrize`.

    f, the policy before tanh; M, a reflection  ->  tanh of (f(s, g) + M f(M s, M g)) / 2

What is right in the world is right in the mirror, but a policy that was trained on both is not quite its own image: it
errs a little differently there, and the mean errs less. A reflection is linear, so the mean is a perceptron again, and
who plays it needs to know of no mirror. (Averaging over a group: Puny et al. 2022, arXiv 2110.03336.)
"""

import copy
from typing import TypeVar

import torch
from torch import nn

from .interfaces import Player
from .normalizer import Normalizer
from .symmetry import Mirrors, Reflection
from .weights import linear_layers

P = TypeVar("P", bound=Player)


def symmetrized(agent: P, mirrors: Mirrors) -> P:
    """The agent, but what acts is the mean over all images of its network; each axis makes that twice as wide."""
    mean = copy.copy(agent)
    mean.acting = copy.deepcopy(agent.acting)
    for reflection in mirrors.reflections:
        _add_image(linear_layers(mean.acting), reflection, agent)
    return mean


@torch.no_grad()
def _add_image(layers: list[nn.Linear], reflection: Reflection, agent: Player) -> None:
    """Put beside the network one that sees and acts in the mirror, and let the last layer give the mean of both."""
    seen = (_seen(reflection, "obs", agent.obs_norm), _seen(reflection, "goals", agent.goal_norm))
    turn, shift = torch.block_diag(*(turn for turn, _ in seen)), torch.cat([shift for _, shift in seen])
    sign = torch.as_tensor(reflection.rules["actions"][0])

    for layer in layers:
        weight, bias = layer.weight.double(), layer.bias.double()
        if layer is layers[0]:
            weight, bias = torch.cat([weight, weight @ turn]), torch.cat([bias, bias + weight @ shift])
        elif layer is layers[-1]:
            weight, bias = torch.cat([weight, sign[:, None] * weight], dim=1) / 2, (bias + sign * bias) / 2
        else:
            weight, bias = torch.block_diag(weight, weight), torch.cat([bias, bias])
        layer.weight, layer.bias = nn.Parameter(weight.float()), nn.Parameter(bias.float())
        layer.out_features, layer.in_features = weight.shape


def _seen(reflection: Reflection, key: str, norm: Normalizer) -> tuple[torch.Tensor, torch.Tensor]:
    """(D, D) and (D,): what is seen in the mirror of a normalised x, but for the clip, is turn @ x + shift."""
    sign, place, order = (torch.as_tensor(rule) for rule in reflection.rules[key])
    if key == "goals":  # these are seen relative to what is achieved, wherever the mirror stands
        place = torch.zeros_like(place)
    mean, std = norm.mean.double(), norm.std.double()
    turn = (sign * std[order] / std)[:, None] * torch.eye(len(std), dtype=torch.float64)[order]
    return turn, (sign * mean[order] + place - mean) / std
