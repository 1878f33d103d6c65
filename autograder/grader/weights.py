"""Read submitted weights: a safetensors file holds arrays and can run nothing, and even so nothing in it is trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from autograder.grader.outcomes import CheckFailed
from envs.errors import one_line

MAX_BYTES = 50 * 2**20  # of a weights file: where it is packed, taken in and read
_DTYPES = {"F16", "F32", "F64"}


def read_weights(
    path: Path, shapes: Mapping[str, Sequence[int | None]], max_bytes: int = MAX_BYTES
) -> dict[str, np.ndarray]:
    """The arrays in `path` as float32, which must have just these names and shapes (None: any length).

    Raises `CheckFailed` with a sentence: too large, no safetensors, a tensor missing, unknown, of another shape or
    dtype, or not finite. Shapes are compared before anything is loaded.
    """
    from safetensors import SafetensorError, safe_open  # here, since few checks need it

    name = path.name
    size = path.stat().st_size
    if size > max_bytes:
        raise CheckFailed(f"{name} has {size / 2**20:.0f} MB; at most {max_bytes // 2**20} MB are accepted")
    try:
        with safe_open(path, framework="np") as file:
            _check_names(name, set(file.keys()), shapes)
            for key, wanted in shapes.items():
                entry = file.get_slice(key)
                _check_shape(name, key, entry.get_shape(), wanted)
                if entry.get_dtype() not in _DTYPES:
                    raise CheckFailed(
                        f"{name}: {key} holds {one_line(str(entry.get_dtype()), 20)} where float32 is expected"
                    )
            arrays = {key: np.array(file.get_tensor(key), dtype=np.float32) for key in shapes}
    except (SafetensorError, OSError, ValueError, OverflowError) as error:
        raise CheckFailed(f"{name} is not a readable safetensors file", str(error)) from error
    for key, array in arrays.items():
        if not np.isfinite(array).all():
            what = "NaN" if np.isnan(array).any() else "infinity (or numbers beyond float32)"
            raise CheckFailed(f"{name}: {key} holds {what}")
    return arrays


def _check_names(name: str, found: set[str], shapes: Mapping[str, Sequence[int | None]]) -> None:
    if missing := sorted(set(shapes) - found):
        raise CheckFailed(f"{name} has no tensor {missing[0]}")
    if unknown := sorted(found - set(shapes)):
        raise CheckFailed(f"{name} holds an unknown tensor {one_line(unknown[0], 60)}")


def _check_shape(name: str, key: str, found: Sequence[int], wanted: Sequence[int | None]) -> None:
    if len(found) != len(wanted) or any(w not in (None, n) for w, n in zip(wanted, found, strict=True)):
        sizes = ["any" if n is None else str(n) for n in wanted]
        text = (" x " if None in wanted else "x").join(sizes) or "a single number"
        raise CheckFailed(
            f"{name}: {key} is of size {'x'.join(map(str, found)) or 'a single number'}, not {text}"
        )
