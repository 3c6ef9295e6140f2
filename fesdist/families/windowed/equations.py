"""The normal equations of a block's pixels, read from its sums with the neighbours that are pooled."""

from __future__ import annotations

import numpy as np

from fesdist.families.common.pooling import check_margin, neighbour_weights
from fesdist.families.windowed.entries import window_equations
from fesdist.families.windowed.kernels.gathering import gather_entries
from fesdist.families.windowed.kernels.pooling import pool_planes
from fesdist.families.windowed.kernels.systems import Pixels
from fesdist.families.windowed.kernels.validation import Gathered
from fesdist.families.windowed.sums import WindowSums
from fesdist.ground.receptive_field import Field
from fesdist.ground.tiles import Region
from fesdist.ground.units import unit_of

ROWS_AT_ONCE = 8
"""Rows of a block whose entries are gathered together: they stay in the processor's cache."""


def gathered_rows(part: WindowSums, weight_channel: int, field: Field, rows: range, pool: int) -> Gathered:
    """Return the equations of a receptive field for some rows of a block, as `gathered` does."""
    (block,) = part.blocks
    return gathered(part, weight_channel, field, (rows, range(block.region.col0, block.region.col1)), pool)


def gathered(part: WindowSums, weight_channel: int, field: Field, places: tuple[range, range], pool: int) -> Gathered:
    """Return the equations of a receptive field for some pixels of a block, each the mean of its neighbours' by weight.

    `part` has one block, `places` are rows and adjacent columns in the image. Raises BadParameterError as
    `check_margin` does.
    """
    check_margin(part.margin, pool)
    (block,) = part.blocks
    known, flat, unit = block.sums.problem.tile.region, block.sums.flat, unit_of(part.dtype)
    image_shape = _image_shape(part)
    rows, cols = places
    equations = window_equations(field, part.planes, flat.shape, unit)
    left = known.col0 - cols.start
    starts = flat.origin + (np.array(rows, np.int64) - known.row0) * flat.stride - left
    weights = neighbour_weights(pool, rows, image_shape[0]), neighbour_weights(pool, cols, image_shape[1])
    columns = max(left, -pool), min(known.col1 - cols.start, len(cols) + pool)
    line, there, pixels = gather_entries(
        block.sums.sums[weight_channel], equations, (starts, flat.stride), weights, columns
    )
    return Gathered(line, there, pixels, unit**2 * part.n_fitted)


def inner_region(part: WindowSums, pool: int) -> Region | None:
    """Return those of a block's pixels whose neighbours are all in the image, None if there are none."""
    (block,) = part.blocks
    own, (rows, cols) = block.region, _image_shape(part)
    inner = Region(max(own.row0, pool), min(own.row1, rows - pool), max(own.col0, pool), min(own.col1, cols - pool))
    return inner if min(inner.shape) > 0 else None


def in_planes(part: WindowSums, weight_channel: int, field: Field, region: Region, pool: int) -> Gathered:
    """Return what `gathered` does, to the bit, for pixels of the `inner_region`, without gathering an entry.

    Their neighbours weigh the same, so that sums are pooled before windows read them: of a window of 5 x 5 there are 68
    planes, and 377 entries. Without a pool they are read where they are.
    """
    check_margin(part.margin, pool)
    (block,) = part.blocks
    known, flat, unit = block.sums.problem.tile.region, block.sums.flat, unit_of(part.dtype)
    sums = block.sums.sums[weight_channel]
    if pool > 0:
        (weights,) = neighbour_weights(pool, range(pool, pool + 1), 2 * pool + 1)
        single, sums = sums, np.empty(sums.shape)
        pool_planes(single, flat.stride, weights, sums)
    equations = window_equations(field, part.planes, flat.shape, unit)
    origin = flat.origin + (region.row0 - known.row0) * flat.stride + region.col0 - known.col0
    return Gathered(sums.reshape(-1), equations, Pixels(origin, flat.stride), unit**2 * part.n_fitted)


def _image_shape(part: WindowSums) -> tuple[int, int]:
    """Return that of the problem; where it says none, the image ends where sums do."""
    (block,) = part.blocks
    known = block.sums.problem.tile.region
    return part.problem.image_shape or (known.row1, known.col1)
