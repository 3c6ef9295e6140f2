"""Samples for the kernels' tests, as the kernels want them: (channel, pixel, sample), whole registers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.simd.lanes import LANES

Array = NDArray[Any]


def padded(values: Array) -> Array:
    """Return values (..., sample) with zeros that fill the samples up to whole registers."""
    n = values.shape[-1]
    return np.pad(values, ((0, 0),) * (values.ndim - 1) + ((0, -n % LANES),))


def noise(shape: tuple[int, ...], seed: int, dtype: str) -> Array:
    """Return numbers in 0..255 of a dtype, not yet padded."""
    return np.random.default_rng(seed).integers(0, 256, shape).astype(dtype)


def smooth(shape: tuple[int, ...], seed: int) -> Array:
    """Return (channel, pixel, sample) whose neighbouring pixels are alike."""
    drawn = np.random.default_rng(seed).normal(size=shape)
    return np.clip(128 + 40 * (drawn * 0.05 + np.repeat(drawn[:, ::8], 8, axis=1)[:, : shape[1]]), 0, 255)
