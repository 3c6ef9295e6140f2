"""Noise that follows from indices alone, whatever library draws it: what the golden files hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def noise(seed: int, *shape: int) -> NDArray[np.int64]:
    """Return int64 values in 0..250 of any shape: 7919 (seed + Σ 31^d index_d) mod 251."""
    total = np.full(shape, seed, np.int64)
    for dimension, index in enumerate(np.indices(shape, dtype=np.int64)):
        total += 31**dimension * (index + 1)
    return np.asarray(total * 7919 % 251)


def image(person: int, expression: str, *shape: int) -> NDArray[np.uint8]:
    """Return the pixels of a person, uint8 in 0..250."""
    return noise(1000 * person + len(expression), *shape).astype(np.uint8)


def weights(seed: int, *shape: int) -> NDArray[np.float32]:
    """Return weights, float32 and exact: multiples of 1/64 in -125/64..125/64."""
    return ((noise(seed, *shape) - 125) / 64).astype(np.float32)
