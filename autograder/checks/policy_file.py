"""The file with trained weights: which tensors it holds, and reading it without trusting it."""

from pathlib import Path

import numpy as np

from autograder.checks.checking import expect
from autograder.course.parts import Part, read_parts
from autograder.grader.weights import read_weights
from envs import task_spec

NO_WEIGHTS = Part("", "", "", 0.0, ())  # this course grades none: nothing below is called
PART = next((part for part in read_parts().parts if part.task), NO_WEIGHTS)
FILE, TASK, THRESHOLD = PART.file, PART.task, PART.threshold
MOST_UNITS = 1024  # in each of the actor's two hidden layers; `make train` has 256 by default
CLIP = 5.0  # normalised observations and goals lie in ±CLIP


def shapes(units: int | None = None) -> dict[str, tuple[int | None, ...]]:
    """Name -> shape of every tensor: the actor's three layers and the statistics of both normalizers.

    units: in each hidden layer; None leaves them open.
    """
    spec = task_spec(TASK)
    sizes = [spec.obs_dim + spec.goal_dim, units, units, spec.action_dim]
    layers: dict[str, tuple[int | None, ...]] = {}
    for layer in range(3):  # ReLU lies between them, so the indices in the sequence are 0, 2, 4
        layers[f"actor.net.{2 * layer}.weight"] = (sizes[layer + 1], sizes[layer])
        layers[f"actor.net.{2 * layer}.bias"] = (sizes[layer + 1],)
    for name, dim in (("obs_norm", spec.obs_dim), ("goal_norm", spec.goal_dim)):
        layers |= {f"{name}.mean": (dim,), f"{name}.std": (dim,)}
    return layers


def read_policy(path: Path) -> dict[str, np.ndarray]:
    """The tensors. Raises: CheckFailed with a sentence if the file is not such a policy, or if its actions explode."""
    arrays = read_weights(path, shapes())
    for layer in (0, 2):
        here, after = f"actor.net.{layer}", f"actor.net.{layer + 2}"
        units = len(arrays[f"{here}.bias"])
        for name, axis, what in ((f"{here}.weight", 0, "rows"), (f"{after}.weight", 1, "columns")):
            found = arrays[name].shape[axis]
            expect(
                found == units,
                f"{path.name}: {name} has {found} {what}, but {here}.bias has {units} numbers, one for each unit",
            )
        expect(
            0 < units <= MOST_UNITS,
            f"{path.name}: a hidden layer of the actor has {units} units; 1 to {MOST_UNITS} are accepted",
        )
    for name in ("obs_norm.std", "goal_norm.std"):
        expect((arrays[name] > 0).all(), f"{path.name}: {name} must be positive everywhere")
    expect(
        np.isfinite(raw_actions(arrays)).all(),
        f"{path.name}: the weights are so large that the policy's actions are no finite numbers",
    )
    return arrays


def raw_actions(arrays: dict[str, np.ndarray], rows: int = 1000) -> np.ndarray:
    """What the actor says before tanh (rows, A), for inputs all over the range that the normalizers clip to."""
    x = np.random.default_rng(0).uniform(-CLIP, CLIP, size=(rows, arrays["actor.net.0.weight"].shape[1]))
    return layers(arrays, x.astype(np.float32))


def layers(arrays: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """The actor's three layers, before tanh: normalised observations and goals (n, O + G) float32 -> (n, A)."""
    with np.errstate(all="ignore"):
        for layer in (0, 2, 4):
            x = x @ arrays[f"actor.net.{layer}.weight"].T + arrays[f"actor.net.{layer}.bias"]
            x = np.maximum(x, 0.0) if layer < 4 else x
    return x
