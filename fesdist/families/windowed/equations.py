"""The normal equations of a block's pixels, read from its sums with the neighbours that are pooled."""

from __future__ import annotations

import numpy as np

from fesdist.families.common.pooling import check_margin, neighbour_weights
from fesdist.families.windowed.entries import window_equations
from fesdist.families.windowed.kernels.gathering import gather_entries
from fesdist.families.windowed.kernels.validation import Gathered
from fesdist.families.windowed.sums import WindowSums
from fesdist.ground.receptive_field import Field
from fesdist.ground.units import unit_of

ROWS_AT_ONCE = 8
"""Rows of a block whose entries are gathered together: they stay in the processor's cache."""


def gathered_rows(part: WindowSums, weight_channel: int, field: Field, rows: range, pool: int) -> Gathered:
    """Return the equations of a receptive field for some rows of a block, each the mean of its neighbours' by weight.

    `part` has one block, `rows` are among the image's. Raises BadParameterError as `check_margin` does.
    """
    check_margin(part.margin, pool)
    (block,) = part.blocks
    own, known, flat = block.region, block.sums.problem.tile.region, block.sums.flat
    image_shape = part.problem.image_shape or (known.row1, known.col1)
    unit = unit_of(part.dtype)
    equations = window_equations(field, part.planes, flat.shape, unit)
    left = known.col0 - own.col0
    starts = flat.origin + (np.array(rows, np.int64) - known.row0) * flat.stride - left
    weights = (
        neighbour_weights(pool, rows, image_shape[0]),
        neighbour_weights(pool, range(own.col0, own.col1), image_shape[1]),
    )
    columns = max(left, -pool), min(known.col1 - own.col0, own.shape[1] + pool)
    line, there, pixels = gather_entries(
        block.sums.sums[weight_channel], equations, (starts, flat.stride), weights, columns
    )
    return Gathered(line, there, pixels, unit**2 * part.n_fitted)
