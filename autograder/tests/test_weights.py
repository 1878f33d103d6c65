"""Submitted weights: every way in which a file can be wrong has a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from autograder.grader.outcomes import CheckFailed
from autograder.grader.weights import read_weights

SHAPES = {"actor.weight": (4, 3), "norm.mean": (None,)}


def arrays(**changes: np.ndarray) -> dict[str, np.ndarray]:
    good = {"actor.weight": np.ones((4, 3), np.float32), "norm.mean": np.zeros(7, np.float64)}
    return good | {name.replace("_", "."): array for name, array in changes.items()}


def header(**entries: object) -> bytes:
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text


def test_good_weights_are_read_as_float32(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(save(arrays()))
    read = read_weights(path, SHAPES)
    assert {k: (v.shape, v.dtype) for k, v in read.items()} == {
        "actor.weight": ((4, 3), np.float32),
        "norm.mean": ((7,), np.float32),
    }
    read["norm.mean"][0] = 5.0  # the caller owns the arrays


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "w.safetensors is not a readable safetensors file"),
        (b"PK\3\4 a torch file", "is not a readable safetensors file"),
        ((2**60).to_bytes(8, "little") + b"{", "is not a readable safetensors file"),
        (
            header(a={"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}) + b"1234",
            "is not a readable",
        ),
        (save(arrays())[:-8], "is not a readable safetensors file"),
        (save({"norm.mean": np.zeros(3, np.float32)}), "has no tensor actor.weight"),
        (save(arrays(extra=np.zeros(1))), "holds an unknown tensor extra"),
        (save(arrays() | {"\x1b[31m" + "x" * 999: np.zeros(1)}), "holds an unknown tensor [31mxxx"),
        (save(arrays(actor_weight=np.ones((3, 4), np.float32))), "actor.weight is of size 3x4, not 4x3"),
        (save(arrays(norm_mean=np.array(1.0))), "norm.mean is of size a single number, not any"),
        (save(arrays(norm_mean=np.zeros(3, np.int64))), "norm.mean holds I64 where float32 is expected"),
        (save(arrays(norm_mean=np.array([np.nan]))), "norm.mean holds NaN"),
        (save(arrays(norm_mean=np.array([np.inf]))), "norm.mean holds infinity"),
    ],
)
def test_a_bad_file_fails_with_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckFailed) as failed:
        read_weights(path, SHAPES)
    assert sentence in str(failed.value) and str(failed.value).isprintable() and len(str(failed.value)) < 150


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(save(arrays()))
    with pytest.raises(CheckFailed, match="at most 0 MB"):
        read_weights(path, SHAPES, max_bytes=10)
