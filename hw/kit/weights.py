"""A trained policy as a file: safetensors, which holds arrays and no code."""

import copy
import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from envs.errors import UserMistake

from .files import write_whole
from .interfaces import Player


def linear_layers(actor: nn.Module) -> list[nn.Linear]:
    """The layers of π(a|s,g) in order; each is listed once, also if the actor has several names for it."""
    return [module for module in actor.modules() if isinstance(module, nn.Linear)]


def actor_parameters(actor: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters of these layers, under the names that they have in `mlp`, where the odd layers are ReLU."""
    named = {f"actor.net.{2 * i}": layer for i, layer in enumerate(linear_layers(actor))}
    return {f"{name}.{key}": x for name, layer in named.items() for key, x in layer.named_parameters()}


@torch.no_grad()
def check_playable(agent: Player) -> None:
    """Check that a weights file can hold what the actor computes: who plays it has the file, and not your Actor.

    Raises: UserMistake if the linear layers alone, with ReLU between them and tanh behind, act otherwise, or would
    after training: all other parameters are changed first, and must not matter.
    """
    actor = copy.deepcopy(agent.acting)
    layers, held = linear_layers(actor), {id(x) for x in actor_parameters(actor).values()}
    for parameter in actor.parameters():
        if id(parameter) not in held:
            parameter.add_(0.5)
    generator = torch.Generator().manual_seed(0)
    obs, goals = (torch.randn(7, len(n.mean), generator=generator) for n in (agent.obs_norm, agent.goal_norm))
    x = torch.cat([obs, goals], dim=-1)
    sizes = [x.shape[1], *(layer.out_features for layer in layers)]
    if layers and sizes[:-1] == [layer.in_features for layer in layers]:
        for layer in layers[:-1]:
            x = torch.relu(layer(x))
        actions = torch.tanh(layers[-1](x))
        acted = actor(obs, goals)
        if acted.shape == actions.shape and torch.allclose(acted, actions, atol=1e-5):
            return
    raise UserMistake(
        "the actions of your Actor (3a) are not tanh(self.net([obs, goals])) with the `self.net` that is given: "
        "a weights file holds the linear layers of that net and nothing else, so nobody could play yours"
    )


def policy_tensors(agent: Player) -> dict[str, torch.Tensor]:
    """All that greedy acting needs: the actor's parameters and the statistics of both normalizers."""
    tensors = dict(actor_parameters(agent.acting))
    for name in ("obs_norm", "goal_norm"):
        normalizer = getattr(agent, name)
        tensors |= {f"{name}.mean": normalizer.mean, f"{name}.std": normalizer.std}
    return {name: value.detach().clone().contiguous() for name, value in tensors.items()}


def save_weights(path: Path, agent: Player, config: dict) -> None:
    """Write the policy with the config that made it (as metadata), in it the widths of what is written."""
    tensors = policy_tensors(agent)
    hidden = [layer.out_features for layer in linear_layers(agent.acting)[:-1]]
    metadata = {"config": json.dumps(config | {"hidden": hidden})}
    write_whole(path, lambda temporary: temporary.write_bytes(save(tensors, metadata)))


def read_config(path: Path) -> dict:
    """The config that stands in a weights file. Raises: UserMistake if there is none."""
    try:
        with safe_open(path, framework="pt") as file:
            config = json.loads((file.metadata() or {})["config"])
            return config | {key: config[key] for key in ("task", "hidden")}  # what playing them needs
    except FileNotFoundError:
        raise UserMistake(f"there is no weights file {path}") from None
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise UserMistake(f"{path} holds no weights of this kit ({type(error).__name__})") from error


def load_weights(path: Path, agent: Player) -> None:
    """Put saved weights into an agent. Raises: UserMistake naming the first tensor that does not fit."""
    read_config(path)
    wanted = policy_tensors(agent)
    with safe_open(path, framework="pt") as file:
        names = set(file.keys())
        for name in sorted(names ^ set(wanted)):
            raise UserMistake(f"{path}: {name} is {'not in the file' if name in wanted else 'unknown'}")
        tensors = {name: file.get_tensor(name) for name in sorted(names)}
    for name, value in tensors.items():
        if value.shape != wanted[name].shape:
            sizes = f"{tuple(value.shape)} where the policy has {tuple(wanted[name].shape)}"
            raise UserMistake(f"{path}: {name} is of size {sizes}")
    with torch.no_grad():
        for name, parameter in actor_parameters(agent.acting).items():
            parameter.copy_(tensors[name])
    for name in ("obs_norm", "goal_norm"):
        normalizer = getattr(agent, name)
        normalizer.mean.copy_(tensors[f"{name}.mean"])
        normalizer.std.copy_(tensors[f"{name}.std"])
