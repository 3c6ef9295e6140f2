"""Sums pooled along lines; and of a block, plane by plane: what windows read whose neighbours are all in the image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.simd.kernel import inlined, kernel
from fesdist.simd.lanes import LANES, load_as_float64, multiply_add, ones_like, scale, store

Array = NDArray[Any]


@inlined
def pooled_at(line: Array, at: int, step: int, weights: Array) -> Any:
    """Return Σ_u weights[u] × the register at `line[at + u step:]`, int64 or float64; what weighs 0 is not read."""
    one = ones_like(load_as_float64(line, 0))
    total = scale(one, 0.0)
    for u in range(len(weights)):
        if weights[u] != 0.0:
            total = multiply_add(total, load_as_float64(line, at + u * step), scale(one, weights[u]))
    return total


@kernel
def pool_planes(sums: Array, stride: int, weights: Array, pooled: Array) -> None:
    """Set pooled[k, q] to Σ_uv weights[u] weights[v] sums[k, q + (u - r) stride + v - r], r = (len(weights) - 1) / 2.

    `sums` is (plane, length) int64 or float64, `pooled` as large, float64, `weights` (2 r + 1,) float64. Rows are added
    up first, as `gather_entries` does, and so to the same bits. Where a neighbour is beyond the line there is 0.
    """
    n_planes, length = pooled.shape
    reach = len(weights) // 2
    start, stop = reach * stride, length - reach * stride - LANES + 1
    line, out, down = sums.reshape(-1), pooled.reshape(-1), np.zeros(length + LANES)
    for plane in range(n_planes):
        at = plane * length
        for q in range(start, stop, LANES):
            store(down, q, pooled_at(line, at + q - start, stride, weights))
        for q in range(start + reach):
            pooled[plane, q] = 0.0
        # Down to `reach` numbers that are not there, and are 0.
        for q in range(start + reach, stop, LANES):
            store(out, at + q, pooled_at(down, q - reach, 1, weights))
        for q in range(max(stop, 0), length):
            pooled[plane, q] = 0.0
