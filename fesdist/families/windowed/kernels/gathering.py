"""Entries of the normal equations gathered side by side, those of neighbouring pixels averaged on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fesdist.families.windowed.kernels.pooling import pooled_at
from fesdist.families.windowed.kernels.systems import Equations, Pixels
from fesdist.simd.kernel import kernel
from fesdist.simd.lanes import LANES, load, multiply_add, ones_like, scale, store

Array = NDArray[Any]


def gather_entries(
    sums: Array,
    equations: Equations,
    places: tuple[Array, int],
    weights: tuple[Array, Array],
    columns: tuple[int, int],
) -> tuple[Array, Equations, Pixels]:
    """Return the entries of some rows of pixels, and the equations and pixels that read them from there.

    An entry of pixel (row, col) is Σ_uv down[row, u] across[col, v] × that of pixel (row + u - r, col + v - r), with
    r = (length - 1) / 2. `sums` is (plane, length) int64 or float64 with the entries at `equations`. `places` are where
    in a line each row begins, (row,) int64, and how far it is to the row below. `weights` are `down` (row, 2 r + 1) and
    `across` (col, 2 r + 1) float64, 0 for neighbours that are not there. `columns` are the first column that has sums
    and the one after the last. The result is flat float64, (row, entry, col) with `LANES` columns of 0 to spare.
    """
    (starts, stride), (down, across) = places, weights
    cols, length = across.shape
    gathered = np.zeros((len(down), len(equations.entries), cols + LANES))
    by_neighbour = np.zeros((length, cols + LANES))
    by_neighbour[:, :cols] = across.T
    _gather(sums.reshape(-1), equations, starts, stride, down, by_neighbour, columns, gathered)
    n_entries, width = gathered.shape[1:]
    there = Equations(
        np.arange(n_entries, dtype=np.int64) * width, np.ones(n_entries), equations.taps, equations.expressions
    )
    return gathered.reshape(-1), there, Pixels(0, n_entries * width)


@kernel
def _gather(
    line: Array,
    equations: Equations,
    starts: Array,
    stride: int,
    down: Array,
    across: Array,
    columns: tuple[int, int],
    gathered: Array,
) -> None:
    entries, factors, _, _ = equations
    length, width = across.shape
    reach, cols = length // 2, width - LANES
    first, stop = columns
    pooled = np.zeros(cols + 2 * reach + 2 * LANES)
    weights, out = across.reshape(-1), gathered.reshape(-1)
    one = ones_like(load(weights, 0))
    nought = scale(one, 0.0)
    for row in range(len(starts)):
        for entry in range(len(entries)):
            at = entries[entry] + starts[row]
            for col in range(first, stop, LANES):
                store(pooled, col + reach, pooled_at(line, at - reach * stride + col, stride, down[row]))
            # What the last register read beyond the columns that have sums.
            pooled[stop + reach :] = 0.0
            to = (row * len(entries) + entry) * width
            for col in range(0, cols, LANES):
                total = nought
                for u in range(length):
                    total = multiply_add(total, load(weights, u * width + col), load(pooled, col + u))
                store(out, to + col, scale(total, factors[entry]))
