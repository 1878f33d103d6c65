"""Gradients of a student's function with respect to its arguments; runs on the submission's side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


def value_and_grad(
    function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any], wrt: tuple[int | str, ...]
) -> tuple[Any, list[Any]]:
    """Call `function` and differentiate what it returns (or its first item: `(loss, info)`) by the `wrt` arguments.

    `wrt` names positions (or keywords). An array or tensor gives one gradient, or None where the value does not
    depend on it; an `nn.Module` gives a dict parameter name -> gradient or None. A value with several elements is
    summed first.
    """
    given: dict[int | str, Any] = dict(enumerate(args)) | kwargs
    for key in wrt:
        if not isinstance(given[key], nn.Module):
            given[key] = torch.as_tensor(given[key]).detach().clone().requires_grad_(True)
    value = function(*(given[i] for i in range(len(args))), **{k: given[k] for k in kwargs})
    loss = value[0] if isinstance(value, tuple | list) and value else value
    return value, [_gradient(loss, given[key]) for key in wrt]


def _gradient(loss: Any, inputs: torch.Tensor | nn.Module) -> Any:
    leaves: dict[str, torch.Tensor]
    leaves = dict(inputs.named_parameters()) if isinstance(inputs, nn.Module) else {"": inputs}
    wanted = {name: leaf for name, leaf in leaves.items() if leaf.requires_grad}
    grads: dict[str, Any] = dict.fromkeys(leaves)
    if wanted and isinstance(loss, torch.Tensor) and loss.requires_grad:
        found = torch.autograd.grad(loss.sum(), list(wanted.values()), retain_graph=True, allow_unused=True)
        grads |= dict(zip(wanted, found, strict=True))
    return grads if isinstance(inputs, nn.Module) else grads[""]
