"""A trained policy as a file: safetensors, which holds arrays and nothing that could run."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from .checkpoint import write_whole
from .console import UserError


def policy_tensors(agent) -> dict[str, torch.Tensor]:
    """All that greedy acting needs: the actor's parameters and the statistics of both normalizers."""
    tensors = {f"actor.{name}": value for name, value in agent.acting.state_dict().items()}
    for name in ("obs_norm", "goal_norm"):
        normalizer = getattr(agent, name)
        tensors |= {f"{name}.mean": normalizer.mean, f"{name}.std": normalizer.std}
    return {name: value.detach().clone().contiguous() for name, value in tensors.items()}


def save_weights(path: Path, agent, config: dict) -> None:
    """Write the policy with the config that made it (as metadata)."""
    tensors, metadata = policy_tensors(agent), {"config": json.dumps(config)}
    write_whole(path, lambda temporary: temporary.write_bytes(save(tensors, metadata)))


def read_config(path: Path) -> dict:
    """The config that stands in a weights file. Raises: UserError with a sentence where there is none."""
    try:
        with safe_open(path, framework="pt") as file:
            config = json.loads((file.metadata() or {})["config"])
            return config | {key: config[key] for key in ("task", "hidden")}  # what playing them needs
    except FileNotFoundError:
        raise UserError(f"there is no weights file {path}") from None
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} holds no weights of this kit ({type(error).__name__})") from error


def load_weights(path: Path, agent) -> None:
    """Put saved weights into an agent. Raises: UserError naming the first tensor that does not fit."""
    read_config(path)
    wanted = policy_tensors(agent)
    with safe_open(path, framework="pt") as file:
        names = set(file.keys())
        for name in sorted(names ^ set(wanted)):
            raise UserError(f"{path}: {name} is {'not in the file' if name in wanted else 'unknown'}")
        tensors = {name: file.get_tensor(name) for name in sorted(names)}
    for name, value in tensors.items():
        if value.shape != wanted[name].shape:
            sizes = f"{tuple(value.shape)} where the policy has {tuple(wanted[name].shape)}"
            raise UserError(f"{path}: {name} is of size {sizes}")
    agent.acting.load_state_dict(
        {name.removeprefix("actor."): v for name, v in tensors.items() if "actor." in name}
    )
    for name in ("obs_norm", "goal_norm"):
        normalizer = getattr(agent, name)
        normalizer.mean.copy_(tensors[f"{name}.mean"])
        normalizer.std.copy_(tensors[f"{name}.std"])
