"""Given: a network that is fitted to pairs (input, target) by their squared error, and then called like a function."""

from collections.abc import Callable

import numpy as np
import torch

from .networks import mlp

Draw = Callable[[int], tuple[np.ndarray, np.ndarray]]  # count -> inputs (count, I), targets (count, …)
Predict = Callable[[np.ndarray], np.ndarray]  # inputs (B, I) -> (B, …)

FOR_THE_STATISTICS = 2_000  # rows
SMALLEST_STD = 1e-6  # of a column: one that never varies stays at 0


def fit_network(
    draw: Draw, seed: int, *, updates: int = 2_000, batch: int = 256, hidden: tuple[int, ...] = (128, 128),
    lr: float = 1e-3, each_update: Callable[[], object] = lambda: None,
) -> Predict:  # fmt: skip
    """Fit to fresh draws, with Adam and a rate that falls to 0; columns are normalised on the way in and out."""
    first_inputs, first_targets = draw(FOR_THE_STATISTICS)
    shape = first_targets.shape[1:]
    center, scale = _statistics(first_inputs)
    out_center, out_scale = _statistics(first_targets.reshape(len(first_targets), -1))
    net = mlp(first_inputs.shape[1], hidden, len(out_center), seed=seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, updates)
    for _ in range(updates):
        inputs, targets = draw(batch)
        x = _tensor((inputs - center) / scale)
        y = _tensor((targets.reshape(batch, -1) - out_center) / out_scale)
        optimizer.zero_grad(set_to_none=True)
        (net(x) - y).square().mean().backward()
        optimizer.step()
        falling.step()
        each_update()

    @torch.no_grad()
    def predict(inputs: np.ndarray) -> np.ndarray:
        answer = net(_tensor((inputs - center) / scale)).numpy()
        return (out_center + out_scale * answer).reshape(-1, *shape)

    return predict


def of_pairs(inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Draw:
    """Batches of fixed pairs, drawn with replacement."""

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        rows = rng.integers(len(inputs), size=count)
        return inputs[rows], targets[rows]

    return draw


def _statistics(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    std = rows.std(axis=0, dtype=np.float64)
    return rows.mean(axis=0, dtype=np.float64), np.where(std < SMALLEST_STD, 1.0, std)


def _tensor(values: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float32)
