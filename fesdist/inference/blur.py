"""A Gaussian blur of many images at once, in float32: each line is read once, and the edges go on as they are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.simd.compiled import keep_compiled_kernels
from fesdist.simd.kernel import kernel

keep_compiled_kernels()

CUT_AT = 3.0
"""Standard deviations from the middle where the kernel ends."""


def gaussian(sigma: float) -> NDArray[np.float32]:
    """Return the weights of a Gaussian of `sigma` pixels, from one end to the other, of sum 1."""
    reach = math.ceil(CUT_AT * sigma)
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    return np.asarray(weights / weights.sum(), np.float32)


def blurred(images: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Return images (..., row, col) blurred by a Gaussian of `sigma` pixels, whose weights sum to 1."""
    planes = np.ascontiguousarray(images).reshape(-1, *images.shape[-2:])
    made = np.empty_like(planes)
    _blur(planes, gaussian(sigma), made)
    return made.reshape(images.shape)


@kernel
def _blur(planes: Any, weights: Any, made: Any) -> None:
    n, rows, cols = planes.shape
    reach = len(weights) // 2
    line = np.empty(cols + 2 * reach, np.float32)
    for plane in range(n):
        for row in range(rows):
            line[:] = np.float32(0)
            for u in range(len(weights)):
                above = planes[plane, min(max(row + u - reach, 0), rows - 1)]
                for col in range(cols):
                    line[reach + col] += weights[u] * above[col]
            line[:reach], line[reach + cols :] = line[reach], line[reach + cols - 1]
            out = made[plane, row]
            out[:] = np.float32(0)
            for u in range(len(weights)):
                for col in range(cols):
                    out[col] += weights[u] * line[col + u]
