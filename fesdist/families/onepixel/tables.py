"""The tables of a tile's pixels, solved from sums by intensity, of each pixel or of it and its neighbours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fesdist.families.common.layout import Array
from fesdist.families.common.pooling import neighbour_weights
from fesdist.families.onepixel.kernels.intensities import INTENSITIES
from fesdist.families.onepixel.kernels.systems import Tables
from fesdist.families.onepixel.sums import IntensitySums
from fesdist.ground.share import heed

Solver = Callable[[Array, Tables], None]
"""Fills tables of a tile's pixels from its sums by intensity."""


def own_row(sums: IntensitySums, weight_channel: int, row: int, pool: int) -> Array:
    """Return the sums of a row of the tile's pixels, (1, col, 256, 1 + expression), as means over neighbours.

    `row` is the image's. Without a pool they are the sums themselves, uint32, else float64.
    """
    tile, known = sums.problem.tile.region, sums.region
    of_set, own = sums.sums[weight_channel], tile.within(known)[1]
    if pool == 0:
        return np.asarray(of_set[row - known.row0 : row - known.row0 + 1, own])
    rows, cols = sums.problem.image_shape or known.shape
    down = neighbour_weights(pool, range(row, row + 1), rows)[0]
    across = neighbour_weights(pool, range(tile.col0, tile.col1), cols)
    reached = [(u, row + u - pool - known.row0) for u in range(2 * pool + 1) if down[u] > 0]
    above = sum(down[u] * of_set[place] for u, place in reached)
    pooled = np.zeros((1, tile.shape[1], *of_set.shape[2:]))
    for v in range(2 * pool + 1):
        there = np.flatnonzero(across[:, v] > 0)
        pooled[0, there] += across[there, v, None, None] * above[there + own.start + v - pool]
    return pooled


def solve_row(solver: Solver, known: Array, n_expressions: int) -> Tables:
    """Return the float64 tables of one row of pixels, whose sums are (1, col, 256, 1 + expression).

    With as many features as intensities a row of 64 pixels takes 50 ms, and a whole piece of a tile seconds.
    """
    heed()
    cols = known.shape[1]
    tables = Tables(
        np.empty((n_expressions, INTENSITIES, 1, cols)),
        np.empty((n_expressions, 1, cols)),
        np.zeros((1, cols), np.uint8),
    )
    solver(known, tables)
    return tables
