"""Images turned into columns: all samples of a pixel side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.simd.kernel import kernel

Array = NDArray[Any]

_PIXELS = 64
"""Pixels of a row that are turned together: a cache line of each sample's is read once."""


def columns_of(images: Array) -> Array:
    """Return a copy of images (sample, channel, row, col) as (channel, pixel, sample)."""
    n, channels, rows, cols = images.shape
    columns = np.empty((channels, rows * cols, n), images.dtype)
    _turn(images, columns)
    return columns


@kernel
def _turn(images: Array, columns: Array) -> None:
    n, channels, rows, cols = images.shape
    for channel in range(channels):
        for row in range(rows):
            for first in range(0, cols, _PIXELS):
                for sample in range(n):
                    for col in range(first, min(first + _PIXELS, cols)):
                        columns[channel, row * cols + col, sample] = images[sample, channel, row, col]
