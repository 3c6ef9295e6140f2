"""Counting 8-bit intensities pixel by pixel, and looking outputs up by them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.simd.kernel import kernel

Array = NDArray[Any]

INTENSITIES = 256
"""Values of an 8-bit image."""

PIXELS_AT_ONCE = 16
"""Pixels whose sums, two kilobytes each, stay in the first cache while all samples are added to them."""


@kernel
def count_intensities(inputs: Array, channel: int, sums: Array) -> None:
    """Add 1 to `sums[row, col, inputs[n, channel, row, col], 0]` for every sample n and pixel.

    `inputs` is (sample, channel, row, col) uint8, `sums` (row, col, 256, 1 + expression) uint32; a sum that
    outgrows 32 bits is the caller's fault.
    """
    samples, _, rows, cols = inputs.shape
    for row in range(rows):
        for first in range(0, cols, PIXELS_AT_ONCE):
            for n in range(samples):
                for col in range(first, min(first + PIXELS_AT_ONCE, cols)):
                    sums[row, col, inputs[n, channel, row, col], 0] += np.uint32(1)


@kernel
def add_targets(inputs: Array, targets: Array, channel: int, column: int, sums: Array) -> None:
    """Add `targets[n, channel, row, col]` to `sums[row, col, inputs[n, channel, row, col], column]`.

    Arrays as in `count_intensities`; `targets` has the shape and dtype of `inputs`.
    """
    samples, _, rows, cols = inputs.shape
    for row in range(rows):
        for first in range(0, cols, PIXELS_AT_ONCE):
            for n in range(samples):
                for col in range(first, min(first + PIXELS_AT_ONCE, cols)):
                    intensity = inputs[n, channel, row, col]
                    sums[row, col, intensity, column] += np.uint32(targets[n, channel, row, col])


@kernel
def look_up(images: Array, channel: int, table: Array, outputs: Array) -> None:
    """Set `outputs[n, channel, row, col]` to `table[images[n, channel, row, col], row, col]`.

    `images` (sample, channel, row, col) uint8, `table` (256, row, col) float32, `outputs` float32 of the
    images' shape.
    """
    samples, _, rows, cols = images.shape
    for row in range(rows):
        # The table's part of one row stays in a cache for all samples.
        for n in range(samples):
            for col in range(cols):
                outputs[n, channel, row, col] = table[images[n, channel, row, col], row, col]


@kernel
def interpolate(images: Array, channel: int, table: Array, outputs: Array) -> None:
    """Do as `look_up` for floating-point images in [0, 1], linearly between the two nearest intensities.

    Values beyond [0, 1] get the outputs of 0 and 1, and what is no number one that is none.
    """
    samples, _, rows, cols = images.shape
    for row in range(rows):
        for n in range(samples):
            for col in range(cols):
                position = min(max(images[n, channel, row, col], 0.0), 1.0) * np.float64(INTENSITIES - 1)
                below = min(int(position), INTENSITIES - 2) if position >= 0.0 else 0
                low, high = table[below, row, col], table[below + 1, row, col]
                outputs[n, channel, row, col] = low + (position - below) * (high - low)
