"""The weights of a block's pixels, solved from its sums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fesdist.families.common.layout import TileArrays
from fesdist.families.common.pooling import check_margin
from fesdist.families.windowed.equations import ROWS_AT_ONCE, gathered, in_planes, inner_region
from fesdist.families.windowed.kernels.systems import Solution, solve_windows
from fesdist.families.windowed.ridge_map import RidgeMap, ridges_at
from fesdist.families.windowed.sums import WindowSums
from fesdist.ground.receptive_field import Field
from fesdist.ground.tiles import Region
from fesdist.ground.units import unit_of
from fesdist.simd.lanes import LANES


def solve_block(part: WindowSums, field: Field, ridge: float | RidgeMap, pool: int) -> dict[str, TileArrays]:
    """Return the arrays of each expression for sums of one block: weights, bias, status, norm and mean difference.

    With u = unit × x the system is (UᵀU + unit² ridge I) w = Uᵀv, where unit is 255 for uint8 samples and 1 otherwise
    and the bias's column holds `unit` (Khan et al. 2020, equation 7 times unit²). With a `pool` UᵀU and Uᵀv are means
    over the neighbours. Raises BadParameterError for sums without these.
    """
    check_margin(part.margin, pool)
    (block,) = part.blocks
    region, unit, sets = block.region, unit_of(part.dtype), len(block.sums.sums)
    n_expressions = part.planes.n_expressions
    weights = np.empty((sets, n_expressions, len(field), *region.shape))
    bias, norm = (np.empty((sets, n_expressions, *region.shape)) for _ in range(2))
    status = np.empty((sets, *region.shape), np.uint8)
    for channel in range(sets):
        found = Solution(weights[channel], bias[channel], norm[channel], status[channel])
        _solve(part, channel, field, (ridge, pool), found)
    before, *after = block.sums.flat.image(block.sums.image_sums)[..., *block.own]
    return {
        expression: {
            "weights": weights[:, number],
            "bias": bias[:, number],
            "status": status,
            "norm": norm[:, number],
            "mean_difference": ((after[number] - before) / (unit * part.n_samples)).astype(np.float32),
        }
        for number, expression in enumerate(part.problem.expressions)
    }


def _solve(
    part: WindowSums, channel: int, field: Field, penalty: tuple[float | RidgeMap, int], found: Solution
) -> None:
    (block,), (ridge, pool) = part.blocks, penalty
    own, inner = block.region, inner_region(part, pool)
    for region in inner_and_rest(own, inner):
        if region == inner:
            line, equations, pixels, corner = in_planes(part, channel, field, region, pool)
        else:
            places = range(region.row0, region.row1), range(region.col0, region.col1)
            line, equations, pixels, corner = gathered(part, channel, field, places, pool)
        ridges = _padded_ridges(part, ridge, region)
        if region == own:
            return solve_windows(line, equations, ridges, corner, pixels, found)
        solved = Solution(*(np.empty((*whole.shape[:-2], *region.shape), whole.dtype) for whole in found))
        solve_windows(line, equations, ridges, corner, pixels, solved)
        for whole, of_region in zip(found, solved, strict=True):
            whole[..., *region.within(own)] = of_region


def inner_and_rest(own: Region, inner: Region | None) -> Iterator[Region]:
    """Yield the inner part of a region, if there is one, and then the rest, a few rows at a time."""
    if inner is None:
        rest = [own]
    else:
        yield inner
        rest = [
            replace(own, row1=inner.row0),
            replace(own, row0=inner.row1),
            replace(inner, col0=own.col0, col1=inner.col0),
            replace(inner, col0=inner.col1, col1=own.col1),
        ]
    for region in rest:
        if region.col0 < region.col1:
            for row0 in range(region.row0, region.row1, ROWS_AT_ONCE):
                yield replace(region, row0=row0, row1=min(row0 + ROWS_AT_ONCE, region.row1))


def _padded_ridges(part: WindowSums, ridge: float | RidgeMap, region: Region) -> NDArray[np.float64]:
    rows, cols = region.shape
    ridges = np.ones((rows, cols + LANES))
    ridges[:, :cols] = unit_of(part.dtype) ** 2 * ridges_at(ridge, region, part.problem.image_shape)
    return ridges
