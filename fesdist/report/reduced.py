"""Arrays of a version, shrunk while they are read: a report of 2048 x 2048 weights needs no memory for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from fesdist.ground.tiles import Region, TileGrid
from storage.datasets.version import WeightVersion

Plane = NDArray[np.float64]
"""(..., row, col) float64."""

Reading = Callable[[NDArray[Any], Region], NDArray[Any]]
"""What to average instead of the values (..., row, col) of a region; of the same shape."""


def stored_arrays(version: WeightVersion, expression: str) -> dict[str, zarr.Array[Any]]:
    """Return the arrays of an expression by name, unread."""
    group = version.group[expression]
    return dict(group.arrays()) if isinstance(group, zarr.Group) else {}


def read_reduced(
    version: WeightVersion, expression: str, array: str, side: int, reading: Reading | None = None
) -> Plane:
    """Return the mean of an array over its channels, its rows and columns averaged in squares to at most `side`.

    With `reading`, of what that makes of the array. The array is (channel, ..., row, col); the result is (..., row,
    col) float64. Chunks are read one after the other. Squares are a power of two wide, so that chunks are whole
    squares; one that is cut off at the border is the mean of what is left of it.
    """
    stored = version.facts(expression, array)
    *leading, rows, cols = stored.shape
    chunk_rows, chunk_cols = stored.chunks[-2:]
    factor = _factor(max(rows, cols), side)
    reduced = np.empty((*leading[1:], -(-rows // factor), -(-cols // factor)))
    for tile in TileGrid((rows, cols), (chunk_rows, chunk_cols)):
        whole = (slice(None),) * len(leading)
        values = version.read(expression, array, (*whole, *tile.region.slices))
        values = (values if reading is None else reading(values, tile.region)).mean(axis=0, dtype=np.float64)
        row0, col0 = tile.region.row0 // factor, tile.region.col0 // factor
        small = _shrink(values, factor)
        reduced[..., row0 : row0 + small.shape[-2], col0 : col0 + small.shape[-1]] = small
    return reduced


def shrink_to(values: Plane, side: int) -> Plane:
    """Return `values`, (..., row, col), averaged in squares so that no side is longer than `side`."""
    return _shrink(values, _factor(max(values.shape[-2:]), side))


def _shrink(values: Plane, factor: int) -> Plane:
    for axis in (-2, -1):
        starts = np.arange(0, values.shape[axis], factor)
        counts = np.diff(starts, append=values.shape[axis])
        values = np.add.reduceat(values, starts, axis=axis) / (counts[:, None] if axis == -2 else counts)
    return values


def _factor(longest: int, side: int) -> int:
    factor = 1
    while longest > factor * side:
        factor *= 2
    return factor
