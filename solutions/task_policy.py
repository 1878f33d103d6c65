"""Given: policies for many tasks, π(a | s, z). Puts 6a, 6d and 6f together with the given networks.

    onehot   z is a one-hot vector, a part of the state (6a)
    words    z is the code of an instruction (6d); the words' vectors are learned
    demo     z is the code of another demonstration of the task, two numbers
    prompt   z are the first tokens of a sequence policy (6f), which also sees the last states and actions
    none     no z at all: what one network makes of all tasks at once

What a policy is told about the task, `told`, is an array with a row for each episode: task numbers (B,) for onehot,
none and prompt, tokens (B, L) for words, frames of a demonstration (B, F, O) for demo.
"""

import json
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from envs.errors import UserMistake
from envs.goal_env import Obs

from .kit.files import write_whole
from .kit.networks import mlp
from .kit.normalizer import Normalizer
from .kit.task_networks import DemoEncoder, SequenceNet
from .multitask import encode_words, prompt_mask, with_task

Z = Literal["onehot", "words", "demo", "prompt", "none"]
ZS: tuple[str, ...] = get_args(Z)
HIDDEN = (256, 256)
WORD_DIM, DEMO_DIM, CONTEXT = (
    32,
    2,
    6,
)  # numbers of a word; of a demonstration; steps that a sequence policy sees


class TaskPolicy(nn.Module):
    """One policy for all K tasks. `vocabulary` is the number of tokens, for words alone."""

    def __init__(
        self, z: Z, obs_dim: int, action_dim: int, num_tasks: int, vocabulary: int = 0, seed: int = 0
    ):
        super().__init__()
        self.sizes = {
            "obs_dim": obs_dim,
            "action_dim": action_dim,
            "num_tasks": num_tasks,
            "vocabulary": vocabulary,
        }
        self.z, self.num_tasks, self.action_dim = z, num_tasks, action_dim
        self.context = CONTEXT if z == "prompt" else 1
        self.obs_norm = Normalizer(obs_dim)
        z_dim = {"onehot": num_tasks, "words": WORD_DIM, "demo": DEMO_DIM}.get(z, 0)
        self.net: nn.Module
        if z == "prompt":
            self.net = SequenceNet(obs_dim, action_dim, num_tasks, 1 + 2 * CONTEXT, seed)
        else:
            self.net = mlp(obs_dim + z_dim, HIDDEN, action_dim, seed=seed)
        if z == "words":
            first = torch.randn(vocabulary, WORD_DIM, generator=torch.Generator().manual_seed(seed + 1))
            self.vectors = nn.Parameter(0.3 * first)
        if z == "demo":
            self.encoder = DemoEncoder(obs_dim, DEMO_DIM, seed + 1)

    def forward(self, obs: np.ndarray, actions: np.ndarray, told: np.ndarray) -> torch.Tensor:
        """Actions (B, C, A) for states (B, C, O), one after the other, and the actions between them (B, C, A)."""
        if self.z == "prompt":
            return self._sequence(obs, actions, told)
        state = self.obs_norm(obs[:, -1])
        if self.z == "onehot":
            state = torch.as_tensor(with_task(state.numpy(), told, self.num_tasks))
        elif self.z != "none":
            state = torch.cat([state, self.code(told)], dim=1)
        return torch.tanh(self.net(state)).unsqueeze(1)

    def code(self, told: np.ndarray) -> torch.Tensor:
        """z (B, Z) of instructions or demonstrations."""
        if self.z == "words":
            return encode_words(torch.as_tensor(told), self.vectors)
        frames = self.obs_norm(told.reshape(-1, told.shape[-1])).reshape(told.shape)
        return self.encoder(frames)

    def _sequence(self, obs: np.ndarray, actions: np.ndarray, told: np.ndarray) -> torch.Tensor:
        states = self.obs_norm(obs.reshape(-1, obs.shape[-1])).reshape(obs.shape)
        mask = prompt_mask(torch.ones(len(told), 1, dtype=torch.bool), obs.shape[1])
        past = torch.as_tensor(actions, dtype=torch.float32)
        return self.net(torch.as_tensor(told)[:, None], states, past, mask)

    @torch.no_grad()
    def told(self, told: np.ndarray) -> Callable[[Obs], np.ndarray]:
        """A policy for one round of n episodes: obs -> actions (n, A). It remembers what its context needs."""
        states: deque[np.ndarray] = deque(maxlen=self.context)
        actions: deque[np.ndarray] = deque(maxlen=self.context - 1)

        def act(obs: Obs) -> np.ndarray:
            states.append(obs["observation"])
            nothing_yet = np.zeros((len(obs["observation"]), self.action_dim), np.float32)
            past = [*actions, nothing_yet]  # the last action is what is asked for
            with torch.no_grad():
                chosen = self(np.stack(states, axis=1), np.stack(past, axis=1), told)[:, -1].numpy()
            actions.append(chosen)
            return chosen

        return act


def save_policy(path: Path, policy: TaskPolicy, about: dict) -> None:
    """Write the policy, with its kind, its sizes and what else is to be known `about` it as metadata."""
    metadata = {"policy": json.dumps({"z": policy.z, **policy.sizes}), "about": json.dumps(about)}
    tensors = {name: value.detach().clone().contiguous() for name, value in policy.state_dict().items()}
    write_whole(path, lambda temporary: temporary.write_bytes(save(tensors, metadata)))


def load_policy(path: Path) -> tuple[TaskPolicy, dict]:
    """The policy in that file, and what it says about it. Raises: UserMistake if it holds none."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            policy = TaskPolicy(**json.loads(metadata["policy"]))
            policy.load_state_dict({name: file.get_tensor(name) for name in file.keys()})
            return policy, dict(json.loads(metadata["about"]))
    except FileNotFoundError:
        raise UserMistake(f"there is no policy file {path}") from None
    except (OSError, SafetensorError, LookupError, TypeError, ValueError, RuntimeError) as error:
        raise UserMistake(f"{path} holds no policy for many tasks ({type(error).__name__})") from error
